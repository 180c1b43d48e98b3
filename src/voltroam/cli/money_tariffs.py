"""What `tariff lint`, `tariff text` and `tariff grid` do."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer

from voltroam.billing.any_version import read_tariff, zone_for
from voltroam.billing.problem import BillingProblem
from voltroam.cli import money_reading as reading
from voltroam.cli.money_show import BAD, DIM, DOUBT, GOOD, Cell, Row, amount, say, show_table
from voltroam.cli.outcome import Exit
from voltroam.pricing import Amount, grid, lint, text
from voltroam.pricing.currency import exponent
from voltroam.pricing.grid import Cell as Hour
from voltroam.pricing.lint import MALFORMED, Finding, Weight
from voltroam.standard.v2_3_0 import Tariff

STYLES = {Weight.ERROR: BAD, Weight.WARNING: DOUBT, Weight.HINT: DIM}
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def tariffs_of(file: Path) -> list[Tariff]:
    """All tariffs of a file; BillingProblem says which one is at fault."""
    documents = reading.documents(file)
    found = []
    for index, document in enumerate(documents):
        try:
            found.append(read_tariff(document))
        except BillingProblem as problem:
            if len(documents) == 1:
                raise
            path = f"$[{index}]{problem.path.removeprefix('$')}"
            raise BillingProblem(path, problem.reason) from None
    if not found:
        raise BillingProblem("$", "no tariff")
    return found


def lint_file(file: Path, on: str | None, *, as_json: bool) -> None:
    """Findings of each tariff; exit 1 if one is an error, 2 if one cannot be priced at all."""

    def work() -> list[tuple[Tariff, tuple[Finding, ...]]]:
        looked = None if on is None else reading.day(on, "--on")
        return [(one, lint(one, on=looked)) for one in tariffs_of(file)]

    found = reading.named(work, as_json=as_json)
    if as_json:
        _write([{"id": one.id, "findings": list(findings)} for one, findings in found])
    else:
        rows = list(_findings(found))
        if rows:
            show_table(("tariff", "weight", "code", "place", "problem"), rows)
        else:
            say("Nothing to say against it.", GOOD)
    if any(one.code == MALFORMED for _, findings in found for one in findings):
        raise typer.Exit(int(Exit.USAGE))
    if any(one.weight is Weight.ERROR for _, findings in found for one in findings):
        raise typer.Exit(int(Exit.FAILED))


def _findings(found: Sequence[tuple[Tariff, tuple[Finding, ...]]]) -> Iterator[Row]:
    for tariff, findings in found:
        for one in findings:
            yield tariff.id, Cell(str(one.weight), STYLES[one.weight]), one.code, one.path, one.text


def text_file(file: Path, language: str, *, as_json: bool) -> None:
    """Each tariff in words."""

    def work() -> list[tuple[Tariff, str]]:
        return [(one, text(one, language)) for one in tariffs_of(file)]

    found = reading.named(work, as_json=as_json)
    if as_json:
        _write([{"id": one.id, "language": language, "text": said} for one, said in found])
        return
    for one, said in found:
        if len(found) > 1:
            say(one.id, "bold")
        say(said)


def grid_file(
    file: Path,
    zone: str | None,
    week: str | None,
    power: str | None,
    current: str | None,
    *,
    as_json: bool,
) -> None:
    """Each hour of a week."""

    def work() -> list[tuple[Tariff, tuple[Hour, ...]]]:
        looked = datetime.now(UTC).date() if week is None else reading.day(week, "--week")
        kilowatts = None if power is None else reading.number(power, "--power")
        amperes = None if current is None else reading.number(current, "--current")
        return [
            (one, grid(one, zone_for([one], zone), looked, power=kilowatts, current=amperes))
            for one in tariffs_of(file)
        ]

    found = reading.named(work, as_json=as_json)
    if as_json:
        _write(
            [
                {"id": one.id, "currency": one.currency, "hours": [_plain(hour) for hour in hours]}
                for one, hours in found
            ]
        )
        return
    for one, hours in found:
        _show(one, hours)


def _plain(hour: Hour) -> dict[str, Any]:
    found: dict[str, Any] = {
        "start_date_time": hour.start,
        "day": DAYS[hour.weekday],
        "hour": hour.hour,
    }
    for name in ("energy", "time", "parking", "flat"):
        price: Amount | None = getattr(hour, name)
        if price is not None:
            found[name] = price.plain()
    if hour.until is not None:
        found["until"] = hour.until
    return found


def _show(tariff: Tariff, hours: Sequence[Hour]) -> None:
    """One table per dimension that has a price: hours down, days across, cheap green, dear red."""
    digits = exponent(tariff.currency)
    for name, unit in (
        ("energy", "per kWh"),
        ("time", "per hour of charging"),
        ("parking", "per hour of parking"),
        ("flat", "once"),
    ):
        prices = {hour.start: _excl(hour, name) for hour in hours}
        known = sorted({price for price in prices.values() if price is not None})
        if not known:
            continue
        head = f"{tariff.id}: {tariff.currency} {unit}, without VAT"
        if set(prices.values()) == set(known[:1]) and not any(hour.until for hour in hours):
            say(f"{head}: {amount(known[0], digits)} at any hour")
            continue
        say(head, "bold")
        rows = []
        for clock in range(24):
            row: list[Cell | str] = [f"{clock:02}:00"]
            for day in range(7):
                inside = [one for one in hours if (one.weekday, one.hour) == (day, clock)]
                row.append(_cell([prices[one.start] for one in inside], inside, known, digits))
            rows.append(row)
        show_table(("", *DAYS), rows, right=range(1, 8))
    if not any(hour.energy or hour.time or hour.parking or hour.flat for hour in hours):
        say(f"{tariff.id}: free of charge", GOOD)


def _excl(hour: Hour, name: str) -> Decimal | None:
    price: Amount | None = getattr(hour, name)
    return None if price is None else price.rounded()[0]


def _cell(
    prices: Sequence[Decimal | None],
    hours: Sequence[Hour],
    known: Sequence[Decimal],
    digits: int,
) -> Cell:
    """An hour may be missing or be there twice when the clock changes; * changes midway."""
    if not prices:
        return Cell("")
    price = prices[0]
    mark = "*" if any(hour.until for hour in hours) or len(set(prices)) > 1 else ""
    if price is None:
        return Cell(f"free{mark}", GOOD)
    style = ""
    if len(known) > 1 and price in (known[0], known[-1]):
        style = GOOD if price == known[0] else BAD
    return Cell(f"{amount(price, digits)}{mark}", style)


def _write(found: list[dict[str, Any]]) -> None:
    """One tariff as an object, several as a list."""
    reading.write_value(found[0] if len(found) == 1 else found)
