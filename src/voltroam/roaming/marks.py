"""Which own objects are for certain parties only: the operator's marks, as records.

A mark names an object by its key and stands whether or not the object is there, so that an object
that is marked before it comes was never seen by anybody else. What is known of the marks may be
`KNOWN_FOR` seconds old; whoever changes one waits longer than that (`narrowing.py`).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

import msgspec

from voltroam.roaming.audience import narrow_class
from voltroam.roaming.directory import Directory
from voltroam.roaming.keys import spelled
from voltroam.roaming.platforms import Platform
from voltroam.roaming.references import references_of
from voltroam.standard.endpoints import EMSP, TARIFF, Resource
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import Role
from voltroam.store.interface import Held, ObjectKey, RecordKey, Store

MARK = "narrowed"
"""Record kind; the id is the object's key, the parent its owner."""
KNOWN_FOR = 0.5
TariffFor = Callable[[PartyId, PartyId, Sequence[str]], Awaitable[Sequence[Sequence[str]]]]
"""Of these tariff ids of the operator (first), those that the driver's party (second) gets.

In groups: one that fits in a later group counts only if none in the earlier ones does.
"""
_NOWHERE: Mapping[str, frozenset[str]] = {}


class Mark(msgspec.Struct, frozen=True):
    """One object, and the folded parties that alone may see it; None: everybody again."""

    key: ObjectKey
    parties: tuple[str, ...] | None


_MARK = msgspec.json.Decoder(Mark)


async def all_of_them(
    owner: PartyId, party: PartyId, ids: Sequence[str]
) -> Sequence[Sequence[str]]:
    """No tariff is for certain parties only."""
    return [ids]


def tariffs_for(marks: "Marks", directory: Directory) -> TariffFor:
    """A driver's party gets what is for it, or for the hub that is the way to it."""

    async def groups(owner: PartyId, party: PartyId, ids: Sequence[str]) -> Sequence[Sequence[str]]:
        if not await marks.now():
            return [ids]
        route = await directory.route_to(party, EMSP)
        hub = route.parties(Role.HUB) if route is not None and route.is_hub else ()
        return await marks.groups(owner, (party, *hub), TARIFF.kind, ids)

    return groups


def mark_key(key: ObjectKey) -> RecordKey:
    return RecordKey(MARK, spelled(key))


def read_mark(document: bytes) -> Mark:
    return _MARK.decode(document)


def only(held: Held, key: ObjectKey) -> tuple[str, ...] | None:
    """The parties that alone may see an object, by the records that a change read."""
    record = held.records.get(mark_key(key))
    return None if record is None else read_mark(record.document).parties


class Known:
    """All marks as they stood at one moment. False if there are none."""

    def __init__(self, marks: Iterable[Mark] = ()) -> None:
        self._parties: dict[tuple[str, str], dict[str, frozenset[str]]] = {}
        self._hidden: dict[tuple[str, frozenset[str]], Mapping[str, frozenset[str]]] = {}
        for mark in marks:
            if mark.parties is not None:
                place = (mark.key.kind, mark.key.owner)
                self._parties.setdefault(place, {})[mark.key.id] = frozenset(mark.parties)

    def __bool__(self) -> bool:
        return bool(self._parties)

    def parties(self, kind: str, owner: str, identifier: str) -> frozenset[str] | None:
        """Who alone may see the object; None: all partners."""
        return self._parties.get((kind, owner), {}).get(fold(identifier))

    def hidden(self, platform: Platform, kind: str) -> Mapping[str, frozenset[str]]:
        """The folded ids of a kind that the platform may not see, by owner."""
        if not self._parties:
            return _NOWHERE
        theirs = frozenset(party.folded for party in platform.parties())
        found = self._hidden.get((kind, theirs))
        if found is None:
            found = self._hidden[kind, theirs] = self._hide(theirs, kind)
        return found

    def _hide(self, theirs: frozenset[str], kind: str) -> Mapping[str, frozenset[str]]:
        return {
            owner: hidden
            for (one, owner), marked in self._parties.items()
            if one == kind
            and (hidden := frozenset(name for name, few in marked.items() if not few & theirs))
        }

    def classes(self, platform: Platform, kind: str) -> list[str]:
        """The narrow audience classes of a kind that are for the platform too."""
        if not self._parties:
            return []
        theirs = {party.folded for party in platform.parties()}
        found = {
            narrow_class(owner, few)
            for (one, owner), marked in self._parties.items()
            if one == kind
            for few in marked.values()
            if few & theirs
        }
        return sorted(found)


class Marks:
    """Reads the marks, at most every `known_for` seconds. `clock` gives monotonic seconds."""

    def __init__(
        self,
        store: Store,
        *,
        known_for: float = KNOWN_FOR,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._known_for = known_for
        self._clock = clock
        self._documents: list[bytes] = []
        self._read_at: float | None = None
        self._reading = asyncio.Lock()
        self.last = Known()
        """As they were last read; none before that."""

    async def now(self) -> Known:
        if not self._is_fresh():
            async with self._reading:
                if not self._is_fresh():
                    await self._read()
        return self.last

    def _is_fresh(self) -> bool:
        return self._read_at is not None and self._clock() - self._read_at <= self._known_for

    async def _read(self) -> None:
        began, after = self._clock(), ""
        documents: list[bytes] = []
        while page := await self._store.records(MARK, after=after):
            documents += [record.document for record in page]
            after = page[-1].key.id
            if len(page) < 1000:
                break
        if documents != self._documents:
            self.last = Known(map(read_mark, documents))
            self._documents = documents
        self._read_at = began

    async def shown(
        self, platform: Platform, resource: Resource, documents: list[bytes]
    ) -> list[bytes]:
        """The documents of a list without the ids that the platform may not see.

        The documents must have been read before: an id that was marked before its location came
        is then always known to be marked.
        """
        references = references_of(resource)
        if references is None or not documents:
            return documents
        hidden = (await self.now()).hidden(platform, references.kind)
        if not hidden:
            return documents
        everywhere = frozenset[str]().union(*hidden.values())
        shown = []
        for document in documents:
            named = references.named(document, everywhere)
            mine = named & hidden.get(_owner_in(document), frozenset()) if named else named
            shown.append(references.without(document, mine) if mine else document)
        return shown

    async def groups(
        self, owner: PartyId, parties: Iterable[PartyId], kind: str, ids: Sequence[str]
    ) -> Sequence[Sequence[str]]:
        """Of these ids those that are for one of the parties only, then those for everybody."""
        known = await self.now()
        if not known:
            return [ids]
        theirs = {party.folded for party in parties}
        few, all_ = [], []
        for name in ids:
            marked = known.parties(kind, owner.folded, name)
            if marked is None:
                all_.append(name)
            elif marked & theirs:
                few.append(name)
        return [few, all_]


class _Owned(msgspec.Struct):
    country_code: str = ""
    party_id: str = ""


_OWNED = msgspec.json.Decoder(_Owned)


def _owner_in(document: bytes) -> str:
    said = _OWNED.decode(document)
    return PartyId(said.country_code, said.party_id).folded
