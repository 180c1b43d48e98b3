"""Documents made from the hand-copied tables: the least that is valid, and all of it."""

from enum import StrEnum
from typing import Any

from tests.standard.chapters import ALL, Member

from voltroam.standard import v2_2_1 as v

MEMBERS = [member for members in ALL.values() for member in members]
TEXTS = [member for member in MEMBERS if member.length is not None]

VALID: dict[tuple[str, str], Any] = {
    ("RegularHours", "weekday"): 1,
    ("RegularHours", "period_begin"): "08:00",
    ("RegularHours", "period_end"): "18:15",
    ("TariffRestrictions", "start_time"): "13:30",
    ("TariffRestrictions", "end_time"): "00:00",
    ("TariffRestrictions", "start_date"): "2015-12-24",
    ("TariffRestrictions", "end_date"): "2015-12-27",
    ("VersionDetails", "version"): "2.2.1",
    ("VersionInfo", "version"): "2.2.1",
    ("Endpoint", "identifier"): "locations",
}
"""Values that the table alone does not give."""

FORMS = {
    "latitude": ("50.770774", "-90.123456"),
    "longitude": ("4.12345", "-126.104965"),
    "country": ("NLD", "NLD"),
    "currency": ("EUR", "EUR"),
    "language": ("en", "en"),
    "country_code": ("NL", "NL"),
}
"""Members with a form: a usual value and one of the greatest length.

The pattern of coordinates would allow one character more than the length does: both hold.
"""

SIMPLE = {"DateTime": "2015-06-29T20:39:09Z", "number": 1.5, "int": 3, "boolean": True}


def struct(name: str) -> type:
    kind = getattr(v, name)
    assert isinstance(kind, type)
    return kind


def value(member: Member) -> Any:
    """A valid value of one item of a member."""
    if (member.owner, member.name) in VALID:
        return VALID[member.owner, member.name]
    if member.name in FORMS:
        return FORMS[member.name][0]
    if member.length is not None:
        return "a"
    if member.type in SIMPLE:
        return SIMPLE[member.type]
    kind = struct(member.type)
    return next(iter(kind)).value if issubclass(kind, StrEnum) else least(member.type)


def least(name: str) -> dict[str, Any]:
    """The smallest valid object: required members only."""
    return {
        member.name: [value(member)] if member.many else value(member)
        for member in ALL[name]
        if member.required
    }


def full(name: str) -> dict[str, Any]:
    return {m.name: [value(m)] if m.many else value(m) for m in ALL[name]}
