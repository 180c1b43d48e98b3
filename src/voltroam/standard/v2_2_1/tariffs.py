"""What charging costs (OCPI 2.2.1 §mod_tariffs)."""

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
from voltroam.standard.v2_2_1.locations import EnergyMix
from voltroam.standard.v2_2_1.types import DisplayText, Price


class DayOfWeek(StrEnum):
    """Days of the week, in the local time of the location."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


class ReservationRestrictionType(StrEnum):
    """An element prices a reservation, or one that expires unused."""

    RESERVATION = "RESERVATION"
    RESERVATION_EXPIRES = "RESERVATION_EXPIRES"


class TariffDimensionType(StrEnum):
    """What is priced: per kWh, once, per hour not charging, per hour charging."""

    ENERGY = "ENERGY"
    FLAT = "FLAT"
    PARKING_TIME = "PARKING_TIME"
    TIME = "TIME"


class TariffType(StrEnum):
    """When a tariff applies; a tariff without type applies to all sessions."""

    AD_HOC_PAYMENT = "AD_HOC_PAYMENT"
    PROFILE_CHEAP = "PROFILE_CHEAP"
    PROFILE_FAST = "PROFILE_FAST"
    PROFILE_GREEN = "PROFILE_GREEN"
    REGULAR = "REGULAR"


class PriceComponent(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Price per unit without VAT; `vat` in percent; `step_size` in Wh or seconds."""

    type: TariffDimensionType
    price: Number
    step_size: int
    vat: Number | None = None


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


class TariffElement(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Prices under the same restrictions."""

    price_components: Annotated[list[PriceComponent], Meta(min_length=1)]
    restrictions: TariffRestrictions | None = None


class Tariff(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Per dimension the first element that applies sets the price."""

    country_code: CountryCode
    party_id: PartyCode
    id: Id36
    currency: Currency
    elements: Annotated[list[TariffElement], Meta(min_length=1)]
    last_updated: DateTime
    type: TariffType | None = None
    tariff_alt_text: list[DisplayText] | None = None
    tariff_alt_url: URL | None = None
    min_price: Price | None = None
    max_price: Price | None = None
    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None
    energy_mix: EnergyMix | None = None
