"""What several chapters share, where 2.3.0 differs from 2.2.1 (OCPI 2.3.0 §types)."""

import msgspec

from voltroam.standard.types import Number

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
