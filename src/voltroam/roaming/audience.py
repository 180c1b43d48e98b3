"""Who may see an object: a class computed when it is written, so that pages stay joined bytes.

`NL/AAA` is for the partners of that owner, `NL/AAA#DE/MSP+FR/XYZ` only for those partners that
hold one of these parties, `NL/AAA>DE/MSP` for the party in `cdr_token`, `-` for nobody although it
is ours, and the empty class for what others own and we only hold. On a hub what a party shares has
that party's class, as if it were the hub's own.
"""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from voltroam.roaming.platforms import Identity, Platform
from voltroam.standard.endpoints import Audience, Resource
from voltroam.standard.parties import PartyId
from voltroam.store.interface import HELD, PRIVATE


class _Party(msgspec.Struct):
    country_code: str
    party_id: str


class _Contract(msgspec.Struct):
    cdr_token: _Party


NARROW, JOIN = "#", "+"

_CONTRACT = msgspec.json.Decoder(_Contract)


def audience_of(
    resource: Resource,
    document: bytes,
    owner: PartyId,
    identity: Identity,
    *,
    private: bool,
    only: Sequence[str] | None = None,
) -> str:
    """The class of an object as it is written. `only`: folded parties that alone may see it."""
    if identity.is_hub:
        if resource.audience is not Audience.CONTRACT:
            return owner.folded
    elif resource.audience is Audience.NOBODY or not identity.holds(owner):
        return HELD
    if private:
        return PRIVATE
    if resource.audience is Audience.PARTNERS:
        return owner.folded if only is None else narrow_class(owner.folded, only)
    token = _CONTRACT.decode(document).cdr_token
    return contract_class(owner, PartyId(token.country_code, token.party_id))


def contract_class(owner: PartyId, party: PartyId) -> str:
    return f"{owner.folded}>{party.folded}"


def narrow_class(owner: str, parties: Iterable[str]) -> str:
    """The class of what only these parties may see; all folded."""
    return f"{owner}{NARROW}{JOIN.join(sorted(parties))}"


def members_of(audience: str) -> tuple[str, tuple[str, ...]]:
    """The owner and the parties that a narrow class names; of any other class no party."""
    owner, _, parties = audience.partition(NARROW)
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
    return any(narrow_class(owner, (party,)) in classes for party in parties)


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
    if resource.audience is Audience.CONTRACT:
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
    return audience in visible(platform, identity, resource, behind=behind)


def _once(parties: Iterable[PartyId]) -> list[PartyId]:
    """One pair may stand there in several roles."""
    return list({party.folded: party for party in parties}.values())
