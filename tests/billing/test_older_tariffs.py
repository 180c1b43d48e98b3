"""Tariffs of 2.1.1 are priced as what they become in later versions."""

from decimal import Decimal
from typing import Any

import msgspec
from tests.pricing.build import at, bill, cost, of

from voltroam.bridge.convert import convert
from voltroam.bridge.terms import Terms
from voltroam.standard import v2_3_0
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import V2_1_1, V2_3_0

WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]
MONDAY = at("2026-06-01 08:00")
"""10:00 in Amsterdam."""
SATURDAY = at("2026-06-06 08:00")


def element(kind: str, price: str, step: int, **restrictions: Any) -> dict[str, Any]:
    component = {"type": kind, "price": Decimal(price), "step_size": step}
    return {"price_components": [component], "restrictions": restrictions}


COMPLEX: dict[str, Any] = {
    "id": "T", "currency": "EUR", "last_updated": "2015-06-29T20:39:09Z",
    "elements": [
        {"price_components": [{"type": "FLAT", "price": Decimal("2.50"), "step_size": 1}]},
        element("TIME", "1.00", 900, max_power=Decimal(32)),
        element("TIME", "2.00", 600, min_power=Decimal(32), day_of_week=WEEKDAYS),
        element("TIME", "1.25", 600, min_power=Decimal(32), day_of_week=["SATURDAY", "SUNDAY"]),
        element("PARKING_TIME", "5.00", 300, start_time="09:00", end_time="18:00",
                day_of_week=WEEKDAYS),
        element("PARKING_TIME", "6.00", 300, start_time="10:00", end_time="17:00",
                day_of_week=["SATURDAY"]),
    ],
}  # fmt: skip
"""The shape of the complex example of 2.1.1: by the letter, only its first element ever holds."""


def later() -> v2_3_0.Tariff:
    terms = Terms(owner=PartyId("NL", "AAA"))
    found = convert("Tariff", COMPLEX, source=V2_1_1, target=V2_3_0, terms=terms)
    return msgspec.convert(found.value, v2_3_0.Tariff, strict=False)


def test_an_element_is_chosen_for_each_dimension() -> None:
    """R211-078: the start, two hours at 40 kW, then a quarter of an hour of parking.

    Monday: 2.50 + 2 × 2.00 + 0.25 × 5.00 = 7.75; Saturday: 2.50 + 2 × 1.25 + 0.25 × 6.00 = 6.50.
    """
    charge = (120.0, {"T": None, "E": 80, "MINP": 40, "MAXP": 40})
    parked = (15.0, {"P": None})
    assert cost(bill(later(), charge, parked, start=MONDAY)) == of("7.75")
    assert cost(bill(later(), charge, parked, start=SATURDAY)) == of("6.50")
