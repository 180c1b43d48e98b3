"""Money, exact: two decimals over one divisor, so that thirds of an hour and of a tax fit."""

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from math import lcm

import msgspec

from voltroam.pricing.decimals import EXACT, share
from voltroam.standard.v2_3_0 import Price, TaxAmount

CDR_DIGITS = 4
"""Decimals of the numbers of a CDR (OCPI 2.2.1 §types, number)."""


class Amount(msgspec.Struct, frozen=True, eq=False):
    """`excl` is the net amount, `incl` with taxes, None where no tax is known. Never rounded.

    Adding decimals over a common divisor is several times faster than adding fractions.
    """

    net: Decimal
    gross: Decimal | None
    scale: int

    @classmethod
    def of(cls, excl: Fraction, incl: Fraction | None = None) -> "Amount":
        scale = excl.denominator if incl is None else lcm(excl.denominator, incl.denominator)
        gross = None if incl is None else Decimal(int(incl * scale))
        return cls(Decimal(int(excl * scale)), gross, scale)

    @property
    def excl(self) -> Fraction:
        return Fraction(self.net) / self.scale

    @property
    def incl(self) -> Fraction | None:
        return None if self.gross is None else Fraction(self.gross) / self.scale

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Amount):
            return NotImplemented
        return (self.excl, self.incl) == (other.excl, other.incl)

    def __ne__(self, other: object) -> bool:
        return not self == other  # a Struct's own would compare by identity

    def __hash__(self) -> int:
        return hash((self.excl, self.incl))

    def __repr__(self) -> str:
        excl, incl = self.rounded(6)
        return f"Amount(excl={excl}, incl={incl})"

    def plus(self, other: "Amount") -> "Amount":
        """Where one side knows its taxes, the other counts without (A14)."""
        if self.scale != other.scale:
            return _plus(self, other)
        net = EXACT.add(self.net, other.net)
        if self.gross is None and other.gross is None:
            return Amount(net, None, self.scale)
        mine = self.net if self.gross is None else self.gross
        theirs = other.net if other.gross is None else other.gross
        return Amount(net, EXACT.add(mine, theirs), self.scale)

    def rounded(self, digits: int = CDR_DIGITS) -> tuple[Decimal, Decimal | None]:
        """Half up at so many decimals, each on its own."""
        incl = None if self.gross is None else share(self.gross, self.scale, digits)
        return share(self.net, self.scale, digits), incl

    def price(self, digits: int = CDR_DIGITS) -> Price:
        """As a 2.3.0 Price: the tax is the difference of the rounded amounts."""
        excl, incl = self.rounded(digits)
        if incl is None:
            return Price(before_taxes=excl)
        return Price(before_taxes=excl, taxes=[TaxAmount(name="VAT", amount=incl - excl)])

    def plain(self, digits: int = CDR_DIGITS) -> dict[str, Decimal | None]:
        excl, incl = self.rounded(digits)
        return {"excl_vat": excl, "incl_vat": incl}


def _plus(one: Amount, other: Amount) -> Amount:
    if one.incl is None and other.incl is None:
        return Amount.of(one.excl + other.excl)
    mine = one.excl if one.incl is None else one.incl
    theirs = other.excl if other.incl is None else other.incl
    return Amount.of(one.excl + other.excl, mine + theirs)


def total(amounts: Iterable[Amount]) -> Amount | None:
    """The sum, None of nothing."""
    found: Amount | None = None
    for amount in amounts:
        found = amount if found is None else found.plus(amount)
    return found
