"""Where the operator of an eMSP marks tokens and binds contracts to places.

A node that answers authorizations sees a change within a second, in every process.
"""

from collections.abc import Sequence
from typing import NamedTuple

from voltroam.roaming.authorizing.limits import (
    NO_LIMITS,
    Mark,
    Place,
    TokenLimits,
    group_limits_key,
    limits_key,
    read_limits,
    set_limits,
    set_mark,
    set_places,
)
from voltroam.roaming.keys import object_key
from voltroam.roaming.platforms import Identity
from voltroam.standard.endpoints import TOKEN
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import TokenType
from voltroam.store.interface import RecordKey, Store


class Bearer(NamedTuple):
    """Whose limits: one token's (`type` given), or all tokens' of a group (`type` None).

    `owner` None: our only eMSP party.
    """

    id: str
    type: TokenType | None = TokenType.RFID
    owner: PartyId | None = None


class Limiting:
    """Reads and writes `TokenLimits`.

    Raises NotFound for a token that is not ours, CallerError 2001 where the owner is needed.
    """

    def __init__(self, store: Store, identity: Identity) -> None:
        self._store = store
        self._identity = identity

    async def limits(self, bearer: Bearer) -> TokenLimits:
        """Those of the bearer itself, without its group's."""
        record = await self._store.record(await self._key(bearer))
        return read_limits(record.document) if record else NO_LIMITS

    async def mark(self, bearer: Bearer, mark: Mark | None) -> TokenLimits:
        """BLOCKED, EXPIRED or NO_CREDIT from now on; None clears it. What then holds."""
        return await self._store.apply(set_mark(await self._key(bearer), mark))

    async def permit(self, bearer: Bearer, places: Sequence[Place] | None) -> TokenLimits:
        """Charging at these places only; None: everywhere. What then holds."""
        given = None if places is None else tuple(places)
        return await self._store.apply(set_places(await self._key(bearer), given))

    async def replace(self, bearer: Bearer, limits: TokenLimits) -> TokenLimits:
        return await self._store.apply(set_limits(await self._key(bearer), limits))

    async def _key(self, bearer: Bearer) -> RecordKey:
        owner = self._owner(bearer.owner)
        if bearer.type is None:
            return group_limits_key(owner, bearer.id)
        ids = {"uid": bearer.id, "type": bearer.type.value}
        row = await self._store.get(object_key(TOKEN, owner, ids))
        if row is None or row.deleted:
            raise NotFound(f"There is no such token of {owner}")
        return limits_key(owner, bearer.id, bearer.type)

    def _owner(self, owner: PartyId | None) -> PartyId:
        ours = self._identity.parties(*TOKEN.owner_roles)
        if owner is None and len(ours) == 1:
            return ours[0]
        for party in ours:
            if party.same(owner):
                return party
        raise CallerError("Which of our eMSP parties does the token belong to?")
