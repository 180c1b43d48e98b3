"""Money for people: tables in colour on a terminal, tab-separated in a pipe."""

import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from voltroam.cli.outcome import write

GOOD, BAD, DOUBT, DIM = "green", "red", "yellow", "dim"


class Cell(NamedTuple):
    """A text and its style."""

    text: str
    style: str = ""


Row = Sequence[Cell | str]


def show_table(
    columns: Sequence[str], rows: Iterable[Row], *, right: Iterable[int] = (), lines: bool = False
) -> None:
    """A table; `right` are columns of numbers, `lines` sets a rule between the rows."""
    found = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in found:
            write("\t".join(cell.text for cell in row))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, header_style="bold", pad_edge=False, show_lines=lines)
    aligned = set(right)
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place in aligned else "left")
    for row in found:
        table.add_row(*(Text(cell.text, cell.style) for cell in row))
    Console().print(table)


def say(text: str, style: str = "") -> None:
    """A line, in colour on a terminal."""
    if not style or not sys.stdout.isatty():
        write(text)
        return
    from rich.console import Console
    from rich.text import Text

    Console().print(Text(text, style))


def amount(value: Decimal | None, digits: int = 2) -> str:
    """With the decimals of the currency, more where it has more."""
    if value is None:
        return "-"
    places = max(digits, -int(value.normalize().as_tuple().exponent))
    return f"{value:.{places}f}"


def plain(value: Decimal) -> str:
    """Without trailing zeros."""
    return f"{value.normalize():f}"
