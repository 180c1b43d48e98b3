"""Our own durable notes about delivery, as store records.

Kinds: `lane` and `lane_sight` (one per platform), `parked` (an object that a partner refuses),
`cdr_ledger` (one per CDR), `sync` (one per platform and module), `quarantine`, `decision`,
`horizon`.
"""

from enum import StrEnum
from typing import TypeVar

import msgspec

from voltroam.store.interface import (
    Change,
    Decision,
    Held,
    ObjectKey,
    Record,
    RecordDraft,
    RecordKey,
    Store,
)

LANE = "lane"
LANE_SIGHT = "lane_sight"
PARKED = "parked"
LEDGER = "cdr_ledger"
SYNC = "sync"
QUARANTINE = "quarantine"
DECISION = "decision"
HORIZON = "horizon"
RESYNC = "resync"

SEPARATOR = "|"

T = TypeVar("T", bound=msgspec.Struct)


class Fill(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a fill of all objects got: positions before `created` of one kind are done."""

    kind: str
    owner: str
    created: int = 0
    since: int = -1
    """The newest state that the partner may have of what is not yet filled; -1: unknown or none."""
    kept: dict[str, list[str]] = {}
    """Classes seen before and now: what has not changed after `since` is there already."""


class LaneNote(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a lane knows after a restart. Feed numbers; times in microseconds."""

    cursor: int
    """Every change up to here is settled: delivered, parked or none of the partner's business."""
    born: int
    """The head when the lane began: what lost visibility before was never shown."""
    epoch: str
    classes: dict[str, list[str]] = {}
    """Audience classes by kind, as last delivered."""
    lost: dict[str, list[str]] = {}
    """Classes that the partner no longer sees and whose objects are still to be withdrawn."""
    fill: Fill | None = None
    stopped: str | None = None
    """Why the partner's answers stopped the lane, for the operator."""
    delivered: int = 0
    failed: int = 0
    saved_at: int = 0
    apart: bool = False
    """The classes stand in `LaneSight`: those of a hub are many, and seldom move."""


class LaneSight(msgspec.Struct, frozen=True):
    """The classes of a lane whose note is `apart`."""

    classes: dict[str, list[str]]


class Parked(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An object that one partner does not take; it waits for a change, a time or an operator."""

    platform: str
    key: ObjectKey
    changed: int
    """The state that failed."""
    since: int
    """Feed number of the last state that the partner may have, to judge lost visibility."""
    reason: str
    attempts: int = 1
    http: int | None = None
    code: int | None = None
    at: int = 0
    later: int | None = None
    """When it is tried again by itself; None: when it changes or an operator says so."""


class CdrState(StrEnum):
    READY = "READY"
    ATTEMPTED = "ATTEMPTED"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    UNCERTAIN = "UNCERTAIN"
    NEEDS_PERSON = "NEEDS_PERSON"


class CdrEntry(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One CDR on its way to the one platform that gets it (OCPI 2.2.1 §mod_cdrs)."""

    key: ObjectKey
    platform: str
    to: str
    """The party in `cdr_token`, folded: it keeps its claim when the platform changes."""
    state: CdrState
    sends: int = 0
    """How often the bytes left."""
    url: str | None = None
    """The `Location` that the partner gave."""
    code: int | None = None
    reason: str | None = None
    at: int = 0
    tries: int = 0
    """Delays so far."""
    restored: bool = False
    """The database was restored: what left before is unknown."""


class SyncNote(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was last pulled of one module of one platform. Times in microseconds."""

    platform: str
    module: str
    newest: int | None = None
    """The newest `last_updated` seen; a pull by date starts before it."""
    last: int | None = None
    full: int | None = None
    reason: str | None = None
    """Why the last pull failed."""
    wanted_full: bool = False
    attempts: int = 0
    epoch: str = ""
    """The life of the database in which this is true; after a restore all is pulled in full."""
    introduced: int | None = None
    """When the partner had last sent its credentials: when it does so again all is pulled."""


class Quarantined(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A received object that is unusable, with the reasons."""

    platform: str
    module: str
    at: int
    document: msgspec.Raw
    problems: list[dict[str, str]] = []
    key: str | None = None


class Question(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Something that only an operator may decide: too many objects vanished at once."""

    platform: str
    module: str
    at: int
    vanished: int
    held: int
    ids: list[str] = []


class Horizon(msgspec.Struct, frozen=True):
    """Tombstones up to this feed number are purged; a lane below it is filled anew."""

    purged: int


def lane_key(platform: str) -> RecordKey:
    return RecordKey(LANE, platform)


def sight_key(platform: str) -> RecordKey:
    return RecordKey(LANE_SIGHT, platform)


async def classes_in(store: Store, platform: str, note: LaneNote) -> dict[str, list[str]]:
    """The classes as last delivered, wherever they stand."""
    if not note.apart:
        return note.classes
    sight = await load(store, sight_key(platform), LaneSight)
    return {} if sight is None else sight.classes


def parked_key(platform: str, key: ObjectKey) -> RecordKey:
    return RecordKey(PARKED, SEPARATOR.join((platform, *key)))


def ledger_key(key: ObjectKey) -> RecordKey:
    """One row per CDR: its party has one route, so a CDR never goes out on two."""
    return RecordKey(LEDGER, SEPARATOR.join(key))


def resync_key(platform: str) -> RecordKey:
    return RecordKey(RESYNC, platform)


def sync_key(platform: str, module: str) -> RecordKey:
    return RecordKey(SYNC, SEPARATOR.join((platform, module)))


def decision_key(platform: str, module: str) -> RecordKey:
    return RecordKey(DECISION, SEPARATOR.join((platform, module)))


HORIZON_KEY = RecordKey(HORIZON, "feed")


def read(record: Record, shape: type[T]) -> T:
    return msgspec.json.decode(record.document, type=shape)


def draft(
    key: RecordKey, note: msgspec.Struct, *, parent: str = "", due: int | None = None
) -> RecordDraft:
    return RecordDraft(key, msgspec.json.encode(note), parent, due)


def writing(*drafts: RecordDraft) -> Change[None]:
    """A change that writes records whatever they were."""

    def decide(held: Held) -> Decision[None]:
        return Decision(None, records=drafts)

    return Change(decide)


async def load(store: Store, key: RecordKey, shape: type[T]) -> T | None:
    record = await store.record(key)
    return None if record is None else read(record, shape)


async def write(store: Store, *drafts: RecordDraft) -> None:
    if drafts:
        await store.apply(writing(*drafts))
