"""Tokens by their contract: OCPI 2.1.1 names a contract where later versions name a token.

The store finds tokens by uid; who asks by contract reads all once and follows the feed from there.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from voltroam.standard.endpoints import TOKEN
from voltroam.standard.parties import fold
from voltroam.store.interface import ObjectKey, ObjectRow, Store

STEP = 1000


class _Token(msgspec.Struct):
    contract_id: str


_CONTRACT = msgspec.json.Decoder(_Token)


class Contracts:
    """Kept in memory: the keys of the tokens of each contract."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys: dict[str, set[ObjectKey]] = {}
        self._contract: dict[ObjectKey, str] = {}
        self._read_to: int | None = None

    @property
    def known(self) -> int:
        """Contracts that are kept in memory."""
        return len(self._keys)

    async def tokens(self, contract: str) -> Sequence[Mapping[str, Any]]:
        """The tokens of a contract, as plain objects."""
        await self._follow()
        found = []
        for key in sorted(self._keys.get(fold(contract), ())):
            row = await self._store.get(key)
            if row is not None and not row.deleted:
                found.append(msgspec.json.decode(row.document))
        return found

    async def _follow(self) -> None:
        if self._read_to is None:
            head = await self._store.head()
            async for row in self._store.scan(TOKEN.kind):
                self._note(row)
            self._read_to = head
        while rows := await self._store.feed(self._read_to, STEP):
            for row in rows:
                if row.key.kind == TOKEN.kind:
                    self._note(row)
            self._read_to = rows[-1].changed

    def _note(self, row: ObjectRow) -> None:
        before = self._contract.pop(row.key, None)
        if before is not None:
            self._keys[before].discard(row.key)
            if not self._keys[before]:
                del self._keys[before]
        if row.deleted:
            return
        try:
            contract = fold(_CONTRACT.decode(row.document).contract_id)
        except msgspec.MsgspecError:
            return
        self._contract[row.key] = contract
        self._keys.setdefault(contract, set()).add(row.key)
