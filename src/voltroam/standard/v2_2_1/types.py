"""What several chapters share (OCPI 2.2.1 §types)."""

from enum import StrEnum

import msgspec

from voltroam.standard.types import Language, Number, String512


class Role(StrEnum):
    """What a party does in the market.

    PTP is a payment terminal provider: a word of the payments package of 2.3.0, which a party has
    whatever version it speaks.
    """

    CPO = "CPO"
    EMSP = "EMSP"
    HUB = "HUB"
    NAP = "NAP"
    NSP = "NSP"
    OTHER = "OTHER"
    PTP = "PTP"
    SCSP = "SCSP"


class DisplayText(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A text for drivers in one language, without markup."""

    language: Language
    text: String512


class Price(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """An amount of money; the currency stands in the object around it."""

    excl_vat: Number
    incl_vat: Number | None = None
