"""Tokens, where 2.3.0 differs from 2.2.1: an open TokenType (OCPI 2.3.0 §mod_tokens)."""

import msgspec

from voltroam.standard.types import (
    CiString36,
    CountryCode,
    DateTime,
    Id36,
    Language,
    OpenEnum,
    PartyCode,
    String64,
)
from voltroam.standard.v2_2_1.tokens import (
    AllowedType,
    EnergyContract,
    LocationReferences,
    ProfileType,
    WhitelistType,
)
from voltroam.standard.v2_2_1.types import DisplayText

__all__ = [
    "AllowedType",
    "AuthorizationInfo",
    "EnergyContract",
    "LocationReferences",
    "ProfileType",
    "Token",
    "TokenType",
    "WhitelistType",
]


class TokenType(OpenEnum):
    """What kind of thing the driver holds; an EMAID is the contract in the car itself."""

    AD_HOC_USER = "AD_HOC_USER"
    APP_USER = "APP_USER"
    EMAID = "EMAID"
    OTHER = "OTHER"
    RFID = "RFID"


class Token(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Identified by `uid` and `type` under its owner; the repr does not show who the driver is."""

    country_code: CountryCode
    party_id: PartyCode
    uid: Id36
    type: TokenType
    contract_id: Id36
    issuer: String64
    valid: bool
    whitelist: WhitelistType
    last_updated: DateTime
    visual_number: String64 | None = None
    group_id: CiString36 | None = None
    language: Language | None = None
    default_profile_type: ProfileType | None = None
    energy_contract: EnergyContract | None = None

    def __repr__(self) -> str:
        party = f"{self.country_code}/{self.party_id}"
        return f"Token(party={party!r}, type={self.type!r}, valid={self.valid}, …)"


class AuthorizationInfo(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Whether a token may charge, at the location if one was given."""

    allowed: AllowedType
    token: Token
    location: LocationReferences | None = None
    authorization_reference: CiString36 | None = None
    info: DisplayText | None = None
