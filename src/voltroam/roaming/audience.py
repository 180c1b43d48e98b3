"""Who may see an object: a class computed when it is written, so that pages stay joined bytes.

`NL/AAA` is for the partners of that owner, `NL/AAA#DE/MSP+FR/XYZ` only for those partners that
hold one of these parties, `NL/AAA>DE/MSP` for the party that the document names (of a session in
`cdr_token`), `-` for nobody although it is ours, and the empty class for what others own and we
only hold. On a hub what a party shares has that party's class, as if it were the hub's own.

What lower versions that we speak must not be shown carries the lowest that it may be shown to:
`NL/AAA~2.2.1`, with the letters of what a partner's profile may allow so that the version below
sees it too: `NL/AAA~2.2.1!l`; after another `!` those of the one below that: `NL/AAA~2.3.0!r!s`.
So who speaks which version is settled before paging.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import cache, lru_cache
from typing import Any

import msgspec

from voltroam.bridge.passage import floor, floors_shown
from voltroam.roaming.platforms import Identity, Platform, Profile
from voltroam.standard.endpoints import Audience, Resource
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import VERSIONS, Version
from voltroam.store.interface import HELD, PRIVATE


class _Party(msgspec.Struct):
    country_code: str
    party_id: str


NARROW, JOIN, FLOOR = "#", "+", "~"
_CDR_TOKEN = ("cdr_token",)
_TOKEN: msgspec.json.Decoder[Any] = msgspec.json.Decoder(
    msgspec.defstruct("_Contract", [("cdr_token", _Party)])
)


def audience_of(
    resource: Resource,
    document: bytes,
    owner: PartyId,
    identity: Identity,
    *,
    private: bool,
    only: Sequence[str] | None = None,
    foreign: bool = False,
    now: int | None = None,
) -> str:
    """The class of an object as it is written. `only`: folded parties that alone may see it; of
    what is addressed the one that it is for, and without it nobody sees it.

    `foreign`: it came in another version than the house's own. `now` (µs): whether a tariff with a
    start or an end is in force.
    """
    audience = _for_whom(resource, document, owner, identity, private=private, only=only)
    if audience in (HELD, PRIVATE):
        return audience
    kind = resource.object.__name__
    return floored(audience, floor(kind, document, identity.versions, foreign=foreign, now=now))


def _for_whom(
    resource: Resource,
    document: bytes,
    owner: PartyId,
    identity: Identity,
    *,
    private: bool,
    only: Sequence[str] | None,
) -> str:
    if identity.is_hub:
        if resource.audience is not Audience.CONTRACT:
            return owner.folded
    elif resource.audience is Audience.NOBODY or not identity.holds(owner):
        return HELD
    if private:
        return PRIVATE
    if resource.audience is Audience.PARTNERS:
        return owner.folded if only is None else narrow_class(owner.folded, only)
    if resource.audience is Audience.ADDRESSED:
        return f"{owner.folded}>{only[0]}" if only else PRIVATE
    return contract_class(owner, party_in(resource, document))


def party_in(resource: Resource, document: bytes) -> PartyId:
    """The one party that a document names of those that may see it. msgspec's error if it lacks."""
    if resource.contract == _CDR_TOKEN:
        named: Any = _TOKEN.decode(document).cdr_token
    else:
        named = _named_by(resource.contract).decode(document)
        for member in resource.contract:
            named = getattr(named, member)
            named = named[0] if isinstance(named, tuple | list) else named
    return PartyId(named.country_code, named.party_id)


def floored(audience: str, lowest: str) -> str:
    """The class of what versions below `lowest` are not shown; the class itself without one."""
    return f"{audience}{FLOOR}{lowest}" if lowest else audience


def bare(audience: str) -> str:
    """The class without the version below which it is not shown."""
    return audience.partition(FLOOR)[0]


def at_version(
    classes: Iterable[str],
    version: Version,
    identity: Identity,
    resource: Resource,
    profile: Profile,
) -> tuple[str, ...]:
    """These classes, and those of them that only some versions and profiles are shown."""
    classes = tuple(classes)
    floors = _floors(
        resource.object.__name__, version.number, (*identity.versions, *identity.formerly),
        profile.relaxations, bool(profile.postal_code),
    )  # fmt: skip
    return (*classes, *(floored(one, floor) for floor in floors for one in classes))


@lru_cache(maxsize=1024)
def _floors(
    kind: str, number: str, spoken: tuple[str, ...], relaxations: tuple[str, ...], filler: bool
) -> tuple[str, ...]:
    """Asked by every list and lane; what differs is a handful."""
    return tuple(floors_shown(kind, VERSIONS[number], spoken, relaxations, postal_code=filler))


def contract_class(owner: PartyId, party: PartyId) -> str:
    return f"{owner.folded}>{party.folded}"


def narrow_class(owner: str, parties: Iterable[str]) -> str:
    """The class of what only these parties may see; all folded."""
    return f"{owner}{NARROW}{JOIN.join(sorted(parties))}"


def members_of(audience: str) -> tuple[str, tuple[str, ...]]:
    """The owner and the parties that a narrow class names; of any other class no party."""
    owner, _, parties = bare(audience).partition(NARROW)
    return owner, tuple(parties.split(JOIN)) if parties else ()


def includes(classes: Collection[str], audience: str) -> bool:
    """Whether an object of that class is for somebody who sees these classes.

    A narrow class is for each of its parties: whoever sees `NL/AAA#DE/MSP` sees all classes that
    name this party. So nobody needs to know which of them there are.
    """
    if audience in classes:
        return True
    if NARROW not in audience:
        return False
    owner, parties = members_of(audience)
    lowest = audience.partition(FLOOR)[2]
    return any(floored(narrow_class(owner, (party,)), lowest) in classes for party in parties)


def narrowed_to(platform: Platform, owners: Iterable[str]) -> list[str]:
    """The narrow classes of these owners that name one party of the platform and no other."""
    parties = _once(platform.parties())
    return [narrow_class(owner, (party.folded,)) for owner in owners for party in parties]


def visible(
    platform: Platform,
    identity: Identity,
    resource: Resource,
    to: PartyId | None = None,
    behind: Iterable[PartyId] = (),
    *,
    granted: Iterable[str] = (),
) -> tuple[str, ...]:
    """The classes of our objects that a platform may see, of one of our parties if `to` names it.

    `behind`: parties that have their route through this platform, a hub. `granted`: classes that
    it sees beside: as a smart charging service provider (CHP-TOP-04), or as one of few parties.
    """
    if not any(role.role in resource.readers for role in platform.roles):
        return ()
    owners = _once(identity.parties(*resource.owner_roles))
    owners = [owner for owner in owners if to is None or owner.same(to)]
    if resource.audience is Audience.PARTNERS:
        general = [owner.folded for owner in owners]
        narrow = tuple(f"{owner}{NARROW}" for owner in general)
        return (*general, *(name for name in granted if name.startswith(narrow)))
    if resource.is_for_one:
        parties = _once((*platform.parties(*resource.readers), *behind))
        own = [contract_class(owner, party) for owner in owners for party in parties]
        prefixes = tuple(f"{owner.folded}>" for owner in owners)
        more = [name for name in granted if name.startswith(prefixes) and name not in own]
        return (*own, *more)
    return ()


def sees(
    platform: Platform,
    identity: Identity,
    resource: Resource,
    audience: str,
    behind: Iterable[PartyId] = (),
) -> bool:
    """Whether an object of that class goes to that platform."""
    return bare(audience) in visible(platform, identity, resource, behind=behind)


def _once(parties: Iterable[PartyId]) -> list[PartyId]:
    """One pair may stand there in several roles."""
    return list({party.folded: party for party in parties}.values())


@cache
def _named_by(path: tuple[str, ...]) -> msgspec.json.Decoder[Any]:
    """Reads no more of a document than the way to the party; each member may be a list."""
    shape: Any = _Party
    for member in reversed(path):
        shape = msgspec.defstruct(f"_{member}", [(member, shape | tuple[shape, ...])])
    return msgspec.json.Decoder(shape)
