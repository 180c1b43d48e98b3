"""Carrying out what was accepted: claim, charger, result, one POST; safe over restarts."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from weakref import WeakValueDictionary

import msgspec
from msgspec import structs

from voltroam.roaming.background import Background
from voltroam.roaming.callbacks import post_result, row_of
from voltroam.roaming.directory import Directory
from voltroam.roaming.exchange import Exchange, version_of
from voltroam.roaming.host import Host, ProfileOrder, ProfileOutcome
from voltroam.roaming.profiling.changes import Changes
from voltroam.roaming.profiling.hosts import carried_out, sound
from voltroam.roaming.profiling.knobs import ProfileKnobs
from voltroam.roaming.profiling.orders import (
    ORDER,
    PACE,
    REQUEST,
    SECOND,
    Action,
    OrderState,
    ProfileEntry,
    Steered,
    claimed,
    entry_draft,
    entry_key,
    entry_of,
    is_free_for,
    is_overtaken,
    nothing_to_clear,
    pace_key,
    read_entry,
    read_steered,
    settled,
    steered_draft,
    steered_key,
    times_in,
)
from voltroam.standard.endpoints import Table
from voltroam.standard.errors import NotFound, PartnerError
from voltroam.standard.v2_2_1 import ChargingProfileResponseType, ChargingProfileResultType
from voltroam.store.interface import (
    Change,
    Decision,
    EventDraft,
    Held,
    RecordDraft,
    RecordKey,
    Store,
)
from voltroam.wire.call import Routing
from voltroam.wire.times import from_micros

MANY = 500
GRACE = SECOND
"""After its deadline an order is left to the process that carries it out for so long (µs)."""
_REJECTED = ProfileOutcome(result=ChargingProfileResultType.REJECTED)
_UNKNOWN = ProfileOutcome(result=ChargingProfileResultType.UNKNOWN)


class Carrying:
    """The ledger at work. `look` takes over what a dead process left."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        exchange: Exchange,
        *,
        table: Table,
        host: Host,
        now: Callable[[], int],
        knobs: ProfileKnobs,
        changes: Changes,
    ) -> None:
        self._store = store
        self._directory = directory
        self._exchange = exchange
        self._table = table
        self._host = host
        self._now = now
        self._knobs = knobs
        self._changes = changes
        self._background = Background()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """By session, for as long as an order of it is under way."""

    # --- taking ---

    async def admit(self, entry: ProfileEntry) -> ChargingProfileResponseType | None:
        """What is refused before the host hears of it; a repeated request is not counted anew."""
        pace = pace_key(entry.session, entry.partner, entry.asked_by)
        steered, request = steered_key(entry.session), RecordKey(REQUEST, entry.request)
        window = round(self._knobs.often_within * SECOND)

        def decide(held: Held) -> Decision[ChargingProfileResponseType | None]:
            if request in held.records:
                return Decision(ChargingProfileResponseType.ACCEPTED)
            lately = [at for at in times_in(held.records.get(pace)) if at > held.now - window]
            if self._knobs.often and len(lately) >= self._knobs.often:
                return Decision(ChargingProfileResponseType.TOO_OFTEN)
            times = msgspec.json.encode([*lately, held.now])
            noted = RecordDraft(pace, times, due=held.now + window)
            free = is_free_for(
                read_steered(held.records.get(steered)), entry.partner, entry.asked_by
            )
            refusal = None if entry.action is Action.ACTIVE or free else _TAKEN
            return Decision(refusal, records=(noted,))

        return await self._store.apply(Change(decide, records=(pace, steered, request)))

    async def accept(self, entry: ProfileEntry) -> ChargingProfileResponseType:
        """Write the order down and begin; the same request begins only once."""
        steered_at, request = steered_key(entry.session), RecordKey(REQUEST, entry.request)

        def decide(held: Held) -> Decision[tuple[ChargingProfileResponseType, bool]]:
            if request in held.records:
                return Decision((ChargingProfileResponseType.ACCEPTED, False))
            steered = read_steered(held.records.get(steered_at))
            free = is_free_for(steered, entry.partner, entry.asked_by)
            if entry.action is not Action.ACTIVE and not free:
                return Decision((_TAKEN, False))
            due = held.now + round(self._knobs.remember * SECOND)
            drafts = [
                entry_draft(entry, due=entry.deadline + GRACE),
                RecordDraft(request, entry.id.encode(), entry.partner, due),
            ]
            if entry.action is not Action.ACTIVE:
                known = steered or _unsteered(entry)
                after = self._changes.due(held.now)
                drafts.append(steered_draft(entry.session, claimed(known, entry), due=after))
            return Decision(
                (ChargingProfileResponseType.ACCEPTED, True), records=drafts, events=[_event(entry)]
            )

        answer, fresh = await self._store.apply(Change(decide, records=(steered_at, request)))
        if fresh:
            self._background.start(self._run(entry))
        return answer

    # --- doing ---

    async def _run(self, entry: ProfileEntry) -> None:
        """One order of a session after the other, as they came."""
        await asyncio.sleep(self._knobs.head_start)
        turn = self._turns.setdefault(entry.session, asyncio.Lock())
        async with turn:
            outcome = await self._outcome(entry)
            decided = await self._decide(entry.id, outcome)
        await self._post(decided.id)
        await self._changes.tell(entry.session)

    async def _outcome(self, entry: ProfileEntry) -> ProfileOutcome:
        steered = read_steered(await self._store.record(steered_key(entry.session)))
        if is_overtaken(steered, entry):
            return _REJECTED
        if entry.action is Action.CLEAR and nothing_to_clear(
            steered, entry.partner, entry.asked_by
        ):
            return _UNKNOWN
        left = (entry.deadline - self._now()) / SECOND
        return await carried_out(self._host, order_of(entry), left)

    async def report(self, order_id: str, outcome: ProfileOutcome) -> ProfileEntry:
        entry = await self._decide(order_id, outcome)
        await self._post(order_id)
        await self._changes.tell(entry.session)
        return await self.get(order_id) or entry

    async def _decide(self, order_id: str, outcome: ProfileOutcome) -> ProfileEntry:
        """The first outcome counts, whoever brings it. NotFound if there is no such order."""
        before = await self.get(order_id)
        if before is None:
            raise NotFound("No such order")
        outcome = sound(outcome, asked=before.duration is not None)
        active = await self._changes.after(before, outcome)
        key, steered_at = entry_key(order_id), steered_key(before.session)

        def decide(held: Held) -> Decision[ProfileEntry]:
            entry = entry_of(held, order_id)
            if entry is None or entry.state is not OrderState.ACCEPTED:
                return Decision(entry or before)
            entry = structs.replace(
                entry, state=OrderState.DECIDED, result=outcome.result, active=active,
                decided_at=held.now,
            )  # fmt: skip
            drafts = [entry_draft(entry, due=held.now)]
            steered = read_steered(held.records.get(steered_at))
            if steered is not None and entry.action is not Action.ACTIVE:
                after = settled(steered, entry)
                drafts += self._changes.drafts(entry.session, after, active, held)
            return Decision(entry, records=drafts, events=[_event(entry)])

        followed = await self._changes.push_keys(before)
        return await self._store.apply(Change(decide, records=(key, steered_at, *followed)))

    # --- posting ---

    async def _post(self, order_id: str) -> None:
        """Once: the ledger says POSTING before the bytes leave."""
        entry = await self._move(order_id, OrderState.DECIDED, OrderState.POSTING)
        if entry is None:
            return
        problem = await self._send(entry)
        state = OrderState.POSTED if problem is None else OrderState.FAILED
        await self._move(order_id, OrderState.POSTING, state, problem)

    async def _send(self, entry: ProfileEntry) -> str | None:
        platform = await self._directory.platform(entry.partner)
        if platform is None or not platform.is_registered:
            return "The partner is registered no more"
        path = f"{entry.action.value}/{{uid}}"
        try:
            row = row_of(self._table, version_of(platform), "charging_profile_result", path)
            await post_result(
                self._exchange, platform, row, entry.response_url, entry.body(),
                routing=Routing(to=entry.asked_by, sender=entry.operator),
            )  # fmt: skip
        except PartnerError as fault:
            return fault.message
        return None

    async def _move(
        self, order_id: str, before: OrderState, after: OrderState, problem: str | None = None
    ) -> ProfileEntry | None:
        """The order in its new state; None if it was in another than `before`."""
        key = entry_key(order_id)

        def decide(held: Held) -> Decision[ProfileEntry | None]:
            entry = entry_of(held, order_id)
            if entry is None or entry.state is not before:
                return Decision(None)
            sending = after is OrderState.POSTING
            entry = structs.replace(
                entry, state=after, problem=problem,
                posted_at=held.now if after is OrderState.POSTED else None,
            )  # fmt: skip
            due = held.now + 120 * SECOND if sending else None
            events = () if sending else (_event(entry),)
            return Decision(entry, records=(entry_draft(entry, due=due),), events=events)

        return await self._store.apply(Change(decide, records=(key,)))

    # --- looking ---

    async def get(self, order_id: str) -> ProfileEntry | None:
        record = await self._store.record(entry_key(order_id))
        return None if record is None else read_entry(record)

    async def newest(self, limit: int, before: str | None) -> list[ProfileEntry]:
        records = await self._store.records(ORDER, after=before or "", limit=limit)
        return [read_entry(record) for record in records]

    async def look(self) -> None:
        """Finish what nobody finished; forget what need not be known any more."""
        for record in await self._store.records(ORDER, due_before=self._now(), limit=MANY):
            await self._take_over(read_entry(record))
        for kind in (PACE, REQUEST):
            old = await self._store.records(kind, due_before=self._now(), limit=MANY)
            gone = [RecordDraft(record.key, None) for record in old]
            if gone:
                await erase(self._store, gone)

    async def _take_over(self, entry: ProfileEntry) -> None:
        if entry.state is OrderState.ACCEPTED:
            await self.report(entry.id, _REJECTED)
        elif entry.state is OrderState.DECIDED:
            await self._post(entry.id)
            await self._changes.tell(entry.session)
        elif entry.state is OrderState.POSTING:
            await self._move(entry.id, OrderState.POSTING, OrderState.LOST)

    async def close(self) -> None:
        await self._background.close()


async def erase(store: Store, drafts: Sequence[RecordDraft]) -> None:
    def decide(_held: Held) -> Decision[None]:
        return Decision(None, records=drafts)

    await store.apply(Change(decide))


_TAKEN = ChargingProfileResponseType.REJECTED
"""Another party steers the session (CHP-TOP-03)."""


def order_of(entry: ProfileEntry) -> ProfileOrder:
    """What the host is asked."""
    deadline: datetime = from_micros(entry.deadline)
    return ProfileOrder(
        id=entry.id, session_id=entry.session_id, partner=entry.partner, asked_by=entry.asked_by,
        operator=entry.operator, deadline=deadline, profile=entry.profile, duration=entry.duration,
    )  # fmt: skip


def _unsteered(entry: ProfileEntry) -> Steered:
    return Steered(session_id=entry.session_id, operator=entry.operator)


def _event(entry: ProfileEntry) -> EventDraft:
    facts = {
        "id": entry.id,
        "action": entry.action.value,
        "state": entry.state.value,
        "result": entry.result,
        "session_id": entry.session_id,
        "operator": str(entry.operator),
        "asked_by": str(entry.asked_by),
    }
    return EventDraft("order.changed", f"profiles/{entry.id}", msgspec.json.encode(facts))
