"""What lint finds, and what it leaves alone.

TAR-OBJ-04, TAR-OBJ-05, TAR-OBJ-10, TAR-PC-04, TAR-RSV-01
"""

from datetime import date
from time import process_time
from typing import Any

import pytest
from tests.pricing.build import component, element, limit, tariff

from voltroam.pricing import lint
from voltroam.standard.v2_3_0 import Tariff

C = component


def taxed(kind: str, amount: str = "1", step: int = 1) -> dict[str, Any]:
    return C(kind, amount, step, vat="21")


def found(given: Tariff) -> dict[str, str]:
    return {one.code: one.path for one in lint(given)}


def test_a_plain_tariff_has_no_findings() -> None:
    assert lint(tariff(element(taxed("F"), taxed("E"), taxed("P")))) == ()


def test_a_free_tariff_as_the_standard_says_it_has_no_findings() -> None:
    assert lint(tariff(element(C("F", "0.00", 0)))) == ()
    assert "FREE" in found(tariff(element(C("E", "0.00"))))


PLAIN = element(taxed("E"))


@pytest.mark.parametrize(
    ("elements", "code", "path"),
    [
        ([element(taxed("E"), min_kwh=9, max_kwh=9), PLAIN], "NEVER", "[0].restrictions.max_kwh"),
        (
            [element(taxed("E"), start_date="2026-01-02", end_date="2026-01-02"), PLAIN],
            "NEVER",
            "[0].restrictions.end_date",
        ),
        (
            [
                element(
                    taxed("E"),
                    start_date="2026-06-01",
                    end_date="2026-06-03",
                    day_of_week=["SUNDAY"],
                ),
                PLAIN,
            ],
            "NEVER",
            "[0].restrictions.day_of_week",
        ),
        ([PLAIN, element(taxed("E"), max_kwh=5)], "SHADOWED", "[1].price_components[0]"),
        (
            [element(taxed("E"), max_kwh=9), element(taxed("E"), max_kwh=5), PLAIN],
            "SHADOWED",
            "[1].price_components[0]",
        ),
        ([element(taxed("E"), max_kwh=9)], "NO_FALLBACK", "[0].price_components[0]"),
        ([element(taxed("E"), taxed("E", "2"))], "REPEATED", "[0].price_components[1]"),
        ([element(taxed("T", "1", 3600))], "STEP_LARGE", "[0].price_components[0].step_size"),
        ([element(taxed("T", "1", 60))], "STEP", "[0].price_components[0].step_size"),
        ([element(taxed("T", "1", 0))], "STEP_ZERO", "[0].price_components[0].step_size"),
        ([element(taxed("E"), C("T", "1"))], "VAT_MISSING", "[0].price_components[1].vat"),
        ([element(taxed("F", "0.125"))], "CURRENCY_EXPONENT", "[0].price_components[0].price"),
        ([element(taxed("E", "-0.1"))], "NEGATIVE", "[0].price_components[0].price"),
        (
            [element(taxed("E"), reservation="RESERVATION"), PLAIN],
            "RESERVATION",
            "[0].price_components[0].type",
        ),
        ([element(taxed("E"), start_time="07:00", end_time="07:00")], "SAME_TIMES",
         "[0].restrictions"),
        (
            [
                element(
                    taxed("E"), start_time="22:00", end_time="06:00", day_of_week=["FRIDAY"]
                ),
                PLAIN,
            ],
            "NIGHT_AND_DAYS",
            "[0].restrictions",
        ),
        (
            [element(taxed("E"), start_time="08:00", end_time="23:59"), PLAIN],
            "MINUTE_BEFORE_MIDNIGHT",
            "[0].restrictions.end_time",
        ),
        (
            [element(taxed("E"), start_date="2026-01-01", end_date="2026-12-31"), PLAIN],
            "LAST_DAY",
            "[0].restrictions.end_date",
        ),
        (
            [
                element(taxed("E"), start_time="07:00", end_time="19:00"),
                element(taxed("E"), start_time="20:00", end_time="07:00"),
            ],
            "GAP",
            "[0]",
        ),
    ],
)  # fmt: skip
def test_a_fault_is_found_at_its_place(
    elements: list[dict[str, Any]], code: str, path: str
) -> None:
    assert found(tariff(*elements))[code] == f"$.elements{path}"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"currency": "XYZ"}, "CURRENCY"),
        ({"min_price": limit("5"), "max_price": limit("4")}, "BOUNDS"),
        ({"min_price": limit("5")}, "BOUND_WITHOUT_TAX"),
        ({"tax_included": "N/A"}, "VAT_NOT_APPLICABLE"),
        (
            {
                "start_date_time": "2026-06-01T00:00:00Z",
                "end_date_time": "2026-06-01T00:00:00Z",
            },
            "NEVER",
        ),
        ({"tariff_alt_text": [{"language": "en", "text": "2.00 EUR per hour"}]}, "ALT_TEXT"),
    ],
)
def test_a_fault_of_the_whole_tariff_is_found(members: dict[str, Any], code: str) -> None:
    assert code in found(tariff(PLAIN, **members))


def test_windows_that_meet_leave_no_gap() -> None:
    whole = tariff(
        element(taxed("E"), start_time="07:00", end_time="19:00"),
        element(taxed("E", "2"), start_time="19:00", end_time="07:00"),
    )
    assert "GAP" not in found(whole)


def test_several_steps_of_one_dimension_are_told() -> None:
    steps = tariff(element(taxed("T", "1", 60), max_duration=60), element(taxed("T", "1", 300)))
    assert "STEP_DIFFERS" in found(steps)
    both = tariff(element(taxed("T", "1", 60), taxed("P", "1", 60)))
    assert "STEP_OF_BOTH_TIMES" in found(both)


def test_what_has_ended_is_told_on_the_day_one_asks() -> None:
    ended = tariff(element(taxed("E"), end_date="2026-06-01"), PLAIN)
    assert "OUTLIVED" in {one.code for one in lint(ended, on=date(2026, 6, 1))}
    assert "OUTLIVED" not in {one.code for one in lint(ended, on=date(2026, 5, 31))}
    over = tariff(PLAIN, end_date_time="2026-06-01T00:00:00Z")
    assert "OUTLIVED" in {one.code for one in lint(over, on=date(2026, 6, 2))}


def test_what_cannot_be_priced_is_the_only_finding() -> None:
    (only,) = lint(tariff(element(taxed("E"), start_date="2026-02-30")))
    assert (only.code, only.path) == ("MALFORMED", "$.elements[0].restrictions.start_date")


def test_the_largest_tariff_is_checked_in_seconds() -> None:
    """A thousand components that agree in all restrictions but the last that is compared."""
    whole = {
        "start_time": "08:00", "end_time": "20:00", "start_date": "2026-01-01",
        "end_date": "2027-01-01", "min_kwh": 1, "min_current": 1, "max_current": 1000,
        "min_power": 1, "max_power": 100, "min_duration": 1, "day_of_week": ["MONDAY", "SUNDAY"],
    }  # fmt: skip
    last = [element(component("E", "1"), **whole, max_duration=99 + n) for n in range(1000)]
    before = process_time()
    found = lint(tariff(*last))
    assert process_time() - before < 10  # usually half a second, also where others compute
    assert "SHADOWED" not in {one.code for one in found}
    assert [one.code for one in lint(tariff(*last, last[0]))] == ["MALFORMED"]


def test_findings_are_in_the_order_of_the_tariff() -> None:
    late = [element(component("E", "1", 1000), min_kwh=n) for n in range(12)]
    paths = [one.path for one in lint(tariff(*late)) if one.code == "STEP_LARGE"]
    assert paths == [f"$.elements[{n}].price_components[0].step_size" for n in range(12)]


def booking(kind: str, part: str = "BOOKING", **limits: Any) -> Any:
    return element(taxed(kind), booking=part, **limits)


@pytest.mark.parametrize(
    ("elements", "code", "path"),
    [
        ([PLAIN, booking("E")], "BOOKING", "[1].price_components[0].type"),
        ([booking("F"), booking("F"), PLAIN], "SHADOWED", "[1].price_components[0]"),
        (
            [booking("F", reservation="RESERVATION"), PLAIN],
            "BOOKING",
            "[0].restrictions.booking",
        ),
        ([booking("F"), booking("T", "BOOKING_OVERTIME")], "BOOKING_ONLY", ""),
    ],
)
def test_what_is_wrong_with_prices_of_bookings(elements: list[Any], code: str, path: str) -> None:
    """RBK-043, RBK-044"""
    assert found(tariff(*elements))[code] == f"$.elements{path}"


def test_prices_of_bookings_stand_apart_from_those_of_sessions() -> None:
    """Neither is the fallback or the shadow of the other, nor is a step of theirs rounded up."""
    given = tariff(
        booking("T"), booking("T", "BOOKING_EXPIRES"), booking("F"),
        element(taxed("T", "1", 1), taxed("F"), taxed("E")),
    )  # fmt: skip
    assert found(given) == {}
    alone = tariff(booking("T"), PLAIN)
    assert "NO_FALLBACK" not in found(alone)
