"""Rules between the members of an object, which no annotation can state.

`check(value)` walks a decoded object and yields every breach with its JSON path. A breach is
against the words of the standard, or a `warning`: legal, but hardly meant. The rule is named by
its requirement row, or by its chapter where the reading is ours.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from operator import attrgetter

import msgspec
from msgspec import inspect

from voltroam.wire.rules import locations, others, sessions, tariffs, v2_1_1, v2_3_0
from voltroam.wire.rules.breach import Breach, Rule

__all__ = ["RULES", "Breach", "Rule", "check"]

RULES: dict[type, Rule] = {
    **locations.RULES,
    **sessions.RULES,
    **tariffs.RULES,
    **others.RULES,
    **v2_1_1.RULES,
    **v2_3_0.RULES,
}
"""Which rule belongs to which object."""


def check(value: object, path: str = "$") -> Iterator[Breach]:
    """Every breach in an object of the standard, or in a list of them, in document order."""
    return iter(_below(path, _breaches(value)))


def has_breach(value: object, *, known: str = "") -> bool:
    """Whether anything is wrong in an object, what is below its member `known` left aside."""
    kind: type = type(value)
    rule, names, members = _plan(kind)
    if rule is not None and tuple(rule(value)):
        return True
    pairs = zip(names, members(value), strict=True) if members is not None else ()
    return any(member is not None and name != known and _breaches(member) for name, member in pairs)


def breaks_own_rule(value: object) -> bool:
    """Whether its members go ill together, each for itself left aside."""
    kind: type = type(value)
    rule = _plan(kind)[0]
    return rule is not None and bool(tuple(rule(value)))


def _breaches(value: object) -> Sequence[Breach]:
    # every object received passes here: nothing is made where nothing is wrong
    if type(value) is list:
        return _breaches_in(value)
    kind: type = type(value)
    rule, names, members = _plan(kind)
    found = tuple(rule(value)) if rule is not None else ()
    if members is None:
        return found
    for name, member in zip(names, members(value), strict=True):
        if member is not None and (inner := _breaches(member)):
            found = (*found, *_below(f".{name}", inner))
    return found


def _breaches_in(items: list[object]) -> Sequence[Breach]:
    found: list[Breach] = []
    for index, item in enumerate(items):
        if inner := _breaches(item):
            found += _below(f"[{index}]", inner)
    return found


def _below(path: str, found: Iterable[Breach]) -> list[Breach]:
    return [replace(breach, path=path + breach.path) for breach in found]


_Members = Callable[[object], tuple[object, ...]]


@cache
def _plan(shape: type) -> tuple[Rule | None, tuple[str, ...], _Members | None]:
    """The rule of a type, and the members below which there are rules: no others are walked."""
    if not issubclass(shape, msgspec.Struct):
        return None, (), None
    names = tuple(
        field.name
        for field in msgspec.structs.fields(shape)
        if any(any(_plan(inner)) for inner in _structs(inspect.type_info(field.type)))
    )
    return RULES.get(shape), names, _members(names)


def _members(names: tuple[str, ...]) -> _Members | None:
    if len(names) > 1:
        return attrgetter(*names)
    one = attrgetter(*names) if names else None
    return one and (lambda value: (one(value),))


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
