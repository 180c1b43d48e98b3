"""Situations beyond the worked cases, calculated by hand.

CDR-OBJ-08, TAR-OBJ-08/09, TAR-RES-05/07/08, R230-022/026/027/028
"""

from decimal import Decimal
from fractions import Fraction

import pytest
from tests.pricing.build import (
    MORNING,
    ZONE,
    at,
    bill,
    codes,
    component,
    cost,
    element,
    limit,
    of,
    period,
    tariff,
)

from voltroam.pricing import price, text
from voltroam.standard.v2_3_0 import BookingRestrictionType

C = component
HOUR = (60, {"T": None})


@pytest.mark.parametrize(
    ("volumes", "restriction", "matches"),
    [
        ({"MINA": 20, "MAXA": 40}, {"min_current": 20}, True),
        ({"MINA": 20, "MAXA": 40}, {"min_current": 21}, False),
        ({"MINA": 20, "MAXA": 40}, {"max_current": 41}, True),
        ({"MINA": 20, "MAXA": 40}, {"max_current": 40}, False),
        ({"MINP": 11, "MAXP": 22}, {"min_power": 11, "max_power": 23}, True),
        ({"MINP": 11, "MAXP": 22}, {"max_power": 22}, False),
        ({"A": 16}, {"min_current": 16}, True),
        ({"KW": 16}, {"max_power": 16}, False),
        ({"E": 11}, {"min_power": 11}, True),
        ({"E": 11, "MAXP": 22}, {"min_power": 11, "max_power": 22}, False),
        ({"E": 11, "MAXP": 22}, {"min_power": 11, "max_power": 23}, True),
        ({"E": 11}, {"max_power": 11}, False),
        ({"E": 11}, {"min_power": "11.0001"}, False),
    ],
)
def test_a_span_holds_where_its_least_and_its_most_do(
    volumes: dict[str, object], restriction: dict[str, object], matches: bool
) -> None:
    """A19; power is derived from 11 kWh in one hour where none is stated."""
    limits = {name: Decimal(str(value)) for name, value in restriction.items()}
    found = bill(tariff(element(C("T", "1"), **limits)), (60, {"T": None, **volumes}))
    assert cost(found) == of("1" if matches else "0")


def test_a19_an_unknown_current_matches_nothing_and_is_told() -> None:
    needs = tariff(element(C("T", "1"), max_current=32), element(C("T", "2")))
    assert cost(bill(needs, HOUR)) == of("2")
    assert "A19" in codes(bill(needs, HOUR))
    assert cost(bill(needs, HOUR, unknown_flow="match")) == of("1")


def test_a19_nothing_flows_while_parking() -> None:
    idle = tariff(element(C("P", "1"), max_current=1, max_power=1))
    assert cost(bill(idle, (60, {"P": None}))) == of("1")
    both = bill(idle, (60, {"T": "0.5", "P": "0.5", "MINA": 30, "MAXA": 32, "MINP": 9, "MAXP": 9}))
    assert cost(both) == of("0.5")


def test_a15_a_bound_without_taxes_is_scaled_as_the_session() -> None:
    capped = tariff(element(C("E", "1", vat="20")), max_price=limit("5"))
    found = bill(capped, (60, {"T": None, "E": 10}))
    assert cost(found) == of("5", "6")
    assert "A15" in codes(found)
    assert cost(bill(capped, (60, {"T": None, "E": 10}), bound_without_tax="ignore")) == of(
        "5", "12"
    )


def test_a15_of_a_session_that_costs_nothing_the_only_rate_counts() -> None:
    lifted = tariff(element(C("E", "0", vat="20")), min_price=limit("1"))
    assert cost(bill(lifted, (60, {"T": None, "E": 10}))) == of("1", "1.2")


def test_a_bound_with_taxes_where_no_price_has_any_bounds_the_net_only() -> None:
    lifted = tariff(element(C("E", "0.1")), min_price=limit("2", "2.4"))
    assert cost(bill(lifted, (60, {"T": None, "E": 10}))) == of("2")


def test_a17_bounds_hold_with_the_reservation_but_none_lifts_an_unused_one() -> None:
    both = tariff(
        element(C("T", "6"), reservation="RESERVATION"),
        element(C("T", "1")),
        min_price=limit("5"),
        max_price=limit("6"),
    )
    assert cost(bill(both, (60, {"R": None}), HOUR, outcome="USED")) == of("6")
    assert cost(bill(both, (10, {"R": None}), HOUR, outcome="USED")) == of("5")
    unused = bill(both, (10, {"R": None}), outcome="EXPIRED")
    assert cost(unused) == of("1")
    assert "A17" in codes(unused)
    apart = bill(both, (60, {"R": None}), HOUR, outcome="USED", bounded_reservation="excluded")
    assert cost(apart) == of("11")


def test_a18_each_tariff_is_capped_on_its_share_and_the_last_one_lifts_the_total() -> None:
    first = tariff(element(C("T", "10")), id="A", max_price=limit("4"))
    last = tariff(element(C("T", "1")), id="B", min_price=limit("7"))
    parts = (60, {"T": None, "of": "A"}), (60, {"T": None, "of": "B"})
    found = bill([first, last], *parts)
    assert cost(found) == of("7")  # 4 + 1, lifted
    assert {"A18"} <= codes(found)
    assert cost(bill([first, last], *parts, tariff_bounds="last")) == of("11")


def test_two_reservations_owe_one_fee_and_their_times_are_rounded_together() -> None:
    fee = tariff(element(C("F", "1"), C("T", "6", 600), reservation="RESERVATION"))
    found = bill(fee, (7, {"R": None}), (8, {"R": None}), outcome="EXPIRED")
    assert cost(found) == of("3")  # 1 + 20 min


def test_a_reservation_element_may_have_a_window_and_a_duration() -> None:
    """Durations of a reservation count from its own start."""
    timed = tariff(
        element(C("T", "6"), reservation="RESERVATION", start_time="10:30"),
        element(C("T", "3"), reservation="RESERVATION", min_duration=600),
    )
    parts = (10, {"R": None}), (20, {"R": None}), (30, {"R": None})
    assert cost(bill(timed, *parts, outcome="EXPIRED")) == of("4")  # 0 + 1 + 3


def test_an_outcome_that_is_not_told_is_inferred() -> None:
    expires = tariff(element(C("T", "6"), reservation="RESERVATION_EXPIRES"))
    found = bill(expires, (60, {"R": None}))
    assert cost(found) == of("6")
    assert "RESERVATION_OUTCOME" in codes(found)
    assert cost(bill(expires, (60, {"R": None}), HOUR)) == of("0")


def test_a_flat_that_first_matches_later_is_billed_then_and_once() -> None:
    late = tariff(element(C("F", "2"), min_duration=3600))
    found = bill(late, HOUR, HOUR, HOUR)
    assert cost(found) == of("2")
    assert [line.period for line in found.lines] == [1]


def test_unpriced_energy_is_not_rounded_with_the_priced() -> None:
    free_first = tariff(element(C("E", "1", 1000), min_kwh=5))
    found = bill(free_first, (60, {"T": None, "E": 5}), (60, {"T": None, "E": "1.2"}))
    assert cost(found) == of("2")


def test_a16_energy_fed_back_is_priced_and_never_rounded() -> None:
    big = tariff(element(C("E", "0.3", 1000)))
    found = bill(big, (60, {"T": None, "E": "-2.5"}))
    assert cost(found) == of("-0.75")
    assert "A16" in codes(found)
    assert cost(bill(big, (60, {"T": None, "E": "-2.5"}), negative_energy="free")) == of("0")


def test_a16_the_counter_is_net() -> None:
    tiers = tariff(element(C("E", "1"), max_kwh=5), element(C("E", "2")))
    found = bill(tiers, (60, {"T": None, "E": 6}), (60, {"T": None, "E": -3}), (60, {"E": 1}))
    assert cost(found) == of("1")  # 6 x 1 - 3 x 2 + 1 x 1


def test_the_counter_runs_through_a_period_without_tariff() -> None:
    tiers = tariff(element(C("E", "1"), max_kwh=5), element(C("E", "2")))
    found = bill(tiers, (60, {"T": None, "E": 5, "of": None}), (60, {"T": None, "E": 1}))
    assert cost(found) == of("2")
    assert found.total_energy == 6


def test_a20_a_period_exactly_at_the_bound_gets_the_higher_tier() -> None:
    tiers = tariff(element(C("E", "1"), max_kwh=5), element(C("E", "2"), min_kwh=5))
    parts = (60, {"T": None, "E": 5}), (60, {"T": None, "E": 1})
    assert cost(bill(tiers, *parts)) == of("7")
    assert cost(bill(tiers, *parts, kwh_at="end")) == of("12")


def test_windows_with_one_side_and_dates_and_no_days() -> None:
    sides = tariff(
        element(C("T", "1"), start_date="2026-06-04"),
        element(C("T", "2"), end_time="10:30"),
        element(C("T", "4"), start_time="11:00", day_of_week=[]),
    )
    found = bill(sides, (30, {"T": None}), (30, {"T": None}), (30, {"T": None}))
    assert cost(found) == of("3")  # 10:00 at 2, 10:30 at nothing, 11:00 at 4


def test_prices_with_tax_are_the_gross_amount() -> None:
    """R230-028: 12.10 with 21 % is 10.00 net, 10.60 with 6 % is 10.00."""
    gross = tariff(element(C("E", "1.21", vat="21"), C("T", "10.60", vat="6")), tax_included="YES")
    assert cost(bill(gross, (60, {"T": None, "E": 10}))) == of("20", "22.7")


def test_a_gross_price_of_a_third_stays_exact() -> None:
    gross = tariff(element(C("T", "1", vat="19")), tax_included="YES")
    found = bill(gross, (20, {"T": None}))
    assert found.total_cost.excl == Fraction(100, 119) / 3
    assert found.total_cost.incl == Fraction(1, 3)


def test_prices_with_a_tax_of_unknown_rate_are_told() -> None:
    """C$ 2.10 per hour including taxes: 2.5 h are 5.25 (the standard's own example)."""
    canada = tariff(element(C("T", "2.10", 60)), tax_included="YES", currency="CAD")
    found = bill(canada, (150, {"T": None}))
    assert cost(found) == of("5.25", "5.25")
    assert "TAX_UNKNOWN" in codes(found)


def test_where_no_tax_applies_both_amounts_are_known() -> None:
    free = tariff(element(C("T", "2")), tax_included="N/A")
    assert cost(bill(free, HOUR)) == of("2", "2")


def test_a_pause_counts_as_time_without_energy_though_it_is_charging_time() -> None:
    found = bill(tariff(element(C("T", "2"))), (60, {"T": None, "E": 5}), (30, {"T": None, "E": 0}))
    assert cost(found) == of("3")
    assert (found.total_time, found.total_parking_time) == (Decimal("1.5"), Decimal("0.5"))


def test_without_an_end_the_last_hours_are_taken_as_printed() -> None:
    found = price([tariff(element(C("T", "6", 300)))], [period(MORNING, T="0.6667")],
                  start=MORNING, end=None, zone=ZONE)  # fmt: skip
    assert cost(found) == of("4")


def test_time_that_nobody_states_costs_nothing_and_is_told() -> None:
    found = bill(tariff(element(C("T", "6"), C("E", "1"))), (60, {"E": 1}))
    assert cost(found) == of("1")
    assert "TIME_MISSING" in codes(found)


def test_a_tariff_that_ended_meanwhile_still_prices_its_session() -> None:
    """TAR-OBJ-09"""
    old = tariff(element(C("T", "6")), end_date_time="2026-06-03T08:30:00Z")
    assert cost(bill(old, HOUR, start=at("2026-06-03 08:00"))) == of("6")


def test_tariff_ids_compare_without_case() -> None:
    found = bill(tariff(element(C("T", "6")), id="Abc"), (60, {"T": None, "of": "aBC"}))
    assert cost(found) == of("6")


def test_a_bill_is_plain_for_json_and_leaves_out_what_is_not_priced() -> None:
    found = bill(tariff(element(C("T", "2", vat="10"))), HOUR).plain()
    assert found["total_cost"] == {"excl_vat": Decimal(2), "incl_vat": Decimal("2.2")}
    assert "total_energy_cost" not in found
    assert found["lines"][0]["unit"] == "h"


def test_a_yen_has_no_decimals_and_a_dinar_three() -> None:
    assert bill(tariff(element(C("T", "2")), currency="JPY"), HOUR).money_digits == 0
    assert bill(tariff(element(C("T", "2")), currency="KWD"), HOUR).money_digits == 3
    assert bill(tariff(element(C("T", "2"))), HOUR).money_digits == 2


def test_an_amount_becomes_a_price_of_2_3_0() -> None:
    """R230-022"""
    amount = bill(tariff(element(C("T", "2", vat="10"))), HOUR).total_cost.price(2)
    assert amount.before_taxes == 2
    assert amount.taxes is not None
    assert amount.taxes[0].amount == Decimal("0.2")


def test_periods_of_a_month_are_priced() -> None:
    parts = [(60, {"T": None, "E": 1})] * 720
    assert cost(bill(tariff(element(C("E", "0.1"))), *parts)) == of("72")


@pytest.mark.parametrize("restriction", list(BookingRestrictionType))
def test_what_a_booking_costs_is_never_part_of_a_session(
    restriction: BookingRestrictionType,
) -> None:
    """RBK-044: nor does it hide the price that holds for everybody."""
    booked = element(component("T", "9"), component("F", "50"), booking=restriction)
    plain = element(component("T", "2"))
    assert cost(bill(tariff(booked, plain), (60, {"T": None}))) == of("2")
    assert cost(bill(tariff(booked), (60, {"T": None}))) == of("0")
    assert "50" not in text(tariff(booked, plain))
