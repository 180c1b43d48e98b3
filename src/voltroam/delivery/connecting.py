"""What a hub does in the background beside what every node does: client info, signs of life."""

import asyncio
from dataclasses import dataclass

from voltroam.delivery.knobs import Knobs
from voltroam.delivery.log import Log
from voltroam.delivery.timetable import Pushes, always
from voltroam.roaming.hub.announcing import Announcing
from voltroam.roaming.hub.sharing import Sharings
from voltroam.roaming.one_party import OneParty
from voltroam.store.interface import Store

log = Log("voltroam.announcer")


@dataclass(frozen=True, slots=True)
class Connecting:
    """The parts of a hub that delivery works with."""

    sharings: Sharings
    announcing: Announcing
    alive_after: float = 300.0
    """Seconds of silence after which a party is asked whether it is still there."""
    collect: frozenset[str] = frozenset()
    """Kinds that are pulled although they are for one party each (sessions, CDRs)."""
    pushes: Pushes = always
    """`Freshness.pushes`: who does not push is pulled more often."""
    one_party: OneParty | None = None
    """Who has which name at partners that know the hub as one party."""


class Announcer:
    """Writes what moved of the parties' status; whichever process has the lease does it."""

    def __init__(self, store: Store, announcing: Announcing, knobs: Knobs, holder: str) -> None:
        self._store = store
        self._announcing = announcing
        self._knobs = knobs
        self._holder = holder

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if await self._store.lease("announcing", self._holder, self._knobs.lease):
                moved = await self._announcing.announce()
                if moved:
                    log.info("client info moved", parties=moved)
            await asyncio.sleep(self._knobs.poll)
