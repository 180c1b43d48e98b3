"""Charge detail records, where 2.3.0 differs from 2.2.1: amounts and tariffs (§mod_cdrs)."""

from typing import Annotated

import msgspec
from msgspec import Meta

from voltroam.standard.types import (
    CiString36,
    CiString39,
    CountryCode,
    Currency,
    DateTime,
    Id39,
    Number,
    PartyCode,
    String255,
)
from voltroam.standard.v2_2_1.cdrs import (
    AuthMethod,
    CdrDimension,
    CdrDimensionType,
    CdrLocation,
    CdrToken,
    ChargingPeriod,
    SignedData,
    SignedValue,
)
from voltroam.standard.v2_3_0.tariffs import Tariff
from voltroam.standard.v2_3_0.types import Price

__all__ = [
    "CDR",
    "AuthMethod",
    "CdrDimension",
    "CdrDimensionType",
    "CdrLocation",
    "CdrToken",
    "ChargingPeriod",
    "SignedData",
    "SignedValue",
]


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
