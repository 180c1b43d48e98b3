"""What a session costs, and why: totals, lines, and what was ambiguous on the way."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from voltroam.pricing.amount import CDR_DIGITS, Amount
from voltroam.pricing.components import TOTALS, Component, Dimension
from voltroam.pricing.currency import exponent
from voltroam.pricing.decimals import EXACT, share
from voltroam.pricing.explain import why
from voltroam.standard.v2_3_0 import TariffDimensionType


class Line(msgspec.Struct, gc=False):
    """One price applied to one period: what was measured, what is billed."""

    period: int
    """Index of the charging period."""
    start: datetime
    component: Component
    measured: Decimal | int
    """kWh, seconds, or 1."""
    billed: Decimal | int
    """The same after step_size: only the last of a dimension is more."""

    @property
    def element(self) -> int:
        return self.component.element

    @property
    def tariff_id(self) -> str:
        return self.component.tariff.id

    @property
    def type(self) -> TariffDimensionType:
        return self.component.type

    @property
    def dimension(self) -> Dimension:
        return self.component.dimension

    @property
    def price(self) -> Decimal:
        """Per kWh, per hour, or once."""
        return self.component.price

    @property
    def vat(self) -> Decimal | None:
        return self.component.vat

    @property
    def unit(self) -> str:
        return UNITS[self.component.type]

    @property
    def quantity(self) -> Fraction:
        """Measured, in kWh, hours, or times."""
        return Fraction(self.measured) / self.component.per

    @property
    def billed_quantity(self) -> Fraction:
        return Fraction(self.billed) / self.component.per

    @property
    def cost(self) -> Amount:
        return worth(self.component, self.billed)

    @property
    def why(self) -> str:
        """The reason in a sentence."""
        return why(self.component, self.start, self.measured, self.billed)

    def plain(self, digits: int = CDR_DIGITS) -> dict[str, Any]:
        """For JSON: numbers rounded for reading, sums of them may differ in the last digit."""
        return {
            "period": self.period,
            "start_date_time": self.start,
            "tariff_id": self.tariff_id,
            "element": self.element,
            "component": self.type,
            "dimension": self.dimension,
            "quantity": share(self.measured, self.component.per, 6).normalize(),
            "billed": share(self.billed, self.component.per, 6).normalize(),
            "unit": self.unit,
            "step_size": self.component.step,
            "price": self.price,
            "vat": self.vat,
            "cost": self.cost.plain(digits),
            "why": self.why,
        }


UNITS = {
    TariffDimensionType.FLAT: "x",
    TariffDimensionType.ENERGY: "kWh",
    TariffDimensionType.TIME: "h",
    TariffDimensionType.PARKING_TIME: "h",
}


def worth(component: Component, quantity: Decimal | int) -> Amount:
    """Money of a quantity in kWh, seconds or times, both sides of the tax."""
    product = EXACT.multiply(component.price, quantity)
    factor = component.gross_factor
    gross = None if factor is None else EXACT.multiply(product, factor)
    return Amount(EXACT.multiply(product, component.net_factor), gross, component.tariff.scale)


class Ambiguity(msgspec.Struct, frozen=True):
    """Something the standard leaves open, and how it was read: `policy` is `field=value`."""

    code: str
    text: str
    policy: str | None = None


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of a session, exact; a dimension that is not priced is None."""

    currency: str
    total_cost: Amount
    total_fixed_cost: Amount | None = None
    total_energy_cost: Amount | None = None
    total_time_cost: Amount | None = None
    total_parking_cost: Amount | None = None
    total_reservation_cost: Amount | None = None
    total_energy: Decimal
    """kWh measured."""
    total_time: Decimal
    """Hours measured, charging and parking, without the reservation."""
    total_parking_time: Decimal
    """Hours in which no energy flowed."""
    bounds: tuple[str, ...] = ()
    """The bounds that moved the total: `max_price of 16`."""
    lines: tuple[Line, ...] = ()
    warnings: tuple[Ambiguity, ...] = ()

    @property
    def billed(self) -> dict[str, Fraction]:
        """Quantity billed per CDR dimension, in kWh and hours."""
        found: dict[str, Fraction] = {}
        for line in self.lines:
            if line.type is TariffDimensionType.FLAT:
                continue
            reserved = line.dimension is Dimension.RESERVATION
            name = "RESERVATION_TIME" if reserved else str(line.type)
            found[name] = found.get(name, Fraction(0)) + line.billed_quantity
        return found

    @property
    def money_digits(self) -> int:
        """Decimals of an amount of this currency (ISO 4217)."""
        return exponent(self.currency)

    def plain(self, digits: int = CDR_DIGITS) -> dict[str, Any]:
        """For JSON: totals at so many decimals, absent where a dimension is not priced."""
        found: dict[str, Any] = {
            "currency": self.currency,
            "total_cost": self.total_cost.plain(digits),
        }
        for name in TOTALS.values():
            amount: Amount | None = getattr(self, name)
            if amount is not None:
                found[name] = amount.plain(digits)
        found["total_energy"] = self.total_energy
        found["total_time"] = self.total_time
        found["total_parking_time"] = self.total_parking_time
        if self.bounds:
            found["bounds"] = list(self.bounds)
        found["lines"] = [line.plain(digits) for line in self.lines]
        found["warnings"] = [msgspec.to_builtins(warning) for warning in self.warnings]
        return found
