"""How forwarding went, per receiver and five minutes: counts, not calls, so that a day is small.

Each process counts for itself and writes its counts behind the answers; whoever wants to know adds
them up. What a crash loses is what was counted since the last write.
"""

import asyncio
from collections.abc import Callable, Mapping
from uuid import uuid4

import msgspec

from voltroam.roaming.directory import Directory
from voltroam.roaming.hub.health import BOUNDS_MS, Count
from voltroam.roaming.hub.trace import Hop
from voltroam.roaming.later import Later
from voltroam.roaming.platforms import Status
from voltroam.roaming.timed import before, time_of
from voltroam.standard.status import StatusCode
from voltroam.store.interface import RecordDraft, RecordKey, Store

TALLY = "hub_tally"
"""Record kind of `Count`; the newest come first, the parent is the platform's id."""
SECOND = 1_000_000
WINDOW = 300 * SECOND
KEPT = 86_400 * SECOND
LOOK = 5.0
"""Seconds between two looks at who is connected; counts of calls are written with each."""
FLUSH = 12
"""Looks between two writes of what was seen of platforms that nobody called."""
SILENT = frozenset({StatusCode.FORWARD_TIMEOUT, StatusCode.CONNECTION_PROBLEM})


class Tally:
    """Counts in this process, reads what all processes counted. `now` in µs."""

    def __init__(
        self, store: Store, directory: Directory, later: Later, now: Callable[[], int]
    ) -> None:
        self._store = store
        self._directory = directory
        self._later = later
        self._now = now
        self._process = uuid4().hex[:8]
        self._open: dict[tuple[int, str], Count] = {}
        self._called: set[tuple[int, str]] = set()
        self._seen: set[tuple[int, str]] = set()

    def note(self, hop: Hop) -> None:
        """A call was answered; only one that was passed on, or should have been, counts."""
        if hop.platform is None:
            return
        count = self._count(hop.platform, self._called)
        count.calls += 1
        if hop.code in SILENT:
            count.silent += 1
        elif hop.code == StatusCode.HUB_ERROR and hop.fault is not None:
            count.unusable += 1
        if hop.there_ms is not None:
            count.time(hop.there_ms)

    async def run(self) -> None:
        """Until cancelled: look who is connected, and write."""
        looks = 0
        while True:
            await self.look()
            looks += 1
            self.write(all_of_it=looks % FLUSH == 0)
            await asyncio.sleep(LOOK)

    async def look(self) -> None:
        """Once: who is connected."""
        for platform in await self._directory.all():
            if platform.is_registered and platform.status in (Status.CONNECTED, Status.OFFLINE):
                count = self._count(platform.id, self._seen)
                count.looks += 1
                count.connected += platform.status is Status.CONNECTED

    def write(self, *, all_of_it: bool = True) -> None:
        """Hand what moved to the writer; otherwise only what is of platforms that were called."""
        for window, platform in self._called | self._seen if all_of_it else set(self._called):
            id_ = f"{before(window)}{platform}.{self._process}"
            document = msgspec.json.encode(self._open[window, platform])
            due = window + KEPT
            self._later.note(RecordDraft(RecordKey(TALLY, id_), document, platform, due))
            self._called.discard((window, platform))
            self._seen.discard((window, platform))
        current = self._now() // WINDOW * WINDOW
        self._open = {
            at: count for at, count in self._open.items() if at[0] >= current or at in self._seen
        }

    async def since(self, moment: int) -> Mapping[str, Count]:
        """By platform, of all processes, from the window on that this moment (µs) is in."""
        self.write()
        await self._later.flush()
        found: dict[str, Count] = {}
        first, after = moment // WINDOW * WINDOW, ""
        while page := await self._store.records(TALLY, after=after):
            for record in page:
                if time_of(record.key.id) < first:
                    return found
                found.setdefault(record.parent, Count()).add(_COUNT.decode(record.document))
            after = page[-1].key.id
        return found

    def _count(self, platform: str, moved: set[tuple[int, str]]) -> Count:
        at = (self._now() // WINDOW * WINDOW, platform)
        moved.add(at)
        count = self._open.get(at)
        if count is None:
            count = self._open[at] = Count(times=[0] * (len(BOUNDS_MS) + 1))
        return count


_COUNT = msgspec.json.Decoder(Count)
