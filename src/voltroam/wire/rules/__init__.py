"""Rules between the members of an object, which no annotation can state.

`check(value)` walks a decoded object and yields every breach with its JSON path. A breach is
against the words of the standard, or a `warning`: legal, but hardly meant. The rule is named by
its requirement row, or by its chapter where the reading is ours.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import msgspec
from msgspec import inspect

from voltroam.wire.rules import locations, others, sessions, tariffs
from voltroam.wire.rules.breach import Breach, Rule

__all__ = ["RULES", "Breach", "Rule", "check"]

RULES: dict[type, Rule] = {
    **locations.RULES,
    **sessions.RULES,
    **tariffs.RULES,
    **others.RULES,
}
"""Which rule belongs to which object."""


def check(value: object, path: str = "$") -> Iterator[Breach]:
    """Every breach in an object of the standard, or in a list of them, in document order."""
    return iter(_below(path, _breaches(value)))


def _breaches(value: object) -> list[Breach]:
    # every object received passes here: paths are put together for breaches only
    found: list[Breach] = []
    if isinstance(value, list):
        for index, item in enumerate(value):
            if inner := _breaches(item):
                found += _below(f"[{index}]", inner)
        return found
    kind: type = type(value)
    rule, members = _plan(kind)
    if rule is not None:
        found.extend(rule(value))
    for name in members:
        member = getattr(value, name)
        if member is not None and (inner := _breaches(member)):
            found += _below(f".{name}", inner)
    return found


def _below(path: str, found: list[Breach]) -> list[Breach]:
    return [replace(breach, path=path + breach.path) for breach in found]


@cache
def _plan(shape: type) -> tuple[Rule | None, tuple[str, ...]]:
    """The rule of a type, and the members below which there are rules: no others are walked."""
    if not issubclass(shape, msgspec.Struct):
        return None, ()
    members = tuple(
        field.name
        for field in msgspec.structs.fields(shape)
        if any(any(_plan(inner)) for inner in _structs(inspect.type_info(field.type)))
    )
    return RULES.get(shape), members


def _structs(kind: inspect.Type) -> Iterator[type]:
    if isinstance(kind, inspect.Metadata):
        yield from _structs(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for inner in kind.types:
            yield from _structs(inner)
    elif isinstance(kind, inspect.ListType):
        yield from _structs(kind.item_type)
    elif isinstance(kind, inspect.StructType):
        yield kind.cls
