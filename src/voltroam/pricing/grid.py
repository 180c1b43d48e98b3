"""The price of each hour of a week, as the wall clock shows it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import msgspec

from voltroam.pricing.amount import Amount
from voltroam.pricing.bill import worth
from voltroam.pricing.boundaries import boundaries
from voltroam.pricing.components import Component, Prepared, find
from voltroam.pricing.context import Moment
from voltroam.pricing.decimals import ZERO, exact
from voltroam.pricing.plan import Plan
from voltroam.pricing.policy import Policy
from voltroam.pricing.problem import PricingProblem
from voltroam.standard.v2_3_0 import Tariff


class Cell(msgspec.Struct, frozen=True):
    """Prices in force at the start of an hour; None where the dimension is free of price.

    `until` is the first change within the hour, if there is one.
    """

    start: datetime
    weekday: int
    """0 is Monday."""
    hour: int
    energy: Amount | None
    """Per kWh."""
    time: Amount | None
    """Per hour of charging."""
    parking: Amount | None
    """Per hour of parking."""
    flat: Amount | None
    until: datetime | None = None


def grid(
    tariff: Tariff,
    zone: str | ZoneInfo,
    week: date,
    *,
    power: Decimal | None = None,
    current: Decimal | None = None,
    kwh: Decimal = ZERO,
    elapsed: int = 0,
    policy: Policy | None = None,
) -> tuple[Cell, ...]:
    """168 cells from the Monday of `week` on, one fewer or more when the clock changes.

    For a session that has `kwh` and `elapsed` seconds behind it and flows at `power` kW and
    `current` A; without these, elements restricted by them do not apply.
    """
    plan = Plan([tariff], zone, policy or Policy())
    if not date(1971, 1, 1) <= week <= date(2900, 1, 1):
        raise PricingProblem("$.week", "a week outside 1971 to 2900")
    monday = week - timedelta(days=week.weekday())
    first = datetime(monday.year, monday.month, monday.day, tzinfo=plan.zone).astimezone(UTC)
    next_day = monday + timedelta(days=7)
    end = datetime(next_day.year, next_day.month, next_day.day, tzinfo=plan.zone).astimezone(UTC)
    now = Moment()
    now.kwh = exact(kwh, "$.kwh")
    now.elapsed = elapsed
    now.min_power = now.max_power = None if power is None else exact(power, "$.power")
    now.min_current = now.max_current = None if current is None else exact(current, "$.current")
    changes = boundaries([tariff], first - timedelta(hours=1), end, plan.zone)
    cells = []
    start = first
    while start < end:
        cells.append(_cell(plan.tariffs[0], start, plan.zone, now, changes))
        start += timedelta(hours=1)
    return tuple(cells)


def _cell(
    tariff: Prepared, start: datetime, zone: ZoneInfo, now: Moment, changes: Sequence[datetime]
) -> Cell:
    now.at(start, zone)
    local = start.astimezone(zone)
    inside = (moment for moment in changes if start < moment < start + timedelta(hours=1))
    flows = now.min_power, now.max_power, now.min_current, now.max_current
    energy, time = find(tariff.energy, now), find(tariff.time, now)
    flat = find(tariff.flat, now)
    now.still()
    parking = find(tariff.parking, now)
    now.min_power, now.max_power, now.min_current, now.max_current = flows
    return Cell(
        start=start,
        weekday=local.weekday(),
        hour=local.hour,
        energy=_unit(energy),
        time=_unit(time),
        parking=_unit(parking),
        flat=_unit(flat),
        until=next(inside, None),
    )


def _unit(component: Component | None) -> Amount | None:
    return None if component is None else worth(component, component.per)


def cheapest(cells: Sequence[Cell]) -> Cell | None:
    """The first cell with the lowest energy price; None if energy has no price anywhere."""
    priced = [cell for cell in cells if cell.energy is not None]
    return min(priced, key=_energy, default=None)


def _energy(cell: Cell) -> Fraction:
    return Fraction(0) if cell.energy is None else cell.energy.excl
