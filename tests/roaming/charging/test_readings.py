"""What the meter says, in whatever order and however often it says it."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import pytest
from tests.roaming.charging.chargers import (
    PLAIN,
    Json,
    Operator,
    component,
    dimensions,
    element,
    energy,
    meter,
    minute,
    tariff,
)

from voltroam.billing.findings import Verdict
from voltroam.billing.running import Pace
from voltroam.roaming.charging import ChargingProblem
from voltroam.roaming.host import Reading
from voltroam.standard.endpoints import SESSION
from voltroam.standard.versions import V2_2_1
from voltroam.wire.diff import patch_between

DAY = tariff(
    "DAY",
    element(component("ENERGY", "0.20"), start_time="08:00", end_time="11:00"),
    element(component("ENERGY", "0.40")),
)
"""Until 11:00 in Amsterdam, which is an hour after the start."""


async def begun(operator: Operator, plain: Json = PLAIN) -> str:
    await operator.open(plain)
    return await operator.begin(reading=meter(0, "100"))


async def ended(operator: Operator, name: str, at: float, kwh: str) -> Json:
    operator.clock.forward(hours=12)
    cdr_id = await operator.charging.end(name, minute(at), meter(at, kwh))
    assert cdr_id is not None
    assert (await operator.audited(cdr_id, name)).verdict is Verdict.OK
    return await operator.cdr(cdr_id)


async def code_of(operator: Operator, name: str, *readings: Reading) -> str:
    with pytest.raises(ChargingProblem) as problem:
        await operator.charging.read_many(name, readings)
    return problem.value.code


async def test_kwh_and_cost_follow_each_reading(operator: Operator) -> None:
    """SES-OBJ-04: the open period is not told, but kWh and cost are up to date."""
    name = await begun(operator)
    progress = await operator.charging.read(name, meter(10, "102.5"))
    assert (progress.kwh, progress.taken) == ("2.5000", 1)
    session = await operator.session(name)
    assert session["kwh"] == Decimal("2.5")
    assert session["total_cost"]["excl_vat"] == Decimal("0.75")
    assert "charging_periods" not in session
    await operator.charging.read(name, meter(15, "103"))
    assert energy((await operator.session(name))["charging_periods"]) == 3


async def test_what_was_told_stays_and_a_patch_only_appends(operator: Operator) -> None:
    """SES-FLOW-02, SES-PATCH-03, SES-PATCH-05: each step is a PATCH of what is new."""
    name = await begun(operator, DAY)
    states = [await operator.document("sessions", name)]
    for step in range(1, 10):
        operator.clock.forward(seconds=30)
        await operator.charging.read(name, meter(9 * step, str(100 + step), power=Decimal(7)))
        states.append(await operator.document("sessions", name))
    told = 0
    for before, after in pairwise(states):
        assert before is not None
        assert after is not None
        plan = patch_between(before, after, SESSION, V2_2_1)
        assert plan is not None
        assert b"last_updated" in plan.body
        assert b"cdr_token" not in plan.body
        told += plan.body.count(b"start_date_time")
    session = await operator.session(name)
    assert told == len(session["charging_periods"])


async def test_a_period_begins_where_the_tariff_changes(operator: Operator) -> None:
    """CDR-PER-01, CDR-PER-02, SES-OBJ-04, SES-OBJ-06: 5 kWh by day, 1 after 11:00."""
    name = await begun(operator, DAY)
    await operator.charging.read_many(name, [meter(it, str(100 + it / 12)) for it in (24, 48, 72)])
    cdr = await ended(operator, name, 72, "106")
    starts = [one["start_date_time"] for one in cdr["charging_periods"]]
    assert "2026-11-23T10:00:00Z" in starts
    cheap = [it for it in cdr["charging_periods"] if it["start_date_time"] < "2026-11-23T10"]
    assert energy(cheap) == 5
    assert {one["tariff_id"] for one in cdr["charging_periods"]} == {"DAY"}
    assert cdr["total_cost"]["excl_vat"] == Decimal("1.40")


async def test_parking_is_what_the_car_does_not_want(operator: Operator) -> None:
    """CDR-PER-06, CDR-OBJ-06: half an hour at 6.00 is 3.00; a pause of the charger is TIME."""
    name = await begun(operator)
    await operator.charging.read_many(
        name,
        [
            meter(30, "105"),
            meter(42, "105", power=Decimal(0)),
            meter(54, "107"),
            meter(60, "107", state="PARKING"),
        ],
    )
    cdr = await ended(operator, name, 90, "107")
    assert cdr["total_parking_cost"]["excl_vat"] == Decimal("3.00")
    assert cdr["total_time"] == Decimal("1.5")
    kinds = [set(dimensions(one)) for one in cdr["charging_periods"]]
    assert sum("PARKING_TIME" in one for one in kinds) == 1


async def test_power_current_and_charge_are_told_in_the_session_only(operator: Operator) -> None:
    """SES-DT-04, CDR-DT-06"""
    name = await begun(operator)
    await operator.charging.read_many(
        name,
        [
            meter(1, "100", power=Decimal("10.35"), phases=(Decimal(15),) * 3),
            meter(31, "105", power=Decimal(0), state_of_charge=Decimal(60)),
        ],
    )
    told = dimensions((await operator.session(name))["charging_periods"][-1])
    assert told["STATE_OF_CHARGE"] == 60
    assert "POWER" in told
    cdr = await ended(operator, name, 40, "105")
    kinds = {kind for period in cdr["charging_periods"] for kind in dimensions(period)}
    assert kinds <= {
        "TIME", "PARKING_TIME", "ENERGY", "MIN_POWER", "MAX_POWER", "MIN_CURRENT", "MAX_CURRENT",
    }  # fmt: skip


async def test_a_batch_may_come_in_any_order(operator: Operator) -> None:
    name = await begun(operator)
    batch = [meter(20, "104"), meter(5, "101"), meter(10, "102")]
    assert (await operator.charging.read_many(name, batch)).taken == 3
    assert [one.kwh for one in await operator.charging.readings(name)] == [100, 101, 102, 104]


async def test_what_is_said_twice_counts_once(operator: Operator) -> None:
    """A host that got no answer says it again: single readings, batches, and after the end."""
    name = await begun(operator)
    batch = (meter(5, "101"), meter(10, "102"))
    await operator.charging.read_many(name, batch)
    before = await operator.document("sessions", name)
    operator.clock.forward(minutes=11)
    again = await operator.charging.read_many(name, batch)
    assert (again.taken, again.repeated, again.kwh) == (0, 2, "2.0000")
    assert await operator.document("sessions", name) == before
    more = await operator.charging.read_many(name, (*batch, meter(15, "103")))
    assert (more.taken, more.repeated) == (1, 2)
    await ended(operator, name, 20, "104")
    assert (await operator.charging.read_many(name, batch)).repeated == 2
    assert len(await operator.charging.readings(name)) == 5


async def test_a_reading_that_comes_late_is_refused(operator: Operator) -> None:
    """Its period may be closed and told already."""
    name = await begun(operator)
    await operator.charging.read(name, meter(20, "104"))
    assert await code_of(operator, name, meter(10, "102")) == "LATE"
    assert await code_of(operator, name, meter(10, "102"), meter(30, "105")) == "LATE"
    assert (await operator.session(name))["kwh"] == 4


@pytest.mark.parametrize(
    ("reading", "code"),
    [
        (meter(20, "104.5"), "SAME_MOMENT"),
        (meter(30, "103"), "FALLING"),
        (meter(30, "NaN"), "NUMBER"),
        (meter(30, "105", power=Decimal("Infinity")), "NUMBER"),
        (meter(30, "105", state_of_charge=Decimal(101)), "NUMBER"),
        (meter(30, "105", state="RESERVED"), "STATE"),
        (meter(30, "105", state="asleep"), "STATE"),
    ],
)
async def test_what_cannot_be_true_is_refused_by_name(
    operator: Operator, reading: Reading, code: str
) -> None:
    name = await begun(operator)
    await operator.charging.read(name, meter(20, "104"))
    before = await operator.document("sessions", name)
    assert await code_of(operator, name, reading) == code
    assert await operator.document("sessions", name) == before


async def test_a_state_may_change_at_the_moment_of_a_reading(operator: Operator) -> None:
    name = await begun(operator)
    await operator.charging.read(name, meter(30, "105"))
    await operator.charging.read(name, meter(30, "105", state="PARKING"))
    cdr = await ended(operator, name, 60, "105")
    assert cdr["total_parking_time"] == Decimal("0.5")


async def test_energy_fed_back_is_negative(operator: Operator) -> None:
    """CDR-PER-07"""
    name = await begun(operator)
    await operator.charging.read(name, meter(30, "110", power=Decimal(-8)))
    cdr = await ended(operator, name, 60, "106")
    assert cdr["total_energy"] == 6
    assert any(dimensions(one).get("ENERGY", 0) < 0 for one in cdr["charging_periods"])


async def test_another_meter_counts_on_from_the_old_one(operator: Operator) -> None:
    name = await begun(operator)
    await operator.charging.replace_meter(name, meter(20, "104"), meter(20, "7000"), meter_id="M2")
    cdr = await ended(operator, name, 40, "7003")
    assert cdr["total_energy"] == 7
    assert cdr["meter_id"] == "M2"
    assert await code_of(operator, name, meter(41, "9000")) == "OVER"


async def test_nothing_is_read_before_the_session_is_active(operator: Operator) -> None:
    await operator.open(PLAIN)
    pending = await operator.begin(pending=True)
    assert await code_of(operator, pending, meter(1, "5")) == "NOT_ACTIVE"
    kept = await operator.reserve(evse_uid="E2")
    assert await code_of(operator, kept, meter(1, "5")) == "NOT_ACTIVE"


async def test_the_end_is_not_before_the_newest_reading(operator: Operator) -> None:
    name = await begun(operator)
    await operator.charging.read(name, meter(20, "104"))
    with pytest.raises(ChargingProblem) as problem:
        await operator.charging.end(name, minute(10))
    assert problem.value.code == "LATE"
    assert (await operator.session(name))["status"] == "ACTIVE"


async def test_an_end_may_repeat_a_reading_that_is_known(operator: Operator) -> None:
    name = await begun(operator)
    await operator.charging.read_many(name, (meter(20, "104"), meter(21, "104", state="PARKING")))
    cdr_id = await operator.charging.end(name, minute(30), meter(20, "104"))
    assert (await operator.cdr(cdr_id or ""))["total_energy"] == 4


async def test_a_session_of_no_length_is_billed_too(operator: Operator) -> None:
    """CDR-POST-06"""
    name = await begun(operator)
    cdr_id = await operator.charging.end(name, minute(0))
    assert cdr_id is not None, (await operator.charging.progress(name)).fault
    cdr = await operator.cdr(cdr_id)
    assert len(cdr["charging_periods"]) == 1
    assert cdr["total_cost"]["excl_vat"] == 0


async def test_reports_at_once_from_two_processes_are_all_counted(operator: Operator) -> None:
    """Whichever comes first: each is whole."""
    await operator.open(PLAIN)
    other = operator.restarted(pace=Pace(seconds=60.0))
    names = [await operator.begin(reading=meter(0, "0"), session_id=f"S{it}") for it in range(4)]

    async def report(name: str, minutes: Sequence[int], who: Operator) -> None:
        for it in minutes:
            await who.charging.read(name, meter(it, str(it)))

    await asyncio.gather(*(report(name, (1, 2), operator) for name in names))
    await asyncio.gather(*(report(name, (3,), who) for name in names for who in (operator, other)))
    for name in names:
        assert (await operator.session(name))["kwh"] == 3
        assert len(await operator.charging.readings(name)) == 4


async def test_a_session_is_stamped_to_the_millisecond(operator: Operator) -> None:
    """A change within the same second has a later time, and nothing else moves."""
    name = await begun(operator)
    operator.clock.forward(milliseconds=250)
    await operator.charging.read(name, meter(10, "101"))
    session = await operator.session(name)
    assert session["last_updated"] == "2026-11-23T09:00:00.250Z"
    assert session["start_date_time"] == "2026-11-23T09:00:00Z"
