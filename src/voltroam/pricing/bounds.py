"""min_price and max_price bound the total, net and gross each on its own (§mod_tariffs)."""

from collections.abc import Callable
from fractions import Fraction

import msgspec

from voltroam.pricing.amount import Amount, total
from voltroam.pricing.components import Prepared
from voltroam.pricing.decimals import ZERO
from voltroam.pricing.policy import Policy
from voltroam.standard.v2_3_0 import PriceLimit

Nearer = Callable[[Fraction, Fraction], Fraction]
NOTHING = Amount(ZERO, None, 1)


class Share(msgspec.Struct):
    """What one tariff contributes, its reservation apart."""

    tariff: Prepared
    charging: Amount | None
    reservation: Amount | None


class Bounded(msgspec.Struct, frozen=True):
    """The total within its bounds, and which of them moved it."""

    amount: Amount
    moved: tuple[str, ...] = ()
    scaled: bool = False


class _Bounds:
    """Collects what each bound did; `ratio` turns net into gross where a bound has no gross."""

    def __init__(self, ratio: Callable[[], Fraction], policy: Policy) -> None:
        self.ratio = ratio
        self.scale = policy.bound_without_tax == "scale"
        self.moved: list[str] = []
        self.scaled = False

    def cap(self, amount: Amount, limit: PriceLimit | None, name: str) -> Amount:
        if limit is None:
            return amount
        return self._move(amount, limit, name, min)

    def lift(self, amount: Amount, limit: PriceLimit | None, name: str) -> Amount:
        if limit is None:
            return amount
        return self._move(amount, limit, name, max)

    def _after(self, limit: PriceLimit, amount: Amount) -> Fraction | None:
        if limit.after_taxes is not None:
            return Fraction(limit.after_taxes)
        if amount.incl is None or not self.scale:
            return None
        return Fraction(limit.before_taxes) * self.ratio()

    def _move(self, amount: Amount, limit: PriceLimit, name: str, nearer: Nearer) -> Amount:
        before, incl = amount.excl, amount.incl
        excl = nearer(before, Fraction(limit.before_taxes))
        after = self._after(limit, amount)
        bounded = incl if after is None or incl is None else nearer(incl, after)
        if excl == before and bounded == incl:
            return amount
        self.moved.append(name)
        self.scaled |= limit.after_taxes is None and incl is not None
        return Amount.of(excl, bounded)


def bound(
    shares: list[Share],
    last: Prepared | None,
    *,
    charged: bool,
    ratio: Callable[[], Fraction],
    policy: Policy,
) -> Bounded:
    """The sum of all shares, within bounds.

    `last` is the tariff of the last period; `charged` is False where only a reservation took
    place, which owes no min_price (A17). max_price holds per tariff on its share (A18).
    """
    whole = policy.bounded_reservation == "included"
    parts = [
        total(one for one in (share.charging, share.reservation if whole else None) if one)
        for share in shares
    ]
    bounds = _Bounds(ratio, policy)
    if policy.tariff_bounds == "share":
        parts = [
            part and bounds.cap(part, share.tariff.max_price, f"max_price of {share.tariff.id}")
            for share, part in zip(shares, parts, strict=True)
        ]
    amount = total(part for part in parts if part) or NOTHING
    if last is not None and policy.tariff_bounds == "last":
        amount = bounds.cap(amount, last.max_price, f"max_price of {last.id}")
    if last is not None and charged:
        amount = bounds.lift(amount, last.min_price, f"min_price of {last.id}")
    if not whole:
        rest = total(share.reservation for share in shares if share.reservation)
        amount = amount.plus(rest) if rest else amount
    return Bounded(amount, tuple(bounds.moved), bounds.scaled)
