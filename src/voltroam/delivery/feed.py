"""One reader of the feed for all lanes of a process."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from voltroam.store.interface import ObjectKey, ObjectRow, Store

READ = 1000


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows of the feed in order, and the feed number up to which they are complete."""

    rows: list[ObjectRow]
    upto: int


class FeedTail:
    """Follows the feed and keeps its newest rows, so that 500 lanes cost one reader.

    A lane within the tail reads memory; a lane behind it reads the store itself.
    """

    def __init__(self, store: Store, keep: int) -> None:
        self._store = store
        self._keep = keep
        self._rows: list[ObjectRow] = []
        self._numbers: list[int] = []
        self._newest: dict[ObjectKey, ObjectRow] = {}
        self._floor = 0
        self._listeners: set[Callable[[], None]] = set()
        self.head = 0
        """The newest feed number that this process has seen."""

    def listen(self, listener: Callable[[], None]) -> None:
        """Calls it whenever there are new rows."""
        self._listeners.add(listener)

    def forget(self, listener: Callable[[], None]) -> None:
        self._listeners.discard(listener)

    async def run(self) -> None:
        """Follows until cancelled."""
        if not self.head:
            self.head = self._floor = await self._store.head()
            self._ring()
        while True:
            await self._store.wait_for_change(self.head, 5.0)
            while await self._advance():
                pass

    async def _advance(self) -> bool:
        rows = await self._store.feed(self.head, READ)
        if not rows:
            return False
        self._rows.extend(rows)
        self._numbers.extend(row.changed for row in rows)
        self._newest.update((row.key, row) for row in rows)
        self.head = rows[-1].changed
        self._trim()
        self._ring()
        return len(rows) == READ

    def _ring(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    def _trim(self) -> None:
        """Drops the older half at once, so that dropping costs little per row."""
        if len(self._rows) <= 2 * self._keep:
            return
        gone = len(self._rows) - self._keep
        for row in self._rows[:gone]:
            if self._newest.get(row.key) is row:
                del self._newest[row.key]
        self._floor = self._numbers[gone - 1]
        del self._rows[:gone]
        del self._numbers[:gone]

    def after(self, number: int, limit: int) -> Stretch | None:
        """Rows after a feed number that are still current; None if they are older than the tail."""
        if number < self._floor:
            return None
        start = bisect_right(self._numbers, number)
        part = self._rows[start : start + limit]
        if not part:
            return Stretch([], max(number, self.head))
        newest = self._newest
        return Stretch([row for row in part if newest[row.key] is row], part[-1].changed)

    async def current(self, row: ObjectRow) -> ObjectRow:
        """The same object in its newest state, from memory if the tail reaches back that far."""
        newest = self._newest.get(row.key)
        if newest is not None and newest.changed >= row.changed:
            return newest
        if row.changed > self._floor:
            return row
        held = await self._store.get(row.key)
        return row if held is None or held.changed <= row.changed else held

    async def read(self, number: int, limit: int) -> Stretch:
        """Rows after a feed number, from memory if they are there, otherwise from the store."""
        near = self.after(number, limit)
        if near is not None:
            return near
        rows = await self._store.feed(number, limit)
        return Stretch(rows, rows[-1].changed if rows else max(number, self._floor))


async def reached(store: Store, moment: int | None) -> int:
    """The feed number at a moment (µs); the head for None. Nothing later is below it."""
    high = await store.head()
    low = high if moment is None else 0
    while moment is not None and low < high:
        middle = (low + high) // 2
        rows = await store.feed(middle, 1)
        if rows and rows[0].stored_at < moment:
            low = rows[0].changed
        else:
            high = middle
    return high
