"""When is pulled: at registration, after an outage, daily by date, weekly in full, never in step.

Times are leased records, so that one process pulls and any may take over (CORE-HTTP-21: intervals
of hours, at random).
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable

import msgspec

from voltroam.delivery.knobs import Knobs
from voltroam.delivery.log import Log
from voltroam.delivery.ports import Now, Platforms
from voltroam.delivery.records import SYNC, SyncNote, draft, read, sync_key
from voltroam.delivery.sync import SECOND, PullReport, Sync
from voltroam.roaming.platforms import Platform, Status
from voltroam.standard.errors import OcpiError
from voltroam.store.interface import Change, Decision, Held, Record, Store

log = Log("voltroam.timetable")

MANY = 10_000
AT_ONCE = 8
"""Pulls that one process does at the same time; one for each platform."""
Pushes = Callable[[str, str], Awaitable[bool]]
"""Whether a platform pushes what it has of a module."""


async def always(_platform_id: str, _module: str) -> bool:
    """Partners push to whom they know; a pull a day finds what got lost."""
    return True


class Timetable:
    """The `sync` records and the loop that works them off."""

    def __init__(
        self,
        store: Store,
        platforms: Platforms,
        sync: Sync,
        *,
        knobs: Knobs,
        now: Now,
        chance: random.Random,
        holder: str,
        pushes: Pushes = always,
    ) -> None:
        self._store = store
        self._pushes = pushes
        self._platforms = platforms
        self._sync = sync
        self._knobs = knobs
        self._now = now
        self._chance = chance
        self._holder = holder
        self._entered: dict[str, tuple[Platform, tuple[str, ...]]] = {}
        self._live: dict[str, Platform] = {}
        self._due: list[tuple[str, Record]] = []
        """By platform, in the order of their times, as they were last read."""
        self._busy: dict[str, asyncio.Task[bool]] = {}
        self._bell = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await self.look()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._knobs.poll):
                        await self._go_on()
        finally:
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def look(self) -> None:
        """Enter new platforms, start what is due."""
        platforms = await self._platforms.all()
        self._live = {p.id: p for p in platforms if _is_live(p)}
        registered = {p.id for p in platforms if p.is_registered}
        for gone in self._entered.keys() - registered:
            del self._entered[gone]
        for platform in self._live.values():
            await self._enter(platform)
        records = await self._store.records(SYNC, due_before=self._now() + 1, limit=MANY)
        self._due = [(read(record, SyncNote).platform, record) for record in records]
        self._begin()

    async def _go_on(self) -> None:
        """As one pull ends the next begins, without looking anew at hundreds of platforms."""
        while True:
            self._bell.clear()
            await self._bell.wait()
            self._begin()

    def _begin(self) -> None:
        """Start what is due, one pull at a time for each platform."""
        self._busy = {name: task for name, task in self._busy.items() if not task.done()}
        left = []
        for name, record in self._due:
            due = self._live.get(name)
            if due is None or name in self._busy or len(self._busy) >= AT_ONCE:
                left.append((name, record))
                continue
            self._busy[name] = asyncio.create_task(self._alone(due, record))
            self._busy[name].add_done_callback(self._next)
        self._due = left

    def _next(self, task: asyncio.Task[bool]) -> None:
        """A partner's lists are pulled one after the other, without a pause between them."""
        if not task.cancelled() and task.exception() is None and task.result():
            self._bell.set()

    async def returned(self, platform_id: str) -> None:
        """It was away: fetch by date what we missed (CORE-OFF-02)."""
        for record in await self._store.records(SYNC, parent=platform_id):
            note = read(record, SyncNote)
            await self._write(note, self._now())

    async def _enter(self, platform: Platform) -> None:
        """A note for each module that has none, due at once and in full.

        So is one of before a restore, ours or the partner's: it sends its credentials after that.
        """
        before = self._entered.get(platform.id)
        if before is not None and before[0] is platform:
            return
        modules = tuple(self._sync.modules(platform))
        if before is not None and (before[0].introduced_at, before[1]) == (
            platform.introduced_at, modules,
        ):  # fmt: skip
            self._entered[platform.id] = (platform, modules)
            return
        notes = {
            sync_key(platform.id, module): SyncNote(
                platform=platform.id,
                module=module,
                wanted_full=True,
                epoch=self._store.epoch,
                introduced=platform.introduced_at,
            )
            for module in modules
        }
        now = self._now()

        def decide(held: Held) -> Decision[None]:
            fresh = []
            for key, note in notes.items():
                record = held.records.get(key)
                if record is None:
                    fresh.append(draft(key, note, parent=platform.id, due=now))
                    continue
                old = read(record, SyncNote)
                if _life(old) != _life(note):
                    fresh.append(draft(key, _begun_anew(old, note), parent=platform.id, due=now))
            return Decision(None, records=fresh)

        await self._store.apply(Change(decide, records=tuple(notes)))
        self._entered[platform.id] = (platform, modules)

    async def _alone(self, platform: Platform, record: Record) -> bool:
        """Pull under a lease that is renewed meanwhile; whoever has it does it. True: we did."""
        name = f"sync:{record.key.id}"
        if not await self._store.lease(name, self._holder, self._knobs.lease):
            return False
        task = asyncio.create_task(self._pull(platform, record))
        try:
            while not task.done():
                await asyncio.wait({task}, timeout=self._knobs.renew)
                if not task.done() and not await self._store.lease(
                    name, self._holder, self._knobs.lease
                ):
                    return False
            task.result()
        except Exception:
            log.exception("pull failed", platform=platform.name)
            return False
        else:
            return True
        finally:
            task.cancel()
            await asyncio.wait({task})
            await self._release(name)

    async def _release(self, name: str) -> None:
        try:
            await self._store.release(name, self._holder)
        except OcpiError:
            log.warning("lease not given back", name=name)

    async def _pull(self, platform: Platform, record: Record) -> None:
        """Unless another process did it since the record was read."""
        current = await self._store.record(record.key)
        if current is None or current.due != record.due:
            return
        note = read(current, SyncNote)
        week = int(self._knobs.weekly * SECOND)
        full = note.wanted_full or note.full is None or self._now() - note.full >= week
        try:
            report = await self._sync.pull(platform, note.module, full=full, note=note)
        except OcpiError as fault:
            log.warning(
                "pull failed", platform=platform.name, module=note.module, reason=fault.message
            )
            await self._failed(note, fault)
            return
        await self.done(note, report)

    async def done(self, note: SyncNote, report: PullReport) -> None:
        """Note what came and when to look again."""
        now = self._now()
        newest = [moment for moment in (note.newest, report.newest) if moment is not None]
        note = msgspec.structs.replace(
            note,
            newest=max(newest, default=None),
            last=now,
            full=now if report.full else note.full,
            wanted_full=False if report.full else note.wanted_full,
            reason=None,
            attempts=0,
        )
        pushed = await self._pushes(note.platform, note.module)
        pause = self._knobs.daily if pushed else self._knobs.unpushed
        await self._write(note, now + self._splayed(pause))

    async def _failed(self, note: SyncNote, fault: OcpiError) -> None:
        pause = min(self._knobs.daily, self._knobs.sync_retry * 4.0 ** min(note.attempts, 10))
        note = msgspec.structs.replace(note, reason=fault.message, attempts=note.attempts + 1)
        await self._write(note, self._now() + self._splayed(pause))

    def _splayed(self, seconds: float) -> int:
        return int(seconds * (1.0 - self._knobs.splay * self._chance.random()) * SECOND)

    async def _write(self, note: SyncNote, due: int) -> None:
        """What was pulled before a new beginning does not count after it."""
        key = sync_key(note.platform, note.module)

        def decide(held: Held) -> Decision[None]:
            record = held.records.get(key)
            now = None if record is None else read(record, SyncNote)
            if now is None or _life(now) == _life(note):
                return Decision(None, records=[draft(key, note, parent=note.platform, due=due)])
            again = _begun_anew(note, now)
            return Decision(
                None, records=[draft(key, again, parent=note.platform, due=self._now())]
            )

        await self._store.apply(Change(decide, records=(key,)))


def _life(note: SyncNote) -> tuple[str, int | None]:
    """Our database's and the partner's: what one of them knew in another life it may not know."""
    return note.epoch, note.introduced


def _begun_anew(old: SyncNote, new: SyncNote) -> SyncNote:
    return msgspec.structs.replace(
        old, epoch=new.epoch, introduced=new.introduced, wanted_full=True
    )


def _is_live(platform: Platform) -> bool:
    return platform.is_registered and platform.status is Status.CONNECTED and not platform.paused
