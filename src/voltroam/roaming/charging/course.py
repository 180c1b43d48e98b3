"""The life of a session as a host reports it: pure, from one state of a charge to the next.

PENDING or RESERVATION, then ACTIVE, then COMPLETED or INVALID (OCPI 2.2.1 §mod_sessions). What a
host says twice changes nothing; what cannot be true raises ChargingProblem.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from voltroam.billing.cut import PLACES, MeterReading, State
from voltroam.billing.running import Marks, Pace, Running, begin
from voltroam.pricing.reservation import Outcome
from voltroam.roaming.charging.charge import Charge, Reservation
from voltroam.roaming.charging.papers import check_signed
from voltroam.roaming.charging.problem import ChargingProblem
from voltroam.roaming.host import Reading
from voltroam.standard.v2_2_1 import AuthMethod, SessionStatus

LARGEST = Decimal(10) ** 9
"""kWh, kW and A; more is no reading of a charger."""
_PERCENT = Decimal(100)
_ZERO = Decimal(0)


class Taken(msgspec.Struct, frozen=True):
    """What became of some readings."""

    charge: Charge
    kept: tuple[Reading, ...] = ()
    repeated: int = 0
    late: tuple[Reading, ...] = ()
    """Earlier than the newest that is counted."""


def tidy(moment: datetime) -> datetime:
    """In UTC, to the millisecond: as finely as a DateTime can say it (OCPI 2.2.1 §types)."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def take(charge: Charge, marks: Marks, pace: Pace, readings: Sequence[Reading]) -> Taken:
    """The charge with these readings counted, in the order of their moments."""
    kept: list[Reading] = []
    late: list[Reading] = []
    repeated = 0
    for reading in sorted(readings, key=lambda one: tidy(one.at)):
        after = _counted(charge, marks, reading)
        if after is None:
            late.append(reading)
        elif after is charge:
            repeated += 1
        else:
            kept.append(reading)
            charge = replace(after, course=running(after).told(pace, marks))
    return Taken(charge, tuple(kept), repeated, tuple(late))


def running(charge: Charge) -> Running:
    """The course of a session that charges. Raises ChargingProblem for any other."""
    if charge.is_over:
        raise ChargingProblem("OVER", f"the session is {charge.status}")
    if charge.status is not SessionStatus.ACTIVE or charge.course is None:
        raise ChargingProblem("NOT_ACTIVE", f"the session is {charge.status}, it has not begun")
    return charge.course


def _counted(charge: Charge, marks: Marks, reading: Reading) -> Charge | None:
    """With one reading more; the same charge if it says nothing new, None if it is late."""
    course = running(charge)
    last = course.last
    at, state = tidy(reading.at), _check(reading)
    if at < last.at:
        return None
    base = reading.kwh - last.kwh if charge.base is None else charge.base
    counted = reading.kwh - base
    fresh = MeterReading(
        at=at,
        kwh=counted,
        power=None if reading.power is None else reading.power.quantize(PLACES),
        state=state,
        phases=tuple(one.quantize(PLACES) for one in reading.phases),
    )
    if at == last.at:
        said = reading.signed is None or charge.signed_at == at
        if fresh == last and charge.base is not None and said:
            return charge
        if counted != last.kwh:
            raise ChargingProblem("SAME_MOMENT", "another register at the moment of the last one")
    if counted < last.kwh and not _feeds_back(last.power, reading.power):
        raise ChargingProblem(
            "FALLING", "the register fell: energy fed back needs a negative power, and another"
            " meter has to be told",
        )  # fmt: skip
    soc = reading.state_of_charge
    encoding = charge.encoding
    if reading.signed is not None:
        encoding = check_signed(encoding, reading.signed)
    return replace(
        charge,
        base=base,
        course=course.then(fresh, marks, soc=None if soc is None else soc.quantize(PLACES)),
        encoding=encoding,
        signed=charge.signed + (reading.signed is not None),
        signed_at=charge.signed_at if reading.signed is None else at,
    )


def _check(reading: Reading) -> State:
    numbers = [reading.kwh, *reading.phases]
    numbers += [one for one in (reading.power, reading.state_of_charge) if one is not None]
    if not all(one.is_finite() and abs(one) < LARGEST for one in numbers):
        raise ChargingProblem("NUMBER", "a number that no meter shows")
    soc = reading.state_of_charge
    if soc is not None and not 0 <= soc <= _PERCENT:
        raise ChargingProblem("NUMBER", "a state of charge is between 0 and 100 percent")
    if reading.state not in (State.CHARGING, State.PARKING):
        raise ChargingProblem("STATE", "a session that charges is CHARGING or PARKING")
    return State(reading.state)


def _feeds_back(before: Decimal | None, now: Decimal | None) -> bool:
    return (before or _ZERO) < 0 or (now or _ZERO) < 0


def activated(
    charge: Charge, at: datetime, marks: Marks, pace: Pace, reading: Reading | None
) -> Charge:
    """ACTIVE from now on: `start_date_time` moves here (SES-FLOW-11); the reservation is used."""
    reservation, course = charge.reservation, charge.course
    if reservation is not None and course is not None:
        # The host's clock may have stood before the moment at which we noted the reservation.
        at = max(at, course.last.at)
        if reading is not None and reading.at < at:
            reading = replace(reading, at=at)
        course = course.then(MeterReading(at=at, kwh=_ZERO), marks).closed(marks)
        reservation = replace(reservation, outcome=Outcome.USED.value)
    else:
        course = begin(at)
    charge = replace(
        charge,
        status=SessionStatus.ACTIVE,
        started=at,
        course=course,
        reservation=reservation,
    )
    if reading is None:
        return charge
    taken = take(charge, marks, pace, [reading])
    if taken.late:
        raise ChargingProblem("LATE", "the reading of the start is earlier than the start")
    return taken.charge


def reserved(charge: Charge, since: datetime, until: datetime) -> Charge:
    """An EVSE is kept: the session begins as a RESERVATION (SES-FLOW-06)."""
    return replace(
        charge,
        status=SessionStatus.RESERVATION,
        reservation=Reservation(since, until),
        course=begin(since, state=State.RESERVED),
    )


def over(charge: Charge, at: datetime, marks: Marks) -> Charge:
    """COMPLETED: what was not told yet is, up to this moment."""
    course = charge.course
    if course is None:
        raise ChargingProblem("NOT_ACTIVE", "the session never began: it can only be invalid")
    if at < course.last.at:
        raise ChargingProblem("LATE", "the end is earlier than the newest reading")
    if at > course.last.at:
        last = MeterReading(at=at, kwh=course.last.kwh, state=course.last.state)
        course = course.then(last, marks)
    return replace(charge, status=SessionStatus.COMPLETED, ended=at, course=course.closed(marks))


def unused(charge: Charge, at: datetime, outcome: Outcome, marks: Marks) -> Charge:
    """A reservation that nobody came for is COMPLETED (SES-FLOW-09)."""
    reservation, course = charge.reservation, charge.course
    if charge.status is not SessionStatus.RESERVATION or reservation is None or course is None:
        raise ChargingProblem("NO_RESERVATION", f"the session is {charge.status}")
    ended = replace(charge, reservation=replace(reservation, outcome=outcome.value))
    return over(ended, max(at, course.last.at), marks)


def invalid(charge: Charge, why: str, at: datetime) -> Charge:
    """INVALID: never billed (SES-FLOW-12). Refused once there is a CDR: that is corrected."""
    if charge.status is SessionStatus.INVALID:
        return charge
    if charge.cdr_id is not None or charge.status is SessionStatus.COMPLETED:
        raise ChargingProblem("OVER", "the session is COMPLETED: correct its CDR instead")
    heard = at if charge.course is None else charge.course.last.at
    return replace(
        charge, status=SessionStatus.INVALID, why=why[:200], ended=max(heard, charge.started)
    )


def authorized(charge: Charge, method: AuthMethod, reference: str | None) -> Charge:
    """The latest authorization counts; a reference stays until another is given (SES-OBJ-01)."""
    if charge.is_over:
        raise ChargingProblem("OVER", f"the session is {charge.status}")
    return replace(
        charge,
        auth_method=method,
        authorization_reference=reference or charge.authorization_reference,
    )


def other_meter(
    charge: Charge, marks: Marks, pace: Pace, last: Reading, first: Reading, *, meter_id: str | None
) -> Taken:
    """The old meter's last reading, then the new one's first, which counts from there."""
    taken = take(charge, marks, pace, [last])
    if taken.late or tidy(first.at) < tidy(last.at):
        raise ChargingProblem("LATE", "the readings are not in order")
    now = replace(
        taken.charge,
        base=first.kwh - running(taken.charge).last.kwh,
        meters=(*charge.meters, (tidy(first.at), first.kwh)),
        meter_id=meter_id or charge.meter_id,
    )
    after = take(now, marks, pace, [first])
    return Taken(after.charge, (*taken.kept, *after.kept), taken.repeated)


def replayed(
    charge: Charge, marks: Marks, pace: Pace, readings: Sequence[Reading], end: datetime
) -> Charge:
    """The same session once more from its readings: under other terms, or with other readings."""
    reservation, fresh = charge.reservation, replace(
        charge, status=SessionStatus.PENDING, course=None, base=None, ended=None, signed=0,
        signed_at=None,
    )  # fmt: skip
    if reservation is not None:
        fresh = reserved(fresh, reservation.since, reservation.until)
        if reservation.outcome is not None and reservation.outcome != Outcome.USED:
            return unused(fresh, end, Outcome(reservation.outcome), marks)
    fresh = activated(fresh, charge.started, marks, pace, None)
    meters = list(charge.meters)
    for reading in sorted(readings, key=lambda one: tidy(one.at)):
        at = tidy(reading.at)
        while meters and (at > meters[0][0] or (at, reading.kwh) == meters[0]):
            _, register = meters.pop(0)
            fresh = replace(fresh, base=register - running(fresh).last.kwh)
        taken = take(fresh, marks, pace, [reading])
        if taken.late:
            raise ChargingProblem("LATE", "a reading is earlier than the start of the session")
        fresh = taken.charge
    return over(fresh, end, marks)
