"""Credentials, where 2.3.0 differs from 2.2.1: the hub's own party (OCPI 2.3.0 §credentials)."""

from typing import Annotated

import msgspec
from msgspec import Meta

from voltroam.standard.types import URL, CiString5, CountryCode, CredentialsToken, PartyCode
from voltroam.standard.v2_3_0.locations import BusinessDetails
from voltroam.standard.v2_3_0.types import Role

__all__ = ["Credentials", "CredentialsRole", "Role"]


class CredentialsRole(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One party in one role: of the platform itself, or behind the hub that the platform is."""

    role: Role
    business_details: BusinessDetails
    party_id: PartyCode
    country_code: CountryCode


class Credentials(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """What two platforms exchange at registration; the token is a secret and not in the repr.

    `hub_party_id` is a hub's country code and party id in one word of five characters.
    """

    token: CredentialsToken
    url: URL
    roles: Annotated[list[CredentialsRole], Meta(min_length=1)]
    hub_party_id: CiString5 | None = None

    def __repr__(self) -> str:
        return f"Credentials(token=…, url={self.url!r}, roles={self.roles!r})"
