"""A POST that is sent twice with one Idempotency-Key is done once; its answer is given twice.

The claim is committed before the work begins, so not even a crash makes it happen twice: a request
whose end nobody saw is answered 409, and its sender looks what came of it. What is kept is sealed,
for an answer may hold a secret that is shown once.
"""

import hashlib
from collections.abc import Callable, Mapping

import msgspec

from voltroam.operator.asked import Who
from voltroam.operator.faults import Fault, invalid
from voltroam.roaming.vault import Vault
from voltroam.store.interface import Change, Decision, Held, RecordDraft, RecordKey, Store

REQUEST = "operator_request"
"""Record kind; due when it may be forgotten."""
KEPT = 24 * 3600 * 1_000_000
"""Microseconds."""
LONGEST = 255
_SWEPT = 20


class Given(msgspec.Struct, frozen=True):
    """An answer as it was given."""

    status: int
    headers: Mapping[str, str]
    body: str


class _Claim(msgspec.Struct, frozen=True, omit_defaults=True):
    fingerprint: str
    at: int
    sealed: str | None = None
    """The answer; None: there was none yet."""


class Once:
    """The claims on Idempotency-Keys. `now` in microseconds since 1970 UTC."""

    def __init__(self, store: Store, vault: Vault, now: Callable[[], int]) -> None:
        self._store = store
        self._vault = vault
        self._now = now

    async def claim(self, who: Who, key: str, request: bytes) -> Given | None:
        """The answer that was given before, or None: do it, then `keep` or `release`.

        Raises Fault: another request used the key, or this one has no answer yet.
        """
        if not (0 < len(key) <= LONGEST and key.isascii() and key.isprintable()):
            raise invalid(f"Idempotency-Key: 1 to {LONGEST} printable characters")
        record, now = self._record(who, key), self._now()
        claim = _Claim(hashlib.sha256(request).hexdigest(), now)

        def decide(held: Held) -> Decision[_Claim | None]:
            if record in held.records:
                found = msgspec.json.decode(held.records[record].document, type=_Claim)
                if now - found.at < KEPT:
                    return Decision(found)
            return Decision(None, records=(_draft(record, claim),))

        await self._sweep(now)
        found = await self._store.apply(Change(decide, records=(record,)))
        if found is None:
            return None
        if found.fingerprint != claim.fingerprint:
            raise Fault("reused-key")
        if found.sealed is None:
            raise Fault("in-progress", headers={"retry-after": "1"})
        return msgspec.json.decode(self._vault.open(found.sealed), type=Given)

    async def keep(self, who: Who, key: str, request: bytes, given: Given) -> None:
        sealed = self._vault.seal(msgspec.json.encode(given).decode())
        claim = _Claim(hashlib.sha256(request).hexdigest(), self._now(), sealed)
        await self._write(_draft(self._record(who, key), claim))

    async def release(self, who: Who, key: str) -> None:
        """It was not done, and may be tried again."""
        await self._write(RecordDraft(self._record(who, key), None))

    async def _write(self, draft: RecordDraft) -> None:
        def decide(_held: Held) -> Decision[None]:
            return Decision(None, records=(draft,))

        await self._store.apply(Change(decide))

    async def _sweep(self, now: int) -> None:
        for old in await self._store.records(REQUEST, due_before=now, limit=_SWEPT):
            await self._write(RecordDraft(old.key, None))

    def _record(self, who: Who, key: str) -> RecordKey:
        return RecordKey(REQUEST, hashlib.sha256(f"{who.id}\n{key}".encode()).hexdigest())


def _draft(record: RecordKey, claim: _Claim) -> RecordDraft:
    return RecordDraft(record, msgspec.json.encode(claim), due=claim.at + KEPT)
