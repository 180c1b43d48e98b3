"""Style of words that have one: legal JSON of the right type, yet not as the standard writes it."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from voltroam.standard import v2_1_1
from voltroam.standard.v2_2_1.types import DisplayText
from voltroam.wire.problems import Findings

Style = Callable[[str, str, Findings], None]


def _language(value: str, path: str, findings: Findings) -> None:
    if len(value) == 2 and not re.fullmatch("[a-z]{2}", value):
        findings.warning(path, "CORE-TYPE-12", "should be two lower-case letters (ISO 639-1)")


def _country(value: str, path: str, findings: Findings) -> None:
    if len(value) == 3 and not re.fullmatch("[A-Z]{3}", value):
        findings.warning(path, "LOC-TXT-02", "should be three upper-case letters (ISO 3166-1)")


def _currency(value: str, path: str, findings: Findings) -> None:
    if len(value) == 3 and value not in currencies():
        findings.warning(path, "mod_tariffs", "is no currency of ISO 4217")


@cache
def currencies() -> frozenset[str]:
    """The alphabetic codes of ISO 4217; read from their package when first needed."""
    import pycountry

    return frozenset(currency.alpha_3 for currency in pycountry.currencies)


def _display_text(value: str, path: str, findings: Findings) -> None:
    if _MARKUP.search(value):
        findings.warning(path, "CORE-TYPE-13", "should hold no markup")


_MARKUP = re.compile(r"<[a-zA-Z/!][^<>]*>")

STYLES: Mapping[str, Style] = MappingProxyType(
    {"language": _language, "country": _country, "currency": _currency}
)
"""By the OCPI word of a type (`Meta(extra={"ocpi": ...})`)."""

MEMBER_STYLES: Mapping[tuple[type, str], Style] = MappingProxyType(
    {(DisplayText, "text"): _display_text, (v2_1_1.DisplayText, "text"): _display_text}
)
"""By object and member, where the word alone does not tell."""


def usual_form(word: str) -> bytes:
    """The pattern of values without any style problem: the cheap test of the fast path."""
    if word == "currency":
        return f"(?:{'|'.join(sorted(currencies()))})".encode()
    return b"[A-Z]{3}" if word == "country" else b"[a-z]{2}"
