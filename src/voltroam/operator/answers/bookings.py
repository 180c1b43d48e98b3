"""Bookings, both sides."""

from msgspec import Raw, json

from voltroam.operator.acting import acting_party, party_named
from voltroam.operator.asked import Answers, Asked, Told
from voltroam.operator.faults import invalid, not_found
from voltroam.operator.lists import created_page
from voltroam.operator.ports import Ports
from voltroam.operator.rows.bookings import (
    ANSWER_BOOKING,
    CANCEL_BOOKING,
    CHANGE_BOOKING,
    GET_BOOKING,
    LIST_BOOKINGS,
    LIST_PLACES,
    PUT_PLACE,
    REQUEST_BOOKING,
    BookingWanted,
)
from voltroam.roaming.booking import Bookings, Desk
from voltroam.roaming.keys import object_key
from voltroam.standard.endpoints import TOKEN
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.v2_3_0.bookings import Booking, BookingToken, Period
from voltroam.store.interface import ObjectRow
from voltroam.wire.decode import read
from voltroam.wire.encode import encode


class Booked:
    def __init__(self, ports: Ports, bookings: Bookings, desk: Desk) -> None:
        self._ports = ports
        self._bookings = bookings
        self._desk = desk

    def answers(self) -> Answers:
        return {
            LIST_PLACES.name: self._places,
            PUT_PLACE.name: self._offer,
            LIST_BOOKINGS.name: self._list,
            GET_BOOKING.name: self._get,
            REQUEST_BOOKING.name: self._request,
            CHANGE_BOOKING.name: self._change,
            CANCEL_BOOKING.name: self._cancel,
            ANSWER_BOOKING.name: self._answer,
        }

    async def _places(self, asked: Asked) -> bytes:
        async def shown(row: ObjectRow) -> Raw | None:
            return Raw(row.document) if asked.who.may(row.key.owner) else None

        page = await created_page(asked, self._ports.store.epoch, self._bookings.places, shown)
        return json.encode(page)

    async def _offer(self, asked: Asked) -> bytes:
        self._own(asked)
        offered = await self._bookings.offer(asked.body)
        if fold(offered.id) != fold(asked.ids["booking_location_id"]):
            raise invalid("$.id: differs from the path")
        return encode(offered)

    async def _list(self, asked: Asked) -> bytes:
        async def shown(row: ObjectRow) -> Raw | None:
            booking = json.decode(row.document, type=Booking)
            return Raw(row.document) if asked.who.may(row.key.owner, _driver(booking)) else None

        page = await created_page(asked, self._ports.store.epoch, self._bookings.all, shown)
        return json.encode(page)

    async def _get(self, asked: Asked) -> bytes:
        return encode(await self._held(asked))

    async def _request(self, asked: Asked) -> Told[bytes]:
        wanted: BookingWanted = asked.body
        identity = self._ports.identity
        by = acting_party(asked.who, identity, wanted.as_party, Role.EMSP)
        ours = [by] if by is not None else list(identity.parties(Role.EMSP))
        if len(ours) != 1:
            raise invalid("$.as_party: which party of ours asks?")
        operator = party_named(wanted.operator)
        booking = await self._bookings.request(
            operator or ours[0], wanted.booking_location_id,
            Period(start_date_time=wanted.start, end_date_time=wanted.end), as_party=ours[0],
            tokens=await self._tokens(ours[0], wanted), option=wanted.booking_option,
            power_required=wanted.power_required, request_id=wanted.request_id,
            authorization_reference=wanted.authorization_reference,
        )  # fmt: skip
        target = f"/bookings/{booking.country_code}/{booking.party_id}/{booking.id}"
        return Told(encode(booking), target=target)

    async def _change(self, asked: Asked) -> bytes:
        booking = await self._held(asked)
        period = Period(start_date_time=asked.body.start, end_date_time=asked.body.end)
        return encode(await self._bookings.change(asked.owner, booking.id, period=period))

    async def _cancel(self, asked: Asked) -> bytes:
        booking = await self._held(asked)
        if self._ports.identity.holds(asked.owner):
            done = await self._desk.call_off(asked.owner, booking.id, asked.body.reason)
        else:
            done = await self._bookings.cancel(asked.owner, booking.id, asked.body.reason)
        return encode(done)

    async def _answer(self, asked: Asked) -> bytes:
        self._own(asked)
        booking = await self._held(asked)
        return encode(await self._desk.decide(asked.owner, booking.id, yes=asked.body.accepted))

    async def _held(self, asked: Asked) -> Booking:
        booking = await self._bookings.get(asked.owner, asked.ids["booking_id"])
        if not asked.who.may(asked.owner, _driver(booking)):
            raise not_found("booking of that owner and id")
        return booking

    def _own(self, asked: Asked) -> None:
        if not (asked.who.may(asked.owner) and self._ports.identity.holds(asked.owner)):
            raise not_found("party of ours with that name")

    async def _tokens(self, owner: PartyId, wanted: BookingWanted) -> list[BookingToken] | None:
        found: list[BookingToken] = []
        for uid in wanted.token_uids:
            key = object_key(TOKEN, owner, {"uid": uid, "type": wanted.token_type.value})
            row = await self._ports.store.get(key)
            token = None if row is None else read(TOKEN.object, row.document).value
            if token is None:
                raise invalid("$.token_uids: a token that is not ours")
            found.append(
                BookingToken(
                    country_code=token.country_code,
                    party_id=token.party_id,
                    uid=token.uid,
                    type=wanted.token_type,
                    contract_id=token.contract_id,
                )
            )
        return found or None


def _driver(booking: Booking) -> PartyId:
    asked = booking.booking_requests[0].booking_request
    return PartyId(asked.country_code, asked.party_id)
