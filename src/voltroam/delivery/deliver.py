"""Delivery as the rest of the node sees it: run, stop, and what operators ask of it."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import msgspec

from voltroam.delivery.alive import Alive
from voltroam.delivery.cdr_ledger import CdrLedger
from voltroam.delivery.connecting import Announcer, Connecting
from voltroam.delivery.copies import Copies
from voltroam.delivery.courier import Courier
from voltroam.delivery.feed import FeedTail
from voltroam.delivery.gear import Gear, LaneStats
from voltroam.delivery.jobs import supervise
from voltroam.delivery.knobs import Knobs
from voltroam.delivery.lanes import Lanes
from voltroam.delivery.operators import Operators
from voltroam.delivery.ports import Calls, Now, Platforms
from voltroam.delivery.pulling import Pulling
from voltroam.delivery.reclassing import Reclassing
from voltroam.delivery.retention import IsBehind, Retention, Rotate
from voltroam.delivery.shelf import Shelf
from voltroam.delivery.sync import Progress, PullReport
from voltroam.delivery.timetable import always
from voltroam.delivery.turnstile import Turnstile
from voltroam.roaming.bridging import Bridging
from voltroam.roaming.marks import Marks
from voltroam.roaming.narrowing import Narrowing
from voltroam.roaming.platforms import Identity, Platform, Status
from voltroam.standard.endpoints import Table
from voltroam.store.interface import ObjectKey, Store

Job = tuple[str, Callable[[], Awaitable[None]]]


class Delivery:
    """Lanes, ledger, sync and jobs of one process; any number of processes on one store.

    `rotate` gives a partner new tokens (`Registration.rotate`); without it tokens stay.
    `is_behind` tells whether a partner has yet to learn of our endpoints and roles. `connecting` is
    what a hub has beside.
    """

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
        rotate: Rotate | None = None,
        is_behind: IsBehind = lambda _: False,
        sync: bool = True,
        connecting: Connecting | None = None,
        bridging: Bridging | None = None,
    ) -> None:
        self._store = store
        self._directory = directory
        self._knobs = knobs = knobs or Knobs()
        chance, holder = chance or random.SystemRandom(), holder or uuid4().hex
        self._tail = FeedTail(store, knobs.tail_rows)
        self._pulling = Pulling(
            store, directory, calls, identity, table,
            now=now, knobs=knobs, chance=chance, holder=holder,
            collect=connecting.collect if connecting else (),
            pushes=connecting.pushes if connecting else always,
            bridging=bridging,
        )  # fmt: skip
        self.quarantine = self._pulling.quarantine
        self.timetable = self._pulling.timetable
        self._presence = self._pulling.presence
        self._ledger = CdrLedger(store, calls, table, knobs, now, bridging=bridging)
        marks = Marks(store, known_for=knobs.marks_known)
        narrowing = Narrowing(store, identity, table, now=now, wait=knobs.marks_settle)
        reclassing = Reclassing(
            store, directory, identity, table, knobs=knobs, now=now, holder=holder
        )
        gear = Gear(
            store=store,
            table=table,
            tail=self._tail,
            courier=Courier(
                calls, table, Shelf(knobs.shelf_bytes), marks,
                copies=Copies(identity.parties()[0]) if connecting else None,
                bridging=bridging,
                one_party=connecting.one_party if connecting else None,
            ),
            ledger=self._ledger,
            marks=marks,
            turnstile=Turnstile(knobs.at_once),
            knobs=knobs,
            now=now,
            chance=chance,
            known_limit=self._known_limit,
            offline=self._presence.offline,
            connected=self._presence.connected,
            hub=connecting is not None,
        )  # fmt: skip
        self._lanes = Lanes(
            gear, directory, identity, holder, connecting.sharings if connecting else None
        )
        self._operators = Operators(store, directory, now)
        self.retention = Retention(
            store, directory, knobs=knobs, now=now, holder=holder, rotate=rotate,
            is_behind=is_behind,
        )  # fmt: skip
        self._jobs: list[Job] = [
            ("feed", self._tail.run), ("lanes", self._lanes.run), ("narrowing", narrowing.run),
            ("classes", reclassing.run),
        ]  # fmt: skip
        if sync:
            self._jobs += [
                ("sync", self.timetable.run),
                ("retention", self.retention.run),
                ("renewal", self.retention.renew),
            ]
        if connecting is not None:
            alive = Alive(
                store, directory, calls, self._presence, table,
                after=connecting.alive_after, now=now, knobs=knobs, holder=holder,
            )  # fmt: skip
            announcer = Announcer(store, connecting.announcing, knobs, holder)
            self._jobs += [("alive", alive.run), ("announcer", announcer.run)]
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Until `stop`, after which it may run again: whatever fails is logged and begun again."""
        jobs = [
            asyncio.create_task(supervise(name, job, self._knobs), name=name)
            for name, job in self._jobs
        ]
        try:
            await self._stopping.wait()
        finally:
            for job in reversed(jobs):
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            self._stopping.clear()

    async def stop(self) -> None:
        """Ends `run` once each lane has noted where it stands."""
        self._stopping.set()

    async def contact(self, platform_id: str) -> None:
        """A platform called us: whatever waits for it goes at once."""
        platform = await self._directory.platform(platform_id)
        if platform is not None and platform.status is Status.OFFLINE:
            await self._presence.connected(platform_id)
        self._lanes.wake(platform_id)

    def heard(self, platform_id: str) -> None:
        """A platform that we did not miss called us: what waits after a fault is tried soon."""
        self._lanes.heard(platform_id)

    # -- pull -----------------------------------------------------------------------------------

    async def pull(
        self,
        platform: Platform,
        module: str,
        *,
        full: bool = False,
        progress: Progress = lambda report: None,
        force: bool = False,
    ) -> PullReport:
        """Pull one module now. `force`: objects that vanished are gone, however many.

        Raises the PartnerError family when the list ends early, CallerError for no such list.
        """
        return await self._pulling.pull(platform, module, full=full, progress=progress, force=force)

    def modules(self, platform: Platform) -> list[str]:
        """What can be pulled from a partner."""
        return self._pulling.modules(platform)

    # -- operators ------------------------------------------------------------------------------

    async def resync(self, platform: Platform) -> None:
        """Send everything once more, whichever process delivers to it."""
        await self._operators.resync(platform)

    async def pause(self, platform: Platform) -> None:
        """Deliver nothing until `resume`; nothing is lost."""
        await self._directory.update(platform.id, lambda it: _paused(it, True))

    async def resume(self, platform: Platform) -> None:
        await self._directory.update(platform.id, lambda it: _paused(it, False))

    async def parked(self, platform: Platform) -> list[dict[str, Any]]:
        """Objects that the partner does not take, with the reason of each."""
        return await self._operators.parked(platform)

    async def retry_parked(self, platform: Platform) -> int:
        """Try all of them again; a running node does within a second. How many."""
        return await self._operators.retry_parked(platform)

    async def facts(self, platform: Platform) -> dict[str, Any]:
        """Where delivery to a partner stands, from the records: any process may ask."""
        return await self._operators.facts(platform)

    async def cdrs(self, platform: Platform) -> list[dict[str, Any]]:
        """The ledger of one partner: the fate of each CDR."""
        return await self._operators.cdrs(platform)

    async def retry_cdr(self, key: ObjectKey) -> bool:
        """A person decided: send the CDR again. False if it was accepted already or is unknown."""
        platform_id = await self._operators.retry_cdr(key)
        if platform_id is None:
            return False
        self._ledger.wake(platform_id)
        return True

    async def questions(self) -> list[dict[str, Any]]:
        """What only an operator may decide; `pull(..., full=True, force=True)` says yes."""
        return await self._operators.questions()

    # -- figures --------------------------------------------------------------------------------

    def stats(self) -> list[LaneStats]:
        """Of the lanes that this process runs."""
        return self._lanes.stats()

    async def at_rest(self) -> bool:
        """Everything that this process can deliver is delivered."""
        await self._lanes.look()
        return self._tail.head >= await self._store.head() and self._lanes.idle()

    def _known_limit(self) -> int:
        return max(1000, self._knobs.known_objects // max(1, len(self._lanes)))


def _paused(platform: Platform, paused: bool) -> Platform:
    return msgspec.structs.replace(platform, paused=paused)
