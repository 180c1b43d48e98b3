"""The ledger of the orders that we were given, and of the reservations that they make.

One request of a partner makes one order, however often and wherever it arrives.
"""

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import NamedTuple

import msgspec
from msgspec import structs

from voltroam.roaming.commanding.order import ORDER, OrderEntry, OrderState
from voltroam.roaming.commanding.reservation import (
    RESERVATION,
    RESERVATION_NUMBER,
    Reservation,
    ReservationState,
    next_number,
)
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.parties import fold
from voltroam.standard.v2_2_1 import CommandResponse, CommandType
from voltroam.store.interface import (
    Change,
    Decision,
    EventDraft,
    Held,
    RecordDraft,
    RecordKey,
    Store,
)
from voltroam.wire.call import Call

REQUEST = "order_request"
"""Record kind: which order a request made, by partner and X-Request-ID; gone when due."""
SECOND = 1_000_000
_COUNTER = RecordKey(RESERVATION_NUMBER, "last")
_LEFT_PENDING = timedelta(minutes=1)
"""A reservation that is not confirmed so long after its order's deadline never will be."""
_ORDER = msgspec.json.Decoder(OrderEntry)
_RESERVATION = msgspec.json.Decoder(Reservation)

Step = Callable[[OrderEntry, int], OrderEntry]
Effect = Callable[[OrderEntry, Reservation, int], Reservation]
"""From an order as it now stands and its reservation, to that reservation as it shall be."""


class Seen(msgspec.Struct, frozen=True):
    """What a request made. `digest` tells a repeat from another command with the same id."""

    order: str
    digest: str


class Ask(NamedTuple):
    """A request as the ledger knows it."""

    key: RecordKey
    seen: Seen


class Moved(NamedTuple):
    """An order after a step, and whether it was this step that moved it."""

    entry: OrderEntry
    moved: bool


_SEEN = msgspec.json.Decoder(Seen)


def ask_of(call: Call, platform_id: str, order_id: str) -> Ask:
    """Ids of requests may be of any form and length."""
    named = sha256(f"{platform_id}\n{call.request_id}".encode()).hexdigest()
    digest = sha256(call.endpoint.path.encode() + b"\n" + (call.body or b"")).hexdigest()
    return Ask(RecordKey(REQUEST, named), Seen(order_id, digest))


class OrderLedger:
    """Rows of the kinds `order`, `order_request`, `reservation` and `reservation_number`."""

    def __init__(self, store: Store, *, remember: float, turned_down: CommandResponse) -> None:
        """`remember`: seconds for which a request is known. `turned_down`: the answer for a
        reservation whose id is taken."""
        self._store = store
        self._remember = remember
        self._turned_down = turned_down

    async def get(self, order_id: str) -> OrderEntry | None:
        record = await self._store.record(RecordKey(ORDER, order_id))
        return None if record is None else _ORDER.decode(record.document)

    async def newest(self, limit: int, before: str | None) -> list[OrderEntry]:
        records = await self._store.records(ORDER, after=before or "", limit=limit)
        return [_ORDER.decode(record.document) for record in records]

    async def due(self, now: int) -> list[OrderEntry]:
        records = await self._store.records(ORDER, due_before=now)
        return [_ORDER.decode(record.document) for record in records]

    async def seen(self, ask: Ask) -> str | None:
        """The order that this request made before. CallerError if it was another command."""
        record = await self._store.record(ask.key)
        return None if record is None else _same(_SEEN.decode(record.document), ask)

    async def open(self, entry: OrderEntry, ask: Ask) -> OrderEntry | str:
        """Write it down; the id of the order that the request made before, if it did."""
        reserves = (
            entry.command is CommandType.RESERVE_NOW and entry.state is OrderState.CONSIDERING
        )
        wanted = RecordKey(RESERVATION, entry.reservation or "")
        keys = (ask.key, wanted, _COUNTER) if reserves else (ask.key,)

        def decide(held: Held) -> Decision[OrderEntry | str]:
            known = held.records.get(ask.key)
            if known is not None:
                return Decision(_same(_SEEN.decode(known.document), ask))
            after: OrderEntry = entry
            drafts: list[RecordDraft] = []
            if reserves:
                after, drafts = self._reserve(entry, wanted, held)
            due = held.now + round(self._remember * SECOND)
            drafts += [
                order_draft(after),
                RecordDraft(ask.key, msgspec.json.encode(ask.seen), due=due),
            ]
            return Decision(after, records=drafts, events=(_event("command.received", after),))

        return await self._store.apply(Change(decide, records=keys))

    async def move(self, order_id: str, step: Step, effect: Effect | None = None) -> Moved:
        """One step in a transaction. NotFound if there is no such order.

        `effect` follows in the same transaction where the step changed the state.
        """
        known = await self.get(order_id)
        if known is None:
            raise NotFound("No such order")
        key = RecordKey(ORDER, order_id)
        about = RecordKey(RESERVATION, known.reservation or "")
        tied = effect is not None and known.reservation is not None

        def decide(held: Held) -> Decision[Moved]:
            record = held.records.get(key)
            if record is None:
                raise NotFound("No such order")
            before = _ORDER.decode(record.document)
            after = step(before, held.now)
            if after == before:
                return Decision(Moved(before, moved=False))
            moved = after.state is not before.state
            drafts = [order_draft(after)]
            reserved = held.records.get(about) if tied else None
            if moved and effect is not None and reserved is not None:
                was = _RESERVATION.decode(reserved.document)
                shall = effect(after, was, held.now)
                drafts += reservation_drafts(shall) if shall != was else ()
            tell = moved or after.late != before.late
            return Decision(
                Moved(after, moved),
                records=drafts,
                events=(_event("order.changed", after),) if tell else (),
            )

        return await self._store.apply(Change(decide, records=(key, about) if tied else (key,)))

    async def purge(self, now: int) -> None:
        """Forget the requests that are too old to be repeated."""
        old = await self._store.records(REQUEST, due_before=now)
        if not old:
            return
        drafts = [RecordDraft(record.key, None) for record in old]

        def decide(_held: Held) -> Decision[None]:
            return Decision(None, records=drafts)

        await self._store.apply(Change(decide))

    def _reserve(
        self, entry: OrderEntry, key: RecordKey, held: Held
    ) -> tuple[OrderEntry, list[RecordDraft]]:
        """The number that the charger shall know it by: that of the reservation it replaces."""
        record = held.records.get(key)
        known = None if record is None else _RESERVATION.decode(record.document)
        if known is not None and known.state is not ReservationState.OVER:
            if not known.is_living or fold(known.location_id) != fold(entry.location_id or ""):
                return self._taken(entry), []
            numbered = structs.replace(
                entry,
                charger_reservation=known.charger_reservation,
                session_id=known.session_id,
            )
            if known.state is ReservationState.LIVE:
                return numbered, []
            return numbered, reservation_drafts(structs.replace(known, order_id=entry.id))
        counter = held.records.get(_COUNTER)
        number = next_number(0 if counter is None else int(counter.document), held.now)
        reservation = Reservation(
            id=key.id, platform=entry.platform, party=entry.asked_by,
            reservation_id=entry.reservation_id or "", charger_reservation=number,
            location_id=entry.location_id or "", state=ReservationState.PENDING,
            order_id=entry.id, check_at=entry.deadline + _LEFT_PENDING,
        )  # fmt: skip
        drafts = [*reservation_drafts(reservation), RecordDraft(_COUNTER, b"%d" % number)]
        return structs.replace(entry, charger_reservation=number), drafts

    def _taken(self, entry: OrderEntry) -> OrderEntry:
        return structs.replace(
            entry, state=OrderState.TURNED_DOWN, response=self._turned_down,
            answered_at=entry.received_at, check_at=None,
        )  # fmt: skip


def _same(seen: Seen, ask: Ask) -> str:
    if seen.digest != ask.seen.digest:
        raise CallerError("x-request-id: was used for another command")
    return seen.order


def order_draft(entry: OrderEntry) -> RecordDraft:
    return RecordDraft(
        RecordKey(ORDER, entry.id), msgspec.json.encode(entry), entry.platform, entry.due
    )


def reservation_drafts(reservation: Reservation) -> list[RecordDraft]:
    """Over, it groups under no partner any more, and its number leads nowhere."""
    gone = reservation.state is ReservationState.OVER
    number = RecordKey(RESERVATION_NUMBER, str(reservation.charger_reservation))
    return [
        RecordDraft(
            RecordKey(RESERVATION, reservation.id), msgspec.json.encode(reservation),
            "" if gone else reservation.platform, reservation.due,
        ),
        RecordDraft(number, None if gone else reservation.id.encode()),
    ]  # fmt: skip


def _event(type_: str, entry: OrderEntry) -> EventDraft:
    """The command itself, with the driver's token, is for the host that carries it out alone."""
    told = {
        name: value
        for name, value in structs.asdict(entry).items()
        if name not in ("body", "response_url", "holder", "check_at") and value is not None
    }
    return EventDraft(type_, f"orders/{entry.id}", msgspec.json.encode(told))
