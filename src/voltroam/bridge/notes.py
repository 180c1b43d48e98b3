"""What a step between two versions did to an object, place by place."""

from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

import msgspec

T = TypeVar("T")


class Severity(StrEnum):
    """How much of the meaning a step carries over."""

    LOSSLESS = "lossless"
    """Said in other words; the way back gives the same."""
    KEPT = "kept"
    """The other version cannot say it; the original still holds it."""
    INFERRED = "inferred"
    """The other version asks for more than was said; the usual meaning was put in."""
    UNSAFE = "unsafe"
    """Money or access may be read otherwise than it was meant."""
    REFUSED = "refused"
    """Not carried over, since it would say something else."""

    @property
    def safe(self) -> bool:
        """Whether the way back gives the same, or the original still holds what was lost."""
        return self in (Severity.LOSSLESS, Severity.KEPT)


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """`pointer` is a JSON pointer (RFC 6901) into the object that was given."""

    code: str
    pointer: str
    severity: Severity
    text: str


class Bridged(NamedTuple, Generic[T]):
    """The object in the other version, and what happened on the way."""

    value: T
    notes: tuple[Note, ...]
