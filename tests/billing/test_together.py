"""CDRs beside each other: charged twice, taken back, and the one balance that remains."""

import csv
import zipfile
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from tests.billing.objects import ZONE, cdr, component, element, money, period, read, tariff

from voltroam.billing.audit import Context
from voltroam.billing.findings import Verdict
from voltroam.billing.sheets import COLUMNS, as_csv, as_xlsx
from voltroam.billing.together import Item, Report, audit_all

PRICED = tariff(element(component("ENERGY", "0.25", 1, "20")))
PERIODS = [period(0, ENERGY="20", TIME="1")]
CREDIT = {
    "id": "CDR1-C", "credit": True, "credit_reference_id": "cdr1",
    "total_cost": money("-5.00", "-6.00"),
}  # fmt: skip


def one(**members: Any) -> dict[str, Any]:
    """20 kWh at 0.25: 5.00, with VAT 6.00."""
    return cdr(60, [PRICED], PERIODS, money("5.00", "6.00"), **members) | members


def report(*cdrs: dict[str, Any], partner: str = "noda") -> Report:
    return audit_all([Item(read(each), Context(zone=ZONE, partner=partner)) for each in cdrs])


def codes(found: Report) -> list[list[str]]:
    return [[finding.code for finding in audit.findings] for audit in found.audits]


def test_a_credit_cdr_and_its_original_are_one_balance_of_zero() -> None:
    """CDR-CRED-03/07: the total is negated, everything else is as it was."""
    found = report(one(), one(**CREDIT))
    assert codes(found) == [[], []]
    assert found.verdict is Verdict.OK
    assert [(b.cdrs, b.claimed) for b in found.balances] == [(("CDR1", "CDR1-C"), Decimal(0))]
    assert found.audits[1].computed == Decimal("-5.00")
    assert found.summaries[0].claimed == 0


def test_a_corrected_cdr_joins_the_balance_of_the_one_taken_back() -> None:
    """CDR-CRED-04"""
    fixed = one(id="CDR2", total_cost=money("5.00", "6.00"))
    found = report(one(), one(**CREDIT), fixed)
    assert codes(found) == [[], [], []]
    assert [(b.cdrs, b.claimed) for b in found.balances] == [
        (("CDR1", "CDR1-C", "CDR2"), Decimal("5.00"))
    ]


@pytest.mark.parametrize(
    ("members", "code", "verdict"),
    [
        ({"total_cost": money("-4.00", "-4.80")}, "CREDIT_AMOUNT", Verdict.DIFFERS),
        ({"credit_reference_id": "other"}, "CREDIT_ALONE", Verdict.CANNOT_TELL),
        ({"session_id": "S2"}, "CREDIT_MEMBER", Verdict.DIFFERS),
        ({"currency": "CHF"}, "CREDIT_CURRENCY", Verdict.DIFFERS),
        ({"credit": None}, "NEGATIVE", Verdict.DIFFERS),
    ],
)
def test_a_credit_cdr_that_is_none_is_told(
    members: dict[str, Any], code: str, verdict: Verdict
) -> None:
    """CDR-CRED-06/07"""
    found = report(one(), one(**(CREDIT | members)))
    told = {finding.code: finding.verdict for finding in found.audits[1].findings}
    assert told[code] is verdict


def test_taking_back_twice_is_told() -> None:
    found = report(one(), one(**CREDIT), one(**(CREDIT | {"id": "CDR1-D"})))
    assert codes(found)[2] == ["CREDIT_TWICE"]
    assert found.balances[0].claimed == Decimal("-5.00")


def test_what_is_charged_twice_is_told_with_its_amount() -> None:
    """The same id, whatever its case; the same session under another id."""
    found = report(one(), one(id="cdr1"), one(id="CDR2"))
    assert codes(found)[0] == []
    assert codes(found)[1] == ["DUPLICATE"]
    assert codes(found)[2] == ["SESSION_TWICE"]
    assert {f.difference for audit in found.audits for f in audit.findings} == {Decimal("5.00")}


def test_two_sessions_at_one_evse_at_once_are_doubted() -> None:
    found = report(one(), one(id="CDR2", session_id="S2"))
    assert codes(found) == [[], ["OVERLAP"]]
    assert found.verdict is Verdict.CANNOT_TELL


def test_sums_are_by_partner_and_month() -> None:
    cheap = one(id="B", session_id="S2", total_cost=money("4.00", "4.80"))
    items = [
        Item(read(one()), Context(zone=ZONE, partner="a")),
        Item(read(cheap), Context(zone=ZONE, partner="b")),
    ]
    found = audit_all(items).summaries
    assert [(s.partner, s.month, s.cdrs, s.difference) for s in found] == [
        ("a", "2026-06", 1, Decimal(0)),
        ("b", "2026-06", 1, Decimal("-1.00")),
    ]
    assert found[1].verdicts["DIFFERS"] == 1


def test_the_sheets_have_a_row_per_difference_and_run_no_formula() -> None:
    evil = one(id="=HYPERLINK(1)", session_id="S2", total_cost=money("9.00", "10.80"))
    found = report(one(), evil, partner="+partner")
    rows = list(csv.DictReader(StringIO(as_csv(found))))
    assert tuple(rows[0]) == COLUMNS
    assert [row["cdr"] for row in rows][:2] == ["CDR1", "'=HYPERLINK(1)"]
    assert {row["partner"] for row in rows} == {"'+partner"}
    wrong = next(row for row in rows if row["path"] == "$.total_cost")
    assert (wrong["finding_claimed"], wrong["finding_difference"]) == ("9.00", "4.0000")
    with zipfile.ZipFile(BytesIO(as_xlsx(found))) as book:
        names = [n for n in book.namelist() if n.startswith("xl/worksheets/sheet")]
        sheets = [ET.fromstring(book.read(name)) for name in names]
        texts = book.read("xl/sharedStrings.xml").decode()
    assert len(sheets) == 2
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert all(sheet.find(f".//{space}f") is None for sheet in sheets)
    assert "=HYPERLINK(1)" in texts
    assert len(sheets[0].findall(f".//{space}row")) == 1 + len(rows)
