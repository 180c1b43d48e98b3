"""Pull: a partner's lists into our store, by date or in full (OCPI 2.2.1 §transport, pull).

A bad object is set aside and never spoils its page (CORE-HTTP-18). After a complete full pull,
what the partner no longer lists is gone; if that is too much at once, an operator decides.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from voltroam.bridge.passage import Inward
from voltroam.delivery.knobs import Knobs
from voltroam.delivery.log import Log
from voltroam.delivery.ports import Calls, Now
from voltroam.delivery.quarantine import Quarantine, readable_key
from voltroam.delivery.records import SyncNote
from voltroam.delivery.vanished import Vanished, may_vanish
from voltroam.roaming.accept import accept
from voltroam.roaming.bridging import Bridging
from voltroam.roaming.keys import object_key
from voltroam.roaming.platforms import Identity, Platform
from voltroam.roaming.weigh import Outcome
from voltroam.standard.endpoints import (
    Audience,
    Behaviour,
    Endpoint,
    Interface,
    Resource,
    Table,
)
from voltroam.standard.errors import CallerError, Overloaded, Unusable
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import VERSIONS, Version
from voltroam.store.interface import ObjectKey, Store
from voltroam.wire.call import Routing
from voltroam.wire.times import format_datetime, from_micros, parse_datetime, to_micros

log = Log("voltroam.sync")

SECOND = 1_000_000
EVER = "2010-01-01T00:00:00Z"
"""Before OCPI: `date_from` of a full pull where the list demands one (SES-LIST-03)."""

_PLAIN = msgspec.json.Decoder()


@dataclass(slots=True)
class PullReport:
    """What one pull brought. `received` counts the valid objects read, unchanged ones too."""

    module: str
    full: bool = False
    received: int = 0
    refused: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    questioned: int = 0
    """Vanished objects that an operator must decide about."""
    newest: int | None = None
    """The newest `last_updated` seen (µs)."""


@dataclass(slots=True)
class _Pulling:
    """One pull under way."""

    platform: Platform
    resource: Resource
    version: Version
    report: PullReport
    began: int
    waiting: set[str]
    """Ids in quarantine, to be cleared when the object is accepted."""
    seen: set[ObjectKey] = field(default_factory=set)
    counts: bool = False
    """Whether it matters afterwards what was seen: of a full pull of what may vanish."""
    unreadable: int = 0
    """Refused objects without a readable key: any missing one may be among them."""


Progress = Callable[[PullReport], None]


class Sync:
    """Pulls lists of partners; knows nothing of when (see `timetable.py`)."""

    def __init__(
        self,
        store: Store,
        calls: Calls,
        identity: Identity,
        table: Table,
        *,
        quarantine: Quarantine,
        knobs: Knobs,
        now: Now,
        collect: Collection[str] = (),
        bridging: Bridging | None = None,
    ) -> None:
        self._bridging = bridging
        self._store = store
        self._calls = calls
        self._identity = identity
        self._table = table
        self._quarantine = quarantine
        self._knobs = knobs
        self._now = now
        self._collect = collect
        self._vanished = Vanished(store, identity, knobs, now)
        self._kinds: dict[str, set[str]] = {}
        for row in table.rows:
            if row.behaviour is Behaviour.LIST and row.resource is not None:
                self._kinds.setdefault(row.module.name, set()).add(row.resource.kind)

    def modules(self, platform: Platform) -> list[str]:
        """Those that the partner lists and one of our roles receives."""
        return [self._name_of(row) for row in self._lists(platform) if self._takes(row, platform)]

    def _takes(self, row: Endpoint, platform: Platform) -> bool:
        """A hub: what is for all, whom another hub connects, and what it was set to collect."""
        resource = row.resource
        if not self._identity.is_hub or resource is None:
            return bool(self._identity.parties(*row.module.receiver_roles))
        if resource.audience is Audience.NOBODY:
            return platform.is_hub
        return resource.audience is Audience.PARTNERS or resource.kind in self._collect

    async def pull(
        self,
        platform: Platform,
        module: str,
        *,
        full: bool = False,
        note: SyncNote | None = None,
        progress: Progress = lambda report: None,
        force: bool = False,
    ) -> PullReport:
        """Pull one module: all of it, or since shortly before the newest time seen.

        `force`: an operator decided that what vanished is gone. Raises the PartnerError family
        when the list ends early (what came is kept), CallerError for a module that has no list.
        """
        row = self._list_of(platform, module)
        resource = row.resource
        if resource is None:
            raise CallerError(f"{module} has no list of objects")
        pulling = _Pulling(
            platform,
            resource,
            VERSIONS[platform.version or ""],
            PullReport(module, full),
            self._now(),
            await self._quarantine.waiting(platform, module),
            counts=full and may_vanish(platform, resource),
        )
        query = self._query(row, None if full or note is None else note.newest, full=full)
        before = await self._store.head()
        for routing in self._routes(platform, row, resource):
            async for page in self._calls.pages(platform, row, query=query, routing=routing):
                await self._take(pulling, page)
                progress(pulling.report)
        if full and not pulling.unreadable:
            await self._vanished.sweep(
                platform, resource, pulling.seen, pulling.report, before=before, force=force
            )
            progress(pulling.report)
        return pulling.report

    def _name_of(self, row: Endpoint) -> str:
        """A list goes by its module; by its kind where the module has several."""
        few = len(self._kinds.get(row.module.name, ())) < 2
        return row.module.name if few or row.resource is None else row.resource.kind

    def _lists(self, platform: Platform) -> Iterable[Endpoint]:
        version = VERSIONS.get(platform.version or "")
        for row in self._table.at(version) if version is not None else ():
            if row.behaviour is Behaviour.LIST and platform.endpoint(
                row.module.name, Interface.SENDER
            ):
                yield row

    def _list_of(self, platform: Platform, module: str) -> Endpoint:
        for row in self._lists(platform):
            if self._name_of(row) == module:
                return row
        raise Unusable(f"{platform.name} has no {module} SENDER endpoint")

    def _query(self, row: Endpoint, newest: int | None, *, full: bool) -> dict[str, str]:
        """By date from 15 minutes before the newest time seen; sessions always by date."""
        if newest is not None:
            since = newest - int(self._knobs.overlap * SECOND)
        elif "date_from" not in row.required_query:
            return {}
        elif full:
            return {"date_from": EVER}
        else:
            since = self._now() - int(self._knobs.sessions_since * SECOND)
        return {"date_from": format_datetime(from_micros(since))}

    def _routes(self, platform: Platform, row: Endpoint, resource: Resource) -> Sequence[Routing]:
        """From each of our parties that may see other objects, to each party that owns some."""
        ours = self._identity.parties(*row.module.receiver_roles) or self._identity.parties()
        if not resource.is_for_one:
            ours = ours[:1]
        roles = row.module.sender_roles if platform.is_hub else resource.owner_roles
        theirs = platform.parties(*roles) or platform.parties()
        if platform.is_hub:
            theirs = theirs[:1]
        pairs = {
            (me.folded, you.folded): Routing(to=you, sender=me) for me in ours for you in theirs
        }
        return list(pairs.values()) or [Routing()]

    async def _take(self, pulling: _Pulling, page: Sequence[bytes]) -> None:
        """Accept the objects of a page, many at a time so that they share commits."""
        width = self._knobs.sync_concurrency
        for start in range(0, len(page), width):
            await asyncio.gather(
                *(self._one(pulling, document) for document in page[start : start + width])
            )

    async def _one(self, pulling: _Pulling, document: bytes) -> None:
        report, platform = pulling.report, pulling.platform
        inward = await self._inward(pulling, document)
        try:
            outcome = await self._accepted(pulling, document, inward)
        except CallerError as error:
            report.refused += 1
            key = await self._quarantine.keep(
                platform, pulling.resource, report.module, document, error
            )
            if key is None:
                pulling.unreadable += 1
            else:
                pulling.seen.add(_at_home(pulling, key, document, inward))
            log.warning("object refused", platform=platform.name, module=report.module)
            return
        report.received += 1
        if outcome in (Outcome.CREATED, Outcome.CHANGED):
            report.changed += 1
        else:
            report.unchanged += 1
        members = _PLAIN.decode(document)
        self._date(report, members)
        key = readable_key(pulling.resource, document, platform)
        if key is not None:
            if pulling.counts:
                pulling.seen.add(_at_home(pulling, key, document, inward))
            await self._quarantine.clear(platform, report.module, key, pulling.waiting)

    async def _inward(self, pulling: _Pulling, document: bytes) -> Inward | None:
        if self._bridging is None:
            return None
        return await self._bridging.inward(
            pulling.resource, pulling.version, pulling.platform, [document]
        )

    async def _accepted(self, pulling: _Pulling, document: bytes, inward: Inward | None) -> Outcome:
        """Raises CallerError if the object is unusable or against what we hold."""
        platform = pulling.platform
        change = accept(
            pulling.resource,
            document,
            version=pulling.version,
            source=platform,
            identity=self._identity,
            strict=platform.profile.strict,
            authoritative=pulling.report.full and not platform.is_hub,
            began=pulling.began,
            inward=inward,
        )
        while True:
            try:
                accepted = await self._store.apply(change)
            except Overloaded as busy:
                await asyncio.sleep(busy.retry_after)
                continue
            if accepted.refusal is not None:
                raise accepted.refusal
            if self._bridging is not None and inward is not None:
                await self._bridging.keep(platform)
            return accepted.outcome

    def _date(self, report: PullReport, members: dict[str, object]) -> None:
        """A clock that is ahead must not make us skip what comes later."""
        stamp = members.get("last_updated")
        if not isinstance(stamp, str):
            return
        moment = min(to_micros(parse_datetime(stamp)), self._now())
        report.newest = moment if report.newest is None else max(report.newest, moment)


def _at_home(
    pulling: _Pulling, key: ObjectKey, document: bytes, inward: Inward | None
) -> ObjectKey:
    """The key of an object of another version, which may have another name in the house."""
    if inward is None:
        return key
    country, _, party = key.owner.partition("/")
    ids = inward.ids(_PLAIN.decode(document))
    return object_key(pulling.resource, PartyId(country, party), ids)
