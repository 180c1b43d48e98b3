"""The charging periods of a session that runs: what `cut` does, one reading after the other.

A period that is closed never changes any more, so a Session can be pushed by PATCH, which only
appends (OCPI 2.2.1 §mod_sessions, PATCH). The last period stays open until a price can change, the
session ends, or it has become long enough to be told (`Pace`); until then it is in no list. What
is kept is as large as the number of periods, whatever the number of readings.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from voltroam.billing.cut import (
    PLACES,
    InForce,
    MeterReading,
    Span,
    State,
    crossings,
    hours_of,
    kind,
    least_and_most,
    power_between,
    tariff_id,
    volumes,
)
from voltroam.billing.problem import BillingProblem
from voltroam.pricing import Policy, boundaries
from voltroam.pricing.boundaries import current_bounds, kwh_bounds, power_bounds
from voltroam.standard.v2_3_0 import CdrDimension, CdrDimensionType, ChargingPeriod

AHEAD = timedelta(days=1)
"""How far the moments of new prices are looked up at a time."""
_SECOND = timedelta(seconds=1)
_MICRO = timedelta(microseconds=1)
_ZERO = Decimal(0)


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """When a period is long enough to be told although no price changed (SES-OBJ-04).

    By time and by energy: a fast charger is followed more closely than a slow one.
    """

    seconds: float = 900.0
    kwh: Decimal = Decimal(10)
    least: float = 60.0
    """Seconds that a period lasts at least before it is closed for its energy."""

    def is_over(self, length: timedelta, energy: Decimal) -> bool:
        passed = length.total_seconds()
        return passed >= self.seconds or (passed >= self.least and abs(energy) >= self.kwh)


class Flow(msgspec.Struct, frozen=True):
    """What flowed in the open period: least, most, and the sum over seconds; None is unknown."""

    least: Decimal | None = None
    most: Decimal | None = None
    sum: Decimal = _ZERO
    known: bool = True

    def and_then(self, value: Decimal | None, seconds: Decimal) -> "Flow":
        if value is None or not self.known:
            return UNKNOWN
        least = value if self.least is None else min(self.least, value)
        most = value if self.most is None else max(self.most, value)
        return Flow(least, most, self.sum + value * seconds)

    def span(self, name: str) -> list[CdrDimension]:
        if not self.known or self.least is None or self.most is None:
            return []
        return least_and_most(name, [self.least, self.most])


UNKNOWN = Flow(known=False)
NO_FLOW = Flow()


class Marks:
    """Where the price of one session can change; looked up once, used for every reading."""

    def __init__(
        self,
        tariffs: Sequence[InForce],
        zone: str,
        policy: Policy,
        booked_until: datetime | None = None,
    ) -> None:
        self.tariffs = tuple(tariffs)
        self.booked_until = booked_until
        self._known = [one.tariff for one in tariffs]
        self._zone = zone
        self._policy = policy
        self.kwh = kwh_bounds(self._known)
        self.powers = power_bounds(self._known)
        self.currents = current_bounds(self._known)
        self._range: tuple[datetime, datetime, datetime] | None = None
        self._moments: tuple[datetime, ...] = ()

    def between(
        self, start: datetime, charging: datetime | None, low: datetime, high: datetime
    ) -> list[datetime]:
        """Moments after `low`, up to and with `high`; durations count from `charging`."""
        began = start
        if self._policy.duration_from == "charging" and charging is not None:
            began = charging
        held = self._range
        if held is None or held[:2] != (start, began) or held[2] <= high:
            until = high + AHEAD
            self._moments = boundaries(self._known, start, until, self._zone, charging_from=began)
            self._range = (start, began, until)
        found = self._moments
        inside = list(found[bisect_right(found, low) : bisect_right(found, high)])
        inside += [one.since for one in self.tariffs if low <= one.since <= high]
        if self.booked_until is not None and low <= self.booked_until <= high:
            inside.append(self.booked_until)
        return inside

    def beyond(self, at: datetime, length: timedelta) -> list[CdrDimension]:
        """Time after a booked slot, which is charging or parking too (OCPI 2.3.0 §mod_cdrs)."""
        if self.booked_until is None or at < self.booked_until or not length:
            return []
        kind = CdrDimensionType.RESERVATION_OVERTIME
        return [CdrDimension(type=kind, volume=hours_of(length))]


class Running(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A session up to its newest reading; `kwh` of readings counts from the session's start."""

    start: datetime
    last: MeterReading
    opened: datetime
    """Where the open period begins."""
    before: Decimal = _ZERO
    """kWh until there, as the closed periods add up to."""
    charging: datetime | None = None
    """Since when it is more than a reservation."""
    past: Span | None = None
    powers: Flow = NO_FLOW
    currents: Flow = NO_FLOW
    soc: Decimal | None = None
    """State of charge in percent, the newest that is known."""
    periods: tuple[ChargingPeriod, ...] = ()
    """Those that are closed."""

    @property
    def kwh(self) -> Decimal:
        """What the periods add up to, the open one included."""
        return self.last.kwh.quantize(PLACES)

    def then(self, reading: MeterReading, marks: Marks, *, soc: Decimal | None = None) -> "Running":
        """With one more reading; one of the same moment takes the place of the last.

        BillingProblem for one that is earlier.
        """
        if reading.at < self.last.at:
            raise BillingProblem("$.at", "earlier than the reading before")
        if reading.at == self.last.at:
            return msgspec.structs.replace(self, last=reading, soc=self.soc if soc is None else soc)
        span = _span(self.last, reading)
        charging = self.charging
        if charging is None and span.state is not State.RESERVED:
            charging = span.start
        now = msgspec.structs.replace(self, charging=charging)
        forced: dict[datetime, Decimal] = {}
        for moment, counted in crossings([span], marks.kwh):
            forced[moment] = max(counted, forced.get(moment, counted))
        edges = {*forced, *marks.between(self.start, charging, span.start, span.end)}
        if self.past is not None and _turns(self.past, span, marks):
            edges.add(span.start)
        begin = span.start
        for edge in sorted(one for one in edges if one > self.opened):
            now = now._over(span, begin, edge)._closed(
                edge, forced.get(edge, span.kwh_at(edge)), marks
            )
            begin = edge
        now = now._over(span, begin, span.end)
        return msgspec.structs.replace(
            now, last=reading, past=span, soc=self.soc if soc is None else soc
        )

    def told(self, pace: Pace, marks: Marks) -> "Running":
        """With the open period closed at the newest reading, if it is long enough to be told."""
        if not pace.is_over(self.last.at - self.opened, self.last.kwh - self.before):
            return self
        return self.closed(marks)

    def closed(self, marks: Marks) -> "Running":
        """With the open period closed at the newest reading.

        A session of no length at all has one period all the same: a CDR needs it.
        """
        if self.opened >= self.last.at and (self.periods or self.last.at > self.start):
            return self
        return self._closed(self.last.at, self.last.kwh, marks)

    def _over(self, span: Span, begin: datetime, end: datetime) -> "Running":
        """A piece of a span is part of the open period."""
        if end <= begin:
            return self
        seconds = Decimal((end - begin) // _MICRO) / 1_000_000
        return msgspec.structs.replace(
            self,
            powers=self.powers.and_then(span.power, seconds),
            currents=self.currents.and_then(span.current, seconds),
            past=span,
        )

    def _closed(self, edge: datetime, counted: Decimal, marks: Marks) -> "Running":
        counted = counted.quantize(PLACES)
        state = self.past.state if self.past is not None else self.last.state
        length, energy = edge - self.opened, counted - self.before
        period = ChargingPeriod(
            start_date_time=self.opened,
            dimensions=[
                *volumes(state, length, energy),
                *marks.beyond(self.opened, length),
                *self._flows(state, length, energy),
            ],
            tariff_id=tariff_id(marks.tariffs, self.opened),
        )
        return msgspec.structs.replace(
            self,
            opened=edge,
            before=counted,
            powers=NO_FLOW,
            currents=NO_FLOW,
            periods=(*self.periods, period),
        )

    def _flows(self, state: State, length: timedelta, energy: Decimal) -> list[CdrDimension]:
        """Of charging: the least and the most; averages and state of charge for the driver."""
        if state is not State.CHARGING:
            return []
        found = [*self.powers.span("POWER"), *self.currents.span("CURRENT")]
        seconds = Decimal(length // _MICRO) / 1_000_000
        if seconds:
            average = (energy * 3600 / seconds).quantize(PLACES)
            found.append(CdrDimension(type=CdrDimensionType.POWER, volume=average))
            if self.currents.known:
                amps = (self.currents.sum / seconds).quantize(PLACES)
                found.append(CdrDimension(type=CdrDimensionType.CURRENT, volume=amps))
        if self.soc is not None:
            found.append(CdrDimension(type=CdrDimensionType.STATE_OF_CHARGE, volume=self.soc))
        return found


def begin(
    at: datetime, *, state: State = State.CHARGING, reading: MeterReading | None = None
) -> Running:
    """A session that starts now, with nothing counted yet."""
    first = reading or MeterReading(at=at, kwh=_ZERO, state=state)
    return Running(start=at, last=first, opened=at)


def _span(one: MeterReading, after: MeterReading) -> Span:
    return Span(
        start=one.at,
        end=after.at,
        low=one.kwh,
        high=after.kwh,
        state=one.state,
        power=power_between(one, after.kwh - one.kwh, after.at - one.at, "$.power"),
        current=sum(one.phases, _ZERO) if one.phases else None,
    )


def _turns(one: Span, after: Span, marks: Marks) -> bool:
    """A change of state or flow, or of the tier of power or current that a price depends on."""
    return kind(one, marks.powers, marks.currents) != kind(after, marks.powers, marks.currents)
