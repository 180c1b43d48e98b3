"""A charging session while it runs, and what its driver prefers (OCPI 2.2.1 §mod_sessions)."""

from enum import StrEnum

import msgspec

from voltroam.standard.types import (
    CiString36,
    CountryCode,
    Currency,
    DateTime,
    Id36,
    Number,
    PartyCode,
    String255,
)
from voltroam.standard.v2_2_1.cdrs import AuthMethod, CdrToken, ChargingPeriod
from voltroam.standard.v2_2_1.tokens import ProfileType
from voltroam.standard.v2_2_1.types import Price

__all__ = [
    "ChargingPreferences",
    "ChargingPreferencesResponse",
    "ProfileType",
    "Session",
    "SessionStatus",
]


class SessionStatus(StrEnum):
    """COMPLETED and INVALID are final."""

    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    INVALID = "INVALID"
    PENDING = "PENDING"
    RESERVATION = "RESERVATION"


class ChargingPreferencesResponse(StrEnum):
    """Answer to charging preferences: a bare string, no object."""

    ACCEPTED = "ACCEPTED"
    DEPARTURE_REQUIRED = "DEPARTURE_REQUIRED"
    ENERGY_NEED_REQUIRED = "ENERGY_NEED_REQUIRED"
    NOT_POSSIBLE = "NOT_POSSIBLE"
    PROFILE_TYPE_NOT_SUPPORTED = "PROFILE_TYPE_NOT_SUPPORTED"


class Session(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One charging session, kWh. `#NA` as EVSE or connector: reserved, none assigned yet."""

    country_code: CountryCode
    party_id: PartyCode
    id: Id36
    start_date_time: DateTime
    kwh: Number
    cdr_token: CdrToken
    auth_method: AuthMethod
    location_id: Id36
    evse_uid: Id36
    connector_id: Id36
    currency: Currency
    status: SessionStatus
    last_updated: DateTime
    end_date_time: DateTime | None = None
    authorization_reference: CiString36 | None = None
    meter_id: String255 | None = None
    charging_periods: list[ChargingPeriod] | None = None
    total_cost: Price | None = None


class ChargingPreferences(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """What the driver wants: energy in kWh, departure as an instant."""

    profile_type: ProfileType
    departure_time: DateTime | None = None
    energy_need: Number | None = None
    discharge_allowed: bool | None = None
