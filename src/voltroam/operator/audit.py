"""The audit: who did what to what, when, and what came of it. Lines are only ever added."""

from collections.abc import Callable

import msgspec

from voltroam.operator.asked import Who
from voltroam.roaming.timed import timed_id
from voltroam.store.interface import Change, Decision, Held, RecordDraft, RecordKey, Store

AUDIT = "audit"
"""Record kind of `Line`, newest first."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One act. `target` is the path below `/operator/v1` with token uids left out."""

    id: str
    at: int
    """Microseconds since 1970 UTC."""
    who: str
    """Name of the key; `local command line`: a command on the node's own machine."""
    scope: str
    what: str
    target: str
    status: int
    """The HTTP status of the answer: 2xx, it was done."""


class Audit:
    def __init__(self, store: Store, now: Callable[[], int]) -> None:
        self._store = store
        self._now = now

    async def note(self, who: Who, what: str, target: str, status: int) -> None:
        now = self._now()
        line = Line(
            id=timed_id(now),
            at=now,
            who=who.name,
            scope=who.scope.value,
            what=what,
            target=target,
            status=status,
        )

        def decide(_held: Held) -> Decision[None]:
            draft = RecordDraft(RecordKey(AUDIT, line.id), msgspec.json.encode(line))
            return Decision(None, records=(draft,))

        await self._store.apply(Change(decide))

    async def lines(self, limit: int, after: str = "") -> list[Line]:
        """The newest first, older than `after`, the id of a line."""
        found = await self._store.records(AUDIT, after=after, limit=limit)
        return [msgspec.json.decode(one.document, type=Line) for one in found]
