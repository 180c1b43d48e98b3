"""Keys of the operator API: random secrets of which only a keyed hash is kept.

The command line needs none: whoever can read the node's secret key makes itself one that is valid
for a minute.
"""

import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec

from voltroam.operator.asked import Who
from voltroam.operator.faults import conflict, invalid, not_found
from voltroam.operator.operation import Scope
from voltroam.roaming.vault import Vault
from voltroam.standard.parties import fold
from voltroam.store.interface import Change, Decision, Held, RecordDraft, RecordKey, Store
from voltroam.wire.times import from_micros

KEY = "operator_key"
"""Record kind of `KeyRecord`; the record's id is the hash of the secret."""
NAME = "operator_key_name"
"""Record kind that keeps names unique: id is the folded name, document the hash."""
PREFIX = "voltroam_"
_LOCAL = "voltroam_local"
LOCAL_SECONDS = 60
FRESH = 1.0
"""Seconds for which a key that was read is believed: a revoked one ends within them."""
USED_EVERY = 60_000_000
"""Microseconds between two notes of a key's last use."""
_MOST = 1000
_MICROS = 1_000_000
LOCAL = Who(id="local", name="local command line", scope=Scope.ADMIN)
"""Whoever works on the node's own machine."""
_PARTY = re.compile(r"[A-Z]{2}/[A-Z0-9]{1,3}")


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Times in microseconds since 1970 UTC."""

    id: str
    name: str
    scope: Scope
    created: int
    parties: tuple[str, ...] = ()
    expires: int | None = None
    last_used: int | None = None


class Keys:
    """Makes, finds and revokes keys. `now` in microseconds since 1970 UTC, `clock` in seconds."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        now: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._vault = vault
        self._now = now
        self._clock = clock
        self._known: dict[str, tuple[float, KeyRecord]] = {}

    async def create(
        self,
        name: str,
        scope: Scope,
        parties: Sequence[str] = (),
        expires: int | None = None,
    ) -> tuple[KeyRecord, str]:
        """A new key and its secret, which is never shown again. Raises Fault."""
        folded = tuple(dict.fromkeys(party.upper() for party in parties))
        for party in folded:
            if not _PARTY.fullmatch(party):
                raise invalid(f"`{party}` is no party: write CC/PID, for example NL/ABC")
        if not name.strip() or not name.isprintable():
            raise invalid("a key needs a name")
        if fold(name.strip()) == fold(LOCAL.name):
            raise invalid("that is what the audit calls this machine's own commands")
        if expires is not None and expires <= self._now():
            raise invalid("the key would be expired already")
        secret = PREFIX + secrets.token_urlsafe(32)
        record = KeyRecord(
            id=secrets.token_hex(8),
            name=name.strip(),
            scope=scope,
            created=self._now(),
            parties=folded,
            expires=expires,
        )
        hashed, named = RecordKey(KEY, self._vault.hash(secret)), _name_key(name)

        def decide(held: Held) -> Decision[bool]:
            if named in held.records:
                return Decision(False)
            drafts = (_draft(hashed.id, record), RecordDraft(named, hashed.id.encode()))
            return Decision(True, records=drafts)

        if not await self._store.apply(Change(decide, records=(named,))):
            raise conflict(f"There is a key {name} already: revoke it first")
        return record, secret

    async def revoke(self, name: str) -> None:
        """End a key: within a second, in every process. Raises Fault."""
        named = _name_key(name)
        held = await self._store.record(named)
        if held is None:
            raise not_found(f"key {name}")
        hashed = held.document.decode()

        def decide(_held: Held) -> Decision[None]:
            gone = (RecordDraft(RecordKey(KEY, hashed), None), RecordDraft(named, None))
            return Decision(None, records=gone)

        await self._store.apply(Change(decide))
        self._known.clear()

    async def all(self) -> AsyncIterator[KeyRecord]:
        after = ""
        while page := await self._store.records(KEY, after=after):
            for record in page:
                yield msgspec.json.decode(record.document, type=KeyRecord)
            after = page[-1].key.id

    async def who(self, authorization: str | None) -> Who | None:
        """Whose key a request shows (`Bearer voltroam_…`); None: nobody's that is valid."""
        kind, _, secret = (authorization or "").strip().partition(" ")
        secret = secret.strip()
        if kind.lower() != "bearer" or not secret.startswith(PREFIX):
            return None
        if secret.startswith(_LOCAL + "_"):
            return self._local(secret)
        for hashed in self._vault.hashes(secret):
            record = await self._find(hashed)
            if record is not None and not self._is_over(record):
                return Who(
                    id=record.id, name=record.name, scope=record.scope, parties=record.parties
                )
        return None

    async def _find(self, hashed: str) -> KeyRecord | None:
        known = self._known.get(hashed)
        if known is not None and self._clock() - known[0] < FRESH:
            return known[1]
        self._known.pop(hashed, None)
        at = self._clock()
        held = await self._store.record(RecordKey(KEY, hashed))
        if held is None:
            return None
        record = msgspec.json.decode(held.document, type=KeyRecord)
        if self._now() - (record.last_used or 0) >= USED_EVERY and not self._is_over(record):
            await self._used(hashed)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[hashed] = (at, record)
        return record

    async def _used(self, hashed: str) -> None:
        key, now = RecordKey(KEY, hashed), self._now()

        def decide(held: Held) -> Decision[None]:
            if key not in held.records:
                return Decision(None)
            record = msgspec.json.decode(held.records[key].document, type=KeyRecord)
            return Decision(
                None, records=(_draft(hashed, msgspec.structs.replace(record, last_used=now)),)
            )

        await self._store.apply(Change(decide, records=(key,)))

    def _is_over(self, record: KeyRecord) -> bool:
        return record.expires is not None and record.expires <= self._now()

    def _local(self, secret: str) -> Who | None:
        text, _, signature = secret.rpartition("_")
        until = text.removeprefix(_LOCAL + "_").partition("_")[0]
        if not self._vault.is_signed(text, signature.replace(".", ":")) or not until.isdecimal():
            return None
        left = int(until) * _MICROS - self._now()
        if not 0 < left <= LOCAL_SECONDS * _MICROS:
            return None
        return LOCAL


def local_key(vault: Vault, now: int) -> str:
    """A key for this machine's own commands: admin, for at most a minute, audited as that."""
    until = now // _MICROS + LOCAL_SECONDS
    text = f"{_LOCAL}_{until}_{secrets.token_hex(16)}"
    return f"{text}_{vault.sign(text).replace(':', '.')}"


def facts_of(record: KeyRecord) -> dict[str, Any]:
    """A key without its secret, with moments."""
    return {
        "name": record.name,
        "scope": record.scope,
        "parties": list(record.parties),
        "created": from_micros(record.created),
        "expires": None if record.expires is None else from_micros(record.expires),
        "last_used": None if record.last_used is None else from_micros(record.last_used),
    }


def _name_key(name: str) -> RecordKey:
    return RecordKey(NAME, fold(name.strip()))


def _draft(hashed: str, record: KeyRecord) -> RecordDraft:
    return RecordDraft(RecordKey(KEY, hashed), msgspec.json.encode(record))
