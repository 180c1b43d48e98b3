"""The tokens of our own eMSP parties, by what stands on the card: the uid and its type.

What was read is kept in memory, in each process for itself. At most once a second the feed is asked
what has changed since, and that is read anew; so an answer is never older than a second, and costs
no database. An unknown token is looked up each time, so that a new one works at once.
"""

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from voltroam.roaming.authorizing.limits import (
    LIMITS_STAMP,
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
from voltroam.store.interface import PRIVATE, ObjectKey, ObjectRow, Store
from voltroam.wire.decode import read

FRESH = 1.0
"""Seconds between two looks at the feed."""
KEPT = 50_000
"""Tokens in memory."""
MOST_NEWS = 2_000
"""Feed rows that are looked through; after more, everything is read anew."""


class OwnToken(NamedTuple):
    token: Token
    document: bytes
    """The Token as its owner wrote it."""
    owner: PartyId
    limits: TokenLimits
    private: bool
    """Marked to never leave: good at our own chargers only."""
    key: ObjectKey
    fingerprint: str
    """What stands for the uid in the log."""


class OwnTokens:
    """`clock` gives monotonic seconds."""

    def __init__(
        self,
        store: Store,
        identity: Identity,
        fingerprint: Callable[[str], str],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fingerprint = fingerprint
        self._store = store
        self._owners = identity.parties(*TOKEN.owner_roles)
        self._clock = clock
        self._known: dict[tuple[str, TokenType, PartyId | None], OwnToken] = {}
        self._places: dict[ObjectKey, set[tuple[str, TokenType, PartyId | None]]] = {}
        """Under which questions a token is known."""
        self._feed: int | None = None
        """Up to here the feed was looked through."""
        self._stamp: bytes | None = None
        self._until = 0.0
        self._looking = asyncio.Lock()

    async def find(
        self, uid: str, type_: TokenType, owner: PartyId | None = None
    ) -> OwnToken | None:
        """Of one of our parties if `owner` names it. None: we have no such token."""
        if self._clock() >= self._until:
            await self._look_at_news()
        key = (uid, type_, owner)
        known = self._known.get(key)
        if known is not None:
            return known
        feed, until = self._feed, self._until
        own = await self._look_up(uid, type_, owner)
        # While it was read, news may have been looked through that it does not hold yet.
        if own is not None and (feed, until) == (self._feed, self._until):
            self._keep(key, own)
        return own

    def known(self, uid: str, type_: TokenType, owner: PartyId | None = None) -> OwnToken | None:
        """`find` for what is known by heart. None: ask it."""
        if self._clock() >= self._until:
            return None
        return self._known.get((uid, type_, owner))

    def _keep(self, key: tuple[str, TokenType, PartyId | None], own: OwnToken) -> None:
        if len(self._known) >= KEPT:
            self._forget_all()
        self._known[key] = own
        self._places.setdefault(own.key, set()).add(key)

    def _forget_all(self) -> None:
        self._known.clear()
        self._places.clear()

    async def _look_at_news(self) -> None:
        """One look for all who wait."""
        async with self._looking:
            now = self._clock()
            if now < self._until:
                return
            head = await self._store.head()
            record = await self._store.record(LIMITS_STAMP)
            stamp = record.document if record else None
            if self._feed is None or stamp != self._stamp or head - self._feed > MOST_NEWS:
                self._forget_all()
            elif head > self._feed:
                for row in await self._store.feed(self._feed, MOST_NEWS):
                    for key in self._places.pop(row.key, ()):
                        self._known.pop(key, None)
            self._feed, self._stamp, self._until = head, stamp, now + FRESH

    async def _look_up(self, uid: str, type_: TokenType, owner: PartyId | None) -> OwnToken | None:
        for party in self._owners:
            if owner is not None and not owner.same(party):
                continue
            key = object_key(TOKEN, party, {"uid": uid, "type": type_.value})
            row = await self._store.get(key)
            if row is not None and not row.deleted:
                return await self._with_limits(row, party)
        return None

    async def _with_limits(self, row: ObjectRow, party: PartyId) -> OwnToken:
        token = read(Token, row.document).value
        if token is None:
            raise NodeError("A token of ours cannot be read")
        limits = await self._limits(token, party)
        return OwnToken(
            token,
            row.document,
            party,
            limits,
            row.audience == PRIVATE,
            row.key,
            self._fingerprint(token.uid),
        )

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
