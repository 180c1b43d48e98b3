"""How many decimals an amount of a currency has (ISO 4217)."""

from typing import Final

USUAL: Final = 2

_OTHER: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
EXPONENTS: Final = {code: digits for digits, codes in _OTHER.items() for code in codes.split()}
"""Every currency whose minor unit is not a hundredth."""


def exponent(currency: str) -> int:
    """Decimals of an amount in this currency: 2 unless ISO 4217 says otherwise."""
    return EXPONENTS.get(currency.upper(), USUAL)
