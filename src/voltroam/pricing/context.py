"""What is known at the start of a period: restrictions are matched against this."""

from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal

from voltroam.pricing.decimals import ZERO

_NO_DAY = date.min


class Moment:
    """Local clock, kWh and seconds so far, and what flows: in A summed over phases, and kW.

    One is made per pricing and moved from period to period: it is the inner loop's only state.
    """

    __slots__ = (
        "day",
        "elapsed",
        "kwh",
        "max_current",
        "max_power",
        "min_current",
        "min_power",
        "second",
        "unknown",
        "weekday",
    )

    def __init__(self) -> None:
        self.second = 0
        """Seconds since local midnight by the clock on the wall."""
        self.day = _NO_DAY
        self.weekday = 0
        """0 is Monday."""
        self.kwh = ZERO
        self.elapsed = 0
        self.min_current: Decimal | None = ZERO
        self.max_current: Decimal | None = ZERO
        self.min_power: Decimal | None = ZERO
        self.max_power: Decimal | None = ZERO
        self.unknown = False
        """Set where a current or power was asked for and nobody measured it."""

    def at(self, instant: datetime, zone: tzinfo) -> None:
        """Local wall time of an instant: daylight saving is in the conversion (§3 of the rules)."""
        local = instant.astimezone(zone)
        self.second = local.hour * 3600 + local.minute * 60 + local.second
        self.day = local.date()
        self.weekday = local.weekday()

    def still(self) -> None:
        """Nothing flows: parking, or a reservation."""
        self.min_current = self.max_current = self.min_power = self.max_power = ZERO


def yesterday(day: date) -> date:
    return day - timedelta(days=1)
