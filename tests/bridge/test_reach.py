"""How far down an object may be shown is decided by the same rules as the conversion."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.bridge.crossing import PLAIN, cross
from tests.bridge.samples import (
    BOOKING,
    CANCEL,
    CDR_221,
    CDR_230,
    CLIENT,
    LOCATION_221,
    RESERVING,
    SAMPLES,
    TARIFF_221,
    TARIFF_230,
)

from voltroam.bridge.reach import lowest, reach, relaxed, turn
from voltroam.bridge.terms import Relaxation
from voltroam.standard.versions import VERSIONS

NO_CODE = {name: value for name, value in LOCATION_221.items() if name != "postal_code"}
LIMITED = {**TARIFF_221, "max_price": {"excl_vat": Decimal(5)}}
DATED = {**TARIFF_221, "start_date_time": "2026-06-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("kind", "document", "version"),
    [
        ("Location", LOCATION_221, "2.1.1"),
        ("Location", {**LOCATION_221, "publish": False}, "2.2.1"),
        ("Location", NO_CODE, "2.2.1"),
        ("Tariff", TARIFF_221, "2.1.1"),
        ("Tariff", LIMITED, "2.2.1"),
        ("Tariff", {**TARIFF_221, "type": "AD_HOC_PAYMENT"}, "2.2.1"),
        ("Tariff", {**TARIFF_221, "elements": [RESERVING]}, "2.2.1"),
        ("Tariff", DATED, "2.2.1"),
        ("Tariff", TARIFF_230, "2.3.0"),
        ("CDR", CDR_221, "2.1.1"),
        ("CDR", {**CDR_221, "credit": True}, "2.2.1"),
        ("CDR", CDR_230, "2.3.0"),
        ("ClientInfo", CLIENT, "2.2.1"),
        ("CancelReservation", CANCEL, "2.2.1"),
        ("Booking", {}, "2.3.0"),
        ("InvoiceReconciliationRecord", {}, "2.3.0"),
        ("Token", SAMPLES["Token"]["2.2.1"], "2.1.1"),
        ("Session", SAMPLES["Session"]["2.2.1"], "2.1.1"),
    ],
)
def test_the_lowest_version_is_told_by_the_object(
    kind: str, document: dict[str, Any], version: str
) -> None:
    """R211-054, R211-069, R211-075, R211-076"""
    assert lowest(kind, document) is VERSIONS[version]


def test_a_profile_or_the_day_may_reach_further() -> None:
    """R211-077"""
    assert relaxed("Location", NO_CODE, frozenset(), postal_code=True) is VERSIONS["2.1.1"]
    limits = frozenset({Relaxation.PRICE_LIMITS_DROPPED})
    assert relaxed("Tariff", LIMITED, limits) is VERSIONS["2.1.1"]
    assert lowest("Tariff", DATED, now=datetime(2026, 6, 2, tzinfo=UTC)) is VERSIONS["2.1.1"]
    assert lowest("Tariff", DATED, now=datetime(2026, 5, 2, tzinfo=UTC)) is VERSIONS["2.2.1"]


@pytest.mark.parametrize("element", [None, RESERVING, BOOKING])
@pytest.mark.parametrize("more", [{}, {"publish": False}, {"credit": True}, {"type": "REGULAR"}])
@pytest.mark.parametrize("kind", ["Location", "Tariff", "CDR"])
def test_reach_and_conversion_agree(
    kind: str, more: dict[str, Any], element: dict[str, Any] | None
) -> None:
    document = {**SAMPLES[kind]["2.2.1"], **more}
    if element is not None and kind == "Tariff":
        document["elements"] = [element]
    passes = cross(kind, document, "2.2.1", "2.1.1", PLAIN).value is not None
    assert passes == (lowest(kind, document) is VERSIONS["2.1.1"])


@pytest.mark.parametrize(
    ("kind", "document", "needs"),
    [
        ("Tariff", TARIFF_221, ""),
        ("Tariff", LIMITED, "l"),
        ("Tariff", {**LIMITED, "type": "AD_HOC_PAYMENT"}, "lt"),
        ("Tariff", {**DATED, "max_price": {"excl_vat": Decimal(5)}}, "ls"),
        ("Tariff", {**LIMITED, "elements": [RESERVING]}, ""),
        ("Tariff", TARIFF_230, ""),
        ("Location", NO_CODE, "p"),
        ("Location", {**NO_CODE, "publish": False}, ""),
        ("CDR", {**CDR_221, "credit": True}, ""),
    ],
)
def test_what_a_profile_must_allow_is_told_too(
    kind: str, document: dict[str, Any], needs: str
) -> None:
    """R211-077"""
    assert reach(kind, document).needs == needs


def test_a_tariff_turns_at_its_start_and_at_its_end() -> None:
    """A time without zone is UTC; one that nobody can read is none."""
    both = {**DATED, "end_date_time": "2026-07-01T00:00:00"}
    may, june, july = (datetime(2026, month, 1, tzinfo=UTC) for month in (5, 6, 7))
    assert [turn("Tariff", both, now) for now in (may, june, july)] == [june, july, None]
    assert turn("Tariff", {"end_date_time": "soon"}, may) is None
    assert turn("Location", both, may) is None
