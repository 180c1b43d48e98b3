"""What `price` and `quote` do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from voltroam.billing.any_version import (
    price_any,
    priceable,
    read_as,
    read_tariffs,
    zone_for,
)
from voltroam.cli import money_reading as reading
from voltroam.cli.money_show import DIM, DOUBT, GOOD, Cell, Row, amount, plain, say, show_table
from voltroam.cli.outcome import Exit, Stop
from voltroam.pricing import Bill, Choice, Policy, Quote, select
from voltroam.pricing import quote as quoted
from voltroam.pricing.components import TOTALS
from voltroam.pricing.decimals import share
from voltroam.pricing.quote import limits_of
from voltroam.standard.v2_3_0 import Connector, ProfileType, Tariff

WORDS = {
    "total_fixed_cost": "fixed",
    "total_energy_cost": "energy",
    "total_time_cost": "time",
    "total_parking_cost": "parking",
    "total_reservation_cost": "reservation",
}


@dataclass(frozen=True, slots=True)
class Question:
    """The options of `quote` as they were typed."""

    energy: str
    power: str | None
    start: str | None
    stay: str | None
    zone: str | None
    connector: Path | None
    preference: str | None
    ad_hoc: bool


def price_file(
    file: Path, tariff: Path | None, zone: str | None, policy: Sequence[str], *, as_json: bool
) -> None:
    """The bill of the one object in a file."""

    def work() -> Bill:
        readings = Policy.parse(policy)
        case = priceable(reading.one_document(file))
        if tariff is not None:
            case = case.with_tariffs(read_tariffs(reading.documents(tariff)))
        return price_any(case, zone=zone, policy=readings)

    bill = reading.named(work, as_json=as_json)
    if as_json:
        reading.write_value(bill.plain())
        return
    show_bill(bill)


def quote_file(file: Path, question: Question, policy: Sequence[str], *, as_json: bool) -> None:
    """The bill of a session that has not happened; of several tariffs the one that it gets."""

    def work() -> tuple[Quote, Choice | None]:
        readings = Policy.parse(policy)
        tariffs = read_tariffs(reading.documents(file))
        connector = None
        if question.connector is not None:
            connector = read_as(Connector, reading.one_document(question.connector))
        start = datetime.now(UTC)
        if question.start is not None:
            start = reading.moment(question.start, "--start")
        tariff, choice = _choose(tariffs, connector, start, question, readings)
        stay = None if question.stay is None else reading.length(question.stay, "--stay")
        zone = zone_for([tariff], question.zone)
        power = _power(question, connector)
        energy = reading.number(question.energy, "--energy")
        found = quoted(tariff, connector, energy, power, start, stay, zone, policy=readings)
        return found, choice

    found, choice = reading.named(work, as_json=as_json)
    if as_json:
        reading.write_value(_plain(found, choice))
        return
    if choice is not None and choice.tariff is not None:
        say(f"Tariff {choice.tariff.id}: {choice.why}.")
    say(
        f"{plain(found.energy)} kWh at {plain(found.power)} kW,"
        f" charged at {found.charged_until:%Y-%m-%d %H:%M} UTC,"
        f" leaving at {found.end:%Y-%m-%d %H:%M} UTC"
    )
    show_bill(found.bill)


def _choose(
    tariffs: Sequence[Tariff],
    connector: Connector | None,
    start: datetime,
    question: Question,
    policy: Policy,
) -> tuple[Tariff, Choice | None]:
    """The only one, or that which a new session gets."""
    ids = connector.tariff_ids if connector is not None else None
    if len(tariffs) == 1 and not ids:
        return tariffs[0], None
    preference = None
    if question.preference is not None:
        name = question.preference.upper()
        if name not in ProfileType.__members__:
            known = ", ".join(ProfileType.__members__)
            raise Stop(f"--preference {question.preference!r} is none of {known}.", Exit.USAGE)
        preference = ProfileType[name]
    choice = select(
        tariffs,
        ids or [tariff.id for tariff in tariffs],
        start,
        preference=preference,
        ad_hoc=question.ad_hoc,
        policy=policy,
    )
    if choice.tariff is None:
        reasons = "; ".join(f"{name} is {why}" for name, why in choice.others.items())
        raise Stop(f"No tariff fits: {choice.why} ({reasons}).")
    return choice.tariff, choice


def _power(question: Question, connector: Connector | None) -> Any:
    if question.power is not None:
        return reading.number(question.power, "--power")
    limits = limits_of(connector)
    if not limits:
        raise Stop("--power is needed, or a --connector that tells its power.", Exit.USAGE)
    return min(limits)


def _plain(found: Quote, choice: Choice | None) -> dict[str, Any]:
    value = found.bill.plain()
    value["energy"] = found.energy
    value["power"] = found.power
    value["charged_until"] = found.charged_until
    value["end_date_time"] = found.end
    value["charging_periods"] = found.periods
    if choice is not None and choice.tariff is not None:
        value["tariff_id"] = choice.tariff.id
        value["chosen"] = {
            "why": choice.why, "others": choice.others, "ambiguous": choice.ambiguous,
        }  # fmt: skip
    return value


def show_bill(bill: Bill) -> None:
    """The lines with their reasons, the totals, and what was ambiguous."""
    columns = ("period", "start (UTC)", "what", "measured", "billed", "price", "cost", "why")
    show_table(columns, _lines(bill), right=(0, 3, 4, 5, 6), lines=True)
    sums = ("total", f"{bill.currency} without VAT", "with VAT")
    show_table(sums, _totals(bill), right=(1, 2))
    for bound in bill.bounds:
        say(f"The total was moved by {bound}.", DOUBT)
    for warning in bill.warnings:
        policy = f" (read as {warning.policy})" if warning.policy else ""
        say(f"{warning.code}: {warning.text}{policy}", DOUBT)


def _lines(bill: Bill) -> Iterator[Row]:
    digits = bill.money_digits
    for line in bill.lines:
        per = line.component.per
        measured, billed = share(line.measured, per, 4), share(line.billed, per, 4)
        more = DOUBT if billed != measured else ""
        yield (
            str(line.period + 1),
            f"{line.start:%Y-%m-%d %H:%M:%S}",
            str(line.type),
            f"{plain(measured)} {line.unit}",
            Cell(f"{plain(billed)} {line.unit}", more),
            amount(line.price, digits),
            Cell(amount(line.cost.rounded(4)[0], digits), GOOD),
            Cell(line.why, DIM),
        )


def _totals(bill: Bill) -> Iterator[Row]:
    digits = bill.money_digits
    for name in TOTALS.values():
        part = getattr(bill, name)
        if part is not None:
            excl, incl = part.rounded(4)
            yield WORDS[name], amount(excl, digits), amount(incl, digits)
    excl, incl = bill.total_cost.rounded(digits)
    style = f"bold {GOOD}"
    yield (
        Cell("total", "bold"),
        Cell(amount(excl, digits), style),
        Cell(amount(incl, digits), style),
    )
