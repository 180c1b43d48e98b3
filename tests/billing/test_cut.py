"""Meter readings become charging periods that are cut wherever a price can change."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.billing.objects import MORNING, ZONE, component, element, encoded, tariff

from voltroam.billing.any_version import read_tariff
from voltroam.billing.cut import InForce, MeterReading, State, cut
from voltroam.billing.problem import BillingProblem
from voltroam.pricing import price, straddles
from voltroam.standard.v2_3_0 import CdrDimensionType, ChargingPeriod

PARKING, RESERVED = State.PARKING, State.RESERVED
START = MORNING - timedelta(hours=1)


def at(minute: float) -> datetime:
    return MORNING + timedelta(minutes=minute)


def reading(
    minute: float, kwh: str, state: State = State.CHARGING, power: str | None = None,
    phases: tuple[str, ...] = (),
) -> MeterReading:  # fmt: skip
    return MeterReading(
        at=at(minute),
        kwh=Decimal(kwh),
        state=state,
        power=None if power is None else Decimal(power),
        phases=tuple(map(Decimal, phases)),
    )


def in_force(*elements: dict[str, object], id: str = "T", since: datetime = START) -> InForce:  # noqa: A002 - the member's name
    return InForce(read_tariff(encoded(tariff(*elements, id=id))), since)


def table(periods: list[ChargingPeriod]) -> list[tuple[float, dict[str, Decimal]]]:
    """Minutes from the start, and the volumes that are priced."""
    flows = ("POWER", "CURRENT")
    return [
        (
            (one.start_date_time - MORNING) / timedelta(minutes=1),
            {str(d.type): d.volume for d in one.dimensions if not str(d.type).endswith(flows)},
        )
        for one in periods
    ]


FLAT_PRICE = element(component("ENERGY", "0.30"), component("TIME", "1.00"))


def test_a_session_without_a_boundary_is_one_period() -> None:
    readings = [reading(0, "1000.0"), reading(15, "1002.5"), reading(60, "1010.0")]
    assert table(cut(readings, [in_force(FLAT_PRICE)], ZONE)) == [
        (0, {"TIME": Decimal(1), "ENERGY": Decimal(10)})
    ]


def test_a_window_is_cut_at_its_local_time_and_energy_flows_evenly() -> None:
    """CDR-PER-01/02: 10:30 in Amsterdam is half way between the readings."""
    early = element(component("ENERGY", "0.10"), end_time="10:30")
    periods = cut([reading(0, "0"), reading(60, "11")], [in_force(early, FLAT_PRICE)], ZONE)
    assert table(periods) == [
        (0, {"TIME": Decimal("0.5"), "ENERGY": Decimal("5.5")}),
        (30, {"TIME": Decimal("0.5"), "ENERGY": Decimal("5.5")}),
    ]


def test_a_tier_of_kwh_begins_exactly_at_its_bound() -> None:
    """TAR-RES-06: 10 kWh of 30 in an hour are reached after 20 min; the seconds are whole."""
    tier = element(component("ENERGY", "0.20"), max_kwh=10)
    found = cut([reading(0, "5"), reading(60, "35")], [in_force(tier, FLAT_PRICE)], ZONE)
    assert table(found) == [
        (0, {"TIME": Decimal("0.3333"), "ENERGY": Decimal(10)}),
        (20, {"TIME": Decimal("0.6667"), "ENERGY": Decimal(20)}),
    ]


def test_power_and_current_are_cut_where_their_tier_changes_only() -> None:
    """TAR-RES-02: below 16 kW, then above; 20 and 22 kW are the same tier."""
    slow = element(component("TIME", "1.00"), max_power=16)
    readings = [
        reading(0, "0", power="11"), reading(20, "3", power="20"), reading(40, "10", power="22"),
        reading(60, "17"),
    ]  # fmt: skip
    periods = cut(readings, [in_force(slow, FLAT_PRICE)], ZONE)
    assert [start for start, _ in table(periods)] == [0, 20]
    volumes = {one.type: one.volume for one in periods[1].dimensions}
    assert volumes[CdrDimensionType.MIN_POWER] == 20
    assert volumes[CdrDimensionType.MAX_POWER] == 22
    weak = element(component("TIME", "1.00"), max_current=40)
    phases = [
        reading(0, "0", phases=("16", "16", "16")), reading(30, "5", phases=("13", "13", "13")),
        reading(60, "9"),
    ]  # fmt: skip
    periods = cut(phases, [in_force(weak, FLAT_PRICE)], ZONE)
    currents = [d.volume for one in periods for d in one.dimensions if d.type == "MAX_CURRENT"]
    assert currents == [48, 39]


def test_reservation_charging_a_pause_and_parking_are_periods_of_their_own() -> None:
    """CDR-PER-06/07, TAR-RSV-02, R230-032: a pause of a willing vehicle is TIME, not parking."""
    readings = [
        reading(0, "7", RESERVED), reading(10, "7"), reading(40, "12"), reading(50, "12"),
        reading(70, "15", PARKING), reading(90, "15"),
    ]  # fmt: skip
    assert table(cut(readings, [in_force(FLAT_PRICE)], ZONE)) == [
        (0, {"RESERVATION_TIME": Decimal("0.1667")}),
        (10, {"TIME": Decimal("0.5"), "ENERGY": Decimal(5)}),
        (40, {"TIME": Decimal("0.1667"), "ENERGY": Decimal(0)}),
        (50, {"TIME": Decimal("0.3333"), "ENERGY": Decimal(3)}),
        (70, {"PARKING_TIME": Decimal("0.3333")}),
    ]


def test_durations_count_from_charging_not_from_the_reservation() -> None:
    """A08: free for half an hour of the session, which begins at minute 10."""
    free = element(component("TIME", "0"), max_duration=1800)
    readings = [reading(0, "0", RESERVED), reading(10, "0"), reading(70, "9")]
    starts = [start for start, _ in table(cut(readings, [in_force(free, FLAT_PRICE)], ZONE))]
    assert starts == [0, 10, 40]


def test_a_change_of_tariff_is_a_boundary() -> None:
    green = in_force(FLAT_PRICE, id="G", since=at(45))
    periods = cut([reading(0, "0"), reading(60, "12")], [in_force(FLAT_PRICE), green], ZONE)
    assert [one.tariff_id for one in periods] == ["T", "G"]
    assert table(periods)[1] == (45, {"TIME": Decimal("0.25"), "ENERGY": Decimal(3)})


@pytest.mark.parametrize(
    ("readings", "path"),
    [
        ([], "$.readings"),
        ([reading(0, "1")], "$.readings"),
        ([reading(0, "1"), reading(0, "2")], "$.readings"),
        ([reading(0, "1"), reading(9, "2"), reading(5, "3")], "$.readings[2].at"),
    ],
)
def test_readings_that_are_no_session_are_named(readings: list[MeterReading], path: str) -> None:
    with pytest.raises(BillingProblem) as problem:
        cut(readings, [in_force(FLAT_PRICE)], ZONE)
    assert problem.value.path == path


STEPS = st.lists(
    st.tuples(
        st.integers(3, 5000), st.integers(0, 20_000), st.sampled_from([State.CHARGING, PARKING])
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(STEPS)
def test_periods_hold_all_the_energy_and_never_straddle(
    steps: list[tuple[int, int, State]],
) -> None:
    """CDR-PER-01/02/04: whatever was metered, and cut as the audit wants it."""
    moment, kwh, readings = MORNING, Decimal(0), []
    for seconds, watt_hours, state in steps:
        readings.append(MeterReading(at=moment, kwh=kwh, state=state))
        moment += timedelta(seconds=seconds)
        kwh += Decimal(watt_hours if state is State.CHARGING else 0) / 1000
    readings.append(MeterReading(at=moment, kwh=kwh, state=PARKING))
    tariffs = [
        in_force(
            element(component("ENERGY", "0.10"), max_kwh=5, end_time="11:00"),
            element(component("TIME", "2.00"), min_duration=3600),
            FLAT_PRICE,
        )
    ]
    periods = cut(readings, tariffs, ZONE)
    known = [one.tariff for one in tariffs]
    bill = price(known, periods, start=MORNING, end=moment, zone=ZONE)
    assert bill.total_energy == kwh
    hours = Decimal((moment - MORNING).total_seconds()) / 3600
    assert abs(bill.total_time - hours) <= Decimal("0.00005") * len(periods)
    assert straddles(known, periods, end=moment, zone=ZONE) == ()
