"""What a driver identifies with, and whether it may charge (OCPI 2.2.1 §mod_tokens)."""

from enum import StrEnum

import msgspec

from voltroam.standard.types import (
    CiString36,
    CountryCode,
    DateTime,
    Id36,
    Language,
    PartyCode,
    String64,
)
from voltroam.standard.v2_2_1.types import DisplayText


class AllowedType(StrEnum):
    """Answer to an authorisation request."""

    ALLOWED = "ALLOWED"
    BLOCKED = "BLOCKED"
    EXPIRED = "EXPIRED"
    NO_CREDIT = "NO_CREDIT"
    NOT_ALLOWED = "NOT_ALLOWED"


class ProfileType(StrEnum):
    """What smart charging should aim at; §mod_sessions defines it, tokens use it too."""

    CHEAP = "CHEAP"
    FAST = "FAST"
    GREEN = "GREEN"
    REGULAR = "REGULAR"


class TokenType(StrEnum):
    """What kind of thing the driver holds."""

    AD_HOC_USER = "AD_HOC_USER"
    APP_USER = "APP_USER"
    OTHER = "OTHER"
    RFID = "RFID"


class WhitelistType(StrEnum):
    """When a CPO may let a token charge without asking the eMSP."""

    ALWAYS = "ALWAYS"
    ALLOWED = "ALLOWED"
    ALLOWED_OFFLINE = "ALLOWED_OFFLINE"
    NEVER = "NEVER"


class EnergyContract(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """The driver's own energy contract; its id is not in the repr."""

    supplier_name: String64
    contract_id: String64 | None = None

    def __repr__(self) -> str:
        return f"EnergyContract(supplier_name={self.supplier_name!r}, …)"


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


class LocationReferences(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Where the driver wants to charge; without EVSEs the whole location."""

    location_id: Id36
    evse_uids: list[CiString36] | None = None


class AuthorizationInfo(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Whether a token may charge, at the location if one was given."""

    allowed: AllowedType
    token: Token
    location: LocationReferences | None = None
    authorization_reference: CiString36 | None = None
    info: DisplayText | None = None
