"""A typed object as the object of another version that says the same in the same words.

For what is a class of its own only because something inside it is one: an open enum, a member more.
"""

from collections.abc import Callable, Hashable, Iterable
from functools import cache
from typing import Any, TypeVar, cast

from msgspec import inspect

T = TypeVar("T")

_Step = Callable[[Any], Any]


def retyped(value: object, shape: type[T]) -> T:
    """The same members in the other class, none checked again: faults that were read stay.

    ValueError for a word that the other version does not have.
    """
    if type(value) is shape:
        return value
    members = {
        name: member if step is None else step(member)
        for name, step in _plan(cast("Hashable", shape))
        if (member := getattr(value, name, None)) is not None
    }
    return shape(**members)


def all_retyped(values: Iterable[object], shape: type[T]) -> list[T]:
    return [retyped(value, shape) for value in values]


@cache
def _plan(shape: Hashable) -> tuple[tuple[str, _Step | None], ...]:
    """The members of a class, each with what its values need."""
    kind = inspect.type_info(shape)
    if not isinstance(kind, inspect.StructType):
        raise TypeError(f"{shape} is no Struct")
    return tuple((field.name, _step(field.type)) for field in kind.fields)


def _step(kind: inspect.Type) -> _Step | None:
    match kind:
        case inspect.Metadata():
            return _step(kind.type)
        case inspect.UnionType():
            return next((step for one in kind.types if (step := _step(one))), None)
        case inspect.ListType():
            step = _step(kind.item_type)
            return step and (lambda values: [step(value) for value in values])
        case inspect.StructType():
            return lambda value: retyped(value, kind.cls)
        case inspect.EnumType():
            return lambda value: value if type(value) is kind.cls else kind.cls(value.value)
    return None
