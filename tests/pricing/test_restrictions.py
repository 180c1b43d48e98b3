"""Both sides of every bound of every restriction: the last that matches, the first that does not.

TAR-RES-01..10. The lower bound is included, the upper one is not.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.pricing.build import ZONE, at, component, element, period, tariff

from voltroam.pricing import Policy, price

WEDNESDAY = at("2026-06-03 08:00")
"""A Wednesday, 10:00 in Amsterdam."""


def matches(
    limits: dict[str, Any],
    start: datetime = WEDNESDAY,
    *,
    kwh: str = "0",
    elapsed: int = 0,
    policy: Policy | None = None,
    flows: dict[str, str] | None = None,
) -> bool:
    """Whether an hour that begins at `start`, so far into the session, is priced under limits."""
    numbers = ("min_", "max_")
    read = {k: Decimal(str(v)) if k.startswith(numbers) else v for k, v in limits.items()}
    for name in ("min_duration", "max_duration"):
        if name in read:
            read[name] = limits[name]
    limited = tariff(element(component("T", "1"), **read))
    given = [period(start, of="T", T=1, **(flows or {}))]
    if elapsed or Decimal(kwh):
        # another tariff: what came before counts, and costs nothing
        before = start - timedelta(seconds=elapsed or 60)
        hours = round(Decimal(elapsed or 60) / 3600, 4)
        given.insert(0, period(before, of=None, T=hours, E=kwh))
    found = price(
        [limited],
        given,
        start=given[0].start_date_time,
        end=start + timedelta(hours=1),
        zone=ZONE,
        policy=policy,
    )
    return found.total_cost.excl == 1


@pytest.mark.parametrize(
    ("limits", "kwh", "expected"),
    [
        ({"min_kwh": 10}, "9.9999", False),
        ({"min_kwh": 10}, "10", True),
        ({"min_kwh": 10}, "10.0001", True),
        ({"max_kwh": 10}, "9.9999", True),
        ({"max_kwh": 10}, "10", False),
        ({"max_kwh": 10}, "10.0001", False),
        ({"min_kwh": 0}, "0", True),
        ({"max_kwh": 0}, "0", False),
        ({"min_kwh": "3.5", "max_kwh": "3.5001"}, "3.5", True),
        ({"min_kwh": "3.5", "max_kwh": "3.5"}, "3.5", False),
    ],
)
def test_energy_so_far(limits: dict[str, Any], kwh: str, expected: bool) -> None:
    assert matches(limits, kwh=kwh) is expected


@pytest.mark.parametrize(
    ("limits", "elapsed", "expected"),
    [
        ({"min_duration": 1800}, 1799, False),
        ({"min_duration": 1800}, 1800, True),
        ({"min_duration": 1800}, 1801, True),
        ({"max_duration": 1800}, 1799, True),
        ({"max_duration": 1800}, 1800, False),
        ({"max_duration": 1800}, 1801, False),
        ({"min_duration": 0}, 0, True),
        ({"max_duration": 0}, 0, False),
    ],
)
def test_seconds_since_charging_began(limits: dict[str, Any], elapsed: int, expected: bool) -> None:
    assert matches(limits, elapsed=elapsed) is expected


@pytest.mark.parametrize("what", ["current", "power"])
@pytest.mark.parametrize(
    ("side", "value", "expected"),
    [
        ("min", "15.9", False),
        ("min", "16", True),
        ("min", "16.1", True),
        ("max", "15.9", True),
        ("max", "16", False),
        ("max", "16.1", False),
    ],
)
def test_what_flows(what: str, side: str, value: str, expected: bool) -> None:
    flows = {{"current": "A", "power": "KW"}[what]: value}
    assert matches({f"{side}_{what}": 16}, flows=flows) is expected


@pytest.mark.parametrize(
    ("limits", "local", "expected"),
    [
        ({"start_time": "10:00"}, "09:59:59", False),
        ({"start_time": "10:00"}, "10:00:00", True),
        ({"start_time": "10:00"}, "23:59:59", True),
        ({"end_time": "10:00"}, "00:00:00", True),
        ({"end_time": "10:00"}, "09:59:59", True),
        ({"end_time": "10:00"}, "10:00:00", False),
        ({"start_time": "10:00", "end_time": "12:00"}, "09:59:59", False),
        ({"start_time": "10:00", "end_time": "12:00"}, "10:00:00", True),
        ({"start_time": "10:00", "end_time": "12:00"}, "11:59:59", True),
        ({"start_time": "10:00", "end_time": "12:00"}, "12:00:00", False),
        ({"start_time": "22:00", "end_time": "06:00"}, "21:59:59", False),
        ({"start_time": "22:00", "end_time": "06:00"}, "22:00:00", True),
        ({"start_time": "22:00", "end_time": "06:00"}, "00:00:00", True),
        ({"start_time": "22:00", "end_time": "06:00"}, "05:59:59", True),
        ({"start_time": "22:00", "end_time": "06:00"}, "06:00:00", False),
        ({"start_time": "10:00", "end_time": "00:00"}, "23:59:59", True),
        ({"start_time": "10:00", "end_time": "00:00"}, "00:00:00", False),
        ({"start_time": "00:00", "end_time": "00:00"}, "12:00:00", True),
        ({"start_time": "10:00", "end_time": "10:00"}, "09:59:59", True),
        ({"start_time": "10:00", "end_time": "10:00"}, "10:00:00", True),
    ],
)
def test_the_clock_on_the_wall(limits: dict[str, Any], local: str, expected: bool) -> None:
    """Amsterdam is two hours ahead of UTC in June."""
    assert matches(limits, at(f"2026-06-03 {local}") - timedelta(hours=2)) is expected


@pytest.mark.parametrize(
    ("limits", "local", "expected"),
    [
        ({"start_date": "2026-06-03"}, "2026-06-02 23:59:59", False),
        ({"start_date": "2026-06-03"}, "2026-06-03 00:00:00", True),
        ({"start_date": "2026-06-03"}, "2026-06-04 00:00:00", True),
        ({"end_date": "2026-06-03"}, "2026-06-02 23:59:59", True),
        ({"end_date": "2026-06-03"}, "2026-06-03 00:00:00", False),
        ({"end_date": "2026-06-03"}, "2026-06-04 12:00:00", False),
        ({"day_of_week": ["TUESDAY"]}, "2026-06-02 23:59:59", True),
        ({"day_of_week": ["TUESDAY"]}, "2026-06-03 00:00:00", False),
        ({"day_of_week": ["SUNDAY", "MONDAY"]}, "2026-06-07 12:00:00", True),
        ({"day_of_week": ["SUNDAY", "MONDAY"]}, "2026-06-08 12:00:00", True),
        ({"day_of_week": ["SUNDAY", "MONDAY"]}, "2026-06-09 12:00:00", False),
        ({"day_of_week": []}, "2026-06-09 12:00:00", True),
    ],
)
def test_local_dates_and_days(limits: dict[str, Any], local: str, expected: bool) -> None:
    assert matches(limits, at(local) - timedelta(hours=2)) is expected


NIGHT = {"start_time": "22:00", "end_time": "06:00", "day_of_week": ["FRIDAY"]}


@pytest.mark.parametrize(
    ("local", "by_day", "by_night"),
    [
        ("2026-06-05 05:59:59", True, False),
        ("2026-06-05 06:00:00", False, False),
        ("2026-06-05 21:59:59", False, False),
        ("2026-06-05 22:00:00", True, True),
        ("2026-06-06 00:00:00", False, True),
        ("2026-06-06 05:59:59", False, True),
        ("2026-06-06 06:00:00", False, False),
        ("2026-06-06 22:00:00", False, False),
    ],
)
def test_a07_a_window_over_midnight_on_one_day(local: str, by_day: bool, by_night: bool) -> None:
    """By default Friday is the local day; the other policy takes the night that began on it."""
    start = at(local) - timedelta(hours=2)
    assert matches(NIGHT, start) is by_day
    assert matches(NIGHT, start, policy=Policy(overnight_days="night")) is by_night
