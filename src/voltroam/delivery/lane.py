"""Delivery to one platform: the current state of every change, and nothing stale (design: lanes).

A lane reads the feed, keeps one entry per changed object and sends what the partner may see now.
No request is queued or repeated: after a fault the state of that moment is sent (CORE-OFF-01).
"""

import asyncio
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import msgspec
import structlog

from voltroam.delivery.cdr_ledger import CdrLedger
from voltroam.delivery.courier import Courier
from voltroam.delivery.feed import FeedTail
from voltroam.delivery.filling import Filling, as_lists, as_sets, stops
from voltroam.delivery.knobs import Knobs
from voltroam.delivery.outcome import Fault, Verdict, judge
from voltroam.delivery.parking import Parking
from voltroam.delivery.ports import Now
from voltroam.delivery.pulse import Pulse
from voltroam.delivery.records import (
    HORIZON_KEY,
    Fill,
    Horizon,
    LaneNote,
    Parked,
    draft,
    lane_key,
    load,
    write,
)
from voltroam.delivery.sight import FOREVER, Action, Classes, Sight, action, shrink
from voltroam.delivery.wanted import Entry, Wanted
from voltroam.roaming.platforms import Platform, Status
from voltroam.standard.endpoints import Table
from voltroam.standard.errors import PartnerError
from voltroam.store.interface import ObjectKey, ObjectRow, Store

log = structlog.get_logger("voltroam.lane")

HEARTBEAT = 3600.0
"""An idle lane writes its note at least this often (s): it is alive and holds tombstones."""


@dataclass(frozen=True, slots=True)
class Gear:
    """What all lanes of a process share."""

    store: Store
    table: Table
    tail: FeedTail
    courier: Courier
    ledger: CdrLedger
    knobs: Knobs
    now: Now
    chance: random.Random
    known_limit: Callable[[], int]
    """How many delivered states one lane may remember."""
    offline: Callable[[str], Awaitable[None]]
    connected: Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class LaneStats:
    """Where a lane stands, for operators. `lag` in changes, `waiting` in seconds."""

    platform: str
    state: str
    lag: int
    waiting: float
    pushed: int
    failed: int
    parked: int
    filling: bool
    reason: str | None = None


class Lane:
    """One platform's lane; one process runs it at a time, under a lease."""

    def __init__(self, platform: Platform, classes: Classes, gear: Gear) -> None:
        self.platform = platform
        self._gear = gear
        self._store, self._knobs = gear.store, gear.knobs
        self._sight = Sight(platform.id, classes)
        self._wanted = Wanted()
        self._known: OrderedDict[ObjectKey, tuple[int, bool]] = OrderedDict()
        self._parking = Parking(gear.store, platform.id, gear.now)
        self._retrying: set[ObjectKey] = set()
        self._filling: Filling | None = None
        self._fill_rows: asyncio.Task[None] | None = None
        self._read_to = 0
        self._saved: LaneNote | None = None
        self._saved_at = 0.0
        self._workers = 0
        self._pulse = Pulse(gear.knobs, gear.chance, self._clock)
        self.pushed = 0
        self.failed = 0
        self._bell = asyncio.Event()

    # ------------------------------------------------------------------ life

    async def run(self) -> None:
        """Until cancelled; then what is settled is noted. Faults of our own store end it."""
        await self._load()
        self._gear.tail.listen(self._bell.set)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._gear.ledger.serve(lambda: self.platform))
                while True:
                    self._bell.clear()
                    await self._read()
                    self._keep_filling(group)
                    self._send_more(group)
                    await self._save()
                    await self._rest()
        finally:
            self._gear.tail.forget(self._bell.set)

    async def close(self) -> None:
        """Note what is settled; to be called after `run` has ended, while the lease is held."""
        if self._saved is not None:
            await self._save(force=True)

    def wake(self) -> None:
        """The partner called us: it is there, so try at once."""
        self._pulse.wake()
        self._bell.set()
        self._gear.ledger.wake(self.platform.id)

    def update(self, platform: Platform, classes: Classes) -> None:
        """The partner's endpoints, roles or profile changed; all is scanned if its sight moved."""
        before = self.platform
        back = platform.status is Status.CONNECTED and before.status is not Status.CONNECTED
        again = back or platform.token_sealed != before.token_sealed
        self.platform = platform
        if classes != self._sight.classes:
            self._look_again(self._sight.classes, self._sight.lost, classes, self._read_to)
        if again:
            self.wake()

    def refill(self) -> None:
        """Send everything once more, whole (operator's resync)."""
        self._known.clear()
        self._start_fill(Fill(kind="", owner=""))
        self._bell.set()

    async def retry(self, parked: Parked) -> None:
        """Try a parked object now."""
        if parked.key in self._retrying:
            return
        row = await self._store.get(parked.key)
        if row is None:
            await self._parking.clear(parked.key)
            return
        self._retrying.add(parked.key)
        self._wanted.add(Entry(row, parked.since, FOREVER, self._clock()))
        self._bell.set()

    def stats(self) -> LaneStats:
        eldest = self._wanted.eldest()
        return LaneStats(
            platform=self.platform.id,
            state=self._state(),
            lag=max(0, self._gear.tail.head - self._wanted.settled(self._read_to)),
            waiting=0.0 if eldest is None else max(0.0, self._clock() - eldest),
            pushed=self.pushed,
            failed=self.failed,
            parked=len(self._parking),
            filling=self._filling is not None,
            reason=self._pulse.reason,
        )

    def _state(self) -> str:
        if self._pulse.stopped:
            return "stopped"
        return "waiting" if self._pulse.failures else "running"

    @property
    def classes(self) -> Classes:
        return self._sight.classes

    @property
    def idle(self) -> bool:
        """Nothing waits, nothing is in flight, all that the process has seen is read."""
        return (
            self._saved is not None
            and not len(self._wanted)
            and not self._wanted.flying
            and self._filling is None
            and self._read_to >= self._gear.tail.head
        )

    @staticmethod
    def _clock() -> float:
        return asyncio.get_running_loop().time()

    async def _load(self) -> None:
        """Take up the note, or begin: the head is noted first, then everything is filled."""
        sight, store = self._sight, self._store
        head = await store.head()
        note = await load(store, lane_key(self.platform.id), LaneNote)
        await self._parking.load()
        if note is None:
            self._read_to = head
            self._sight = replace(sight, born=head)
            self._start_fill(Fill(kind="", owner=""))
            await self._save(force=True)
            return
        self._saved = note
        self._read_to = note.cursor
        self._sight = replace(sight, born=note.born, lost=as_sets(note.lost))
        self.pushed, self.failed = note.delivered, note.failed
        horizon = await load(store, HORIZON_KEY, Horizon)
        if note.epoch != store.epoch or (horizon is not None and note.cursor < horizon.purged):
            await self._gear.ledger.doubt(self.platform.id, restored=note.epoch != store.epoch)
            self._start_fill(Fill(kind="", owner=""))
            return
        await self._gear.ledger.doubt(self.platform.id, restored=False)
        if note.fill is not None:
            self._start_fill(note.fill)
        before = as_sets(note.classes)
        if before != as_sets(as_lists(sight.classes)):
            self._look_again(before, as_sets(note.lost), sight.classes, note.cursor)

    # ------------------------------------------------------------------ reading

    async def _read(self) -> None:
        """Take in changes while there is room; what does not fit stays in the feed."""
        room = self._knobs.pending
        while self._wanted.live < room:
            stretch = await self._gear.tail.read(self._read_to, room)
            if stretch.upto <= self._read_to:
                return
            cdrs = [row for row in stretch.rows if self._consider(row)]
            if cdrs:
                await self._gear.ledger.ready(self.platform, cdrs)
            self._read_to = stretch.upto
            await asyncio.sleep(0)

    def _consider(self, row: ObjectRow) -> bool:
        """Note a change that concerns the partner; True if it is money, which has its ledger."""
        resource = self._gear.table.resources.get(row.key.kind)
        if resource is None or not self._gear.courier.receives(self.platform, resource):
            return False
        if resource.immutable:
            return not row.deleted and self._sight.sees(row)
        if self._skips():
            self._known.pop(row.key, None)
            return False
        since = self._since(row)
        if action(row, self._sight, since) is Action.NOTHING:
            return False
        known = self._known.get(row.key)
        if known is not None and known[0] >= row.changed:
            return False
        self._wanted.add(Entry(row, since, row.changed, self._clock()))
        return False

    def _since(self, row: ObjectRow) -> int:
        """The newest state of an object that the partner may have, as a feed number."""
        known = self._known.get(row.key)
        if known is not None:
            return known[0]
        parked = self._parking.get(row.key)
        if parked is not None:
            return parked.since
        if self._filling is not None and not self._filling.passed(row):
            return self._filling.since
        return min(self._read_to, row.changed - 1)

    def _skips(self) -> bool:
        """A partner that prefers to pull gets nothing of what happens while it is away."""
        return self.platform.profile.catch_up == "wait_for_pull" and self._pulse.waiting

    # ------------------------------------------------------------------ filling

    def _look_again(self, before: Classes, lost: Classes, now: Classes, since: int) -> None:
        gone, gained = shrink(before, lost, now)
        self._sight = replace(self._sight, classes=now, lost=gone)
        if not gone and not gained:
            return
        kept = {kind: sorted(names & now.get(kind, frozenset())) for kind, names in before.items()}
        if self._filling is not None:
            kept, since = {}, self._filling.since
        self._start_fill(Fill(kind="", owner="", since=since, kept=kept))

    def _start_fill(self, start: Fill) -> None:
        resources = [
            resource
            for resource in self._gear.table.resources.values()
            if self._gear.courier.serves(self.platform, resource)
        ]
        route = stops(resources, self._sight.classes, self._sight.lost)
        if self._fill_rows is not None:
            self._fill_rows.cancel()
            self._fill_rows = None
        self._filling = Filling(self._store, route, start)
        self._bell.set()

    def _keep_filling(self, group: asyncio.TaskGroup) -> None:
        if self._filling is None:
            return
        if self._filling.done:
            self._filling = self._fill_rows = None
            self._sight = replace(self._sight, lost={})
            return
        if self._fill_rows is None:
            self._fill_rows = group.create_task(self._fill(self._filling))

    async def _fill(self, filling: Filling) -> None:
        """One kind after the other: a tariff is there before the location that names it."""
        while not filling.read_all and not filling.empty:
            async for row in filling.rows():
                while self._wanted.filling >= self._knobs.fill_ahead:
                    await self._wanted.landed.wait()
                self._fill_one(filling, row)
            while not filling.resting:
                await self._wanted.landed.wait()
            filling.next_stop()
        self._bell.set()

    def _fill_one(self, filling: Filling, row: ObjectRow) -> None:
        if self._sight.sees(row) and self._parking.has(row.key, row.changed):
            filling.settled(row.key)
            return
        self._wanted.add(Entry(row, filling.since, FOREVER, self._clock()))
        self._bell.set()

    # ------------------------------------------------------------------ sending

    def _may_send(self) -> bool:
        return self._pulse.may_send(self._wanted.flying)

    def _send_more(self, group: asyncio.TaskGroup) -> None:
        limit = 1 if self._pulse.failures else max(1, self.platform.profile.concurrency)
        for _ in range(min(limit - self._workers, len(self._wanted))):
            if not self._wanted.ready or not self._may_send():
                return
            self._workers += 1
            group.create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._may_send() and (entry := self._wanted.take()) is not None:
                await self._deliver(entry)
        finally:
            self._workers -= 1
            self._bell.set()

    async def _deliver(self, entry: Entry) -> None:
        """A push that is cut off when we are told to end stays open for the next start."""
        again = False
        turn = self._pulse.round
        try:
            await self._renew(entry)
            await self._send(entry)
        except PartnerError as fault:
            again = await self._failed(entry, judge(fault), turn)
        else:
            await self._arrived(entry.row.key)
        self._wanted.land(entry, again=again)
        self._retrying.discard(entry.row.key)
        if not again and self._filling is not None:
            self._filling.settled(entry.row.key)

    async def _renew(self, entry: Entry) -> None:
        """What waited is read again: nothing stale is sent."""
        if not entry.attempts and self._clock() - entry.entered < self._knobs.stale_after:
            return
        entry.row = await self._gear.tail.current(entry.row)

    async def _send(self, entry: Entry) -> None:
        row, key = entry.row, entry.row.key
        known = self._known.get(key)
        since = entry.since if known is None else max(entry.since, known[0])
        todo = action(row, self._sight, since)
        if todo is Action.NOTHING:
            return
        shown = todo is Action.SHOW
        if known == (row.changed, shown) and not entry.doubt:
            return
        base = known[0] if known is not None and known[1] else None
        await self._pulse.pace(self.platform.profile.rate)
        if shown:
            entry.patching = base is not None
            await self._gear.courier.show(self.platform, row, base, doubt=entry.doubt)
        elif todo is Action.REMOVE or await self._gear.courier.holds(self.platform, row):
            await self._gear.courier.take_back(self.platform, row, base)
        self._remember(key, row.changed, shown)
        self.pushed += 1

    def _remember(self, key: ObjectKey, changed: int, shown: bool) -> None:
        self._known[key] = (changed, shown)
        self._known.move_to_end(key)
        while len(self._known) > self._gear.known_limit():
            self._known.popitem(last=False)

    async def _arrived(self, key: ObjectKey) -> None:
        self._pulse.arrived()
        await self._parking.clear(key)
        if self.platform.status is Status.OFFLINE:
            await self._gear.connected(self.platform.id)

    # ------------------------------------------------------------------ faults

    async def _failed(self, entry: Entry, verdict: Verdict, turn: int) -> bool:
        """True: the object stays wanted and its state of a later moment is sent."""
        self.failed += 1
        log.warning(
            "push failed",
            platform=self.platform.name,
            kind=entry.row.key.kind,
            fault=verdict.fault.name,
            http=verdict.http,
            code=verdict.code,
            reason=verdict.reason,
        )
        if not verdict.certain:
            self._known.pop(entry.row.key, None)
            entry.doubt = entry.doubt or entry.patching
        if verdict.fault in (Fault.OBJECT, Fault.ROUTE):
            later = self._knobs.park_retry if verdict.fault is Fault.ROUTE else None
            await self._parking.park(entry, verdict, later)
            return False
        self._pulse.failed(verdict, turn)
        if self._pulse.unreachable == self._knobs.offline_after:
            await self._gear.offline(self.platform.id)
        if verdict.fault is not Fault.BUSY and self.platform.profile.catch_up == "wait_for_pull":
            self._drop()
            return False
        return not (verdict.fault is Fault.SERVER and await self._at_fault(entry, verdict))

    async def _at_fault(self, entry: Entry, verdict: Verdict) -> bool:
        """Is it this object at which the partner's server fails? Then it is set aside a while."""
        entry.attempts += 1
        if entry.attempts == 1:
            entry.mark = self.pushed
        tried = (
            self._knobs.attempts_beside_success
            if self.pushed > entry.mark
            else (self._knobs.attempts)
        )
        if entry.attempts < tried:
            return False
        await self._parking.park(entry, verdict, self._knobs.park_retry)
        self._pulse.resume_at = 0.0
        return True

    def _drop(self) -> None:
        """The partner pulls what it missed; nothing of before is sent after an outage."""
        for key in self._wanted.drop():
            self._known.pop(key, None)
            if self._filling is not None:
                self._filling.settled(key)

    # ------------------------------------------------------------------ note

    def _note(self) -> LaneNote:
        return LaneNote(
            cursor=self._wanted.settled(self._read_to),
            born=self._sight.born,
            epoch=self._store.epoch,
            classes=as_lists(self._sight.classes),
            lost=as_lists(self._sight.lost),
            fill=None if self._filling is None else self._filling.note(),
            stopped=self._pulse.reason if self._pulse.stopped else None,
            delivered=self.pushed,
            failed=self.failed,
        )

    async def _save(self, *, force: bool = False) -> None:
        """Lazily: after a crash at most something is repeated, nothing is lost."""
        now = self._clock()
        if not force and now - self._saved_at < self._knobs.save_every:
            return
        note = self._note()
        same = self._saved is not None and note == replace_saved(self._saved, 0)
        if same and now - self._saved_at < HEARTBEAT:
            return
        self._saved_at = now
        self._saved = replace_saved(note, self._gear.now())
        await write(self._store, draft(lane_key(self.platform.id), self._saved))

    async def _rest(self) -> None:
        now = self._clock()
        timeout = self._knobs.poll
        if self._pulse.resume_at > now and self._wanted.ready:
            timeout = min(timeout, self._pulse.resume_at - now)
        try:
            async with asyncio.timeout(timeout):
                await self._bell.wait()
        except TimeoutError:
            return


def replace_saved(note: LaneNote, at: int) -> LaneNote:
    return msgspec.structs.replace(note, saved_at=at)
