"""Every authorization that we gave or got, as a record that holds no uid.

The answer never waits for the disk: entries are written by `Later`, soon after. What a crash of the
process or a power cut loses is the log of the last moment, never an answer: a partner has it.
"""

from collections.abc import Callable
from enum import StrEnum

import msgspec

from voltroam.roaming.later import MOST, WITHIN, Later
from voltroam.roaming.timed import Lots, timed_id
from voltroam.roaming.vault import Vault
from voltroam.standard.errors import NodeError
from voltroam.standard.parties import fold
from voltroam.store.interface import EventDraft, RecordDraft, RecordKey, Store

AUTHORIZATION = "authorization"
"""Record kind of `Entry`: the newest comes first, the parent is the partner's id."""
ASKED = "authorization.asked"
"""Event type: an operator asked us, and the record that its key names is what we said."""
UNKNOWN_TOKEN = "UNKNOWN_TOKEN"  # noqa: S105  (an answer)
NEEDS_LOCATION = "NEEDS_LOCATION"
UNANSWERED = "UNANSWERED"
"""The partner went away, or we failed."""


class Side(StrEnum):
    """Which part we played."""

    GIVEN = "given"
    """We were asked about a token of ours."""
    TAKEN = "taken"
    """We had to know whether a driver may charge with us."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One authorization. `token` is a keyed fingerprint of the uid; `at` µs since 1970 UTC."""

    id: str
    at: int
    side: Side
    token: str
    type: str
    answer: str
    """An AllowedType, or one of the words above."""
    by: str
    """What decided: see `Verdict.by` and `Authorization.by`."""
    ms: float
    partner: str | None = None
    asked_by: str | None = None
    """The party that asked (given), or our operator (taken): `NL/AAA`."""
    location_id: str | None = None
    evse_uids: tuple[str, ...] = ()
    authorization_reference: str | None = None


_ENTRY = msgspec.json.Decoder(Entry)
_write_entry = msgspec.json.Encoder().encode


def read_entry(document: bytes) -> Entry:
    return _ENTRY.decode(document)


class AuthorizationLog:
    """Gathers entries of both sides and writes them behind the answers. `close` writes the rest.

    `now` gives microseconds since 1970 UTC; `report` hears of a disk that refuses.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        *,
        now: Callable[[], int],
        within: float = WITHIN,
        most: int = MOST,
        report: Callable[[NodeError], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._vault = vault
        self._now = now
        self._lots = Lots()
        self._later = Later(store, within=within, most=most, report=report)

    @property
    def lost(self) -> int:
        """Entries dropped because the disk refused them for too long."""
        return self._later.lost

    def new_id(self) -> str:
        return timed_id(self._now(), self._lots.take)

    def now(self) -> int:
        return self._now()

    def fingerprint(self, uid: str) -> str:
        """What stands for a uid in the log; identifiers compare without case."""
        return self._vault.hash(fold(uid))

    def fingerprints(self, uid: str) -> tuple[str, ...]:
        """Under every key that we have had: what a search for a driver's entries has to try."""
        return self._vault.hashes(fold(uid))

    def note(self, entry: Entry) -> None:
        """Keep an entry; it is written soon."""
        document = _write_entry(entry)
        event = None
        if entry.side is Side.GIVEN:
            event = EventDraft(ASKED, f"{AUTHORIZATION}/{entry.id}", b"")
        key = RecordKey(AUTHORIZATION, entry.id)
        self._later.note(RecordDraft(key, document, entry.partner or "", new=True), event)

    async def flush(self) -> bool:
        """Write what waits; False if the disk refused."""
        return await self._later.flush()

    async def close(self) -> None:
        """Write the rest; what the disk refuses now is lost."""
        await self._later.close()

    async def newest(
        self, limit: int = 100, *, before: str = "", partner: str | None = None
    ) -> list[Entry]:
        """The newest first; `before` is the id of the last one of the page before."""
        found = await self._store.records(AUTHORIZATION, parent=partner, after=before, limit=limit)
        return [read_entry(record.document) for record in found]
