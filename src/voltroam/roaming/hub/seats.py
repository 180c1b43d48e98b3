"""Who can be reached through a hub: every party in every role, and where it sits."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from voltroam.roaming.platforms import Status
from voltroam.standard.endpoints import Interface, Module
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role

Offers = frozenset[tuple[str, Interface]]
"""Module and side of each endpoint that a platform has."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One party in one role, on the platform that it is reached by.

    `behind` is the next hub's own party when the platform is a hub and the party one of those
    behind it.
    """

    party: PartyId
    role: Role
    platform: str
    status: Status
    offers: Offers
    behind: PartyId | None = None

    @property
    def is_connected(self) -> bool:
        return self.status is Status.CONNECTED

    def plays(self, module: Module, interface: Interface) -> bool:
        """Whether its role has that side of the module: a pair alone is no routing key."""
        return self.role in sides(module, interface)


Allowed = Callable[[Seat, Seat, str], bool]
"""May these two parties exchange that module? Both orders ask the same agreement."""


def sides(module: Module, interface: Interface) -> frozenset[Role]:
    """The roles that play one side of a module, hubs apart."""
    roles = module.sender_roles if interface is Interface.SENDER else module.receiver_roles
    return roles - {Role.HUB}


class World:
    """What a hub knows of its surroundings at one moment; never changed, replaced as a whole."""

    def __init__(self, hub: PartyId, seats: Iterable[Seat], allowed: Allowed) -> None:
        self.hub = hub
        self.seats: tuple[Seat, ...] = tuple(seats)
        self.allowed = allowed
        self._by_party: dict[str, list[Seat]] = {}
        self._by_platform: dict[str, list[Seat]] = {}
        for seat in self.seats:
            self._by_party.setdefault(seat.party.folded, []).append(seat)
            self._by_platform.setdefault(seat.platform, []).append(seat)

    def of(self, party: PartyId) -> Sequence[Seat]:
        """All seats of a party; one that is reached directly comes before one behind a hub."""
        return sorted(
            self._by_party.get(party.folded, ()), key=lambda seat: seat.behind is not None
        )

    def at(self, platform: str) -> Sequence[Seat]:
        return self._by_platform.get(platform, ())

    def playing(self, party: PartyId, module: Module, interface: Interface) -> Sequence[Seat]:
        """The seats in which a party plays that side."""
        return [seat for seat in self.of(party) if seat.plays(module, interface)]
