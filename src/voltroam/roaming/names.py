"""The two-way tables of names that a bridge needs, one set for each partner, in the store.

A conversion reads and writes them in memory; what it added is kept before anything leaves by
`Names.keep`, which other processes see. The pairs of a partner are numbered, so that news is read
without reading all.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

import msgspec

from voltroam.standard.errors import CallerError
from voltroam.standard.parties import fold
from voltroam.store.interface import (
    Change,
    Decision,
    Held,
    Record,
    RecordDraft,
    RecordKey,
    Store,
)

PAIR = "bridge_name"
"""Record kind; the parent is the partner."""
COUNT = "bridge_names"
"""Record kind; how many pairs a partner has."""
_UNDER_WAY = 1000
_SEPARATOR = "\x1f"


class Pair(msgspec.Struct, frozen=True):
    """What we call a thing, and what the partner calls it."""

    table: str
    home: str
    theirs: str


class NameTaken(CallerError):
    """Another process gave the same name to another thing meanwhile: convert once more."""

    def __init__(self, table: str) -> None:
        super().__init__(f"$: a name of {table} was given to another one meanwhile; send it again")


class Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """What other processes look at before they use what they have read."""

    count: int = 0
    life: int = 0
    """Another number whenever pairs went or were rewritten: then all is read again."""


_PAIR = msgspec.json.Decoder(Pair)
_KEPT = msgspec.json.Decoder(Kept)


class PartnerNames:
    """The tables of one partner as far as they are read: what `bridge.terms.Names` asks for."""

    def __init__(self, partner: str) -> None:
        self.partner = partner
        self.count = 0
        """How many kept pairs are read."""
        self.life = 0
        self.fresh: list[Pair] = []
        """Pairs that are not kept yet."""
        self.taken: tuple[str, ...] = ()
        """Tables of pairs that were given up, for another process was first: whoever converted
        with one converts once more."""
        self._spelled: OrderedDict[tuple[str, str], str] = OrderedDict()
        """Of what is about to be written."""
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

    def first(self, table: str, theirs: str, held: str | None) -> str:
        """How a thing is spelled that is called so but for the case: as it is `held`, else as it
        was first asked for here, now at the latest."""
        place = (table, fold(theirs))
        if held is not None:
            self._spelled.pop(place, None)
            return held
        spelled = self._spelled.setdefault(place, theirs)
        self._spelled.move_to_end(place)
        while len(self._spelled) > _UNDER_WAY:
            self._spelled.popitem(last=False)
        return spelled

    def read(self, pairs: Sequence[Pair]) -> None:
        """Take in what was kept; what is not kept yet and says otherwise is `taken`."""
        known = {(one.table, one.theirs): one.home for one in pairs}
        taken = [
            one for one in self.fresh if known.get((one.table, one.theirs), one.home) != one.home
        ]
        self.fresh = [one for one in self.fresh if one not in taken and one not in pairs]
        for one in taken:
            del self._theirs[one.table, one.home]
        self.taken += tuple(one.table for one in taken)
        for one in pairs:
            self._learn(one)
        self.count += len(pairs)

    def begin(self, life: int) -> None:
        """Nothing is known any more, and what was given meanwhile does not count."""
        self.count, self.life = 0, life
        self.taken += tuple(one.table for one in self.fresh)
        self.fresh = []
        self._home.clear()
        self._theirs.clear()

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

    def seen(self, partner: str) -> PartnerNames:
        """A partner's tables as far as they are read here."""
        return self._partners.setdefault(partner, PartnerNames(partner))

    async def keep(self, names: PartnerNames) -> None:
        """Make the new pairs durable, before what was converted with them leaves.

        Raises NameTaken if another process gave one of the names away: convert once more.
        """
        before = len(names.taken)
        async with self._lock:
            while names.fresh:
                pairs = tuple(names.fresh)
                if await self._store.apply(_keeping(names, pairs)):
                    names.fresh = [one for one in names.fresh if one not in pairs]
                    names.count += len(pairs)
                else:
                    await self._refresh(names)
        if len(names.taken) > before:
            raise NameTaken(names.taken[-1])

    async def _refresh(self, names: PartnerNames) -> None:
        kept = _kept(await self._store.record(RecordKey(COUNT, names.partner)))
        if kept.life != names.life:
            names.begin(kept.life)
        while names.count < kept.count:
            after = _key(names.partner, names.count - 1).id if names.count else ""
            found = await self._store.records(PAIR, parent=names.partner, after=after)
            if not found:
                return
            names.read([_PAIR.decode(one.document) for one in found])


async def forget(store: Store, partner: str) -> None:
    """Drop all names of a partner that is gone; every process sees it."""
    keys: list[RecordKey] = []
    after = ""
    while found := await store.records(PAIR, parent=partner, after=after):
        keys += [one.key for one in found]
        after = found[-1].key.id
    await store.apply(_renewing(partner, keys))


async def rewritten(store: Store, partner: str) -> None:
    """Pairs of a partner are others than before: no process may go by what it has read."""
    await store.apply(_renewing(partner))


def _renewing(partner: str, gone: Sequence[RecordKey] = ()) -> Change[None]:
    counter = RecordKey(COUNT, partner)

    def decide(held: Held) -> Decision[None]:
        record = held.records.get(counter)
        if record is None:
            return Decision(None)
        before = _kept(record)
        after = Kept(0 if gone else before.count, before.life + 1)
        drafts = [RecordDraft(key, None) for key in gone]
        return Decision(None, records=(*drafts, RecordDraft(counter, msgspec.json.encode(after))))

    return Change(decide, records=(counter,))


def _keeping(names: PartnerNames, pairs: Sequence[Pair]) -> Change[bool]:
    """False if other pairs came first: these must be read before."""
    counter = RecordKey(COUNT, names.partner)
    seen = Kept(names.count, names.life)

    def decide(held: Held) -> Decision[bool]:
        if _kept(held.records.get(counter)) != seen:
            return Decision(False)
        drafts = [
            RecordDraft(
                _key(names.partner, seen.count + index), msgspec.json.encode(pair), names.partner
            )
            for index, pair in enumerate(pairs)
        ]
        total = Kept(seen.count + len(pairs), seen.life)
        return Decision(True, records=(*drafts, RecordDraft(counter, msgspec.json.encode(total))))

    return Change(decide, records=(counter,))


def _kept(record: Record | None) -> Kept:
    return Kept() if record is None else _KEPT.decode(record.document)


def _key(partner: str, number: int) -> RecordKey:
    return RecordKey(PAIR, f"{partner}{_SEPARATOR}{number:012d}")
