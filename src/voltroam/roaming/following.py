"""Following the feed: what changes in the store, in order, for those who draw conclusions from it.

The place is a record (`following`), so that nothing is missed over a restart; what was in hand
when a process died is taken again, so `take` must bear repeats. One process follows at a time.

Who follows for the first time begins at the feed's end, unless there is already something that
what lies before can be about: a million sessions say nothing to a node that never booked one.
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
    """Hands `take` each row of these kinds as it changes, tombstones included.

    `about` and `noted`: kinds of objects and of records. While there is none of them, nothing in
    the feed can matter.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        kinds: Collection[str],
        take: Callable[[ObjectRow], Awaitable[None]],
        *,
        about: Collection[str],
        noted: Collection[str] = (),
    ) -> None:
        self._store = store
        self._key = RecordKey(FOLLOWING, name)
        self._kinds = frozenset(kinds)
        self._take = take
        self._about = tuple(about)
        self._noted = tuple(noted)

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
        if record is not None:
            return msgspec.json.decode(record.document, type=int)
        # Read before the question: what comes first meanwhile has a later place.
        head = await self._store.head()
        if await self._is_begun():
            return 0
        await self._note(head)
        return head

    async def _is_begun(self) -> bool:
        for kind in self._noted:
            if await self._store.records(kind, limit=1):
                return True
        for kind in self._about:
            async for _ in self._store.scan(kind):
                return True
        return False

    async def _note(self, after: int) -> None:
        draft = RecordDraft(self._key, msgspec.json.encode(after))

        def decide(_held: Held) -> Decision[None]:
            return Decision(None, records=(draft,))

        await self._store.apply(Change(decide))
