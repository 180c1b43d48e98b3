"""What a command ends with: a value for people or programs, or one sentence and an exit code."""

import json
import sys
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NoReturn

import typer


class Exit(IntEnum):
    """Exit codes mean the same in every command."""

    DONE = 0
    FAILED = 1
    """Refused: by a partner, by the rules, or some objects of a file."""
    USAGE = 2
    UNREACHABLE = 3
    """A partner did not answer."""
    SETUP = 4
    """Settings, secret key or database cannot be used."""


class Stop(Exception):
    """A command ends here: one clear sentence, what to do, and the exit code."""

    def __init__(self, sentence: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code


def write(text: str) -> None:
    """A line on stdout: results only, nothing else is ever written there."""
    sys.stdout.write(text + "\n")


def write_now(text: str) -> None:
    """The same for what is read as it happens: it never waits in a buffer for the next line."""
    write(text)
    sys.stdout.flush()


def remark(text: str) -> None:
    """A line on stderr, for people."""
    sys.stderr.write(text + "\n")


def write_json(value: object) -> None:
    """One JSON value on stdout."""
    write(json.dumps(value, ensure_ascii=False, default=str))


def write_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows for people, below a header: drawn with Rich on a terminal, tab-separated in a pipe."""
    cells = [[_cell(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        for line in ([*columns], *cells):
            write("\t".join(line))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for line in cells:
        table.add_row(*(Text(cell, overflow="fold") for cell in line))
    Console().print(table)


def write_facts(title: str, facts: Iterable[tuple[str, object]]) -> None:
    """A heading, and below it one fact per line."""
    lines = [(name, _cell(value)) for name, value in facts]
    width = max((len(name) for name, _ in lines), default=0)
    write(title)
    for name, value in lines:
        write(f"  {name:<{width}}  {value}")


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(piece) for piece in value)
    return str(value)


def end(stop: Stop, *, as_json: bool) -> NoReturn:
    """Say why on stderr, as JSON on stdout too if asked for, and leave with the code."""
    remark(stop.sentence)
    if as_json:
        write_json({"error": stop.sentence})
    raise typer.Exit(int(stop.code))
