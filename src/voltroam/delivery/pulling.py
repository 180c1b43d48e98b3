"""Pull one list of one partner now: what both the background work and a command do."""

import random
from collections.abc import Collection
from uuid import uuid4

from voltroam.delivery.knobs import Knobs
from voltroam.delivery.ports import Calls, Now, Platforms
from voltroam.delivery.presence import Presence
from voltroam.delivery.quarantine import Quarantine
from voltroam.delivery.records import SyncNote, load, sync_key
from voltroam.delivery.sync import Progress, PullReport, Sync
from voltroam.delivery.timetable import Pushes, Timetable, always
from voltroam.roaming.bridging import Bridging
from voltroam.roaming.platforms import Identity, Platform
from voltroam.standard.endpoints import Table
from voltroam.store.interface import Store


class Pulling:
    """Reads lists, notes how far it came, and sets aside what cannot be used."""

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
        collect: Collection[str] = (),
        pushes: Pushes = always,
        bridging: Bridging | None = None,
    ) -> None:
        self._store = store
        knobs = knobs or Knobs()
        chance, holder = chance or random.SystemRandom(), holder or uuid4().hex
        self.quarantine = Quarantine(store, directory, identity, table, now, bridging=bridging)
        self._sync = Sync(
            store, calls, identity, table, quarantine=self.quarantine, knobs=knobs, now=now,
            collect=collect, bridging=bridging,
        )  # fmt: skip
        self.timetable = Timetable(
            store, directory, self._sync, knobs=knobs, now=now, chance=chance, holder=holder,
            pushes=pushes,
        )  # fmt: skip
        self.presence = Presence(directory, self.timetable.returned)

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
        note = await load(self._store, sync_key(platform.id, module), SyncNote)
        report = await self._sync.pull(
            platform, module, full=full, note=note, progress=progress, force=force
        )
        if note is None:
            note = SyncNote(
                platform=platform.id, module=module, epoch=self._store.epoch,
                introduced=platform.introduced_at,
            )  # fmt: skip
        await self.timetable.done(note, report)
        await self.presence.connected(platform.id)
        return report

    def modules(self, platform: Platform) -> list[str]:
        """What can be pulled from a partner."""
        return self._sync.modules(platform)
