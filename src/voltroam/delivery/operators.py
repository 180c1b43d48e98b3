"""What operators see of delivery and ask of it: all by records, from any process."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from voltroam.delivery.ports import Now, Platforms
from voltroam.delivery.records import (
    DECISION,
    LEDGER,
    PARKED,
    SYNC,
    CdrEntry,
    CdrState,
    LaneNote,
    Parked,
    Question,
    SyncNote,
    T,
    draft,
    lane_key,
    ledger_key,
    load,
    parked_key,
    read,
    resync_key,
    write,
)
from voltroam.roaming.keys import spelled
from voltroam.roaming.platforms import Platform
from voltroam.standard.errors import CallerError
from voltroam.store.interface import ObjectKey, RecordDraft, Store


class Operators:
    """Reads and writes the records that lanes and ledger obey."""

    def __init__(self, store: Store, platforms: Platforms, now: Now) -> None:
        self._store = store
        self._platforms = platforms
        self._now = now

    async def resync(self, platform: Platform) -> None:
        """CallerError for a partner with which we are not registered."""
        if not platform.is_registered:
            raise CallerError(f"{platform.name} is not registered")
        await write(self._store, RecordDraft(resync_key(platform.id), b"{}"))

    async def parked(self, platform: Platform) -> list[dict[str, Any]]:
        return [
            {
                "object": spelled(one.key),
                "reason": one.reason,
                "http": one.http,
                "code": one.code,
                "attempts": one.attempts,
                "at": one.at,
                "later": one.later,
            }
            async for one in self._all(PARKED, platform.id, Parked)
        ]

    async def retry_parked(self, platform: Platform) -> int:
        now, count = self._now(), 0
        async for one in self._all(PARKED, platform.id, Parked):
            again = msgspec.structs.replace(one, later=now)
            key = parked_key(platform.id, one.key)
            await write(self._store, draft(key, again, parent=platform.id, due=now))
            count += 1
        return count

    async def retry_cdr(self, key: ObjectKey) -> str | None:
        """A person decided: send it once more. The id of the platform that it goes to.

        None if there is no such entry or it is settled.
        """
        entry = await load(self._store, ledger_key(key), CdrEntry)
        if entry is None or entry.state is CdrState.ACCEPTED:
            return None
        now = self._now()
        again = msgspec.structs.replace(entry, state=CdrState.READY, at=now, sends=0, tries=0)
        await write(self._store, draft(ledger_key(key), again, parent=entry.platform, due=now))
        return entry.platform

    async def cdrs(self, platform: Platform) -> list[dict[str, Any]]:
        return [
            {
                "object": spelled(one.key),
                "state": one.state.value,
                "url": one.url,
                "code": one.code,
                "reason": one.reason,
                "sends": one.sends,
                "at": one.at,
            }
            async for one in self._all(LEDGER, platform.id, CdrEntry)
        ]

    async def questions(self, platform: Platform | None = None) -> list[dict[str, Any]]:
        """What only an operator may decide, about one partner or about all."""
        found = []
        async for one in self._all(DECISION, platform.id if platform else None, Question):
            asked = platform or await self._platforms.platform(one.platform)
            name = one.platform if asked is None else asked.name
            found.append({**msgspec.to_builtins(one), "partner": name})
        return found

    async def brief(self, platform: Platform) -> dict[str, Any]:
        """Of `facts` what costs little whatever there is: `lag` and `parked`."""
        note = await load(self._store, lane_key(platform.id), LaneNote)
        parked = 0
        async for _ in self._all(PARKED, platform.id, Parked):
            parked += 1
        head = await self._store.head()
        return {"lag": None if note is None else max(0, head - note.cursor), "parked": parked}

    async def facts(self, platform: Platform) -> dict[str, Any]:
        """`lag` in changes of the whole feed, whoever they concern."""
        note = await load(self._store, lane_key(platform.id), LaneNote)
        states = dict.fromkeys(CdrState, 0)
        async for entry in self._all(LEDGER, platform.id, CdrEntry):
            states[entry.state] += 1
        synced = {
            one.module: {"last": one.last, "full": one.full, "reason": one.reason}
            async for one in self._all(SYNC, platform.id, SyncNote)
        }
        return {
            **await self.brief(platform),
            "filling": note is not None and note.fill is not None,
            "delivered": 0 if note is None else note.delivered,
            "failed": 0 if note is None else note.failed,
            "stopped": None if note is None else note.stopped,
            "cdrs": {state.value: count for state, count in states.items() if count},
            "pulled": synced,
        }

    async def _all(self, kind: str, parent: str | None, shape: type[T]) -> AsyncIterator[T]:
        after = ""
        while page := await self._store.records(kind, parent=parent, after=after):
            for record in page:
                yield read(record, shape)
            after = page[-1].key.id
