"""What a profile allows at a moment: expected values by hand from the chapter."""

from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.roaming.profiling.cast import NOON, active, profile

from voltroam.roaming.profiling.semantics import (
    Supply,
    ceiling_at,
    composite,
    fault_of,
    is_relative,
    limit_at,
    rounded,
    spanning,
)
from voltroam.standard.v2_2_1 import ChargingProfile, ChargingRateUnit, Connector

A, W = ChargingRateUnit.A, ChargingRateUnit.W


def connector(**changes: object) -> Connector:
    members = {
        "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
        "max_voltage": 230, "max_amperage": 16, "last_updated": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    return msgspec.convert(members | changes, Connector)


SUPPLY = Supply.of(connector())


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def limit(it: ChargingProfile, seconds: float, **given: datetime) -> Decimal | None:
    return limit_at(it, at(seconds), **({"began": NOON} | given))


def test_a_profile_without_start_is_relative_to_the_start_of_charging() -> None:
    """CHP-SEM-02"""
    it = profile((0, 16), (60, 8))
    assert is_relative(it)
    assert limit(it, 0) == 16
    assert limit(it, 100, began=at(90)) == 16
    assert limit_at(it, NOON, began=None) is None


def test_a_profile_with_start_is_absolute() -> None:
    """CHP-SEM-02: whenever charging began."""
    it = profile((0, 16), (60, 8), start_date_time=at(30))
    assert not is_relative(it)
    assert limit(it, 29) is None
    assert limit(it, 30) == 16
    assert limit(it, 90, began=at(80)) == 8
    assert limit_at(it, at(90), began=None) == 8


@pytest.mark.parametrize(
    ("seconds", "allowed"), [(0, 16), (599.999, 16), (600, 8), (1199, 8), (1200, 4)]
)
def test_a_period_begins_with_its_start_and_ends_the_one_before(
    seconds: float, allowed: int
) -> None:
    """CHP-SEM-04"""
    assert limit(profile((600, 8), (0, 16), (1200, 4)), seconds) == allowed


def test_before_the_first_period_a_profile_says_nothing() -> None:
    """CHP-SEM-04"""
    assert limit(profile((60, 8)), 59) is None
    assert limit(profile(), 59) is None


def test_without_duration_the_last_period_runs_on() -> None:
    """CHP-SEM-03: for ever if absolute, to the end of the transaction if relative."""
    week = 7 * 86_400
    assert limit(profile((0, 16), (60, 8)), week) == 8
    assert limit(profile((0, 16), (60, 8)), week, ended=at(week)) is None
    assert limit(profile((0, 16), (60, 8)), week - 1, ended=at(week)) == 8
    assert limit(profile((0, 6), start_date_time=NOON), week, ended=at(60)) == 6


def test_with_duration_the_profile_ends() -> None:
    """CHP-SEM-03"""
    it = profile((0, 16), (60, 8), duration=100)
    assert limit(it, 99) == 8
    assert limit(it, 100) is None


@pytest.mark.parametrize(
    ("changes", "amperes", "watts"),
    [
        ({}, "16", "11040"),
        ({"power_type": "AC_1_PHASE", "max_amperage": 32}, "32", "7360"),
        ({"power_type": "AC_2_PHASE"}, "16", "7360"),
        ({"power_type": "DC", "max_voltage": 400, "max_amperage": 125}, "125", "50000"),
    ],
)
def test_amperes_are_per_phase_and_watts_the_total(
    changes: dict[str, object], amperes: str, watts: str
) -> None:
    """CHP-SEM-05: three phases of 230 V and 16 A are 11 kW."""
    supply = Supply.of(connector(**changes))
    assert supply.to_watts(Decimal(amperes)) == Decimal(watts)
    assert supply.convert(Decimal(watts), W, A) == Decimal(amperes)
    assert supply.most(A) == Decimal(amperes)
    assert supply.most(W) == Decimal(watts)


def test_a_connector_gives_no_more_than_its_power() -> None:
    """CHP-SEM-05"""
    supply = Supply.of(connector(max_amperage=32, max_electric_power=11040))
    assert supply.most(A) == 16
    assert supply.most(W) == 11040


def test_a_connector_without_voltage_is_not_divided_by() -> None:
    supply = Supply.of(connector(max_voltage=0))
    assert supply.to_amperes(Decimal(1000)) == 16


def test_stacked_profiles_yield_the_least_of_all() -> None:
    """CHP-TOP-03, CHP-SEM-05: also across units, and never above the connector."""
    stacked = [profile((0, 12)), profile((0, 6900), unit="W"), profile((0, 20))]
    assert ceiling_at(stacked, NOON, began=NOON, supply=SUPPLY, unit=A) == 10
    assert ceiling_at(stacked[2:], NOON, began=NOON, supply=SUPPLY, unit=A) == 16
    assert ceiling_at([], NOON, began=NOON, supply=SUPPLY, unit=W) == 11040


def test_a_ceiling_is_cut_and_never_rounded_up() -> None:
    """CHP-SEM-06, CHP-SEM-01: 1,000 W on three phases are 1.449 A; what takes less is in order."""
    assert SUPPLY.convert(Decimal(1000), W, A) == Decimal("1.4")
    cut = rounded(profile((0, 8.19), min_charging_rate=Decimal("6.06")))
    assert cut.charging_profile_period is not None
    assert cut.charging_profile_period[0].limit == Decimal("8.1")
    assert cut.min_charging_rate == Decimal("6.0")


def test_the_composite_names_each_change() -> None:
    """CHP-UPD-04: where no profile is active, the capacity."""
    stacked = [profile((0, 12), (300, 6), duration=600), profile((100, 10))]
    it = composite(stacked, at(50), 900, began=NOON, supply=SUPPLY)
    periods = it.charging_profile.charging_profile_period or []
    said = [(one.start_period, int(one.limit)) for one in periods]
    assert said == [(0, 12), (50, 10), (250, 6), (550, 10)]
    empty = composite([], NOON, 900, began=NOON, supply=SUPPLY).charging_profile
    assert empty.charging_rate_unit is A
    assert [one.limit for one in empty.charging_profile_period or []] == [16]


@pytest.mark.parametrize(
    ("duration", "covered"), [(None, 3600), (60, 300), (300, 300), (1800, 1800), (86_400, 3600)]
)
def test_what_is_pushed_covers_five_to_sixty_minutes(duration: int | None, covered: int) -> None:
    """CHP-UPD-03"""
    it = spanning(active((0, 16), (4000, 8), duration=duration), least=300, most=3600)
    assert it.charging_profile.duration == covered
    assert len(it.charging_profile.charging_profile_period or []) == 1


def test_a_sound_profile_has_no_fault() -> None:
    assert fault_of(profile((0, 0), (60, 16.1), duration=90)) is None


periods = st.lists(
    st.tuples(st.integers(0, 4000), st.decimals(0, 32, places=1)), max_size=6,
    unique_by=lambda one: one[0],
)  # fmt: skip
profiles = st.builds(
    lambda made, duration, absolute: profile(
        *[(start, float(given)) for start, given in made],
        duration=duration,
        start_date_time=NOON + timedelta(seconds=100) if absolute else None,
    ),
    periods,
    st.none() | st.integers(1, 5000),
    st.booleans(),
)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.lists(profiles, max_size=3), st.integers(0, 3599))
def test_the_composite_says_at_each_second_what_all_profiles_together_say(
    stacked: list[ChargingProfile], second: int
) -> None:
    """CHP-SEM-04, CHP-TOP-03"""
    whole = composite(stacked, NOON, 3600, began=NOON, supply=SUPPLY)
    moment = at(second)
    said = limit_at(whole.charging_profile, moment, began=None)
    assert said == ceiling_at(stacked, moment, began=NOON, supply=SUPPLY, unit=A)
