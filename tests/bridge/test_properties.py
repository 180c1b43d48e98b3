"""What holds for every document: round trips, times, amounts, and how far a price reaches."""

from collections import Counter
from collections.abc import Iterator
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
from voltroam.bridge.terms import Asked, Names, NamesInMemory, Terms
from voltroam.standard.versions import HOME, V2_1_1, V2_3_0, VERSIONS, Version

AT_ONCE = 5
"""Documents of one example: what an example costs by itself is shared by them."""
REDUCED, FULL = 30, 10_000
"""Documents of each kind and version, each converted to all others."""
TAKEN_OUT_AGAIN = frozenset(
    {
        "endpoint-role-put-in",
        "hours-regular",
        "id-by-table",
        "id-too-long",
        "id-twin",
        "publish-put-in",
        "tax-included-inferred",
        "timeout-put-in",
        "token-found",
        "vat-unknown",
        "cdr-token-found",
    }
)
"""What is put in, or named otherwise, on the way up and taken back on the way down."""
OF_ALL = [(kind, source) for kind, versions in SAMPLES.items() for source in versions]
NOT_THE_HIGHEST = [(kind, source) for kind, source in OF_ALL if source != V2_3_0.number]
FULLY = settings(derandomize=True, max_examples=times(REDUCED, full=FULL) // AT_ONCE, deadline=None)


def terms() -> Terms:
    return Terms(
        owner=OWNER,
        role="CPO",
        names=NamesInMemory(),
        location_of=lambda _: LOCATION_221,
        tokens_of=lambda _: [TOKEN_221],
        asked=Asked("04A1B2C3", token=TOKEN_221),
    )


def others(source: Version, *, above: bool = False) -> list[Version]:
    """All versions but one; or only those above it."""
    found = [one for one in VERSIONS.values() if one is not source]
    return [one for one in found if one.rank > source.rank] if above else found


DATED = ("Location", "EVSE", "Connector", "Session", "CDR", "Tariff", "Token")
KNOWN = set(amounts(LOCATION_221))


def harmless(notes: tuple[Note, ...]) -> bool:
    return all(note.severity.safe or note.code in TAKEN_OUT_AGAIN for note in notes)


@pytest.mark.soak("10,000 documents of every kind and version, up and down again")
@pytest.mark.parametrize(("kind", "low"), NOT_THE_HIGHEST)
def test_up_and_down_again_gives_the_same_document(kind: str, low: str) -> None:
    """R211-049, R211-050, R211-098, R230-023: where every note is lossless or kept, or says what
    was put in.

    Most documents are such that it matters: what is guessed at or refused proves nothing.
    """
    source = VERSIONS[low]
    made = 0
    compared: Counter[Version] = Counter()

    @FULLY
    @given(documents(kind, low, AT_ONCE))
    def check(batch: list[dict[str, Any]]) -> None:
        nonlocal made
        for document in batch:
            made += 1
            for target in others(source, above=True):
                compared[target] += is_the_same_again(kind, document, source, target)

    check()
    for target in others(source, above=True):
        assert compared[target] * times(4, full=2) >= made, (target, compared[target], made)


def is_the_same_again(
    kind: str, document: dict[str, Any], source: Version, target: Version
) -> bool:
    """Whether it could be compared; then it was."""
    shared = terms()
    up = convert(kind, document, source=source, target=target, terms=shared)
    if up.value is None or not harmless(up.notes):
        return False
    back = replace(shared, memory=document)
    down = convert(kind, up.value, source=target, target=source, terms=back)
    if not harmless(down.notes):
        return False
    assert down.value == document
    return True


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


def called(found: list[Any], names: Names) -> set[Any]:
    """By the ids that were given, whatever they became."""
    return {
        (names.home("CDR", name) or next(filter(None, theirs(name, names)), name), moment)
        for name, moment in found
    }


def theirs(name: str, names: Names) -> Iterator[str | None]:
    return (names.theirs(table, name) for table in DATED)


@pytest.mark.soak("10,000 documents of every kind and version, to all versions")
@pytest.mark.parametrize(("kind", "source"), OF_ALL)
def test_no_conversion_moves_last_updated_or_makes_an_amount_up(kind: str, source: str) -> None:
    """R211-098, R230-019"""
    before = VERSIONS[source]
    passed: Counter[bool] = Counter()

    @FULLY
    @given(documents(kind, source, AT_ONCE))
    def check(batch: list[dict[str, Any]]) -> None:
        for document in batch:
            known = KNOWN | set(amounts(document)) | sums(document)
            there = set(moments(document))
            for after in others(before):
                shared = terms()
                found = convert(kind, document, source=before, target=after, terms=shared).value
                passed[found is not None] += 1
                if found is not None:
                    assert set(amounts(found)) <= known
                    assert kind not in DATED or called(moments(found), shared.names) <= there
                    assert found.get("last_updated") == document.get("last_updated")

    check()
    assert passed[True] > 0


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


NONE: dict[str, Any] = {"elements": []}


def reach(element: dict[str, Any]) -> Any:
    """Where an element holds, and the kinds of prices that it has."""
    kinds = [one["type"] for one in element["price_components"]]
    return element.get("restrictions") or {}, kinds


@pytest.mark.soak("10,000 tariffs of every version, to all versions")
@pytest.mark.parametrize("source", list(VERSIONS))
def test_no_element_of_a_tariff_becomes_wider(source: str) -> None:
    """R211-074, R211-075, RBK-045"""
    before = VERSIONS[source]
    passed: Counter[Version] = Counter()

    @FULLY
    @given(documents("Tariff", source, AT_ONCE), st.booleans())
    def check(batch: list[dict[str, Any]], bare: bool) -> None:
        for document in batch:
            if bare:
                for name in ("type", "min_price", "max_price", "start_date_time", "end_date_time"):
                    document.pop(name, None)
            held = [reach(element) for element in document["elements"]]
            for after in others(before):
                found = convert("Tariff", document, source=before, target=after, terms=terms())
                passed[after] += found.value is not None
                assert all(reach(element) in held for element in (found.value or NONE)["elements"])

    check()
    assert all(passed[after] for after in others(before))


@pytest.mark.soak("10,000 documents of the house")
@pytest.mark.parametrize("kind", ["Location", "Tariff", "CDR"])
def test_what_reach_shows_to_2_1_1_does_pass_and_nothing_else(kind: str) -> None:
    """R211-054, R211-069, R211-075, R211-076"""
    passed: Counter[bool] = Counter()

    @FULLY
    @given(documents(kind, HOME.number, AT_ONCE))
    def check(batch: list[dict[str, Any]]) -> None:
        for document in batch:
            found = convert(kind, document, source=HOME, target=V2_1_1, terms=terms())
            if "no-period-left" not in [note.code for note in found.notes]:
                passed[found.value is not None] += 1
                assert (lowest(kind, document) is V2_1_1) == (found.value is not None)

    check()
    assert all(passed[one] for one in (True, False))
