"""Conversions as tests write them: an object, two versions, and what came out."""

import copy
import json
from decimal import Decimal
from typing import Any, NamedTuple

from voltroam.bridge.convert import convert
from voltroam.bridge.notes import Severity
from voltroam.bridge.terms import Document, Terms
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import VERSIONS

OWNER = PartyId("NL", "AAA")
PLAIN = Terms(owner=OWNER)


class Crossed(NamedTuple):
    value: Any
    notes: dict[str, str]
    """Severity by code."""
    places: dict[str, list[str]]
    """Pointers by code."""
    severities: set[Severity]


def cross(kind: str, document: Document, source: str, target: str, terms: Terms = PLAIN) -> Crossed:
    """Convert, and see that the given document is left as it was."""
    before = copy.deepcopy(document)
    found = convert(kind, document, source=VERSIONS[source], target=VERSIONS[target], terms=terms)
    assert document == before
    places: dict[str, list[str]] = {}
    for note in found.notes:
        places.setdefault(note.code, []).append(note.pointer)
    return Crossed(
        found.value,
        {note.code: str(note.severity) for note in found.notes},
        places,
        {note.severity for note in found.notes},
    )


def parsed(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)
