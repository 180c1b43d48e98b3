"""What a partner listed before and lists no more, after a complete full pull without a fault."""

from collections.abc import AsyncIterator, Set
from typing import Protocol, TypeVar

import msgspec

from voltroam.delivery.knobs import Knobs
from voltroam.delivery.log import Log
from voltroam.delivery.ports import Now
from voltroam.delivery.records import Question, decision_key, draft, write
from voltroam.delivery.takeback import withdrawn
from voltroam.roaming.accept import accept, remove
from voltroam.roaming.described import is_undated, untold
from voltroam.roaming.platforms import Identity, Platform
from voltroam.standard.endpoints import Audience, Removal, Resource
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import VERSIONS
from voltroam.store.interface import (
    Change,
    Decision,
    Held,
    ObjectKey,
    ObjectRow,
    RecordDraft,
    RecordKey,
    Store,
)

log = Log("voltroam.vanished")

R = TypeVar("R")
NAMED = 1000
"""Ids that a question to the operator lists at most."""


class Tally(Protocol):
    """The part of a pull's report that is filled in here."""

    removed: int
    questioned: int


class Vanished:
    """Ends objects in the way of their kind: tariffs go, locations are over, tokens are invalid.

    CDRs and sessions never vanish: lists of them need not be complete (TOK-FLOW-05, TAR-FLOW-05).
    Whom a hub connects no more is not reached through it any more (CORE-HCI-14).
    """

    def __init__(self, store: Store, identity: Identity, knobs: Knobs, now: Now) -> None:
        self._store = store
        self._identity = identity
        self._knobs = knobs
        self._now = now

    async def sweep(
        self,
        platform: Platform,
        resource: Resource,
        seen: Set[ObjectKey],
        tally: Tally,
        *,
        before: int,
        force: bool = False,
    ) -> None:
        """`seen`: what was listed, refused ones too; `before`: the head when the pull began."""
        if not may_vanish(platform, resource):
            return
        if not seen and resource.audience is Audience.NOBODY:
            return  # a hub may tell by push alone
        missing: list[ObjectRow] = []
        held = 0
        async for row in self._held(platform, resource):
            held += 1
            if row.key not in seen and row.changed <= before:
                missing.append(row)
        question = decision_key(platform.id, resource.kind)
        if self._too_many(len(missing), held) and not force:
            tally.questioned = len(missing)
            await self._ask(question, platform, resource, missing, held)
            return
        await write(self._store, RecordDraft(question, None))
        for row in missing:
            tally.removed += await self._end(platform, resource, row)

    def _too_many(self, missing: int, held: int) -> bool:
        return missing > self._knobs.vanished_few and missing > held * self._knobs.vanished_share

    async def _held(self, platform: Platform, resource: Resource) -> AsyncIterator[ObjectRow]:
        """Live objects that came from this platform and belong to its parties."""
        if resource.audience is Audience.NOBODY:
            async for row in self._told(platform, resource):
                yield row
            return
        owners = {party.folded for party in platform.parties(*resource.owner_roles)}
        for owner in sorted(owners):
            async for row in self._store.scan(resource.kind, owner=owner):
                if platform.id in row.sources and not is_over(resource, row.document):
                    yield row

    async def _told(self, platform: Platform, resource: Resource) -> AsyncIterator[ObjectRow]:
        """The parties that this hub's hubclientinfo told of."""
        async for row in self._store.scan(resource.kind):
            if platform.id in row.sources and not is_undated(row, by_hub=self._identity.is_hub):
                yield row

    async def _ask(
        self,
        question: RecordKey,
        platform: Platform,
        resource: Resource,
        missing: list[ObjectRow],
        held: int,
    ) -> None:
        asked = Question(
            platform=platform.id,
            module=resource.kind,
            at=self._now(),
            vanished=len(missing),
            held=held,
            ids=[row.key.id for row in missing[:NAMED]],
        )
        log.warning(
            "too many objects vanished",
            platform=platform.name,
            kind=resource.kind,
            vanished=len(missing),
            held=held,
        )
        await write(self._store, draft(question, asked, parent=platform.id))

    async def _end(self, platform: Platform, resource: Resource, row: ObjectRow) -> bool:
        try:
            if resource.audience is Audience.NOBODY:
                word = untold(row, platform.id, by_hub=self._identity.is_hub)
                left = Change(lambda _: Decision(True, objects=(word,)))
                return await self._store.apply(_unless_moved(row, left))
            if resource.removal is Removal.DELETE:
                members = msgspec.json.decode(row.document)
                country, _, party = row.key.owner.partition("/")
                gone = remove(
                    resource,
                    PartyId(country, party),
                    members,
                    version=VERSIONS[row.version],
                    source=platform,
                    identity=self._identity,
                )
                await self._store.apply(_unless_moved(row, gone))
                return True
            last = withdrawn(resource, row.document)
            if last is None:
                return False
            change = accept(
                resource,
                last,
                version=VERSIONS[row.version],
                source=platform,
                identity=self._identity,
                strict=False,
                authoritative=True,
            )
            return (await self._store.apply(_unless_moved(row, change))).refusal is None
        except CallerError as error:
            log.warning("vanished object stays", platform=platform.name, reason=error.message)
            return False


def may_vanish(platform: Platform, resource: Resource) -> bool:
    """Of a hub whom it connects and nothing else: the objects that it lists are others'."""
    if resource.audience is Audience.NOBODY:
        return platform.is_hub
    return resource.removal is not Removal.NEVER and not platform.is_hub


def is_over(resource: Resource, document: bytes) -> bool:
    """Has its kind's end already: listing it or not makes no difference."""
    last = withdrawn(resource, document)
    return last is not None and msgspec.json.decode(last) == msgspec.json.decode(document)


def _unless_moved(row: ObjectRow, change: Change[R]) -> Change[R]:
    """What the partner pushed since the row was read is there after all."""

    def decide(held: Held) -> Decision[R]:
        now = held.objects.get(row.key)
        if now is None or now.revision != row.revision:
            raise CallerError("it was pushed anew meanwhile")
        return change.decide(held)

    return Change(decide, (row.key, *change.objects), change.records)
