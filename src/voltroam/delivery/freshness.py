"""How fresh is what a hub holds of each platform: when it last pushed, when it was last pulled."""

from typing import NamedTuple

from voltroam.delivery.ports import Now
from voltroam.delivery.records import SEPARATOR, SYNC, SyncNote, read
from voltroam.roaming.later import Later
from voltroam.store.interface import RecordDraft, RecordKey, Store

PUSHED = "pushed"
"""Record kind: the document is when a platform last pushed objects of a kind (µs)."""
SECOND = 1_000_000
STEP = 60 * SECOND
"""A platform that pushes all the time is noted this often (µs)."""


class Fresh(NamedTuple):
    """Of one module. Microseconds since 1970 UTC; None: never."""

    pushed: int | None
    pulled: int | None

    @property
    def newest(self) -> int | None:
        known = [moment for moment in self if moment is not None]
        return max(known, default=None)


class Freshness:
    """Notes pushes; whoever did not push for `within` seconds is pulled more often."""

    def __init__(self, store: Store, later: Later, now: Now, *, within: float = 86_400.0) -> None:
        self._store = store
        self._later = later
        self._now = now
        self._within = int(within * SECOND)
        self._noted: dict[RecordKey, int] = {}

    def pushed(self, platform_id: str, kind: str) -> None:
        """It just did; the note is written soon."""
        key, now = _key(platform_id, kind), self._now()
        if now - self._noted.get(key, -STEP) >= STEP:
            self._noted[key] = now
            self._later.note(RecordDraft(key, str(now).encode(), platform_id))

    async def pushes(self, platform_id: str, kind: str) -> bool:
        """Whether we may count on its pushes."""
        record = await self._store.record(_key(platform_id, kind))
        return record is not None and self._now() - int(record.document) < self._within

    async def of(self, platform_id: str) -> dict[str, Fresh]:
        """By module, for operators."""
        pushed = {
            record.key.id.partition(SEPARATOR)[2]: int(record.document)
            for record in await self._store.records(PUSHED, parent=platform_id)
        }
        notes = [read(one, SyncNote) for one in await self._store.records(SYNC, parent=platform_id)]
        pulled = {note.module: note.last for note in notes}
        return {
            name: Fresh(pushed.get(name), pulled.get(name))
            for name in sorted(pushed.keys() | pulled.keys())
        }


def _key(platform_id: str, kind: str) -> RecordKey:
    return RecordKey(PUSHED, SEPARATOR.join((platform_id, kind)))
