"""What `verify` does."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from voltroam.billing.any_version import read_cdr
from voltroam.billing.match import match_verdict
from voltroam.billing.problem import BillingProblem
from voltroam.cli import money_reading as reading
from voltroam.cli.money_show import BAD, DIM, DOUBT, GOOD, Cell, Row, say, show_table
from voltroam.cli.outcome import Exit
from voltroam.metering import (
    NOT_CERTIFIED,
    Outcome,
    Rule,
    Signature,
    Value,
    Verdict,
    find,
    verify_pieces,
    write,
)

EXITS = {Outcome.VALID: Exit.DONE, Outcome.MALFORMED: Exit.USAGE}
STYLES = {
    Signature.VALID: GOOD,
    Signature.INVALID: BAD,
    Signature.MALFORMED: BAD,
    Signature.NO_KEY: DOUBT,
}
LONGEST_NAME = 1000


def verify_file(
    file: Path, public_key: str | None, safe_xml: Path | None, *, as_json: bool
) -> None:
    """Exit 0 only if signatures and rules hold, and a CDR around them says the same."""

    def work() -> tuple[Verdict, tuple[Rule, ...] | None]:
        data = reading.whole(file)
        pieces = find(data)
        verdict = verify_pieces(pieces, None if public_key is None else _key(public_key))
        if safe_xml is not None:
            reading.save(safe_xml, write(pieces).encode())
        return verdict, _matched(data, verdict)

    verdict, rules = reading.named(work, as_json=as_json)
    if as_json:
        reading.write_value(_plain(verdict, rules))
    else:
        _show(verdict, rules)
        if safe_xml is not None:
            say(f"{safe_xml} opens in the S.A.F.E. Transparenzsoftware.")
    code = EXITS.get(verdict.verdict, Exit.FAILED)
    if code is Exit.DONE and rules is not None and not all(rule.ok for rule in rules):
        code = Exit.FAILED
    if code is not Exit.DONE:
        raise typer.Exit(int(code))


def _key(given: str) -> str | bytes:
    """The key itself, or the file that holds it."""
    if len(given) > LONGEST_NAME or "\n" in given or "\x00" in given:
        return given
    try:
        named = Path(given)
        return reading.whole(named) if named.is_file() else given
    except OSError:
        return given


def _matched(data: bytes, verdict: Verdict) -> tuple[Rule, ...] | None:
    """Whether the CDR fits what was signed; None for what is no whole CDR."""
    if data.lstrip()[:1] != b"{":
        return None
    try:
        cdr = read_cdr(data)
    except BillingProblem:
        return None  # signed_data alone, or OCMF in JSON
    return match_verdict(cdr, verdict).rules


def _plain(verdict: Verdict, rules: tuple[Rule, ...] | None) -> dict[str, Any]:
    plain: dict[str, Any] = dataclasses.asdict(verdict)
    if rules is not None:
        plain["cdr"] = [dataclasses.asdict(rule) for rule in rules]
    return plain


def _show(verdict: Verdict, rules: tuple[Rule, ...] | None) -> None:
    columns = ("value", "format", "signature", "key", "meter", "readings", "problem")
    show_table(columns, (_row(value) for value in verdict.values))
    broken = [
        (value.place, rule) for value in verdict.values for rule in value.rules if not rule.ok
    ]
    for place, rule in dict.fromkeys(broken):
        say(f"{place}: {rule.id}: {rule.text}", BAD)
    for rule in rules or ():
        say(f"{rule.id}: {rule.text}", GOOD if rule.ok else BAD)
    for one in verdict.transactions:
        if one.energy_kwh is not None:
            say(f"transaction {one.id}: {one.energy_kwh:f} kWh")
    good = verdict.verdict is Outcome.VALID
    say(str(verdict.verdict), f"bold {GOOD if good else BAD}")
    say(NOT_CERTIFIED, DIM)


def _row(value: Value) -> Row:
    return (
        value.place,
        str(value.format or "-"),
        Cell(str(value.signature), STYLES[value.signature]),
        str(value.key_trust),
        value.meter_id or "-",
        ", ".join(_readings(value)) or "-",
        value.problem or "-",
    )


def _readings(value: Value) -> Iterator[str]:
    found: Sequence[Any] = value.readings
    for one in found:
        yield f"{one.phase} {one.value:f} {one.unit}"
