"""Who may see an object: a class computed when it is written, so that pages stay joined bytes.

`NL/AAA` is for the partners of that owner, `NL/AAA>DE/MSP` for the party in `cdr_token`, `-` for
nobody although it is ours, and the empty class for what others own and we only hold. On a hub what
a party shares has that party's class, as if it were the hub's own.
"""

from collections.abc import Iterable

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


_CONTRACT = msgspec.json.Decoder(_Contract)


def audience_of(
    resource: Resource, document: bytes, owner: PartyId, identity: Identity, *, private: bool
) -> str:
    """The class of an object as it is written."""
    if identity.is_hub:
        if resource.audience is not Audience.CONTRACT:
            return owner.folded
    elif resource.audience is Audience.NOBODY or not identity.holds(owner):
        return HELD
    if private:
        return PRIVATE
    if resource.audience is Audience.PARTNERS:
        return owner.folded
    token = _CONTRACT.decode(document).cdr_token
    return contract_class(owner, PartyId(token.country_code, token.party_id))


def contract_class(owner: PartyId, party: PartyId) -> str:
    return f"{owner.folded}>{party.folded}"


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
    it sees beside those of its own parties, a smart charging service provider (CHP-TOP-04).
    """
    if not any(role.role in resource.readers for role in platform.roles):
        return ()
    owners = _once(identity.parties(*resource.owner_roles))
    owners = [owner for owner in owners if to is None or owner.same(to)]
    if resource.audience is Audience.PARTNERS:
        return tuple(owner.folded for owner in owners)
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
