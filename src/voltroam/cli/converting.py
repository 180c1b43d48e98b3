"""What `convert` does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import typer

from voltroam.billing.problem import BillingProblem
from voltroam.billing.zones import zone_at
from voltroam.bridge.codes import CODES
from voltroam.bridge.convert import convert
from voltroam.bridge.notes import Note, Severity
from voltroam.bridge.terms import Document, Relaxation, Terms
from voltroam.cli import money_reading as reading
from voltroam.cli.files import read_documents
from voltroam.cli.kinds import kind_of, version_of
from voltroam.cli.money_show import BAD, DIM, DOUBT, GOOD, Cell, say, show_table
from voltroam.cli.outcome import Exit, Stop
from voltroam.cli.run import guarded
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import GeoLocation
from voltroam.standard.versions import Version
from voltroam.wire.encode import encode

STYLES = {
    Severity.LOSSLESS: DIM,
    Severity.KEPT: "",
    Severity.INFERRED: DOUBT,
    Severity.UNSAFE: BAD,
    Severity.REFUSED: BAD,
}
_PLAIN = msgspec.json.Decoder(float_hook=Decimal)
NO_OBJECT = "no-object"


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `convert` as they were typed."""

    owner: str | None
    provider: str | None
    role: str | None
    time_zone: str | None
    postal_code: str | None
    edition: str | None
    locations: Path | None
    tariffs: Path | None
    tokens: Path | None
    relax: Sequence[str]


class Converted(NamedTuple):
    """One object of the file; `object` is None where it was refused."""

    name: str
    object: Document | None
    notes: tuple[Note, ...]


def convert_file(
    module: str,
    file: Path,
    source: str,
    target: str,
    asked: Asked,
    out: Path | None,
    *,
    as_json: bool,
) -> None:
    """Every object of a file; exit 1 if one is refused."""

    def work() -> list[Converted]:
        kind = kind_of(module)
        versions = version_of(source, "--from"), version_of(target, "--to")
        terms = _terms(asked)
        pieces = [*read_documents(file).pieces]
        found = [_converted(kind, piece, versions, terms) for piece in pieces]
        if out is not None:
            reading.save(out, encode([one.object for one in found if one.object is not None]))
        return found

    found = guarded(work, as_json=as_json)
    if as_json:
        objects = [{"object": one.object, "notes": list(one.notes)} for one in found]
        reading.write_value({"objects": objects})
    else:
        _show(found, target, out)
    if any(one.object is None for one in found):
        raise typer.Exit(int(Exit.FAILED))


def _converted(
    kind: str, piece: bytes, versions: tuple[Version, Version], terms: Terms
) -> Converted:
    try:
        document = _PLAIN.decode(piece)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        document = None
    if not isinstance(document, dict):
        meaning = CODES[NO_OBJECT]
        note = Note(code=NO_OBJECT, pointer="", severity=meaning.severity, text=meaning.text)
        return Converted("-", None, (note,))
    source, target = versions
    found = convert(kind, document, source=source, target=target, terms=terms)
    name = document.get("id") or document.get("uid") or "-"
    return Converted(str(name), found.value, found.notes)


def _terms(asked: Asked) -> Terms:
    known = {str(one) for one in Relaxation}
    for word in asked.relax:
        if word not in known:
            raise Stop(f"--relax {word!r} is none of {', '.join(sorted(known))}.", Exit.USAGE)
    if asked.edition not in (None, "1", "2"):
        raise Stop(f"--edition {asked.edition!r} is neither 1 nor 2.", Exit.USAGE)
    locations, tariffs = _by(asked.locations, "id"), _by(asked.tariffs, "id")
    tokens = _several(asked.tokens, "contract_id")
    return Terms(
        owner=_party(asked.owner, "--owner"),
        provider=_party(asked.provider, "--provider"),
        role=None if asked.role is None else asked.role.upper(),
        relaxations=frozenset(asked.relax),
        time_zone=asked.time_zone,
        postal_code=asked.postal_code,
        now=datetime.now(UTC),
        max_edition=1 if asked.edition == "1" else None,
        location_of=lambda key: locations.get(fold(key)),
        tariff_of=lambda key: tariffs.get(fold(key)),
        tokens_of=lambda key: tokens.get(fold(key), ()),
        zone_at=_zone_at,
    )


def _zone_at(latitude: str, longitude: str) -> str | None:
    """None where the map is not installed, or says that nothing can be there."""
    try:
        return zone_at(GeoLocation(latitude=latitude, longitude=longitude))
    except BillingProblem:
        return None


def _party(text: str | None, option: str) -> PartyId | None:
    if text is None:
        return None
    country, _, party = text.partition("/")
    if len(country) != 2 or not 1 <= len(party) <= 3:
        raise Stop(f"{option} {text!r} is no party like NL/AAA.", Exit.USAGE)
    return PartyId(country, party)


def _by(file: Path | None, member: str) -> Mapping[str, Document]:
    return {key: found[0] for key, found in _several(file, member).items()}


def _several(file: Path | None, member: str) -> Mapping[str, Sequence[Document]]:
    """The objects of a file by a member, folded."""
    found: dict[str, list[Document]] = {}
    for piece in read_documents(file).pieces if file is not None else ():
        document: Any = _PLAIN.decode(piece)
        key = document.get(member) if isinstance(document, dict) else None
        if isinstance(key, str):
            found.setdefault(fold(key), []).append(document)
    return found


def _show(found: Sequence[Converted], target: str, out: Path | None) -> None:
    rows = [
        (
            one.name,
            Cell(str(note.severity), STYLES[note.severity]),
            note.code,
            note.pointer or "/",
            note.text,
        )
        for one in found
        for note in one.notes
    ]
    if rows:
        show_table(("object", "severity", "code", "place", "what happened"), rows)
    passed = sum(one.object is not None for one in found)
    where = "" if out is None else f", written to {out}"
    say(f"{passed} of {len(found)} objects pass to {target}{where}", "" if passed else BAD)
    if passed and not rows:
        say("There is nothing to say about it.", GOOD)
