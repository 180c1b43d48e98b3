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

from voltroam.bridge.passage import floors_shown
from voltroam.bridge.reach import lowest, reach, relaxed, turn
from voltroam.bridge.terms import Relaxation, Terms
from voltroam.standard.versions import VERSIONS

NO_CODE = {name: value for name, value in LOCATION_221.items() if name != "postal_code"}
LIMITED = {**TARIFF_221, "max_price": {"excl_vat": Decimal(5)}}
PRICED = {"type": "ENERGY", "price": Decimal("0.35"), "vat": 19, "step_size": 1}
GROSS: dict[str, Any] = {
    **TARIFF_230, "tax_included": "YES", "elements": [{"price_components": [PRICED]}],
}  # fmt: skip
"""Without its tax the price has no end."""
UNRATED = {**TARIFF_230, "tax_included": "YES"}
BY_CURRENT = {
    "price_components": [{**PRICED, "type": "TIME"}], "restrictions": {"min_current": 6},
}  # fmt: skip
PLUGGED = {**CDR_230, "cdr_location": {**CDR_230["cdr_location"], "connector_standard": "MCS"}}
TESLA = {
    **CDR_230, "cdr_location": {**CDR_230["cdr_location"], "connector_standard": "SAE_J3400"},
}  # fmt: skip
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
        ("Tariff", GROSS, "r"),
        ("Tariff", UNRATED, ""),
        ("CDR", PLUGGED, "u"),
        ("CDR", TESLA, "j"),
        ("Token", SAMPLES["Token"]["2.3.0"], "u"),
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


def test_what_opens_2_1_1_is_told_beside_what_opens_2_2_1() -> None:
    """R211-077: two steps, each by its own rules."""
    assert reach("Tariff", GROSS).opens == "!r!"
    assert reach("Tariff", {**GROSS, "max_price": {"before_taxes": 5}}).opens == "!r!l"
    assert reach("Tariff", {**GROSS, "elements": [*GROSS["elements"], BY_CURRENT]}).opens == "!r"
    assert reach("CDR", {**TESLA, "credit": True}).opens == "!j"
    assert reach("Token", SAMPLES["Token"]["2.3.0"]).opens == "!u!"
    assert reach("Tariff", LIMITED).opens == "!l"


@pytest.mark.parametrize(
    ("version", "relaxations", "seen"),
    [
        ("2.2.1", ["rounded-net-prices"], {"2.2.1", "2.3.0!r", "2.3.0!r!", "2.3.0!r!l"}),
        ("2.2.1", ["unknown-words"], {"2.2.1"}),
        ("2.1.1", ["rounded-net-prices"], {"2.3.0!r!"}),
        ("2.1.1", ["price-limits-dropped"], {"2.2.1!l"}),
        ("2.1.1", ["rounded-net-prices", "price-limits-dropped"],
         {"2.2.1!l", "2.3.0!r!", "2.3.0!r!l"}),
        ("2.3.0", [], {"2.2.1", "2.2.1!l", "2.3.0", "2.3.0!r", "2.3.0!r!", "2.3.0!r!l"}),
    ],
)  # fmt: skip
def test_a_profile_is_shown_what_it_opens_and_nothing_else(
    version: str, relaxations: list[str], seen: set[str]
) -> None:
    told = set(floors_shown("Tariff", VERSIONS[version], VERSIONS, relaxations))
    limits = {one for one in told if not {"s", "t"} & set(one)}
    assert limits == seen | ({"2.2.1!l"} if version == "2.2.1" else set())


@pytest.mark.parametrize(
    ("kind", "document"),
    [("Tariff", GROSS), ("CDR", PLUGGED), ("CDR", TESLA), ("Token", SAMPLES["Token"]["2.3.0"])],
)
@pytest.mark.parametrize("target", ["2.2.1", "2.1.1"])
def test_what_a_profile_opens_does_pass_in_its_version(
    kind: str, document: dict[str, Any], target: str
) -> None:
    letter = reach(kind, document).needs
    for relaxation in Relaxation:
        allowed = floors_shown(kind, VERSIONS[target], VERSIONS, [relaxation])
        if any(one.startswith(f"2.3.0!{letter}") for one in allowed):
            terms = Terms(owner=PLAIN.owner, relaxations=frozenset({relaxation}))
            assert cross(kind, document, "2.3.0", target, terms).value is not None, relaxation


def test_a_tariff_turns_at_its_start_and_at_its_end() -> None:
    """A time without zone is UTC; one that nobody can read is none."""
    both = {**DATED, "end_date_time": "2026-07-01T00:00:00"}
    may, june, july = (datetime(2026, month, 1, tzinfo=UTC) for month in (5, 6, 7))
    assert [turn("Tariff", both, now) for now in (may, june, july)] == [june, july, None]
    assert turn("Tariff", {"end_date_time": "soon"}, may) is None
    assert turn("Location", both, may) is None
