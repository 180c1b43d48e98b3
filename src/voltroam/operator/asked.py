"""What an answer is given, and what it gives: one request, read and judged already."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from voltroam.operator.operation import Operation, Scope
from voltroam.roaming.platforms import Platform
from voltroam.standard.parties import PartyId

T = TypeVar("T")


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """Whose key it is. `parties` folded (`NL/ABC`); none: all."""

    id: str
    name: str
    scope: Scope
    parties: tuple[str, ...] = ()

    @property
    def is_limited(self) -> bool:
        return bool(self.parties)

    @property
    def sees_drivers(self) -> bool:
        """Whether token uids and contracts are shown to it."""
        return self.scope.covers(Scope.OPERATE)

    def may(self, *parties: PartyId | str | None) -> bool:
        """Whether one of these parties is its own."""
        if not self.parties:
            return True
        return any(_folded(party) in self.parties for party in parties if party is not None)

    def knows(self, platform: Platform) -> bool:
        """Whether a partner is there for it: one that holds a party of the key."""
        return not self.parties or self.may(*platform.parties())

    def has_whole(self, platform: Platform, ours: Iterable[PartyId]) -> bool:
        """Whether no other party shares the partner: what is done to it concerns this key alone."""
        return all(self.may(party) for party in (*platform.parties(), *ours))


def _folded(party: PartyId | str) -> str:
    return party.folded if isinstance(party, PartyId) else party.upper()


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of somebody who may make it."""

    operation: Operation[Any]
    who: Who
    ids: Mapping[str, str]
    query: Any
    body: Any
    """What the operation `takes`, or the bytes of its document."""

    @property
    def owner(self) -> PartyId:
        """The party that the path names."""
        return PartyId(self.ids["country_code"], self.ids["party_id"])


@dataclass(frozen=True, slots=True)
class Told(Generic[T]):
    """An answer with a status or headers of its own. `target`: what the audit shall name."""

    value: T
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None


Answer = Callable[[Asked], Awaitable[Any]]
"""Gives what the operation `gives`, bytes of JSON, or either in a `Told`."""
Answers = Mapping[str, Answer]
"""By the name of the operation."""
