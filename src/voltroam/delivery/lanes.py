"""One lane for each connected platform, each under a lease, whichever process runs it."""

import asyncio
from collections.abc import Sequence

from voltroam.delivery.audiences import Behind, Granted, Routes, classes_of, routes
from voltroam.delivery.copies import Shares
from voltroam.delivery.gear import Gear, LaneStats
from voltroam.delivery.lane import Lane
from voltroam.delivery.leases import Leases, Lost
from voltroam.delivery.log import Log
from voltroam.delivery.ports import Platforms
from voltroam.delivery.records import (
    PARKED,
    RESYNC,
    SYNC,
    Parked,
    lane_key,
    read,
    resync_key,
    sight_key,
    write,
)
from voltroam.delivery.sight import Classes
from voltroam.roaming.directory import read_platform
from voltroam.roaming.grants import granted_to
from voltroam.roaming.hub.sharing import Sharing, Sharings
from voltroam.roaming.platforms import PLATFORM, Identity, Platform, Status
from voltroam.standard.endpoints import Interface
from voltroam.standard.parties import PartyId
from voltroam.store.interface import Record, RecordDraft

log = Log("voltroam.lanes")

BEHIND_EVERY = 5.0
"""Seconds between two looks at the parties behind a hub."""
NOTED = 100
"""Lanes whose notes are written at once."""
MANY = 10_000
"""Parked objects of paused partners must not hide those of others."""
LIVE = frozenset({Status.CONNECTED, Status.OFFLINE})


class Lanes:
    """Starts, updates and ends lanes as platforms come, change and go."""

    def __init__(
        self,
        gear: Gear,
        platforms: Platforms,
        identity: Identity,
        holder: str,
        sharings: Sharings | None = None,
    ) -> None:
        self._gear = gear
        self._store, self._knobs = gear.store, gear.knobs
        self._directory = platforms
        self._identity = identity
        self._leases = Leases(gear.store, holder, gear.knobs, gear.chance)
        self._sharings = sharings
        self._shares = Shares(gear.table.resources.values(), identity)
        self._holds: dict[str, asyncio.Task[None]] = {}
        self._lanes: dict[str, Lane] = {}
        self._live: dict[str, tuple[Platform, Classes]] = {}
        self._read: dict[str, tuple[bytes, Platform]] = {}
        self._behind: dict[str, tuple[float, Behind]] = {}
        self._woken: dict[str, float] = {}
        self._judged: Sequence[Platform] = ()
        self._shared: Sharing | None = None
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled: then each lane notes where it stands and gives its lease back."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._leases.run())
                group.create_task(self._note_all())
                while True:
                    await self.look()
                    await asyncio.sleep(self._knobs.watch)
        finally:
            await self._end(list(self._holds))

    def __len__(self) -> int:
        return len(self._lanes)

    def wake(self, platform_id: str) -> None:
        lane = self._lanes.get(platform_id)
        if lane is not None:
            lane.wake()

    def heard(self, platform_id: str) -> None:
        """Wakes a lane that waits, but not with each call of a busy partner."""
        lane = self._lanes.get(platform_id)
        if lane is None or not lane.waiting:
            return
        now = asyncio.get_running_loop().time()
        if now - self._woken.get(platform_id, -self._knobs.wake_every) >= self._knobs.wake_every:
            self._woken[platform_id] = now
            lane.wake()

    def stats(self) -> list[LaneStats]:
        """Of the lanes that this process runs."""
        return [lane.stats() for lane in self._lanes.values()]

    def idle(self) -> bool:
        """All platforms have their lanes here and none has anything left to do."""
        return self._live.keys() <= self._lanes.keys() and all(
            lane.idle for lane in self._lanes.values()
        )

    # ------------------------------------------------------------------ watching

    async def look(self) -> None:
        """Brings the lanes in line with the platforms as they stand."""
        async with self._looking:
            await self._compare()

    async def _compare(self) -> None:
        platforms = [p for p in await self._platforms() if p.is_registered]
        sharing = None if self._sharings is None else await self._sharings.now()
        if not self._as_before(platforms, sharing):
            await self._judge(platforms, sharing)
        for platform_id, (platform, classes) in self._live.items():
            lane = self._lanes.get(platform_id)
            if platform_id not in self._holds:
                self._holds[platform_id] = asyncio.create_task(self._hold(platform_id))
            elif lane is not None and lane.platform is not platform:
                lane.update(platform, classes)
        await self._obey()

    def _as_before(self, platforms: Sequence[Platform], sharing: Sharing | None) -> bool:
        """Parties behind a hub and grants of a provider move without a change of any platform;
        on a hub the agreements move too, and what is shared tells of all."""
        return (
            len(platforms) == len(self._judged)
            and sharing is self._shared
            and all(
                one is other and (sharing is not None or not (one.is_hub or one.is_provider))
                for one, other in zip(platforms, self._judged, strict=True)
            )
        )

    async def _judge(self, platforms: Sequence[Platform], sharing: Sharing | None) -> None:
        """Who has a lane, and what each sees."""
        resources = tuple(self._gear.table.resources.values())
        await self._gear.marks.now()
        ways = routes(resources, platforms)
        live: dict[str, tuple[Platform, Classes]] = {}
        for platform in platforms:
            if platform.status in LIVE and not platform.paused and platform.version:
                if sharing is None:
                    classes = await self._own_classes(platform, ways)
                else:
                    classes = self._shares.classes_of(platform, sharing, self._served(platform))
                    await asyncio.sleep(0)
                live[platform.id] = (platform, classes)
        self._live = live
        await self._end([held for held in self._holds if held not in live])
        for platform_id, (platform, classes) in live.items():
            lane = self._lanes.get(platform_id)
            if lane is not None and lane.classes != classes:
                lane.update(platform, classes)
        registered = {platform.id for platform in platforms}
        if registered != {platform.id for platform in self._judged}:
            await self._forget_removed(registered)
            for resource in resources:
                if resource.immutable:
                    await self._gear.ledger.move(ways.get(resource.kind, {}), registered)
        self._judged, self._shared = platforms, sharing

    async def _own_classes(self, platform: Platform, ways: Routes) -> Classes:
        """What one partner sees of our own."""
        return classes_of(
            platform,
            self._identity,
            tuple(self._gear.table.resources.values()),
            ways=ways,
            behind=await self._behind_of(platform),
            served=self._served(platform),
            granted=await self._granted_to(platform),
        )

    async def _platforms(self) -> Sequence[Platform]:
        """Read anew each time; what did not change is not decoded again."""
        found: dict[str, tuple[bytes, Platform]] = {}
        after = ""
        while page := await self._store.records(PLATFORM, after=after):
            for record in page:
                old = self._read.get(record.key.id)
                known = old if old is not None and old[0] == record.document else None
                found[record.key.id] = known or (record.document, read_platform(record.document))
            after = page[-1].key.id
        self._read = found
        return [platform for _, platform in found.values()]

    def _served(self, platform: Platform) -> frozenset[str]:
        """Kinds that the platform receives. CDRs count always: the ledger tells of those."""
        table = self._gear.table
        return frozenset(
            kind
            for kind, resource in table.resources.items()
            if resource.immutable
            or platform.endpoint(table.module_of(resource).name, Interface.RECEIVER) is not None
        )

    async def _behind_of(self, platform: Platform) -> Behind:
        if not platform.is_hub:
            return {}
        now = asyncio.get_running_loop().time()
        at, behind = self._behind.get(platform.id, (-BEHIND_EVERY, {}))
        if now - at < BEHIND_EVERY:
            return behind
        fresh: dict[str, tuple[PartyId, ...]] = {
            resource.kind: await self._directory.behind(platform, resource.readers)
            for resource in self._gear.table.resources.values()
        }
        self._behind[platform.id] = (now, fresh)
        return fresh

    async def _granted_to(self, platform: Platform) -> Granted:
        if not platform.is_provider:
            return {}
        return {
            resource.kind: frozenset(await granted_to(self._store, platform, resource))
            for resource in self._gear.table.resources.values()
        }

    async def _forget_removed(self, registered: set[str]) -> None:
        """Notes of platforms that are registered no more; a new registration begins anew."""
        for platform_id in self._read.keys() - registered:
            if await self._store.record(lane_key(platform_id)) is None:
                continue
            gone = [RecordDraft(key(platform_id), None) for key in (lane_key, sight_key)]
            for kind in (PARKED, SYNC):
                while page := await self._store.records(kind, parent=platform_id):
                    await write(self._store, *(RecordDraft(record.key, None) for record in page))
            await write(self._store, *gone)

    async def _obey(self) -> None:
        """What operators asked for, in whatever process, and parked objects whose time has come."""
        for record in await self._store.records(RESYNC):
            lane = self._lanes.get(record.key.id)
            if lane is not None:
                lane.refill()
                await write(self._store, RecordDraft(resync_key(record.key.id), None))
        now = self._gear.now() + 1
        for due in await self._store.records(PARKED, due_before=now, limit=MANY):
            await self._retry(due)

    async def _retry(self, record: Record) -> None:
        parked = read(record, Parked)
        lane = self._lanes.get(parked.platform)
        if lane is not None:
            await lane.retry(parked)

    # ------------------------------------------------------------------ noting

    async def _note_all(self) -> None:
        """Where the lanes stand, written together and lazily: after a crash at most something is
        repeated, nothing is lost."""
        while True:
            await asyncio.sleep(self._knobs.save_every)
            lanes = list(self._lanes.values())
            for start in range(0, len(lanes), NOTED):
                await self._note(lanes[start : start + NOTED])

    async def _note(self, lanes: Sequence[Lane]) -> None:
        notes = [note for lane in lanes if (note := lane.to_note()) is not None]
        try:
            await write(self._store, *(draft for note in notes for draft in note.drafts))
        except Exception:
            log.exception("lanes not noted", lanes=len(notes))
            return
        for note in notes:  # only now: a write cut off must not count
            note.written()

    # ------------------------------------------------------------------ holding

    async def _hold(self, platform_id: str) -> None:
        """Run the lane whenever its lease is ours; a fault restarts it after a pause."""
        name, pause = f"lane:{platform_id}", self._knobs.job_restart
        while True:
            lost = await self._leases.take(name)
            began = asyncio.get_running_loop().time()
            try:
                await self._run(platform_id, name, lost)
            except Exception:
                log.exception("lane failed", platform=platform_id)
            if asyncio.get_running_loop().time() - began > pause:  # as of other jobs: `supervise`
                pause = self._knobs.job_restart
            await asyncio.sleep(pause)
            pause = min(2 * pause, self._knobs.job_restart_limit)

    async def _run(self, platform_id: str, name: str, lost: Lost) -> None:
        platform, classes = self._live[platform_id]
        lane = Lane(platform, classes, self._gear)
        self._lanes[platform_id] = lane
        running = asyncio.create_task(lane.run())
        try:
            await asyncio.wait({running, lost}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
        finally:
            self._lanes.pop(platform_id, None)
            running.cancel()
            await asyncio.wait({running})
            if not lost.done():
                await self._give_back(lane, name)

    async def _give_back(self, lane: Lane, name: str) -> None:
        """A store that fails now must not hide that we were told to end."""
        try:
            await lane.close()
        except Exception:
            log.exception("lane not noted", name=name)
        finally:
            await self._leases.give_back(name)

    async def _end(self, platform_ids: Sequence[str]) -> None:
        tasks = [self._holds.pop(platform_id) for platform_id in platform_ids]
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                log.error("lane did not end well", reason=str(result))
