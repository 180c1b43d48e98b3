"""A second, naive reading of the rules: looks at every second of a session on its own.

Shares nothing with the engine but the tariff's shape: fractions, plain loops, no periods.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]


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


@dataclass
class Second:
    clock: str
    today: str
    weekday: str
    state: str
    kwh: Fraction
    used: Fraction
    since: int
    amps: int | None
    kilowatts: int | None


def seconds(start: datetime, segments: list[Segment], zone: ZoneInfo) -> Iterator[Second]:
    moment, kwh = start, Fraction(0)
    began: datetime | None = None
    for segment in segments:
        for _ in range(segment.seconds):
            if segment.state != "reserved" and began is None:
                began = moment
            since = moment - (began or start)
            still = segment.state != "charging"
            local = moment.astimezone(zone)
            yield Second(
                f"{local.hour:02d}:{local.minute:02d}",
                local.date().isoformat(),
                DAYS[local.weekday()],
                segment.state,
                kwh,
                Fraction(segment.grams, 1000),
                int(since.total_seconds()),
                0 if still else segment.amps,
                0 if still else segment.kilowatts,
            )
            kwh += Fraction(segment.grams, 1000)
            moment += timedelta(seconds=1)


def applies(limits: dict[str, Any], now: Second) -> bool:
    clock, today = now.clock, now.today
    start, end = limits.get("start_time"), limits.get("end_time")
    if start is not None or end is not None:
        start, end = start or "00:00", end or "24:00"
        end = "24:00" if end == "00:00" else end
        if start < end and not start <= clock < end:
            return False
        if end < start and not (clock >= start or clock < end):
            return False
    if today < limits.get("start_date", "0000") or today >= limits.get("end_date", "9999"):
        return False
    days = limits.get("day_of_week")
    if days and now.weekday not in days:
        return False
    known = {"kwh": now.kwh, "duration": now.since, "current": now.amps, "power": now.kilowatts}
    for name, value in known.items():
        low, high = limits.get(f"min_{name}"), limits.get(f"max_{name}")
        if low is None and high is None:
            continue
        if value is None or (low is not None and value < low):
            return False
        if high is not None and value >= high:
            return False
    return True


def pick(tariff: dict[str, Any], kind: str, now: Second, reservation: str | None) -> Any:
    for element in tariff["elements"]:
        limits = element.get("restrictions") or {}
        if limits.get("reservation") != reservation:
            continue
        for component in element["price_components"]:
            if component["type"] == kind and applies(limits, now):
                return component
    return None


def reserved(tariff: dict[str, Any], kind: str, now: Second, expired: bool) -> Any:
    found = pick(tariff, kind, now, "RESERVATION_EXPIRES") if expired else None
    return found or pick(tariff, kind, now, "RESERVATION")


class Meter:
    """Quantities per component, by dimension, and the last component of each."""

    def __init__(self) -> None:
        self.used: dict[str, list[tuple[Any, Fraction]]] = {}
        self.last_time: str | None = None

    def count(self, dimension: str, component: Any, amount: Fraction) -> None:
        if component is not None:
            self.used.setdefault(dimension, []).append((component, amount))
            if dimension in ("TIME", "PARKING"):
                self.last_time = dimension

    def step(self, dimension: str, per: int) -> None:
        entries = self.used.get(dimension)
        if entries:
            step = Fraction(entries[-1][0]["step_size"], per)
            total = sum(amount for _, amount in entries)
            if total > 0:
                entries.append((entries[-1][0], ceil(total / step) * step - total))


def simulate(
    tariff: dict[str, Any],
    start: datetime,
    segments: list[Segment],
    zone: ZoneInfo,
    outcome: str | None,
) -> Told:
    meter = Meter()
    flat = booked = False
    expired = outcome == "EXPIRED"
    charged = any(segment.state != "reserved" for segment in segments)
    for now in seconds(start, segments, zone):
        if now.state == "reserved":
            if not booked and (fee := reserved(tariff, "FLAT", now, expired)):
                booked = True
                meter.count("BOOKING", fee, Fraction(1))
            second = Fraction(1, 3600)
            meter.count("RESERVATION", reserved(tariff, "TIME", now, expired), second)
            continue
        if not flat and (fee := pick(tariff, "FLAT", now, None)):
            flat = True
            meter.count("FIXED", fee, Fraction(1))
        if now.state == "charging":
            if now.used:
                meter.count("ENERGY", pick(tariff, "ENERGY", now, None), now.used)
            meter.count("TIME", pick(tariff, "TIME", now, None), Fraction(1, 3600))
        else:
            meter.count("PARKING", pick(tariff, "PARKING_TIME", now, None), Fraction(1, 3600))
    meter.step("ENERGY", 1000)
    meter.step("RESERVATION", 3600)
    if meter.last_time is not None:
        meter.step(meter.last_time, 3600)
    return tell(tariff, meter, charged=charged)


def tell(tariff: dict[str, Any], meter: Meter, *, charged: bool) -> Told:
    told = Told()
    for dimension, entries in meter.used.items():
        name = "RESERVATION" if dimension == "BOOKING" else dimension
        for component, amount in entries:
            vat = component.get("vat")
            net = Fraction(component["price"]) * amount
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
