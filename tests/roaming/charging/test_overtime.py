"""A driver who stays beyond the booked slot: periods, prices and papers (OCPI 2.3.0 §mod_bookings).

By hand: 0.50 per kWh, and 12.00 per hour and 3.00 once beyond the slot, with 21 % on each. The slot
ends after 60 minutes, the session after 90; 10 kWh flow evenly in the hour and 5 after it.
"""

from decimal import Decimal
from typing import Any

from tests.roaming.charging.chargers import (
    PLAIN,
    ZONE,
    Operator,
    component,
    dimensions,
    element,
    meter,
    minute,
    tariff,
)
from tests.roaming.charging.test_modern import modern, open_under, vat

from voltroam.billing.any_version import read_cdr
from voltroam.billing.audit import Context, audit
from voltroam.roaming.charging import Correction
from voltroam.roaming.charging.ports import BookedFor, Coming
from voltroam.wire.encode import encode

SLOTTED = tariff(
    "SLOTTED",
    element(component("ENERGY", "0.50")),
    element(component("TIME", "12.00"), component("FLAT", "3.00"), booking="BOOKING_OVERTIME"),
    tax_included="NO",
)


async def came(operator: Operator, slot: float = 60) -> Operator:
    """Whoever charges here comes for a booking whose slot is so long (minutes)."""

    async def booked(_coming: Coming) -> BookedFor:
        return BookedFor("B1", "A1", minute(slot))

    return Operator(operator.store, operator.clock, booked=booked)


async def stays(operator: Operator, minutes: float = 90, **begun: Any) -> str:
    name = await operator.begin(reading=meter(0, "0"), **begun)
    operator.clock.forward(minutes=minutes)
    await operator.charging.read(name, meter(60, "10"))
    if minutes > 60:
        await operator.charging.read(name, meter(minutes, "15"))
    return name


async def test_time_beyond_the_slot_is_told_and_priced(operator: Operator) -> None:
    """RBK-047: 15 kWh are 7.50, half an hour beyond is 6.00 and its fee 3.00: 16.50 and 3.47."""
    await open_under(operator, SLOTTED)
    operator = await came(operator)
    name = await stays(operator)
    session = await modern(operator, name, "sessions")
    beyond = [one for one in map(dimensions, session["charging_periods"])
              if "RESERVATION_OVERTIME" in one]  # fmt: skip
    assert sum(one["RESERVATION_OVERTIME"] for one in beyond) == Decimal("0.5")
    assert all(one["TIME"] == one["RESERVATION_OVERTIME"] for one in beyond)
    assert session["total_cost"] == {
        "before_taxes": Decimal("16.50"), "taxes": [vat(21, "3.47")],
    }  # fmt: skip
    assert await operator.charging.end(name, minute(90)) == name
    cdr = await modern(operator, name)
    assert cdr["booking_id"] == "B1"
    assert cdr["total_reservation_cost"]["before_taxes"] == Decimal("9.00")
    assert cdr["total_cost"] == session["total_cost"]
    starts = [one["start_date_time"] for one in cdr["charging_periods"]]
    told = ["RESERVATION_OVERTIME" in dimensions(one) for one in cdr["charging_periods"]]
    assert told.index(True) == starts.index("2026-11-23T10:00:00Z")
    assert all(told[told.index(True) :])
    found = audit(read_cdr(encode(cdr)), Context(zone=ZONE))
    assert found.verdict == "OK", found.findings


async def test_partners_of_2_2_1_get_the_sum_and_no_word_that_they_do_not_know(
    operator: Operator,
) -> None:
    """RBK-045, RBK-047"""
    await open_under(operator, SLOTTED)
    operator = await came(operator)
    name = await stays(operator)
    await operator.charging.end(name, minute(90))
    session, cdr = await operator.session(name), await operator.cdr(name)
    for paper in (session, cdr):
        kinds = {kind for period in paper["charging_periods"] for kind in dimensions(period)}
        assert "RESERVATION_OVERTIME" not in kinds
        assert paper["total_cost"] == {"excl_vat": Decimal("16.50"), "incl_vat": Decimal("19.97")}
    assert cdr["total_reservation_cost"]["excl_vat"] == Decimal("9.00")
    assert [len(one["elements"]) for one in cdr["tariffs"]] == [1]


async def test_who_leaves_in_time_owes_nothing_for_it(operator: Operator) -> None:
    """RBK-044"""
    await open_under(operator, SLOTTED)
    for slot, at in ((60, 60), (120, 90)):
        booked = await came(operator, slot)
        name = await stays(booked, at, session_id=f"S{slot}")
        await booked.charging.end(name, minute(at))
        cdr = await modern(booked, name)
        assert "total_reservation_cost" not in cdr
        kinds = {kind for period in cdr["charging_periods"] for kind in dimensions(period)}
        assert "RESERVATION_OVERTIME" not in kinds


async def test_it_is_told_under_a_tariff_that_has_no_price_for_it(operator: Operator) -> None:
    await operator.open(PLAIN)
    operator = await came(operator)
    name = await stays(operator)
    await operator.charging.end(name, minute(90))
    new, old = await modern(operator, name), await operator.cdr(name)
    assert sum(dimensions(one).get("RESERVATION_OVERTIME", Decimal(0))
               for one in new["charging_periods"]) == Decimal("0.5")  # fmt: skip
    assert old["total_cost"]["excl_vat"] == Decimal("4.50")
    assert "total_reservation_cost" not in old


async def test_a_session_that_was_pending_learns_of_the_slot_when_it_begins(
    operator: Operator,
) -> None:
    await open_under(operator, SLOTTED)
    name = await operator.begin(pending=True, session_id="S1")
    operator = await came(operator)
    await stays(operator, session_id="S1")
    await operator.charging.end(name, minute(90))
    cdr = await modern(operator, name)
    assert cdr["total_reservation_cost"]["before_taxes"] == Decimal("9.00")


async def test_a_corrected_end_moves_the_time_beyond(operator: Operator) -> None:
    """CDR-CRED-01: 75 minutes: a quarter of an hour is 3.00."""
    await open_under(operator, SLOTTED)
    operator = await came(operator)
    name = await stays(operator)
    await operator.charging.end(name, minute(90))
    done = await operator.charging.correct(name, Correction(end=minute(75)))
    right = await modern(operator, done.cdr_id or "")
    assert right["total_reservation_cost"]["before_taxes"] == Decimal("6.00")
