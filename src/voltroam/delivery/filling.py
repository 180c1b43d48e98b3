"""A fill: every object that one partner may see, kind by kind, resumable."""

from collections.abc import AsyncIterator, Iterable, Mapping

from voltroam.delivery.address import owner_in
from voltroam.delivery.records import Fill
from voltroam.delivery.sight import NOBODY, Classes
from voltroam.roaming.audience import includes
from voltroam.standard.endpoints import Resource
from voltroam.store.interface import ObjectKey, ObjectRow, Store

Stop = tuple[str, str]
"""Kind and owner: one stretch of a fill."""


def stops(resources: Iterable[Resource], classes: Classes, lost: Classes) -> tuple[Stop, ...]:
    """The stretches in the order of `first_fill`, only of owners whose objects are concerned."""
    kinds = sorted(
        (resource.first_fill, resource.kind)
        for resource in resources
        if resource.first_fill is not None
    )
    return tuple(
        (kind, owner)
        for _, kind in kinds
        for owner in sorted(
            {owner_in(name) for name in classes.get(kind, NOBODY) | lost.get(kind, NOBODY)}
        )
    )


class Filling:
    """Where a running fill stands: what is read, what is still on its way."""

    def __init__(self, store: Store, route: tuple[Stop, ...], start: Fill) -> None:
        self._store = store
        self._route = route
        self._rank = {stop: rank for rank, stop in enumerate(route)}
        self.since = start.since
        self._kept = start.kept
        stop = (start.kind, start.owner)
        self._at = self._rank.get(stop, 0)
        self._created = start.created if stop in self._rank else 0
        self._open: dict[ObjectKey, int] = {}
        self.read_all = not route

    @property
    def done(self) -> bool:
        return self.read_all and not self._open

    @property
    def resting(self) -> bool:
        """Nothing of it is on its way: the next kind may begin."""
        return not self._open

    def passed(self, row: ObjectRow) -> bool:
        """Has the fill taken this object already?"""
        rank = self._rank.get((row.key.kind, row.key.owner))
        if rank is None or self.read_all or rank < self._at:
            return True
        return rank == self._at and row.created <= self._created

    def settled(self, key: ObjectKey) -> None:
        self._open.pop(key, None)

    def note(self) -> Fill | None:
        """The position to go on from after a restart; None when all is settled."""
        if self.done:
            return None
        kind, owner = self._route[min(self._at, len(self._route) - 1)] if self._route else ("", "")
        settled = min(self._open.values(), default=self._created + 1) - 1
        return Fill(kind=kind, owner=owner, created=settled, since=self.since, kept=self._kept)

    async def rows(self) -> AsyncIterator[ObjectRow]:
        """The rows of the stretch where the fill stands; the caller says `next_stop` after it."""
        kind, owner = self._route[self._at]
        start = self._created
        async for row in self._store.scan(kind, owner=owner):
            if row.created <= start:
                continue
            self._created = row.created
            if row.changed <= self.since and includes(self._kept.get(kind, ()), row.audience):
                continue
            self._open[row.key] = row.created
            yield row

    def next_stop(self) -> None:
        """On to the next stretch, once this one is settled."""
        if self._at + 1 >= len(self._route):
            self.read_all = True
            return
        self._at += 1
        self._created = 0


def as_lists(classes: Classes) -> dict[str, list[str]]:
    return {kind: sorted(names) for kind, names in classes.items() if names}


def as_sets(classes: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    return {kind: frozenset(names) for kind, names in classes.items()}
