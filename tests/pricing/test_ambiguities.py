"""Each ambiguity by its recommended reading and by the other one, calculated by hand.

TAR-OBJ-03, TAR-OBJ-06/07, TAR-PC-03/05, TAR-RES-03/04/09/10/11, TAR-RSV-04/06, CDR-STEP-01..04
"""

from decimal import Decimal
from typing import Any

import pytest
from tests.pricing.build import at, bill, codes, component, cost, element, limit, of, tariff
from tests.pricing.cases import case, run

from voltroam.pricing import Policy, PricingProblem
from voltroam.pricing.policy import CODES, VALUES

C = component
STEP = tariff(
    element(C("T", "1.2", 1800), C("P", "1", 900), start_time="00:00", end_time="17:00"),
    element(C("T", "2.4", 900), C("P", "1", 900), start_time="17:00", end_time="20:00"),
    element(C("T", "2.4", 900), start_time="20:00", end_time="00:00"),
)
"""The standard's own example of step_size between elements."""


def test_s19_unpriced_parking_after_20_00_leaves_the_rounding_to_the_priced_part() -> None:
    """R230-029: 12 min x 2.40 + 15 min (for 8) x 1.00 = 0.48 + 0.25."""
    found = bill(STEP, (12, {"T": None}), (8, {"P": None}), (12, {"P": None}),
                 start=at("2026-06-03 17:40"))  # fmt: skip
    assert cost(found) == of("0.73")


def test_s24_energy_over_two_prices_is_rounded_once() -> None:
    """4.3 x 0.20 + 1.2 x 0.27 = 0.86 + 0.324: 5.4 kWh become 5.5."""
    two = tariff(element(C("E", "0.20", 500), end_time="17:00"), element(C("E", "0.27", 500)))
    found = bill(two, (30, {"T": None, "E": "4.3"}), (30, {"T": None, "E": "1.1"}),
                 start=at("2026-06-03 14:30"))  # fmt: skip
    assert cost(found) == of("1.184")


def test_s15b_expired_reservation_owes_expiry_fee_and_time_but_no_start_fee() -> None:
    """4.00 + 1 h x 2.00 = 6.00; with 20 % 7.20."""
    session = case("S15a")
    session = {
        **session,
        "cdr": {
            **session["cdr"],
            "charging_periods": [
                {
                    **session["cdr"]["charging_periods"][0],
                    "dimensions": [{"type": "RESERVATION_TIME", "volume": Decimal(1)}],
                }
            ],
            "end_date_time": "2026-06-03T09:00:00Z",
            "reservation_outcome": "EXPIRED",
        },
    }
    found = run(session)
    assert cost(found) == of("6", "7.2")
    assert found.total_fixed_cost is None


def test_o02_the_hour_that_comes_twice_in_autumn_counts_twice() -> None:
    night = tariff(element(C("T", "2"), start_time="02:00", end_time="03:00"),
                   element(C("T", "1")))  # fmt: skip
    found = bill(night, (60, {"T": None}), (60, {"T": None}), (60, {"T": None}),
                 start=at("2026-10-25 00:00"))  # fmt: skip
    assert cost(found) == of("5")  # 02:00 to 03:00 twice at 2, then 03:00 to 04:00 at 1


def test_a07_an_overnight_window_with_days_is_the_local_day() -> None:
    """O05: Friday 22-06 is Friday 00-06 and 22-24; the other reading is the night of Friday."""
    friday = tariff(
        element(C("T", "2"), start_time="22:00", end_time="06:00", day_of_week=["FRIDAY"])
    )
    parts = (240, {"T": None}), (60, {"T": None})
    early, late = at("2026-06-04 22:00"), at("2026-06-05 22:00")  # local: Friday, Saturday 00:00
    assert cost(bill(friday, *parts, start=early)) == of("10")
    assert cost(bill(friday, *parts, start=late)) == of("0")
    assert cost(bill(friday, *parts, start=early, overnight_days="night")) == of("0")
    assert cost(bill(friday, *parts, start=late, overnight_days="night")) == of("10")
    assert "A07" in codes(bill(friday, *parts, start=late))


def test_o08_a_dimension_that_no_element_matches_is_free() -> None:
    found = bill(tariff(element(C("E", "1"), min_kwh=50), element(C("T", "3"))),
                 (60, {"T": None, "E": 10}))  # fmt: skip
    assert cost(found) == of("3")
    assert found.total_energy_cost is None


def test_a03_parking_without_component_leaves_the_charging_time_rounded() -> None:
    """O09: 35 min become 45 at 3.00; a component of 0.00 is active, so nothing is rounded up."""
    parts = (35, {"T": None}), (30, {"P": None})
    plain = tariff(element(C("T", "3", 900)))
    assert cost(bill(plain, *parts)) == of("2.25")
    assert "A03" in codes(bill(plain, *parts))
    zero = tariff(element(C("T", "3", 900), C("P", "0", 900)))
    assert cost(bill(zero, *parts)) == of("1.75")
    assert cost(bill(zero, *parts, zero_component="inactive")) == of("2.25")


CHARGE_PARK_CHARGE = (21, {"T": None}), (16, {"P": None}), (6, {"T": None})
TEN_MINUTES = tariff(element(C("T", "6", 600), C("P", "6", 600)))


@pytest.mark.parametrize(
    ("policy", "minutes"),
    [
        ({}, 30 + 16),  # O11: the last is charging, 27 become 30
        ({"time_step": "parking"}, 27 + 20),
        ({"time_sum": "together"}, 50),  # 43
    ],
)
def test_a02_a04_charge_park_charge(policy: dict[str, Any], minutes: int) -> None:
    found = bill(TEN_MINUTES, *CHARGE_PARK_CHARGE, **policy)
    assert found.total_cost.excl * 10 == minutes
    assert "A02" in codes(found)


def test_a05_an_exact_multiple_stays() -> None:
    ten = tariff(element(C("T", "6", 600)))
    assert cost(bill(ten, (20, {"T": None}))) == of("2")
    assert cost(bill(ten, (20, {"T": None}), exact_multiple="next")) == of("3")


def test_a06_equal_times_are_the_whole_day() -> None:
    odd = tariff(element(C("T", "6"), start_time="08:00", end_time="08:00"))
    assert cost(bill(odd, (60, {"T": None}))) == of("6")
    assert cost(bill(odd, (60, {"T": None}), equal_times="never")) == of("0")
    assert "A06" in codes(bill(odd, (60, {"T": None})))


def test_o13_max_price_may_bind_on_one_side_only() -> None:
    """10.00 / 11.00 against 12.00 / 10.50: net stays, gross is lowered."""
    capped = tariff(element(C("E", "1", vat="10")), max_price=limit("12", "10.5"))
    assert cost(bill(capped, (60, {"T": None, "E": 10}))) == of("10", "10.5")


def test_a08_durations_count_parking_but_not_the_reservation() -> None:
    """O16: at 40 min of session, 10 of them parked, the second price holds."""
    two = tariff(element(C("T", "6"), max_duration=2400), element(C("T", "12")))
    found = bill(two, (30, {"T": None}), (10, {"P": None}), (30, {"T": None}))
    assert cost(found) == of("9")
    after = (30, {"R": None}), (10, {"T": None}), (30, {"T": None})
    assert cost(bill(two, *after, outcome="USED")) == of("4")
    late = bill(two, *after, outcome="USED", duration_from="start")
    assert cost(late) == of("7")  # the second charging period begins 40 min after the start
    assert "A08" in codes(late)


RESERVED = tariff(element(C("T", "6", 600), reservation="RESERVATION"), element(C("T", "12", 600)))


def test_a09_reservation_time_is_rounded_on_its_own() -> None:
    """O17: 13 min become 20 at 6.00, 11 become 20 at 12.00."""
    parts = (13, {"R": None}), (11, {"T": None})
    assert cost(bill(RESERVED, *parts, outcome="USED")) == of("6")
    shared = bill(RESERVED, *parts, outcome="USED", reservation_step="shared")
    assert cost(shared) == of("5.3")  # 1.30 + 4.00
    assert "A09" in codes(shared)


def test_a09b_a_cancelled_reservation_costs_the_time_it_was_held() -> None:
    parts = ((13, {"R": None}),)
    found = bill(RESERVED, *parts, outcome="CANCELLED")
    assert cost(found) == of("2")
    assert "A09b" in codes(found)
    assert cost(bill(RESERVED, *parts, outcome="CANCELLED", cancelled="free")) == of("0")


def test_a09c_of_two_fees_of_an_expired_reservation_the_expiry_fee_is_owed() -> None:
    fees = tariff(
        element(C("F", "4"), reservation="RESERVATION_EXPIRES"),
        element(C("F", "1"), C("T", "2"), reservation="RESERVATION"),
    )
    assert cost(bill(fees, (60, {"R": None}), outcome="EXPIRED")) == of("6")
    assert cost(bill(fees, (60, {"R": None}), outcome="EXPIRED", expired_flat="both")) == of("7")
    assert cost(bill(fees, (60, {"R": None}), outcome="USED")) == of("3")


def test_a10_plain_elements_do_not_price_reservations() -> None:
    plain = tariff(element(C("F", "1"), C("T", "3", 60)))
    assert cost(bill(plain, (60, {"R": None}), outcome="EXPIRED")) == of("0")
    other = bill(plain, (60, {"R": None}), outcome="EXPIRED", plain_reservation="priced")
    assert cost(other) == of("4")
    assert other.total_reservation_cost == other.total_cost


def test_a14_one_vat_gives_every_total_both_amounts() -> None:
    """O19: 10 kWh at 0.50 with 20 %, one hour at 2.00 without."""
    mixed = tariff(element(C("E", "0.5", vat="20"), C("T", "2")))
    found = bill(mixed, (60, {"T": None, "E": 10}))
    assert cost(found) == of("7", "8")
    assert found.total_time_cost is not None
    assert found.total_time_cost.rounded(4) == of("2", "2")
    assert "A14" in codes(found)
    none = tariff(element(C("T", "2")))
    assert cost(bill(none, (60, {"T": None}))) == of("2")
    assert cost(bill(none, (60, {"T": None}), without_vat="excl")) == of("2", "2")


def test_a_vat_of_zero_is_a_vat() -> None:
    """TAR-PC-03"""
    assert cost(bill(tariff(element(C("T", "2", vat="0"))), (60, {"T": None}))) == of("2", "2")


def test_a01_one_start_fee_although_another_becomes_active_at_midnight() -> None:
    """O21: 1.00 on Wednesday; once per component, 2.00 more on Thursday."""
    fees = tariff(element(C("F", "1"), day_of_week=["WEDNESDAY"]), element(C("F", "2")))
    parts = (60, {"T": None}), (60, {"T": None})
    start = at("2026-06-03 21:00")
    assert cost(bill(fees, *parts, start=start)) == of("1")
    assert cost(bill(fees, *parts, start=start, flat="component")) == of("3")
    assert "A01" in codes(bill(fees, *parts, start=start))


def test_a11_several_tariffs_are_rounded_once_at_the_end() -> None:
    """O22: 13 + 13 min: 26 become 30 with the last step; per tariff 20 and 20."""
    both = [tariff(element(C("T", "6", 600)), id=name) for name in ("A", "B")]
    parts = (13, {"T": None, "of": "A"}), (13, {"T": None, "of": "B"})
    assert cost(bill(both, *parts)) == of("3")
    assert cost(bill(both, *parts, step_tariffs="tariff")) == of("4")
    assert "A11" in codes(bill(both, *parts))


@pytest.mark.parametrize(
    ("utc", "price"), [("14:59:59", "1"), ("15:00:00", "2"), ("21:59:59", "2"), ("22:00:00", "1")]
)
def test_o24_windows_start_inclusive_and_end_exclusive(utc: str, price: str) -> None:
    """17:00 to 00:00 local, that is 15:00 to 22:00 UTC."""
    evening = tariff(
        element(C("E", "2"), start_time="17:00", end_time="00:00"), element(C("E", "1"))
    )
    assert cost(bill(evening, (1, {"T": None, "E": 1}), start=at(f"2026-06-03 {utc}"))) == of(price)


def test_a13_a_period_without_tariff_is_free_or_takes_the_only_one() -> None:
    found = bill(tariff(element(C("T", "2"))), (60, {"T": None, "of": None}))
    assert cost(found) == of("0")
    assert codes(found) == {"A13"}
    lenient = bill(
        tariff(element(C("T", "2"))), (60, {"T": None, "of": None}), missing_tariff="only"
    )
    assert cost(lenient) == of("2")


def test_a12_seconds() -> None:
    """0.6667 h are 2400 s by clock and nearest; taken as they are, 2400.12 s tip the step."""
    one = {**case("O14")}
    assert cost(run(one)) == of("4")
    assert cost(run(one, Policy(seconds="nearest"))) == of("4")
    assert cost(run(one, Policy(seconds="exact"))) == of("4.5")


@pytest.mark.parametrize("hours", ["0.667", "0.6666", "0.66666667", "0.6667"])
def test_a12_the_clock_counts_where_hours_are_its_rounding_or_its_cut(hours: str) -> None:
    found = bill(tariff(element(C("T", "6", 300))), (40, {"T": hours}))
    assert cost(found) == of("4")


def test_a12_hours_that_the_clock_contradicts_are_taken_as_stated() -> None:
    assert cost(bill(tariff(element(C("T", "6", 60))), (40, {"T": "0.5"}))) == of("3")


def test_a22_flat_beside_parking_is_fixed() -> None:
    park = tariff(element(C("F", "1"), C("P", "2")))
    found = bill(park, (60, {"P": None}))
    assert (found.total_fixed_cost, "A22" in codes(found)) == (found.lines[0].cost, True)
    other = bill(park, (60, {"P": None}), parking_flat="parking")
    assert other.total_fixed_cost is None
    assert other.total_parking_cost == other.total_cost


def test_a23_lines_may_be_rounded_each() -> None:
    third = tariff(element(C("T", "1")))
    parts = (20, {"T": None}), (20, {"T": None}), (20, {"T": None})
    assert bill(third, *parts).total_cost.excl == 1
    assert cost(bill(third, *parts, rounding="lines")) == of("0.99")


def test_a24_a_trailing_zero_changes_no_step() -> None:
    two = tariff(element(C("E", "1", 1000), max_duration=3600), element(C("E", "1", 10)))
    parts = (60, {"T": None, "E": "1.5"}), (60, {"T": None, "E": 0})
    assert cost(bill(two, *parts)) == of("2")
    assert cost(bill(two, *parts, zero_volume="counted")) == of("1.5")
    assert "A24" in codes(bill(two, *parts))


def test_a25_charging_comes_before_parking_in_one_period() -> None:
    both = tariff(element(C("T", "6", 600), C("P", "6", 600)))
    parts = ((20, {"T": "0.25", "P": "0.0833"}),)  # 15 and 5 min
    assert cost(bill(both, *parts)) == of("2.5")  # 15 + 10
    assert cost(bill(both, *parts, both_times="parking_first")) == of("2.5")  # 20 + 5
    found = bill(both, *parts)
    assert found.total_parking_cost is not None
    assert found.total_parking_cost.excl == 1
    assert "A25" in codes(found)


def test_every_ambiguity_with_a_policy_is_read_from_text() -> None:
    policy = Policy.parse(["A01=component", "seconds=nearest"])
    assert (policy.flat, policy.seconds) == ("component", "nearest")
    for name, code in CODES.items():
        for value in VALUES[name]:
            assert getattr(Policy.parse([f"{code}={value}"]), name) == value
        assert getattr(Policy(), name) == VALUES[name][0]


@pytest.mark.parametrize("text", ["A99=x", "flat=twice", "flat", ""])
def test_a_policy_that_is_none_is_named(text: str) -> None:
    with pytest.raises(PricingProblem, match="policy"):
        Policy.parse([text])
