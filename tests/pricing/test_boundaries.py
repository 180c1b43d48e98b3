"""Cuts fall where a price can change, and periods that miss one are found.

CDR-PER-01, TAR-RES-11
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from tests.pricing.build import MORNING, ZONE, at, component, element, period, session, tariff

from voltroam.pricing import PricingProblem, boundaries, straddles
from voltroam.pricing.boundaries import (
    clock_changes,
    current_bounds,
    instants_of,
    kwh_bounds,
    power_bounds,
)
from voltroam.standard.v2_3_0 import TariffDimensionType

C = component
AMSTERDAM = ZoneInfo(ZONE)


def test_windows_are_cut_in_local_time() -> None:
    day = tariff(element(C("E", "1"), start_time="07:00", end_time="19:00"))
    found = boundaries([day], at("2026-06-03 00:00"), at("2026-06-04 00:00"), ZONE)
    assert found == (at("2026-06-03 05:00"), at("2026-06-03 17:00"))


def test_days_and_dates_are_cut_at_local_midnight() -> None:
    week = tariff(element(C("E", "1"), day_of_week=["SUNDAY"]))
    found = boundaries([week], at("2026-06-03 00:00"), at("2026-06-05 00:00"), ZONE)
    assert found == (at("2026-06-03 22:00"), at("2026-06-04 22:00"))
    dated = tariff(element(C("E", "1"), start_date="2026-06-04", end_date="2026-06-06"))
    found = boundaries([dated], at("2026-06-01 00:00"), at("2026-06-09 00:00"), ZONE)
    assert found == (at("2026-06-03 22:00"), at("2026-06-05 22:00"))


def test_durations_are_cut_from_the_start_of_charging() -> None:
    timed = tariff(element(C("E", "1"), min_duration=600, max_duration=1800))
    charging = MORNING + timedelta(minutes=5)
    found = boundaries([timed], MORNING, MORNING + timedelta(hours=1), ZONE, charging_from=charging)
    assert found == (charging + timedelta(minutes=10), charging + timedelta(minutes=30))


def test_an_unrestricted_tariff_has_no_boundaries() -> None:
    plain = tariff(element(C("E", "1"), max_kwh=10, min_power=5, max_current=32))
    assert boundaries([plain], at("2026-01-01 00:00"), at("2026-12-31 00:00"), ZONE) == ()
    assert kwh_bounds([plain]) == (Decimal(10),)
    assert power_bounds([plain]) == (Decimal(5),)
    assert current_bounds([plain]) == (Decimal(32),)


def test_a_wall_time_comes_twice_in_autumn_and_at_the_jump_in_spring() -> None:
    half_past_two = 2 * 3600 + 1800
    autumn = sorted(instants_of(date(2026, 10, 25), half_past_two, AMSTERDAM))
    assert autumn == [at("2026-10-25 00:30"), at("2026-10-25 01:30")]
    spring = list(instants_of(date(2026, 3, 29), half_past_two, AMSTERDAM))
    assert spring == [at("2026-03-29 01:00")]


@pytest.mark.parametrize(
    ("zone", "changes"),
    [
        (ZONE, [at("2026-03-29 01:00"), at("2026-10-25 01:00")]),
        ("Australia/Lord_Howe", [at("2026-04-04 15:00"), at("2026-10-03 15:30")]),
        ("Asia/Kolkata", []),
    ],
)
def test_changes_of_the_clock_are_found(zone: str, changes: list[datetime]) -> None:
    year = at("2026-01-01 00:00:00.500"), at("2027-01-01 00:00")
    assert list(clock_changes(*year, ZoneInfo(zone))) == changes


def test_decades_are_no_session() -> None:
    day = tariff(element(C("E", "1"), start_time="07:00"))
    with pytest.raises(PricingProblem, match="days after"):
        boundaries([day], at("1970-01-01 00:00"), at("2026-01-01 00:00"), ZONE)


def test_a_period_over_a_boundary_is_found_with_both_elements() -> None:
    evening = tariff(element(C("T", "1"), end_time="17:00"), element(C("T", "2")))
    start = at("2026-06-03 14:30")
    found = straddles(
        [evening], session(start, (60, {"T": None})), end=start + timedelta(hours=1), zone=ZONE
    )
    (only,) = found
    assert (only.period, only.element, only.then) == (0, 0, 1)
    assert (only.at, only.dimension) == (at("2026-06-03 15:00"), TariffDimensionType.TIME)


def test_a_boundary_at_which_no_price_changes_is_no_fault() -> None:
    same = tariff(element(C("P", "1"), end_time="17:00"), element(C("T", "2")))
    start = at("2026-06-03 14:30")
    cut = session(start, (60, {"T": None}))
    assert straddles([same], cut, end=start + timedelta(hours=1), zone=ZONE) == ()
    well_cut = session(start, (30, {"P": None}), (30, {"P": None}))
    assert straddles([same], well_cut, end=start + timedelta(hours=1), zone=ZONE) == ()


def test_a_period_over_a_kwh_bound_is_found() -> None:
    tiers = tariff(element(C("E", "1"), max_kwh=5), element(C("E", "2")))
    end = MORNING + timedelta(hours=1)
    (only,) = straddles([tiers], [period(MORNING, T=1, E=20)], end=end, zone=ZONE)
    assert only.at == MORNING + timedelta(minutes=15)
    assert straddles([tiers], [period(MORNING, T=1, E=5)], end=end, zone=ZONE) == ()
