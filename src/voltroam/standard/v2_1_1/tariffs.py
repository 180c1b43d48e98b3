"""What charging costs (OCPI 2.1.1 §mod_tariffs)."""

from typing import Annotated

import msgspec
from msgspec import Meta

from voltroam.standard.types import URL, Currency, Date, DateTime, Number, TimeOfDay
from voltroam.standard.v2_1_1.locations import EnergyMix
from voltroam.standard.v2_1_1.types import DisplayText, Money, Name36
from voltroam.standard.v2_2_1.tariffs import DayOfWeek, TariffDimensionType

__all__ = [
    "DayOfWeek",
    "PriceComponent",
    "Tariff",
    "TariffDimensionType",
    "TariffElement",
    "TariffRestrictions",
]


class PriceComponent(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Price per unit without VAT; `step_size` in Wh or seconds."""

    type: TariffDimensionType
    price: Money
    step_size: int


class TariffRestrictions(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """When an element applies, all of it together: local times, kWh, kW, seconds."""

    start_time: TimeOfDay | None = None
    end_time: TimeOfDay | None = None
    start_date: Date | None = None
    end_date: Date | None = None
    min_kwh: Number | None = None
    max_kwh: Number | None = None
    min_power: Number | None = None
    max_power: Number | None = None
    min_duration: int | None = None
    max_duration: int | None = None
    day_of_week: list[DayOfWeek] | None = None


class TariffElement(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Prices under the same restrictions."""

    price_components: Annotated[list[PriceComponent], Meta(min_length=1)]
    restrictions: TariffRestrictions | None = None


class Tariff(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Per dimension the first element that applies sets the price."""

    id: Name36
    currency: Currency
    elements: Annotated[list[TariffElement], Meta(min_length=1)]
    last_updated: DateTime
    tariff_alt_text: list[DisplayText] | None = None
    tariff_alt_url: URL | None = None
    energy_mix: EnergyMix | None = None
