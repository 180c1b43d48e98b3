"""Objects that one partner does not take: set aside, visible, never in the way of others."""

from voltroam.delivery.outcome import Verdict
from voltroam.delivery.ports import Now
from voltroam.delivery.records import PARKED, Parked, draft, parked_key, read, write
from voltroam.delivery.wanted import Entry
from voltroam.store.interface import ObjectKey, RecordDraft, Store


class Parking:
    """The parked objects of one platform, in memory and on record (CORE-OFF-04)."""

    def __init__(self, store: Store, platform: str, now: Now) -> None:
        self._store = store
        self._platform = platform
        self._now = now
        self._parked: dict[ObjectKey, Parked] = {}

    def __len__(self) -> int:
        return len(self._parked)

    async def load(self) -> None:
        after = ""
        while page := await self._store.records(PARKED, parent=self._platform, after=after):
            for record in page:
                parked = read(record, Parked)
                self._parked[parked.key] = parked
            after = page[-1].key.id

    def get(self, key: ObjectKey) -> Parked | None:
        return self._parked.get(key)

    def has(self, key: ObjectKey, changed: int) -> bool:
        """Was this very state refused?"""
        parked = self._parked.get(key)
        return parked is not None and parked.changed >= changed

    async def park(self, entry: Entry, verdict: Verdict, later: float | None) -> None:
        """Until it changes, an operator says so, or `later` seconds have passed."""
        key, now = entry.row.key, self._now()
        due = None if later is None else now + int(later * 1_000_000)
        before = self._parked.get(key)
        parked = self._parked[key] = Parked(
            platform=self._platform,
            key=key,
            changed=entry.row.changed,
            since=entry.since,
            reason=verdict.reason,
            attempts=1 if before is None else before.attempts + 1,
            http=verdict.http,
            code=verdict.code,
            at=now,
            later=due,
        )
        record = parked_key(self._platform, key)
        await write(self._store, draft(record, parked, parent=self._platform, due=due))

    async def clear(self, key: ObjectKey) -> None:
        """It arrived, or is gone."""
        if self._parked.pop(key, None) is not None:
            await write(self._store, RecordDraft(parked_key(self._platform, key), None))
