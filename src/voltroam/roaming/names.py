"""The two-way tables of names that a bridge needs, one set for each partner, in the store.

A conversion reads and writes them in memory; what it added is kept before anything leaves by
`Names.keep`, which other processes see. The pairs of a partner are numbered, so that news is read
without reading all.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from voltroam.store.interface import Change, Decision, Held, RecordDraft, RecordKey, Store

PAIR = "bridge_name"
"""Record kind; the parent is the partner."""
COUNT = "bridge_names"
"""How many pairs a partner has."""
_SEPARATOR = "\x1f"


class Pair(msgspec.Struct, frozen=True):
    """What we call a thing, and what the partner calls it."""

    table: str
    home: str
    theirs: str


class NameTaken(Exception):
    """Another process gave the same name to another thing meanwhile: convert once more."""


_PAIR = msgspec.json.Decoder(Pair)
_COUNT = msgspec.json.Decoder(int)


class PartnerNames:
    """The tables of one partner as far as they are read: what `bridge.terms.Names` asks for."""

    def __init__(self, partner: str) -> None:
        self.partner = partner
        self.count = 0
        """How many kept pairs are read."""
        self.fresh: list[Pair] = []
        """Pairs that are not kept yet."""
        self._home: dict[tuple[str, str], str] = {}
        self._theirs: dict[tuple[str, str], str] = {}

    def home(self, table: str, theirs: str) -> str | None:
        return self._home.get((table, theirs))

    def theirs(self, table: str, home: str) -> str | None:
        return self._theirs.get((table, home))

    def pair(self, table: str, home: str, theirs: str) -> None:
        if self.home(table, theirs) == home and self.theirs(table, home) == theirs:
            return
        self._learn(Pair(table, home, theirs))
        self.fresh.append(Pair(table, home, theirs))

    def read(self, pairs: Sequence[Pair]) -> None:
        """Take in what was kept; raises NameTaken if a pair that is not kept yet says otherwise."""
        known = {(one.table, one.theirs): one.home for one in pairs}
        taken = [
            one for one in self.fresh if known.get((one.table, one.theirs), one.home) != one.home
        ]
        self.fresh = [one for one in self.fresh if one not in taken and one not in pairs]
        for one in taken:
            del self._theirs[one.table, one.home]
        for one in pairs:
            self._learn(one)
        self.count += len(pairs)
        if taken:
            raise NameTaken(taken[0].table)

    def _learn(self, pair: Pair) -> None:
        self._home[pair.table, pair.theirs] = pair.home
        self._theirs[pair.table, pair.home] = pair.theirs


class NameTables:
    """All partners' tables; durable, and the same for every process on the database."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._partners: dict[str, PartnerNames] = {}
        self._lock = asyncio.Lock()

    async def of(self, partner: str) -> PartnerNames:
        """A partner's tables with all that is kept: one small read where nothing is new."""
        names = self._partners.setdefault(partner, PartnerNames(partner))
        async with self._lock:
            await self._refresh(names)
        return names

    async def keep(self, names: PartnerNames) -> None:
        """Make the new pairs durable, before what was converted with them leaves.

        Raises NameTaken if another process gave one of the names away: convert once more.
        """
        async with self._lock:
            while names.fresh:
                pairs = tuple(names.fresh)
                if await self._store.apply(_keeping(names, pairs)):
                    names.fresh = [one for one in names.fresh if one not in pairs]
                    names.count += len(pairs)
                else:
                    await self._refresh(names)

    async def forget(self, partner: str) -> None:
        """Drop all names of a partner that is gone."""
        names = await self.of(partner)
        keys = [_key(partner, number) for number in range(names.count)]
        del self._partners[partner]
        drafts = [RecordDraft(key, None) for key in (*keys, RecordKey(COUNT, partner))]

        def decide(_held: Held) -> Decision[None]:
            return Decision(None, records=drafts)

        await self._store.apply(Change(decide))

    async def _refresh(self, names: PartnerNames) -> None:
        record = await self._store.record(RecordKey(COUNT, names.partner))
        kept = 0 if record is None else _COUNT.decode(record.document)
        while names.count < kept:
            after = _key(names.partner, names.count - 1).id if names.count else ""
            found = await self._store.records(PAIR, parent=names.partner, after=after)
            if not found:
                return
            names.read([_PAIR.decode(one.document) for one in found])


def _keeping(names: PartnerNames, pairs: Sequence[Pair]) -> Change[bool]:
    """False if other pairs came first: these must be read before."""
    counter = RecordKey(COUNT, names.partner)
    seen = names.count

    def decide(held: Held) -> Decision[bool]:
        record = held.records.get(counter)
        if (0 if record is None else _COUNT.decode(record.document)) != seen:
            return Decision(False)
        drafts = [
            RecordDraft(_key(names.partner, seen + index), msgspec.json.encode(pair), names.partner)
            for index, pair in enumerate(pairs)
        ]
        total = RecordDraft(counter, msgspec.json.encode(seen + len(pairs)))
        return Decision(True, records=(*drafts, total))

    return Change(decide, records=(counter,))


def _key(partner: str, number: int) -> RecordKey:
    return RecordKey(PAIR, f"{partner}{_SEPARATOR}{number:012d}")
