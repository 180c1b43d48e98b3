"""From meter readings to charging periods, cut wherever a price can change (§mod_cdrs).

A period ends where an element of the tariff may switch on or off: local times and midnights,
durations, kWh, power and current; where charging turns into parking, where energy stops flowing,
and where the tariff changes. Between two readings energy is taken to flow evenly.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Context, Decimal
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from voltroam.billing.problem import BillingProblem
from voltroam.pricing import Policy, boundaries
from voltroam.pricing.boundaries import current_bounds, kwh_bounds, power_bounds
from voltroam.pricing.decimals import exact, instant
from voltroam.standard.v2_3_0 import CdrDimension, CdrDimensionType, ChargingPeriod, Tariff

PLACES = Decimal("0.0001")
"""A CDR's numbers have four decimals."""
PAUSE = timedelta(seconds=60)
"""A counter that stands for less is slow, not still."""
_HOUR = 3600
_QUOTIENT = Context(prec=50)
_SECOND = timedelta(seconds=1)
_MICRO = timedelta(microseconds=1)
_ZERO = Decimal(0)


class State(StrEnum):
    """What the driver pays for: a vehicle that wants power, one that does not, or a place held."""

    CHARGING = "CHARGING"
    PARKING = "PARKING"
    RESERVED = "RESERVED"


class MeterReading(msgspec.Struct, frozen=True, kw_only=True):
    """The meter at one moment; power, state and phases hold until the next reading."""

    at: datetime
    kwh: Decimal
    """The register: differences count, whatever it stood at."""
    power: Decimal | None = None
    """kW; unknown is the average until the next reading."""
    state: State = State.CHARGING
    phases: tuple[Decimal, ...] = ()
    """A per phase; empty is unknown."""


class InForce(msgspec.Struct, frozen=True):
    """A tariff and the moment from which the session is under it."""

    tariff: Tariff
    since: datetime


class Span(msgspec.Struct, frozen=True):
    """What holds between two readings; `low` and `high` are kWh since the session began."""

    start: datetime
    end: datetime
    low: Decimal
    high: Decimal
    state: State
    power: Decimal | None
    current: Decimal | None

    def kwh_at(self, moment: datetime) -> Decimal:
        if moment >= self.end:
            return self.high
        part = Decimal((moment - self.start) // _MICRO) * (self.high - self.low)
        return self.low + _QUOTIENT.divide(part, Decimal((self.end - self.start) // _MICRO))


def cut(
    readings: Sequence[MeterReading],
    tariffs: Sequence[InForce],
    zone: str | ZoneInfo,
    *,
    policy: Policy | None = None,
) -> list[ChargingPeriod]:
    """The periods of a session from its first reading to its last.

    `tariffs` are those that the session was under, one after the other; none is a session that
    nobody charges for. BillingProblem for readings out of order.
    """
    spans = _spans(readings)
    known = [one.tariff for one in tariffs]
    kwh: dict[datetime, Decimal] = {}
    edges = {spans[0].start, spans[-1].end}
    edges |= {one.since for one in tariffs if spans[0].start < one.since < spans[-1].end}
    edges.update(_by_clock(spans, known, zone, policy or Policy()))
    edges.update(_by_meter(spans, known))
    for moment, counted in crossings(spans, kwh_bounds(known)):
        kwh[moment] = max(counted, kwh.get(moment, counted))
        edges.add(moment)
    return list(_periods(spans, sorted(edges), kwh, tariffs))


def _spans(readings: Sequence[MeterReading]) -> list[Span]:
    """Readings of the same moment count as the last of them."""
    found: list[Span] = []
    if readings:
        first = exact(readings[0].kwh, "$.readings[0].kwh")
    for index, (one, after) in enumerate(pairwise(readings)):
        start = instant(one.at, f"$.readings[{index}].at")
        end = instant(after.at, f"$.readings[{index + 1}].at")
        if end < start:
            raise BillingProblem(f"$.readings[{index + 1}].at", "earlier than the reading before")
        if end == start:
            continue
        low = exact(one.kwh, f"$.readings[{index}].kwh") - first
        high = exact(after.kwh, f"$.readings[{index + 1}].kwh") - first
        current = [exact(phase, f"$.readings[{index}].phases") for phase in one.phases]
        found.append(
            Span(
                start=start,
                end=end,
                low=low,
                high=high,
                state=one.state,
                power=power_between(one, high - low, end - start, f"$.readings[{index}].power"),
                current=sum(current, _ZERO) if current else None,
            )
        )
    if not found:
        raise BillingProblem("$.readings", "a session needs two readings at different times")
    return found


def power_between(one: MeterReading, kwh: Decimal, length: timedelta, path: str) -> Decimal | None:
    if one.power is not None:
        return exact(one.power, path)
    if one.state is not State.CHARGING:
        return None
    micros = Decimal(length // _MICRO)
    return _QUOTIENT.divide(kwh * _HOUR * 1_000_000, micros).quantize(PLACES)


def _by_clock(
    spans: Sequence[Span], tariffs: Sequence[Tariff], zone: str | ZoneInfo, policy: Policy
) -> Iterator[datetime]:
    start = spans[0].start
    began = start
    if policy.duration_from == "charging":
        began = next((one.start for one in spans if one.state is not State.RESERVED), start)
    yield from boundaries(tariffs, start, spans[-1].end, zone, charging_from=began)


def _by_meter(spans: Sequence[Span], tariffs: Sequence[Tariff]) -> Iterator[datetime]:
    """Where state, flow, or the tier of power or current is another than before."""
    powers, currents = power_bounds(tariffs), current_bounds(tariffs)
    for one, after in pairwise(spans):
        if kind(one, powers, currents) != kind(after, powers, currents):
            yield after.start


def kind(span: Span, powers: Sequence[Decimal], currents: Sequence[Decimal]) -> tuple[object, ...]:
    """Spans of one kind are charged alike: state, flow, and tier of power and current."""
    return (
        span.state,
        _still(span),
        None if span.power is None else bisect_right(powers, span.power),
        None if span.current is None else bisect_right(currents, span.current),
    )


def _still(span: Span) -> bool:
    """No energy flows, though the vehicle would take it: total_parking_time counts it."""
    if span.state is not State.CHARGING or span.high != span.low:
        return False
    return span.power == 0 or span.end - span.start >= PAUSE


def crossings(
    spans: Sequence[Span], bounds: Sequence[Decimal]
) -> Iterator[tuple[datetime, Decimal]]:
    """The first whole second at which the counter has reached a bound, and that bound.

    The counter itself in a span of a second: a bound must not move energy past a reading.
    """
    for span in spans:
        for bound in bounds:
            if not span.low < bound <= span.high:
                continue
            share = _QUOTIENT.divide(bound - span.low, span.high - span.low)
            micros = int(share * Decimal((span.end - span.start) // _MICRO))
            moment = span.start + timedelta(microseconds=micros)
            if moment.microsecond:
                moment = moment.replace(microsecond=0) + _SECOND
            if moment >= span.end:
                moment = moment - _SECOND  # the reading comes within the same second
            yield (moment, bound) if moment > span.start else (span.end, span.high)


def _periods(
    spans: Sequence[Span],
    edges: Sequence[datetime],
    forced: dict[datetime, Decimal],
    tariffs: Sequence[InForce],
) -> Iterator[ChargingPeriod]:
    at = 0
    before = _ZERO
    for begin, finish in pairwise(edges):
        while spans[at].end <= begin:
            at += 1
        inside = at
        covered = [spans[at]]
        while spans[inside].end < finish:
            inside += 1
            covered.append(spans[inside])
        counted = forced.get(finish, spans[inside].kwh_at(finish)).quantize(PLACES)
        yield ChargingPeriod(
            start_date_time=begin,
            dimensions=_dimensions(covered, finish - begin, counted - before),
            tariff_id=tariff_id(tariffs, begin),
        )
        before = counted


def tariff_id(tariffs: Sequence[InForce], at: datetime) -> str | None:
    found = [one.tariff.id for one in tariffs if one.since <= at]
    return found[-1] if found else None


def _dimensions(covered: Sequence[Span], length: timedelta, energy: Decimal) -> list[CdrDimension]:
    state = covered[0].state
    found = volumes(state, length, energy)
    if state is State.CHARGING:
        found += _span_of("POWER", [one.power for one in covered])
        found += _span_of("CURRENT", [one.current for one in covered])
    return found


def volumes(state: State, length: timedelta, energy: Decimal) -> list[CdrDimension]:
    """Hours of the one kind that the state has, and kWh."""
    dimension = {
        State.CHARGING: CdrDimensionType.TIME,
        State.PARKING: CdrDimensionType.PARKING_TIME,
        State.RESERVED: CdrDimensionType.RESERVATION_TIME,
    }[state]
    found = [CdrDimension(type=dimension, volume=hours_of(length))]
    if state is State.CHARGING or energy:
        found.append(CdrDimension(type=CdrDimensionType.ENERGY, volume=energy))
    return found


def hours_of(length: timedelta) -> Decimal:
    """As a CDR prints them."""
    micros = Decimal(length // _MICRO)
    return _QUOTIENT.divide(micros, Decimal(_HOUR * 1_000_000)).quantize(PLACES)


def _span_of(name: str, values: Sequence[Decimal | None]) -> list[CdrDimension]:
    known = [value for value in values if value is not None]
    return least_and_most(name, known) if len(known) == len(values) else []


def least_and_most(name: str, values: Sequence[Decimal]) -> list[CdrDimension]:
    """`MIN_POWER` and `MAX_POWER`, or those of CURRENT."""
    return [
        CdrDimension(type=CdrDimensionType(f"MIN_{name}"), volume=min(values)),
        CdrDimension(type=CdrDimensionType(f"MAX_{name}"), volume=max(values)),
    ]
