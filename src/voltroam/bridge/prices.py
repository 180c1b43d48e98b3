"""Amounts of money between 2.2.1 and 2.3.0."""

from voltroam.bridge.notes import Bridged, Note, Severity
from voltroam.standard import v2_2_1 as old
from voltroam.standard import v2_3_0 as new

VAT = "VAT"
"""The name of the one tax that 2.2.1 knows."""


def price_up(price: old.Price, pointer: str = "") -> Bridged[new.Price]:
    """`excl_vat` is before taxes, the rest to `incl_vat` is VAT (OCPI 2.3.0 §types, Price).

    Without `incl_vat` the taxes are unknown and stay unset: an empty list could be read as none.
    """
    if price.incl_vat is None:
        note = Note(
            code="taxes-unknown",
            pointer=f"{pointer}/incl_vat",
            severity=Severity.LOSSLESS,
            text="no amount with VAT was given: the taxes are unknown, which is not zero",
        )
        return Bridged(new.Price(before_taxes=price.excl_vat), (note,))
    tax = new.TaxAmount(name=VAT, amount=price.incl_vat - price.excl_vat)
    note = Note(
        code="vat-amount",
        pointer=f"{pointer}/incl_vat",
        severity=Severity.LOSSLESS,
        text="the difference to the amount without VAT became a tax named VAT",
    )
    return Bridged(new.Price(before_taxes=price.excl_vat, taxes=[tax]), (note,))


def limit_up(price: old.Price, pointer: str = "") -> Bridged[new.PriceLimit]:
    """A bound keeps its two numbers under new names (OCPI 2.3.0 §mod_tariffs, PriceLimit)."""
    note = Note(
        code="limit-renamed",
        pointer=pointer,
        severity=Severity.LOSSLESS,
        text="excl_vat became before_taxes, incl_vat after_taxes",
    )
    limit = new.PriceLimit(before_taxes=price.excl_vat, after_taxes=price.incl_vat)
    return Bridged(limit, (note,))
