"""Who a platform is, and the token that it wants to be called with (OCPI 2.2.1 §credentials)."""

from typing import Annotated

import msgspec
from msgspec import Meta

from voltroam.standard.types import URL, CountryCode, CredentialsToken, PartyCode
from voltroam.standard.v2_2_1.locations import BusinessDetails
from voltroam.standard.v2_2_1.types import Role

__all__ = ["Credentials", "CredentialsRole", "Role"]


class CredentialsRole(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One party of a platform in one role."""

    role: Role
    business_details: BusinessDetails
    party_id: PartyCode
    country_code: CountryCode


class Credentials(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """What two platforms exchange at registration; the token is a secret and not in the repr."""

    token: CredentialsToken
    url: URL
    roles: Annotated[list[CredentialsRole], Meta(min_length=1)]

    def __repr__(self) -> str:
        return f"Credentials(token=…, url={self.url!r}, roles={self.roles!r})"
