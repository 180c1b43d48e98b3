"""What the text's own examples get wrong, read as it is meant and told as an error.

A mend gets a plain object and returns the one to read in its place; the bytes stay as they are.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, TypeGuard

from voltroam.standard import v2_3_0
from voltroam.wire.problems import Findings

Plain = dict[str, Any]
Mend = Callable[[Plain, str, Findings], Plain]

_LARGEST_EXPONENT = 30
"""Beyond are no amounts: the reader refuses them."""


def _price(price: Plain, path: str, findings: Findings) -> Plain:
    """The examples of payments write a Price as 2.2.1 has it (R230-020, RPAY-028)."""
    net, gross = price.get("excl_vat"), price.get("incl_vat")
    if price.get("before_taxes") is not None or not _is_amount(net):
        return price
    findings.error(f"{path}.excl_vat", "R230-020", "is called before_taxes since 2.3.0")
    mended: Plain = {**price, "before_taxes": net}
    if _is_amount(gross) and price.get("taxes") is None:
        mended["taxes"] = [{"name": "VAT", "amount": gross - net}]
    return mended


def _is_amount(value: object) -> TypeGuard[int | Decimal]:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return False
    number = Decimal(value)
    return number.is_finite() and abs(number.adjusted()) <= _LARGEST_EXPONENT


def _cdr(cdr: Plain, path: str, findings: Findings) -> Plain:
    """The tariff in the example of a CDR lacks `tax_included` (R230-025)."""
    tariffs = cdr.get("tariffs")
    if not isinstance(tariffs, list):
        return cdr
    mended = list(tariffs)
    for index, tariff in enumerate(tariffs):
        if isinstance(tariff, dict) and tariff.get("tax_included") is None:
            place = f"{path}.tariffs[{index}].tax_included"
            findings.error(place, "R230-025", "is missing: read as NO")
            mended[index] = {**tariff, "tax_included": "NO"}
    return {**cdr, "tariffs": mended}


MENDS: Mapping[type, Mend] = MappingProxyType({v2_3_0.Price: _price, v2_3_0.CDR: _cdr})
"""By the object to which it belongs."""
