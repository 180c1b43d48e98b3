"""The instants at which a price can change: where charging periods are to be cut.

Local windows, midnights and dates by the clock on the wall, changes of that clock itself, and
durations since charging began. kWh, current and power are no instants: who knows the meter cuts
there (`kwh_bounds`, `power_bounds`, `current_bounds`).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from voltroam.pricing.decimals import exact, instant
from voltroam.pricing.plan import zone_of
from voltroam.pricing.problem import PricingProblem
from voltroam.pricing.restrictions import DAY, day_of, window
from voltroam.standard.v2_3_0 import Tariff, TariffRestrictions

LONGEST = timedelta(days=3660)
"""More is no session."""
MOST = 20_000
"""Of days times times of day: more is no session either."""
_SECOND = timedelta(seconds=1)


def boundaries(
    tariffs: Sequence[Tariff],
    start: datetime,
    end: datetime,
    zone: str | ZoneInfo,
    *,
    charging_from: datetime | None = None,
) -> tuple[datetime, ...]:
    """Every instant strictly between start and end at which an element can switch on or off.

    `charging_from` is where durations count from, `start` unless told. In UTC, in order.
    """
    start, end = instant(start, "$.start").astimezone(UTC), instant(end, "$.end").astimezone(UTC)
    if end - start > LONGEST:
        raise PricingProblem("$.end", f"more than {LONGEST.days} days after the start")
    place = zone_of(zone)
    limits = list(_restrictions(tariffs))
    found = set(_local(limits, start, end, place))
    began = start if charging_from is None else charging_from
    for _, one in limits:
        for seconds in (one.min_duration, one.max_duration):
            if seconds is not None and 0 <= seconds <= LONGEST.total_seconds():
                found.add(began + timedelta(seconds=seconds))
    return tuple(sorted(moment for moment in found if start < moment < end))


def kwh_bounds(tariffs: Sequence[Tariff]) -> tuple[Decimal, ...]:
    """The kWh at which an element switches, in order."""
    return _bounds(tariffs, "kwh")


def power_bounds(tariffs: Sequence[Tariff]) -> tuple[Decimal, ...]:
    """The kW at which an element switches, in order."""
    return _bounds(tariffs, "power")


def current_bounds(tariffs: Sequence[Tariff]) -> tuple[Decimal, ...]:
    """The A, summed over phases, at which an element switches, in order."""
    return _bounds(tariffs, "current")


def _bounds(tariffs: Sequence[Tariff], name: str) -> tuple[Decimal, ...]:
    found = set()
    for path, one in _restrictions(tariffs):
        for side in ("min", "max"):
            value = getattr(one, f"{side}_{name}")
            if value is not None:
                found.add(exact(value, f"{path}.{side}_{name}"))
    return tuple(sorted(found))


def _restrictions(tariffs: Sequence[Tariff]) -> Iterator[tuple[str, TariffRestrictions]]:
    for index, tariff in enumerate(tariffs):
        for number, element in enumerate(tariff.elements):
            if element.restrictions is not None:
                yield f"$.tariffs[{index}].elements[{number}].restrictions", element.restrictions


def _local(
    limits: Sequence[tuple[str, TariffRestrictions]], start: datetime, end: datetime, zone: tzinfo
) -> Iterator[datetime]:
    """Local times of day on every day, midnights of the dates, and changes of the clock."""
    times: set[int] = set()
    days: set[date] = set()
    for path, one in limits:
        hours = window(one, path)
        if hours is not None:
            times |= {second % DAY for second in hours}
        if one.day_of_week:
            times.add(0)
        for name in ("start_date", "end_date"):
            if getattr(one, name) is not None:
                days.add(day_of(getattr(one, name), f"{path}.{name}"))
    if not times and not days:
        return
    if ((end - start).days + 1) * len(times) > MOST:
        raise PricingProblem("$.end", "too many changes of price between start and end")
    yield from clock_changes(start, end, zone)
    first = start.astimezone(zone).date() - timedelta(days=1)
    for count in range((end - start).days + 4):
        day = first + timedelta(days=count)
        for second in times | ({0} if day in days else set()):
            yield from instants_of(day, second, zone)


def instants_of(day: date, second: int, zone: tzinfo) -> Iterable[datetime]:
    """When the wall clock shows this: twice in autumn, at the jump where spring leaves it out."""
    wall = datetime(day.year, day.month, day.day) + timedelta(seconds=second)
    both = {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    shown = {one for one in both if one.astimezone(zone).replace(tzinfo=None) == wall}
    if shown:
        return shown
    early, late = min(both), max(both)
    return set(clock_changes(early - timedelta(hours=3), late + timedelta(hours=3), zone))


def clock_changes(start: datetime, end: datetime, zone: tzinfo) -> Iterator[datetime]:
    """The instants at which the zone's offset changes, to the second."""
    low = start
    while low < end:
        high = min(low + timedelta(days=1), end)
        if low.astimezone(zone).utcoffset() != high.astimezone(zone).utcoffset():
            yield _change(low, high, zone)
        low = high


def _change(low: datetime, high: datetime, zone: tzinfo) -> datetime:
    before = low.astimezone(zone).utcoffset()
    while high - low > _SECOND:
        middle = low + (high - low) // 2
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    # The search ends within a second: changes fall on whole ones.
    return high.replace(microsecond=0)
