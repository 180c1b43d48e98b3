"""Tariffs, where 2.3.0 differs from 2.2.1: limits, taxes, and bookings (§mod_tariffs).

`booking` comes with the bookings package, `preauthorize_amount` with the payments package.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from voltroam.standard.types import (
    URL,
    CountryCode,
    Currency,
    Date,
    DateTime,
    Id36,
    Number,
    PartyCode,
    TimeOfDay,
)
from voltroam.standard.v2_2_1.tariffs import (
    DayOfWeek,
    PriceComponent,
    ReservationRestrictionType,
    TariffDimensionType,
    TariffType,
)
from voltroam.standard.v2_2_1.types import DisplayText
from voltroam.standard.v2_3_0.locations import EnergyMix

__all__ = [
    "BookingRestrictionType",
    "DayOfWeek",
    "PriceComponent",
    "PriceLimit",
    "ReservationRestrictionType",
    "Tariff",
    "TariffDimensionType",
    "TariffElement",
    "TariffRestrictions",
    "TariffType",
    "TaxIncluded",
]


class BookingRestrictionType(StrEnum):
    """An element prices a booking, and which part of one."""

    BOOKING = "BOOKING"
    BOOKING_EXPIRES = "BOOKING_EXPIRES"
    BOOKING_CANCELLATION_FEES = "BOOKING_CANCELLATION_FEES"
    BOOKING_OVERTIME = "BOOKING_OVERTIME"


class TaxIncluded(StrEnum):
    """Whether the prices of a tariff hold the taxes, come before them, or know none."""

    YES = "YES"
    NO = "NO"
    NOT_APPLICABLE = "N/A"


class PriceLimit(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A bound of a session's total cost, before and after taxes; both hold at once."""

    before_taxes: Number
    after_taxes: Number | None = None


class TariffRestrictions(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """When an element applies, all of it together: local times, kWh, A, kW, seconds."""

    start_time: TimeOfDay | None = None
    end_time: TimeOfDay | None = None
    start_date: Date | None = None
    end_date: Date | None = None
    min_kwh: Number | None = None
    max_kwh: Number | None = None
    min_current: Number | None = None
    max_current: Number | None = None
    min_power: Number | None = None
    max_power: Number | None = None
    min_duration: int | None = None
    max_duration: int | None = None
    day_of_week: list[DayOfWeek] | None = None
    reservation: ReservationRestrictionType | None = None
    booking: BookingRestrictionType | None = None


class TariffElement(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Prices under the same restrictions."""

    price_components: Annotated[list[PriceComponent], Meta(min_length=1)]
    restrictions: TariffRestrictions | None = None


class Tariff(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Per dimension the first element that applies sets the price, see `tax_included`."""

    country_code: CountryCode
    party_id: PartyCode
    id: Id36
    currency: Currency
    elements: Annotated[list[TariffElement], Meta(min_length=1)]
    tax_included: TaxIncluded
    last_updated: DateTime
    type: TariffType | None = None
    tariff_alt_text: list[DisplayText] | None = None
    tariff_alt_url: URL | None = None
    min_price: PriceLimit | None = None
    max_price: PriceLimit | None = None
    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None
    energy_mix: EnergyMix | None = None
    preauthorize_amount: Number | None = None
