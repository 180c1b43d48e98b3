"""What a CDR costs, whatever version wrote it down."""

from decimal import Decimal
from typing import Any

import msgspec

from voltroam.roaming.reconciling.reconciliation import Amount

_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def amount_of(document: bytes) -> Amount | None:
    """`total_cost` as a price before taxes and its taxes, as two prices, or as one number."""
    cdr: Any = _DECODER.decode(document)
    cost, currency = cdr.get("total_cost"), cdr.get("currency")
    if not isinstance(currency, str):
        return None
    if isinstance(cost, int | Decimal) and not isinstance(cost, bool):
        return Amount(Decimal(cost), None, currency)
    if not isinstance(cost, dict):
        return None
    before = cost.get("before_taxes", cost.get("excl_vat"))
    if not isinstance(before, int | Decimal):
        return None
    after = cost.get("incl_vat")
    if isinstance(cost.get("taxes"), list):
        after = before + sum((Decimal(tax["amount"]) for tax in cost["taxes"]), Decimal(0))
    return Amount(Decimal(before), None if after is None else Decimal(after), currency)
