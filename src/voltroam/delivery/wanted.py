"""What a lane still has to deliver, in memory: one entry per object, the newest state wins."""

import asyncio
import heapq
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from voltroam.delivery.sight import FOREVER
from voltroam.store.interface import ObjectKey, ObjectRow


@dataclass(slots=True)
class Entry:
    """One object to be looked at and, if need be, sent."""

    row: ObjectRow
    since: int
    """Feed number of the newest state that the partner may have; -1: none."""
    oldest: int
    """The oldest change that it stands for; FOREVER if it comes from a fill only."""
    entered: float
    """When the first of those changes came (loop time)."""
    attempts: int = 0
    mark: int = 0
    """Deliveries of the lane when this entry first failed."""
    patching: bool = False
    """Its last request may have been a PATCH."""
    doubt: bool = False
    """A PATCH ended in doubt: ask the partner before sending (OCPI 2.2.1 §transport, PATCH)."""

    @property
    def live(self) -> bool:
        return self.oldest != FOREVER

    def absorb(self, newer: "Entry") -> None:
        """Takes the newer state and keeps what is older: the burst becomes one delivery."""
        if newer.row.changed > self.row.changed:
            self.row = newer.row
            self.attempts = 0
        self.since = min(self.since, newer.since)
        self.oldest = min(self.oldest, newer.oldest)
        self.doubt = self.doubt or newer.doubt


def at_once(entry: Entry) -> float:
    """Nothing is held back."""
    return 0.0


class Wanted:
    """Entries by object; live changes go before fills; never two of one object in flight.

    `hold` says until when (loop time) a live change waits for its turn.
    """

    def __init__(self, hold: Callable[[Entry], float] = at_once) -> None:
        self._hold = hold
        self._held: dict[ObjectKey, Entry] = {}
        self._turns: list[tuple[float, ObjectKey]] = []
        """When the held ones may go, soonest first; may name some that have gone."""
        self._live: OrderedDict[ObjectKey, Entry] = OrderedDict()
        self._fill: OrderedDict[ObjectKey, Entry] = OrderedDict()
        self._flying: dict[ObjectKey, Entry] = {}
        self._behind: dict[ObjectKey, Entry] = {}
        self.landed = asyncio.Event()
        """Set when an entry lands or is dropped, then replaced by a new one."""

    def _ring(self) -> None:
        self.landed.set()
        self.landed = asyncio.Event()

    def __len__(self) -> int:
        """Entries that wait."""
        return len(self._live) + len(self._fill) + len(self._behind) + len(self._held)

    @property
    def flying(self) -> int:
        return len(self._flying)

    @property
    def live(self) -> int:
        return len(self._live) + len(self._behind)

    @property
    def filling(self) -> int:
        return len(self._fill)

    @property
    def ready(self) -> bool:
        """Is there one that may be taken now?"""
        return bool(self._live) or bool(self._fill)

    def add(self, entry: Entry) -> None:
        key = entry.row.key
        if key in self._held:
            self._held[key].absorb(entry)
            self._let_go(key)
        elif key in self._flying:
            self._join(self._behind, key, entry)
        elif key not in self._live and entry.live and (until := self._hold(entry)):
            self._keep(entry, until)
        elif key in self._fill and entry.live:
            old = self._fill.pop(key)
            old.absorb(entry)
            self._live[key] = old
        elif key in self._fill:
            self._fill[key].absorb(entry)
        else:
            self._join(self._live if entry.live or key in self._live else self._fill, key, entry)

    def _keep(self, entry: Entry, until: float) -> None:
        key = entry.row.key
        filling = self._fill.pop(key, None)
        if filling is not None:
            entry.absorb(filling)
        self._held[key] = entry
        heapq.heappush(self._turns, (until, key))

    def _let_go(self, key: ObjectKey) -> None:
        """What may not be held any more takes its place among the live ones."""
        if not self._hold(self._held[key]):
            entry = self._held.pop(key)
            self._join(self._live, key, entry)

    def release(self, now: float) -> float | None:
        """Let go of those whose turn has come; the moment of the next, if there is one."""
        while self._turns:
            until, key = self._turns[0]
            if key in self._held and until > now:
                return until
            heapq.heappop(self._turns)
            if key in self._held:
                self._join(self._live, key, self._held.pop(key))
        return None

    @staticmethod
    def _join(queue: dict[ObjectKey, Entry], key: ObjectKey, entry: Entry) -> None:
        if key in queue:
            queue[key].absorb(entry)
        else:
            queue[key] = entry

    def take(self) -> Entry | None:
        """The next one; it is in flight until `land`."""
        queue = self._live or self._fill
        if not queue:
            return None
        key, entry = queue.popitem(last=False)
        self._flying[key] = entry
        return entry

    def land(self, entry: Entry, *, again: bool = False) -> None:
        """Its request ended; `again` puts it back at the end, joined with what came meanwhile."""
        key = entry.row.key
        self._ring()
        self._flying.pop(key, None)
        behind = self._behind.pop(key, None)
        if again:
            if behind is not None:
                entry.absorb(behind)
            self.add(entry)
        elif behind is not None:
            self.add(behind)

    def _queues(self) -> tuple[dict[ObjectKey, Entry], ...]:
        return self._live, self._fill, self._flying, self._behind, self._held

    def __contains__(self, key: ObjectKey) -> bool:
        """Is anything of the object open?"""
        return any(key in queue for queue in self._queues())

    def drop(self, which: Callable[[Entry], bool]) -> list[ObjectKey]:
        """Forgets those that wait and that `which` names."""
        gone = []
        for queue in (self._live, self._fill, self._behind, self._held):
            keys = [key for key, entry in queue.items() if which(entry)]
            for key in keys:
                del queue[key]
            gone += keys
        self._ring()
        return [key for key in gone if key not in self._flying]

    def _all(self) -> Iterator[Entry]:
        yield from self._live.values()
        yield from self._flying.values()
        yield from self._behind.values()

    def settled(self, read: int) -> int:
        """The feed number up to which nothing is open, when the lane has read up to `read`."""
        entries = (*self._all(), *self._held.values())
        return min((entry.oldest - 1 for entry in entries if entry.live), default=read)

    def eldest(self) -> float | None:
        """When the change that waits longest came in (loop time); who is held back does not."""
        return min((entry.entered for entry in self._all() if entry.live), default=None)
