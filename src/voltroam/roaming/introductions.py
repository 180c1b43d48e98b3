"""Who we are and who they are, in the credentials of any version.

Inside, a platform has a list of roles. OCPI 2.1.1 knows one party for each registration and does
not say its role: that follows from the tree (OCPI 2.1.1 §credentials). In 2.3.0 a hub names itself
in `hub_party_id` and lists the parties behind it as its roles (OCPI 2.3.0 §credentials).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import structs

from voltroam.roaming.platforms import Identity
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId
from voltroam.standard.shapes import shape
from voltroam.standard.trees import Tree
from voltroam.standard.v2_2_1 import BusinessDetails, Credentials, CredentialsRole, Role
from voltroam.standard.versions import Version
from voltroam.wire.decode import Reading, read
from voltroam.wire.encode import encode

COUNTRY = 2
"""Characters of a country code, the first of a `hub_party_id`."""


@dataclass(frozen=True, slots=True)
class Introduced:
    """Their credentials as the house knows them: of a hub the role HUB alone."""

    credentials: Credentials
    behind: tuple[CredentialsRole, ...] | None = None
    """The parties that a hub lists; None: it does not list them, or is no hub."""


def introduce(
    identity: Identity,
    version: Version,
    *,
    token: str,
    url: str,
    we_are: Role | None = None,
    behind: Sequence[CredentialsRole] = (),
) -> bytes:
    """Our credentials as JSON. `behind`: the parties that a hub connects.

    A hub that has nobody to tell of yet names itself: a list of roles has at least one.
    CallerError if the version asks for one role and `we_are` names none of ours.
    """
    whole = shape(Credentials, version)
    if not version.credentials_roles:
        return encode(whole(token=token, url=url, **_single(_role(identity, we_are))))
    hub = next((role for role in identity.roles if role.role is Role.HUB), None)
    if hub is None or not version.hub_lists_parties:
        roles = [_as_in(version, role) for role in identity.roles]
        return encode(whole(token=token, url=url, roles=roles))
    return encode(
        whole(
            token=token,
            url=url,
            roles=[_as_in(version, role) for role in behind or (_itself(hub),)],
            hub_party_id=f"{hub.country_code}{hub.party_id}",
        )
    )


def introduced(data: bytes, version: Version, we_are: Role | None) -> Introduced:
    """Who they are. CallerError 2001 names what cannot be used.

    Credentials are read strictly, whatever the partner's profile says.
    """
    reading: Reading[Any] = read(shape(Credentials, version), data)
    theirs = reading.value
    if theirs is None or not reading.usable(strict=True):
        raise CallerError(reading.message)
    if not version.credentials_roles:
        return _with_roles(theirs, [_their_role(theirs, we_are)])
    roles = [msgspec.convert(msgspec.to_builtins(role), CredentialsRole) for role in theirs.roles]
    named = getattr(theirs, "hub_party_id", None) if version.hub_lists_parties else None
    if named is None:
        return _with_roles(theirs, roles)
    hub = _hub_role(named, roles)
    behind = tuple(role for role in roles if not _is_hub_itself(role, hub))
    return _with_roles(theirs, [hub], behind)


def _with_roles(
    theirs: Any,
    roles: list[CredentialsRole],
    behind: tuple[CredentialsRole, ...] | None = None,
) -> Introduced:
    return Introduced(Credentials(token=theirs.token, url=theirs.url, roles=roles), behind)


def party_of(identity: Identity, we_are: Role | None) -> PartyId:
    """The one party of ours that a registration of a single role is about."""
    role = _role(identity, we_are)
    return PartyId(role.country_code, role.party_id)


def _role(identity: Identity, we_are: Role | None) -> CredentialsRole:
    """A hub stands for either side under its own party."""
    for role in identity.roles:
        if we_are is not None and role.role in (we_are, Role.HUB):
            return role
    raise CallerError(f"{we_are.value if we_are else 'Neither CPO nor EMSP'} is no role of ours")


def _single(role: CredentialsRole) -> dict[str, Any]:
    details = msgspec.to_builtins(role.business_details)
    return {
        "party_id": role.party_id,
        "country_code": role.country_code,
        "business_details": details,
    }


def _itself(hub: CredentialsRole) -> CredentialsRole:
    """No version that lists parties has the role HUB."""
    return structs.replace(hub, role=Role.OTHER)


def _is_hub_itself(role: CredentialsRole, hub: CredentialsRole) -> bool:
    """Its own entry; what it does beside, it does as one of the parties (`_itself`)."""
    party = PartyId(role.country_code, role.party_id)
    return role.role is Role.OTHER and party.same(PartyId(hub.country_code, hub.party_id))


def _as_in(version: Version, role: CredentialsRole) -> Any:
    return msgspec.convert(msgspec.to_builtins(role), shape(CredentialsRole, version))


def _their_role(theirs: Any, we_are: Role | None) -> CredentialsRole:
    if we_are is None:
        raise CallerError("This version's credentials do not say who plays which role")
    return CredentialsRole(
        role=Tree[we_are.name].other.role,
        business_details=msgspec.convert(
            msgspec.to_builtins(theirs.business_details), BusinessDetails
        ),
        party_id=theirs.party_id,
        country_code=theirs.country_code,
    )


def _hub_role(hub: str, roles: Sequence[CredentialsRole]) -> CredentialsRole:
    """The hub itself; its name is that of its own entry, if it has one."""
    country, party = hub[:COUNTRY], hub[COUNTRY:]
    own = next(
        (role for role in roles if PartyId(role.country_code, role.party_id).same(
            PartyId(country, party)
        )),
        None,
    )  # fmt: skip
    name = own.business_details.name if own is not None else hub
    return CredentialsRole(
        role=Role.HUB,
        business_details=BusinessDetails(name=name),
        party_id=party,
        country_code=country,
    )
