"""What several chapters share (OCPI 2.1.1 §types).

All strings are printable ASCII and case sensitive here, identifiers included: two ids that differ
in case only are two objects. `Meta(extra={"ocpi": ...})` says `identifier` for those that name an
object or a driver, and `ascii` for all other strings. Only CDR ids are CiStrings.
"""

from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from voltroam.standard.types import Language

_IDENTIFIER = {"ocpi": "identifier"}
_ASCII = {"ocpi": "ascii"}

# Identifiers; those that are required are never empty: they become URL segments.
CountryCode = Annotated[str, Meta(min_length=2, max_length=2, extra=_IDENTIFIER)]
"""ISO 3166-1 alpha-2."""
PartyCode = Annotated[str, Meta(min_length=1, max_length=3, extra=_IDENTIFIER)]
"""The company's id after ISO 15118, unique within its country code."""
Name36 = Annotated[str, Meta(min_length=1, max_length=36, extra=_IDENTIFIER)]
Name39 = Annotated[str, Meta(min_length=1, max_length=39, extra=_IDENTIFIER)]
"""Locations and EVSEs: three characters more than in later versions."""
Identifier36 = Annotated[str, Meta(max_length=36, extra=_IDENTIFIER)]
Identifier39 = Annotated[str, Meta(max_length=39, extra=_IDENTIFIER)]
Identifier48 = Annotated[str, Meta(max_length=48, extra=_IDENTIFIER)]

# any other text
String4 = Annotated[str, Meta(max_length=4, extra=_ASCII)]
String10 = Annotated[str, Meta(max_length=10, extra=_ASCII)]
String16 = Annotated[str, Meta(max_length=16, extra=_ASCII)]
String45 = Annotated[str, Meta(max_length=45, extra=_ASCII)]
String64 = Annotated[str, Meta(max_length=64, extra=_ASCII)]
String100 = Annotated[str, Meta(max_length=100, extra=_ASCII)]
String255 = Annotated[str, Meta(max_length=255, extra=_ASCII)]
String512 = Annotated[str, Meta(max_length=512, extra=_ASCII)]

Latitude = Annotated[
    str,
    Meta(max_length=10, pattern=r"^-?[0-9]{1,2}\.[0-9]{6}\Z", extra={"ocpi": "latitude"}),
]
Longitude = Annotated[
    str,
    Meta(max_length=11, pattern=r"^-?[0-9]{1,3}\.[0-9]{6}\Z", extra={"ocpi": "longitude"}),
]
"""Degrees, with six decimals exactly."""

Money = Annotated[Decimal, Meta(extra={"ocpi": "number or text"})]
"""A number. The chapter's own CDR example writes one in quotes, so that is read, and told."""


class DisplayText(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A text for drivers in one language, without markup."""

    language: Language
    text: String512
