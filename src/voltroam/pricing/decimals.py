"""Exact numbers: what comes in is a Decimal within bounds, and nothing is ever rounded unseen."""

from datetime import UTC, datetime, timedelta
from decimal import (
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)
from fractions import Fraction

from voltroam.pricing.problem import PricingProblem

EXACT = Context(prec=90, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero])
"""Raises Inexact where digits would be lost: within the bounds below none are."""
QUOTIENT = Context(prec=50)
"""For comparing a quotient with a bound of at most 32 digits."""
HIGHEST = 14
LOWEST = -18
"""Powers of ten of the first digit: more is a fault, not an amount."""
DIGITS = 32
ZERO = Decimal(0)
ONE = Decimal(1)
HOUR = 3600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2999, 12, 31, tzinfo=UTC)


def exact(value: object, path: str) -> Decimal:
    """A number as it was written; PricingProblem for what is none, or is out of all proportion."""
    if type(value) is Decimal:
        number = value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        number = Decimal(repr(value))
    else:
        raise PricingProblem(path, "not a number")
    if not number.is_finite() or (number and not LOWEST <= number.adjusted() <= HIGHEST):
        raise PricingProblem(path, "not a number that can be an amount")
    digits, exponent = number.as_tuple()[1:]
    if len(digits) > DIGITS or not -DIGITS <= int(exponent) <= HIGHEST:
        raise PricingProblem(path, f"a number of more than {DIGITS} digits")
    return number


def instant(moment: object, path: str) -> datetime:
    """An aware UTC instant; one without zone is UTC (OCPI 2.2.1 §types, DateTime)."""
    if not isinstance(moment, datetime):
        raise PricingProblem(path, "not a moment")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if not EARLIEST <= moment <= LATEST:
        raise PricingProblem(path, f"a moment outside {EARLIEST.year} to {LATEST.year}")
    return moment


def whole_seconds(moment: datetime) -> int:
    """Seconds since 1970, to the nearest: differences of these add up over periods."""
    past = moment - _EPOCH
    return past.days * 86400 + past.seconds + (past.microseconds >= 500_000)


def nearest(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_HALF_UP))


def fraction(number: Decimal | int) -> Fraction:
    return Fraction(number)


def rounded(amount: Fraction, digits: int) -> Decimal:
    """Half away from zero, as the standard's own examples do (5.625 is 5.63)."""
    return quotient(amount.numerator, amount.denominator, digits)


def quotient(above: int, below: int, digits: int) -> Decimal:
    """The same of a fraction that need not be in lowest terms; `below` is positive."""
    units = (abs(above) * 10**digits * 2 + below) // (below * 2)
    return Decimal(-units if above < 0 else units).scaleb(-digits)


def share(number: Decimal | int, parts: int, digits: int) -> Decimal:
    """A number divided by `parts`, rounded; much faster than by way of a fraction."""
    above, below = number.as_integer_ratio()
    return quotient(above, below * parts, digits)
