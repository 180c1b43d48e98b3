"""From measured periods to lines: tariff, moment, component, one period after the other."""

from collections.abc import Sequence
from datetime import tzinfo
from decimal import Decimal

from voltroam.pricing.bill import Line
from voltroam.pricing.components import Component, Prepared, find
from voltroam.pricing.context import Moment
from voltroam.pricing.decimals import HOUR, QUOTIENT, ZERO
from voltroam.pricing.measure import Measured
from voltroam.pricing.policy import Policy
from voltroam.pricing.reservation import FLAT, TIME, Outcome, reservation_flats, reservation_time


class Walk:
    """One session under way: the lines so far, and what decides the next one."""

    __slots__ = (
        "charged",
        "charging_at",
        "energy",
        "flats",
        "kwh",
        "last",
        "lines",
        "now",
        "outcome",
        "overtime_flat",
        "overtimes",
        "policy",
        "reserved",
        "reserved_flat",
        "reserving_at",
        "seen",
        "steps",
        "times",
        "zone",
    )

    def __init__(self, zone: tzinfo, policy: Policy, outcome: Outcome) -> None:
        self.zone = zone
        self.policy = policy
        self.outcome = outcome
        self.now = Moment()
        self.kwh = ZERO
        self.lines: list[Line] = []
        self.energy: list[Line] = []
        self.times: list[Line] = []
        self.reserved: list[Line] = []
        self.flats: list[Component] = []
        self.reserved_flat = False
        self.overtimes: list[Line] = []
        self.overtime_flat = False
        self.charged = False
        """A charging session took place."""
        self.charging_at: int | None = None
        self.reserving_at: int | None = None
        self.last: Prepared | None = None
        """The tariff of the last period that has one."""
        self.steps = False
        """Some priced quantity has a step_size above 1."""
        self.seen: dict[str, int] = {}
        """Ambiguities met, and the period where first."""

    def run(self, measured: Sequence[Measured], tariffs: Sequence[Prepared | None]) -> None:
        for period, tariff in zip(measured, tariffs, strict=True):
            if period.reserving:
                self._reserve(period, tariff)
            else:
                self._charge(period, tariff)

    def _reserve(self, period: Measured, tariff: Prepared | None) -> None:
        if self.reserving_at is None:
            self.reserving_at = period.at
        if tariff is None or not period.reservation:
            return
        self.last = tariff
        now = self.now
        now.kwh = ZERO
        now.elapsed = period.at - self.reserving_at
        now.still()
        if tariff.by_clock:
            now.at(period.start, self.zone)
        if self.outcome is Outcome.CANCELLED and self.policy.cancelled == "free":
            return
        if not self.reserved_flat:
            for flat in reservation_flats(tariff, now, self.outcome, self.policy):
                self.reserved_flat = True
                self.lines.append(Line(period.index, period.start, flat, 1, 1))
        priced = reservation_time(tariff, now, self.outcome)
        if priced is not None:
            seconds = period.reservation
            line = Line(period.index, period.start, priced, seconds, seconds)
            self.lines.append(line)
            self.reserved.append(line)

    def _charge(self, period: Measured, tariff: Prepared | None) -> None:
        self.charged = True
        if self.charging_at is None:
            self.charging_at = period.at
            if self.policy.duration_from == "start" and self.reserving_at is not None:
                self.charging_at = self.reserving_at
        if period.reservation:
            self._reserve(period, tariff)
        before = self.kwh
        if period.energy is not None:
            self.kwh = before + period.energy
        if tariff is None:
            return
        self.last = tariff
        now = self.now
        now.kwh = before if self.policy.kwh_at == "start" else self.kwh
        now.elapsed = period.at - self.charging_at
        if tariff.by_clock:
            now.at(period.start, self.zone)
        if tariff.by_flow:
            self._flows(period, tariff.by_power)
        self._priced(period, tariff)
        if now.unknown:
            now.unknown = False
            self.seen.setdefault("A19", period.index)

    def _priced(self, period: Measured, tariff: Prepared) -> None:
        if tariff.flat and not (self.flats and tariff.flat == self.flats):
            self._flat(period, tariff)
        if tariff.energy and period.energy is not None:
            self._energy(period, tariff, period.energy)
        if tariff.time or (tariff.parking and period.parking is not None):
            self._times(period, tariff)
        if tariff.overtime and period.overtime:
            self._overtime(period, tariff, period.overtime)

    def _overtime(self, period: Measured, tariff: Prepared, seconds: Decimal | int) -> None:
        """After a booking's slot: the fee once, and its time beside that of charging."""
        flat = None if self.overtime_flat else find(tariff.overtime.get(FLAT, ()), self.now)
        if flat is not None:
            self.overtime_flat = True
            self.lines.append(Line(period.index, period.start, flat, 1, 1))
        found = find(tariff.overtime.get(TIME, ()), self.now)
        if found is not None:
            line = Line(period.index, period.start, found, seconds, seconds)
            self.lines.append(line)
            self.overtimes.append(line)

    def _flat(self, period: Measured, tariff: Prepared) -> None:
        if self.flats and self.policy.flat == "session" and "A01" in self.seen:
            return
        found = find(tariff.flat, self.now)
        if found is None or found in self.flats:
            return
        if self.flats:
            self.seen.setdefault("A01", period.index)
            if self.policy.flat == "session":
                return
        self.flats.append(found)
        self.lines.append(Line(period.index, period.start, found, 1, 1))

    def _energy(self, period: Measured, tariff: Prepared, kwh: Decimal) -> None:
        if not kwh and self.policy.zero_volume == "ignored":
            return
        if kwh < 0:
            self.seen.setdefault("A16", period.index)
            if self.policy.negative_energy == "free":
                return
        found = find(tariff.energy, self.now)
        if found is not None:
            line = Line(period.index, period.start, found, kwh, kwh)
            self.steps = self.steps or found.step > 1
            self.lines.append(line)
            self.energy.append(line)

    def _times(self, period: Measured, tariff: Prepared) -> None:
        if period.time and period.parking:
            self.seen.setdefault("A25", period.index)
            if self.policy.both_times == "parking_first":
                self._parking(period, tariff)
                self._time(period, tariff)
                return
        elif tariff.time and period.energy and period.time is None and period.parking is None:
            self.seen.setdefault("TIME_MISSING", period.index)
        self._time(period, tariff)
        self._parking(period, tariff)

    def _time(self, period: Measured, tariff: Prepared) -> None:
        if period.time is None or self._counts_not(period.time):
            return
        found = find(tariff.time, self.now)
        if found is not None:
            self._add(period, found, period.time)

    def _parking(self, period: Measured, tariff: Prepared) -> None:
        if period.parking is None or self._counts_not(period.parking):
            return
        now = self.now
        if tariff.by_flow and period.time:
            flows = now.min_current, now.max_current, now.min_power, now.max_power
            now.still()
            found = find(tariff.parking, now)
            now.min_current, now.max_current, now.min_power, now.max_power = flows
        else:
            found = find(tariff.parking, now)
        if found is not None:
            self._add(period, found, period.parking)

    def _add(self, period: Measured, component: Component, seconds: Decimal | int) -> None:
        line = Line(period.index, period.start, component, seconds, seconds)
        self.steps = self.steps or component.step > 1
        self.lines.append(line)
        self.times.append(line)

    def _counts_not(self, volume: Decimal | int) -> bool:
        return not volume and self.policy.zero_volume == "ignored"

    def _flows(self, period: Measured, by_power: bool) -> None:
        """A19: the span's ends; the average where a session has no span; nothing flows parking."""
        now, flows = self.now, period.flows
        if not flows and period.parking and not period.time:
            now.still()
            return
        current = flows.get("CURRENT")
        now.min_current = flows.get("MIN_CURRENT", current)
        now.max_current = flows.get("MAX_CURRENT", current)
        if by_power:
            self._power(period)
        if period.parking and not period.time:
            self._still_where_unknown()

    def _power(self, period: Measured) -> None:
        now, flows = self.now, period.flows
        power = flows.get("POWER")
        low, high = flows.get("MIN_POWER", power), flows.get("MAX_POWER", power)
        if (low is None or high is None) and period.energy is not None and period.time:
            average = QUOTIENT.divide(period.energy * HOUR, Decimal(period.time))
            low = average if low is None else low
            high = average if high is None else high
            self.seen.setdefault("POWER_DERIVED", period.index)
        now.min_power, now.max_power = low, high

    def _still_where_unknown(self) -> None:
        now = self.now
        if now.min_current is None and now.max_current is None:
            now.min_current = now.max_current = ZERO
        if now.min_power is None and now.max_power is None:
            now.min_power = now.max_power = ZERO
