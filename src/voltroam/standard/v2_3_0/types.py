"""What several chapters share, where 2.3.0 differs from 2.2.1 (OCPI 2.3.0 §types)."""

from enum import StrEnum

import msgspec

from voltroam.standard.types import Number
from voltroam.standard.v2_2_1.types import DisplayText

__all__ = ["DisplayText", "Price", "Role", "TaxAmount"]


class Role(StrEnum):
    """What a party does in the market. A hub is no role here: see Credentials.hub_party_id.

    PTP, the payment terminal provider, comes with the payments package, whose chapters use it
    without adding it to the list.
    """

    CPO = "CPO"
    EMSP = "EMSP"
    NAP = "NAP"
    NSP = "NSP"
    OTHER = "OTHER"
    PTP = "PTP"
    SCSP = "SCSP"


# The chapter gives TaxAmount's strings no length, so none is checked here.


class TaxAmount(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One tax of an amount of money; `percentage` need not multiply up to `amount`."""

    name: str
    amount: Number
    account_number: str | None = None
    percentage: Number | None = None


class Price(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """An amount of money before taxes and its taxes; `taxes` unset is unknown, not tax free."""

    before_taxes: Number
    taxes: list[TaxAmount] | None = None
