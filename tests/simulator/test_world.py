"""The charger world behaves like chargers, and is the same for the same seed."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from tests.simulator import worlds
from tests.simulator.worlds import NOW, charges, live, of

from voltroam.metering import Outcome, verify_signed_data
from voltroam.simulator.world.faults import Fault
from voltroam.simulator.world.happenings import (
    Begun,
    Came,
    Ended,
    Happening,
    Read,
    StatusChanged,
)
from voltroam.standard.v2_2_1 import SignedData, SignedValue


@pytest.fixture(scope="module")
def day() -> list[Happening]:
    return live(worlds.world(share=0.05), 24)


def test_the_same_seed_gives_the_same_life_in_however_many_steps(day: list[Happening]) -> None:
    again = live(worlds.world(share=0.05), 24, chop=timedelta(minutes=7, seconds=30))
    assert again == day
    assert live(worlds.world(seed=2, share=0.05), 24) != day


def test_a_quarter_charges_already_when_the_first_driver_is_known() -> None:
    made = worlds.world()
    begun = of(made.step(NOW), Begun)
    assert 0.15 < len(begun) / len(made.spots) < 0.35
    assert all(one.at < NOW for one in begun)
    assert worlds.quiet().step(NOW) == []


def test_an_evse_is_never_taken_twice(day: list[Happening]) -> None:
    taken: dict[str, str] = {}
    for one in day:
        if isinstance(one, Begun):
            assert one.place.evse_uid not in taken.values()
            taken[one.charge] = one.place.evse_uid
        elif isinstance(one, Ended):
            del taken[one.charge]
    assert taken


def test_a_register_only_grows_and_readings_are_in_order(day: list[Happening]) -> None:
    done = charges(day)
    assert len(done) > 50
    for _, readings, _ in done.values():
        times = [reading.at for reading in readings]
        registers = [reading.kwh for reading in readings]
        assert times == sorted(times)
        assert registers == sorted(registers)


def test_no_more_flows_between_two_readings_than_the_power_before_them(
    day: list[Happening],
) -> None:
    """On AC, where power only falls."""
    ac = [it for _, it, _ in charges(day).values() if it[0].state_of_charge is None]
    assert ac
    for readings in ac:
        for before, after in pairwise(readings):
            hours = Decimal(str((after.at - before.at).total_seconds())) / 3600
            assert before.power is not None
            assert after.kwh - before.kwh <= before.power * hours + Decimal("0.002")


def test_signed_begin_and_end_are_valid_by_every_rule(day: list[Happening]) -> None:
    """CDR-SIG-01"""
    for begun, readings, ended in list(charges(day).values())[:25]:
        signed = [one.signed for one in (begun.reading, ended.reading)]
        assert all(one.signed is None for one in readings[1:-1])
        values = [
            SignedValue(nature=it.nature, plain_data=it.plain_data, signed_data=it.signed_data)
            for it in signed
            if it is not None
        ]
        assert [value.nature for value in values] == ["Start", "End"]
        assert signed[0] is not None
        verdict = verify_signed_data(
            SignedData(
                encoding_method="OCMF", public_key=signed[0].public_key, signed_values=values
            )
        )
        assert verdict.verdict is Outcome.VALID, verdict
        (transaction,) = verdict.transactions
        assert transaction.energy_kwh == ended.reading.kwh - begun.reading.kwh
        assert transaction.meter_id == begun.meter
        assert [deviation for it in verdict.values for deviation in it.deviations] == []


def test_signed_values_do_not_name_the_driver(day: list[Happening]) -> None:
    for one in of(day, Begun)[:50]:
        assert one.reading.signed is not None
        assert one.token.uid not in one.reading.signed.plain_data
        assert one.token.contract_id not in one.reading.signed.plain_data


def test_dc_tapers_and_ac_stays_until_the_battery_is_nearly_full(day: list[Happening]) -> None:
    done = charges(day).values()
    dc = [readings for _, readings, _ in done if readings[0].state_of_charge is not None]
    ac = [readings for _, readings, _ in done if readings[0].state_of_charge is None]
    assert len(dc) > 5 < len(ac)
    tapered = [one for one in dc if len(one) > 5 and (one[1].power or 0) > 80]
    assert tapered
    for readings in tapered:
        assert (readings[-2].power or 0) < (readings[1].power or 0)
    steady = [one[1].power for one in ac if len(one) > 4 and one[1].power == one[2].power]
    assert len(steady) > len(ac) / 2


def test_cars_of_one_and_of_three_phases_charge_at_their_own_power(day: list[Happening]) -> None:
    first = [one.reading for one in of(day, Begun) if one.reading.phases]
    phases = Counter(sum(1 for ampere in reading.phases if ampere) for reading in first)
    assert set(phases) >= {1, 3}
    for reading in first:
        volts = Decimal(230)
        assert reading.power is not None
        assert abs(sum(reading.phases) * volts / 1000 - reading.power) < Decimal("0.1")


def test_a_full_car_stays_and_takes_nothing(day: list[Happening]) -> None:
    parked = [
        readings
        for _, readings, _ in charges(day).values()
        if readings[-1].state == "PARKING" and len(readings) > 3
    ]
    assert parked
    for readings in parked:
        since = next(index for index, it in enumerate(readings) if it.state == "PARKING")
        assert {reading.kwh for reading in readings[since:]} == {readings[since].kwh}


def test_more_cars_come_in_the_evening_than_at_night(day: list[Happening]) -> None:
    hours = Counter((one.at + timedelta(hours=2)).hour for one in of(day, Begun) if one.at > NOW)
    assert sum(hours[hour] for hour in (16, 17, 18)) > 4 * sum(hours[hour] for hour in (1, 2, 3))


def test_no_driver_is_at_two_chargers_at_once(day: list[Happening]) -> None:
    driving: dict[str, str] = {}
    for one in day:
        if isinstance(one, Begun):
            assert one.token.uid not in driving.values()
            driving[one.charge] = one.token.uid
        elif isinstance(one, Ended):
            del driving[one.charge]


def test_nothing_flows_before_the_driver_is_admitted() -> None:
    made = worlds.world(admits=None)
    came: list[Came] = []
    while not came:
        came = of(made.step(made.now + timedelta(minutes=10)), Came)
    assert made.charges[came[0].charge].began is None
    made.admit(came[0].charge)
    begun = of(made.step(made.now), Begun)
    assert [one.charge for one in begun] == [came[0].charge]


def test_a_driver_who_is_turned_away_leaves_the_evse_free() -> None:
    made = worlds.world(admits=lambda _: False)
    found = live(made, 12)
    assert {one.at < NOW for one in of(found, Begun)} == {True}
    assert not [charge for charge in made.charges.values() if charge.began is None]


def test_a_broken_charger_says_so_and_comes_back() -> None:
    made = worlds.world()
    uid = next(spot.uid for spot in made.spots if spot.free)
    made = worlds.world(forced={uid: Fault.INOPERATIVE})
    changes = [
        one.status
        for one in of(live(made, 48), StatusChanged)
        if one.place.evse_uid == uid and one.at >= NOW
    ]
    broken = [status for status in changes if status == "INOPERATIVE"]
    assert broken
    assert changes[changes.index("INOPERATIVE") + 1] == "AVAILABLE"


def test_a_slow_charger_gives_a_third_of_its_power() -> None:
    made = worlds.quiet()
    uid = next(spot.uid for spot in made.spots if spot.free and not spot.is_dc)
    powers = []
    for fault in (Fault.NONE, Fault.SLOW):
        made = worlds.quiet({uid: fault})
        spot = next(it for it in made.spots if it.uid == uid)
        made.start("o", worlds.drivers()[0], worlds.CPO, spot.location_id, evse_uid=uid)
        (begun,) = of(live(made, 0.1), Begun)
        powers.append(begun.reading.power)
    assert powers[0] is not None
    assert powers[1] is not None
    assert abs(powers[1] * 3 - powers[0]) < Decimal("0.003")


def test_readings_come_as_often_as_they_should(day: list[Happening]) -> None:
    per = Counter(one.charge for one in of(day, Read))
    begun = {one.charge: one for one in of(day, Begun)}
    for ended in of(day, Ended):
        lasted = ended.at - begun[ended.charge].at
        assert per[ended.charge] >= lasted // timedelta(minutes=5) - 1
