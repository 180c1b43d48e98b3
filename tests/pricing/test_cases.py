"""Every worked case comes out exactly, to the fourth decimal and in each dimension.

TAR-OBJ-01..07, TAR-OBJ-12, TAR-PC-01/02/03/05, TAR-RES-01..11, TAR-RSV-03/05, CDR-STEP-01..04,
CDR-PER-05, CDR-OBJ-08
"""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from tests.pricing.cases import FILE, cases, run

from voltroam.pricing.components import TOTALS
from voltroam.pricing.decimals import rounded

pytestmark = pytest.mark.skipif(not cases(), reason=f"{FILE} is not here")
IDS = [one["name"] for one in cases()]


def test_there_are_44_cases() -> None:
    assert len(cases()) == 44


@pytest.mark.parametrize("one", cases(), ids=IDS)
def test_a_worked_case_costs_what_was_calculated_by_hand(one: dict[str, Any]) -> None:
    bill, expected = run(one), one["expect"]
    for name in ("total_cost", *TOTALS.values()):
        amount = getattr(bill, name)
        if name not in expected:
            assert amount is None, name
            continue
        assert amount is not None, name
        told = (expected[name]["excl_vat"], expected[name]["incl_vat"])
        assert amount.rounded(4) == told, name


@pytest.mark.parametrize("one", cases(), ids=IDS)
def test_a_worked_case_bills_the_quantities_calculated_by_hand(one: dict[str, Any]) -> None:
    bill, expected = run(one), one["expect"]
    billed = {name: rounded(amount, 4) for name, amount in bill.billed.items()}
    assert billed == {name: Decimal(amount) for name, amount in expected["billed"].items()}
    for name in ("total_energy", "total_time", "total_parking_time"):
        if name in expected:
            assert rounded(Fraction(getattr(bill, name)), 4) == expected[name]


@pytest.mark.parametrize("one", cases(), ids=IDS)
def test_lines_of_a_worked_case_have_a_reason_and_add_up(one: dict[str, Any]) -> None:
    bill = run(one)
    assert all(line.why.endswith(".") and line.tariff_id in line.why for line in bill.lines)
    parts = [getattr(bill, name) for name in TOTALS.values()]
    of_parts = sum((part.excl for part in parts if part is not None), Fraction(0))
    assert sum((line.cost.excl for line in bill.lines), Fraction(0)) == of_parts
