"""What the restrictions of an element let pass, to be held against those of another."""

from collections.abc import Sequence
from decimal import Decimal
from operator import le
from typing import NamedTuple

from voltroam.pricing.restrictions import DAYS
from voltroam.standard.v2_3_0 import TariffRestrictions

EXACT = ("start_time", "end_time", "start_date", "end_date")
"""Compared for equality only: that is enough for what people write twice."""
AMOUNTS = ("kwh", "current", "power", "duration")
_ALL_DAYS = frozenset(DAYS)
_NO_BOUND = Decimal("-Infinity")


class Extent(NamedTuple):
    """Clock and dates, days, and bounds of which a lower one lets more pass."""

    clock: frozenset[tuple[str, str]]
    days: frozenset[str]
    bounds: tuple[Decimal | int, ...]

    @classmethod
    def of(cls, limits: TariffRestrictions | None) -> "Extent":
        if limits is None:
            return EVERYTHING
        clock = ((name, getattr(limits, name)) for name in EXACT)
        least = (getattr(limits, f"min_{name}") for name in AMOUNTS)
        most = (getattr(limits, f"max_{name}") for name in AMOUNTS)
        return cls(
            frozenset((name, value) for name, value in clock if value is not None),
            frozenset(limits.day_of_week or _ALL_DAYS),
            (
                *(_NO_BOUND if bound is None else bound for bound in least),
                *(_NO_BOUND if bound is None else Decimal(bound).copy_negate() for bound in most),
            ),
        )

    def covers(self, other: "Extent") -> bool:
        """Whatever the other lets pass, this lets pass too."""
        return (
            self.clock <= other.clock
            and other.days <= self.days
            and all(map(le, self.bounds, other.bounds))
        )


EVERYTHING = Extent(frozenset(), _ALL_DAYS, (_NO_BOUND,) * (2 * len(AMOUNTS)))


def ranked(extents: Sequence[Extent]) -> list[Extent]:
    """The same with ranks for bounds, which compare much faster and compare alike."""
    columns = []
    for column in zip(*(one.bounds for one in extents), strict=True):
        ranks = {value: rank for rank, value in enumerate(sorted(set(column)))}
        columns.append([ranks[value] for value in column])
    return [
        one._replace(bounds=bounds)
        for one, bounds in zip(extents, zip(*columns, strict=True), strict=True)
    ]
