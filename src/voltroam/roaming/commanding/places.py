"""What a command needs to know of a location and of a session, whoever owns them."""

from collections.abc import AsyncIterator, Iterable

import msgspec

from voltroam.roaming.keys import object_key
from voltroam.standard.endpoints import LOCATION, SESSION, Resource
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import Capability, CommandType, SessionStatus, Status
from voltroam.store.interface import ObjectRow, Store

NEEDED = {
    CommandType.START_SESSION: Capability.REMOTE_START_STOP_CAPABLE,
    CommandType.STOP_SESSION: Capability.REMOTE_START_STOP_CAPABLE,
    CommandType.RESERVE_NOW: Capability.RESERVABLE,
    CommandType.UNLOCK_CONNECTOR: Capability.UNLOCK_CAPABLE,
}
"""What an EVSE must be able to do for a command (OCPI 2.2.1 §mod_locations, Capability)."""


class ConnectorView(msgspec.Struct, frozen=True):
    id: str


class EvseView(msgspec.Struct, frozen=True):
    uid: str
    status: str = ""
    capabilities: list[str] | None = None
    connectors: list[ConnectorView] = []

    def lists(self, capability: Capability) -> bool:
        return capability in (self.capabilities or ())

    def has_connector(self, connector_id: str) -> bool:
        return any(fold(one.id) == fold(connector_id) for one in self.connectors)


class LocationView(msgspec.Struct, frozen=True):
    country_code: str
    party_id: str
    id: str
    evses: list[EvseView] | None = None

    @property
    def owner(self) -> PartyId:
        return PartyId(self.country_code, self.party_id)

    @property
    def standing(self) -> list[EvseView]:
        """Its EVSEs without those that were removed."""
        return [evse for evse in self.evses or () if evse.status != Status.REMOVED]

    def evse(self, uid: str) -> EvseView | None:
        return next((evse for evse in self.standing if fold(evse.uid) == fold(uid)), None)


class TokenView(msgspec.Struct, frozen=True):
    country_code: str
    party_id: str

    @property
    def owner(self) -> PartyId:
        return PartyId(self.country_code, self.party_id)


class SessionView(msgspec.Struct, frozen=True):
    country_code: str
    party_id: str
    id: str
    cdr_token: TokenView
    status: str
    location_id: str
    evse_uid: str

    @property
    def owner(self) -> PartyId:
        return PartyId(self.country_code, self.party_id)

    @property
    def is_over(self) -> bool:
        return self.status in (SessionStatus.COMPLETED, SessionStatus.INVALID)


_LOCATION = msgspec.json.Decoder(LocationView)
_SESSION = msgspec.json.Decoder(SessionView)


async def find_location(
    store: Store, owners: Iterable[PartyId], id_: str
) -> tuple[ObjectRow, LocationView] | None:
    """The first of these parties' locations with that id."""
    async for row in _found(store, LOCATION, owners, id_):
        return row, _LOCATION.decode(row.document)
    return None


async def find_session(
    store: Store, owners: Iterable[PartyId], id_: str
) -> tuple[ObjectRow, SessionView] | None:
    """The first of these parties' sessions with that id."""
    async for row in _found(store, SESSION, owners, id_):
        return row, _SESSION.decode(row.document)
    return None


async def locations_called(store: Store, owners: Iterable[PartyId], id_: str) -> list[LocationView]:
    """One of each of these parties that has that id: behind a hub several may."""
    return [_LOCATION.decode(row.document) async for row in _found(store, LOCATION, owners, id_)]


async def sessions_called(store: Store, owners: Iterable[PartyId], id_: str) -> list[SessionView]:
    return [_SESSION.decode(row.document) async for row in _found(store, SESSION, owners, id_)]


async def _found(
    store: Store, resource: Resource, owners: Iterable[PartyId], id_: str
) -> AsyncIterator[ObjectRow]:
    for owner in {party.folded: party for party in owners}.values():
        row = await store.get(object_key(resource, owner, {"id": id_}))
        if row is not None and not row.deleted:
            yield row
