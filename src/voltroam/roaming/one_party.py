"""Things of several parties at a partner that knows a hub as one party (2.1.1).

There all stands under the hub's own party, so that two parties' things of one name would be one.
Whoever comes first has the name; the others' things are not shown there, for a reason. A name is
free again once what had it was deleted, or is a token that is not valid any more.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import product

import msgspec

from voltroam.bridge.named import digest
from voltroam.roaming.keys import object_key, values_of
from voltroam.roaming.platforms import Platform
from voltroam.standard.endpoints import Audience, Resource
from voltroam.standard.parties import PartyId, fold
from voltroam.store.interface import Change, Decision, Held, RecordDraft, RecordKey, Store

NAME = "hub_name"
"""Record kind: which party has a name at a partner; the id holds a hash of the name, never it."""
TAKEN = "another party's is called so, and its partner knows all parties of the hub as one"
_REMEMBERED = 100_000


class _Usable(msgspec.Struct):
    valid: bool = True


_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)
_USABLE = msgspec.json.Decoder(_Usable)


class OneParty:
    """Any number of processes share it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._mine: OrderedDict[RecordKey, str] = OrderedDict()

    async def gives(
        self, platform: Platform, resource: Resource, owner: PartyId, name: str
    ) -> bool:
        """Whether that party has the name at the partner; it gets one that is free."""
        key = RecordKey(NAME, f"{platform.id}/{resource.kind}/{digest(fold(name))}")
        if self._mine.get(key) == owner.folded:
            self._mine.move_to_end(key)
            return True
        holder = await self._store.apply(_claim(key, owner, platform.id))
        if holder != owner.folded and await self._is_gone(resource, holder, name):
            holder = await self._store.apply(_claim(key, owner, platform.id, former=holder))
        if holder != owner.folded:
            return False
        self._mine[key] = holder
        if len(self._mine) > _REMEMBERED:
            self._mine.popitem(last=False)
        return True

    async def shown(
        self, platform: Platform, resource: Resource, documents: Sequence[bytes]
    ) -> list[bool]:
        """The same of a page of the house's objects, which share commits."""
        return await asyncio.gather(*(self._shows(platform, resource, one) for one in documents))

    async def _shows(self, platform: Platform, resource: Resource, document: bytes) -> bool:
        """What is for one party only has a name of its own."""
        if resource.audience is not Audience.PARTNERS or not resource.owner_in_body:
            return True
        members = _MEMBERS.decode(document)
        country, party, name = (
            _TEXT.decode(members[one]) for one in ("country_code", "party_id", _naming(resource))
        )
        return await self.gives(platform, resource, PartyId(country, party), name)

    async def _is_gone(self, resource: Resource, holder: str, name: str) -> bool:
        """What was never kept here, but passed on, is not gone."""
        country, _, code = holder.partition("/")
        met = False
        for ids in _spelled(resource, name):
            row = await self._store.get(object_key(resource, PartyId(country, code), ids))
            if row is not None and not row.deleted and _USABLE.decode(row.document).valid:
                return False
            met = met or row is not None
        return met


async def release(store: Store, platform_id: str) -> None:
    """All names at a partner that is gone."""
    while found := await store.records(NAME, parent=platform_id):
        await store.apply(_dropping([one.key for one in found]))


def _dropping(keys: Sequence[RecordKey]) -> Change[None]:
    drafts = tuple(RecordDraft(key, None) for key in keys)
    return Change(lambda _held: Decision(None, records=drafts))


def _claim(
    key: RecordKey, owner: PartyId, parent: str, *, former: str | None = None
) -> Change[str]:
    """Who has it then."""

    def decide(held: Held) -> Decision[str]:
        record = held.records.get(key)
        holder = None if record is None else _TEXT.decode(record.document)
        if holder not in (None, former):
            return Decision(holder)
        draft = RecordDraft(key, msgspec.json.encode(owner.folded), parent)
        return Decision(owner.folded, records=(draft,))

    return Change(decide, records=(key,))


def _naming(resource: Resource) -> str:
    """The member that names it in a path; its type may stand beside."""
    return next(one for one in resource.key if one not in resource.key_defaults)


def _spelled(resource: Resource, name: str) -> list[Mapping[str, str]]:
    """Its ids, with each type that it may have where the name leaves that open."""
    member = _naming(resource)
    others = list(resource.key_defaults)
    choices = product(*(values_of(resource, other) for other in others))
    return [{member: name, **dict(zip(others, chosen, strict=True))} for chosen in choices]
