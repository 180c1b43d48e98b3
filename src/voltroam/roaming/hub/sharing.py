"""Who gets whose objects through a hub: what was shared with all, and who may know whom.

A hub has no objects of its own. What a party gave it carries that party's class, and each platform
sees the classes of the parties that its own parties may deal with, in opposite roles, never what
came from itself (OCPI 2.2.1 §transport, broadcast push and get all).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from voltroam.roaming.audience import contract_class
from voltroam.roaming.directory import Directory
from voltroam.roaming.hub.seats import Seat, World
from voltroam.roaming.hub.surroundings import Surroundings
from voltroam.roaming.platforms import Platform, Status
from voltroam.standard.endpoints import Audience, Resource, Table
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role

Receivers = Mapping[str, tuple[PartyId, ...]]
"""Parties of one platform by the class whose objects they get."""
_NOT_HUBS = frozenset(Role) - {Role.HUB}


@dataclass(frozen=True, slots=True)
class Place:
    """What sharing depends on of a seat: not whether it is connected at this moment."""

    seat: Seat
    left: bool
    """It is suspended: it is still announced, but nothing of it is shared any more."""
    is_hub: bool = False

    @classmethod
    def of(cls, seat: Seat) -> "Place":
        return cls(_bare(seat.party, seat.role, seat.platform), seat.status is Status.SUSPENDED)

    @property
    def party(self) -> PartyId:
        return self.seat.party

    @property
    def role(self) -> Role:
        return self.seat.role

    @property
    def platform(self) -> str:
        return self.seat.platform


def _bare(party: PartyId, role: Role, platform: str) -> Seat:
    return Seat(party, role, platform, Status.CONNECTED, frozenset())


class Sharing:
    """Who sees what at one moment; never changed, replaced as a whole.

    What was worked out `before` still counts for platforms that did not move, but for the owners
    that did: so one party that joins costs each platform one look, and not one at every other.
    """

    def __init__(
        self,
        world: World,
        hubs: Sequence[Platform],
        table: Table,
        before: "Sharing | None" = None,
    ) -> None:
        self.places = _places(world, hubs)
        self.allowed = world.allowed
        self._table = table
        self._known: dict[tuple[str, str], Receivers] = {}
        self._before: Mapping[tuple[str, str], Receivers] = {}
        self._moved: frozenset[str] = frozenset()
        """Owners, folded, of whom what was known before is not to be trusted."""
        if before is not None and before.allowed == self.allowed:
            self._inherit(before)
        self._listed: dict[tuple[str, str, bool, str | None], tuple[str, ...]] = {}
        self._owning: dict[str, dict[str, list[Place]]] = {}
        self._at: dict[str, list[Place]] = {}
        for place in self.places:
            self._at.setdefault(place.platform, []).append(place)
        self._functional = tuple(
            module.name for module in table.modules.values() if module.functional
        )

    def receivers(self, platform_id: str, resource: Resource) -> Receivers:
        """By class: the parties of a platform that get objects of that class, one copy each.

        To another hub one copy goes, whoever sits behind it. What carries no routing headers goes
        once to a platform. Empty for what is meant for one party only.
        """
        key = (platform_id, resource.kind)
        found = self._known.get(key)
        if found is None:
            old = self._before.get(key)
            found = self._known[key] = (
                self._read(platform_id, resource)
                if old is None
                else self._mended(old, platform_id, resource)
            )
        return found

    def _inherit(self, before: "Sharing") -> None:
        moved = set(before.places) ^ set(self.places)
        platforms = {place.platform for place in moved}
        self._moved = frozenset(place.party.folded for place in moved) | before.unread
        self._before = {
            key: known
            for key, known in {**before._before, **before._known}.items()
            if key[0] not in platforms
        }

    @property
    def unread(self) -> frozenset[str]:
        """Owners of whom some platforms' parts may still be those of before."""
        return frozenset() if self._known.keys() >= self._before.keys() else self._moved

    def _mended(self, old: Receivers, platform_id: str, resource: Resource) -> Receivers:
        """The same mapping if nothing in it is another."""
        fresh = self._read(platform_id, resource, self._moved)
        if all(old.get(name) == fresh.get(name) for name in self._moved):
            return old
        kept = {name: parties for name, parties in old.items() if name not in self._moved}
        return kept | fresh

    def classes(
        self, platform_id: str, resource: Resource, party: PartyId | None = None
    ) -> tuple[str, ...]:
        """The classes that a list shows to a platform, as that party of its own if it is named."""
        at = [place for place in self._at.get(platform_id, ()) if place.role in resource.readers]
        readers = [place for place in at if party is None or place.party.same(party)]
        known = party.folded if party is not None and readers else None
        key = (platform_id, resource.kind, party is None, known)
        found = self._listed.get(key)
        if found is None:
            # A hub speaks for parties of which we know nothing as well.
            readers = readers or [place for place in at if place.is_hub]
            names = {
                _class(resource, owner, reader)
                for reader in readers
                for owner in self._owners(platform_id, resource)
                if self._may(owner, reader, resource)
            }
            found = self._listed[key] = tuple(sorted(names))
        return found

    def _read(
        self, platform_id: str, resource: Resource, owners: frozenset[str] | None = None
    ) -> dict[str, tuple[PartyId, ...]]:
        """Of these owners, or of all."""
        if resource.audience is Audience.CONTRACT:
            return {}
        found: dict[str, dict[str, PartyId]] = {}
        readers = self._receiving(platform_id, resource)
        for owner in self._owners(platform_id, resource, owners) if readers else ():
            met = found.setdefault(owner.party.folded, {})
            for folded, way, places in readers:
                if any(self._may(owner, place, resource) for place in places):
                    met[folded] = way
        once = not self._table.module_of(resource).functional
        return {
            name: tuple(met.values())[: 1 if once else None] for name, met in found.items() if met
        }

    def _receiving(
        self, platform_id: str, resource: Resource
    ) -> Sequence[tuple[str, PartyId, Sequence[Place]]]:
        """Whom copies are addressed to, and on whose behalf: a hub stands for all behind it."""
        places = [
            place
            for place in self._at.get(platform_id, ())
            if place.is_hub or place.role in resource.readers & _NOT_HUBS
        ]
        hub = next((place for place in places if place.is_hub), None)
        if hub is not None:
            return [(hub.party.folded, hub.party, places)]
        return [(place.party.folded, place.party, (place,)) for place in places]

    def _owners(
        self, platform_id: str, resource: Resource, named: frozenset[str] | None = None
    ) -> Iterable[Place]:
        known = self._owning.get(resource.kind)
        if known is None:
            announced = resource.audience is Audience.NOBODY
            known = self._owning[resource.kind] = {}
            for place in self.places:
                if (
                    place.role in resource.owner_roles
                    and not place.is_hub
                    and (announced or not place.left)
                ):
                    known.setdefault(place.party.folded, []).append(place)
        groups = known.values() if named is None else (known.get(name, ()) for name in named)
        return (it for group in groups for it in group if it.seat.platform != platform_id)

    def _may(self, owner: Place, reader: Place, resource: Resource) -> bool:
        """Client info is for whoever may deal with the party in anything at all (CORE-HCI-05)."""
        one, other = owner.seat, reader.seat
        if resource.audience is Audience.NOBODY:
            return any(self.allowed(one, other, name) for name in self._functional)
        return self.allowed(one, other, self._table.module_of(resource).name)


class Sharings:
    """Hands out the `Sharing` of now; the same object for as long as nothing that counts moved."""

    def __init__(self, surroundings: Surroundings, directory: Directory, table: Table) -> None:
        self._surroundings = surroundings
        self._directory = directory
        self._table = table
        self._known: tuple[World, Sequence[Platform], Sharing] | None = None

    async def now(self) -> Sharing:
        """At most a second old. Who comes online or goes offline moves nothing here."""
        world = await self._surroundings.world()
        hubs = [it for it in await self._directory.all() if it.is_registered and it.is_hub]
        known = self._known
        if known is not None and known[0] is world and known[1] == hubs:
            return known[2]
        sharing = Sharing(world, hubs, self._table, None if known is None else known[2])
        if (
            known is not None
            and known[2].allowed == sharing.allowed
            and known[2].places == sharing.places
        ):
            sharing = known[2]
        self._known = (world, hubs, sharing)
        return sharing


def _places(world: World, hubs: Sequence[Platform]) -> tuple[Place, ...]:
    """The parties, and each other hub itself, to which copies for those behind it are sent."""
    own = [
        Place(_bare(party, Role.HUB, hub.id), hub.status is Status.SUSPENDED, is_hub=True)
        for hub in hubs
        for party in hub.parties(Role.HUB)[:1]
    ]
    return (*(Place.of(seat) for seat in world.seats), *own)


def _class(resource: Resource, owner: Place, reader: Place) -> str:
    if resource.audience is Audience.CONTRACT:
        return contract_class(owner.party, reader.party)
    return owner.party.folded
