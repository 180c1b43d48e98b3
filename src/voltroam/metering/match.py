"""Does the CDR say what the meter signed? Energy, times, meter."""

import re
from datetime import datetime, timedelta
from decimal import Decimal

from voltroam.metering.public_key import fold_id
from voltroam.metering.record import Reading, Rule
from voltroam.metering.verdict import Transaction, Verdict

SLACK = timedelta(seconds=60)
COARSEST = Decimal("0.01")
QUARTER = timedelta(minutes=15)
FURTHEST = timedelta(hours=14)
SHORTEST_ID = 5
_EVSE_ID = re.compile(r"[A-Z]{2}[A-Z0-9]{3}E[A-Z0-9]{1,30}")


def match_cdr(
    verdict: Verdict,
    total_energy: Decimal,
    start: datetime,
    end: datetime,
    meter_id: str | None = None,
    *,
    evse_id: str | None = None,
    slack: timedelta = SLACK,
) -> tuple[Rule, ...]:
    """Rules `cdr-energy` (kWh), `cdr-times`, `cdr-meter`, `cdr-evse`: does the CDR fit?

    Energy may be rounded to the CDR's own digits, never by more than 0.01 kWh. Times may lie
    outside the CDR's window by `slack`; a meter's wall clock may be of any zone, the same at
    begin and end. Meter and EVSE are judged when both sides name one. Only values that belong to
    one transaction can be matched.
    """
    if len(verdict.transactions) != 1:
        text = f"{len(verdict.transactions)} transactions were signed, a CDR is about one"
        return (Rule("cdr-transaction", False, text),)
    transaction = verdict.transactions[0]
    return (
        _energy(transaction, total_energy),
        _times(transaction, start, end, slack),
        *_meter(transaction, meter_id),
        *_evse(transaction, evse_id),
    )


def _energy(transaction: Transaction, total: Decimal) -> Rule:
    signed = transaction.energy_kwh
    if signed is None:
        return Rule("cdr-energy", False, "the signed values tell no energy")
    if not total.is_finite():
        return Rule("cdr-energy", False, "total_energy is no number")
    difference = abs(signed - total)
    exponent = total.as_tuple().exponent
    digit = Decimal(1).scaleb(exponent) if isinstance(exponent, int) and exponent < 0 else COARSEST
    if not difference:
        return Rule("cdr-energy", True, f"{signed:f} kWh, exactly as signed")
    text = f"the CDR says {total:f} kWh, the meter signed {signed:f} kWh"
    return Rule("cdr-energy", difference < digit and difference <= COARSEST, text)


def _times(transaction: Transaction, start: datetime, end: datetime, slack: timedelta) -> Rule:
    begin, stop = transaction.begin, transaction.end
    if begin is None or stop is None or begin.at is None or stop.at is None:
        return Rule("cdr-times", False, "the signed values tell no times")
    earliest, latest = start - slack, end + slack
    for shift in _shifts(begin):
        if earliest <= begin.at - shift and stop.at - shift <= latest:
            where = " in the meter's zone" if shift else ""
            return Rule("cdr-times", True, f"signed within the CDR's window{where}")
    text = f"signed {begin.at.isoformat()} to {stop.at.isoformat()}, outside the CDR's window"
    return Rule("cdr-times", False, text)


def _shifts(reading: Reading) -> list[timedelta]:
    if not reading.local:
        return [timedelta()]
    steps = FURTHEST // QUARTER
    return sorted((QUARTER * step for step in range(-steps, steps + 1)), key=abs)


def _meter(transaction: Transaction, meter_id: str | None) -> tuple[Rule, ...]:
    wanted = fold_id(meter_id or "")
    if not wanted:
        return ()
    names = [fold_id(name) for name in (transaction.meter_id, *transaction.other_ids)]
    if any(_one_meter(wanted, name) for name in names):
        return (Rule("cdr-meter", True, "the meter of the CDR signed"),)
    text = f"meter {transaction.meter_id or 'unnamed'} signed, the CDR names another"
    return (Rule("cdr-meter", False, text),)


def _evse(transaction: Transaction, evse_id: str | None) -> tuple[Rule, ...]:
    wanted, signed = fold_id(evse_id or ""), fold_id(transaction.evse)
    if not wanted or not _EVSE_ID.fullmatch(signed):
        return ()
    ok = wanted == signed
    text = "the EVSE of the CDR signed" if ok else f"EVSE {transaction.evse} signed, not the CDR's"
    return (Rule("cdr-evse", ok, text),)


def _one_meter(wanted: str, name: str) -> bool:
    """Equal, or one is the other with a maker's prefix in front and enough is left."""
    if wanted == name:
        return True
    short, long = sorted((wanted, name), key=len)
    return len(short) >= SHORTEST_ID and long.endswith(short)
