"""The eMSP's side of bookings: asked for, changed and given up by one `request_id` each."""

from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import msgspec
from msgspec import structs

from voltroam.roaming.accept import accept
from voltroam.roaming.callbacks import row_of
from voltroam.roaming.directory import Directory
from voltroam.roaming.exchange import Exchange, version_of
from voltroam.roaming.keys import object_key
from voltroam.roaming.platforms import Identity, Platform
from voltroam.roaming.spelling import respelled
from voltroam.standard.endpoints import Interface, Table
from voltroam.standard.errors import CallerError, NotFound, Unusable
from voltroam.standard.packages import BOOKING, BOOKING_LOCATION
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_3_0.bookings import (
    Booking,
    BookingLocation,
    BookingOption,
    BookingRequest,
    BookingToken,
    CanceledReason,
    Cancellation,
    Period,
)
from voltroam.standard.v2_3_0.types import Role
from voltroam.standard.versions import V2_3_0
from voltroam.store.interface import HELD, ObjectRow, Store
from voltroam.wire.call import Routing
from voltroam.wire.decode import Reading, read
from voltroam.wire.encode import encode

_BOOKING = msgspec.json.Decoder(Booking)
_PLACE = msgspec.json.Decoder(BookingLocation)


class Bookings:
    """Nothing is lost when an answer is: the same `request_id` again finds the same booking."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        exchange: Exchange,
        *,
        identity: Identity,
        table: Table,
        now: Callable[[], int],
    ) -> None:
        self._store = store
        self._directory = directory
        self._exchange = exchange
        self._identity = identity
        self._table = table
        self._now = now

    async def request(
        self,
        operator: PartyId,
        place_id: str,
        period: Period,
        *,
        as_party: PartyId,
        tokens: list[BookingToken] | None = None,
        option: BookingOption | None = None,
        power_required: int | None = None,
        request_id: str | None = None,
        authorization_reference: str | None = None,
    ) -> Booking:
        """Ask for a slot at a booking location. Raises CallerError, NotFound, PartnerError."""
        place = await self._place(operator, place_id)
        asked = BookingRequest(
            country_code=as_party.country_code, party_id=as_party.party_id,
            request_id=request_id or str(uuid4()), location_id=place.location_id,
            booking_location_id=place.id, period=period, booking_option=option, tokens=tokens,
            authorization_reference=authorization_reference or str(uuid4()),
            power_required=power_required,
        )  # fmt: skip
        return await self._send(operator, as_party, asked)

    async def change(
        self,
        operator: PartyId,
        booking_id: str,
        *,
        period: Period | None = None,
        tokens: list[BookingToken] | None = None,
    ) -> Booking:
        """The same request once more, with another period or other tokens."""
        asked = (await self.get(operator, booking_id)).booking_requests[-1].booking_request
        again = structs.replace(
            asked, period=period or asked.period, tokens=tokens or asked.tokens, canceled=None
        )
        return await self._send(operator, _party(asked), again)

    async def cancel(self, operator: PartyId, booking_id: str, reason: CanceledReason) -> Booking:
        """Give it up (RBK-016)."""
        asked = (await self.get(operator, booking_id)).booking_requests[-1].booking_request
        why = Cancellation(cancellation_reason=reason, who_canceled=Role.EMSP)
        return await self._send(operator, _party(asked), structs.replace(asked, canceled=why))

    async def get(self, owner: PartyId, booking_id: str) -> Booking:
        """One that is held, ours or a partner's."""
        row = await self._store.get(object_key(BOOKING, owner, {"id": booking_id}))
        if row is None or row.deleted:
            raise NotFound("No such booking")
        return _BOOKING.decode(row.document)

    def all(self, after: int = 0) -> AsyncIterator[ObjectRow]:
        """Ours and partners', in the order of creation, from a place in it on."""
        return self._store.scan(BOOKING.kind, after=after)

    def places(self, after: int = 0) -> AsyncIterator[ObjectRow]:
        """What can be booked, in the same order."""
        return self._store.scan(BOOKING_LOCATION.kind, after=after)

    async def offer(self, document: bytes) -> BookingLocation:
        """Add or replace a booking location of ours; partners are told. CallerError 2003 where its
        location is none of that operator (RBK-004)."""
        change = accept(
            BOOKING_LOCATION, document, version=V2_3_0, source=None, identity=self._identity,
            strict=True,
        )  # fmt: skip
        return _PLACE.decode((await self._store.apply(change)).document)

    async def _place(self, operator: PartyId, place_id: str) -> BookingLocation:
        row = await self._store.get(object_key(BOOKING_LOCATION, operator, {"id": place_id}))
        if row is None or row.deleted or row.audience != HELD:
            raise NotFound("No such booking location of that operator")
        return _PLACE.decode(row.document)

    async def _send(self, operator: PartyId, sender: PartyId, asked: BookingRequest) -> Booking:
        platform = await self._platform(operator)
        row = row_of(self._table, version_of(platform), "booking_request")
        body = encode(asked)
        checked: Reading[BookingRequest] = read(BookingRequest, body)
        if not checked.usable(strict=True):
            raise CallerError(checked.message)
        if platform.endpoint(row.module.name, Interface.SENDER) is None:
            raise CallerError(f"{platform.name} takes no bookings")
        routing = Routing(to=operator, sender=sender)
        reply = await self._exchange.call(platform, row, body=body, routing=routing)
        document = respelled(BOOKING.kind, reply.data or b"null")
        reading: Reading[Booking] = read(Booking, document)
        if reading.value is None or not reading.usable(strict=False):
            raise Unusable(f"the answer is no Booking: {reading.message}")
        change = accept(
            BOOKING, document, version=V2_3_0, source=platform, identity=self._identity,
            strict=False,
        )  # fmt: skip
        accepted = await self._store.apply(change)
        return _BOOKING.decode(accepted.document)

    async def _platform(self, operator: PartyId) -> Platform:
        found = await self._directory.route_to(operator, BOOKING.owner_roles)
        if found is None:
            raise CallerError(f"There is no partner with the operator {operator}")
        return found


def _party(request: BookingRequest) -> PartyId:
    return PartyId(request.country_code, request.party_id)
