"""What holds for every document: round trips, times, amounts, and how far a price reaches."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.bridge.crossing import OWNER
from tests.bridge.generated import amounts, documents
from tests.bridge.samples import LOCATION_221, SAMPLES, TOKEN_221
from tests.counts import times

from voltroam.bridge.convert import convert
from voltroam.bridge.notes import Note
from voltroam.bridge.reach import lowest
from voltroam.bridge.terms import Asked, NamesInMemory, Terms
from voltroam.standard.versions import HOME, V2_1_1, VERSIONS, Version

REDUCED, FULL = 4, 10_000
"""Documents: of each kind and pair of versions, and in full of each kind, whatever the pairs."""
TAKEN_OUT_AGAIN = frozenset(
    {
        "endpoint-role-put-in",
        "hours-regular",
        "publish-put-in",
        "tax-included-inferred",
        "timeout-put-in",
        "token-found",
        "vat-unknown",
        "cdr-token-found",
    }
)
"""What is put in on the way up and taken out on the way down."""
UPWARD = [
    (kind, source, target)
    for kind, versions in SAMPLES.items()
    for source in ("2.1.1", "2.2.1")
    for target in ("2.2.1", "2.3.0")
    if source in versions and source != target
]
ALL = [
    (kind, source, target)
    for kind, versions in SAMPLES.items()
    for source in versions
    for target in VERSIONS
    if source != target
]


def everything(kind: str, pairs: Sequence[tuple[str, str, str]]) -> settings:
    """So many documents of a kind, shared among its pairs of versions."""
    many = sum(one[0] == kind for one in pairs)
    return settings(
        derandomize=True, max_examples=times(REDUCED, full=-(-FULL // many)), deadline=None
    )


def terms() -> Terms:
    return Terms(
        owner=OWNER,
        role="CPO",
        names=NamesInMemory(),
        location_of=lambda _: LOCATION_221,
        tokens_of=lambda _: [TOKEN_221],
        asked=Asked("04A1B2C3", token=TOKEN_221),
    )


def versions(*numbers: str) -> list[Version]:
    return [VERSIONS[number] for number in numbers]


def harmless(notes: tuple[Note, ...]) -> bool:
    return all(note.severity.safe or note.code in TAKEN_OUT_AGAIN for note in notes)


@pytest.mark.soak("10,000 documents of every kind, up and down again")
@pytest.mark.parametrize(("kind", "low", "high"), UPWARD)
def test_up_and_down_again_gives_the_same_document(kind: str, low: str, high: str) -> None:
    """R211-098, R230-023: where every note is lossless or kept, or says what was put in."""
    source, target = versions(low, high)

    @everything(kind, UPWARD)
    @given(documents(kind, low))
    def check(document: dict[str, Any]) -> None:
        shared = terms()
        up = convert(kind, document, source=source, target=target, terms=shared)
        if up.value is None or not harmless(up.notes):
            return
        back = replace(shared, memory=document)
        down = convert(kind, up.value, source=target, target=source, terms=back)
        if harmless(down.notes):
            assert down.value == document

    check()


def moments(value: Any) -> list[Any]:
    """`last_updated` of a document and of its EVSEs and connectors, by their id."""
    if isinstance(value, list):
        return [found for item in value for found in moments(item)]
    if not isinstance(value, dict):
        return []
    own = (
        [(value.get("uid") or value.get("id"), value["last_updated"])]
        if ("last_updated" in value)
        else []
    )
    return own + moments(value.get("evses")) + moments(value.get("connectors"))


@pytest.mark.soak("10,000 documents of every kind between all versions")
@pytest.mark.parametrize(("kind", "source", "target"), ALL)
def test_no_conversion_moves_last_updated_or_makes_an_amount_up(
    kind: str, source: str, target: str
) -> None:
    """R211-098, R230-019"""
    before, after = versions(source, target)

    @everything(kind, ALL)
    @given(documents(kind, source))
    def check(document: dict[str, Any]) -> None:
        found = convert(kind, document, source=before, target=after, terms=terms()).value
        if found is None:
            return
        if kind in ("Location", "EVSE", "Connector", "Session", "CDR", "Tariff", "Token"):
            assert set(moments(found)) <= set(moments(document))
            assert found["last_updated"] == document["last_updated"]
        known = set(amounts(document)) | set(amounts(LOCATION_221))
        assert set(amounts(found)) <= known | sums(document)

    check()


def sums(value: Any) -> set[Decimal]:
    """What amounts may become: with the taxes, the taxes alone, and without the tax inside."""
    if isinstance(value, list):
        return {found for item in value for found in sums(item)}
    if not isinstance(value, dict):
        return set()
    found = {one for member in value.values() for one in sums(member)}
    if "excl_vat" in value and "incl_vat" in value:
        found.add(value["incl_vat"] - value["excl_vat"])
    if "before_taxes" in value and "taxes" in value:
        found.add(value["before_taxes"] + sum(tax["amount"] for tax in value["taxes"]))
    if "price" in value and "vat" in value:
        found.add(value["price"] / (1 + value["vat"] / 100))
    return found


def reach(element: dict[str, Any]) -> Any:
    """Where an element holds, and the kinds of prices that it has."""
    kinds = [one["type"] for one in element["price_components"]]
    return element.get("restrictions") or {}, kinds


@pytest.mark.soak("10,000 tariffs between all versions")
@pytest.mark.parametrize(("source", "target"), [(one[1], one[2]) for one in ALL
                                                if one[0] == "Tariff"])  # fmt: skip
def test_no_element_of_a_tariff_becomes_wider(source: str, target: str) -> None:
    """R211-074, R211-075, RBK-045"""
    before, after = versions(source, target)

    @everything("Tariff", ALL)
    @given(documents("Tariff", source), st.booleans())
    def check(document: dict[str, Any], bare: bool) -> None:
        if bare:
            for name in ("type", "min_price", "max_price", "start_date_time", "end_date_time"):
                document.pop(name, None)
        found = convert("Tariff", document, source=before, target=after, terms=terms()).value
        if found is None:
            return
        held = [reach(element) for element in document["elements"]]
        assert all(reach(element) in held for element in found["elements"])

    check()


@pytest.mark.soak("10,000 documents of the house")
@pytest.mark.parametrize("kind", ["Location", "Tariff", "CDR"])
def test_what_reach_shows_to_2_1_1_does_pass_and_nothing_else(kind: str) -> None:
    """R211-054, R211-069, R211-075, R211-076"""

    @everything(kind, [(kind, HOME.number, V2_1_1.number)])
    @given(documents(kind, HOME.number))
    def check(document: dict[str, Any]) -> None:
        found = convert(kind, document, source=HOME, target=V2_1_1, terms=terms())
        if "no-period-left" not in [note.code for note in found.notes]:
            assert (lowest(kind, document) is V2_1_1) == (found.value is not None)

    check()
