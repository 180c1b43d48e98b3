"""The world's clock and its fixed facts: cars, limits, steps."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltroam.simulator.world.cars import FLEET, Limit, Plug, power
from voltroam.simulator.world.clock import Clock
from voltroam.simulator.world.limits import steps_of, tighter
from voltroam.standard.v2_2_1 import ChargingProfile, ChargingProfilePeriod, ChargingRateUnit

BORN = datetime(2026, 5, 1, 12, tzinfo=UTC)
AC = Plug("1", 3, 230, 32, 22_000)
DC = Plug("1", 0, 920, 500, 350_000)


@settings(derandomize=True, max_examples=200)
@given(
    scale=st.floats(1, 3600), catch_up=st.floats(1, 86_400), seconds=st.floats(0, 200_000)
)  # fmt: skip
def test_the_world_is_never_ahead_and_its_clock_can_be_turned_round(
    scale: float, catch_up: float, seconds: float
) -> None:
    clock = Clock(BORN, scale, catch_up)
    real = BORN + timedelta(seconds=seconds)
    assert clock.world(real) <= real + timedelta(milliseconds=1)
    assert clock.world(real) >= clock.world(BORN)
    assert abs(clock.real(clock.world(real)) - real) < timedelta(milliseconds=10)


def test_a_fast_world_begins_in_the_past_and_arrives_after_its_time() -> None:
    clock = Clock(BORN, 60, 600)
    assert clock.world(BORN) == BORN - timedelta(seconds=59 * 600)
    minute = clock.world(BORN + timedelta(minutes=1)) - clock.world(BORN)
    assert minute == timedelta(hours=1)
    later = BORN + timedelta(minutes=10)
    assert clock.world(later) == later
    assert clock.world(later + timedelta(hours=1)) == later + timedelta(hours=1)


def test_a_world_of_scale_one_begins_now() -> None:
    assert Clock(BORN).world(BORN) == BORN


@pytest.mark.parametrize("car", [car for car, _ in FLEET], ids=lambda car: car.name)
def test_power_falls_to_nothing_when_the_battery_is_full(car: object) -> None:
    from voltroam.simulator.world.cars import Car

    assert isinstance(car, Car)
    plugs = [AC, DC] if car.dc_watts else [AC]
    for plug in plugs:
        late = [power(car, plug, soc / 100) for soc in range(97, 101)]
        assert late == sorted(late, reverse=True)
        assert late[-1] == 0
        assert power(car, plug, 0.3) <= plug.watts


def test_power_by_hand() -> None:
    small, compact = FLEET[0][0], FLEET[1][0]
    assert power(compact, AC, 0.5) == 3 * 16 * 230
    assert power(small, AC, 0.5) == pytest.approx(22_000 / 3)
    assert power(compact, AC, 0.5, Limit(amperes=10)) == 3 * 10 * 230
    assert power(compact, AC, 0.5, Limit(watts=6_900)) == pytest.approx(6_900)
    assert power(compact, AC, 0.5, Limit(amperes=5.9)) == 0
    assert power(compact, DC, 0.08) == 120_000
    assert power(compact, DC, 0.08, Limit(watts=50_000)) == 50_000


def test_the_steps_of_a_profile_begin_when_it_says() -> None:
    profile = ChargingProfile(
        charging_rate_unit=ChargingRateUnit.W,
        start_date_time=BORN,
        duration=900,
        charging_profile_period=[
            ChargingProfilePeriod(start_period=600, limit=Decimal(2000)),
            ChargingProfilePeriod(start_period=0, limit=Decimal(7000)),
            ChargingProfilePeriod(start_period=900, limit=Decimal(1)),
        ],
    )
    steps = steps_of(profile, BORN - timedelta(hours=1), lambda moment: moment)
    seconds = (-1, 0, 599, 600, 899, 900)
    limits = [steps.at(BORN + timedelta(seconds=at)).watts for at in seconds]
    assert limits == [None, 7000, 7000, 2000, 2000, None]
    assert steps.after(BORN) == BORN + timedelta(seconds=600)


def test_of_two_limits_the_tighter_counts() -> None:
    assert tighter(Limit(watts=5), Limit(watts=4, amperes=3)) == Limit(4, 3)
