"""Which rate of VAT the tax of an amount has, where the tariffs tell it. Nothing is guessed.

2.2.1 says an amount twice, without and with VAT, and the rate in the tariff only; 2.3.0 has a place
for it beside the tax (OCPI 2.3.0 §types, TaxAmount).
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import listed, moment, number, part, text
from voltroam.bridge.terms import Document

ROUNDED = Decimal("0.02")
"""So far from the rate is an amount that was rounded, and the one before it, to a hundredth."""
_OF = {
    "total_fixed_cost": "FLAT",
    "total_energy_cost": "ENERGY",
    "total_time_cost": "TIME",
    "total_parking_cost": "PARKING_TIME",
}
"""The dimension whose prices make an amount; those about reservations make another."""
_APART = ("reservation", "booking")


def rate_of(member: str, tariffs: Iterable[Any]) -> Decimal | None:
    """The one rate that all prices have which an amount can be made of; None if there is none."""
    rates = {rate for tariff in tariffs for rate in _rates(tariff, member)}
    return rates.pop() if len(rates) == 1 else None


def with_rate(price: Document, rate: Decimal | None, at: str, crossing: Crossing) -> Document:
    """The price with the rate of its only tax, if the amounts agree with it."""
    taxes = price.get("taxes")
    if rate is None or not isinstance(taxes, list) or len(taxes) != 1:
        return price
    (tax,) = taxes
    before = number(price.get("before_taxes"))
    amount = number(tax.get("amount")) if isinstance(tax, dict) else None
    if before is None or amount is None or "percentage" in tax:
        return price
    if abs(before * rate / 100 - amount) > ROUNDED:
        return price
    crossing.note("vat-rate", f"{at}/taxes/0/percentage")
    return {**price, "taxes": [{"name": tax["name"], "percentage": rate, "amount": amount}]}


def tariffs_of(session: Document, crossing: Crossing) -> list[Mapping[str, Any]]:
    """The tariffs that a session names, none if one is not known as it was at the start."""
    start, found = text(session, "start_date_time"), []
    for period in listed(session, "charging_periods"):
        name = text(period, "tariff_id") if isinstance(period, dict) else None
        tariff = crossing.terms.tariff_of(name) if name is not None else None
        if tariff is None or start is None or not _is_before(tariff, start):
            return []
        found.append(tariff)
    return found


def _is_before(tariff: Mapping[str, Any], start: str) -> bool:
    try:
        return moment(text(tariff, "last_updated") or "") <= moment(start)
    except ValueError:
        return False


def _rates(tariff: Any, member: str) -> Iterable[Decimal | None]:
    """Of prices that are more than nothing; None for one without, or that cannot be read."""
    elements = listed(tariff, "elements") if isinstance(tariff, Mapping) else []
    if not elements:
        return [None]
    found: list[Decimal | None] = []
    for element in elements:
        if not isinstance(element, dict):
            return [None]
        apart = any(name in (part(element, "restrictions") or {}) for name in _APART)
        for component in listed(element, "price_components"):
            if not isinstance(component, dict):
                return [None]
            if _belongs(member, component.get("type"), apart=apart) and (
                number(component.get("price")) != 0
            ):
                found.append(number(component.get("vat")))
    return found


def _belongs(member: str, kind: object, *, apart: bool) -> bool:
    if member == "total_cost":
        return True
    if member == "total_reservation_cost":
        return apart
    return not apart and _OF.get(member) == kind
