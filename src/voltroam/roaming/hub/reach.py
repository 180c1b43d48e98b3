"""The parties that a hub's own credentials name to a platform (OCPI 2.3.0 §credentials): those that
its parties may deal with in anything, as hubclientinfo tells them too."""

from collections.abc import Collection

from voltroam.roaming.directory import Directory
from voltroam.roaming.hub.book import AgreementBook
from voltroam.roaming.hub.seats import Seat
from voltroam.roaming.platforms import Platform, Status
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import CredentialsRole, Role

TOLD = (Status.CONNECTED, Status.OFFLINE)
"""What a party must be to be told."""


class Reach:
    """`modules` are those that are routed."""

    def __init__(self, directory: Directory, book: AgreementBook, modules: Collection[str]) -> None:
        self._directory = directory
        self._book = book
        self._modules = modules

    async def of(self, platform: Platform) -> list[CredentialsRole]:
        """To one whose parties are not known yet: all where nothing is agreed upon, else nobody."""
        agreements = await self._book.current()
        asking = [_seat(platform, role) for role in platform.roles or platform.planned]
        return [
            role
            for other in await self._directory.all()
            if other.is_registered and other.id != platform.id and other.status in TOLD
            for role in other.roles
            if role.role is not Role.HUB
            and (
                any(agreements.allowed(one, _seat(other, role), name)
                    for one in asking for name in self._modules)
                if asking else agreements.allows_all
            )
        ]  # fmt: skip


def _seat(platform: Platform, role: CredentialsRole) -> Seat:
    party = PartyId(role.country_code, role.party_id)
    return Seat(party, role.role, platform.id, platform.status, frozenset())
