"""The periods of a session that runs are those that `cut` makes of all its readings at once."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.billing.objects import MORNING, ZONE, component, element, encoded, tariff
from tests.counts import times

from voltroam.billing.any_version import read_tariff
from voltroam.billing.build import for_cdr
from voltroam.billing.cut import InForce, MeterReading, State, cut
from voltroam.billing.problem import BillingProblem
from voltroam.billing.running import Marks, Pace, Running, begin
from voltroam.pricing import Policy
from voltroam.standard.v2_3_0 import CdrDimensionType, ChargingPeriod, Tariff

NEVER = Pace(seconds=1e9, kwh=Decimal(10**9))
TARIFFS = [
    tariff(element(component("ENERGY", "0.30"))),
    tariff(
        element(component("ENERGY", "0.25"), start_time="09:00", end_time="10:30"),
        element(component("ENERGY", "0.30")),
    ),
    tariff(
        element(component("ENERGY", "0.20"), max_kwh=5),
        element(component("ENERGY", "0.40"), min_power=11),
        element(component("TIME", "1.00"), min_duration=1800),
    ),
]


def read(plain: dict[str, Any]) -> Tariff:
    return read_tariff(encoded(plain))


def marks(*tariffs: Tariff) -> Marks:
    return Marks([InForce(one, MORNING) for one in tariffs], ZONE, Policy())


def run(readings: list[MeterReading], known: Marks, pace: Pace = NEVER) -> Running:
    """One reading after the other, as they come from the charger."""
    first = readings[0].kwh
    counted = [
        MeterReading(
            at=one.at, kwh=one.kwh - first, power=one.power, state=one.state, phases=one.phases
        )
        for one in readings
    ]
    running = begin(readings[0].at, reading=counted[0])
    for one in counted[1:]:
        before = running.periods
        running = running.then(one, known).told(pace, known)
        assert running.periods[: len(before)] == before, "what is told never changes"
    return running.closed(known)


def energy(periods: list[ChargingPeriod]) -> Decimal:
    return sum(
        (
            one.volume
            for period in periods
            for one in period.dimensions
            if one.type is CdrDimensionType.ENERGY
        ),
        Decimal(0),
    )


powers = st.one_of(st.none(), st.decimals(0, 22, places=1))
steps = st.tuples(
    st.integers(1, 3000),
    st.decimals(0, 4, places=3),
    powers,
    st.sampled_from([State.CHARGING, State.CHARGING, State.PARKING]),
    st.one_of(st.just(()), st.just((Decimal(6), Decimal(6), Decimal(7)))),
)


@st.composite
def sessions(draw: st.DrawFn) -> list[MeterReading]:
    at, kwh = MORNING, Decimal(draw(st.integers(0, 5000)))
    found = []
    for seconds, more, power, state, phases in draw(st.lists(steps, min_size=2, max_size=12)):
        found.append(MeterReading(at=at, kwh=kwh, power=power, state=state, phases=phases))
        at += timedelta(seconds=seconds)
        kwh += more if state is State.CHARGING else Decimal(0)
    return found


@settings(max_examples=times(200, full=5000), derandomize=True, deadline=None)
@given(sessions(), st.sampled_from(TARIFFS))
def test_reading_by_reading_gives_what_cut_gives(
    readings: list[MeterReading], plain: dict[str, Any]
) -> None:
    """CDR-PER-01, CDR-PER-02"""
    one = read(plain)
    expected = cut(readings, [InForce(one, MORNING)], ZONE)
    assert [for_cdr(it) for it in run(readings, marks(one)).periods] == expected


@settings(max_examples=times(100, full=2000), derandomize=True, deadline=None)
@given(sessions(), st.sampled_from(TARIFFS))
def test_in_between_periods_keep_every_edge_and_all_energy(
    readings: list[MeterReading], plain: dict[str, Any]
) -> None:
    """CDR-PER-03, SES-OBJ-04: more periods, at the same edges and beside them."""
    one = read(plain)
    expected = cut(readings, [InForce(one, MORNING)], ZONE)
    pace = Pace(seconds=300, kwh=Decimal(1), least=30)
    periods = list(run(readings, marks(one), pace).periods)
    starts = {it.start_date_time for it in periods}
    assert starts >= {it.start_date_time for it in expected}
    assert energy(periods) == energy(expected)


def test_a_fast_charger_is_told_of_more_often_than_a_slow_one() -> None:
    """SES-OBJ-04: in an hour four times at 11 kW, and every four minutes at 150 kW."""

    def told(kw: int) -> int:
        readings = [
            MeterReading(at=MORNING + timedelta(minutes=it), kwh=Decimal(kw) * it / 60)
            for it in range(61)
        ]
        return len(run(readings, marks(read(TARIFFS[0])), Pace()).periods)

    assert told(11) == 4
    assert told(150) == 15


def test_average_power_current_and_charge_are_for_the_session_only() -> None:
    """SES-DT-04, CDR-DT-06"""
    known = marks(read(TARIFFS[0]))
    amps = (Decimal(10), Decimal(10), Decimal(10))
    running = begin(
        MORNING, reading=MeterReading(at=MORNING, kwh=Decimal(0), power=Decimal(7), phases=amps)
    )
    after = MeterReading(at=MORNING + timedelta(minutes=30), kwh=Decimal("3.5"))
    period = running.then(after, known, soc=Decimal(55)).closed(known).periods[0]
    found = {one.type.value: one.volume for one in period.dimensions}
    assert found["POWER"] == 7
    assert found["CURRENT"] == 30
    assert found["STATE_OF_CHARGE"] == 55
    assert not {"POWER", "CURRENT", "STATE_OF_CHARGE"} & {
        one.type.value for one in for_cdr(period).dimensions
    }


def test_a_session_of_no_length_has_one_period() -> None:
    """CDR-POST-06: a CDR has at least one."""
    known = marks(read(TARIFFS[0]))
    closed = begin(MORNING).closed(known)
    assert len(closed.periods) == 1
    assert closed.closed(known) == closed


def test_an_earlier_reading_is_refused() -> None:
    running = begin(MORNING)
    with pytest.raises(BillingProblem, match="earlier"):
        running.then(MeterReading(at=MORNING - timedelta(seconds=1), kwh=Decimal(0)), marks())
