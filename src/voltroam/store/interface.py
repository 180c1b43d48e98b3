"""The whole of what the floors above know about storage.

A node holds *objects* (documents as received, one feed of changes), *records* (our own small
administrative documents: platforms, lanes, ledger rows, parked objects) and *events* (append-only,
for the host). All writes go through `apply`: a change names the rows that it reads and a pure
function that decides what to write. Changes in flight share one transaction and one fsync; each
caller is answered only after its commit.

What passes here for every write is a msgspec Struct: a dataclass takes ten times as long to make.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, Protocol, TypeVar

import msgspec

R = TypeVar("R")

HELD = ""
"""Audience of an object that somebody else owns: no partner sees it on a SENDER list."""

PRIVATE = "-"
"""Audience of an own object that never leaves."""


class ObjectKey(NamedTuple):
    """Identity of an object: kind, owner `NL/AAA` folded, id folded (parts joined by U+001F)."""

    kind: str
    owner: str
    id: str


class RecordKey(NamedTuple):
    kind: str
    id: str


class Former(NamedTuple):
    """An audience that an object once had, and the feed number at which it lost it."""

    audience: str
    left: int


class ObjectRow(msgspec.Struct, frozen=True):
    """One object as it stands. Times are microseconds since 1970 UTC."""

    key: ObjectKey
    version: str
    """OCPI version of the document, e.g. `2.2.1`."""
    document: bytes
    """As received, until a change re-encodes it; of a tombstone the last state."""
    last_updated: int
    audience: str
    sources: frozenset[str] = frozenset()
    """Ids of the platforms that gave it to us; empty for own objects."""
    notes: bytes | None = None
    """JSON list of the problems that lenient reading kept."""
    sidecar: bytes | None = None
    """JSON object: what the document's version cannot carry."""
    former: tuple[Former, ...] = ()
    deleted: bool = False
    stored_at: int = 0
    """When the last change arrived, by our clock."""
    created: int = 0
    """Feed number of its creation: never moves, the order of lists."""
    changed: int = 0
    """Feed number of its last change: the order of the feed."""
    revision: int = 0


class ObjectDraft(msgspec.Struct, frozen=True):
    """An object as a change wants it; the store fills the numbers, stored_at and former.

    A draft whose audience differs from the held row's appends the old one to `former`.
    `quiet` keeps `changed` (a new source or note alone is no change for partners), unless the
    audience differs; `alike` keeps it then too, and `stored_at`: the same partners see either.
    `again` moves an object in which nothing changed: what partners are told of it did.
    """

    key: ObjectKey
    version: str
    document: bytes
    last_updated: int
    audience: str
    sources: frozenset[str] = frozenset()
    notes: bytes | None = None
    sidecar: bytes | None = None
    deleted: bool = False
    quiet: bool = False
    alike: bool = False
    again: bool = False


class Record(msgspec.Struct, frozen=True):
    """A small document of our own. `parent` groups (parked objects), `due` orders work."""

    key: RecordKey
    document: bytes
    parent: str = ""
    due: int | None = None
    revision: int = 0


class RecordDraft(msgspec.Struct, frozen=True):
    """A record as a change wants it; `document=None` removes it.

    `new`: its id was drawn by lot for it, so that nobody needs to look whether it is there.
    """

    key: RecordKey
    document: bytes | None
    parent: str = ""
    due: int | None = None
    new: bool = False


class EventDraft(msgspec.Struct, frozen=True):
    type: str
    key: str
    document: bytes


class Event(msgspec.Struct, frozen=True):
    sequence: int
    at: int
    type: str
    key: str
    document: bytes


class Held(msgspec.Struct, frozen=True):
    """The rows that a change asked for, as they stand inside its transaction."""

    objects: Mapping[ObjectKey, ObjectRow]
    records: Mapping[RecordKey, Record]
    now: int
    """Microseconds since 1970 UTC, by our clock."""


class Decision(msgspec.Struct, Generic[R], frozen=True):
    """What a change writes, all or nothing, and what its caller gets after the commit."""

    result: R
    objects: Sequence[ObjectDraft] = ()
    records: Sequence[RecordDraft] = ()
    events: Sequence[EventDraft] = ()


class Change(msgspec.Struct, Generic[R], frozen=True):
    """A write: the keys it reads, and a pure function from what is held to what to write.

    `decide` may run more than once (conflict, retry) and must have no effect of its own. What it
    raises reaches the caller of `apply`, and only that caller.
    """

    decide: Callable[[Held], Decision[R]]
    objects: Sequence[ObjectKey] = ()
    records: Sequence[RecordKey] = ()


@dataclass(frozen=True, slots=True)
class PageQuery:
    """One page of a list, oldest created first; tombstones are hidden.

    `cursor` is the `created` number after which to go on and wins over `offset`.
    Times in microseconds: `date_from` inclusive, `date_to` exclusive, on last_updated.
    """

    kind: str
    audiences: tuple[str, ...]
    limit: int
    offset: int = 0
    cursor: int | None = None
    date_from: int | None = None
    date_to: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    documents: list[bytes]
    total: int
    """All that match the filters and audiences, whatever offset and limit."""
    next: int | None
    """The cursor of the next page; None on the last one."""
    versions: tuple[str, ...] = ()
    """Version of each document, in order."""
    sidecars: tuple[bytes | None, ...] = ()
    """What stands beside each document, in order."""


@dataclass(frozen=True, slots=True)
class Health:
    """What `voltroam db check` reports."""

    ok: bool
    details: Mapping[str, str] = field(default_factory=dict)


class Store(Protocol):
    """Both back ends, any number of processes on one database."""

    epoch: str
    """Names this life of the database; a restore changes it."""

    async def apply(self, change: Change[R]) -> R:
        """Durable when it returns. Raises Overloaded, NodeError (disk), or what decide raised."""
        ...

    async def get(self, key: ObjectKey) -> ObjectRow | None:
        """Tombstones come too; look at `deleted`."""
        ...

    async def page(self, query: PageQuery) -> Page: ...

    async def feed(self, after: int, limit: int) -> list[ObjectRow]:
        """Rows with `changed` > after in that order: no reader ever skips a late commit."""
        ...

    async def head(self) -> int:
        """The newest feed number."""
        ...

    def scan(
        self, kind: str, *, owner: str | None = None, after: int = 0
    ) -> AsyncIterator[ObjectRow]:
        """Live rows of a kind (and owner) with `created` > after, in that order, in pieces."""
        ...

    async def record(self, key: RecordKey) -> Record | None: ...

    async def records(
        self,
        kind: str,
        *,
        parent: str | None = None,
        due_before: int | None = None,
        after: str = "",
        limit: int = 1000,
    ) -> list[Record]:
        """By id, or by due time (up to and with `due_before`, microseconds) when that is given."""
        ...

    async def events(self, after: int, limit: int) -> list[Event]: ...

    async def record_kinds(self) -> list[str]:
        """The kinds of records that there are."""
        ...

    async def oldest_event(self) -> int:
        """Sequence of the oldest event kept (0: none ever purged)."""
        ...

    async def newest_event(self) -> int:
        """Sequence of the newest event; 0: there never was one."""
        ...

    async def rewrite_events(self, events: Sequence[Event]) -> None:
        """Give kept events another type, key and document: for erasure, nothing else."""
        ...

    async def forget(self, rows: Sequence[tuple[ObjectKey, int]]) -> int:
        """Remove objects whole, without a tombstone: no partner hears of it. How many went.

        Each goes only if it still has the revision beside it.
        """
        ...

    async def scrub(self) -> None:
        """Leave no trace on disk of what was removed or overwritten, as far as the database can."""
        ...

    async def purge(self, *, tombstones_before: int, events_before: int) -> int:
        """Drop tombstones with `changed` <= the first, events older than the second (µs). Count.

        In pieces with pauses, so that writers go on meanwhile.
        """
        ...

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take or keep a named lease by the database's own clock; False while another holds it."""
        ...

    async def leases(self, names: Sequence[str], holder: str, seconds: float) -> frozenset[str]:
        """`lease` of many in one write: those that are now the holder's."""
        ...

    async def release(self, name: str, holder: str) -> None: ...

    async def wait_for_change(self, after: int, timeout: float) -> int:
        """The head once it is > after, seen within 250 ms whoever wrote, or at the timeout."""
        ...

    async def check(self) -> Health: ...

    async def close(self) -> None:
        """Finish what is queued, then close."""
        ...
