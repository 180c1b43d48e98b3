"""Who a platform is, and the token that it wants to be called with (OCPI 2.1.1 §credentials)."""

import msgspec

from voltroam.standard.types import URL, CredentialsToken
from voltroam.standard.v2_1_1.locations import BusinessDetails
from voltroam.standard.v2_1_1.types import CountryCode, PartyCode


class Credentials(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One party, in the role of the tree that it registers with; the token is not in the repr."""

    token: CredentialsToken
    url: URL
    business_details: BusinessDetails
    party_id: PartyCode
    country_code: CountryCode

    def __repr__(self) -> str:
        party = f"{self.country_code}/{self.party_id}"
        return f"Credentials(token=…, url={self.url!r}, party={party!r})"
