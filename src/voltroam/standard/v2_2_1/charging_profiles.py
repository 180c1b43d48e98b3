"""How fast a session may charge over time (OCPI 2.2.1 §mod_charging_profiles)."""

from enum import StrEnum

import msgspec

from voltroam.standard.types import URL, DateTime, Number


class ChargingRateUnit(StrEnum):
    """Watts in total, or amperes per phase."""

    W = "W"
    A = "A"


class ChargingProfileResponseType(StrEnum):
    """What the CPO says at once."""

    ACCEPTED = "ACCEPTED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    TOO_OFTEN = "TOO_OFTEN"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"


class ChargingProfileResultType(StrEnum):
    """What the EVSE says later."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"


class ChargingProfilePeriod(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A limit from `start_period` seconds after the start of the profile on."""

    start_period: int
    limit: Number


class ChargingProfile(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Limits over time; without `start_date_time` relative to the start of charging. Seconds."""

    charging_rate_unit: ChargingRateUnit
    start_date_time: DateTime | None = None
    duration: int | None = None
    min_charging_rate: Number | None = None
    charging_profile_period: list[ChargingProfilePeriod] | None = None


class ActiveChargingProfile(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """The profile that an EVSE calculated at `start_date_time`."""

    start_date_time: DateTime
    charging_profile: ChargingProfile


class ChargingProfileResponse(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """The CPO's own answer; after `timeout` seconds no result is to be expected."""

    result: ChargingProfileResponseType
    timeout: int


class ActiveChargingProfileResult(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Result of GET: the profile, if ACCEPTED."""

    result: ChargingProfileResultType
    profile: ActiveChargingProfile | None = None


class ChargingProfileResult(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Result of PUT."""

    result: ChargingProfileResultType


class ClearProfileResult(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Result of DELETE."""

    result: ChargingProfileResultType


class SetChargingProfile(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Body of PUT; the result comes to `response_url`."""

    charging_profile: ChargingProfile
    response_url: URL
