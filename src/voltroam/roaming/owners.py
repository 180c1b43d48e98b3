"""Who may write an object: its owner's platform, a hub that connects the owner, or we ourselves.

"Absent" and "not yours" get the same answer (OCPI 2.2.1 §transport, client owned object push).
"""

from dataclasses import dataclass

from voltroam.roaming.directory import ROSTER, client_info_key
from voltroam.roaming.platforms import Identity, Platform
from voltroam.standard.endpoints import Audience, Resource
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role
from voltroam.store.interface import Held, ObjectKey, RecordKey


@dataclass(frozen=True, slots=True)
class Claim:
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
        if self._roster() not in held.records:
            return True
        return any(
            row is not None and not row.deleted and self.source is not None
            and self.source.id in row.sources
            for row in (held.objects.get(key) for key in self.objects)
        )  # fmt: skip

    def _check_own(self) -> None:
        ours = self.identity.parties(*self.resource.owner_roles)
        if not any(party.same(self.owner) for party in ours):
            raise CallerError(
                f"{self.owner} is not one of our parties that own {self.resource.kind}"
            )


def owns(platform: Platform, resource: Resource, owner: PartyId) -> bool:
    """Whether the platform registered the owner, in a role that owns such objects."""
    return any(
        role.role in resource.owner_roles and owner.same(PartyId(role.country_code, role.party_id))
        for role in platform.roles
    )
