"""The rules of measuring law for one transaction: a good signature alone proves no charge.

Each is judged on what was signed. What a format leaves out (a page number in PCDF) is not judged.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import pairwise

from voltroam.metering.obis import group_c
from voltroam.metering.record import Format, Phase, Reading, Record, Rule

SYNCHRONISED = frozenset("SR")
EXACT = 80
ENERGY_LOST, TIME_LOST = "E", "t"
DISOWNED = ("ungültig", "ungueltig", "invalid", "not verified", "not fitting", "nicht verifiziert")


@dataclass(frozen=True, slots=True)
class Charge:
    """Begin, end and energy of a transaction, as far as the records tell, and how it was judged."""

    begin: Reading | None
    end: Reading | None
    energy_kwh: Decimal | None
    rules: tuple[Rule, ...]


def judge(records: Sequence[Record]) -> Charge:
    """Judge the records of one transaction, in the order in which they were found."""
    billed = [r for record in records for r in record.readings if r.billing]
    begins = [reading for reading in billed if reading.phase is Phase.BEGIN]
    ends = [reading for reading in billed if reading.phase is Phase.END]
    begin = begins[0] if len(begins) == 1 else None
    end = ends[0] if len(ends) == 1 else None
    rules = [
        _once("begin", begins),
        _once("end", ends),
        _same("meter", "meter", [record.meter_id for record in records]),
        _same("session", "session or user", [record.session for record in records]),
        _pagination(records),
        *_of_readings(billed, records[0].format),
    ]
    energy = None
    if begin is not None and end is not None:
        pair, energy = _pair(begin, end)
        rules += pair
    return Charge(begin, end, energy, tuple(rule for rule in rules if rule is not None))


def context_rule(context: str) -> Rule | None:
    """A container that itself calls the value void; only ever lowers a verdict."""
    word = context.casefold()
    if not any(mark in word for mark in DISOWNED):
        return None
    return Rule("context", False, f"the container itself says {context[:60]!r}")


def _once(phase: str, found: Sequence[Reading]) -> Rule:
    if len(found) == 1:
        return Rule(phase, True, f"one {phase} value")
    return Rule(phase, False, f"{len(found) or 'no'} {phase} values, one is needed")


def _same(name: str, what: str, ids: Sequence[str]) -> Rule | None:
    if len(ids) < 2:
        return None
    if len(set(ids)) == 1:
        return Rule(name, True, f"the same {what} throughout")
    return Rule(name, False, f"the {what} changes within the transaction")


def _pagination(records: Sequence[Record]) -> Rule | None:
    if len(records) < 2:
        return None
    if len({record.pages for record in records}) > 1:
        return Rule("pagination", False, "the records count in different contexts")
    pages = [(_order(record), record.pagination) for record in records]
    numbers = [page for _, page in sorted(pages, key=lambda pair: pair[0]) if page is not None]
    if len(numbers) < len(records):
        return Rule("pagination", False, "a record has no page number")
    if all(before < after for before, after in pairwise(numbers)):
        return Rule("pagination", True, f"pages {numbers[0]} to {numbers[-1]} in order")
    return Rule("pagination", False, f"pages out of order: {', '.join(map(str, numbers[:5]))}")


def _order(record: Record) -> int:
    phases = {reading.phase for reading in record.readings}
    if Phase.BEGIN in phases:
        return 0
    return 2 if Phase.END in phases else 1


def _of_readings(readings: Sequence[Reading], kind: Format) -> Iterable[Rule]:
    if not readings:
        yield Rule("register", False, "no reading of a register that may be billed")
        return
    codes = {(group_c(r.obis) or 0, r.obis) if r.obis else None for r in readings}
    if len({code[0] if code else None for code in codes}) == 1:
        yield Rule("register", True, f"one register: {readings[0].obis or 'not named'}")
    else:
        yield Rule("register", False, "the readings are of different registers")
    bad = [r for r in readings if not r.status_ok]
    if bad:
        yield Rule("status", False, f"the meter reports status {bad[0].status or 'missing'}")
    else:
        yield Rule("status", True, "the meter reports no fault")
    odd = [r.unit for r in readings if r.kwh is None]
    yield Rule("unit", not odd, f"unit {odd[0][:20]!r} is no energy" if odd else "units of energy")
    yield _errors(readings)
    if kind is Format.OCMF:
        yield _clock(readings)
    counters = {r.event_counter for r in readings if r.event_counter is not None}
    if counters:
        text = "the log counter changed during the charge" if len(counters) > 1 else "no new event"
        yield Rule("event-log", len(counters) == 1, text)


def _errors(readings: Sequence[Reading]) -> Rule:
    flags = "".join(r.errors for r in readings)
    if ENERGY_LOST in flags:
        return Rule("errors", False, "the error flag says that the energy may not be billed")
    if TIME_LOST in flags:
        return Rule("errors", True, "the energy may be billed, the time may not")
    return Rule("errors", True, "no error flag")


def _clock(readings: Sequence[Reading]) -> Rule:
    found = [r.time_status for r in readings if r.phase in {Phase.BEGIN, Phase.END}]
    if any(not state or state == "U" for state in found):
        return Rule("time-sync", False, "the clock was not synchronised")
    if found and found[0] in SYNCHRONISED and any(s not in SYNCHRONISED for s in found):
        return Rule("time-sync", False, "the clock lost its synchronisation during the charge")
    if found and found[-1] == "I":
        return Rule("time-sync", True, "the time is informative: it may not be billed")
    return Rule("time-sync", True, "the clock was synchronised")


def _pair(begin: Reading, end: Reading) -> tuple[list[Rule], Decimal | None]:
    rules = []
    if begin.at is not None and end.at is not None:
        ok = begin.at <= end.at
        text = "the end is not before the begin" if ok else "the end is before the begin"
        rules.append(Rule("order", ok, text))
    if begin.kwh is None or end.kwh is None:
        return rules, None
    with localcontext(prec=EXACT):
        energy = end.kwh - begin.kwh
    text = f"{energy:f} kWh" if energy >= 0 else f"the end value is {-energy:f} kWh lower"
    rules.append(Rule("reading", energy >= 0, text))
    return rules, energy
