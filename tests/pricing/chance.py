"""Random tariffs and sessions, and the charging periods that a CPO would cut from them."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from tests.pricing.simulator import DAYS, Segment

from voltroam.pricing.boundaries import boundaries, kwh_bounds
from voltroam.standard.v2_3_0 import ChargingPeriod, Tariff

ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/Amsterdam",
        "America/New_York",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "America/Santiago",
        "UTC",
    )
]
STARTS = [
    datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 20, tzinfo=UTC),
    datetime(2026, 11, 1, 5, 40, tzinfo=UTC),
    datetime(2026, 4, 4, 14, 30, tzinfo=UTC),
    datetime(2026, 9, 6, 3, 30, tzinfo=UTC),
    datetime(2026, 6, 5, 21, 40, tzinfo=UTC),
    datetime(2026, 12, 31, 22, 45, tzinfo=UTC),
]


def a_start(chance: Random) -> datetime:
    return chance.choice(STARTS) + timedelta(seconds=chance.randrange(0, 2400))


def a_span(chance: Random) -> int:
    """How many times longer than the usual 1 to 25 minutes: some last hours, a few over a night."""
    return chance.choices((1, 4, 20), (92, 6, 2))[0]


def some_segments(chance: Random, span: int = 1) -> tuple[list[Segment], str | None]:
    segments, outcome = [], None
    if chance.random() < 0.3:
        segments.append(Segment("reserved", chance.randrange(1, 900 * span)))
        outcome = chance.choice(["USED", "EXPIRED", "CANCELLED"])
    if outcome in (None, "USED"):
        for _ in range(chance.randrange(1, 5)):
            long = chance.randrange(1, 500 * span)
            if chance.random() < 0.3:
                segments.append(Segment("parking", long))
                continue
            grams = chance.randrange(0, 20)
            amps = None if chance.random() < 0.1 else chance.randrange(0, 80)
            power = chance.randrange(0, 60)
            segments.append(Segment("charging", long, grams, amps, power))
    return segments, outcome


def near(chance: Random, start: datetime, zone: ZoneInfo, span: int) -> str:
    local = (start + timedelta(seconds=chance.randrange(-600, 2400 * span))).astimezone(zone)
    return local.strftime("%H:%M")


def restrictions(chance: Random, start: datetime, zone: ZoneInfo, span: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    day = start.astimezone(zone).date()
    if chance.random() < 0.35:
        found["start_time"] = near(chance, start, zone, span)
    if chance.random() < 0.35:
        found["end_time"] = chance.choice([near(chance, start, zone, span), "00:00"])
    if chance.random() < 0.15:
        found["day_of_week"] = chance.sample(DAYS, chance.randrange(0, 6))
    if chance.random() < 0.1:
        found["start_date"] = str(day + timedelta(days=chance.randrange(0, 2)))
    if chance.random() < 0.1:
        found["end_date"] = str(day + timedelta(days=chance.randrange(0, 2)))
    for name, most in _most(span):
        if chance.random() < 0.12:
            found[f"min_{name}"] = chance.randrange(0, most)
        if chance.random() < 0.12:
            found[f"max_{name}"] = chance.randrange(1, most)
    return found


def _most(span: int) -> tuple[tuple[str, int], ...]:
    return ("kwh", 8 * span), ("current", 60), ("power", 50), ("duration", 1200 * span)


def a_component(chance: Random, kinds: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": chance.choice(kinds),
        "price": Decimal(chance.randrange(0, 500)) / 100,
        "step_size": chance.choice([0, 1, 1, 7, 60, 300, 900]),
    }
    if chance.random() < 0.6:
        found["vat"] = Decimal(chance.choice(["0", "5.2", "10", "21"]))
    return found


def a_tariff(chance: Random, start: datetime, zone: ZoneInfo, span: int = 1) -> dict[str, Any]:
    elements = []
    for _ in range(chance.randrange(1, 7)):
        kinds = ["ENERGY", "FLAT", "TIME", "PARKING_TIME"]
        element: dict[str, Any] = {}
        if chance.random() < 0.7:
            element["restrictions"] = restrictions(chance, start, zone, span)
            if chance.random() < 0.25:
                kinds = ["FLAT", "TIME"]
                kind = chance.choice(["RESERVATION", "RESERVATION_EXPIRES"])
                element["restrictions"]["reservation"] = kind
        count = chance.randrange(1, 4)
        element["price_components"] = [a_component(chance, kinds) for _ in range(count)]
        elements.append(element)
    tariff: dict[str, Any] = {
        "country_code": "NL",
        "party_id": "TST",
        "id": "random",
        "currency": "EUR",
        "tax_included": "NO",
        "elements": elements,
        "last_updated": "2026-01-01T00:00:00Z",
    }
    for name, least in (("min_price", 0), ("max_price", 2)):
        if chance.random() < 0.25:
            net = Decimal(chance.randrange(least * 100, least * 100 + 200)) / 100
            tariff[name] = {"before_taxes": net, "after_taxes": net + Decimal("0.2")}
    return tariff


def steps_up(tariff: dict[str, Any]) -> dict[str, Any]:
    """The same with step_size 0 said as 1, for the reader that knows no 0."""
    return {
        **tariff,
        "elements": [
            {
                **element,
                "price_components": [
                    {**one, "step_size": one["step_size"] or 1}
                    for one in element["price_components"]
                ],
            }
            for element in tariff["elements"]
        ],
    }


def cuts(tariff: Tariff, start: datetime, segments: list[Segment], zone: ZoneInfo) -> list[int]:
    """Seconds at which a new period starts."""
    long = sum(segment.seconds for segment in segments)
    held = sum(segment.seconds for segment in segments if segment.state == "reserved")
    found, at, grams = {0}, 0, 0
    end = start + timedelta(seconds=long)
    for began in {start, start + timedelta(seconds=held)}:
        for moment in boundaries([tariff], start, end, zone, charging_from=began):
            found.add(int((moment - start).total_seconds()))
    for segment in segments:
        found.add(at)
        for bound in kwh_bounds([tariff]):
            if segment.grams:
                missing = int(bound * 1000) - grams
                inside = -(-missing // segment.grams)
                if 0 < inside < segment.seconds:
                    found.add(at + inside)
        at += segment.seconds
        grams += segment.seconds * segment.grams
    return sorted(found - {long})


def periods(
    tariff: Tariff, start: datetime, segments: list[Segment], zone: ZoneInfo
) -> list[ChargingPeriod]:
    """Hours with four decimals, as CDRs print them."""
    starts, ends, at = [], [], 0
    for segment in segments:
        starts.append(at)
        at += segment.seconds
    ends = cuts(tariff, start, segments, zone)
    found = []
    for begin, finish in zip(ends, [*ends[1:], at], strict=True):
        segment = segments[bisect_right(starts, begin) - 1]
        found.append(_period(segment, start + timedelta(seconds=begin), finish - begin))
    return msgspec.convert(found, list[ChargingPeriod])


def _period(segment: Segment, start: datetime, seconds: int) -> dict[str, Any]:
    kind = {"charging": "TIME", "parking": "PARKING_TIME", "reserved": "RESERVATION_TIME"}
    hours = round(Decimal(seconds) / 3600, 4)
    dimensions = [{"type": kind[segment.state], "volume": hours}]
    if segment.state == "charging":
        energy = Decimal(segment.grams * seconds) / 1000
        dimensions.append({"type": "ENERGY", "volume": energy})
        for name, value in (("CURRENT", segment.amps), ("POWER", segment.kilowatts)):
            if value is not None:
                dimensions.append({"type": f"MIN_{name}", "volume": Decimal(value)})
                dimensions.append({"type": f"MAX_{name}", "volume": Decimal(value)})
    return {"start_date_time": start, "dimensions": dimensions, "tariff_id": "random"}
