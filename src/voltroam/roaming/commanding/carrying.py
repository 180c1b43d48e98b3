"""Carrying orders out in this process: the host, then one POST, each after its commit."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from voltroam.roaming.commanding.hosting import INTERRUPTED, TIMED_OUT, carried_out
from voltroam.roaming.commanding.knobs import CommandKnobs
from voltroam.roaming.commanding.log import log
from voltroam.roaming.commanding.order import (
    UNDER_WAY,
    OrderEntry,
    OrderState,
    decided,
    left_waiting,
    posted,
)
from voltroam.roaming.commanding.order_ledger import SECOND, Moved, OrderLedger
from voltroam.roaming.commanding.posting import Posting
from voltroam.roaming.commanding.pulse import Pulse
from voltroam.roaming.commanding.reservation import Ending, Reservation, ending, made, not_made
from voltroam.roaming.commanding.reservations import Reservations
from voltroam.roaming.commanding.texts import spoken
from voltroam.roaming.host import Host, Outcome
from voltroam.standard.v2_2_1 import CommandResult, CommandResultType, CommandType, ReserveNow
from voltroam.wire.times import from_micros, to_micros

T = TypeVar("T")


class Carrying:
    """The orders that run here. Whoever moves an order to RESULT_SENDING is the one that posts."""

    def __init__(
        self,
        host: Host,
        ledger: OrderLedger,
        posting: Posting,
        reservations: Reservations,
        pulse: Pulse,
        *,
        now: Callable[[], int],
        knobs: CommandKnobs,
    ) -> None:
        self._host = host
        self._ledger = ledger
        self._posting = posting
        self._reservations = reservations
        self._pulse = pulse
        self._now = now
        self._knobs = knobs
        self._tasks: set[asyncio.Task[Any]] = set()
        self._running: dict[str, asyncio.Event] = {}
        """The event ends the wait for a report."""

    def has(self, order_id: str) -> bool:
        """Whether this process works at it."""
        return order_id in self._running

    def start(self, entry: OrderEntry) -> None:
        """Let the host carry it out, in the background."""
        self._running[entry.id] = asyncio.Event()
        self._spawn(self._carry(entry))

    async def aside(self, work: Coroutine[Any, Any, T]) -> T:
        """In a task of its own: a partner that hangs up does not stop what has begun."""
        task: asyncio.Task[T] = self._spawn(work)
        return await asyncio.shield(task)

    async def end(self, entry: OrderEntry, outcome: Outcome, *, note: bool = False) -> OrderEntry:
        """Decide an order from outside, and post in the background. `note`: the host's own word."""
        moved = await self._decide(entry, outcome, note=note)
        if moved.moved:
            self._spawn(self._deliver(moved.entry))
        if (bell := self._running.get(entry.id)) is not None:
            bell.set()
        return moved.entry

    async def close(self) -> None:
        """Wait a little for what runs; what then still runs is reported as failed."""
        for bell in self._running.values():
            bell.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._knobs.drain)
        rest, left = list(self._tasks), list(self._running)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        for order_id in left:
            entry = await self._ledger.get(order_id)
            if entry is not None and entry.state is OrderState.ACCEPTED:
                moved = await self._decide(entry, INTERRUPTED, note=False)
                if moved.moved:
                    await self._deliver(moved.entry)

    async def _carry(self, entry: OrderEntry) -> None:
        bell = self._running[entry.id]
        try:
            outcome = await carried_out(self._host, entry.order(), self._left(entry))
            if outcome is None:
                outcome = await self._reported(entry, bell)
            if outcome is not None:
                moved = await self._decide(entry, outcome, note=outcome is not TIMED_OUT)
                if moved.moved:
                    await self._deliver(moved.entry)
        finally:
            self._running.pop(entry.id, None)

    async def _reported(self, entry: OrderEntry, bell: asyncio.Event) -> Outcome | None:
        """Wait for `report` until the deadline; None if it came, here or elsewhere."""
        await self._ledger.move(entry.id, lambda held, _now: left_waiting(held))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._left(entry)):
                await bell.wait()
                return None
        held = await self._ledger.get(entry.id)
        return TIMED_OUT if held is not None and held.state in UNDER_WAY else None

    async def _decide(self, entry: OrderEntry, outcome: Outcome, *, note: bool) -> Moved:
        """Committed before the bytes leave."""
        result = CommandResult(
            result=CommandResultType(outcome.result),
            message=spoken(outcome.message, self._knobs.language),
        )

        def step(held: OrderEntry, now: int) -> OrderEntry:
            return decided(
                held, result, now, holder=self._pulse.id, note=note,
                check_at=from_micros(now) + timedelta(seconds=self._knobs.lease),
            )  # fmt: skip

        await self._pulse.keep()
        return await self._ledger.move(entry.id, step, _resulted)

    async def _deliver(self, entry: OrderEntry) -> None:
        """One POST, never repeated (CMD-RSP-07)."""
        if entry.result is None:
            return
        self._running.setdefault(entry.id, asyncio.Event())
        try:
            await asyncio.sleep(self._head_start(entry))
            about = entry.reservation
            [(state, reason), _] = await asyncio.gather(
                self._posting.post(entry, entry.result),
                self._reservations.tend(about) if about else asyncio.sleep(0),
            )
            await self._ledger.move(entry.id, lambda held, _now: posted(held, state, reason))
        finally:
            self._running.pop(entry.id, None)

    def _left(self, entry: OrderEntry) -> float:
        """Seconds until the host's time ends."""
        return max(0.0, (to_micros(entry.deadline) - self._now()) / SECOND)

    def _head_start(self, entry: OrderEntry) -> float:
        if entry.answered_at is None:
            return 0.0
        since = (self._now() - to_micros(entry.answered_at)) / SECOND
        return min(max(0.0, self._knobs.head_start - since), self._knobs.head_start)

    def _spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.create_task(self._alive(work))
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def _alive(self, work: Coroutine[Any, Any, T]) -> T:
        with self._pulse.work():
            return await work

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.warning("order was left", fault=type(fault).__name__)


def _resulted(entry: OrderEntry, held: Reservation, now: int) -> Reservation:
    """What the charger said changes the reservation in the same breath."""
    accepted = entry.result is not None and entry.result.result is CommandResultType.ACCEPTED
    if entry.command is CommandType.RESERVE_NOW:
        body = entry.order().body
        if accepted and isinstance(body, ReserveNow):
            return made(held, entry.id, body.expiry_date, now)
        return not_made(held, entry.id)
    if entry.command is CommandType.CANCEL_RESERVATION and accepted:
        return ending(held, Ending.CANCELED, now)
    return held
