"""Where an invoice stands, by its lines and what it says. Sums by hand."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from voltroam.roaming.reconciling import Amount, Line, Match, Reconciliation, Told
from voltroam.roaming.reconciling.cdr_amount import amount_of
from voltroam.roaming.reconciling.reconciliation import judged, total_of
from voltroam.standard.parties import PartyId

HELD = Reconciliation(
    owner=PartyId("NL", "NOD"), id="R1", invoice_id="I1", issued=False,
    at=datetime(2026, 11, 22, tzinfo=UTC),
)  # fmt: skip


def line(before: str, after: str | None = None, match: Match = Match.MATCHED) -> Line:
    amount = Amount(Decimal(before), None if after is None else Decimal(after), "EUR")
    return Line(cdr_id="C", match=match, amount=amount)


def told(amount: str, *, with_taxes: bool = True) -> Reconciliation:
    return Reconciliation(
        owner=HELD.owner, id="R1", invoice_id="I1", issued=False, at=HELD.at,
        told=Told(Decimal(amount), "EUR", with_taxes),
    )  # fmt: skip


def test_without_an_amount_it_is_unmatched_though_all_cdrs_are_there() -> None:
    """RINV-013"""
    assert judged(HELD, [line("1.10", "1.21")]).match is Match.UNMATCHED


def test_the_sum_is_exact_with_and_without_taxes() -> None:
    lines = [line("1.10", "1.331"), line("2.20", "2.662"), line("-0.10", "-0.121")]
    assert total_of(lines) == Amount(Decimal("3.20"), Decimal("3.872"), "EUR")
    assert judged(told("3.872"), lines).match is Match.MATCHED
    assert judged(told("3.2", with_taxes=False), lines).match is Match.MATCHED
    assert judged(told("3.87"), lines).match is Match.AMOUNT_DIFF


def test_a_sum_with_taxes_is_unknown_where_one_cdr_does_not_say() -> None:
    lines = [line("1", "1.21"), line("1")]
    assert total_of(lines) == Amount(Decimal(2), None, "EUR")
    assert judged(told("2.42"), lines).match is Match.AMOUNT_DIFF


def test_several_currencies_have_no_sum() -> None:
    other = Line(cdr_id="C", match=Match.MATCHED, amount=Amount(Decimal(1), None, "SEK"))
    assert total_of([line("1"), other]) is None


@pytest.mark.parametrize(
    ("worst", "other"),
    [
        (Match.MISSING_CDR, Match.ALREADY_INVOICED),
        (Match.MISSING_CDR, Match.AMBIGUOUS_CDR),
        (Match.AMBIGUOUS_CDR, Match.ALREADY_INVOICED),
        (Match.ALREADY_INVOICED, Match.MATCHED),
    ],
)
def test_the_gravest_line_says_where_the_invoice_stands(worst: Match, other: Match) -> None:
    """RINV-015, RINV-016, RINV-017"""
    lines = [line("1", match=other), line("1", match=worst)]
    assert judged(told("2", with_taxes=False), lines).match is worst


@pytest.mark.parametrize(
    ("cost", "amount"),
    [
        ('{"excl_vat":1.5,"incl_vat":1.8}', Amount(Decimal("1.5"), Decimal("1.8"), "EUR")),
        ('{"before_taxes":1.5,"taxes":[{"name":"VAT","amount":0.3}]}',
         Amount(Decimal("1.5"), Decimal("1.8"), "EUR")),
        ('{"before_taxes":1.5}', Amount(Decimal("1.5"), None, "EUR")),
        ("1.5", Amount(Decimal("1.5"), None, "EUR")),
        ('"1.5"', None),
    ],
)  # fmt: skip
def test_a_cdr_of_any_version_says_what_it_costs(cost: str, amount: Amount | None) -> None:
    assert amount_of(f'{{"currency":"EUR","total_cost":{cost}}}'.encode()) == amount
