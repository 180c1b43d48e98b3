"""Records that no answer waits for: gathered, and written in groups soon after.

What a crash of the process loses is what was gathered in the last `within` seconds.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from voltroam.standard.errors import NodeError
from voltroam.store.interface import Change, Decision, EventDraft, RecordDraft, Store

WITHIN = 0.25
MOST = 20_000
"""Records that may wait; when the disk is gone the oldest go first."""
_GROUP = 200
"""Records in one change: the statements of a change run on the event loop."""
_Note = tuple[RecordDraft, EventDraft | None]


class Later:
    """Gathers drafts from any coroutine of one event loop; `close` writes the rest."""

    def __init__(
        self,
        store: Store,
        *,
        within: float = WITHIN,
        most: int = MOST,
        report: Callable[[NodeError], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._within = within
        self._most = most
        self._report = report
        self._waiting: list[_Note] = []
        self._turn = asyncio.Lock()
        self._writing: asyncio.Task[None] | None = None
        self.lost = 0
        """Records dropped because the disk refused them for too long."""

    def note(self, draft: RecordDraft, event: EventDraft | None = None) -> None:
        """Keep a record, and what it tells whoever listens."""
        if len(self._waiting) >= self._most:
            del self._waiting[0]
            self.lost += 1
        self._waiting.append((draft, event))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_soon())

    async def flush(self) -> bool:
        """Write what waits now; False if the disk refused.

        What comes meanwhile waits for its own turn: under load there would be a commit after the
        other, of a few records each.
        """
        async with self._turn:
            left = len(self._waiting)
            while left > 0 and self._waiting:
                group = self._waiting[: min(left, _GROUP)]
                del self._waiting[: len(group)]  # what is dropped meanwhile is none of these
                left -= len(group)
                try:
                    await self._store.apply(_written(group))
                except NodeError as fault:
                    self._put_back(group)
                    self._report(fault)
                    return False
                except asyncio.CancelledError:
                    self._put_back(group)
                    raise
        return True

    def _put_back(self, group: Sequence[_Note]) -> None:
        self._waiting[:0] = group
        over = max(0, len(self._waiting) - self._most)
        del self._waiting[:over]
        self.lost += over

    async def close(self) -> None:
        """Write the rest; what the disk refuses now is lost."""
        if self._writing is not None:
            self._writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writing
            self._writing = None
        if not await self.flush():
            self.lost += len(self._waiting)
            self._waiting.clear()

    async def _write_soon(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._within)
            await self.flush()
        self._writing = None


def _written(group: Sequence[_Note]) -> Change[None]:
    """The newest of each key."""
    records = tuple({draft.key: draft for draft, _ in group}.values())
    events = tuple(event for _, event in group if event is not None)
    decision = Decision(None, records=records, events=events)
    return Change(lambda _: decision)
