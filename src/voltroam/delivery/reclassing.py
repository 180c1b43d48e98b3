"""Keeps the classes of stored objects right where time or the settings change them.

At the start of a node, under a lease: all objects are judged anew if the versions that we speak or
the bridge's rules are not those that they were judged by; in pieces, continued after a restart.
From then on, by the clock: a tariff that begins is shown to versions that know no start and end,
one that ended is taken back from them.
"""

import asyncio

from voltroam.bridge.passage import has_older_than_home
from voltroam.delivery.knobs import Knobs
from voltroam.delivery.log import Log
from voltroam.delivery.ports import Now, Platforms
from voltroam.delivery.records import write
from voltroam.roaming.bridging import spoken_by
from voltroam.roaming.platforms import Identity
from voltroam.roaming.reclass import Basis, basis_of, finished, is_seen_alike, judged, noted, wanted
from voltroam.roaming.redating import in_class, show_anew
from voltroam.roaming.settle import event
from voltroam.roaming.turns import TURN, read_turn, turn_key, turns
from voltroam.standard.endpoints import Resource, Table
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import VERSIONS
from voltroam.store.interface import (
    Change,
    Decision,
    Held,
    ObjectDraft,
    ObjectKey,
    ObjectRow,
    Record,
    RecordDraft,
    Store,
)

log = Log("voltroam.classes")

LEASE = "classes"
PIECE = 200
"""Objects that are judged between two notes of how far the pass got."""


class Reclassing:
    """Of one process; `now` gives microseconds."""

    def __init__(
        self,
        store: Store,
        platforms: Platforms,
        identity: Identity,
        table: Table,
        *,
        knobs: Knobs,
        now: Now,
        holder: str,
    ) -> None:
        self._store = store
        self._platforms = platforms
        self._identity = identity
        self._table = table
        self._knobs = knobs
        self._now = now
        self._holder = holder

    async def run(self) -> None:
        """Until cancelled. Where no version is spoken that lacks something, it ends with the pass
        and waits."""
        while True:
            if await self._look():
                await asyncio.Event().wait()
            await asyncio.sleep(self._knobs.turns_every)

    async def _look(self) -> bool:
        """Do what is due, if it is ours to do; True if nothing more can be."""
        if wanted(await basis_of(self._store), self._identity) is not None:
            if not await self._leased():
                return False
            await self.judge()
        if not has_older_than_home(VERSIONS[one] for one in self._identity.versions):
            return True
        if await self._leased():
            await self.turn()
        return False

    async def _leased(self) -> bool:
        return await self._store.lease(LEASE, self._holder, 10 * self._knobs.turns_every)

    # -- all objects ----------------------------------------------------------------------------

    async def judge(self) -> int:
        """Judge all objects that are not yet judged by what we speak now. How many moved."""
        due = wanted(await basis_of(self._store), self._identity)
        if due is None:
            return 0
        moved = 0
        for resource in self._table.resources.values():
            rows: list[ObjectRow] = []
            after = due.done.get(resource.kind, 0)
            async for row in self._store.scan(resource.kind, after=after):
                rows.append(row)
                if len(rows) == PIECE:
                    moved += await self._piece(resource, rows, due)
                    due.done[resource.kind] = rows[-1].created
                    rows = []
                    await write(self._store, noted(due))
                    if not await self._leased():
                        return moved  # another process does the rest
            moved += await self._piece(resource, rows, due)
        await write(self._store, noted(finished(due)))
        if moved:
            log.info("classes judged anew", moved=moved)
        return moved

    async def _piece(self, resource: Resource, rows: list[ObjectRow], due: Basis) -> int:
        now = self._now()
        changes = [
            self._store.apply(self._judged(resource, row.key, due))
            for row in rows
            if judged(resource, row, self._identity, now) != row.audience
            or turns(resource, _as_it_is(row), self._identity, now)
        ]
        return sum(await asyncio.gather(*changes))

    def _judged(self, resource: Resource, key: ObjectKey, due: Basis) -> Change[bool]:
        """Partners hear of it only if one of them sees the object no more, or does now."""

        def decide(held: Held) -> Decision[bool]:
            row = held.objects.get(key)
            if row is None or row.deleted:
                return Decision(False)
            audience = judged(resource, row, self._identity, held.now)
            turning = turns(resource, _as_it_is(row), self._identity, held.now)
            if audience == row.audience:
                return Decision(False, records=turning)
            alike = is_seen_alike(resource, row.audience, audience, due)
            draft = _as_it_is(row, audience, alike=alike)
            return Decision(True, objects=(draft,), records=turning)

        return Change(decide, objects=(key,))

    # -- by the clock ---------------------------------------------------------------------------

    async def turn(self) -> int:
        """Judge the objects whose moment has come. How many moved."""
        due = await self._store.records(TURN, due_before=self._now())
        return sum([await self._turned(record) for record in due])

    async def _turned(self, note: Record) -> bool:
        key = read_turn(note.document)
        resource = self._table.resources[key.kind]
        moved = await self._store.apply(self._turning(resource, key))
        if moved and await self._is_heard():
            await show_anew(self._store, self._table, key, ours=self._is_ours(key))
        await self._store.apply(self._settled(resource, key, note))
        return moved

    def _is_ours(self, key: ObjectKey) -> bool:
        country, _, code = key.owner.partition("/")
        return self._identity.holds(PartyId(country, code))

    async def _is_heard(self) -> bool:
        """Whether a partner may be told another id than before by what names the object."""
        found = [it for it in await self._platforms.all() if it.is_registered]
        return has_older_than_home(spoken_by(platform) for platform in found)

    def _turning(self, resource: Resource, key: ObjectKey) -> Change[bool]:
        def decide(held: Held) -> Decision[bool]:
            row = held.objects.get(key)
            if row is None or row.deleted:
                return Decision(False)
            audience = judged(resource, row, self._identity, held.now)
            if audience == row.audience:
                return Decision(False)
            ours = not row.sources
            draft = in_class(row, audience, held.now) if ours else _as_it_is(row, audience)
            return Decision(True, objects=(draft,), events=(event(key, "changed"),))

        return Change(decide, objects=(key,))

    def _settled(self, resource: Resource, key: ObjectKey, note: Record) -> Change[None]:
        """The note is of its next moment, or is done with; a newer one stays."""
        place = turn_key(key)

        def decide(held: Held) -> Decision[None]:
            record, row = held.records.get(place), held.objects.get(key)
            if record is None or record.revision != note.revision:
                return Decision(None)
            if row is None or row.deleted:
                return Decision(None, records=(RecordDraft(place, None),))
            if judged(resource, row, self._identity, held.now) != row.audience:
                return Decision(None)  # it turned once more meanwhile: the next look sees it
            after = turns(resource, _as_it_is(row), self._identity, held.now)
            return Decision(None, records=after or (RecordDraft(place, None),))

        return Change(decide, objects=(key,), records=(place,))


def _as_it_is(row: ObjectRow, audience: str | None = None, *, alike: bool = False) -> ObjectDraft:
    return ObjectDraft(
        row.key, row.version, row.document, row.last_updated,
        row.audience if audience is None else audience,
        row.sources, row.notes, row.sidecar, row.deleted, alike=alike,
    )  # fmt: skip
