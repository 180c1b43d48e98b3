"""What delivery wrote down about a partner, and what operators ask of it, by records alone.

A running node reads what is asked here within a second, whichever process it is in.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from voltroam.delivery.records import (
    LEDGER,
    PARKED,
    QUARANTINE,
    SYNC,
    CdrEntry,
    LaneNote,
    Parked,
    Quarantined,
    SyncNote,
    draft,
    lane_key,
    load,
    read,
    resync_key,
    write,
)
from voltroam.holdings import Holdings, micros
from voltroam.roaming.platforms import Platform
from voltroam.standard.errors import NotFound
from voltroam.store.interface import Record, RecordDraft, RecordKey, Store
from voltroam.wire.times import format_datetime, from_micros

JOINT = "\x1f"


async def _all(store: Store, kind: str, parent: str | None = None) -> AsyncIterator[Record]:
    after = ""
    while page := await store.records(kind, parent=parent, after=after):
        for record in page:
            yield record
        after = page[-1].key.id


async def delivery_facts(holdings: Holdings, platform: Platform) -> dict[str, Any]:
    """How far the partner's lane is, what waits, and when each module was last pulled."""
    store = holdings.store
    note = await load(store, lane_key(platform.id), LaneNote)
    ledger: dict[str, int] = {}
    async for record in _all(store, LEDGER, platform.id):
        entry = read(record, CdrEntry)
        ledger[entry.state.value] = ledger.get(entry.state.value, 0) + 1
    return {
        "behind": None if note is None else max(0, await store.head() - note.cursor),
        "filling": note is not None and note.fill is not None,
        "stopped": note.stopped if note else None,
        "delivered": note.delivered if note else 0,
        "failed": note.failed if note else 0,
        "parked": len([1 async for _ in _all(store, PARKED, platform.id)]),
        "cdrs": ledger,
        "pulls": [
            _pull_facts(read(record, SyncNote)) async for record in _all(store, SYNC, platform.id)
        ],
    }


def _pull_facts(note: SyncNote) -> dict[str, Any]:
    return {
        "module": note.module,
        "last": moment(note.last),
        "full": moment(note.full),
        "reason": note.reason,
    }


def moment(micros_: int | None) -> str | None:
    return None if micros_ is None else format_datetime(from_micros(micros_))


async def parked(holdings: Holdings, platform: Platform) -> list[dict[str, Any]]:
    """Objects that the partner does not take, with its words."""
    found = []
    async for record in _all(holdings.store, PARKED, platform.id):
        note = read(record, Parked)
        found.append(
            {
                "module": note.key.kind,
                "owner": note.key.owner,
                "id": note.key.id.replace(JOINT, " "),
                "attempts": note.attempts,
                "http": note.http,
                "code": note.code,
                "reason": note.reason,
                "at": moment(note.at),
                "later": moment(note.later),
            }
        )
    return found


async def retry_parked(holdings: Holdings, platform: Platform) -> int:
    """Make all parked objects due now; how many."""
    now = micros()
    drafts = []
    async for record in _all(holdings.store, PARKED, platform.id):
        note = msgspec.structs.replace(read(record, Parked), later=now)
        drafts.append(draft(record.key, note, parent=platform.id, due=now))
    await write(holdings.store, *drafts)
    return len(drafts)


async def resync(holdings: Holdings, platform: Platform) -> None:
    """Everything it may see is sent anew, and everything it offers pulled in full."""
    drafts = [RecordDraft(resync_key(platform.id), b"{}", platform.id)]
    async for record in _all(holdings.store, SYNC, platform.id):
        note = msgspec.structs.replace(read(record, SyncNote), wanted_full=True)
        drafts.append(draft(record.key, note, parent=platform.id, due=micros()))
    await write(holdings.store, *drafts)


async def quarantined(holdings: Holdings) -> list[dict[str, Any]]:
    """Received objects that could not be used, without their documents."""
    names = {platform.id: platform.name for platform in await holdings.directory.all()}
    return [_quarantine_facts(record, names) async for record in _all(holdings.store, QUARANTINE)]


async def quarantined_one(holdings: Holdings, identifier: str) -> dict[str, Any]:
    """One of them with its document, which may be no object at all. Raises NotFound."""
    record = await holdings.store.record(RecordKey(QUARANTINE, identifier))
    if record is None:
        raise NotFound(f"There is no quarantined object {identifier}; see `quarantine list`")
    names = {platform.id: platform.name for platform in await holdings.directory.all()}
    document = msgspec.json.decode(read(record, Quarantined).document)
    return _quarantine_facts(record, names) | {"document": document}


def _quarantine_facts(record: Record, names: dict[str, str]) -> dict[str, Any]:
    note = read(record, Quarantined)
    return {
        "id": record.key.id,
        "partner": names.get(note.platform, note.platform),
        "module": note.module,
        "key": note.key,
        "at": moment(note.at),
        "problems": note.problems,
    }
