"""Taking commands: checked, considered by the host, answered, carried out once, and reported.

OCPI 2.2.1 §mod_commands. Each step is committed before its effect, so that a process that dies
leaves an order that is finished or reported as failed by another, and never begun anew.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

from msgspec import Raw, structs

from voltroam.roaming.commanding.carrying import Carrying
from voltroam.roaming.commanding.examining import (
    Examining,
    Subject,
    Turn,
    asking_party,
    read_body,
)
from voltroam.roaming.commanding.hosting import (
    INTERRUPTED,
    TIMED_OUT,
    considered,
    is_sound,
)
from voltroam.roaming.commanding.knobs import CommandKnobs
from voltroam.roaming.commanding.order import (
    GRACE,
    OrderEntry,
    OrderState,
    answered,
    posted,
    postponed,
)
from voltroam.roaming.commanding.order_ledger import Moved, OrderLedger, ask_of
from voltroam.roaming.commanding.ports import (
    Attended,
    Exempt,
    OnReservationOver,
    OnReserved,
    always,
    no_end,
    no_exemption,
    no_session,
)
from voltroam.roaming.commanding.posting import Posting
from voltroam.roaming.commanding.pulse import Pulse
from voltroam.roaming.commanding.reservation import Reservation, not_made
from voltroam.roaming.commanding.reservations import Reservations
from voltroam.roaming.commanding.texts import spoken
from voltroam.roaming.directory import Directory
from voltroam.roaming.exchange import Exchange
from voltroam.roaming.host import AnyCommand, Host, Outcome
from voltroam.roaming.platforms import Identity, Platform
from voltroam.roaming.serving import Answering
from voltroam.roaming.timed import timed_id
from voltroam.standard.endpoints import Table
from voltroam.standard.errors import CallerError, NodeError, NotFound
from voltroam.standard.status import StatusCode
from voltroam.standard.v2_2_1 import (
    CommandResponse,
    CommandResponseType,
    CommandType,
    ReserveNow,
    StartSession,
)
from voltroam.store.interface import Store
from voltroam.wire.call import Call, Reply
from voltroam.wire.encode import encode
from voltroam.wire.times import from_micros, to_micros

LOOKING = "orders"
"""Name of the lease under which one process at a time looks for orders that died."""
POLL = 0.05
_NOBODY = Turn(CommandResponseType.NOT_SUPPORTED, "Commands are not taken here")
_TAKEN = "reservation_id is in use at another location"


class Orders:
    """The side that is commanded, a CPO's. `close` ends what runs here."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        exchange: Exchange,
        *,
        identity: Identity,
        table: Table,
        host: Host,
        now: Callable[[], int],
        knobs: CommandKnobs | None = None,
        attended: Attended = always,
        exempt: Exempt = no_exemption,
        on_reserved: OnReserved = no_session,
        on_reservation_over: OnReservationOver = no_end,
    ) -> None:
        self._store = store
        self._host = host
        self._now = now
        self._knobs = knobs = knobs or CommandKnobs()
        self._attended = attended
        self._exempt = exempt
        self._examining = Examining(store, identity)
        self._ledger = OrderLedger(
            store,
            remember=knobs.remember,
            turned_down=self._response(CommandResponseType.REJECTED, _TAKEN),
        )
        self._posting = Posting(directory, exchange, table)
        self._reservations = Reservations(
            store, self._ledger, self._posting, now=now, language=knobs.language,
            on_reserved=on_reserved, on_over=on_reservation_over,
        )  # fmt: skip
        self._pulse = Pulse(store, knobs.lease)
        self._carrying = Carrying(
            host, self._ledger, self._posting, self._reservations, self._pulse, now=now, knobs=knobs
        )

    def handlers(self) -> Mapping[str, Answering]:
        return {"command": self._command}

    # --- for the operator and the host ---

    async def get(self, order_id: str) -> OrderEntry | None:
        return await self._ledger.get(order_id)

    async def newest(self, limit: int, before: str | None = None) -> list[OrderEntry]:
        """The newest first; `before` is the id of the last one seen."""
        return await self._ledger.newest(limit, before)

    async def report(self, order_id: str, outcome: Outcome) -> OrderEntry:
        """What became of an order, from a host that answers later. The first report counts.

        Raises NotFound, and CallerError for an order that was not accepted or an outcome that is
        none. Too late for the partner, it is noted in `late`.
        """
        if not is_sound(outcome):
            raise CallerError("result: not one of CommandResultType")
        entry = await self._ledger.get(order_id)
        if entry is None:
            raise NotFound("No such order")
        if entry.state in (OrderState.CONSIDERING, OrderState.TURNED_DOWN):
            raise CallerError("The order was not accepted: nothing is awaited")
        return await self._carrying.end(entry, outcome, note=True)

    async def cancel_reservation(
        self, reservation: int | str, message: str | None = None
    ) -> Reservation:
        """Take a reservation back, which drivers take ill: CANCELED_RESERVATION goes to the
        RESERVE_NOW's response_url. By the charger's number or the order's id. NotFound if it is
        over (CMD-RES-08)."""
        return await self._reservations.cancel(await self._number(reservation), message)

    async def reservation_used(self, reservation: int | str) -> None:
        """Its driver charges: the reservation is over, its session goes on. NotFound as above."""
        await self._reservations.used(await self._number(reservation))

    async def reservation(self, charger_reservation: int) -> Reservation:
        """What lives under a charger's number. NotFound if it is over."""
        return await self._reservations.numbered(charger_reservation)

    async def look(self) -> None:
        """Time-outs, orders of processes that died, reservations that end. Every second or so;
        any number of processes may."""
        if not await self._store.lease(LOOKING, self._pulse.id, 10.0):
            return
        try:
            now = self._now()
            for entry in await self._ledger.due(now):
                if not self._carrying.has(entry.id):
                    await self._look_at(entry, now)
            await self._reservations.look()
            await self._ledger.purge(now)
        finally:
            await self._store.release(LOOKING, self._pulse.id)

    async def close(self) -> None:
        """Wait a little for what runs; what then still runs is reported as failed."""
        await self._carrying.close()
        await self._pulse.close()

    # --- taking ---

    async def _command(self, call: Call, caller: Platform) -> Reply:
        body = read_body(call, caller)
        ask = ask_of(call, caller.id, timed_id(self._now()))
        known = await self._ledger.seen(ask)
        if known is None:
            entry = await self._entry(call, caller, body, ask.seen.order)
            opened = await self._ledger.open(entry, ask)
            if isinstance(opened, str):
                known = opened
            elif opened.response is not None:
                return _reply(opened)
            else:
                # In a task of its own: a partner that hangs up does not stop what has begun.
                return _reply(await self._carrying.aside(self._answer(opened)))
        return _reply(await self._once_answered(known))

    async def _entry(
        self, call: Call, caller: Platform, body: AnyCommand, order_id: str
    ) -> OrderEntry:
        """The order as it is written down, turned down at once where it cannot be."""
        now = self._now()
        asked_by = asking_party(call, caller, body)
        turn: Turn | None = None
        try:
            subject = await self._examining.examine(call, caller, body, asked_by, now)
        except Turn as refusal:
            turn = refusal if refusal.says_more or await self._attended() else _NOBODY
            subject = Subject(self._examining.operators(call)[0])
        timeout = self._knobs.timeout
        host_time = timeout - min(self._knobs.margin, timeout / 3)
        entry = OrderEntry(
            id=order_id, command=CommandType(call.endpoint.path), platform=caller.id,
            partner=caller.name, asked_by=asked_by, operator=subject.operator,
            state=OrderState.CONSIDERING, received_at=from_micros(now),
            deadline=from_micros(now) + timedelta(seconds=host_time), body=Raw(encode(body)),
            response_url=body.response_url, correlation_id=call.correlation_id,
            check_at=from_micros(now) + timedelta(seconds=self._knobs.consider + self._knobs.lease),
            location_id=subject.location_id, evse_uid=subject.evse_uid,
            connector_id=subject.connector_id, session_id=subject.session_id,
            charger_reservation=subject.charger_reservation,
            reservation_id=getattr(body, "reservation_id", None), reservation=subject.reservation,
        )  # fmt: skip
        if turn is None:
            return entry
        return structs.replace(
            entry, state=OrderState.TURNED_DOWN, check_at=None, code=turn.code,
            response=self._response(turn.result, turn.message), answered_at=from_micros(now),
        )  # fmt: skip

    async def _answer(self, entry: OrderEntry) -> OrderEntry:
        """Ask the host, and write the answer down before it is given."""
        order = entry.order()
        verdict = await considered(self._host, order, self._knobs.consider)
        passed_on = verdict.result is CommandResponseType.ACCEPTED
        if passed_on:
            await self._pulse.keep()
            if isinstance(order.body, StartSession | ReserveNow):
                await self._exempt(
                    order.body.token,
                    partner=entry.platform,
                    operator=entry.operator,
                    location_id=entry.location_id,
                    evse_uid=entry.evse_uid,
                    authorization_reference=order.body.authorization_reference,
                    id=entry.id,
                )
        moved = await self._respond(entry, self._response(verdict.result, verdict.message))
        if moved.moved and passed_on:
            self._carrying.start(moved.entry)
        return moved.entry

    async def _respond(self, entry: OrderEntry, response: CommandResponse) -> Moved:
        """One answer for good: what comes second, here or elsewhere, gives the first."""

        def step(held: OrderEntry, now: int) -> OrderEntry:
            check_at = from_micros(now) + timedelta(seconds=self._knobs.lease)
            after = answered(held, response, now, code=StatusCode.SUCCESS, check_at=check_at)
            return structs.replace(after, holder=self._pulse.id) if after != held else held

        return await self._ledger.move(entry.id, step, _turned_down)

    async def _once_answered(self, order_id: str) -> OrderEntry:
        """The order of a repeated request, once the first one has its answer."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._knobs.consider + 1
        while True:
            entry = await self._ledger.get(order_id)
            if entry is not None and entry.response is not None:
                return entry
            if entry is None or loop.time() > until:
                raise NodeError("The first request with this x-request-id has no answer yet")
            await asyncio.sleep(POLL)

    # --- looking ---

    async def _look_at(self, entry: OrderEntry, now: int) -> None:
        """What a process that died left, and what only the clock ends."""
        late = now >= to_micros(entry.deadline)
        if entry.state is OrderState.CONSIDERING:
            gone = self._response(CommandResponseType.REJECTED, "The operator was interrupted")
            await self._respond(entry, gone)
            return
        if entry.state is OrderState.WAITING:
            if late:
                await self._carrying.end(entry, TIMED_OUT)
            return
        alive = entry.holder != self._pulse.id and await self._pulse.is_alive(entry.holder)
        if entry.state is OrderState.ACCEPTED and not alive:
            await self._carrying.end(entry, TIMED_OUT if late else INTERRUPTED)
        elif entry.state is OrderState.ACCEPTED and now >= to_micros(entry.deadline + GRACE):
            await self._carrying.end(entry, TIMED_OUT)
        elif entry.state is OrderState.RESULT_SENDING and not alive:
            why = "the process ended while the result was being sent"
            step = partial(posted, state=OrderState.UNCERTAIN, reason=why)
            await self._ledger.move(entry.id, lambda held, _now: step(held))
        else:
            lease = self._knobs.lease
            await self._ledger.move(entry.id, lambda held, at: postponed(held, at, lease))

    async def _number(self, reservation: int | str) -> int:
        if isinstance(reservation, int):
            return reservation
        entry = await self._ledger.get(reservation)
        if entry is None or entry.charger_reservation is None:
            raise NotFound("No such reservation")
        return entry.charger_reservation

    def _response(self, result: CommandResponseType, message: str | None) -> CommandResponse:
        return CommandResponse(
            result=result,
            timeout=self._knobs.timeout,
            message=spoken(message, self._knobs.language),
        )


def _turned_down(entry: OrderEntry, held: Reservation, _now: int) -> Reservation:
    turned = entry.state is OrderState.TURNED_DOWN and entry.command is CommandType.RESERVE_NOW
    return not_made(held, entry.id) if turned else held


def _reply(entry: OrderEntry) -> Reply:
    """The same answer each time: HTTP 200 also where OCPI says 2003 (OCPI 2.2.1 §status_codes)."""
    if entry.response is None:
        raise NodeError("The order has no answer")
    said = entry.response.message
    message = said[0].text if said and entry.code != StatusCode.SUCCESS else None
    return Reply(status_code=entry.code, data=encode(entry.response), message=message)
