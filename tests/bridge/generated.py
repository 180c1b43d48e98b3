"""Any document of any version, made from the types themselves."""

from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from voltroam.standard.shapes import PACKAGES
from voltroam.standard.versions import VERSIONS

MOMENTS = ("2026-06-01T18:00:00Z", "2025-12-31T23:59:59Z", "2019-02-28T00:00:00Z")
FORMS: dict[str, tuple[str, ...]] = {
    "latitude": ("51.047599", "-8.123456"),
    "longitude": ("3.729944", "-120.000001"),
    "country": ("BEL", "NLD", "USA"),
    "currency": ("EUR", "USD"),
    "country_code": ("NL", "US", "be"),
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
}
"""Texts with a form of their own, by the name of the member."""
HOURS = ("08:00", "20:30")
LETTERS = st.text("abXYZ019-é", min_size=1, max_size=6)
AMOUNTS = st.decimals(0, 1000, places=4)
ALWAYS_SAID = frozenset({"postal_code", "evse_id"})
"""Optional members that most of the rules depend on: always there."""


def documents(kind: str, version: str) -> st.SearchStrategy[dict[str, Any]]:
    """Valid by shape; members of a version's own only."""
    return _struct(getattr(PACKAGES[VERSIONS[version]], kind))


@cache
def _struct(shape: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, Any]]:
    info = inspect.type_info(shape)
    assert isinstance(info, inspect.StructType)
    required, optional = {}, {}
    for field in info.fields:
        strategy = _value(field.type, field.encode_name)
        if field.required or field.encode_name in ALWAYS_SAID:
            required[field.encode_name] = strategy
        else:
            optional[field.encode_name] = strategy
    return st.fixed_dictionaries(required, optional=optional)


def _value(kind: inspect.Type, name: str) -> st.SearchStrategy[Any]:
    if isinstance(kind, inspect.Metadata):
        return _value(kind.type, name)
    if isinstance(kind, inspect.UnionType):
        (inner,) = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
        return _value(inner, name)
    if isinstance(kind, inspect.ListType):
        item = _value(kind.item_type, name)
        return st.lists(item, min_size=kind.min_length or 0, max_size=2)
    if isinstance(kind, inspect.StructType):
        return _struct(kind.cls)
    if isinstance(kind, inspect.EnumType):
        return st.sampled_from([_word(member) for member in kind.cls])
    if isinstance(kind, inspect.StrType):
        return _text(name)
    if isinstance(kind, inspect.IntType):
        return st.integers(max(kind.ge or 0, 1), min(kind.le or 1000, 1000))
    return _plain(kind, name)


def _plain(kind: inspect.Type, name: str) -> st.SearchStrategy[Any]:
    if isinstance(kind, inspect.DateTimeType):
        return st.sampled_from(MOMENTS)
    if isinstance(kind, inspect.DecimalType):
        return AMOUNTS
    if isinstance(kind, inspect.BoolType):
        return st.booleans()
    raise TypeError(f"{name}: {kind}")


def _word(member: Enum) -> str:
    return str(member.value)


def _text(name: str) -> st.SearchStrategy[str]:
    if name in FORMS:
        return st.sampled_from(FORMS[name])
    if name in ("period_begin", "period_end"):
        return st.sampled_from(HOURS)
    return LETTERS


def amounts(value: Any) -> list[Decimal]:
    """Every number in a document that is an amount of something."""
    if isinstance(value, Decimal):
        return [value]
    if isinstance(value, dict):
        return [found for member in value.values() for found in amounts(member)]
    if isinstance(value, list):
        return [found for item in value for found in amounts(item)]
    return []
