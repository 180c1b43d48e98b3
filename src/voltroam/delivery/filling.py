"""A fill: every object that one partner may see, kind by kind, resumable."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping

from voltroam.delivery.address import owner_in
from voltroam.delivery.records import Fill
from voltroam.delivery.sight import NO_CLASSES, NOBODY, Classes
from voltroam.roaming.audience import includes
from voltroam.standard.endpoints import Resource
from voltroam.store.interface import ObjectKey, ObjectRow, Store

Stop = tuple[str, str]
"""Kind and owner: one stretch of a fill; an owner of `""` stands for several."""
Route = Mapping[Stop, Collection[str]]
"""The stretches in their order, and the owners whose objects each one gives."""
SEVERAL = 4
"""Of more owners than this all objects of a kind are read through, once."""


def stops(
    resources: Iterable[Resource], classes: Classes, lost: Classes, kept: Classes = NO_CLASSES
) -> Route:
    """The stretches in the order of `first_fill`, only of owners whose objects are concerned.

    Of classes that are `kept` the partner has what there was when the fill began, and what changes
    comes by the feed: an owner without others is passed over. So a hub's hundreds of lanes look
    through the objects of a new party, and of nobody else.
    """
    kinds = sorted(
        (resource.first_fill, resource.kind)
        for resource in resources
        if resource.first_fill is not None
    )
    route: dict[Stop, Collection[str]] = {}
    for _, kind in kinds:
        names = classes.get(kind, NOBODY) | lost.get(kind, NOBODY)
        owners = sorted({owner_in(name) for name in names - kept.get(kind, NOBODY)})
        if len(owners) > SEVERAL:
            route[kind, ""] = frozenset(owners)
        else:
            route |= {(kind, owner): (owner,) for owner in owners}
    return route


class Filling:
    """Where a running fill stands: what is read, what is still on its way."""

    def __init__(self, store: Store, route: Route, start: Fill, kept: Classes) -> None:
        self._store = store
        self._owners = route
        self._route = tuple(route)
        self._rank = {stop: rank for rank, stop in enumerate(route)}
        self.since = start.since
        self.kept = kept
        self._said: dict[str, list[str]] | None = None
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
        kind, owner = row.key.kind, row.key.owner
        rank = self._rank.get((kind, owner), self._rank.get((kind, "")))
        if rank is None or self.read_all or rank < self._at:
            return True
        if owner not in self._owners[self._route[rank]]:
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
        if self._said is None:
            self._said = as_lists(self.kept)
        return Fill(kind=kind, owner=owner, created=settled, since=self.since, kept=self._said)

    async def rows(self) -> AsyncIterator[ObjectRow]:
        """The rows of the stretch where the fill stands; the caller says `next_stop` after it."""
        kind, owner = self._route[self._at]
        start = self._created
        owners = self._owners[kind, owner]
        async for row in self._store.scan(kind, owner=owner or None, after=start):
            self._created = row.created
            if row.key.owner not in owners:
                continue
            if row.changed <= self.since and includes(self.kept.get(kind, NOBODY), row.audience):
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
