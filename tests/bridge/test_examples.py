"""The standard's own examples: from 2.2.1 up and down again, and down from 2.3.0."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from voltroam.bridge.convert import convert
from voltroam.bridge.terms import Terms
from voltroam.standard.shapes import PACKAGES
from voltroam.standard.versions import V2_1_1, V2_2_1, V2_3_0
from voltroam.wire.decode import read
from voltroam.wire.encode import encode

EXAMPLES = Path(__file__).parents[2].parent / "shared" / "data" / "spec-examples"
KINDS = {
    "cdr_example": "CDR",
    "location_example": "Location",
    "session_example": "Session",
    "tariff_": "Tariff",
    "token_example": "Token",
    "credentials_example": "Credentials",
    "version_details_example": "VersionDetails",
}
REFUSED = {"tariff_20_simple_north_american_inclusive.json": "tax-rate-unknown"}
"""What 2.2.1 cannot say, and why."""
FAULTY = ("tariff_put_example.json",)
"""Examples that are not of their own version: it lacks last_updated."""


def examples(version: str) -> list[Any]:
    return [
        pytest.param(kind, file, id=file.name)
        for kind_of, kind in KINDS.items()
        for file in sorted((EXAMPLES / version).glob(f"{kind_of}*.json"))
        if file.name not in FAULTY
    ]


def document(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text("utf-8"), parse_float=Decimal)
    return found


needed = pytest.mark.skipif(not EXAMPLES.exists(), reason=f"{EXAMPLES} is not here")


@needed
@pytest.mark.parametrize(("kind", "file"), examples("2.2.1"))
def test_up_to_2_3_0_and_down_again_gives_the_example(kind: str, file: Path) -> None:
    """R230-019, R230-023, R230-026"""
    given = document(file)
    up = convert(kind, given, source=V2_2_1, target=V2_3_0, terms=Terms()).value
    assert up is not None
    assert convert(kind, up, source=V2_3_0, target=V2_2_1, terms=Terms()).value == given


@needed
@pytest.mark.parametrize(("kind", "file"), examples("2.3.0"))
def test_what_comes_down_is_of_2_2_1(kind: str, file: Path) -> None:
    """R211-076"""
    found = convert(kind, document(file), source=V2_3_0, target=V2_2_1, terms=Terms())
    if file.name in REFUSED:
        assert found.value is None
        assert REFUSED[file.name] in [note.code for note in found.notes]
        return
    reading = read(getattr(PACKAGES[V2_2_1], kind), encode(found.value))
    assert reading.usable(strict=False), reading.message


@needed
@pytest.mark.parametrize(("kind", "file"), examples("2.2.1"))
def test_what_reaches_2_1_1_is_of_2_1_1(kind: str, file: Path) -> None:
    """R211-039, R211-047, R211-066, R211-073, R211-081"""
    terms = Terms(postal_code="-", location_of=lambda _: None)
    found = convert(kind, document(file), source=V2_2_1, target=V2_1_1, terms=terms)
    if found.value is None:
        assert "refused" in [note.severity for note in found.notes]
        return
    problems = read(getattr(PACKAGES[V2_1_1], kind), encode(found.value)).problems
    unknown = {"limits-of-connector-unknown"} & {note.code for note in found.notes}
    severe = [one for one in problems if one.severity == "fatal" and not unknown]
    assert severe == []
