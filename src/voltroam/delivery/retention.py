"""What is kept only for a while, and what is renewed every month: under a lease, once per node."""

import asyncio
from collections.abc import Awaitable, Callable

from voltroam.delivery.knobs import Knobs
from voltroam.delivery.log import Log
from voltroam.delivery.ports import Now, Platforms
from voltroam.delivery.records import (
    HORIZON_KEY,
    LANE,
    Horizon,
    LaneNote,
    draft,
    load,
    read,
    write,
)
from voltroam.roaming.platforms import Platform, Status
from voltroam.standard.errors import OcpiError
from voltroam.store.interface import Store

log = Log("voltroam.retention")

SECOND = 1_000_000
Rotate = Callable[[Platform], Awaitable[object]]
IsBehind = Callable[[Platform], bool]


class Retention:
    """Purges tombstones that every live lane has passed, old events; rotates old tokens."""

    def __init__(
        self,
        store: Store,
        platforms: Platforms,
        *,
        knobs: Knobs,
        now: Now,
        holder: str,
        rotate: Rotate | None,
        is_behind: IsBehind = lambda _: False,
    ) -> None:
        self._store = store
        self._platforms = platforms
        self._knobs = knobs
        self._now = now
        self._holder = holder
        self._rotate = rotate
        self._is_behind = is_behind
        self._not_before: dict[str, int] = {}
        self._failures: dict[str, int] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if await self._store.lease("retention", self._holder, 2 * self._knobs.retention_every):
                await self.purge()
            await asyncio.sleep(self._knobs.retention_every)

    async def renew(self) -> None:
        """Until cancelled: keep tokens young and partners told."""
        while True:
            if await self._store.lease("renewal", self._holder, 60 + self._knobs.renew_every):
                await self.rotate()
            await asyncio.sleep(self._knobs.renew_every)

    async def purge(self) -> int:
        """Tombstones below every live lane, and events that are too old. How many went."""
        now = self._now()
        passed = await self.passed()
        horizon = await load(self._store, HORIZON_KEY, Horizon)
        if horizon is None or horizon.purged < passed:
            await write(self._store, draft(HORIZON_KEY, Horizon(passed)))
        before = now - int(self._knobs.events_kept * SECOND)
        return await self._store.purge(tombstones_before=passed, events_before=before)

    async def passed(self) -> int:
        """The feed number that every lane has passed which noted anything lately."""
        passed = await self._store.head()
        dead = self._now() - int(self._knobs.lane_dead_after * SECOND)
        after = ""
        while page := await self._store.records(LANE, after=after):
            for record in page:
                note = read(record, LaneNote)
                if note.saved_at >= dead:
                    passed = min(passed, note.cursor)
            after = page[-1].key.id
        return passed

    async def rotate(self) -> None:
        """New tokens where the old ones are a month old, or where a partner must be told of new
        endpoints or roles: both are one PUT of our credentials (CORE-REG-27, CORE-VER-20)."""
        if self._rotate is None:
            return
        limit = self._now() - int(self._knobs.rotate_every * SECOND)
        for platform in await self._platforms.all():
            since = platform.rotated_at or platform.registered_at
            wanted = platform.is_registered and platform.status is Status.CONNECTED
            due = self._is_behind(platform) or (since is not None and since <= limit)
            again = self._not_before.get(platform.id, 0)
            if not wanted or platform.paused or not due or again > self._now():
                continue
            try:
                await self._rotate(platform)
            except OcpiError as fault:
                self._wait(platform)
                log.warning("rotation failed", platform=platform.name, reason=fault.message)
            else:
                self._failures.pop(platform.id, None)

    def _wait(self, platform: Platform) -> None:
        """Each try may leave a token that the partner could have taken: tries become rare."""
        failures = self._failures[platform.id] = self._failures.get(platform.id, 0) + 1
        pause = self._knobs.retention_every * 2.0 ** min(failures - 1, 20)
        pause = min(self._knobs.daily, pause)
        self._not_before[platform.id] = self._now() + int(pause * SECOND)
