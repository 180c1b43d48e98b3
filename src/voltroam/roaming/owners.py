"""Who may write an object: its owner's platform, a hub that connects the owner, or we ourselves.

"Absent" and "not yours" get the same answer (OCPI 2.2.1 §transport, client owned object push).
"""

from collections.abc import Iterator

import msgspec
from msgspec import structs

from voltroam.roaming.described import UNDATED, Beside, told
from voltroam.roaming.directory import ROSTER, client_info_key
from voltroam.roaming.platforms import Identity, Platform
from voltroam.roaming.weigh import with_source
from voltroam.standard.endpoints import Audience, Resource
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import ConnectionStatus, Role
from voltroam.store.interface import HELD, Held, ObjectDraft, ObjectKey, ObjectRow, RecordKey


class Claim(msgspec.Struct, frozen=True):
    """One writer's claim on one owner's objects of a kind. `source` None: we ourselves."""

    resource: Resource
    owner: PartyId
    source: Platform | None
    identity: Identity

    @property
    def objects(self) -> tuple[ObjectKey, ...]:
        """What `check` wants to find in `Held`: what hubs said about the owner."""
        if not self._by_hub:
            return ()
        return tuple(client_info_key(self.owner, role) for role in sorted(self._roles))

    @property
    def records(self) -> tuple[RecordKey, ...]:
        return (self._roster(),) if self._by_hub else ()

    def check(self, held: Held) -> None:
        """NotFound for a partner that may not; CallerError 2001 for an import of ours."""
        if self.source is None:
            self._check_own()
        elif self.resource.audience is Audience.NOBODY:
            if not self.source.is_hub:
                raise NotFound("Only a hub tells about others")
        elif not owns(self.source, self.resource, self.owner) and not self._known_by_hub(held):
            raise NotFound("No such object")

    def met(self, held: Held) -> tuple[ObjectDraft, ...]:
        """The owner of what a hub gives is behind it from then on, as if the hub had told of it.

        For as long as the hub tells of nobody: it may have no hubclientinfo, or none yet.
        """
        if self.source is None or self.identity.is_hub or not self._believed(held):
            return ()
        if owns(self.source, self.resource, self.owner) or any(self._told(held)):
            return ()
        role = sorted(self._roles)[0]  # whose things these are in most cases: EMSP before OTHER
        row = held.objects.get(client_info_key(self.owner, role))
        if row is not None and not row.deleted:
            return with_source(row, self.source.id)
        ways = frozenset({self.source.id})
        draft = told(
            self.owner, role, ConnectionStatus.CONNECTED, UNDATED, sources=ways, note=Beside()
        )
        return (structs.replace(draft, audience=HELD),)

    @property
    def _roles(self) -> frozenset[Role]:
        return self.resource.owner_roles

    @property
    def _by_hub(self) -> bool:
        return self.source is not None and self.source.is_hub

    def _roster(self) -> RecordKey:
        return RecordKey(ROSTER, self.source.id if self.source else "")

    def _known_by_hub(self, held: Held) -> bool:
        """The hub's own word decides; a hub without hubclientinfo is believed (CORE-COO-12).

        Our own objects never come in from outside.
        """
        if not self._by_hub or self.identity.holds(self.owner):
            return False
        return self._believed(held) or any(self._told(held))

    def _believed(self, held: Held) -> bool:
        """Whether it is a hub that told of nobody yet, and gives what is not client info."""
        by_hub = self._by_hub and self.resource.audience is not Audience.NOBODY
        return by_hub and self._roster() not in held.records

    def _told(self, held: Held) -> Iterator[ObjectRow]:
        """The client info of the owner that came from this hub."""
        rows = (held.objects.get(key) for key in self.objects)
        source = self.source.id if self.source else ""
        return (row for row in rows if row and not row.deleted and source in row.sources)

    def _check_own(self) -> None:
        if not self.identity.owns(self.owner, self.resource.owner_roles):
            raise CallerError(
                f"{self.owner} is not one of our parties that own {self.resource.kind}"
            )


def owns(platform: Platform, resource: Resource, owner: PartyId) -> bool:
    """Whether the platform registered the owner, in a role that owns such objects."""
    return platform.owns(owner, resource.owner_roles)
