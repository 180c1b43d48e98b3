"""What every behaviour works with: the node as it answers one version's calls."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import compress

from voltroam.bridge.passage import is_as_kept, is_spoken_here
from voltroam.roaming.audience import at_version, visible
from voltroam.roaming.bridging import Bridging
from voltroam.roaming.directory import Directory
from voltroam.roaming.grants import granted_to
from voltroam.roaming.keys import object_key, path_ids, values_of
from voltroam.roaming.marks import Marks
from voltroam.roaming.one_party import OneParty
from voltroam.roaming.owners import owns
from voltroam.roaming.platforms import Identity, Platform
from voltroam.roaming.settle import Writer
from voltroam.standard.endpoints import Behaviour, Resource, Table
from voltroam.standard.errors import NotFound
from voltroam.standard.parties import PartyId
from voltroam.store.interface import ObjectKey, ObjectRow, Store
from voltroam.wire.call import Call, Reply
from voltroam.wire.pieces import Pieces
from voltroam.wire.routes import Router

Answering = Callable[[Call, Platform], Awaitable[Reply]]
"""Answers the calls of a HANDLED row."""
Prompt = Callable[[Call, Platform], Reply | None]
"""Answers a call of a HANDLED row where nothing must be waited for. None, before anything was done:
the row's handler has to."""
Sights = Callable[[Call, Platform, Resource], Awaitable[tuple[str, ...]]]
"""The classes of objects that a call may see."""


@dataclass(frozen=True, slots=True)
class Serving:
    """`page_default` and `page_maximum` count objects (OCPI 2.2.1 §transport, pagination)."""

    store: Store
    directory: Directory
    identity: Identity
    table: Table
    router: Router
    page_default: int = 100
    page_maximum: int = 1000
    sights: Sights | None = None
    """Of a hub, which shows what others gave it; None: our own objects, by our own rules."""
    bridging: Bridging | None = None
    """The doors to other versions; None: the house's own alone is spoken."""
    one_party: OneParty | None = None
    """Of a hub: who has which name at partners that know it as one party."""
    pieces: Pieces = field(default_factory=Pieces)
    """What partners have sent lately."""
    marks: Marks = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "marks", Marks(self.store))

    async def writer(self, call: Call, caller: Platform) -> Writer:
        """On whose behalf the call's body is written, and how it is brought home."""
        flow = call.correlation_id if self.identity.is_hub else ""
        inward = None
        if self.bridging is not None and not is_spoken_here(call.version):
            bodies = () if call.body is None else (call.body,)
            inward = await self.bridging.inward(
                resource_of(call),
                call.version,
                caller,
                bodies,
                owner=call.owner,
                whole=call.endpoint.part is None,
                held=await self._changed(call, caller),
            )
        return Writer(
            self.identity, call.version, caller, caller.profile.strict, flow=flow, inward=inward
        )

    async def _changed(self, call: Call, caller: Platform) -> ObjectRow | None:
        """The object that a call changes but for what it names; None for all other calls."""
        whole = call.endpoint.behaviour is not Behaviour.PATCH and call.endpoint.part is None
        if whole or call.owner is None:
            return None
        return await self.store.get(await self.key(call, caller, call.owner))

    async def shown(
        self,
        call: Call,
        caller: Platform,
        documents: list[bytes],
        sidecars: Sequence[bytes | None],
        *,
        masked: bool = True,
    ) -> Sequence[bytes]:
        """Documents of the house as the caller may see them, in its version.

        `masked`: ids that are for others only are left out; not of what the caller itself gave.
        """
        resource = resource_of(call)
        if masked:
            documents = await self.marks.shown(caller, resource, documents)
        kind, allowed = resource.object.__name__, caller.profile.relaxations
        if self.bridging is None or is_as_kept(kind, call.version, allowed):
            return documents
        if self.one_party is not None and not call.version.credentials_roles:
            few = await self.one_party.shown(caller, resource, documents)
            documents, sidecars = list(compress(documents, few)), list(compress(sidecars, few))
        passed = await self.bridging.shown(resource, call.version, caller, documents, sidecars)
        carried = [one.document for one in passed if one.document is not None]
        return await self.marks.shown(caller, resource, carried) if masked else carried

    async def key(self, call: Call, caller: Platform, owner: PartyId) -> ObjectKey:
        """Of the object that a path names, by its name in the house.

        Before 2.2.1 a path leaves the type of a token open: the one that was updated last is meant.
        """
        resource = resource_of(call)
        said = path_ids(call.endpoint, call.keys, call.query)
        if self.bridging is None or is_spoken_here(call.version):
            return object_key(resource, owner, said)
        ids = await self.bridging.ids(resource, call.version, caller, said, owner)
        first = object_key(resource, owner, ids)
        if call.version.typed_tokens:
            return first
        found = await self.store.get(first)
        for member in resource.key_defaults.keys() - ids.keys():
            for value in values_of(resource, member):
                row = await self.store.get(object_key(resource, owner, {**ids, member: value}))
                found = newest(found, row)
        return first if found is None else found.key

    async def sees(self, call: Call, caller: Platform, resource: Resource) -> tuple[str, ...]:
        """The classes of objects that the caller may see on the SENDER side."""
        classes = await self._classes(call, caller, resource)
        return at_version(classes, call.version, self.identity, resource, caller.profile)

    async def _classes(self, call: Call, caller: Platform, resource: Resource) -> tuple[str, ...]:
        if self.sights is not None:
            return await self.sights(call, caller, resource)
        behind = await self.directory.behind(caller, resource.readers) if caller.is_hub else ()
        granted = await granted_to(self.store, caller, resource)
        if resource.narrowable:
            granted = (*granted, *(await self.marks.now()).classes(caller, resource.kind))
        return visible(caller, self.identity, resource, call.routing.to, behind, granted=granted)


def resource_of(call: Call) -> Resource:
    if call.endpoint.resource is None:
        raise NotFound("No such path")
    return call.endpoint.resource


def owner_of(call: Call) -> PartyId:
    if call.owner is None:
        raise NotFound("No such path")
    return call.owner


def newest(one: ObjectRow | None, other: ObjectRow | None) -> ObjectRow | None:
    """Of two objects the live one that was updated later; the first if they are alike."""
    if other is None or other.deleted:
        return one
    if one is None or one.deleted or other.last_updated > one.last_updated:
        return other
    return one


def readable(row: ObjectRow | None, caller: Platform, resource: Resource, owner: PartyId) -> bool:
    """Whether the caller may read back what we hold: it gave it to us, or it is the owner's."""
    if row is None or row.deleted:
        return False
    return caller.id in row.sources or owns(caller, resource, owner)
