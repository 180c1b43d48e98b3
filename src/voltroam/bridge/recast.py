"""Typed objects of 2.2.1 as the same objects of 2.3.0, where only the class is another one."""

from enum import Enum
from functools import cache, lru_cache
from typing import Any

import msgspec

from voltroam.standard import v2_2_1 as old
from voltroam.standard import v2_3_0 as new

_MONEY = (old.Price, old.Tariff)
"""What steps change themselves."""


def recast(value: Any) -> Any:
    """The same members in the classes of 2.3.0, all the way down; nothing is checked again."""
    if isinstance(value, list):
        return [recast(item) for item in value]
    if isinstance(value, Enum):
        return _word(value)
    if not isinstance(value, msgspec.Struct) or isinstance(value, _MONEY):
        return value
    shape, members = _shape(type(value))
    found = {name: recast(getattr(value, name)) for name in members}
    same = all(getattr(value, name) is member for name, member in found.items())
    return value if same and shape is type(value) else shape(**found)


def members_of(value: msgspec.Struct) -> dict[str, Any]:
    """Each member, recast."""
    _, names = _shape(type(value))
    return {name: recast(getattr(value, name)) for name in names}


@cache
def _shape(named: type[msgspec.Struct]) -> tuple[type[msgspec.Struct], tuple[str, ...]]:
    names = tuple(field.name for field in msgspec.structs.fields(named))
    return getattr(new, named.__name__, named), names


@lru_cache(maxsize=1024, typed=True)
def _word(value: Enum) -> Any:
    shape = getattr(new, type(value).__name__, type(value))
    return value if shape is type(value) else shape(value.value)
