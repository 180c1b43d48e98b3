"""Tariffs, where 2.3.0 differs from 2.2.1: limits, and taxes in or on top (§mod_tariffs)."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from voltroam.standard.types import (
    URL,
    CountryCode,
    Currency,
    DateTime,
    Id36,
    Number,
    PartyCode,
)
from voltroam.standard.v2_2_1.locations import EnergyMix
from voltroam.standard.v2_2_1.tariffs import (
    DayOfWeek,
    PriceComponent,
    ReservationRestrictionType,
    TariffDimensionType,
    TariffElement,
    TariffRestrictions,
    TariffType,
)
from voltroam.standard.v2_2_1.types import DisplayText

__all__ = [
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


class TaxIncluded(StrEnum):
    """Whether the prices of a tariff hold the taxes, come before them, or know none."""

    YES = "YES"
    NO = "NO"
    NOT_APPLICABLE = "N/A"


class PriceLimit(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A bound of a session's total cost, before and after taxes; both hold at once."""

    before_taxes: Number
    after_taxes: Number | None = None


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
