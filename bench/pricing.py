"""`python -m bench.pricing`: prices per second on one core, for a simple and a complex tariff."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from bench.rates import Rate, measured, show

from voltroam import pricing
from voltroam.standard.v2_3_0 import ChargingPeriod, Tariff

ZONE = "Europe/Amsterdam"
START = datetime(2026, 6, 6, 9, 30, tzinfo=UTC)
SIMPLE_GOAL = 10_000
COMPLEX_GOAL = 1_500


def tariff(elements: list[dict[str, Any]]) -> Tariff:
    return msgspec.convert(
        {
            "country_code": "NL",
            "party_id": "TST",
            "id": "1",
            "currency": "EUR",
            "tax_included": "NO",
            "elements": elements,
            "last_updated": "2026-01-01T00:00:00Z",
        },
        Tariff,
    )


def component(kind: str, price: str, step: int, vat: int) -> dict[str, Any]:
    return {"type": kind, "price": Decimal(price), "step_size": step, "vat": Decimal(vat)}


WEEK = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]

SIMPLE = tariff(
    [
        {
            "price_components": [
                component("FLAT", "0.50", 1, 20),
                component("ENERGY", "0.25", 1, 10),
                component("PARKING_TIME", "2.00", 900, 20),
            ]
        }
    ]
)

# The shape of the standard's complex example: start fee, time by current and day, parking by hour.
COMPLEX = tariff(
    [
        {"price_components": [component("FLAT", "2.50", 1, 15)]},
        {
            "price_components": [component("TIME", "1.00", 900, 20)],
            "restrictions": {"max_current": Decimal(32)},
        },
        {
            "price_components": [component("TIME", "2.00", 600, 20)],
            "restrictions": {"min_current": Decimal(32), "day_of_week": WEEK},
        },
        {
            "price_components": [component("TIME", "1.25", 600, 20)],
            "restrictions": {"min_current": Decimal(32), "day_of_week": ["SATURDAY", "SUNDAY"]},
        },
        {
            "price_components": [component("PARKING_TIME", "5.00", 300, 10)],
            "restrictions": {"start_time": "09:00", "end_time": "18:00", "day_of_week": WEEK},
        },
        {
            "price_components": [component("PARKING_TIME", "6.00", 300, 10)],
            "restrictions": {"start_time": "10:00", "end_time": "17:00", "day_of_week": [WEEK[0]]},
        },
    ]
)


def session(count: int) -> tuple[list[ChargingPeriod], datetime]:
    """Six minutes a period, the last fifth of them parking."""
    periods = []
    for index in range(count):
        parking = index >= count * 4 // 5
        hours = {"type": "PARKING_TIME" if parking else "TIME", "volume": Decimal("0.1")}
        flows = [
            {"type": "ENERGY", "volume": Decimal("1.234")},
            {"type": "MIN_CURRENT", "volume": Decimal(20 + index % 30)},
            {"type": "MAX_CURRENT", "volume": Decimal(21 + index % 30)},
        ]
        periods.append(
            msgspec.convert(
                {
                    "start_date_time": START + timedelta(minutes=6 * index),
                    "dimensions": [hours] if parking else [hours, *flows],
                    "tariff_id": "1",
                },
                ChargingPeriod,
            )
        )
    return periods, START + timedelta(minutes=6 * count)


def prices(what: str, given: Tariff, count: int, goal: int) -> Rate:
    plan = pricing.compile([given], ZONE)
    periods, end = session(count)
    return measured(what, lambda: plan.price(periods, start=START, end=end), goal)


def rates() -> list[Rate]:
    return [
        prices("prices, simple tariff, 5 periods", SIMPLE, 5, SIMPLE_GOAL),
        prices("prices, complex tariff, 50 periods", COMPLEX, 50, COMPLEX_GOAL),
    ]


if __name__ == "__main__":
    raise SystemExit(show(rates()))
