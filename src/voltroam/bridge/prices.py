"""Amounts of money as typed objects, brought up from 2.2.1 by the same steps."""

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.notes import Bridged
from voltroam.bridge.terms import Document, Terms
from voltroam.bridge.v2_3_0 import prices as steps
from voltroam.standard import v2_2_1 as old
from voltroam.standard import v2_3_0 as new


def price_up(price: old.Price, pointer: str = "") -> Bridged[new.Price]:
    """`excl_vat` is before taxes, the rest to `incl_vat` is VAT (OCPI 2.3.0 §types, Price)."""
    crossing = Crossing(Terms())
    found = steps.price_up(plain_price(price), pointer, crossing)
    taxes = found.get("taxes")
    value = new.Price(
        before_taxes=found["before_taxes"],
        taxes=None if taxes is None else [new.TaxAmount(**tax) for tax in taxes],
    )
    return Bridged(value, tuple(crossing.notes))


def limit_up(price: old.Price, pointer: str = "") -> Bridged[new.PriceLimit]:
    """A bound keeps its two numbers under new names (OCPI 2.3.0 §mod_tariffs, PriceLimit)."""
    crossing = Crossing(Terms())
    found = steps.limit_up(plain_price(price), pointer, crossing)
    return Bridged(new.PriceLimit(**found), tuple(crossing.notes))


def plain_price(price: old.Price) -> Document:
    found: Document = {"excl_vat": price.excl_vat}
    return found if price.incl_vat is None else found | {"incl_vat": price.incl_vat}
