"""What the packages' samples and drawings write otherwise than their tables."""

import json
from typing import Any

import pytest

from voltroam.roaming.spelling import respelled
from voltroam.standard.v2_3_0.invoicereconciliation import InvoiceReconciliationRecord
from voltroam.standard.v2_3_0.payments import FinancialAdviceConfirmation, Terminal
from voltroam.wire.decode import read


def spelled(kind: str, members: Any) -> Any:
    return json.loads(respelled(kind, json.dumps(members).encode()))


def test_cdrs_drawn_as_objects_are_read_as_ids() -> None:
    """RINV-012"""
    drawn = {"cdrs": [{"id": "C1"}, "C2"]}
    assert spelled("invoicereconciliation", drawn) == {"cdrs": ["C1", "C2"]}


def test_the_old_price_of_a_confirmation_becomes_the_new_one() -> None:
    """RPAY-028"""
    sample = {"total_costs": {"excl_vat": 4.00, "incl_vat": 4.40}}
    assert spelled("financial_advice_confirmations", sample) == {
        "total_costs": {"before_taxes": 4.0, "taxes": [{"name": "VAT", "amount": 0.4}]}
    }


def test_the_names_of_bookings_1_0_are_read() -> None:
    """RBK-048"""
    old = {"bookable_parking_options": [{"formats": ["SOCKET"], "evse_position": "LEFT"}],
           "tariff_id": "T1"}  # fmt: skip
    assert spelled("booking_locations", old) == {
        "booking_option": {"connector_format": ["SOCKET"], "evse_position": ["LEFT"]},
        "tariff_ids": ["T1"],
    }


@pytest.mark.parametrize("kind", ["locations", "invoicereconciliation", "bookings"])
def test_what_needs_no_change_keeps_its_bytes(kind: str) -> None:
    document = b'{ "id" : "X", "cdrs": ["C1"] }'
    assert respelled(kind, document) is document


def test_an_id_of_a_credit_cdr_fits_though_the_list_says_36() -> None:
    """RINV-009, RINV-010, RINV-011"""
    record = {"country_code": "NL", "party_id": "NOD", "id": "R", "invoice_id": "I" * 255,
              "cdrs": ["C" * 39], "last_updated": "2026-01-01T00:00:00Z"}  # fmt: skip
    assert read(InvoiceReconciliationRecord, json.dumps(record).encode()).usable(strict=True)
    none = record | {"cdrs": []}
    assert not read(InvoiceReconciliationRecord, json.dumps(none).encode()).usable(strict=False)


def test_the_smallest_terminal_and_a_failed_confirmation_are_read() -> None:
    """RPAY-011, RPAY-027"""
    assert read(Terminal, b'{"terminal_id":"T1"}').usable(strict=True)
    failed = {"id": "F", "authorization_reference": "A", "total_costs": {"before_taxes": 0},
              "currency": "EUR", "capture_status_code": "FAILED",
              "last_updated": "2026-01-01T00:00:00Z"}  # fmt: skip
    assert read(FinancialAdviceConfirmation, json.dumps(failed).encode()).usable(strict=True)
