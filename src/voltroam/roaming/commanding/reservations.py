"""Reservations while they live: their sessions, their end, and the operator's own cancellation."""

from collections.abc import Callable
from functools import partial

import msgspec
from msgspec import structs

from voltroam.roaming.commanding.log import log
from voltroam.roaming.commanding.order import OrderState
from voltroam.roaming.commanding.order_ledger import OrderLedger, reservation_drafts
from voltroam.roaming.commanding.ports import OnReservationOver, OnReserved
from voltroam.roaming.commanding.posting import Posting
from voltroam.roaming.commanding.reservation import (
    RESERVATION,
    RESERVATION_NUMBER,
    Ending,
    Notice,
    Reservation,
    ReservationState,
    announced,
    ending,
    later,
    over,
)
from voltroam.roaming.commanding.texts import spoken
from voltroam.roaming.host import Order
from voltroam.standard.errors import NotFound
from voltroam.standard.v2_2_1 import CommandResult, CommandResultType
from voltroam.store.interface import Change, Decision, EventDraft, Held, RecordKey, Store
from voltroam.wire.times import to_micros

AGAIN = 5.0
"""Seconds after which somebody who could not be told is told again."""
_RESERVATION = msgspec.json.Decoder(Reservation)
_NOTICES = {
    OrderState.SENT: Notice.SENT,
    OrderState.REFUSED: Notice.REFUSED,
    OrderState.UNCERTAIN: Notice.UNCERTAIN,
}
Step = Callable[[Reservation, int], Reservation]


class Reservations:
    """Moves reservations on. What must be told is told at least once, also after a crash."""

    def __init__(
        self,
        store: Store,
        ledger: OrderLedger,
        posting: Posting,
        *,
        now: Callable[[], int],
        language: str,
        on_reserved: OnReserved,
        on_over: OnReservationOver,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._posting = posting
        self._now = now
        self._language = language
        self._on_reserved = on_reserved
        self._on_over = on_over
        self._noticing: set[str] = set()

    async def get(self, id_: str) -> Reservation | None:
        record = await self._store.record(RecordKey(RESERVATION, id_))
        return None if record is None else _RESERVATION.decode(record.document)

    async def numbered(self, number: int) -> Reservation:
        """By the charger's number. NotFound if it is over, or never was."""
        index = await self._store.record(RecordKey(RESERVATION_NUMBER, str(number)))
        found = None if index is None else await self.get(index.document.decode())
        if found is None or found.charger_reservation != number:
            raise NotFound("No such reservation")
        return found

    async def look(self) -> None:
        """Open and end what is due."""
        for record in await self._store.records(RESERVATION, due_before=self._now()):
            await self.tend(record.key.id)

    async def tend(self, id_: str) -> None:
        """Do what is due for one. Whoever cannot be told now is told later."""
        try:
            await self._tend(id_)
        except Exception:
            log.exception("reservation could not be told of", reservation=id_.partition("|")[0])
            await self._move(id_, lambda held, now: later(held, now, AGAIN))

    async def used(self, number: int) -> None:
        """Its driver charges: it ends, its session goes on."""
        held = await self.numbered(number)
        await self._move(held.id, lambda one, _now: _used(one))

    async def cancel(self, number: int, message: str | None) -> Reservation:
        """By the operator: the driver is told at the RESERVE_NOW's own response_url, once.

        NotFound if there is no reservation to cancel (CMD-RES-08).
        """
        id_ = (await self.numbered(number)).id
        self._noticing.add(id_)
        try:
            held = await self._move(id_, _taken_back)
            await self._notify(held, message)
        finally:
            self._noticing.discard(id_)
        await self.tend(id_)
        return await self.get(id_) or held

    async def _notify(self, held: Reservation, message: str | None) -> None:
        entry = await self._ledger.get(held.order_id)
        if entry is None:
            state, reason = OrderState.REFUSED, "its order is gone from the ledger"
        else:
            result = CommandResult(
                result=CommandResultType.CANCELED_RESERVATION,
                message=spoken(message, self._language),
            )
            state, why = await self._posting.post(entry, result)
            reason = why or ""
        notice = _NOTICES[state]
        await self._move(
            held.id,
            lambda one, _now: structs.replace(one, notice=notice, notice_reason=reason or None),
        )

    async def _tend(self, id_: str) -> None:
        held = await self.get(id_)
        if held is None:
            return
        lapsed = held.expires is not None and self._now() >= to_micros(held.expires)
        if held.state is ReservationState.LIVE and lapsed:
            # Also where its session could not be opened all the while.
            held = await self._move(id_, _expired)
        if held.state is ReservationState.LIVE and not held.announced:
            session = await self._on_reserved(await self._order(held))
            step = partial(_announced, order_id=held.order_id, session_id=session)
            held = await self._move(id_, step)
        if held.due is None or self._now() < held.due:
            return
        if held.state is ReservationState.PENDING:
            held = await self._move(id_, lambda one, _now: _given_up(one))
        if held.state is ReservationState.ENDING and id_ not in self._noticing:
            await self._on_over(await self._order(held), held.ending or Ending.EXPIRED)
            await self._move(id_, lambda one, _now: _told(one))

    async def _order(self, held: Reservation) -> Order:
        entry = await self._ledger.get(held.order_id)
        if entry is None:
            raise NotFound("No such order")
        return structs.replace(entry.order(), session_id=held.session_id)

    async def _move(self, id_: str, step: Step) -> Reservation:
        key = RecordKey(RESERVATION, id_)

        def decide(held: Held) -> Decision[Reservation]:
            record = held.records.get(key)
            if record is None:
                raise NotFound("No such reservation")
            before = _RESERVATION.decode(record.document)
            after = step(before, held.now)
            if after == before:
                return Decision(before)
            return Decision(after, records=reservation_drafts(after), events=_events(before, after))

        return await self._store.apply(Change(decide, records=(key,)))


def _announced(
    held: Reservation, _now: int, *, order_id: str, session_id: str | None
) -> Reservation:
    return announced(held, order_id, session_id)


def _taken_back(held: Reservation, now: int) -> Reservation:
    if held.state is not ReservationState.LIVE:
        raise NotFound("No such reservation")
    return ending(held, Ending.CANCELED_BY_OPERATOR, now, Notice.SENDING)


def _used(held: Reservation) -> Reservation:
    return over(held, Ending.USED) if held.state is ReservationState.LIVE else held


def _given_up(held: Reservation) -> Reservation:
    return over(held, Ending.NEVER_MADE) if held.state is ReservationState.PENDING else held


def _expired(held: Reservation, now: int) -> Reservation:
    """It may have been prolonged meanwhile."""
    if held.expires is None or now < to_micros(held.expires):
        return held
    return ending(held, Ending.EXPIRED, now)


def _told(held: Reservation) -> Reservation:
    """The notice of a process that died with it: nobody knows."""
    if held.state is not ReservationState.ENDING:
        return held
    doubtful = held.notice is Notice.SENDING
    return over(structs.replace(held, notice=Notice.UNCERTAIN) if doubtful else held)


def _events(before: Reservation, after: Reservation) -> tuple[EventDraft, ...]:
    if before.state is after.state:
        return ()
    document = msgspec.json.encode(after)
    return (
        EventDraft("reservation.changed", f"reservations/{after.charger_reservation}", document),
    )
