"""Tariffs between 2.2.1 and 2.3.0."""

from decimal import Decimal
from typing import Any

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import each, listed, number, part, text, within
from voltroam.bridge.packages import core_tariff
from voltroam.bridge.terms import Document, Relaxation
from voltroam.bridge.v2_3_0.prices import limit_down, limit_up

LIMITS = ("min_price", "max_price")
DIGITS = Decimal("0.000001")
"""How finely a price is written after its tax was taken out."""
TAXES_EXTRA = {"language": "en", "text": "Taxes are charged extra."}
SALES_TAX_COUNTRIES = ("US", "CA")
SALES_TAX_CURRENCIES = ("USD", "CAD")
"""Where prices are shown without taxes that 2.2.1 cannot name."""


def tariff_up(tariff: Document, at: str, crossing: Crossing) -> Document:
    """Bounds are renamed, and prices come before taxes (OCPI 2.3.0 §mod_tariffs, Tariff).

    2.2.1 prices are always without VAT, so `tax_included` is NO; never N/A, which would say that
    no tax exists, while a missing `vat` may only be unknown.
    """
    if "tax_included" in tariff:
        return tariff
    raised = dict(tariff)
    raised["tax_included"] = "NO"
    certain = all("vat" in component for component in _components(tariff))
    crossing.note("tax-included-no" if certain else "tax-included-inferred", at)
    for name in LIMITS:
        within(raised, name, at, lambda one, where: limit_up(one, where, crossing))
    return raised


def tariff_down(tariff: Document, at: str, crossing: Crossing) -> Document | None:
    """Prices must be without tax, what books a slot goes (OCPI 2.2.1 §mod_tariffs, Tariff).

    Prices that include a tax of known rate are divided, if that loses no digit or the partner
    allows it; if the rate is not known the tariff is refused.
    """
    cored = core_tariff(tariff, at, crossing)
    if cored is None:
        return None
    lowered = dict(cored)
    included = lowered.pop("tax_included", None)
    for name in LIMITS:
        within(lowered, name, at, lambda one, where: limit_down(one, where, crossing))
    where = f"{at}/tax_included"
    if included == "N/A":
        crossing.note("tax-not-applicable", where)
        return lowered
    if included == "YES":
        return _net(lowered, at, crossing)
    if included is None:
        crossing.note("tax-included-missing", where)
    elif included == "NO":
        crossing.note("tax-included-dropped", where)
    else:
        crossing.note("tax-included-unknown", where)
        return None
    return _taxes_extra(lowered, at, crossing)


def _taxes_extra(tariff: Document, at: str, crossing: Crossing) -> Document:
    """Say in words what 2.2.1 reads otherwise: without `vat` it means that no VAT applies."""
    country = (text(tariff, "country_code") or "").upper()
    if country not in SALES_TAX_COUNTRIES and tariff.get("currency") not in SALES_TAX_CURRENCIES:
        return tariff
    if all("vat" in one or not number(one.get("price")) for one in _components(tariff)):
        return tariff
    crossing.note("taxes-extra", f"{at}/tariff_alt_text")
    return tariff | {"tariff_alt_text": [*listed(tariff, "tariff_alt_text"), TAXES_EXTRA]}


def _net(tariff: Document, at: str, crossing: Crossing) -> Document | None:
    """Every price without the tax that it includes; None if one cannot be told."""
    refused: list[str] = []

    def component(one: Document, where: str) -> Document:
        found, code = _net_price(one)
        if code is None:
            return one
        rounded = code == "net-price-rounded"
        if found is None or (rounded and not crossing.relaxed(Relaxation.ROUNDED_NET_PRICES)):
            refused.append(where)
            crossing.note("net-price-inexact" if rounded else code, f"{where}/price")
            return one
        crossing.note(code, f"{where}/price")
        return one | {"price": found}

    def element(one: Document, where: str) -> Document:
        copied = dict(one)
        each(copied, "price_components", where, component)
        return copied

    each(tariff, "elements", at, element)
    if refused:
        crossing.note("tax-included-refused", f"{at}/tax_included")
        return None
    crossing.note("tax-taken-out", f"{at}/tax_included")
    return tariff


def _net_price(component: Document) -> tuple[Decimal | None, str | None]:
    """The price without tax, and the code of what was done; no code where nothing was."""
    price = number(component.get("price"))
    if price is None:
        return None, "amount-unreadable"
    if price == 0:
        return None, None
    rate = number(component.get("vat"))
    if rate is None or rate <= -100:
        return None, "tax-rate-unknown"
    if rate == 0:
        return None, None
    factor = (100 + rate) / 100
    net = (price / factor).quantize(DIGITS)
    if net * factor == price:
        return _short(net), "net-price"
    return net, "net-price-rounded"


def _short(amount: Decimal) -> Decimal:
    """Without zeros that say nothing, and never with an exponent."""
    found = amount.normalize()
    return found if int(found.as_tuple().exponent) <= 0 else found.quantize(Decimal(1))


def _components(tariff: Document) -> list[dict[str, Any]]:
    return [
        component
        for element in listed(tariff, "elements")
        if isinstance(element, dict)
        for component in listed(element, "price_components")
        if isinstance(component, dict)
    ]


def untaxed(tariffs: list[Any]) -> bool:
    """Whether no tax applies at all: there are tariffs, and each says N/A."""
    return bool(tariffs) and all(
        isinstance(one, dict) and one.get("tax_included") == "N/A" for one in tariffs
    )


def has_tax_members(tariff: Document) -> bool:
    """Whether a tariff still has the members of 2.3.0, for 2.2.1 cannot say the same."""
    limits = (part(tariff, name) for name in LIMITS)
    return "tax_included" in tariff or any(one and "before_taxes" in one for one in limits)
