"""The tokens that eMSPs gave us, by what stands on the card.

A uid says nothing about whose it is, so every eMSP that we know may own it; two may have the same
(OCPI 2.2.1 §mod_tokens: unique within one eMSP's system).
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from voltroam.roaming.directory import Directory
from voltroam.roaming.keys import object_key
from voltroam.roaming.platforms import Identity, Platform
from voltroam.standard.endpoints import TOKEN
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role, Token, TokenType
from voltroam.store.interface import Store
from voltroam.wire.decode import read

_HUBS_FRESH = 5.0
"""Seconds for which the parties behind a hub are not looked for again."""


class HeldToken(NamedTuple):
    token: Token
    owner: PartyId


class HeldTokens:
    """`clock` gives monotonic seconds."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        identity: Identity,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._directory = directory
        self._identity = identity
        self._clock = clock
        self._behind: dict[str, tuple[float, Sequence[PartyId]]] = {}

    async def find(
        self, uid: str, type_: TokenType, owner: PartyId | None = None
    ) -> Sequence[HeldToken]:
        """All of that uid and type, of that owner if one is named."""
        owners = [owner] if owner is not None else await self._owners()
        found = await asyncio.gather(*(self._get(uid, type_, party) for party in owners))
        return [held for held in found if held is not None]

    async def platforms(self) -> Sequence[Platform]:
        """Those that we exchange with now."""
        return [it for it in await self._directory.all() if it.is_registered and not it.paused]

    async def _get(self, uid: str, type_: TokenType, owner: PartyId) -> HeldToken | None:
        key = object_key(TOKEN, owner, {"uid": uid, "type": type_.value})
        row = await self._store.get(key)
        if row is None or row.deleted:
            return None
        token = read(Token, row.document).value
        return None if token is None else HeldToken(token, owner)

    async def _owners(self) -> Sequence[PartyId]:
        found: dict[str, PartyId] = {}
        for platform in await self.platforms():
            parties = [*platform.parties(Role.EMSP)]
            if platform.is_hub:
                parties += await self._behind_hub(platform)
            for party in parties:
                if not self._identity.holds(party):
                    found.setdefault(party.folded, party)
        return list(found.values())

    async def _behind_hub(self, hub: Platform) -> Sequence[PartyId]:
        known = self._behind.get(hub.id)
        if known is not None and self._clock() < known[0]:
            return known[1]
        parties = await self._directory.behind(hub, (Role.EMSP,))
        self._behind[hub.id] = (self._clock() + _HUBS_FRESH, parties)
        return parties
