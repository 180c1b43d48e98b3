"""Who may see what: pure decisions from an object row and the classes that a platform sees.

A row carries every audience that it ever had with the feed number at which it lost it. So for any
feed number one can say who saw the object then, and a lane that knows the number of the last state
it delivered knows whether the partner holds the object, without a note per object.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType

from voltroam.roaming.audience import includes
from voltroam.store.interface import ObjectRow

Classes = Mapping[str, frozenset[str]]
"""Audience classes by kind of object."""

NOBODY: frozenset[str] = frozenset()
NO_CLASSES: Classes = MappingProxyType({})
FOREVER = 1 << 62


class Action(Enum):
    NOTHING = auto()
    SHOW = auto()
    """Deliver the current state."""
    REMOVE = auto()
    """Deleted, or no longer to be seen: it is taken back in the way of its kind."""
    ASK = auto()
    """As REMOVE, but only if the partner says that it holds the object."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one platform sees now, and what it saw once."""

    platform: str
    classes: Classes
    lost: Classes = field(default_factory=lambda: NO_CLASSES)
    born: int = 0
    """What lost an audience before this feed number was never shown to the platform."""

    def sees(self, row: ObjectRow) -> bool:
        return includes(self.classes.get(row.key.kind, NOBODY), row.audience)

    def saw(self, kind: str, audience: str) -> bool:
        return includes(self.classes.get(kind, NOBODY), audience) or includes(
            self.lost.get(kind, NOBODY), audience
        )


def windows(row: ObjectRow) -> Iterator[tuple[str, int, int]]:
    """Each audience of a row and the feed numbers between which it had it (`to` is exclusive)."""
    entered = row.created
    for former in row.former:
        yield former.audience, entered, former.left
        entered = former.left
    yield row.audience, entered, FOREVER


def action(row: ObjectRow, sight: Sight, since: int) -> Action:
    """What a lane does about a row.

    `since` is the feed number of the newest state that the lane dealt with (-1: none); what lost
    an audience before that was taken back then. An object that was visible at another moment may
    have been pulled, or pushed just before a crash: then the partner is asked, so that it learns
    nothing about what it never held.
    """
    if sight.platform in row.sources:
        return Action.NOTHING
    if not row.deleted and sight.sees(row):
        return Action.SHOW
    seen = [
        entered <= since
        for audience, entered, left in windows(row)
        if left > max(sight.born, since) and sight.saw(row.key.kind, audience)
    ]
    if not seen:
        return Action.NOTHING
    return Action.REMOVE if any(seen) else Action.ASK


def shrink(before: Classes, lost: Classes, now: Classes) -> tuple[dict[str, frozenset[str]], bool]:
    """The classes lost so far, and whether any was gained, when a platform's classes change."""
    kinds = {
        kind
        for kind in {*before, *lost, *now}
        if lost.get(kind) or before.get(kind, NOBODY) is not now.get(kind, NOBODY)
    }
    gone = {
        kind: (before.get(kind, NOBODY) | lost.get(kind, NOBODY)) - now.get(kind, NOBODY)
        for kind in kinds
    }
    gained = any(now.get(kind, NOBODY) - before.get(kind, NOBODY) for kind in kinds)
    return {kind: classes for kind, classes in gone.items() if classes}, gained
