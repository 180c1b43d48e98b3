"""Tariffs between versions (2.1.1, 2.2.1, 2.3.0 §mod_tariffs): no price changes unseen."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.bridge.crossing import PLAIN, cross
from tests.bridge.samples import (
    BOOKING,
    RESERVING,
    TARIFF_211,
    TARIFF_221,
    TARIFF_230,
)

from voltroam.bridge.convert import at_home
from voltroam.bridge.notes import Severity
from voltroam.bridge.terms import Relaxation
from voltroam.standard.versions import V2_3_0


def priced(price: str, vat: int | None = None, **restrictions: Any) -> dict[str, Any]:
    component: dict[str, Any] = {"type": "ENERGY", "price": Decimal(price), "step_size": 1}
    found: dict[str, Any] = {
        "price_components": [component if vat is None else {**component, "vat": vat}]
    }
    return {**found, "restrictions": restrictions} if restrictions else found


def test_between_2_1_1_and_2_2_1_only_the_owner_changes() -> None:
    """R211-073"""
    up = cross("Tariff", TARIFF_211, "2.1.1", "2.2.1")
    assert up.value == TARIFF_221
    assert up.notes == {"owner-put-in": "lossless", "vat-unknown": "inferred"}
    down = cross("Tariff", TARIFF_221, "2.2.1", "2.1.1")
    assert down.value == TARIFF_211
    assert down.severities == {Severity.LOSSLESS}


def test_between_2_2_1_and_2_3_0_prices_are_before_taxes() -> None:
    """R230-024, R230-026"""
    limits = {
        "min_price": {"excl_vat": Decimal("1.00")},
        "max_price": {"excl_vat": Decimal("5.00"), "incl_vat": Decimal("6.05")},
    }
    up = cross("Tariff", {**TARIFF_221, **limits}, "2.2.1", "2.3.0")
    assert up.value == {
        **TARIFF_230,
        "min_price": {"before_taxes": Decimal("1.00")},
        "max_price": {"before_taxes": Decimal("5.00"), "after_taxes": Decimal("6.05")},
    }
    assert cross("Tariff", up.value, "2.3.0", "2.2.1").value == {**TARIFF_221, **limits}


def test_elements_for_reservations_and_bookings_go_whole() -> None:
    """R211-074, RBK-045"""
    given = {**TARIFF_230, "elements": [RESERVING, BOOKING, *TARIFF_230["elements"]]}
    middle = cross("Tariff", given, "2.3.0", "2.2.1")
    assert middle.value["elements"] == [RESERVING, *TARIFF_221["elements"]]
    assert middle.places["booking-element-dropped"] == ["/elements/1"]
    low = cross("Tariff", given, "2.3.0", "2.1.1")
    assert low.value == TARIFF_211
    assert low.notes["reservation-element-dropped"] == "kept"


@pytest.mark.parametrize("element", [RESERVING, BOOKING])
def test_a_tariff_that_prices_no_session_is_not_sent(element: dict[str, Any]) -> None:
    """R211-074, RBK-045"""
    found = cross("Tariff", {**TARIFF_230, "elements": [element]}, "2.3.0", "2.1.1")
    assert found.value is None
    assert found.notes["no-element-left"] == "refused"


def test_the_amount_that_a_terminal_reserves_stays_in_its_package() -> None:
    """RPAY-034"""
    found = cross("Tariff", {**TARIFF_230, "preauthorize_amount": 50}, "2.3.0", "2.2.1")
    assert found.value == TARIFF_221
    assert found.notes["preauthorisation-dropped"] == "kept"


def test_elements_by_current_go_if_another_prices_the_same() -> None:
    """R211-075"""
    by_current = priced("0.10", max_current=6)
    with_other = {**TARIFF_221, "elements": [by_current, priced("0.20")]}
    found = cross("Tariff", with_other, "2.2.1", "2.1.1")
    assert found.value["elements"] == [priced("0.20")]
    assert found.notes["current-element-dropped"] == "unsafe"
    alone = cross("Tariff", {**TARIFF_221, "elements": [by_current]}, "2.2.1", "2.1.1")
    assert alone.value is None
    assert alone.notes == {"no-fallback-element": "refused"}


@pytest.mark.parametrize("name", ["min_price", "max_price"])
def test_a_tariff_with_a_limit_is_not_sent_to_2_1_1_unless_allowed(name: str) -> None:
    """R211-076"""
    given = {**TARIFF_221, name: {"excl_vat": Decimal(3)}}
    refused = cross("Tariff", given, "2.2.1", "2.1.1")
    assert refused.value is None
    assert refused.notes == {"price-limit-refused": "refused"}
    terms = replace(PLAIN, relaxations=frozenset({Relaxation.PRICE_LIMITS_DROPPED}))
    allowed = cross("Tariff", given, "2.2.1", "2.1.1", terms)
    assert allowed.value == TARIFF_211
    assert allowed.notes["price-limit-dropped"] == "unsafe"


def test_a_tariff_for_some_sessions_is_not_sent_to_2_1_1() -> None:
    regular = cross("Tariff", {**TARIFF_221, "type": "REGULAR"}, "2.2.1", "2.1.1")
    assert regular.value == TARIFF_211
    given = {**TARIFF_221, "type": "PROFILE_GREEN"}
    assert cross("Tariff", given, "2.2.1", "2.1.1").notes == {"tariff-for-some-sessions": "refused"}
    terms = replace(PLAIN, relaxations=frozenset({Relaxation.TARIFF_TYPES_DROPPED}))
    assert cross("Tariff", given, "2.2.1", "2.1.1", terms).value == TARIFF_211


def test_a_tariff_with_a_start_and_an_end_is_sent_to_2_1_1_while_it_is_in_force() -> None:
    """R211-077"""
    given = {
        **TARIFF_221,
        "start_date_time": "2026-06-01T00:00:00Z",
        "end_date_time": "2026-07-01T00:00:00",
    }

    def on(*moment: int) -> Any:
        terms = replace(PLAIN, now=datetime(*moment, tzinfo=UTC))  # type: ignore[misc,arg-type]  # a moment is its numbers
        return cross("Tariff", given, "2.2.1", "2.1.1", terms)

    assert on(2026, 5, 31).value is None
    assert on(2026, 6, 1).value == TARIFF_211
    assert on(2026, 7, 1).notes == {"tariff-not-in-force": "refused"}
    assert cross("Tariff", given, "2.2.1", "2.1.1").value is None
    odd = {**given, "start_date_time": "soon"}
    terms = replace(PLAIN, now=datetime(2026, 6, 2, tzinfo=UTC))
    assert cross("Tariff", odd, "2.2.1", "2.1.1", terms).value is None


def with_tax(*elements: dict[str, Any], included: str = "YES", **members: Any) -> dict[str, Any]:
    return {**TARIFF_230, "tax_included": included, "elements": [*elements], **members}


def test_a_tax_of_known_rate_is_taken_out_if_that_loses_nothing() -> None:
    """R211-076, R230-028: 0.363 with 21 % is 0.30 without."""
    found = cross("Tariff", with_tax(priced("0.363", 21), priced("0")), "2.3.0", "2.2.1")
    assert found.value["elements"][0] == priced("0.3", 21)
    assert found.value["elements"][1] == priced("0")
    assert found.notes["net-price"] == "kept"
    assert "tax_included" not in found.value


def test_a_price_that_would_have_to_be_rounded_is_refused_unless_allowed() -> None:
    """0.25 with 20 % is 0.2083333…"""
    given = with_tax(priced("0.25", 20))
    refused = cross("Tariff", given, "2.3.0", "2.2.1")
    assert refused.value is None
    assert refused.places["net-price-inexact"] == ["/elements/0/price_components/0/price"]
    terms = replace(PLAIN, relaxations=frozenset({Relaxation.ROUNDED_NET_PRICES}))
    allowed = cross("Tariff", given, "2.3.0", "2.2.1", terms)
    assert allowed.value["elements"] == [priced("0.208333", 20)]
    assert allowed.notes["net-price-rounded"] == "unsafe"


def test_a_tax_whose_rate_nobody_tells_is_never_taken_out() -> None:
    """R211-076"""
    given = with_tax(priced("0.25"))
    terms = replace(PLAIN, relaxations=frozenset(Relaxation))
    for target in ("2.2.1", "2.1.1"):
        found = cross("Tariff", given, "2.3.0", target, terms)
        assert found.value is None
        assert found.notes == {"tax-rate-unknown": "refused", "tax-included-refused": "refused"}


def test_the_house_keeps_what_2_2_1_cannot_say_as_2_3_0_says_it() -> None:
    given = with_tax(priced("0.25"))
    kept = at_home("Tariff", given, source=V2_3_0, terms=PLAIN)
    assert kept.value == given
    assert [note.severity for note in kept.notes] == [Severity.REFUSED, Severity.REFUSED]
    assert cross("Tariff", given, "2.2.1", "2.3.0").value == given
    assert cross("Tariff", given, "2.2.1", "2.1.1").value is None


def test_no_tax_at_all_is_not_said_in_2_2_1() -> None:
    found = cross("Tariff", with_tax(priced("0.25"), included="N/A"), "2.3.0", "2.2.1")
    assert found.value == {**TARIFF_221, "elements": [priced("0.25")]}
    assert found.notes == {"tax-not-applicable": "kept"}


def test_where_taxes_come_on_top_a_text_says_so() -> None:
    dollars = with_tax(priced("0.25"), included="NO", currency="USD", country_code="US")
    found = cross("Tariff", dollars, "2.3.0", "2.2.1")
    assert found.value["tariff_alt_text"] == [
        {"language": "en", "text": "Taxes are charged extra."}
    ]
    assert found.notes["taxes-extra"] == "inferred"
    euros = cross("Tariff", TARIFF_230, "2.3.0", "2.2.1")
    assert "tariff_alt_text" not in euros.value


def test_a_tariff_without_tax_included_is_read_as_no() -> None:
    """R230-025"""
    found = cross("Tariff", TARIFF_221, "2.3.0", "2.2.1")
    assert found.value == TARIFF_221
    assert found.notes == {"tax-included-missing": "inferred"}
    odd = cross("Tariff", {**TARIFF_221, "tax_included": "PERHAPS"}, "2.3.0", "2.2.1")
    assert odd.value is None


def test_prices_written_as_texts_are_numbers() -> None:
    """R211-071"""
    component = {"type": "FLAT", "price": "2.00", "step_size": "1"}
    given = {**TARIFF_211, "elements": [{"price_components": [component]}]}
    found = cross("Tariff", given, "2.1.1", "2.2.1")
    (read,) = found.value["elements"][0]["price_components"]
    assert (str(read["price"]), read["step_size"]) == ("2.00", 1)
    assert found.notes["amount-as-text"] == "inferred"


def test_the_rate_of_vat_has_no_place_in_2_1_1() -> None:
    given = {**TARIFF_221, "elements": [priced("0.30", 21)]}
    found = cross("Tariff", given, "2.2.1", "2.1.1")
    assert found.value["elements"] == [priced("0.30")]
    assert found.notes["vat-dropped"] == "kept"
