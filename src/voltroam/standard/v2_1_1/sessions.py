"""A charging session while it runs (OCPI 2.1.1 §mod_sessions)."""

from enum import StrEnum

import msgspec

from voltroam.standard.types import Currency, DateTime, Number
from voltroam.standard.v2_1_1.cdrs import AuthMethod, ChargingPeriod
from voltroam.standard.v2_1_1.locations import Location
from voltroam.standard.v2_1_1.types import Money, Name36, String255


class SessionStatus(StrEnum):
    """COMPLETED and INVALID are final."""

    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    INVALID = "INVALID"
    PENDING = "PENDING"


class Session(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One charging session, kWh; its location holds the one EVSE and connector only.

    `auth_id` identifies the driver's contract and is not in the repr.
    """

    id: Name36
    start_datetime: DateTime
    kwh: Number
    auth_id: Name36
    auth_method: AuthMethod
    location: Location
    currency: Currency
    status: SessionStatus
    last_updated: DateTime
    end_datetime: DateTime | None = None
    meter_id: String255 | None = None
    charging_periods: list[ChargingPeriod] | None = None
    total_cost: Money | None = None

    def __repr__(self) -> str:
        return f"Session(id={self.id!r}, status={self.status!r}, kwh={self.kwh}, …)"
