"""The tokens of our own eMSP parties, by what stands on the card: the uid and its type.

What was read is used again for at most a second, in each process for itself; an unknown token is
looked up each time, so that a new one works at once.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from voltroam.roaming.authorizing.limits import (
    NO_LIMITS,
    TokenLimits,
    group_limits_key,
    limits_key,
    read_limits,
)
from voltroam.roaming.keys import object_key
from voltroam.roaming.platforms import Identity
from voltroam.standard.endpoints import TOKEN
from voltroam.standard.errors import NodeError
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import Token, TokenType
from voltroam.store.interface import PRIVATE, ObjectRow, Store
from voltroam.wire.decode import read

FRESH = 1.0
"""Seconds."""
KEPT = 20_000
"""Tokens in memory."""


class OwnToken(NamedTuple):
    token: Token
    document: bytes
    """The Token as its owner wrote it."""
    owner: PartyId
    limits: TokenLimits
    private: bool
    """Marked to never leave: good at our own chargers only."""


class _Read(NamedTuple):
    until: float
    own: OwnToken


class OwnTokens:
    """`clock` gives monotonic seconds."""

    def __init__(
        self, store: Store, identity: Identity, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._owners = identity.parties(*TOKEN.owner_roles)
        self._clock = clock
        self._read: dict[tuple[str, TokenType, PartyId | None], _Read] = {}

    async def find(
        self, uid: str, type_: TokenType, owner: PartyId | None = None
    ) -> OwnToken | None:
        """Of one of our parties if `owner` names it. None: we have no such token."""
        key = (uid, type_, owner)
        known = self._read.get(key)
        if known is not None and self._clock() < known.until:
            return known.own
        begun = self._clock()
        own = await self._look_up(uid, type_, owner)
        if own is None:
            self._read.pop(key, None)
            return None
        if len(self._read) >= KEPT:
            self._read.clear()
        self._read[key] = _Read(begun + FRESH, own)
        return own

    async def _look_up(self, uid: str, type_: TokenType, owner: PartyId | None) -> OwnToken | None:
        for party in self._owners:
            if owner is not None and not owner.same(party):
                continue
            row = await self._store.get(object_key(TOKEN, party, {"uid": uid, "type": type_.value}))
            if row is not None and not row.deleted:
                return await self._with_limits(row, party)
        return None

    async def _with_limits(self, row: ObjectRow, party: PartyId) -> OwnToken:
        token = read(Token, row.document).value
        if token is None:
            raise NodeError("A token of ours cannot be read")
        limits = await self._limits(token, party)
        return OwnToken(token, row.document, party, limits, row.audience == PRIVATE)

    async def _limits(self, token: Token, party: PartyId) -> TokenLimits:
        own = await self._store.record(limits_key(party, token.uid, token.type))
        limits = read_limits(own.document) if own else NO_LIMITS
        if token.group_id is None:
            return limits
        group = await self._store.record(group_limits_key(party, token.group_id))
        return limits.within(read_limits(group.document)) if group else limits


def read_type(text: str | None) -> TokenType | None:
    """The `type` of a query, RFID when it is left out; None if there is no such type."""
    if text is None:
        return TokenType.RFID
    try:
        return TokenType(fold(text))
    except ValueError:
        return None
