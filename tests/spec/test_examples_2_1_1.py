"""The examples in the text of 2.1.1: read, written back, or wrong for a listed reason.

They stand in the chapters themselves (`mod_cdrs.md` and so on), of which the project keeps no copy:
`VOLTROAM_OCPI_2_1_1=<folder with the chapters>` points to one.
R211-071, R211-087
"""

import json
import os
import re
from pathlib import Path
from types import GenericAlias
from typing import Any

import msgspec
import pytest
from tests.spec import examples
from tests.spec.test_examples import encode, partial, plain

from voltroam.standard import v2_1_1 as v
from voltroam.wire.decode import Reading, Severity, read, read_patch

FOLDER = Path(os.environ.get("VOLTROAM_OCPI_2_1_1", examples.FOLDER.with_name("2.1.1")))
pytestmark = pytest.mark.skipif(
    not list(FOLDER.glob("mod_*.md")), reason="the chapters of 2.1.1 are not beside the repository"
)

KINDS: dict[tuple[str, str], tuple[type, str]] = {
    ("mod_locations", "Example: a simple status update"): (v.EVSE, "patch"),
    ("mod_locations", "Example: change the location name"): (v.Location, "patch"),
    ("mod_locations", "Example: set tariff update"): (v.Connector, "patch"),
    ("mod_locations", "Example: add an EVSE"): (v.EVSE, ""),
    ("mod_locations", "Example: delete an EVSE"): (v.EVSE, "patch"),
    ("mod_locations", "Example"): (v.Location, ""),
    ("mod_locations", "Simple:"): (v.EnergyMix, "energy_mix"),
    ("mod_locations", "Tariff name based:"): (v.EnergyMix, "energy_mix"),
    ("mod_locations", "Complete:"): (v.EnergyMix, "energy_mix"),
    ("mod_locations", "4.19.1 Example"): (v.Hours, "opening_times"),
    ("mod_sessions", "Example: update the total cost"): (v.Session, "patch"),
    ("mod_sessions", "Simple Session example of a just starting session"): (v.Session, ""),
    ("mod_sessions", "Simple Session example of a short finished session"): (v.Session, ""),
    ("mod_cdrs", "Example of a CDR"): (v.CDR, ""),
    ("mod_tariffs", "Example: New Tariff 2 euro per hour"): (v.Tariff, ""),
    ("mod_tariffs", "Example: Change Tariff to 2,50"): (v.Tariff, "patch"),
    ("mod_tariffs", "Simple Tariff example 2 euro per hour"): (v.Tariff, ""),
    ("mod_tariffs", "Simple Tariff example with alternative multi language text"): (v.Tariff, ""),
    ("mod_tariffs", "Simple Tariff example with alternative URL"): (v.Tariff, ""),
    ("mod_tariffs", "Complex Tariff example"): (v.Tariff, ""),
    ("mod_tariffs", "Free of Charge Tariff example"): (v.Tariff, ""),
    ("mod_tokens", "Example: put a new Token"): (v.Token, ""),
    ("mod_tokens", "Example: invalidate a Token"): (v.Token, "patch"),
    ("mod_tokens", "Example"): (v.Token, ""),
    ("credentials", "Example"): (v.Credentials, ""),
    ("version_information_endpoint", "Example list"): (v.VersionInfo, "list"),
    ("version_information_endpoint", "Example"): (v.VersionDetails, ""),
    ("types", "1.3 DisplayText *class*"): (v.DisplayText, ""),
}
"""By chapter and heading: the object, and how much of it is shown."""

COUNTRY = "its country has two letters"
READ_ALL_THE_SAME = {
    ("mod_sessions", "Simple Session example of a just starting session"): COUNTRY,
    ("mod_sessions", "Simple Session example of a short finished session"): COUNTRY,
    ("mod_cdrs", "Example of a CDR"): f"{COUNTRY}, and a price stands in quotes",
}
WRONG = {
    ("mod_locations", "Example: add an EVSE"): (
        "its connector lacks power_type, voltage, amperage and last_updated, and "
        "physical_reference is a number"
    ),
    ("mod_tariffs", "Example: New Tariff 2 euro per hour"): "it lacks last_updated",
}

Named = tuple[str, str]


def shown() -> dict[Named, Any]:
    """Every example that is JSON, by chapter and heading; replies of the transport chapter apart,
    for they repeat tokens and versions."""
    found: dict[Named, Any] = {}
    for file in sorted(FOLDER.glob("*.md")):
        if file.stem in ("transport_and_format", "template-object-description", "smart_charging"):
            continue
        heading, chapter = "", file.read_text()
        for piece in re.finditer(r"^#+ ([^\n]*)$|```json\n(.*?)```", chapter, re.M | re.S):
            if piece[1] is not None:
                heading = piece[1].strip()
                continue
            text = re.sub(r"^(PUT|PATCH|POST) [^\n]*\n", "", piece[2].lstrip())
            if text.startswith('"'):
                text = f"{{{text}}}"
            document = json.loads(text)
            name = f"{heading} list" if isinstance(document, list) else heading
            found[file.stem, name] = plain(text.encode())
    return found


def as_shown(named: Named) -> tuple[Any, Any, bool]:
    document, (kind, how) = shown()[named], KINDS[named]
    if how == "list":
        return document, GenericAlias(list, (kind,)), False
    return document[how] if how and how != "patch" else document, kind, how == "patch"


def reading(named: Named) -> Reading[Any]:
    document, kind, is_patch = as_shown(named)
    if is_patch:
        return read_patch(kind, encode(document), needs_last_updated=False)
    return read(kind, encode(document))


def test_every_example_of_the_text_is_known_to_this_test() -> None:
    assert set(shown()) <= set(KINDS)
    assert len(shown()) >= 20


@pytest.mark.parametrize("named", KINDS, ids=" ".join)
def test_an_example_is_read_and_written_back_or_wrong_for_a_listed_reason(named: Named) -> None:
    if named not in shown():
        pytest.skip("this text has no such example")
    found = reading(named)
    if named in WRONG:
        assert any(problem.severity is Severity.FATAL for problem in found.problems)
        return
    assert found.usable(strict=False)
    assert found.usable(strict=True) is (named not in READ_ALL_THE_SAME)
    if named not in READ_ALL_THE_SAME:
        document, kind, is_patch = as_shown(named)
        kind = partial(kind) if is_patch else kind
        assert plain(encode(msgspec.json.decode(encode(document), type=kind))) == document
