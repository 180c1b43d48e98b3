"""Delivery as the rest of the node sees it: run, stop, and what operators ask of it."""

import asyncio
import random
from uuid import uuid4

from voltroam.delivery.cdr_ledger import CdrLedger
from voltroam.delivery.courier import Courier
from voltroam.delivery.diff import patch_between
from voltroam.delivery.feed import FeedTail
from voltroam.delivery.jobs import supervise
from voltroam.delivery.knobs import Knobs
from voltroam.delivery.lane import Gear, LaneStats
from voltroam.delivery.lanes import Lanes
from voltroam.delivery.ports import Calls, Now, Platforms
from voltroam.delivery.presence import Presence
from voltroam.delivery.shelf import Shelf
from voltroam.roaming.platforms import Identity, Status
from voltroam.standard.endpoints import Table
from voltroam.store.interface import Store


class Delivery:
    """Lanes, ledger, sync and jobs of one process; any number of processes on one store."""

    def __init__(
        self,
        store: Store,
        directory: Platforms,
        calls: Calls,
        identity: Identity,
        table: Table,
        *,
        now: Now,
        knobs: Knobs | None = None,
        chance: random.Random | None = None,
        holder: str | None = None,
        sync: bool = True,
    ) -> None:
        self._store = store
        self._directory = directory
        self._knobs = knobs or Knobs()
        self._tail = FeedTail(store, self._knobs.tail_rows)
        self._presence = Presence(directory, self._returned)
        shelf = Shelf(self._knobs.shelf_bytes, patch_between)
        gear = Gear(
            store=store,
            table=table,
            tail=self._tail,
            courier=Courier(calls, table, shelf),
            ledger=CdrLedger(store, calls, table, self._knobs, now),
            knobs=self._knobs,
            now=now,
            chance=chance or random.SystemRandom(),
            known_limit=self._known_limit,
            offline=self._presence.offline,
            connected=self._presence.connected,
        )
        self._lanes = Lanes(gear, directory, identity, holder or uuid4().hex)
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Until `stop`: whatever fails is logged and begun again."""
        jobs = [
            asyncio.create_task(supervise("feed", self._tail.run, self._knobs)),
            asyncio.create_task(supervise("lanes", self._lanes.run, self._knobs)),
        ]
        try:
            await self._stopping.wait()
        finally:
            for job in reversed(jobs):
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)

    async def stop(self) -> None:
        """Ends `run` once each lane has noted where it stands."""
        self._stopping.set()

    async def contact(self, platform_id: str) -> None:
        """A platform called us: whatever waits for it goes at once."""
        platform = await self._directory.platform(platform_id)
        if platform is not None and platform.status is Status.OFFLINE:
            await self._presence.connected(platform_id)
        self._lanes.wake(platform_id)

    def stats(self) -> list[LaneStats]:
        """Of the lanes that this process runs."""
        return self._lanes.stats()

    async def at_rest(self) -> bool:
        """Everything that this process can deliver is delivered."""
        await self._lanes.look()
        return self._tail.head >= await self._store.head() and self._lanes.idle()

    def _known_limit(self) -> int:
        return max(1000, self._knobs.known_objects // max(1, len(self._lanes)))

    async def _returned(self, platform_id: str) -> None:
        return None
