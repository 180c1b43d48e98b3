"""Times, texts and owners, the same in every object of 2.1.1 (OCPI 2.1.1 §types)."""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import listed, number, text
from voltroam.bridge.terms import Document, Relaxation
from voltroam.standard.parties import PartyId

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)?")
_SECONDS = len("2019-06-24T12:39:09")
_WITH_FRACTION = len("2019-06-24T12:39:09.5")
_ZERO = ("+00:00", "-00:00", "+0000")
LAST_UPDATED = "last_updated"
_OPERATOR = re.compile(r"([A-Za-z]{2})\*?([A-Za-z0-9]{3})\*?E")
_CONTRACT = re.compile(r"([A-Za-z]{2})-?([A-Za-z0-9]{3})-?C?[A-Za-z0-9]{8}(-?[A-Za-z0-9])?")
AMOUNT_DIGITS = 45


def times_up(document: Document, at: str, crossing: Crossing) -> Document:
    """A time without zone is UTC and gets its `Z`; the offset +00:00 becomes one."""

    def one(value: str, where: str, name: str) -> str:
        match = _TIME.fullmatch(value)
        if match is None or match[3] == "Z":
            return value
        if match[3] is None:
            crossing.note("time-without-zone", where)
            return f"{value}Z"
        if match[3] not in _ZERO:
            crossing.note("time-with-offset", where)
            return value
        crossing.note("time-offset-zero", where)
        return f"{match[1]}{match[2] or ''}Z"

    if not _some(document, _SECONDS, _no_zulu):
        return dict(document)
    return dict(_texts(document, at, one))


def texts_down(document: Document, at: str, crossing: Crossing) -> Document:
    """Fractions of seconds go, but not of `last_updated`; texts are ASCII if the partner asks."""
    ascii_only = crossing.relaxed(Relaxation.ASCII_STRINGS)

    def one(value: str, where: str, name: str) -> str:
        match = _TIME.fullmatch(value)
        if match is not None:
            if match[2] is None or name == LAST_UPDATED:
                return value
            crossing.note("fraction-cut", where)
            return f"{match[1]}{match[3] or ''}"
        if not ascii_only or value.isascii():
            return value
        crossing.note("text-as-ascii", where)
        plain = unicodedata.normalize("NFKD", value)
        return "".join(
            letter if letter.isascii() else "?"
            for letter in plain
            if not unicodedata.combining(letter)
        )

    least, wanted = (1, _not_ascii) if ascii_only else (_WITH_FRACTION, _fraction)
    if not _some(document, least, wanted):
        return dict(document)
    return dict(_texts(document, at, one))


def _no_zulu(value: str) -> bool:
    return value[4] == "-" and value[-1] != "Z"


def _fraction(value: str) -> bool:
    return value[_SECONDS : _SECONDS + 1] == "."


def _not_ascii(value: str) -> bool:
    return _fraction(value) or not value.isascii()


def _some(value: Any, least: int, wanted: Callable[[str], bool]) -> bool:
    """Whether a text is there that matters: most documents have none, and are not walked again.

    Only those of at least so many characters are looked at.
    """
    parts = [value]
    while parts:
        whole = parts.pop()
        for one in whole.values() if isinstance(whole, dict) else whole:
            kind = type(one)
            if kind is str:
                if len(one) >= least and wanted(one):
                    return True
            elif kind is dict or kind is list:
                parts.append(one)
    return False


def _texts(value: Any, at: str, step: Any, name: str = "") -> Any:
    if isinstance(value, str):
        return step(value, at, name)
    if isinstance(value, dict):
        return {
            key: _texts(member, f"{at}/{_escaped(key)}", step, key) for key, member in value.items()
        }
    if isinstance(value, list):
        return [_texts(item, f"{at}/{index}", step, name) for index, item in enumerate(value)]
    return value


def _escaped(name: str) -> str:
    """A step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def owner_up(document: Document, at: str, crossing: Crossing, *places: Document) -> Document:
    """Whose object it is, which 2.1.1 tells by the URL or by who sends it.

    Where nobody told, an EVSE's public id names the operator; else the members stay away.
    """
    if "country_code" in document and "party_id" in document:
        return document
    owner = crossing.terms.owner
    if owner is None:
        owner = next(filter(None, map(_operator, places)), None)
        crossing.note("owner-unknown" if owner is None else "owner-by-evse-id", at)
    else:
        crossing.note("owner-put-in", at)
    return document if owner is None else owner_first(owner) | document


def owner_first(owner: PartyId) -> Document:
    return {"country_code": owner.country_code, "party_id": owner.party_id}


def _operator(location: Document) -> PartyId | None:
    """By the first EVSE id of the form CC*PTY*E… in a location."""
    for evse in listed(location, "evses"):
        match = _OPERATOR.match(text(evse, "evse_id") or "") if isinstance(evse, dict) else None
        if match is not None:
            return PartyId(match[1].upper(), match[2].upper())
    return None


def provider_of(contract: str) -> PartyId | None:
    """The eMSP that a contract id of the form CC-PTY-C… names."""
    match = _CONTRACT.fullmatch(contract)
    return None if match is None else PartyId(match[1].upper(), match[2].upper())


def owner_down(document: Document, at: str, crossing: Crossing) -> Document:
    """2.1.1 tells the owner by URL only."""
    if "country_code" not in document and "party_id" not in document:
        return dict(document)
    crossing.note("owner-in-url", f"{at}/country_code")
    return {
        name: value for name, value in document.items() if name not in ("country_code", "party_id")
    }


def amount_up(document: Document, name: str, at: str, crossing: Crossing) -> None:
    """An amount that was written as a text, as 2.1.1's own samples do, is a number."""
    value = document.get(name)
    if not isinstance(value, str):
        return
    found = number(value)
    if found is None or len(value) > AMOUNT_DIGITS:
        crossing.note("amount-unreadable", f"{at}/{name}")
        return
    document[name] = found
    crossing.note("amount-as-text", f"{at}/{name}")
