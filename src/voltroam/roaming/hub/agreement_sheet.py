"""Agreements as an operator writes them: checked, and read from a CSV sheet line by line. Pure.

The sheet has a header; `one` and `other` must be among its columns, all others may be left out:

id, one, other, modules, allows, since, until, suspended, note

Columns are separated by commas or semicolons, modules by spaces. An agreement without id gets one
from its sides and modules, so that the same sheet read twice changes nothing.
"""

import csv
import hashlib
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import NamedTuple

import msgspec

from voltroam.roaming.hub.agreements import Agreement, Side
from voltroam.standard.errors import CallerError
from voltroam.wire.times import parse_datetime, to_micros

COLUMNS = (
    "id", "one", "other", "modules", "allows", "since", "until", "suspended", "note",
)  # fmt: skip
NEEDED = ("one", "other")
MOST = 100_000
"""Lines of one sheet."""
LONGEST_NOTE = 500
_ID = re.compile(r"[A-Za-z0-9_.-]{1,36}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_WORDS = {"": None, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class LineProblem(msgspec.Struct, frozen=True):
    """`line` counts from 1, the header."""

    line: int
    message: str


class Sheet(NamedTuple):
    """What a sheet says, and each line that cannot be used."""

    agreements: tuple[Agreement, ...]
    problems: tuple[LineProblem, ...]


def checked(agreement: Agreement, modules: Collection[str]) -> Agreement:
    """The same, with an id; `modules` are those that there are. Raises CallerError."""
    for name in agreement.modules:
        if name not in modules:
            raise CallerError(
                f"modules: there is no module {name}; it is one of {', '.join(sorted(modules))}"
            )
    if (
        agreement.since is not None
        and agreement.until is not None
        and agreement.until <= agreement.since
    ):
        raise CallerError("until: it would be over before it began")
    if len(agreement.note) > LONGEST_NOTE or not agreement.note.isprintable():
        raise CallerError(f"note: at most {LONGEST_NOTE} characters on one line")
    if not agreement.id:
        return msgspec.structs.replace(agreement, id=_id_of(agreement))
    if not _ID.fullmatch(agreement.id):
        raise CallerError("id: 1 to 36 letters, digits, `-`, `_` and `.`")
    return agreement


def read_sheet(text: str, modules: Collection[str]) -> Sheet:
    """Every line is read, whatever is wrong with others."""
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    first = lines.readline()
    delimiter = ";" if first.count(";") > first.count(",") else ","
    named: list[str] = next(csv.reader([first], delimiter=delimiter), [])
    header = [cell.strip().casefold() for cell in named]
    fault = _fault_in(header)
    if fault is not None:
        return Sheet((), (LineProblem(1, fault),))
    found: dict[str, Agreement] = {}
    problems: list[LineProblem] = []
    for line, cells in _rows(lines, delimiter):
        try:
            agreement = checked(_read(header, cells), modules)
            if agreement.id in found:
                raise CallerError(f"id: {agreement.id} stands on a line before")
        except CallerError as error:
            problems.append(LineProblem(line, error.message))
        else:
            found[agreement.id] = agreement
        if len(found) + len(problems) > MOST:
            problems.append(LineProblem(line, f"more than {MOST} lines"))
            break
    return Sheet(tuple(found.values()), tuple(problems))


def read_moment(text: str) -> int | None:
    """A day or a date-time of OCPI, in µs; nothing is None. Raises CallerError."""
    text = text.strip()
    if not text:
        return None
    try:
        if _DAY.fullmatch(text):
            return to_micros(datetime.combine(date.fromisoformat(text), time.min, UTC))
        return to_micros(parse_datetime(text))
    except ValueError:
        raise CallerError(
            f"`{text}` is no time: write 2026-01-31 or 2026-01-31T12:00:00Z"
        ) from None


def _rows(lines: io.StringIO, delimiter: str) -> Iterator[tuple[int, Sequence[str] | str]]:
    """The number of each line, and its cells, or why they cannot be told apart."""
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        at = reader.line_num + 2
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield at, str(error)
            continue
        if any(cell.strip() for cell in cells):
            yield at, cells


def _fault_in(header: Sequence[str]) -> str | None:
    for name in NEEDED:
        if name not in header:
            return f"the header has no column `{name}`; columns are {', '.join(COLUMNS)}"
    for name in header:
        if name not in COLUMNS or header.count(name) > 1:
            return f"`{name}` is no column or there twice; columns are {', '.join(COLUMNS)}"
    return None


def _read(header: Sequence[str], cells: Sequence[str] | str) -> Agreement:
    if isinstance(cells, str):
        raise CallerError(cells)
    if len(cells) != len(header):
        raise CallerError(f"{len(cells)} columns, the header has {len(header)}")
    given = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    return Agreement(
        id=given.get("id", ""),
        one=_side("one", given),
        other=_side("other", given),
        modules=tuple(dict.fromkeys(given.get("modules", "").split())),
        allows=_word("allows", given, absent=True),
        since=_moment("since", given),
        until=_moment("until", given),
        suspended=_word("suspended", given, absent=False),
        note=given.get("note", ""),
    )


def _side(name: str, given: Mapping[str, str]) -> Side:
    if not given[name]:
        raise CallerError(f"{name}: nobody is named; * is everybody")
    try:
        return Side.read(given[name])
    except CallerError as error:
        raise CallerError(f"{name}: {error.message}") from None


def _word(name: str, given: Mapping[str, str], *, absent: bool) -> bool:
    text = given.get(name, "").casefold()
    if text not in _WORDS:
        raise CallerError(f"{name}: `{text}` is neither yes nor no")
    said = _WORDS[text]
    return absent if said is None else said


def _moment(name: str, given: Mapping[str, str]) -> int | None:
    try:
        return read_moment(given.get(name, ""))
    except CallerError as error:
        raise CallerError(f"{name}: {error.message}") from None


def _id_of(agreement: Agreement) -> str:
    """The same for the same sides, in either order, and modules."""
    sides = sorted((str(agreement.one), str(agreement.other)))
    text = " ".join((*sides, *sorted(agreement.modules)))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
