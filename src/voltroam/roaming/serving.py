"""What every behaviour works with: the node as it answers one version's calls."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from voltroam.roaming.directory import Directory
from voltroam.roaming.grants import granted_to
from voltroam.roaming.marks import Marks
from voltroam.roaming.owners import owns
from voltroam.roaming.platforms import Identity, Platform
from voltroam.roaming.settle import Writer
from voltroam.standard.endpoints import Resource, Table
from voltroam.standard.errors import NotFound
from voltroam.standard.parties import PartyId
from voltroam.store.interface import ObjectRow, Store
from voltroam.wire.call import Call, Reply
from voltroam.wire.routes import Router

Answering = Callable[[Call, Platform], Awaitable[Reply]]
"""Answers the calls of a HANDLED row."""


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
    marks: Marks = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "marks", Marks(self.store))

    async def granted(self, caller: Platform, resource: Resource) -> tuple[str, ...]:
        """Classes that the caller sees beside those that its roles give it."""
        granted = await granted_to(self.store, caller, resource)
        if not resource.narrowable:
            return granted
        return (*granted, *(await self.marks.now()).classes(caller, resource.kind))

    def writer(self, call: Call, caller: Platform) -> Writer:
        return Writer(self.identity, call.version, caller, caller.profile.strict)


def resource_of(call: Call) -> Resource:
    if call.endpoint.resource is None:
        raise NotFound("No such path")
    return call.endpoint.resource


def owner_of(call: Call) -> PartyId:
    if call.owner is None:
        raise NotFound("No such path")
    return call.owner


def readable(row: ObjectRow | None, caller: Platform, resource: Resource, owner: PartyId) -> bool:
    """Whether the caller may read back what we hold: it gave it to us, or it is the owner's."""
    if row is None or row.deleted:
        return False
    return caller.id in row.sources or owns(caller, resource, owner)
