"""Tariffs as typed objects, brought up from 2.2.1 by the same steps."""

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.notes import Bridged
from voltroam.bridge.prices import plain_price
from voltroam.bridge.recast import members_of
from voltroam.bridge.terms import Document, Terms
from voltroam.bridge.v2_3_0 import tariffs as steps
from voltroam.standard import v2_2_1 as old
from voltroam.standard import v2_3_0 as new


def tariff_up(tariff: old.Tariff, pointer: str = "") -> Bridged[new.Tariff]:
    """Bounds are renamed, and prices come before taxes (OCPI 2.3.0 §mod_tariffs, Tariff)."""
    crossing = Crossing(Terms())
    found = steps.tariff_up(_changing(tariff), pointer, crossing)
    bounds = {
        name: new.PriceLimit(**found[name]) if name in found else None for name in steps.LIMITS
    }
    members = members_of(tariff) | bounds
    members["tax_included"] = new.TaxIncluded(found["tax_included"])
    value = new.Tariff(**members)
    return Bridged(value, tuple(crossing.notes))


def _changing(tariff: old.Tariff) -> Document:
    """The members that the step reads or changes."""
    components = [
        {} if one.vat is None else {"vat": one.vat}
        for element in tariff.elements
        for one in element.price_components
    ]
    found: Document = {"elements": [{"price_components": components}]}
    for name in steps.LIMITS:
        price: old.Price | None = getattr(tariff, name)
        if price is not None:
            found[name] = plain_price(price)
    return found
