"""What is checked before a command leaves, and between which parties it goes."""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

from voltroam.roaming.commanding.places import LocationView, locations_called, sessions_called
from voltroam.roaming.directory import Directory
from voltroam.roaming.keys import object_key
from voltroam.roaming.platforms import Identity, Platform
from voltroam.standard.endpoints import COMMANDS, TOKEN
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Capability, Role, Token, TokenType
from voltroam.store.interface import Store
from voltroam.wire.decode import Reading, read

Bearer = tuple[str, TokenType | None] | Token
"""A token of ours by uid and type (None: whichever type has the uid, an RFID card first), or a
whole one of a driver that we keep no token of."""
_TYPES = (TokenType.RFID, TokenType.APP_USER, TokenType.AD_HOC_USER, TokenType.OTHER)


class Way(NamedTuple):
    """From which of our parties to which of theirs, and the location if we hold it."""

    platform: Platform
    as_party: PartyId
    operator: PartyId | None
    location: LocationView | None = None

    def check(self, capability: Capability | None, evse_uid: str | None) -> None:
        """CallerError if the EVSE says what it can, and this is not in it.

        The standard leaves such a command to the operator, who answers NOT_SUPPORTED; we spare
        the driver the wait. An EVSE that lists nothing has told nothing, and an EVSE that we do
        not know may be newer than what we hold: the operator knows better.
        """
        if capability is None or self.location is None:
            return
        evses = self.location.standing
        if evse_uid is not None:
            evses = [evse for evse in (self.location.evse(evse_uid),) if evse is not None]
        if evses and all(evse.capabilities and not evse.lists(capability) for evse in evses):
            raise CallerError(f"The EVSE does not have the capability {capability.value}")

    def connector(self, evse_uid: str, connector_id: str | None) -> str:
        """The one that is named, else the EVSE's only one. CallerError if that cannot be said."""
        evse = None if self.location is None else self.location.evse(evse_uid)
        if connector_id is not None:
            return connector_id
        if evse is None or len(evse.connectors) != 1:
            raise CallerError("connector_id is needed: we know of no only connector of this EVSE")
        return evse.connectors[0].id

    def check_connector(self, evse_uid: str | None, connector_id: str | None) -> None:
        """CMD-START-07"""
        if connector_id is not None or evse_uid is None or self.location is None:
            return
        evse = self.location.evse(evse_uid)
        if evse is not None and evse.lists(Capability.START_SESSION_CONNECTOR_REQUIRED):
            raise CallerError("This EVSE needs a connector_id")


class Checking:
    """Looks up partners, tokens and places for `Commands`."""

    def __init__(self, store: Store, directory: Directory, identity: Identity) -> None:
        self._store = store
        self._directory = directory
        self._identity = identity

    async def platform(self, partner: str) -> Platform:
        """By name or id. CallerError if it is none that we are registered with."""
        found = await self._directory.by_name(partner) or await self._directory.platform(partner)
        if found is None or not found.is_registered:
            raise CallerError(f"There is no registered partner {partner}")
        return found

    async def token(self, bearer: Bearer, as_party: PartyId | None) -> Token:
        """The whole token. CallerError unless it is ours and valid (CMD-START-01, CMD-RES-04)."""
        owners = self._ours(as_party)
        uid, type_ = (bearer.uid, bearer.type) if isinstance(bearer, Token) else bearer
        types = _TYPES if type_ is None else (type_,)
        for owner, kind in product(owners, types):
            row = await self._store.get(object_key(TOKEN, owner, {"uid": uid, "type": kind}))
            if row is not None and not row.deleted:
                reading: Reading[Token] = read(Token, row.document)
                if reading.value is not None:
                    return _valid(reading.value)
        if not isinstance(bearer, Token):
            raise CallerError("The token is not one of ours")
        if not any(owner.same(owner_of(bearer)) for owner in owners):
            raise CallerError("The token is not one of ours")
        return _valid(bearer)

    async def way(
        self,
        partner: str,
        operator: PartyId | None,
        *,
        location_id: str | None = None,
        evse_uid: str | None = None,
        as_party: PartyId | None = None,
    ) -> Way:
        """To the owner of the location, or to the partner's only operator.

        CallerError where several have a location of that id, with that EVSE if one is named: a
        driver must not start at another operator's charger.
        """
        platform = await self.platform(partner)
        ours = self._ours(as_party)
        theirs = await self._theirs(platform, operator)
        found: Sequence[LocationView] = ()
        if location_id is not None:
            found = await locations_called(self._store, theirs, location_id)
        if len(found) > 1 and evse_uid is not None:
            found = [place for place in found if place.evse(evse_uid) is not None] or found
        if len(found) > 1:
            raise CallerError(
                f"{_names(place.owner for place in found)} have a location {location_id} each:"
                " name the operator"
            )
        if found:
            return Way(platform, ours[0], found[0].owner, found[0])
        return Way(platform, ours[0], _only(platform, theirs))

    async def way_of_session(
        self, partner: str, operator: PartyId | None, session_id: str, as_party: PartyId | None
    ) -> Way:
        """From the party whose driver charges. CallerError for a session of somebody else's."""
        platform = await self.platform(partner)
        theirs = await self._theirs(platform, operator)
        ours = self._ours(as_party)
        found = await sessions_called(self._store, theirs, session_id)
        if not found:
            return Way(platform, ours[0], _only(platform, theirs))
        mine = [one for one in found if any(own.same(one.cdr_token.owner) for own in ours)]
        if not mine:
            raise CallerError("The session is not one of our drivers'")
        if len(mine) > 1:
            raise CallerError(
                f"{_names(one.owner for one in mine)} have a session of that id each: name the"
                " operator"
            )
        return Way(platform, mine[0].cdr_token.owner, mine[0].owner)

    def _ours(self, as_party: PartyId | None) -> Sequence[PartyId]:
        """Our parties that may command. CallerError if there are none, or it is not one of them."""
        ours = self._identity.parties(*COMMANDS.sender_roles - {Role.HUB})
        ours = tuple(own for own in ours if as_party is None or own.same(as_party))
        if not ours:
            raise CallerError("Commands are sent by an EMSP party of this node")
        return ours

    async def _theirs(self, platform: Platform, operator: PartyId | None) -> Sequence[PartyId]:
        if operator is not None:
            if not platform.is_hub and not platform.holds(operator):
                raise CallerError(f"{operator} is not a party of {platform.name}")
            return (operator,)
        if platform.is_hub:
            return await self._directory.behind(platform, [Role.CPO])
        return platform.parties(Role.CPO)


def _only(platform: Platform, parties: Sequence[PartyId]) -> PartyId:
    once = {party.folded: party for party in parties}
    if len(once) != 1:
        raise CallerError(f"{platform.name} has {len(once)} operators: name the one to command")
    return next(iter(once.values()))


def _names(parties: Iterable[PartyId]) -> str:
    return " and ".join(sorted(str(party) for party in parties))


def owner_of(token: Token) -> PartyId:
    return PartyId(token.country_code, token.party_id)


def _valid(token: Token) -> Token:
    if not token.valid:
        raise CallerError("The token is not valid: its driver must not charge")
    return token
