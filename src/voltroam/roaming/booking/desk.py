"""The operator's side of bookings: requests are examined, answered, and seen to their end.

Record kinds: `booked` (one per booking location: its living bookings, so that no two are granted
for one time; the parent is its location), `booking_due` (when a booking is to be looked at).
A booking's id is made of who asked and its `request_id`: the same request again finds the same
booking, and that of another eMSP is another one (RBK-017).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

import msgspec

from voltroam.roaming.booking.course import (
    asked_again,
    called_off,
    decided,
    is_final,
    moved,
    opened,
    pending,
)
from voltroam.roaming.booking.ports import Books, nobody_decides
from voltroam.roaming.booking.sifting import sifted
from voltroam.roaming.booking.terms import (
    Taken,
    early,
    evse_of,
    freed,
    keys_of,
    no_show_at,
    refusal,
    until,
    without,
)
from voltroam.roaming.commanding.log import Log
from voltroam.roaming.following import Following
from voltroam.roaming.host import BookingOrder
from voltroam.roaming.keys import object_key
from voltroam.roaming.platforms import Identity, Platform
from voltroam.roaming.serving import Answering
from voltroam.roaming.settle import Target, Writer, settle
from voltroam.roaming.weigh import same
from voltroam.standard.endpoints import SESSION, TOKEN
from voltroam.standard.errors import CallerError, InvalidBody, NotFound
from voltroam.standard.packages import BOOKING, BOOKING_LOCATION
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import CdrToken
from voltroam.standard.v2_3_0.bookings import (
    Booking,
    BookingLocation,
    BookingRequest,
    BookingToken,
    CanceledReason,
    Cancellation,
    ReservationStatus,
)
from voltroam.standard.v2_3_0.types import Role as Role230
from voltroam.standard.versions import V2_3_0
from voltroam.store.interface import (
    HELD,
    Change,
    Decision,
    Held,
    ObjectDraft,
    ObjectKey,
    ObjectRow,
    RecordDraft,
    RecordKey,
    Store,
)
from voltroam.wire.call import Call, Reply
from voltroam.wire.decode import Reading, read
from voltroam.wire.encode import encode
from voltroam.wire.times import from_micros, to_micros

log = Log("voltroam.bookings")
BOOKED = "booked"
DUE = "booking_due"
DECIDE_IN = 5.0
"""Seconds that the host has for its word; else a person decides."""
_BOOKING = msgspec.json.Decoder(Booking)
_PLACE = msgspec.json.Decoder(BookingLocation)
_TAKEN = msgspec.json.Decoder(tuple[Taken, ...])


class _Session(msgspec.Struct):
    """What a session tells of the booking that it fulfils."""

    status: str
    start_date_time: datetime
    location_id: str
    cdr_token: CdrToken
    authorization_reference: str | None = None


class _Grouped(msgspec.Struct):
    group_id: str | None = None


class Desk:
    """Raises CallerError for what cannot be done, NotFound."""

    def __init__(
        self,
        store: Store,
        identity: Identity,
        *,
        now: Callable[[], int],
        books: Books = nobody_decides,
        page_maximum: int = 1000,
    ) -> None:
        self._store = store
        self._identity = identity
        self._now = now
        self._books = books
        self._page = page_maximum
        self._following = Following(
            store, "bookings", (SESSION.kind,), self._began, about=(BOOKING.kind,)
        )

    def handlers(self) -> Mapping[str, Answering]:
        return {"booking_request": self._asked, "booking_locations": self._sifted}

    # -- partners ---------------------------------------------------------------------------------

    async def _asked(self, call: Call, caller: Platform) -> Reply:
        """The Booking as it is now: PENDING, or decided at once (RBK-011, RBK-012)."""
        if call.body is None:
            raise InvalidBody("A JSON body is needed")
        reading: Reading[BookingRequest] = read(BookingRequest, call.body)
        request = reading.value
        if request is None or not reading.usable(caller.profile.strict):
            raise CallerError(reading.message)
        asker = PartyId(request.country_code, request.party_id)
        if not caller.is_hub and not any(
            asker.same(one) for one in caller.parties(*BOOKING.readers)
        ):
            raise CallerError("$.country_code, $.party_id: not a party of yours")
        owner, place = await self._place(request, call.routing.to)
        booking_id = str(uuid5(NAMESPACE_URL, f"{asker.folded}|{fold(request.request_id)}"))
        booking = await self._take(owner, booking_id, request, place)
        if pending(booking) is not None and not is_final(booking):
            booking = await self._decide(owner, booking, caller, asker)
        return Reply(data=encode(booking))

    async def _sifted(self, call: Call, caller: Platform) -> Reply:
        """Only places with a slot between two moments (RBK-008)."""
        return await sifted(self._store, self._identity, call, caller, maximum=self._page)

    async def _place(
        self, request: BookingRequest, to: PartyId | None
    ) -> tuple[PartyId, BookingLocation]:
        for owner in self._identity.parties(*BOOKING_LOCATION.owner_roles):
            if to is not None and not owner.same(to):
                continue
            row = await self._store.get(_place_key(owner, request.booking_location_id))
            if row is not None and not row.deleted:
                return owner, _PLACE.decode(row.document)
        raise CallerError("$.booking_location_id: no such booking location")

    async def _take(
        self, owner: PartyId, booking_id: str, request: BookingRequest, place: BookingLocation
    ) -> Booking:
        """Write the request down; what the terms forbid is declined in the same step."""
        elsewhere = await self._elsewhere(owner, place)

        def act(held: Booking | None, taken: Sequence[Taken], now: datetime) -> Booking:
            if held is not None and _repeated(held, request):
                return held
            others = [one for one in taken if one.booking != booking_id]
            why = refusal(request, place, held, taken=others, elsewhere=elsewhere, now=now)
            if held is None:
                booking = opened(booking_id, request, place, now)
            else:
                booking = asked_again(held, request, now)
            return booking if why is None else decided(booking, yes=False, now=now)

        return await self._write(owner, booking_id, place.id, act)

    async def _decide(
        self, owner: PartyId, booking: Booking, caller: Platform, asker: PartyId
    ) -> Booking:
        """A cancellation in time needs no consent; all else is for the host to say."""
        line = pending(booking)
        if line is None:
            return booking
        yes: bool | None = True
        if line.booking_request.canceled is None:
            order = BookingOrder(
                booking=booking, request=line.booking_request, partner=caller.name,
                asked_by=asker, operator=owner,
            )  # fmt: skip
            try:
                async with asyncio.timeout(DECIDE_IN):
                    yes = await self._books(order)
            except Exception:  # a host that fails leaves it to a person
                log.exception("the host did not decide on a booking", booking=booking.id)
                yes = None
        return booking if yes is None else await self.decide(owner, booking.id, yes=yes)

    # -- the operator -----------------------------------------------------------------------------

    async def decide(self, owner: PartyId, booking_id: str, *, yes: bool) -> Booking:
        """Grant or decline the open request of a booking; the eMSP is told (RBK-013)."""

        def act(held: Booking | None, _taken: Sequence[Taken], now: datetime) -> Booking:
            return decided(_there(held), yes=yes, now=now)

        return await self._write(owner, booking_id, None, act)

    async def call_off(self, owner: PartyId, booking_id: str, reason: CanceledReason) -> Booking:
        """We cannot keep it: CANCELED with a reason, by the CPO."""
        why = Cancellation(cancellation_reason=reason, who_canceled=Role230.CPO)

        def act(held: Booking | None, _taken: Sequence[Taken], now: datetime) -> Booking:
            return called_off(_there(held), why, now)

        return await self._write(owner, booking_id, None, act)

    async def booked_for(
        self,
        owner: PartyId,
        *,
        location_id: str,
        evse_uid: str,
        token: CdrToken,
        at: datetime,
        reference: str | None = None,
    ) -> Booking | None:
        """The booking that a driver comes for, by a booked token or by its reference (RBK-046)."""
        found = await self._meant(owner, location_id, token, at, reference)
        if found is None:
            return None
        named = evse_of(found)
        return None if named is not None and fold(named) != fold(evse_uid) else found

    async def living(self) -> list[tuple[PartyId, Booking]]:
        """Those that are granted, and that nobody came for yet."""
        found: list[tuple[PartyId, Booking]] = []
        after = ""
        while page := await self._store.records(BOOKED, after=after):
            after = page[-1].key.id
            for record in page:
                country, code, _ = record.key.id.split("/", 2)
                owner = PartyId(country, code)
                for taken in _TAKEN.decode(record.document):
                    row = await self._store.get(object_key(BOOKING, owner, {"id": taken.booking}))
                    if row is not None and not row.deleted:
                        found.append((owner, _BOOKING.decode(row.document)))
        return found

    # -- time and sessions ------------------------------------------------------------------------

    async def look(self) -> None:
        """Bookings that nobody came for, requests that nobody answered, sessions that began."""
        await self._following.look()
        for record in await self._store.records(DUE, due_before=self._now() + 1):
            owner, booking_id = msgspec.json.decode(record.document, type=tuple[PartyId, str])
            await self._overdue(owner, booking_id)

    async def _overdue(self, owner: PartyId, booking_id: str) -> None:
        def act(held: Booking | None, _taken: Sequence[Taken], now: datetime) -> Booking:
            booking = _there(held)
            if is_final(booking) or _due(booking, now) is None:
                return booking
            state = booking.reservation_status
            if state is ReservationStatus.PENDING and now >= booking.period.start_date_time:
                return moved(booking, ReservationStatus.FAILED, now)
            limit = no_show_at(booking)
            if state is ReservationStatus.RESERVED and limit is not None and now >= limit:
                return moved(booking, ReservationStatus.NO_SHOW, now)
            return booking

        await self._write(owner, booking_id, None, act)

    async def _began(self, row: ObjectRow) -> None:
        """A session of ours started with a booked token: FULFILLED (RBK-025)."""
        if row.audience == HELD or row.deleted:
            return
        try:
            session = msgspec.json.decode(row.document, type=_Session)
        except msgspec.ValidationError:
            return
        if session.status not in ("ACTIVE", "COMPLETED"):
            return
        country, _, code = row.key.owner.partition("/")
        owner = PartyId(country, code)
        found = await self._meant(
            owner, session.location_id, session.cdr_token, session.start_date_time,
            session.authorization_reference,
        )  # fmt: skip
        if found is None:
            return

        def act(held: Booking | None, _taken: Sequence[Taken], now: datetime) -> Booking:
            booking = _there(held)
            if booking.reservation_status is not ReservationStatus.RESERVED:
                return booking
            return moved(booking, ReservationStatus.FULFILLED, now)

        await self._write(owner, found.id, None, act)

    async def _meant(
        self,
        owner: PartyId,
        location_id: str,
        token: CdrToken,
        at: datetime,
        reference: str | None = None,
    ) -> Booking | None:
        """The living booking of this token there and then, or of that reference."""
        for taken in await self._taken_at(owner, location_id):
            row = await self._store.get(object_key(BOOKING, owner, {"id": taken.booking}))
            if row is None:
                continue
            booking = _BOOKING.decode(row.document)
            if booking.reservation_status is not ReservationStatus.RESERVED:
                continue
            if reference is not None and fold(reference) == fold(booking.authorization_reference):
                return booking
            begins = taken.start - early(booking.booking_terms)
            if begins <= at < taken.end and await self._may_use(token, taken, booking):
                return booking
        return None

    async def _may_use(self, token: CdrToken, taken: Taken, booking: Booking) -> bool:
        """A booked token, or one of its group where the terms say so (RBK-034)."""
        if keys_of([token])[0] in taken.tokens:
            return True
        if not booking.booking_terms.token_groups_supported:
            return False
        group = await self._group(token)
        if group is None:
            return False
        groups = [await self._group(one) for one in booking.booking_tokens or ()]
        return group in groups

    async def _group(self, token: CdrToken | BookingToken) -> tuple[str, str] | None:
        """The group of a token that its eMSP told us of, and the eMSP whose group it is."""
        owner = PartyId(token.country_code, token.party_id)
        key = object_key(TOKEN, owner, {"uid": token.uid, "type": str(token.type)})
        row = await self._store.get(key)
        if row is None or row.deleted:
            return None
        group = msgspec.json.decode(row.document, type=_Grouped).group_id
        return None if group is None else (owner.folded, fold(group))

    # -- inside -----------------------------------------------------------------------------------

    async def _taken_at(self, owner: PartyId, location_id: str) -> list[Taken]:
        parent = f"{owner.folded}/{fold(location_id)}"
        records = await self._store.records(BOOKED, parent=parent)
        return [one for record in records for one in _TAKEN.decode(record.document)]

    async def _elsewhere(self, owner: PartyId, place: BookingLocation) -> list[Taken]:
        parent = f"{owner.folded}/{fold(place.location_id)}"
        records = await self._store.records(BOOKED, parent=parent)
        here = _booked_key(owner, place.id)
        return [
            one
            for record in records
            if record.key != here
            for one in _TAKEN.decode(record.document)
        ]

    async def _write(
        self,
        owner: PartyId,
        booking_id: str,
        place_id: str | None,
        act: Callable[[Booking | None, Sequence[Taken], datetime], Booking],
    ) -> Booking:
        """One step of one booking, with what it takes of its place's calendars, all or nothing."""
        key = object_key(BOOKING, owner, {"id": booking_id})
        if place_id is None:
            row = await self._store.get(key)
            if row is None or row.deleted:
                raise NotFound("No such booking")
            place_id = _place_of(_BOOKING.decode(row.document))
        place_key, booked = _place_key(owner, place_id), _booked_key(owner, place_id)

        def decide(held: Held) -> Decision[Booking]:
            row = held.objects.get(key)
            before = None if row is None else _BOOKING.decode(row.document)
            record = held.records.get(booked)
            taken = () if record is None else _TAKEN.decode(record.document)
            now = from_micros(max(held.now, row.last_updated + 1000 if row else 0) // 1000 * 1000)
            after = act(before, taken, now)
            if after == before:
                return Decision(after, records=(_due_draft(owner, after, now),))
            had = next((one for one in taken if one.booking == after.id), None)
            place = held.objects.get(place_key)
            calendars, ends = self._calendars(
                place, owner, had, before=before, after=after, held=held, now=now
            )
            mine = [one for one in taken if one.booking != after.id]
            if after.reservation_status is ReservationStatus.RESERVED:
                period = after.period
                mine.append(Taken(after.id, period.start_date_time, period.end_date_time,
                                  keys_of(after.booking_tokens), ends))  # fmt: skip
            parent = f"{owner.folded}/{fold(after.location_id)}"
            draft = RecordDraft(booked, msgspec.json.encode(mine) if mine else None, parent)
            written = _settled(
                self._identity, owner, key, row, document=encode(after), held=held, now=now
            )
            return Decision(
                after,
                objects=(*written.objects, *calendars),
                records=(*written.records, draft, _due_draft(owner, after, now)),
                events=written.events,
            )

        return await self._store.apply(Change(decide, objects=(key, place_key), records=(booked,)))

    def _calendars(
        self,
        row: ObjectRow | None,
        owner: PartyId,
        taken: Taken | None,
        *,
        before: Booking | None,
        after: Booking,
        held: Held,
        now: datetime,
    ) -> tuple[Sequence[ObjectDraft], datetime | None]:
        """What is booked is offered no more; what is given up is offered again. With the end of
        what it takes now."""
        until_now = taken.until if taken is not None else None
        if row is None or row.deleted:
            return (), until_now
        place = _PLACE.decode(row.document)
        had = _keeps(before)
        has = _keeps(after)
        if had == has:
            return (), until_now
        if before is not None and had is not None:
            gone = before.period
            gone = msgspec.structs.replace(gone, end_date_time=until_now or gone.end_date_time)
            place = msgspec.structs.replace(place, calendars=freed(place, gone, now))
        end = None
        if has is not None:
            end = until(place, after)
            took = msgspec.structs.replace(after.period, end_date_time=end)
            place = msgspec.structs.replace(place, calendars=without(place, took))
        calendars = [
            msgspec.structs.replace(one, last_updated=now) for one in place.calendars or ()
        ]
        place = msgspec.structs.replace(place, calendars=calendars, last_updated=now)
        document = encode(place)
        if same(document, row.document):
            return (), end
        found = _settled(self._identity, owner, row.key, row, document=document, held=held, now=now)
        return found.objects, end


def _keeps(booking: Booking | None) -> tuple[datetime, datetime] | None:
    """The time that it takes from the calendars, used or not."""
    keeping = (ReservationStatus.RESERVED, ReservationStatus.FULFILLED, ReservationStatus.NO_SHOW)
    if booking is None or booking.reservation_status not in keeping:
        return None
    return booking.period.start_date_time, booking.period.end_date_time


def _settled(
    identity: Identity,
    owner: PartyId,
    key: ObjectKey,
    row: ObjectRow | None,
    *,
    document: bytes,
    held: Held,
    now: datetime,
) -> Decision[object]:
    resource = BOOKING if key.kind == BOOKING.kind else BOOKING_LOCATION
    target = Target(resource, owner, key, Writer(identity, V2_3_0))
    found = settle(target, row, document, held, last_updated=to_micros(now), problems=())
    return Decision(None, found.objects, found.records, found.events)


def _due(booking: Booking, now: datetime) -> datetime | None:
    """When to look at it again."""
    if booking.reservation_status is ReservationStatus.PENDING:
        return booking.period.start_date_time
    if booking.reservation_status is ReservationStatus.RESERVED:
        limit = no_show_at(booking)
        gone = booking.period.end_date_time + timedelta(days=1)
        return limit if limit is not None and limit < gone else None
    return None


def _due_draft(owner: PartyId, booking: Booking, now: datetime) -> RecordDraft:
    key = RecordKey(DUE, f"{owner.folded}/{fold(booking.id)}")
    due = _due(booking, now)
    if due is None:
        return RecordDraft(key, None)
    document = msgspec.json.encode((owner, booking.id))
    return RecordDraft(key, document, owner.folded, to_micros(due))


def _there(booking: Booking | None) -> Booking:
    if booking is None:
        raise NotFound("No such booking")
    return booking


def _repeated(booking: Booking, request: BookingRequest) -> bool:
    """The newest request once more: its answer got lost."""
    return booking.booking_requests[-1].booking_request == request


def _place_of(booking: Booking) -> str:
    return booking.booking_requests[0].booking_request.booking_location_id


def _place_key(owner: PartyId, place_id: str) -> ObjectKey:
    return object_key(BOOKING_LOCATION, owner, {"id": place_id})


def _booked_key(owner: PartyId, place_id: str) -> RecordKey:
    return RecordKey(BOOKED, f"{owner.folded}/{fold(place_id)}")
