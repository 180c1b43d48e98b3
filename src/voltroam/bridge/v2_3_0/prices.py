"""Amounts of money between 2.2.1 and 2.3.0."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import listed, number, renamed
from voltroam.bridge.terms import Document

VAT = "VAT"
"""The name of the one tax that 2.2.1 knows."""

_LIMIT = {"excl_vat": "before_taxes", "incl_vat": "after_taxes"}


def price_up(price: Document, at: str, crossing: Crossing) -> Document:
    """`excl_vat` is before taxes, the rest to `incl_vat` is VAT (OCPI 2.3.0 §types, Price).

    Without `incl_vat` the taxes are unknown and stay unset: an empty list could be read as none.
    """
    if "before_taxes" in price:
        return price
    before = number(price.get("excl_vat"))
    if before is None:
        crossing.note("amount-unreadable", f"{at}/excl_vat")
        return price
    raised = renamed(price, {"excl_vat": "before_taxes"})
    after = number(raised.pop("incl_vat", None))
    if after is None:
        crossing.note("taxes-unknown", f"{at}/incl_vat")
        return raised
    raised["taxes"] = [{"name": VAT, "amount": after - before}]
    crossing.note("vat-amount", f"{at}/incl_vat")
    return raised


def price_down(price: Document, at: str, crossing: Crossing, *, untaxed: bool = False) -> Document:
    """`before_taxes` is without VAT, the sum of the taxes makes `incl_vat` (OCPI 2.2.1 §types).

    Unset taxes are unknown and an empty list says nothing safe either: `incl_vat` stays away,
    unless no tax applies at all (`untaxed`: every tariff is N/A).
    """
    if "before_taxes" not in price:
        if "excl_vat" in price:
            crossing.note("price-of-2.2.1", at)
        return price
    before = number(price["before_taxes"])
    if before is None:
        crossing.note("amount-unreadable", f"{at}/before_taxes")
        return price
    lowered = renamed(price, {"before_taxes": "excl_vat"})
    taxes = lowered.pop("taxes", None)
    if untaxed and not taxes:
        lowered["incl_vat"] = price["before_taxes"]
        crossing.note("no-tax-applies", f"{at}/taxes")
    elif not isinstance(taxes, list):
        crossing.note("taxes-unset", f"{at}/taxes")
    elif not taxes:
        crossing.note("taxes-empty", f"{at}/taxes")
    elif (total := _sum(price)) is None:
        crossing.note("taxes-unreadable", f"{at}/taxes")
    else:
        lowered["incl_vat"] = before + total
        crossing.note("vat-included" if _only_vat(taxes) else "taxes-summed", f"{at}/taxes")
    return lowered


def limit_up(price: Document, at: str, crossing: Crossing) -> Document:
    """A bound keeps its two numbers under new names (OCPI 2.3.0 §mod_tariffs, PriceLimit)."""
    if "before_taxes" in price:
        return price
    crossing.note("limit-renamed", at)
    return renamed(price, _LIMIT)


def limit_down(limit: Document, at: str, crossing: Crossing) -> Document:
    """The same two numbers as a Price (OCPI 2.2.1 §mod_tariffs, Tariff)."""
    if "excl_vat" in limit:
        crossing.note("price-of-2.2.1", at)
        return limit
    crossing.note("limit-as-price", at)
    return renamed(limit, {new: old for old, new in _LIMIT.items()})


def _sum(price: Mapping[str, Any]) -> Decimal | None:
    """Of all taxes; None if one of them cannot be read."""
    amounts = [
        number(tax.get("amount")) if isinstance(tax, dict) else None
        for tax in listed(price, "taxes")
    ]
    return None if None in amounts else sum((one for one in amounts if one), Decimal(0))


def _only_vat(taxes: list[Any]) -> bool:
    """Whether 2.2.1 says the same: one tax, named VAT, with nothing else told of it."""
    return len(taxes) == 1 and taxes[0].get("name") == VAT and set(taxes[0]) <= {"name", "amount"}
