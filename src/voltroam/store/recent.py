"""What this process has just committed: the newest stretch of the feed, still in memory.

Those who follow the feed read each row moments after it was written; they need not ask the
database for what the writer has in its hands. Only a stretch without gap is kept: where another
process wrote in between it begins anew, and what is older is read from the database.
"""

from collections.abc import Sequence

from voltroam.store.group import Write
from voltroam.store.interface import ObjectKey, ObjectRow
from voltroam.store.rows import read_object

MOST_BYTES = 16 * 1024 * 1024
"""Of documents; beyond it the older half goes."""


class Recent:
    """Rows `changed` from the one after `_below` up to `_upto`, each number once."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._rows: list[ObjectRow] = []
        self._newest: dict[ObjectKey, int] = {}
        self._bytes = 0
        self._below = self._upto = -1

    def add(self, feed: int, writes: Sequence[Write]) -> None:
        """What was committed after the feed number `feed`."""
        self.remember(feed, [read_object(write.values) for write in writes])

    def remember(self, feed: int, rows: Sequence[ObjectRow]) -> None:
        """The same in rows; those that moved no number are among them."""
        moved = [row for row in rows if row.changed > feed]
        if len(moved) < len(rows) and any(row.key in self._newest for row in rows):
            self.clear()  # a row moved no number: what is kept of it is no longer all
        if feed != self._upto:
            self.clear()
            self._below = feed
        self._rows += moved
        self._upto = feed + len(moved)
        for row in moved:
            self._newest[row.key] = row.changed
            self._bytes += len(row.document)
        while self._bytes > self._most:
            self._shorten()

    def after(self, number: int, limit: int) -> list[ObjectRow] | None:
        """The rows after a feed number in their newest state; None if the database must tell."""
        if not self._below <= number < self._upto:
            return None
        newest, found = self._newest, list[ObjectRow]()
        for place in range(number - self._below, len(self._rows)):
            row = self._rows[place]
            if newest[row.key] == row.changed:
                found.append(row)
                if len(found) == limit:
                    break
        return found

    def clear(self) -> None:
        self._rows.clear()
        self._newest.clear()
        self._bytes = 0
        self._below = self._upto = -1

    def _shorten(self) -> None:
        gone = len(self._rows) // 2 + 1
        for row in self._rows[:gone]:
            self._bytes -= len(row.document)
            if self._newest[row.key] == row.changed:
                del self._newest[row.key]
        self._below += gone
        del self._rows[:gone]
