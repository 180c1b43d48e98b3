"""What `validate` does: the problems of each object, where they are, and what mends them."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import typer

from voltroam.bridge.demands import Profile, Shortfall, read_profile, shortfalls
from voltroam.cli import money_reading as reading
from voltroam.cli.files import read_documents
from voltroam.cli.kinds import chapter_of, kind_of, version_of
from voltroam.cli.money_show import BAD, DOUBT, GOOD, Cell, say, show_table
from voltroam.cli.outcome import Exit, Stop
from voltroam.cli.run import guarded
from voltroam.standard.errors import CallerError
from voltroam.standard.shapes import PACKAGES
from voltroam.standard.versions import Version
from voltroam.wire.decode import Problem, Severity, read_thoroughly

_PLAIN = msgspec.json.Decoder(float_hook=Decimal)
STYLES = {"fatal": BAD, "error": BAD, "warning": DOUBT}

HINTS: Mapping[str, str] = {
    "CORE-MUT-01": "Add the member: it is required.",
    "CORE-RESP-11": "Leave the member out instead of sending an empty text.",
    "CORE-RESP-13": "Give at least one entry.",
    "CORE-TYPE-01": "Use printable ASCII characters only.",
    "CORE-TYPE-02": "Shorten the text; an identifier must not be cut, but named anew.",
    "CORE-TYPE-03": "Remove tabs, line breaks and other control characters.",
    "CORE-TYPE-04": "Use a word of the list, in its exact spelling.",
    "CORE-TYPE-05": "Write UTC, like 2026-06-01T18:00:00Z.",
    "CORE-TYPE-11": "Write the number without quotes.",
    "CORE-TYPE-12": "Write the language like `en`.",
    "CORE-TYPE-13": "Write plain text.",
    "LOC-TXT-02": "Write the country like NLD.",
    "LOC-TXT-03": "Write the time zone like Europe/Amsterdam.",
    "json": "Say it once.",
}
"""What mends a problem, by its rule."""
SECTIONS: Mapping[str, str] = {
    "CORE-TYPE": "types",
    "CORE-RESP": "transport_and_format",
    "CORE-MUT": "transport_and_format",
    "CORE-CRED": "credentials",
    "LOC": "mod_locations",
    "SES": "mod_sessions",
    "CDR": "mod_cdrs",
    "TAR": "mod_tariffs",
    "TOK": "mod_tokens",
    "CMD": "mod_commands",
    "CHP": "mod_charging_profiles",
}
"""Chapters by the beginning of a rule's name."""
ANY_HINT = "Correct the member as the text says."


class Validated(NamedTuple):
    id: str
    problems: tuple[Shortfall, ...]

    @property
    def valid(self) -> bool:
        return all(one.severity == Severity.WARNING for one in self.problems)


def validate_file(
    module: str, file: Path, version: str, profiles: Sequence[str], *, as_json: bool
) -> None:
    """Every object of a file; exit 1 if one is not valid."""

    def work() -> list[Validated]:
        kind, spoken = kind_of(module), version_of(version, "--version")
        shape = getattr(PACKAGES[spoken], kind, None)
        if shape is None:
            raise Stop(f"{version} has no {kind}.", Exit.USAGE)
        asked = [_profile(name) for name in profiles]
        return [
            _validated(piece, kind, spoken, shape, asked) for piece in read_documents(file).pieces
        ]

    found = guarded(work, as_json=as_json)
    if as_json:
        objects = [
            {"id": one.id, "valid": one.valid, "problems": list(one.problems)} for one in found
        ]
        reading.write_value({"objects": objects})
    else:
        _show(found)
    if not all(one.valid for one in found):
        raise typer.Exit(int(Exit.FAILED))


def _profile(name: str) -> Profile:
    try:
        return read_profile(name)
    except ValueError as error:
        raise Stop(f"{error}.", Exit.USAGE) from None


def _validated(
    piece: bytes, kind: str, version: Version, shape: type, profiles: Sequence[Profile]
) -> Validated:
    try:
        problems = read_thoroughly(shape, piece).problems
    except CallerError as error:
        return Validated("-", (_broken(error.message),))
    document: Any = _PLAIN.decode(piece)
    if not isinstance(document, dict):
        return Validated("-", tuple(_told(one, kind, version) for one in problems))
    found = [_told(one, kind, version) for one in problems]
    for profile in profiles:
        found += shortfalls(profile, kind, document, version.number)
    return Validated(str(document.get("id") or document.get("uid") or "-"), tuple(found))


def _broken(message: str) -> Shortfall:
    return Shortfall(
        rule="json",
        severity=Severity.FATAL,
        pointer="",
        section="OCPI §transport_and_format",
        text=message.replace("the body", "the text"),
        hint="Write valid JSON in UTF-8.",
    )


def _told(problem: Problem, kind: str, version: Version) -> Shortfall:
    prefixes = (chapter for rule, chapter in SECTIONS.items() if problem.rule.startswith(rule))
    chapter = next(prefixes, chapter_of(kind))
    return Shortfall(
        rule=problem.rule,
        severity=problem.severity,
        pointer=pointer_of(problem.path),
        section=f"OCPI {version.number} §{chapter}",
        text=problem.message,
        hint=HINTS.get(problem.rule, ANY_HINT),
    )


def pointer_of(path: str) -> str:
    """`$.evses[0].uid` as a JSON pointer (RFC 6901): `/evses/0/uid`."""
    return "".join(f"/{step}" for step in _steps(path.removeprefix("$")))


def _steps(path: str) -> Iterator[str]:
    for part in path.split("."):
        name, *indices = part.split("[")
        if name:
            yield name.replace("~", "~0").replace("/", "~1")
        yield from (index.removesuffix("]") for index in indices)


def _show(found: Sequence[Validated]) -> None:
    rows = [
        (
            one.id,
            Cell(str(problem.severity), STYLES[str(problem.severity)]),
            problem.rule,
            problem.pointer or "/",
            problem.text,
            problem.hint,
            problem.section,
        )
        for one in found
        for problem in one.problems
    ]
    if rows:
        columns = ("object", "severity", "rule", "place", "problem", "what mends it", "section")
        show_table(columns, rows)
    valid = sum(one.valid for one in found)
    say(f"{valid} of {len(found)} objects are valid", GOOD if valid == len(found) else BAD)
