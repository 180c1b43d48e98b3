"""Charge detail records: the sealed account of a session (OCPI 2.1.1 §mod_cdrs)."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from voltroam.standard.types import Currency, DateTime, Id36, Number
from voltroam.standard.v2_1_1.locations import Location
from voltroam.standard.v2_1_1.tariffs import Tariff
from voltroam.standard.v2_1_1.types import Money, Name36, String255


class AuthMethod(StrEnum):
    """How the session was authorised."""

    AUTH_REQUEST = "AUTH_REQUEST"
    WHITELIST = "WHITELIST"


class CdrDimensionType(StrEnum):
    """What a charging period measures: A, kWh, hours, and what was charged once."""

    ENERGY = "ENERGY"
    FLAT = "FLAT"
    MAX_CURRENT = "MAX_CURRENT"
    MIN_CURRENT = "MIN_CURRENT"
    PARKING_TIME = "PARKING_TIME"
    TIME = "TIME"


class CdrDimension(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """An amount of one dimension, in the unit of its type."""

    type: CdrDimensionType
    volume: Number


class ChargingPeriod(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Ends where the next one starts."""

    start_date_time: DateTime
    dimensions: Annotated[list[CdrDimension], Meta(min_length=1)]


class CDR(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """What a session cost and why: kWh, hours, money without VAT. Never changed once sent.

    `auth_id` identifies the driver's contract and is not in the repr.
    """

    id: Id36
    start_date_time: DateTime
    stop_date_time: DateTime
    auth_id: Name36
    auth_method: AuthMethod
    location: Location
    currency: Currency
    charging_periods: Annotated[list[ChargingPeriod], Meta(min_length=1)]
    total_cost: Money
    total_energy: Number
    total_time: Number
    last_updated: DateTime
    meter_id: String255 | None = None
    tariffs: list[Tariff] | None = None
    total_parking_time: Number | None = None
    remark: String255 | None = None

    def __repr__(self) -> str:
        return f"CDR(id={self.id!r}, total_cost={self.total_cost}, currency={self.currency!r}, …)"
