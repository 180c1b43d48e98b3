"""Lists, single objects, and what the node knows about each."""

from collections.abc import AsyncIterator
from functools import partial

import msgspec

from voltroam.delivery.standing import Standings
from voltroam.operator.asked import Answers, Asked
from voltroam.operator.cursors import read_number, write_number
from voltroam.operator.operation import Page
from voltroam.operator.ports import Ports
from voltroam.operator.rows.objects import FACTS, GETS, LISTS, DeliveryState, Facts, ObjectsQuery
from voltroam.operator.shelves import Shelves
from voltroam.roaming.audience import members_of
from voltroam.roaming.weigh import is_private
from voltroam.standard.endpoints import Resource
from voltroam.store.interface import ObjectRow
from voltroam.wire.decode import Problem
from voltroam.wire.times import from_micros, to_micros

LOOKED_AT = 5_000
"""Rows that one request of a list reads at most; the rest is behind `next`."""
_PROBLEMS = msgspec.json.Decoder(list[Problem])


class HeldObjects:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._shelves = Shelves(ports)
        self._standings = Standings(ports.store, ports.directory, ports.identity, ports.table)

    def answers(self) -> Answers:
        resources = self._ports.table.resources
        return {
            **{LISTS[kind].name: partial(self._list, resources[kind]) for kind in LISTS},
            **{GETS[kind].name: partial(self._get, resources[kind]) for kind in GETS},
            **{FACTS[kind].name: partial(self._facts, resources[kind]) for kind in FACTS},
        }

    async def _list(self, resource: Resource, asked: Asked) -> Page[msgspec.Raw]:
        query: ObjectsQuery = asked.query
        epoch = self._ports.store.epoch
        after = read_number(query.cursor, epoch)
        items: list[msgspec.Raw] = []
        seen = 0
        async for row in self._rows(resource, query, after):
            if len(items) == query.limit or seen == LOOKED_AT:
                return Page(items=items, next=write_number(epoch, after))
            after, seen = row.created, seen + 1
            if self._wanted(query, row) and self._shelves.sees(asked.who, resource, row):
                items.append(msgspec.Raw(self._shelves.shown(asked.who, resource, row)))
        return Page(items=items)

    def _rows(
        self, resource: Resource, query: ObjectsQuery, after: int
    ) -> AsyncIterator[ObjectRow]:
        owner = None if query.owner is None else query.owner.upper()
        return self._ports.store.scan(resource.kind, owner=owner, after=after)

    def _wanted(self, query: ObjectsQuery, row: ObjectRow) -> bool:
        if query.whose != "all" and self._shelves.is_own(row) is not (query.whose == "own"):
            return False
        start, end = query.updated_from, query.updated_to
        if start is not None and row.last_updated < to_micros(start):
            return False
        return end is None or row.last_updated < to_micros(end)

    async def _get(self, resource: Resource, asked: Asked) -> bytes:
        row = await self._shelves.row(asked, resource)
        return self._shelves.shown(asked.who, resource, row)

    async def _facts(self, resource: Resource, asked: Asked) -> Facts:
        row = await self._shelves.row(asked, resource)
        who = asked.who
        sources = [
            platform.name
            for platform in await self._ports.directory.all()
            if platform.id in row.sources and who.knows(platform)
        ]
        return Facts(
            kind=resource.kind,
            owner=row.key.owner,
            id=self._shelves.id_shown(who, resource, row),
            own=self._shelves.is_own(row),
            private=is_private(row),
            only_for=list(members_of(row.audience)[1]),
            deleted=row.deleted,
            version=row.version,
            last_updated=from_micros(row.last_updated),
            stored_at=from_micros(row.stored_at),
            revision=row.revision,
            sources=sorted(sources),
            problems=[] if row.notes is None else _PROBLEMS.decode(row.notes),
            delivery=[
                DeliveryState(
                    partner=one.platform.name,
                    state=one.state,
                    http=one.http,
                    code=one.code,
                    reason=one.reason,
                    attempts=one.attempts,
                    at=None if one.at is None else from_micros(one.at),
                    url=one.url,
                )
                for one in await self._standings.of(row)
                if who.knows(one.platform)
            ],
        )
