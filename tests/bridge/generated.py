"""Any document of any version, made from the types themselves."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from voltroam.standard.shapes import PACKAGES
from voltroam.standard.versions import VERSIONS

MOMENTS = ("2026-06-01T18:00:00Z", "2025-12-31T23:59:59Z", "2019-02-28T00:00:00Z")
HOURS = ("08:00", "20:30")
FORMS: dict[str, tuple[str, ...]] = {
    "latitude": ("51.047599", "-8.123456"),
    "longitude": ("3.729944", "-120.000001"),
    "country": ("BEL", "NLD", "USA"),
    "currency": ("EUR", "GBP", "SEK", "USD"),
    "country_code": ("NL", "DE", "be", "US"),
    "party_id": ("AAA", "xyz"),
    "language": ("en", "nl"),
    "time_zone": ("Europe/Brussels", "America/New_York"),
    "auth_id": ("DE-MOV-C12345678-X", "4711"),
    "start_time": ("08:00",),
    "end_time": ("20:00",),
    "start_date": ("2026-01-01",),
    "end_date": ("2026-12-31",),
    "hub_party_id": ("NLHUB",),
    "version": ("2.2.1",),
    "identifier": ("locations", "tokens", "nlaaa-x"),
    "postal_code": ("9000", "1011 AB"),
    "period_begin": HOURS,
    "period_end": HOURS,
}
"""Texts with a form of their own, by the name of the member."""
LETTERS = "aAbXYZ019-é"
"""So that some ids differ by case only."""
LONGEST, MOST = 6, 2
"""Letters of a text, items of a list."""
LONG_ID = 39
"""Characters of an id in 2.1.1, of which later versions take 36."""
ALWAYS_SAID = frozenset({"postal_code", "evse_id"})
"""Optional members that most of the rules depend on: always there."""
MOSTLY_SAID = frozenset({"evses", "regular_hours", "time_zone"})
"""Those without which a 2.1.1 location is guessed at: seldom left out."""
MOSTLY_ONE = frozenset({"connectors", "evses"})
"""A session is at one connector: seldom none, or several."""
_FEW = (*[1] * 14, 2, 0)
_CHUNK = st.binary(min_size=32, max_size=32)
_FULL = 256 ** (32 - 1)


class Luck:
    """Chances, drawn in large pieces: one draw for each of hundreds of members is dear.

    All zero is the least document: each choice then is its first.
    """

    def __init__(self, draw: Callable[[st.SearchStrategy[bytes]], bytes]) -> None:
        self._draw = draw
        self._left = 0
        self._used = _FULL

    def below(self, count: int) -> int:
        if self._used >= _FULL:
            self._left = int.from_bytes(self._draw(_CHUNK))
            self._used = 1
        self._used *= count
        self._left, found = divmod(self._left, count)
        return found


Maker = Callable[[Luck], Any]


def documents(kind: str, version: str, many: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    """So many at once, valid by shape; members of a version's own only."""
    return _made(_struct(getattr(PACKAGES[VERSIONS[version]], kind)), many)


@st.composite
def _made(draw: Any, maker: Maker, many: int) -> Any:
    luck = Luck(draw)
    return [maker(luck) for _ in range(many)]


@cache
def _struct(shape: type[msgspec.Struct]) -> Maker:
    info = inspect.type_info(shape)
    assert isinstance(info, inspect.StructType)
    members = [
        (one.encode_name, _value(one.type, one.encode_name), _odds(one)) for one in info.fields
    ]

    def make(luck: Luck) -> dict[str, Any]:
        return {name: maker(luck) for name, maker, odds in members if odds == 1 or luck.below(odds)}

    return make


def _odds(member: inspect.Field) -> int:
    """One in how many times it is left out; 1: never."""
    if member.required or member.encode_name in ALWAYS_SAID:
        return 1
    return 16 if member.encode_name in MOSTLY_SAID else 2


def _value(kind: inspect.Type, name: str) -> Maker:
    match kind:
        case inspect.Metadata():
            return _value(kind.type, name)
        case inspect.UnionType():
            (inner,) = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
            return _value(inner, name)
        case inspect.ListType():
            return _items(_value(kind.item_type, name), name, kind.min_length or 0)
        case inspect.StructType():
            return _struct(kind.cls)
        case inspect.EnumType():
            return _one_of([str(member.value) for member in kind.cls])
        case inspect.StrType():
            if name in FORMS:
                return _one_of(FORMS[name])
            return _long if kind.max_length == LONG_ID else _letters
        case inspect.IntType():
            least = max(kind.ge or 0, 1)
            return _one_of(range(least, min(kind.le or 1000, 1000) + 1))
        case inspect.DateTimeType():
            return _one_of(MOMENTS)
        case inspect.DecimalType():
            return _amount
        case inspect.BoolType():
            return _one_of((False, True))
    raise TypeError(f"{name}: {kind}")


def _one_of(values: Sequence[Any]) -> Maker:
    return lambda luck: values[luck.below(len(values))]


def _items(item: Maker, name: str, least: int) -> Maker:
    counts = _FEW if name in MOSTLY_ONE else range(MOST + 1)
    return lambda luck: [item(luck) for _ in range(max(least, counts[luck.below(len(counts))]))]


def _letters(luck: Luck) -> str:
    """One choice for the whole text."""
    size, left = divmod(luck.below(LONGEST * len(LETTERS) ** LONGEST), len(LETTERS) ** LONGEST)
    found = ""
    for _ in range(size + 1):
        left, letter = divmod(left, len(LETTERS))
        found += LETTERS[letter]
    return found


def _long(luck: Luck) -> str:
    """Seldom too long for others, and then twins by case at times."""
    return _letters(luck) if luck.below(8) else _letters(luck)[0] * LONG_ID


def _amount(luck: Luck) -> Decimal:
    """0 to 1000: nothing, or with up to four places."""
    places = luck.below(6) - 1
    if places < 0:
        return Decimal(0)
    return Decimal(luck.below(1000 * 10**places + 1)).scaleb(-places)


def amounts(value: Any) -> list[Decimal]:
    """Every number in a document that is an amount of something."""
    if isinstance(value, Decimal):
        return [value]
    if isinstance(value, Mapping):
        return [found for member in value.values() for found in amounts(member)]
    if isinstance(value, list):
        return [found for item in value for found in amounts(item)]
    return []
