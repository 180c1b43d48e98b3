"""Restrictions of an element as checks on a moment; all must hold (§mod_tariffs, restrictions)."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from re import compile as pattern

from voltroam.pricing.context import Moment
from voltroam.pricing.decimals import exact
from voltroam.pricing.policy import Policy
from voltroam.pricing.problem import PricingProblem
from voltroam.standard.v2_3_0 import DayOfWeek, TariffRestrictions

Check = Callable[[Moment], bool]

DAYS = tuple(DayOfWeek)
"""Monday first, as `datetime.weekday` counts."""
DAY = 86400
_TIME = pattern(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def time_of_day(text: object, path: str) -> int:
    """Seconds since midnight of `HH:MM`."""
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise PricingProblem(path, "not a time of day of the form HH:MM")
    return int(match[1]) * 3600 + int(match[2]) * 60


def day_of(text: object, path: str) -> date:
    """A date that exists in the calendar."""
    try:
        if isinstance(text, str) and len(text) == 10:
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise PricingProblem(path, "not a date of the form YYYY-MM-DD")


def checks(limits: TariffRestrictions | None, path: str, policy: Policy) -> tuple[Check, ...]:
    """Every restriction that is set, the cheap ones first."""
    if limits is None:
        return ()
    return (
        *_clock(limits, path, policy),
        *_dates(limits, path),
        *_amounts(limits, path),
        *_flows(limits, path, policy),
    )


def window(limits: TariffRestrictions, path: str) -> tuple[int, int] | None:
    """Start and end in seconds since midnight; an end of 00:00, or none, is the end of the day."""
    if limits.start_time is None and limits.end_time is None:
        return None
    start = 0 if limits.start_time is None else time_of_day(limits.start_time, f"{path}.start_time")
    end = DAY if limits.end_time is None else time_of_day(limits.end_time, f"{path}.end_time")
    return start, end or DAY


def _clock(limits: TariffRestrictions, path: str, policy: Policy) -> Iterator[Check]:
    hours = window(limits, path)
    days = weekdays(limits, path)
    if hours is not None:
        start, end = hours
        if start == end:
            if policy.equal_times == "never":
                yield lambda _: False
        elif start < end:
            yield lambda now: start <= now.second < end
        else:
            yield lambda now: now.second >= start or now.second < end
            if days and policy.overnight_days == "night":
                yield lambda now: (now.weekday - (now.second < end)) % 7 in days
                return
    if days:
        yield lambda now: now.weekday in days


def weekdays(limits: TariffRestrictions, path: str) -> frozenset[int]:
    """0 is Monday; empty without restriction: an empty list restricts nothing."""
    if limits.day_of_week is None:
        return frozenset()
    try:
        return frozenset(DAYS.index(DayOfWeek(day)) for day in limits.day_of_week)
    except (ValueError, TypeError):
        raise PricingProblem(f"{path}.day_of_week", "not days of the week") from None


def _dates(limits: TariffRestrictions, path: str) -> Iterator[Check]:
    if limits.start_date is not None:
        first = day_of(limits.start_date, f"{path}.start_date")
        yield lambda now: now.day >= first
    if limits.end_date is not None:
        after = day_of(limits.end_date, f"{path}.end_date")
        yield lambda now: now.day < after


def _amounts(limits: TariffRestrictions, path: str) -> Iterator[Check]:
    if limits.min_kwh is not None:
        least = exact(limits.min_kwh, f"{path}.min_kwh")
        yield lambda now: now.kwh >= least
    if limits.max_kwh is not None:
        most = exact(limits.max_kwh, f"{path}.max_kwh")
        yield lambda now: now.kwh < most
    if limits.min_duration is not None:
        shortest = exact(limits.min_duration, f"{path}.min_duration")
        yield lambda now: now.elapsed >= shortest
    if limits.max_duration is not None:
        longest = exact(limits.max_duration, f"{path}.max_duration")
        yield lambda now: now.elapsed < longest


def _flows(limits: TariffRestrictions, path: str, policy: Policy) -> Iterator[Check]:
    unknown = policy.unknown_flow == "match"
    for name in ("min_current", "min_power"):
        if getattr(limits, name) is not None:
            yield _at_least(name, exact(getattr(limits, name), f"{path}.{name}"), unknown)
    for name in ("max_current", "max_power"):
        if getattr(limits, name) is not None:
            yield _below(name, exact(getattr(limits, name), f"{path}.{name}"), unknown)


def _at_least(name: str, bound: Decimal, unknown: bool) -> Check:
    def check(now: Moment) -> bool:
        value: Decimal | None = getattr(now, name)
        if value is None:
            now.unknown = True
            return unknown
        return value >= bound

    return check


def _below(name: str, bound: Decimal, unknown: bool) -> Check:
    def check(now: Moment) -> bool:
        value: Decimal | None = getattr(now, name)
        if value is None:
            now.unknown = True
            return unknown
        return value < bound

    return check
