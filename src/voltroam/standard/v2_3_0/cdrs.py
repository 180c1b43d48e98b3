"""Charge detail records, where 2.3.0 differs from 2.2.1: amounts, tariffs, bookings (§mod_cdrs).

`booking_id` and the two dimensions of reservations beside RESERVATION_TIME come with the bookings
package.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from voltroam.standard.types import (
    CiString36,
    CiString39,
    Country,
    CountryCode,
    Currency,
    DateTime,
    Id36,
    Id39,
    Number,
    PartyCode,
    String10,
    String20,
    String45,
    String255,
)
from voltroam.standard.v2_2_1.cdrs import AuthMethod, SignedData, SignedValue
from voltroam.standard.v2_3_0.locations import (
    ConnectorFormat,
    ConnectorType,
    GeoLocation,
    PowerType,
)
from voltroam.standard.v2_3_0.tariffs import Tariff
from voltroam.standard.v2_3_0.tokens import TokenType
from voltroam.standard.v2_3_0.types import Price

__all__ = [
    "CDR",
    "SESSION_ONLY",
    "AuthMethod",
    "CdrDimension",
    "CdrDimensionType",
    "CdrLocation",
    "CdrToken",
    "ChargingPeriod",
    "SignedData",
    "SignedValue",
]


class CdrDimensionType(StrEnum):
    """What a charging period measures: A, kWh, kW, hours, percent."""

    CURRENT = "CURRENT"
    ENERGY = "ENERGY"
    ENERGY_EXPORT = "ENERGY_EXPORT"
    ENERGY_IMPORT = "ENERGY_IMPORT"
    MAX_CURRENT = "MAX_CURRENT"
    MIN_CURRENT = "MIN_CURRENT"
    MAX_POWER = "MAX_POWER"
    MIN_POWER = "MIN_POWER"
    PARKING_TIME = "PARKING_TIME"
    POWER = "POWER"
    RESERVATION_EXPIRES = "RESERVATION_EXPIRES"
    RESERVATION_OVERTIME = "RESERVATION_OVERTIME"
    RESERVATION_TIME = "RESERVATION_TIME"
    STATE_OF_CHARGE = "STATE_OF_CHARGE"
    TIME = "TIME"


SESSION_ONLY = frozenset(
    {
        CdrDimensionType.CURRENT,
        CdrDimensionType.ENERGY_EXPORT,
        CdrDimensionType.ENERGY_IMPORT,
        CdrDimensionType.POWER,
        CdrDimensionType.STATE_OF_CHARGE,
    }
)
"""Dimensions that a session may have and a CDR may not."""


class CdrDimension(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """An amount of one dimension, in the unit of its type."""

    type: CdrDimensionType
    volume: Number


class ChargingPeriod(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Ends where the next one starts; without `tariff_id` no tariff applies."""

    start_date_time: DateTime
    dimensions: Annotated[list[CdrDimension], Meta(min_length=1)]
    tariff_id: CiString36 | None = None


class CdrToken(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """The token that a session was started with; `uid` and `contract_id` are not in the repr."""

    country_code: CountryCode
    party_id: PartyCode
    uid: Id36
    type: TokenType
    contract_id: Id36

    def __repr__(self) -> str:
        party = f"{self.country_code}/{self.party_id}"
        return f"CdrToken(party={party!r}, type={self.type!r}, …)"


class CdrLocation(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Where the session took place. `#NA` ids: a reservation that never became a session.

    `address` and `state` stay at 45 and 20: the errata lengthened them in Location only.
    """

    id: Id36
    address: String45
    city: String45
    country: Country
    coordinates: GeoLocation
    evse_uid: Id36
    evse_id: Annotated[str, Meta(min_length=1, max_length=48, extra={"ocpi": "CiString"})]
    connector_id: Id36
    connector_standard: ConnectorType
    connector_format: ConnectorFormat
    connector_power_type: PowerType
    name: String255 | None = None
    postal_code: String10 | None = None
    state: String20 | None = None


class CDR(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """What a session cost and why: kWh, hours, money in `currency`. Never changed once sent."""

    country_code: CountryCode
    party_id: PartyCode
    id: Id39
    start_date_time: DateTime
    end_date_time: DateTime
    cdr_token: CdrToken
    auth_method: AuthMethod
    cdr_location: CdrLocation
    currency: Currency
    charging_periods: Annotated[list[ChargingPeriod], Meta(min_length=1)]
    total_cost: Price
    total_energy: Number
    total_time: Number
    last_updated: DateTime
    session_id: CiString36 | None = None
    authorization_reference: CiString36 | None = None
    meter_id: String255 | None = None
    tariffs: list[Tariff] | None = None
    signed_data: SignedData | None = None
    total_fixed_cost: Price | None = None
    total_energy_cost: Price | None = None
    total_time_cost: Price | None = None
    total_parking_time: Number | None = None
    total_parking_cost: Price | None = None
    total_reservation_cost: Price | None = None
    remark: String255 | None = None
    invoice_reference_id: CiString39 | None = None
    credit: bool | None = None
    credit_reference_id: CiString39 | None = None
    home_charging_compensation: bool | None = None
    booking_id: CiString36 | None = None
