"""Delivery to one platform: the current state of every change, and nothing stale (design: lanes).

A lane reads the feed, keeps one entry per changed object and sends what the partner may see now.
No request is queued or repeated: after a fault the state of that moment is sent (CORE-OFF-01).
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import msgspec

from voltroam.delivery.copies import moved
from voltroam.delivery.feed import reached
from voltroam.delivery.filling import Filling, as_lists, as_sets, stops
from voltroam.delivery.gear import Gear, LaneStats
from voltroam.delivery.log import Log
from voltroam.delivery.pusher import Pusher, clock
from voltroam.delivery.records import (
    HORIZON_KEY,
    Fill,
    Horizon,
    LaneNote,
    LaneSight,
    Parked,
    classes_in,
    draft,
    lane_key,
    load,
    sight_key,
    write,
)
from voltroam.delivery.sight import FOREVER, NOBODY, Action, Classes, Sight, action, shrink
from voltroam.delivery.wanted import Entry
from voltroam.roaming.platforms import Platform, Status
from voltroam.roaming.references import references_of
from voltroam.store.interface import ObjectKey, ObjectRow, RecordDraft

log = Log("voltroam.lane")

HEARTBEAT = 3600.0
"""An idle lane writes its note at least this often (s): it is alive and holds tombstones."""


class Noting(NamedTuple):
    """What a lane writes down, and whom to tell that it is written."""

    drafts: tuple[RecordDraft, ...]
    written: Callable[[], None]


OWED = 100
"""CDRs whose entries are opened in one write."""


class Lane:
    """One platform's lane; one process runs it at a time, under a lease."""

    def __init__(self, platform: Platform, classes: Classes, gear: Gear) -> None:
        self._gear = gear
        self._store, self._knobs = gear.store, gear.knobs
        self._bell = asyncio.Event()
        self._push = Pusher(platform, Sight(platform.id, classes), gear, self._bell.set)
        self._push.settled = self._settled
        self._push.unread = self._unread
        self._filling: Filling | None = None
        self._fill_rows: asyncio.Task[None] | None = None
        self._read_to = 0
        self._ticking: asyncio.TimerHandle | None = None
        self._saved: LaneNote | None = None
        self._saved_at = 0.0
        self._noted: Classes | None = None
        """The classes that were written apart."""

    @property
    def platform(self) -> Platform:
        """As the lane knows it."""
        return self._push.platform

    # -- life

    async def run(self) -> None:
        """Until cancelled; then what is settled is noted. Faults of our own store end it."""
        await self._load()
        self._gear.tail.listen(self._bell.set)
        self._tick()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._gear.ledger.serve(lambda: self.platform))
                while True:
                    self._bell.clear()
                    await self._read()
                    self._keep_filling(group)
                    turn = self._push.wanted.release(clock())
                    self._push.send_more(group)
                    await self._rest(turn)
        finally:
            self._gear.tail.forget(self._bell.set)
            if self._ticking is not None:
                self._ticking.cancel()

    async def close(self) -> None:
        """Note what is settled; to be called after `run` has ended, while the lease is held."""
        if self._saved is not None:
            await self._save()

    def wake(self) -> None:
        """The partner called us: it is there, so try at once."""
        self._push.pulse.wake()
        self._bell.set()
        self._gear.ledger.wake(self.platform.id)

    def update(self, platform: Platform, classes: Classes) -> None:
        """The partner's endpoints, roles or profile changed; all is scanned if its sight moved."""
        before = self.platform
        back = platform.status is Status.CONNECTED and before.status is not Status.CONNECTED
        again = back or platform.token_sealed != before.token_sealed
        self._push.platform = platform
        if classes != self._push.sight.classes:
            self._look_again(
                self._push.sight.classes, self._push.sight.lost, classes, self._read_to
            )
        if again:
            self.wake()

    def refill(self) -> None:
        """Send everything once more, whole (operator's resync)."""
        self._push.known.clear()
        self._start_fill(Fill(kind="", owner=""))
        self._bell.set()

    async def retry(self, parked: Parked) -> None:
        """Try a parked object now."""
        if parked.key in self._push.retrying:
            return
        row = await self._store.get(parked.key)
        if row is None:
            await self._push.parking.clear(parked.key)
            return
        self._push.retrying.add(parked.key)
        self._push.wanted.add(Entry(row, parked.since, FOREVER, clock()))
        self._bell.set()

    def stats(self) -> LaneStats:
        eldest = self._push.wanted.eldest()
        return LaneStats(
            platform=self.platform.id,
            state=self._state(),
            lag=max(0, self._gear.tail.head - self._push.wanted.settled(self._read_to)),
            waiting=0.0 if eldest is None else max(0.0, clock() - eldest),
            pushed=self._push.pushed,
            failed=self._push.failed,
            parked=len(self._push.parking),
            filling=self._filling is not None,
            reason=self._push.pulse.reason,
        )

    def _state(self) -> str:
        if self._push.pulse.stopped:
            return "stopped"
        return "waiting" if self._push.pulse.failures else "running"

    @property
    def waiting(self) -> bool:
        """It holds back after a fault."""
        return self._push.pulse.waiting

    @property
    def classes(self) -> Classes:
        return self._push.sight.classes

    @property
    def idle(self) -> bool:
        """Nothing waits, nothing is in flight, all that the process has seen is read."""
        return (
            self._saved is not None
            and not len(self._push.wanted)
            and not self._push.wanted.flying
            and self._filling is None
            and self._read_to >= self._gear.tail.head
        )

    async def _load(self) -> None:
        """Take up the note, or begin where the feed stood at the registration, and fill.

        The sight may be updated meanwhile: what counts is the one of the end.
        """
        store = self._store
        note = await load(store, lane_key(self.platform.id), LaneNote)
        await self._push.parking.load()
        await self._gear.marks.now()
        if note is None:
            self._read_to = await reached(store, self.platform.registered_at)
            self._push.sight = replace(self._push.sight, born=self._read_to)
            self._start_fill(Fill(kind="", owner=""))
            await self._save()
            return
        self._saved = note
        self._read_to = note.cursor
        self._push.sight = replace(self._push.sight, born=note.born, lost=as_sets(note.lost))
        self._push.pushed, self._push.failed = note.delivered, note.failed
        horizon = await load(store, HORIZON_KEY, Horizon)
        if note.epoch != store.epoch or (horizon is not None and note.cursor < horizon.purged):
            await self._gear.ledger.doubt(self.platform.id, restored=note.epoch != store.epoch)
            self._start_fill(Fill(kind="", owner=""))
            return
        await self._gear.ledger.doubt(self.platform.id, restored=False)
        if note.fill is not None:
            self._start_fill(note.fill)
        before = as_sets(await classes_in(store, self.platform.id, note))
        now = self._push.sight.classes
        if before != as_sets(as_lists(now)):
            self._look_again(before, as_sets(note.lost), now, note.cursor)

    # -- reading

    async def _read(self) -> None:
        """Take in changes while there is room; what does not fit stays in the feed."""
        room, tail = self._knobs.pending, self._gear.tail
        while self._read_to < tail.head and self._push.wanted.live < room:
            stretch = tail.after(self._read_to, room) or await tail.read(self._read_to, room)
            if stretch.upto <= self._read_to:
                return
            cdrs = [row for row in stretch.rows if self._consider(row)]
            if cdrs:
                await self._gear.ledger.ready(self.platform, cdrs)
            self._read_to = stretch.upto
            if self._read_to < tail.head:
                await asyncio.sleep(0)

    def _consider(self, row: ObjectRow) -> bool:
        """Note a change that concerns the partner; True if it is money, which has its ledger."""
        resource = self._gear.table.resources.get(row.key.kind)
        if resource is None or not self._gear.courier.receives(self.platform, resource):
            return False
        if resource.immutable:
            return self._is_owed(row)
        since = self._since(row)
        todo = action(row, self._push.sight, since)
        if todo is Action.SHOW and self._push.pulls and self._push.away:
            self._push.known.pop(row.key, None)  # it pulls what happens while it is away
            return False
        if todo is Action.NOTHING:
            return False
        known = self._push.known.get(row.key)
        if known is not None and known[0] >= row.changed:
            return False
        self._push.wanted.add(Entry(row, since, row.changed, clock()))
        return False

    def _is_owed(self, row: ObjectRow) -> bool:
        """A CDR that the partner is to get: of before its registration it gets none."""
        fresh = row.stored_at >= (self.platform.registered_at or 0)
        return fresh and not row.deleted and self._push.sight.sees(row)

    def _since(self, row: ObjectRow) -> int:
        """The newest state of an object that the partner may have, as a feed number."""
        known = self._push.known.get(row.key)
        if known is not None:
            return known[0]
        parked = self._push.parking.get(row.key)
        if parked is not None:
            return parked.since
        if self._filling is not None and not self._filling.passed(row):
            return self._filling.since
        return min(self._read_to, row.changed - 1)

    # -- filling

    def _look_again(self, before: Classes, lost: Classes, now: Classes, since: int) -> None:
        gone, gained = shrink(before, lost, now)
        self._push.sight = replace(self._push.sight, classes=now, lost=gone)
        if not gone and not gained:
            return
        others = moved(before, now)
        kept = {
            kind: _both(names, now.get(kind, NOBODY)) - others.get(kind, NOBODY)
            for kind, names in before.items()
        }
        for kind in self._reshown(before, now):
            kept.pop(kind, None)
        if others:
            self._push.forget(others)
        if self._filling is not None:  # it began with less that was surely there, and earlier
            was, since = self._filling.kept, self._filling.since
            kept = {kind: _both(names, was.get(kind, NOBODY)) for kind, names in kept.items()}
        self._start_fill(Fill(kind="", owner="", since=since), kept)

    def _reshown(self, before: Classes, now: Classes) -> list[str]:
        """Kinds whose documents may show the partner other ids than before, though none moved."""
        if not self._gear.marks.last:
            return []
        return [
            resource.kind
            for resource in self._gear.table.resources.values()
            if (references := references_of(resource)) is not None
            and before.get(references.kind) != now.get(references.kind)
        ]

    def _start_fill(self, start: Fill, kept: Classes | None = None) -> None:
        """`kept` instead of that of the note."""
        kept = as_sets(start.kept) if kept is None else kept
        resources = [
            resource
            for resource in self._gear.table.resources.values()
            if self._gear.courier.serves(self.platform, resource)
        ]
        route = stops(resources, self._push.sight.classes, self._push.sight.lost, kept)
        if self._fill_rows is not None:
            self._fill_rows.cancel()
            self._fill_rows = None
        self._filling = Filling(self._store, route, start, kept)
        self._bell.set()

    def _keep_filling(self, group: asyncio.TaskGroup) -> None:
        if self._filling is None:
            return
        if self._fill_rows is None:
            self._fill_rows = group.create_task(self._fill(self._filling))
        elif self._filling.done and self._fill_rows.done():
            self._filling = self._fill_rows = None
            self._push.sight = replace(self._push.sight, lost={})

    async def _fill(self, filling: Filling) -> None:
        """One kind after the other: a tariff is there before the location that names it."""
        await self._open_passed()
        while not filling.read_all:
            async for row in filling.rows():
                while self._push.wanted.filling >= self._knobs.fill_ahead:
                    await self._push.wanted.landed.wait()
                self._fill_one(filling, row)
            while not filling.resting:
                await self._push.wanted.landed.wait()
            filling.next_stop()
        self._bell.set()

    async def _open_passed(self) -> None:
        """CDRs that the feed brought before their party was known: one behind a hub is told of
        later. What has its entry in the ledger keeps it."""
        for resource in self._gear.table.resources.values():
            known = self._push.sight.classes.get(resource.kind)
            if not (resource.immutable and known):
                continue
            owed: list[ObjectRow] = []
            async for row in self._store.scan(resource.kind, after=self._push.sight.born):
                if self._is_owed(row):
                    owed.append(row)
                if len(owed) >= OWED:
                    await self._gear.ledger.ready(self.platform, owed)
                    owed = []
            if owed:
                await self._gear.ledger.ready(self.platform, owed)

    def _settled(self, key: ObjectKey) -> None:
        if self._filling is not None:
            self._filling.settled(key)

    def _fill_one(self, filling: Filling, row: ObjectRow) -> None:
        if self._push.sight.sees(row) and self._push.parking.has(row.key, row.changed):
            filling.settled(row.key)
            return
        self._push.wanted.add(Entry(row, filling.since, FOREVER, clock()))
        self._bell.set()

    # -- note

    def _note(self) -> LaneNote:
        return LaneNote(
            cursor=self._push.wanted.settled(self._read_to),
            born=self._push.sight.born,
            epoch=self._store.epoch,
            classes={} if self._gear.hub else as_lists(self._push.sight.classes),
            lost=as_lists(self._push.sight.lost),
            fill=None if self._filling is None else self._filling.note(),
            stopped=self._push.pulse.reason if self._push.pulse.stopped else None,
            delivered=self._push.pushed,
            failed=self._push.failed,
            apart=self._gear.hub,
        )

    def to_note(self, *, force: bool = False) -> "Noting | None":
        """What is to be written down of it now; None: nothing is new."""
        if self._saved is None and not force:
            return None
        now = clock()
        note, seen = self._note(), self._push.sight.classes
        moved = self._gear.hub and seen is not self._noted
        same = not moved and self._saved is not None and note == replace_saved(self._saved, 0)
        if same and not force and now - self._saved_at < HEARTBEAT:
            return None
        saved = replace_saved(note, self._gear.now())
        drafts = [draft(lane_key(self.platform.id), saved)]
        if moved:
            drafts.append(draft(sight_key(self.platform.id), LaneSight(as_lists(seen))))
        return Noting(tuple(drafts), partial(self._written, saved, seen, now))

    def _written(self, saved: LaneNote, seen: Classes, at: float) -> None:
        self._saved, self._noted, self._saved_at = saved, seen, at

    async def _save(self) -> None:
        noting = self.to_note(force=True)
        if noting is not None:
            await write(self._store, *noting.drafts)
            noting.written()

    async def _rest(self, turn: float | None) -> None:
        """Until something happens, or the turn of what is held back comes."""
        now = clock()
        if self._push.pulse.resume_at > now and self._push.wanted.ready:
            resume = self._push.pulse.resume_at
            turn = resume if turn is None else min(turn, resume)
        if turn is None or self._bell.is_set():
            await self._bell.wait()
            return
        alarm = asyncio.get_running_loop().call_later(max(0.0, turn - now), self._bell.set)
        try:
            await self._bell.wait()
        finally:
            alarm.cancel()

    def _tick(self) -> None:
        """Whatever else may have been missed is found soon."""
        if not self.idle:
            self._bell.set()
        loop = asyncio.get_running_loop()
        self._ticking = loop.call_later(self._knobs.poll, self._tick)

    def _unread(self) -> bool:
        return self._filling is not None or self._read_to < self._gear.tail.head


def _both(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """What they share; a hub's sets are large, and mostly one and the same."""
    return one if one is other else one & other


def replace_saved(note: LaneNote, at: int) -> LaneNote:
    return msgspec.structs.replace(note, saved_at=at)
