"""A driver who stays beyond the booked slot: what BOOKING_OVERTIME costs beside charging.

OCPI 2.3.0 §mod_tariffs, BookingRestrictionType, and §mod_cdrs, CdrDimensionType; by hand.
"""

import pytest
from tests.pricing.build import bill, codes, component, cost, element, limit, of, tariff

from voltroam.pricing import text

C = component
PLAIN = element(C("E", "0.50"), C("T", "1.20"))
OVER = element(C("T", "12"), C("F", "5"), booking="BOOKING_OVERTIME")
IN_TIME = (60, {"T": None, "E": 10})
BEYOND = (30, {"T": None, "E": 4, "O": None})


def test_overtime_costs_beside_what_charging_costs() -> None:
    """RBK-044: 14 kWh are 7.00, 1.5 h are 1.80, the fee is 5.00 and half an hour beyond 6.00."""
    found = bill(tariff(PLAIN, OVER), IN_TIME, BEYOND)
    assert cost(found) == of("19.80")
    beyond = found.total_reservation_cost
    assert beyond is not None
    assert beyond.rounded(2) == of("11.00")
    assert found.total_time_cost is not None
    assert found.total_time_cost.rounded(2) == of("1.80")
    assert (found.total_energy, found.total_time) == of("14", "1.5"), "no time counts twice"
    assert codes(found) == set()
    [line] = [one for one in found.lines if one.element == 1 and one.type == "TIME"]
    assert "per hour beyond the booked slot" in line.why


def test_the_fee_is_owed_once_and_parking_beyond_the_slot_is_overtime_too() -> None:
    parked = (30, {"P": None, "O": None})
    found = bill(tariff(PLAIN, OVER), IN_TIME, BEYOND, parked)
    assert cost(found) == of("25.80"), "6.00 more, and not the fee"


@pytest.mark.parametrize("other", ["BOOKING", "BOOKING_EXPIRES", "BOOKING_CANCELLATION_FEES"])
def test_nothing_else_that_a_booking_costs_is_owed_for_overtime(other: str) -> None:
    """RBK-043, RBK-044"""
    wrong = element(C("E", "9"), C("P", "9"), booking="BOOKING_OVERTIME")
    found = bill(tariff(PLAIN, element(C("T", "9"), C("F", "9"), booking=other), wrong), BEYOND)
    assert cost(found) == of("2.60")
    both = element(C("T", "9"), booking="BOOKING_OVERTIME", reservation="RESERVATION")
    assert cost(bill(tariff(PLAIN, both), BEYOND)) == of("2.60"), "about two things: about neither"


def test_its_steps_are_its_own() -> None:
    """Half an hour in steps of 20 minutes is 40 minutes; charging is not rounded with it."""
    stepped = element(C("T", "12", step=1200), booking="BOOKING_OVERTIME")
    assert cost(bill(tariff(element(C("T", "1.20")), stepped), BEYOND)) == of("8.60")


def test_the_first_element_that_applies_counts() -> None:
    """Ten o'clock in Amsterdam."""
    night = element(C("T", "99"), booking="BOOKING_OVERTIME", start_time="22:00", end_time="06:00")
    assert cost(bill(tariff(night, OVER), BEYOND)) == of("11")
    assert cost(bill(tariff(night), BEYOND)) == of("0")


def test_taxes_and_bounds_hold_for_it_too() -> None:
    taxed = element(C("T", "12", vat="21"), booking="BOOKING_OVERTIME")
    assert cost(bill(tariff(taxed), BEYOND)) == of("6", "7.26")
    within = tariff(taxed, max_price=limit("5", "6.05"))
    assert cost(bill(within, BEYOND)) == of("5", "6.05")
    included = tariff(element(C("T", "12.10", vat="21"), booking="BOOKING_OVERTIME"),
                      tax_included="YES")  # fmt: skip
    assert cost(bill(included, BEYOND)) == of("5", "6.05")


def test_the_text_about_a_tariff_is_about_charging() -> None:
    """RBK-044"""
    assert "12" not in text(tariff(PLAIN, OVER))
