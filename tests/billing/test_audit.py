"""A CDR recomputed: the verdict, the amount, and the cause by its name. Amounts by hand."""

from decimal import Decimal
from typing import Any

import pytest
from tests.billing.objects import ZONE, cdr, component, element, money, period, read, tariff

from voltroam.billing.audit import Context, audit
from voltroam.billing.findings import Audit, Finding, Verdict

HERE = Context(zone=ZONE)
PARKED = tariff(
    element(component("ENERGY", "0.25", 1, "10"), component("PARKING_TIME", "2.00", 900, "20"))
)
"""20 kWh and 40 min of parking: 5.00 and, as 45 min, 1.50; 5.50 and 1.80 with VAT."""
CHARGED = [period(0, ENERGY="20", TIME="2"), period(120, PARKING_TIME="0.6667")]


def parked(total: dict[str, Decimal], **members: Any) -> Audit:
    return audit(read(cdr(160, [PARKED], CHARGED, total, **members)), HERE)


def money_of(found: Audit, path: str = "$.total_cost") -> Finding:
    return next(one for one in found.findings if one.code == "MONEY" and one.path == path)


def test_a_right_cdr_is_ok() -> None:
    """CDR-OBJ-08"""
    found = parked(
        money("6.50", "7.30"),
        total_energy_cost=money("5.00", "5.50"),
        total_parking_cost=money("1.50", "1.80"),
        total_parking_time=Decimal("0.6667"),
    )
    assert (found.verdict, found.findings) == (Verdict.OK, ())
    assert (found.claimed, found.computed) == (Decimal("6.50"), Decimal("6.50"))


@pytest.mark.parametrize(
    ("total", "parking", "cause", "difference"),
    [
        # 40 min as measured: 0.6667 h at 2.00
        (money("6.3333", "7.10"), money("1.3333", "1.60"), "STEP_NOT_APPLIED", "-0.1667"),
        # one step of 15 min more: 60 min
        (money("7.00", "7.90"), money("2.00", "2.40"), "STEP_TOO_MANY", "0.5"),
        # down to 30 min
        (money("6.00", "6.70"), money("1.00", "1.20"), "STEP_DOWN", "-0.5"),
    ],
)
def test_a_total_that_is_wrong_by_one_step_size_error_is_explained_as_that(
    total: dict[str, Decimal], parking: dict[str, Decimal], cause: str, difference: str
) -> None:
    """CDR-STEP-01..04"""
    found = parked(total, total_parking_cost=parking, total_energy_cost=money("5.00", "5.50"))
    assert found.verdict is Verdict.DIFFERS
    assert {one.path for one in found.findings} == {"$.total_cost", "$.total_parking_cost"}
    assert {one.cause for one in found.findings} == {cause}
    assert money_of(found).difference == Decimal(difference)
    assert "step_size 900 s of PARKING_TIME" in money_of(found).text


def test_a_step_that_was_applied_to_each_period_is_told_from_one_of_the_session() -> None:
    """Three times 7 min at 3.00/h, step 300: 21 -> 25 min, 1.25; each to 10 min: 30 min, 1.50."""
    timed = tariff(element(component("TIME", "3.00", 300)))
    periods = [period(7 * i, TIME="0.1167") for i in range(3)]
    right = audit(read(cdr(21, [timed], periods, money("1.25"))), HERE)
    assert right.verdict is Verdict.OK
    found = audit(read(cdr(21, [timed], periods, money("1.50"))), HERE)
    assert money_of(found).cause == "STEP_PER_PERIOD"


def test_a_cent_of_rounding_is_no_difference() -> None:
    """20.45 kWh at step 100 are 20.5: 5.125; cut off that is 5.12."""
    stepped = tariff(element(component("ENERGY", "0.25", 100)))
    periods = [period(0, ENERGY="20.45", TIME="2")]
    found = audit(read(cdr(120, [stepped], periods, money("5.12"))), HERE)
    assert found.verdict is Verdict.ROUNDING
    assert money_of(found).cause == "CUT"
    assert audit(read(cdr(120, [stepped], periods, money("5.13"))), HERE).verdict is Verdict.OK
