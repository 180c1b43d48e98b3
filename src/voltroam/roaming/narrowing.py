"""An own object, a tariff, is for certain parties only: the operator says so.

Who loses sight of it gets its DELETE, and what names it again without its id; who gains sight gets
both. In three steps, each of which may be repeated: the mark and the object's class in one
transaction; a wait until every process knows the mark; then all that names the object is written
anew with a later `last_updated`. What a process that died left undone, `run` of another one does.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from voltroam.roaming.audience import audience_of
from voltroam.roaming.directory import Directory
from voltroam.roaming.keys import object_key
from voltroam.roaming.marks import KNOWN_FOR, MARK, Mark, mark_key, only, read_mark
from voltroam.roaming.platforms import Identity, Phase
from voltroam.roaming.received import received_in
from voltroam.roaming.redating import in_class, show_anew
from voltroam.roaming.settle import event
from voltroam.roaming.weigh import is_private
from voltroam.standard.endpoints import Resource, Table
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.parties import PartyId
from voltroam.store.interface import (
    HELD,
    Change,
    Decision,
    Held,
    ObjectDraft,
    ObjectKey,
    ObjectRow,
    RecordDraft,
    Store,
)

SETTLE = 1.5 * KNOWN_FOR
"""Seconds until every process knows a mark."""
LOOK = 5.0
"""Seconds between looks at what another process left undone."""
MOST = 200
"""Parties of one object: they stand in its audience class, which is an indexed column."""
_PARTY = re.compile(r"[A-Z]{2}/[A-Z0-9]{1,3}\Z", re.IGNORECASE)


class Narrowed(msgspec.Struct, frozen=True):
    """What became of it."""

    key: ObjectKey
    parties: tuple[str, ...] | None
    """Who alone sees the object, folded; None: all partners."""
    held: bool
    """False: there is no such object yet; the mark is for when it comes."""
    shown_anew: int = 0
    """Objects that name it and were written anew."""


class Narrowing:
    """`wait` (s) must be longer than any process knows marks; `now` gives microseconds."""

    def __init__(
        self,
        store: Store,
        identity: Identity,
        table: Table,
        *,
        now: Callable[[], int],
        wait: float = SETTLE,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._identity = identity
        self._table = table
        self._now = now
        self._wait = wait
        self._sleep = sleep

    async def show(
        self,
        resource: Resource,
        owner: PartyId,
        identifier: str,
        parties: Sequence[PartyId] | None,
    ) -> Narrowed:
        """Only these parties see the object from now on; None: all partners again.

        Done when all is written; lanes deliver it. Raises CallerError for a kind that is not
        narrowed or a list of parties that cannot be, NotFound for an owner that is not ours.
        """
        key = self._key(resource, owner, identifier)
        wanted = None if parties is None else _folded(parties)

        def decide(held: Held) -> Decision[tuple[bool, bool]]:
            row = held.objects.get(key)
            there = row is not None and not row.deleted
            record = held.records.get(mark_key(key))
            if only(held, key) == wanted:
                return Decision((there, record is not None and record.due is not None))
            moved = _classed(resource, row, self._identity, held, wanted)
            due = held.now + round(self._wait * 1e6)
            mark = msgspec.json.encode(Mark(key, wanted))
            return Decision(
                (there, True),
                objects=moved,
                records=(RecordDraft(mark_key(key), mark, key.owner, due),),
                events=tuple(event(key, "changed") for _ in moved),
            )

        change = Change(decide, objects=(key,), records=(mark_key(key),))
        there, open_ = await self._store.apply(change)
        if not open_:
            return Narrowed(key, wanted, there)
        await self._sleep(self._wait)
        return Narrowed(key, wanted, there, await self._settle(resource, key))

    async def parties(
        self, resource: Resource, owner: PartyId, identifier: str
    ) -> tuple[str, ...] | None:
        """Who alone sees an object, folded; None: all partners."""
        record = await self._store.record(mark_key(self._key(resource, owner, identifier)))
        return None if record is None else read_mark(record.document).parties

    async def all(self) -> list[Mark]:
        """All objects that are for certain parties only, by key."""
        found: list[Mark] = []
        after = ""
        while page := await self._store.records(MARK, after=after):
            found += [read_mark(record.document) for record in page]
            after = page[-1].key.id
        return [mark for mark in found if mark.parties is not None]

    async def run(self) -> None:
        """Until cancelled: finish what a process began that is no more."""
        while True:
            await self._sleep(LOOK)
            await self.look()

    async def look(self, grace: float = LOOK) -> int:
        """Settle marks that have been due for so long (s). How many."""
        before = self._now() - round(grace * 1e6)
        due = await self._store.records(MARK, due_before=before)
        for record in due:
            key = read_mark(record.document).key
            await self._settle(self._table.resources[key.kind], key)
        return len(due)

    # -- below ----------------------------------------------------------------------------------

    def _key(self, resource: Resource, owner: PartyId, identifier: str) -> ObjectKey:
        if not resource.narrowable:
            raise CallerError(f"{resource.kind} are never for certain partners only")
        if not any(owner.same(one) for one in self._identity.parties(*resource.owner_roles)):
            raise NotFound(f"{owner} is no party of ours that has {resource.kind}")
        return object_key(resource, owner, {resource.key[0]: identifier})

    async def _settle(self, resource: Resource, key: ObjectKey) -> int:
        """Write anew what names the object; how many. The mark is done with, if it still stands."""
        before = await self._store.record(mark_key(key))
        await self._store.apply(self._reclassed(resource, key))
        count = await show_anew(self._store, self._table, key)

        def decide(held: Held) -> Decision[None]:
            now = held.records.get(mark_key(key))
            if now is None or before is None or now.revision != before.revision:
                return Decision(None)
            gone = read_mark(now.document).parties is None
            document = None if gone else now.document
            return Decision(None, records=(RecordDraft(now.key, document, now.parent),))

        await self._store.apply(Change(decide, records=(mark_key(key),)))
        return count

    def _reclassed(self, resource: Resource, key: ObjectKey) -> Change[None]:
        """An object that came just while it was marked gets its class."""

        def decide(held: Held) -> Decision[None]:
            row = held.objects.get(key)
            moved = _classed(resource, row, self._identity, held, only(held, key))
            return Decision(None, objects=moved, events=tuple(event(key, "changed") for _ in moved))

        return Change(decide, objects=(key,), records=(mark_key(key),))


async def parties_named(directory: Directory, names: Sequence[str]) -> tuple[PartyId, ...]:
    """The parties behind names of partners, and parties themselves (`DE/MSP`).

    Raises NotFound for a partner that is not there, CallerError for one that has no party yet.
    """
    found: dict[str, PartyId] = {}
    for name in names:
        platform = await directory.by_name(name)
        if platform is None or platform.phase is Phase.REMOVED:
            if not _PARTY.match(name):
                raise NotFound(f"There is no partner {name}; a party is written CC/PID")
            country, _, code = name.partition("/")
            parties: tuple[PartyId, ...] = (PartyId(country, code),)
        else:
            parties = platform.parties()
            if not parties:
                raise CallerError(f"{name} has not said its parties yet: name them, as CC/PID")
        found |= {party.folded: party for party in parties}
    return tuple(found.values())


def _folded(parties: Sequence[PartyId]) -> tuple[str, ...]:
    folded = tuple(sorted({party.folded for party in parties}))
    if not folded or len(folded) > MOST:
        raise CallerError(f"1 to {MOST} parties are needed; an object for nobody is private")
    for name in folded:
        if not _PARTY.match(name):
            raise CallerError(f"{name} is no party: it is written CC/PID")
    return folded


def _classed(
    resource: Resource,
    row: ObjectRow | None,
    identity: Identity,
    held: Held,
    parties: Sequence[str] | None,
) -> tuple[ObjectDraft, ...]:
    """The object in its class, if that is another one now; its `last_updated` is raised, so that
    whoever pulls by date finds it."""
    if row is None or row.deleted or row.audience == HELD:
        return ()
    country, _, code = row.key.owner.partition("/")
    audience = audience_of(
        resource, row.document, PartyId(country, code), identity,
        private=is_private(row), only=parties, foreign=received_in(row.sidecar) is not None,
        now=held.now,
    )  # fmt: skip
    if audience == row.audience:
        return ()
    return (in_class(row, audience, held.now),)
