"""What a session costs, and why: totals, lines, and what was ambiguous on the way."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from voltroam.pricing.components import Component, Dimension
from voltroam.pricing.currency import exponent
from voltroam.pricing.explain import why
from voltroam.pricing.numbers import HOUR, rounded
from voltroam.standard.v2_3_0 import Price, TariffDimensionType, TaxAmount

CDR_DIGITS = 4
"""Decimals of the numbers of a CDR (OCPI 2.2.1 §types, number)."""

TOTALS = {
    Dimension.FIXED: "total_fixed_cost",
    Dimension.ENERGY: "total_energy_cost",
    Dimension.TIME: "total_time_cost",
    Dimension.PARKING: "total_parking_cost",
    Dimension.RESERVATION: "total_reservation_cost",
}


class Amount(msgspec.Struct, frozen=True):
    """Money, exact. `incl` is None where no tax is known; `excl` is always the net amount."""

    excl: Fraction
    incl: Fraction | None = None

    def rounded(self, digits: int = CDR_DIGITS) -> tuple[Decimal, Decimal | None]:
        """Half up at so many decimals, each on its own."""
        incl = None if self.incl is None else rounded(self.incl, digits)
        return rounded(self.excl, digits), incl

    def price(self, digits: int = CDR_DIGITS) -> Price:
        """As a 2.3.0 Price: the taxes are the difference of the rounded amounts."""
        excl, incl = self.rounded(digits)
        if incl is None:
            return Price(before_taxes=excl)
        return Price(before_taxes=excl, taxes=[TaxAmount(name="VAT", amount=incl - excl)])

    def plus(self, other: "Amount") -> "Amount":
        """Where one side knows its taxes, the other counts without (A14)."""
        if self.incl is None and other.incl is None:
            return Amount(self.excl + other.excl)
        mine = self.excl if self.incl is None else self.incl
        theirs = other.excl if other.incl is None else other.incl
        return Amount(self.excl + other.excl, mine + theirs)

    def plain(self, digits: int = CDR_DIGITS) -> dict[str, Decimal | None]:
        excl, incl = self.rounded(digits)
        return {"excl_vat": excl, "incl_vat": incl}


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
        return Fraction(self.measured) / per(self.component)

    @property
    def billed_quantity(self) -> Fraction:
        return Fraction(self.billed) / per(self.component)

    @property
    def cost(self) -> Amount:
        return worth(self.component, Fraction(self.component.price * self.billed))

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
            "quantity": rounded(self.quantity, 6).normalize(),
            "billed": rounded(self.billed_quantity, 6).normalize(),
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
_TIMED = (TariffDimensionType.TIME, TariffDimensionType.PARKING_TIME)


def per(component: Component) -> int:
    """Counted units to one priced unit: seconds to the hour."""
    return HOUR if component.type in _TIMED else 1


def worth(component: Component, product: Fraction) -> Amount:
    """Money of a sum of price x quantity, both sides of the tax."""
    amount = product / per(component)
    rate = component.rate
    if component.gross:
        return Amount(amount * 100 / (100 + Fraction(rate or 0)), amount)
    if rate is None:
        return Amount(amount)
    return Amount(amount, amount + amount * Fraction(rate) / 100 if rate else amount)


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
        found["lines"] = [line.plain(digits) for line in self.lines]
        found["warnings"] = [msgspec.to_builtins(warning) for warning in self.warnings]
        return found


def total(amounts: Iterable[Amount]) -> Amount | None:
    """The sum, None of nothing."""
    found: Amount | None = None
    for amount in amounts:
        found = amount if found is None else found.plus(amount)
    return found
