"""A second, naive reading of the rules: looks at every second of a session on its own.

Shares nothing with the engine but the tariff's shape: whole numbers, plain loops, no periods.
Each second asks every restriction of every component again; nothing is carried over from the
second before but the counters.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
MIDNIGHT = 24 * 60


@dataclass
class Segment:
    """Seconds in one state: `charging`, `parking` or `reserved`; flows None where unknown."""

    state: str
    seconds: int
    grams: int = 0
    """Thousandths of a kWh per second."""
    amps: int | None = None
    kilowatts: int | None = None


@dataclass
class Told:
    """What the engine must say too."""

    net: dict[str, Fraction] = field(default_factory=dict)
    gross: dict[str, Fraction] = field(default_factory=dict)
    taxed: bool = False
    total: tuple[Fraction, Fraction | None] = (Fraction(0), None)


@dataclass(slots=True)
class Second:
    """One second, and what is known as it begins."""

    minute: int
    """Of the local day, by the clock on the wall."""
    day: int
    weekday: int
    state: str
    grams: int
    used: int
    since: int
    amps: int | None
    kilowatts: int | None


class Limits:
    """Restrictions of one element as whole numbers: minutes, day numbers, thousandths of a kWh."""

    def __init__(self, plain: dict[str, Any]) -> None:
        self.start = self.end = None
        if "start_time" in plain or "end_time" in plain:
            self.start = minute_of(plain.get("start_time", "00:00"))
            self.end = minute_of(plain.get("end_time", "00:00")) or MIDNIGHT
        self.days = [DAYS.index(name) for name in plain.get("day_of_week") or DAYS]
        self.first = day_number(plain.get("start_date", "0001-01-01"))
        self.after = day_number(plain.get("end_date", "9999-01-01"))
        self.min_grams, self.max_grams = thousand(plain, "min_kwh"), thousand(plain, "max_kwh")
        self.min_since, self.max_since = plain.get("min_duration"), plain.get("max_duration")
        self.min_amps, self.max_amps = plain.get("min_current"), plain.get("max_current")
        self.min_power, self.max_power = plain.get("min_power"), plain.get("max_power")


def minute_of(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def day_number(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def thousand(plain: dict[str, Any], name: str) -> int | None:
    return None if name not in plain else int(plain[name] * 1000)


def seconds(start: datetime, segments: list[Segment], zone: ZoneInfo) -> Iterator[Second]:
    at = grams = 0
    began: int | None = None
    for segment in segments:
        still = segment.state != "charging"
        amps = 0 if still else segment.amps
        power = 0 if still else segment.kilowatts
        if segment.state != "reserved" and began is None:
            began = at
        for _ in range(segment.seconds):
            local = (start + timedelta(seconds=at)).astimezone(zone)
            yield Second(
                local.hour * 60 + local.minute,
                local.toordinal(),
                local.weekday(),
                segment.state,
                grams,
                segment.grams,
                at - (began or 0),
                amps,
                power,
            )
            grams += segment.grams
            at += 1


def applies(limits: Limits, now: Second) -> bool:
    start, end = limits.start, limits.end
    if start is not None and end is not None:
        if start < end and not start <= now.minute < end:
            return False
        if end < start and not (now.minute >= start or now.minute < end):
            return False
    return (
        now.weekday in limits.days
        and limits.first <= now.day < limits.after
        and within(now.grams, limits.min_grams, limits.max_grams)
        and within(now.since, limits.min_since, limits.max_since)
        and within(now.amps, limits.min_amps, limits.max_amps)
        and within(now.kilowatts, limits.min_power, limits.max_power)
    )


def within(value: int | None, low: int | None, high: int | None) -> bool:
    if low is None and high is None:
        return True
    if value is None or (low is not None and value < low):
        return False
    return high is None or value < high


Offers = list[tuple[Limits | None, dict[str, Any]]]


def offers(tariff: dict[str, Any], kind: str, reservation: str | None) -> Offers:
    """The components of one kind in the order of the tariff, each with its element's limits."""
    found: Offers = []
    for element in tariff["elements"]:
        plain = element.get("restrictions") or {}
        if plain.get("reservation") != reservation:
            continue
        limits = Limits(plain) if plain else None
        found += [(limits, one) for one in element["price_components"] if one["type"] == kind]
    return found


def pick(candidates: Offers, now: Second) -> dict[str, Any] | None:
    for limits, component in candidates:
        if limits is None or applies(limits, now):
            return component
    return None


class Meter:
    """Whole seconds and thousandths of a kWh per component, and the last component of each."""

    def __init__(self) -> None:
        self.used: dict[str, dict[int, int]] = {}
        self.known: dict[int, dict[str, Any]] = {}
        self.last: dict[str, int] = {}
        self.last_time: str | None = None

    def count(self, dimension: str, component: dict[str, Any] | None, amount: int) -> None:
        if component is None:
            return
        name = id(component)
        self.known[name] = component
        self.last[dimension] = name
        counted = self.used.setdefault(dimension, {})
        counted[name] = counted.get(name, 0) + amount
        if dimension in ("TIME", "PARKING"):
            self.last_time = dimension

    def step(self, dimension: str) -> None:
        if dimension not in self.used:
            return
        total = sum(self.used[dimension].values())
        step = self.known[self.last[dimension]]["step_size"]
        while total > 0 and total % step:
            self.used[dimension][self.last[dimension]] += 1
            total += 1


def simulate(
    tariff: dict[str, Any],
    start: datetime,
    segments: list[Segment],
    zone: ZoneInfo,
    outcome: str | None,
) -> Told:
    meter = Meter()
    flat = booked = False
    names = ("FLAT", "ENERGY", "TIME", "PARKING_TIME")
    usual = {kind: offers(tariff, kind, None) for kind in names}
    held = {kind: offers(tariff, kind, "RESERVATION") for kind in names}
    if outcome == "EXPIRED":
        held = {kind: offers(tariff, kind, "RESERVATION_EXPIRES") + held[kind] for kind in names}
    charged = any(segment.state != "reserved" for segment in segments)
    for now in seconds(start, segments, zone):
        if now.state == "reserved":
            if not booked and (fee := pick(held["FLAT"], now)):
                booked = True
                meter.count("BOOKING", fee, 1)
            meter.count("RESERVATION", pick(held["TIME"], now), 1)
            continue
        if not flat and (fee := pick(usual["FLAT"], now)):
            flat = True
            meter.count("FIXED", fee, 1)
        if now.state == "charging":
            if now.used:
                meter.count("ENERGY", pick(usual["ENERGY"], now), now.used)
            meter.count("TIME", pick(usual["TIME"], now), 1)
        else:
            meter.count("PARKING", pick(usual["PARKING_TIME"], now), 1)
    meter.step("ENERGY")
    meter.step("RESERVATION")
    if meter.last_time is not None:
        meter.step(meter.last_time)
    return tell(tariff, meter, charged=charged)


PER = {"FIXED": 1, "BOOKING": 1, "ENERGY": 1000, "TIME": 3600, "PARKING": 3600, "RESERVATION": 3600}


def tell(tariff: dict[str, Any], meter: Meter, *, charged: bool) -> Told:
    told = Told()
    for dimension, counted in meter.used.items():
        name = "RESERVATION" if dimension == "BOOKING" else dimension
        for which, amount in counted.items():
            component = meter.known[which]
            vat = component.get("vat")
            net = Fraction(component["price"]) * amount / PER[dimension]
            told.net[name] = told.net.get(name, Fraction(0)) + net
            gross = net if vat is None else net * (100 + Fraction(vat)) / 100
            told.gross[name] = told.gross.get(name, Fraction(0)) + gross
            told.taxed |= vat is not None
    net, gross = sum(told.net.values(), Fraction(0)), sum(told.gross.values(), Fraction(0))
    if high := tariff.get("max_price"):
        net = min(net, Fraction(high["before_taxes"]))
        gross = min(gross, Fraction(high["after_taxes"]))
    low = tariff.get("min_price")
    if low and charged:
        net = max(net, Fraction(low["before_taxes"]))
        gross = max(gross, Fraction(low["after_taxes"]))
    told.total = (net, gross if told.taxed else None)
    return told
