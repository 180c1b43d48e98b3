"""The types of the standard as annotations: lengths, formats and the OCPI word for each.

`Meta(extra={"ocpi": ...})` names the OCPI type, so that a reader can tell an identifier
(`CiString`: printable ASCII, compared without case) from a `string` (any printable character),
although both are `str`. Which characters are printable is checked by the decoder, not here:
a pattern on every string would cost more than all other checks together (OCPI 2.2.1 §types).
`extra_json_schema` is for documents such as OpenAPI and checks nothing.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, Self

from msgspec import Meta

_CI = {"ocpi": "CiString"}
_STRING = {"ocpi": "string"}

NOT_AVAILABLE: Final = "#NA"
"""Stands in a required string for data that cannot be known (OCPI 2.2.1 §transport, no data)."""


class OpenEnum(StrEnum):
    """Known words, and whatever else a party says (OCPI 2.3.0 §types, OpenEnum).

    A word that is not listed becomes a member of its own, equal to its text: it is read, kept and
    written like any other. Known words are still one object each, so `is` tells them apart.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str) or not value or not value.isprintable():
            return None
        other = str.__new__(cls, value)
        other._name_ = other._value_ = value
        return other


# CiString: an identifier. Required identity is never empty: it becomes a URL segment.
CountryCode = Annotated[str, Meta(min_length=2, max_length=2, extra=_CI)]
"""ISO 3166-1 alpha-2."""
PartyCode = Annotated[str, Meta(min_length=1, max_length=3, extra=_CI)]
"""The company's id after ISO 15118, unique within its country code."""
Id36 = Annotated[str, Meta(min_length=1, max_length=36, extra=_CI)]
Id39 = Annotated[str, Meta(min_length=1, max_length=39, extra=_CI)]
"""CDR ids: three characters more, for credit CDRs (OCPI 2.2.1 §mod_cdrs)."""
CiString = Annotated[str, Meta(extra=_CI)]
"""An identifier to which the standard gives no length."""
CiString4 = Annotated[str, Meta(max_length=4, extra=_CI)]
CiString5 = Annotated[str, Meta(max_length=5, extra=_CI)]
CiString25 = Annotated[str, Meta(max_length=25, extra=_CI)]
CiString32 = Annotated[str, Meta(max_length=32, extra=_CI)]
CiString36 = Annotated[str, Meta(max_length=36, extra=_CI)]
CiString39 = Annotated[str, Meta(max_length=39, extra=_CI)]
CiString48 = Annotated[str, Meta(max_length=48, extra=_CI)]

# string: any printable character.
String4 = Annotated[str, Meta(max_length=4, extra=_STRING)]
String10 = Annotated[str, Meta(max_length=10, extra=_STRING)]
String12 = Annotated[str, Meta(max_length=12, extra=_STRING)]
String16 = Annotated[str, Meta(max_length=16, extra=_STRING)]
String20 = Annotated[str, Meta(max_length=20, extra=_STRING)]
String45 = Annotated[str, Meta(max_length=45, extra=_STRING)]
String50 = Annotated[str, Meta(max_length=50, extra=_STRING)]
String64 = Annotated[str, Meta(max_length=64, extra=_STRING)]
String100 = Annotated[str, Meta(max_length=100, extra=_STRING)]
String255 = Annotated[str, Meta(max_length=255, extra=_STRING)]
String512 = Annotated[str, Meta(max_length=512, extra=_STRING)]
String5000 = Annotated[str, Meta(max_length=5000, extra=_STRING)]

# string with a form of its own.
Language = Annotated[str, Meta(min_length=2, max_length=2, extra={"ocpi": "language"})]
"""ISO 639-1."""
Country = Annotated[str, Meta(min_length=3, max_length=3, extra={"ocpi": "country"})]
"""ISO 3166-1 alpha-3."""
Currency = Annotated[str, Meta(min_length=3, max_length=3, extra={"ocpi": "currency"})]
"""ISO 4217."""
TimeZone = Annotated[str, Meta(max_length=255, extra={"ocpi": "time_zone"})]
"""A name of the IANA time zone database."""
CredentialsToken = Annotated[
    str, Meta(min_length=1, max_length=64, extra={"ocpi": "credentials_token"})
]
"""Printable ASCII without spaces (OCPI 2.2.1 §credentials)."""
URL = Annotated[
    str, Meta(max_length=255, extra={"ocpi": "URL"}, extra_json_schema={"format": "uri"})
]
VersionText = Annotated[str, Meta(min_length=1, extra={"ocpi": "VersionNumber"})]
"""A version's number; text, since a partner may list versions that we do not know."""
ModuleText = Annotated[str, Meta(min_length=1, extra={"ocpi": "ModuleID"})]
"""A module's id; text, since parties may agree on custom modules."""
Latitude = Annotated[
    str,
    Meta(
        max_length=10,
        pattern=r"^(-?[0-9]{1,2}\.[0-9]{5,7}|#NA)\Z",
        extra={"ocpi": "latitude"},
    ),
]
Longitude = Annotated[
    str,
    Meta(
        max_length=11,
        pattern=r"^(-?[0-9]{1,3}\.[0-9]{5,7}|#NA)\Z",
        extra={"ocpi": "longitude"},
    ),
]
"""Degrees. `#NA` as in every required string: a location has no other way to say unknown."""
TimeOfDay = Annotated[
    str,
    Meta(
        max_length=5,
        pattern=r"^([0-1][0-9]|2[0-3]):[0-5][0-9]\Z",
        extra={"ocpi": "time_of_day"},
    ),
]
"""Local time, `HH:MM`."""
Date = Annotated[
    str,
    Meta(
        max_length=10,
        pattern=r"^([12][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\Z",
        extra={"ocpi": "date"},
    ),
]
"""Local date, `YYYY-MM-DD`."""

# the rest
DateTime = Annotated[
    datetime,
    Meta(
        extra={"ocpi": "DateTime"},
        extra_json_schema={
            "maxLength": 25,
            "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z?$",
            "examples": ["2015-06-29T20:39:09Z"],
        },
    ),
]
"""An instant; the decoder reads one without time zone as UTC and refuses offsets."""
Number = Annotated[Decimal, Meta(extra={"ocpi": "number"})]
"""A JSON number, kept as exactly as it was written."""
Pixels = Annotated[int, Meta(ge=0, le=99999)]
"""`int(5)`."""
Weekday = Annotated[int, Meta(ge=1, le=7)]
"""Monday is 1."""
