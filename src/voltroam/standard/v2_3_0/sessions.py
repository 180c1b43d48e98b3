"""Charging sessions, where 2.3.0 differs from 2.2.1: money, tokens, periods (§mod_sessions)."""

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
from voltroam.standard.v2_2_1.sessions import (
    ChargingPreferences,
    ChargingPreferencesResponse,
    ProfileType,
    SessionStatus,
)
from voltroam.standard.v2_3_0.cdrs import AuthMethod, CdrToken, ChargingPeriod
from voltroam.standard.v2_3_0.types import Price

__all__ = [
    "ChargingPreferences",
    "ChargingPreferencesResponse",
    "ProfileType",
    "Session",
    "SessionStatus",
]


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
