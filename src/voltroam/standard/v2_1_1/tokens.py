"""What a driver identifies with, and whether it may charge (OCPI 2.1.1 §mod_tokens)."""

from enum import StrEnum

import msgspec

from voltroam.standard.types import DateTime, Language
from voltroam.standard.v2_1_1.types import (
    DisplayText,
    Identifier36,
    Identifier39,
    Name36,
    Name39,
    String64,
)
from voltroam.standard.v2_2_1.tokens import AllowedType, WhitelistType

__all__ = [
    "AllowedType",
    "AuthorizationInfo",
    "LocationReferences",
    "Token",
    "TokenType",
    "WhitelistType",
]


class TokenType(StrEnum):
    """What kind of thing the driver holds."""

    OTHER = "OTHER"
    RFID = "RFID"


class Token(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Identified by `uid` and `type` at its eMSP; the repr does not show who the driver is."""

    uid: Name36
    type: TokenType
    auth_id: Name36
    issuer: String64
    valid: bool
    whitelist: WhitelistType
    last_updated: DateTime
    visual_number: String64 | None = None
    language: Language | None = None

    def __repr__(self) -> str:
        return f"Token(type={self.type!r}, valid={self.valid}, …)"


class LocationReferences(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Where the driver wants to charge; without EVSEs the whole location."""

    location_id: Name39
    evse_uids: list[Identifier39] | None = None
    connector_ids: list[Identifier36] | None = None


class AuthorizationInfo(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Whether a token may charge, at the location if one was given."""

    allowed: AllowedType
    location: LocationReferences | None = None
    info: DisplayText | None = None
