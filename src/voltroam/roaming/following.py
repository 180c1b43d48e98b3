"""Following the feed: what changes in the store, in order, for those who draw conclusions from it.

The place is a record (`following`), so that nothing is missed over a restart; what was in hand
when a process died is taken again, so `take` must bear repeats. One process follows at a time.
"""

from collections.abc import Awaitable, Callable, Collection

import msgspec

from voltroam.store.interface import (
    Change,
    Decision,
    Held,
    ObjectRow,
    RecordDraft,
    RecordKey,
    Store,
)

FOLLOWING = "following"
PAGE = 500
PAGES = 20
"""Read in one look: a long history is gone through once, piece by piece, and never twice."""


class Following:
    """Hands `take` each row of these kinds as it changes, tombstones included."""

    def __init__(
        self,
        store: Store,
        name: str,
        kinds: Collection[str],
        take: Callable[[ObjectRow], Awaitable[None]],
    ) -> None:
        self._store = store
        self._key = RecordKey(FOLLOWING, name)
        self._kinds = frozenset(kinds)
        self._take = take

    async def look(self) -> None:
        """Take what changed since the last look, so much at a time that a lease outlives it.

        Under a lease, for the place is read once.
        """
        after = await self._place()
        for _ in range(PAGES):
            if not (rows := await self._store.feed(after, PAGE)):
                return
            for row in rows:
                if row.key.kind in self._kinds:
                    await self._take(row)
            after = rows[-1].changed
            await self._note(after)

    async def _place(self) -> int:
        record = await self._store.record(self._key)
        return 0 if record is None else msgspec.json.decode(record.document, type=int)

    async def _note(self, after: int) -> None:
        draft = RecordDraft(self._key, msgspec.json.encode(after))

        def decide(_held: Held) -> Decision[None]:
            return Decision(None, records=(draft,))

        await self._store.apply(Change(decide))
