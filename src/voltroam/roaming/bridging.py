"""The doors between versions: what comes in is brought home, what leaves is said their way.

The steps are pure and stand in `bridge/`; here is what they need to know of the partner and of what
we hold, looked up before they run (decision 0006). A partner of the house's own version passes
without a look.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

import msgspec

from voltroam.bridge.packages import PACKAGES
from voltroam.bridge.passage import (
    Inward,
    Passed,
    between,
    cored,
    first_turn,
    home,
    id_to_name,
    ids_at_home,
    is_alike,
    is_as_kept,
    is_home,
    is_newer,
    is_spoken_here,
    is_unsaid_here,
    may_have_twin,
    outward,
    read_plain,
)
from voltroam.bridge.terms import Asked, Document, Relaxation, Terms
from voltroam.roaming.contracts import Contracts
from voltroam.roaming.keys import object_key, owner_in
from voltroam.roaming.mentions import contract_in, tariffs_in, tariffs_under, token_in
from voltroam.roaming.names import NameTables, NameTaken
from voltroam.roaming.platforms import Identity, Platform
from voltroam.roaming.received import as_received, received_in
from voltroam.standard.endpoints import LOCATION, TARIFF, TOKEN, Resource
from voltroam.standard.errors import PartnerError
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.status import StatusCode
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import HOME, VERSIONS, Version
from voltroam.store.interface import ObjectKey, ObjectRow, Store
from voltroam.wire.call import Call
from voltroam.wire.plain import parse

KEPT = 64 * 1024 * 1024
"""Bytes of projections and of what they were made of that are kept."""


class _Named(msgspec.Struct):
    id: str | None = None


_NAMED = msgspec.json.Decoder(_Named)
_TRIES = 3
T = TypeVar("T")
_Shown = tuple[bytes, bytes | None, str]
"""A document, its sidecar and its owner folded, if that is told."""
_Key = tuple[str, bytes, bytes | None]
_Read = dict[ObjectKey, Document | None]


class _Shot(NamedTuple):
    """A projection, and until when (µs) it is right by the clock; None: for good."""

    passed: Passed
    until: int | None


class NotCarried(PartnerError):
    """What cannot be said in the partner's version without saying something else."""

    status_code = StatusCode.CLIENT_ERROR


@dataclass(frozen=True, slots=True)
class End:
    """A partner, and the version that it speaks in one exchange."""

    version: Version
    platform: Platform


class Bridging:
    """`now` gives microseconds since 1970 UTC; `zone_at` a time zone by latitude and longitude."""

    def __init__(
        self,
        store: Store,
        identity: Identity,
        *,
        now: Callable[[], int],
        zone_at: Callable[[str, str], str | None] = lambda _latitude, _longitude: None,
    ) -> None:
        self._store = store
        self._identity = identity
        self._names = NameTables(store)
        self._now = now
        self._zone_at = zone_at
        self._contracts = Contracts(store)
        self._kept: OrderedDict[_Key, _Shot] = OrderedDict()
        self._size = 0

    # -- objects --------------------------------------------------------------------------------

    async def inward(
        self,
        resource: Resource,
        version: Version,
        source: Platform | None,
        documents: Iterable[bytes],
        *,
        owner: PartyId | None = None,
        whole: bool = True,
        held: ObjectRow | None = None,
    ) -> Inward | None:
        """How a writer's documents of one kind are brought home; None where they are at home.

        `documents`: those that are about to come, or the PATCH of one; not `whole`: parts of one.
        `held`: the object that is about to be changed.
        """
        kind = resource.object.__name__
        if is_home(kind, version):
            return None
        terms = await self._terms(source, owner)
        terms = await self._with_tokens(terms, documents)
        if held is not None:
            terms = await self._with_held(terms, kind, version, held)
        if whole and source is not None:
            said = [_named(document) for document in documents]
            terms = await self._with_spellings(terms, resource, version, said, source)
        return Inward(kind, version, terms)

    async def ids(
        self,
        resource: Resource,
        version: Version,
        platform: Platform,
        ids: Mapping[str, str],
        owner: PartyId,
    ) -> dict[str, object]:
        """The identifying members of an object as a partner's path names it, as the house has
        them."""
        kind = resource.object.__name__
        if is_home(kind, version):
            return dict(ids)
        terms = Terms(names=await self._names.of(platform.id), owner=owner)
        terms = await self._with_spellings(terms, resource, version, [ids])
        return ids_at_home(kind, version, terms, ids)

    async def outward(
        self, resource: Resource, version: Version, platform: Platform, row: ObjectRow
    ) -> Passed:
        """An object for a partner: as received in its version, else a projection, kept."""
        [passed] = await self.shown(
            resource, version, platform, [row.document], [row.sidecar], owners=[row.key.owner]
        )
        return passed

    async def shown(
        self,
        resource: Resource,
        version: Version,
        platform: Platform,
        documents: Sequence[bytes],
        sidecars: Sequence[bytes | None],
        *,
        owners: Sequence[str] = (),
    ) -> list[Passed]:
        """The same for a page of a list."""
        kind = resource.object.__name__
        if is_as_kept(kind, version, platform.profile.relaxations):
            return [Passed(document) for document in documents]

        async def once() -> list[Passed]:
            rows = list(zip(documents, sidecars, owners or [""] * len(documents), strict=True))
            return await self._page_shown(kind, version, platform, rows)

        return await self._settled(once, platform)

    async def _page_shown(
        self, kind: str, version: Version, platform: Platform, rows: Sequence[_Shown]
    ) -> list[Passed]:
        terms: Terms | None = None
        found: list[Passed] = []
        read: _Read = {}
        view = self._view(kind, version, platform)
        lacking: Collection[str] = ()
        alike = False
        if is_newer(version):
            lacking = packages_lacked(platform)
            terms = await self._terms(platform, None)
            alike = is_alike(kind, version, terms)
        for document, sidecar, folded in rows:
            received = received_in(sidecar)
            if received is not None and version.is_called(received.version.number):
                found.append(cored(kind, received.document, lacking))
                continue
            if received is None and alike:  # before the cache: its keys are whole documents
                found.append(Passed(document))
                continue
            if is_spoken_here(version) and (received is None or not is_newer(received.version)):
                found.append(Passed(document))
                continue
            key = (view, document, sidecar)
            kept = self._kept.get(key)
            if kept is not None and (kept.until is None or self._now() < kept.until):
                self._kept.move_to_end(key)
                found.append(kept.passed)
                continue
            terms = terms or await self._terms(platform, None)
            members = read_plain(document)
            owner = _party(folded) if folded else owner_in(members)
            about = await self._with_places(replace(terms, owner=owner), kind, members, read)
            if received is None:
                passed = outward(kind, document, version, about, members)
            else:
                passed = between(kind, received.document, received.version, version, about)
            if passed.document is None and is_spoken_here(version):
                # What passed for whoever gave it is kept in our version, and shown so.
                passed = passed if is_unsaid_here(kind, document) else Passed(document)
            if passed.document is not None:  # what may not be shown now, may be in a moment
                self._keep(key, _Shot(passed, about.turns_at))
            found.append(passed)
        return found

    async def keep(self, platform: Platform) -> None:
        """Make the names that were given while bridging durable, before what bears them leaves.

        NameTaken (2001) if another process gave one of them to something else: what was written
        with it must be sent again.
        """
        await self._names.keep(self._names.seen(platform.id))

    async def _settled(self, once: Callable[[], Awaitable[T]], *platforms: Platform) -> T:
        """What a conversion gives, its names kept; converted again if one was given away meanwhile.

        NotCarried if that happens again and again.
        """
        names = [self._names.seen(platform.id) for platform in platforms]
        for _ in range(_TRIES):
            before = [len(one.taken) for one in names]
            found = await once()
            try:
                for one in names:
                    await self._names.keep(one)
            except NameTaken:
                continue
            if before == [len(one.taken) for one in names]:
                return found
        raise NotCarried("$: names were given to other things meanwhile; try again")

    # -- requests and answers of the odd rows ---------------------------------------------------

    async def asked(self, kind: str, body: bytes, version: Version, platform: Platform) -> bytes:
        """A partner's body as the house reads it. NotCarried where that cannot be.

        InvalidBody where it is no JSON.
        """
        if is_home(kind, version):
            return body
        parse(body)

        async def once() -> Passed:
            terms = await self._with_tokens(await self._terms(platform, None), [body])
            return home(kind, body, version, terms)

        return _carried(await self._settled(once, platform))

    async def told(
        self,
        kind: str,
        body: bytes,
        version: Version,
        platform: Platform,
        *,
        token: Asked | None = None,
    ) -> bytes:
        """A body of ours as the partner reads it. NotCarried where that cannot be."""

        async def once() -> Passed:
            terms = replace(await self._terms(platform, None), asked=token)
            terms = await self._with_places(terms, kind, read_plain(body))
            return outward(kind, body, version, terms)

        return _carried(await self._settled(once, platform))

    async def answered(
        self, kind: str, body: bytes, version: Version, platform: Platform, token: Asked | None
    ) -> bytes:
        """A partner's answer as the house reads it; `token`: the one that was asked for."""
        asked = await self._known(token, platform)

        async def once() -> Passed:
            return home(
                kind, body, version, replace(await self._terms(platform, None), asked=asked)
            )

        return _carried(await self._settled(once, platform))

    # -- between two partners -------------------------------------------------------------------

    async def home(
        self, kind: str, body: bytes, end: End, *, owner: PartyId | None = None
    ) -> Passed:
        """A partner's body as the house reads it, for as long as it takes to find its way."""
        terms = await self._with_tokens(await self._terms(end.platform, owner), [body])
        return between(kind, body, end.version, HOME, terms)

    async def across(
        self,
        kind: str,
        body: bytes,
        source: End,
        target: End,
        *,
        owner: PartyId,
        provider: PartyId | None,
        token: Asked | None = None,
    ) -> Passed:
        """One partner's body as another one reads it, by way of home, with the notes of both steps.

        `owner`: whose objects pass; `provider`: the eMSP among the two; `token`: the one that was
        asked for.
        """

        async def once() -> Passed:
            terms = Terms(owner=owner, provider=provider, asked=token)
            return await self._across(kind, body, (source, target), terms)

        return await self._settled(once, source.platform, target.platform)

    async def _across(self, kind: str, body: bytes, ends: tuple[End, End], about: Terms) -> Passed:
        (source, target), owner, token = ends, about.owner, about.asked
        asked = await self._known(token, source.platform)
        terms = await self._terms(source.platform, owner)
        terms = replace(
            terms,
            provider=about.provider or terms.provider,
            asked=asked,
            relaxations=terms.relaxations | set(target.platform.profile.relaxations),
        )
        terms = await self._with_tokens(terms, [body])
        first = between(kind, body, source.version, HOME, terms)
        if first.document is None:
            return first
        terms = replace(await self._terms(target.platform, owner), asked=token)
        terms = await self._with_places(terms, kind, read_plain(first.document))
        second = between(kind, first.document, HOME, target.version, terms)
        return Passed(second.document, first.notes + second.notes)

    async def called(self, table: str, name: str, source: End, target: End) -> str:
        """What one partner calls a thing in a path, as the other one calls it."""
        ours = (await self._names.of(source.platform.id)).home(table, name) or name
        return (await self._names.of(target.platform.id)).theirs(table, ours) or ours

    async def _known(self, token: Asked | None, platform: Platform) -> Asked | None:
        """With the token itself, where we hold it of a party of that partner."""
        if token is None:
            return None
        for owner in platform.parties(*TOKEN.owner_roles):
            key = object_key(TOKEN, owner, {"uid": token.uid, "type": token.type})
            row = await self._store.get(key)
            if row is not None and not row.deleted:
                return replace(token, token=read_plain(row.document))
        return token

    # -- what the steps need to know ------------------------------------------------------------

    async def _terms(self, platform: Platform | None, owner: PartyId | None) -> Terms:
        now = datetime.fromtimestamp(self._now() / 1e6, UTC)
        ours = self._identity.parties(Role.EMSP)
        if platform is None:
            return Terms(owner=owner, now=now, zone_at=self._zone_at)
        theirs = platform.parties()
        provider = theirs[0] if platform.parties(Role.EMSP) and theirs else None
        profile = platform.profile
        return Terms(
            owner=owner or (theirs[0] if theirs else None),
            provider=provider or (ours[0] if len(ours) == 1 else None),
            role=platform.we_are.value if platform.we_are else None,
            relaxations=frozenset(profile.relaxations),
            names=await self._names.of(platform.id),
            time_zone=profile.time_zone,
            postal_code=profile.postal_code,
            now=now,
            max_edition=profile.max_edition,
            zone_at=self._zone_at,
        )

    async def _with_tokens(self, terms: Terms, documents: Iterable[bytes]) -> Terms:
        """2.1.1 names contracts where later versions name tokens."""
        contracts = {one for document in documents if (one := contract_in(document)) is not None}
        if not contracts:
            return terms
        found = {one: await self._contracts.tokens(one) for one in contracts}
        return replace(terms, tokens_of=lambda contract: found.get(contract, ()))

    async def _with_held(self, terms: Terms, kind: str, version: Version, held: ObjectRow) -> Terms:
        """What a change leaves as it is: the token, and in another version than it came in all."""
        token = token_in(held.document) if kind == "Session" else None
        if token is not None:
            contract, others = token["contract_id"], terms.tokens_of
            terms = replace(
                terms, tokens_of=lambda one: (token,) if one == contract else others(one)
            )
        if version.is_called(as_received(held).version.number):
            return terms
        return await self._with_places(terms, kind, read_plain(held.document))

    async def _with_spellings(
        self,
        terms: Terms,
        resource: Resource,
        version: Version,
        said: Iterable[Mapping[str, object]],
        writer: Platform | None = None,
    ) -> Terms:
        """Where ids differ by case, two of one folded id are two objects (OCPI 2.1.1 §types).

        `writer`: who is about to write them: whichever comes first keeps its own name.
        """
        kind = resource.object.__name__
        if not may_have_twin(kind) or terms.owner is None:
            return terms
        held: dict[str, str] = {}
        for ids in said:
            name = id_to_name(kind, version, ids)
            if name is None or terms.names.home(kind, name) is not None:
                continue
            row = await self._store.get(object_key(resource, terms.owner, {"id": name}))
            spelled = _spelled(row)
            if writer is not None:
                spelled = self._names.seen(writer.id).first(kind, name, spelled)
            if spelled is not None:
                held[fold(name)] = spelled
        if not held:
            return terms
        return replace(
            terms,
            spelling_of=lambda table, name: held.get(fold(name)) if table == kind else None,
        )

    async def _with_places(
        self, terms: Terms, kind: str, members: Any, read: _Read | None = None
    ) -> Terms:
        """2.1.1 spells locations out where later versions name them, and shows one tariff; 2.3.0
        tells rates of VAT, which are those of the tariffs that a session names.

        `read`: what was looked up for others of the same page.
        """
        read = {} if read is None else read
        if terms.owner is None or not isinstance(members, dict):
            return terms
        if kind in ("Session", "CDR"):
            inner = members.get("cdr_location")
            place = inner.get("id") if isinstance(inner, dict) else members.get("location_id")
            held = await self._held(LOCATION, terms.owner, [place], read)
            tariffs = await self._held(TARIFF, terms.owner, tariffs_under(kind, members), read)
            return replace(terms, location_of=held.get, tariff_of=tariffs.get)
        names = tariffs_in(members)
        if not names:
            return terms
        tariffs = await self._held(TARIFF, terms.owner, names, read)
        return replace(terms, tariff_of=tariffs.get, turns_at=first_turn(tariffs.values(), terms))

    async def _held(
        self, resource: Resource, owner: PartyId, ids: Iterable[object], read: _Read
    ) -> Mapping[str, Document]:
        found: dict[str, Document] = {}
        for one in ids:
            if not isinstance(one, str) or one.startswith("#"):
                continue
            key = object_key(resource, owner, {"id": one})
            if key not in read:
                row = await self._store.get(key)
                held = None if row is None or row.deleted else read_plain(row.document)
                read[key] = held
            if (document := read[key]) is not None:
                found[one] = document
        return found

    def _view(self, kind: str, version: Version, platform: Platform) -> str:
        """Who is shown what in which words; what is looked up meanwhile counts for a minute.

        Beside it stands what a projection is made of, so that a change needs no notice.
        """
        minute = self._now() // 60_000_000 if version.role_trees else 0
        return f"{kind} {version.number} {platform.id} {hash(platform.profile)} {minute}"

    def _keep(self, key: _Key, shot: _Shot) -> None:
        before = self._kept.pop(key, None)
        self._size -= 0 if before is None else _weight(key, before.passed)
        self._kept[key] = shot
        self._size += _weight(key, shot.passed)
        while self._size > KEPT:
            old, gone = self._kept.popitem(last=False)
            self._size -= _weight(old, gone.passed)


def _named(document: bytes) -> Mapping[str, object]:
    """The id of what is about to come; nothing where it cannot be read, which is told later."""
    try:
        return {"id": _NAMED.decode(document).id}
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def _spelled(row: ObjectRow | None) -> str | None:
    """The id of an object that came in a version whose ids differ by case."""
    received = None if row is None or row.deleted else received_in(row.sidecar)
    if received is None or received.version.folded_ids:
        return None
    return _NAMED.decode(received.document).id


def asked_in(call: Call) -> Asked | None:
    """The token that a call asks about: its answer in 2.1.1 does not name it."""
    uid = call.keys.get("token_uid")
    return None if uid is None else Asked(uid, call.query.get("type", Asked("").type))


def is_at_home(platform: Platform, resource: Resource) -> bool:
    """Whether it is shown objects of a kind as the house keeps them: nothing is to be bridged."""
    return is_as_kept(resource.object.__name__, spoken_by(platform), platform.profile.relaxations)


def spoken_by(platform: Platform) -> Version:
    """The version of a partner, the house's own until it is registered."""
    return VERSIONS.get(platform.version or "", HOME)


def packages_lacked(platform: Platform) -> Collection[str]:
    """The packages of 2.3.0 whose module a partner did not list; none where it reads over members
    that it does not know."""
    if Relaxation.UNKNOWN_FIELDS in platform.profile.relaxations:
        return frozenset()
    return PACKAGES.difference(at.identifier for at in platform.endpoints)


def _carried(passed: Passed) -> bytes:
    if passed.document is None:
        raise NotCarried(f"not carried between the versions: {passed.why_not}")
    return passed.document


def _weight(key: _Key, passed: Passed) -> int:
    return len(key[1]) + len(key[2] or b"") + len(passed.document or b"") + 200


def _party(folded: str) -> PartyId:
    country, _, party = folded.partition("/")
    return PartyId(country, party)
