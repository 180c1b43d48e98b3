"""Every authorization that we gave or got, as a record that holds no uid.

The answer never waits for the disk: entries are gathered and written in groups, at the latest
`within` seconds after the answer and when the node closes. What a crash of the process or a power
cut loses is the log of the last `within` seconds, never an answer: a partner has it already.
"""

import asyncio
from collections.abc import Callable, Sequence
from enum import StrEnum

import msgspec

from voltroam.roaming.timed import timed_id
from voltroam.roaming.vault import Vault
from voltroam.standard.errors import NodeError
from voltroam.standard.parties import fold
from voltroam.store.interface import (
    Change,
    Decision,
    EventDraft,
    Held,
    RecordDraft,
    RecordKey,
    Store,
)

AUTHORIZATION = "authorization"
"""Record kind of `Entry`: the newest comes first, the parent is the partner's id."""
ASKED = "authorization.asked"
"""Event type: an operator asked us, and this is what we said."""
WITHIN = 0.25
MOST = 10_000
"""Entries that may wait; when the disk is gone the oldest go first."""
_GROUP = 200
"""Entries in one change: the statements of a change run on the event loop."""

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
        self._within = within
        self._most = most
        self._report = report
        self._waiting: list[Entry] = []
        self._turn = asyncio.Lock()
        self._writing: asyncio.Task[None] | None = None
        self.lost = 0
        """Entries dropped because the disk refused them for too long."""

    def new_id(self) -> str:
        return timed_id(self._now())

    def now(self) -> int:
        return self._now()

    def fingerprint(self, uid: str) -> str:
        """What stands for a uid in the log; identifiers compare without case."""
        return self._vault.hash(fold(uid))

    def fingerprints(self, uid: str) -> tuple[str, ...]:
        """Under every key that we have had: what a search for a driver's entries has to try."""
        return self._vault.hashes(fold(uid))

    async def note(self, entry: Entry) -> None:
        """Keep an entry; waits only when more than `most` are not yet written."""
        if len(self._waiting) >= self._most:
            await self._make_room()
        self._waiting.append(entry)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_soon())

    async def flush(self) -> bool:
        """Write what waits now; False if the disk refused.

        What comes meanwhile waits for its own turn: under load there would be a commit after the
        other, of a few entries each.
        """
        async with self._turn:
            left = len(self._waiting)
            while left > 0 and self._waiting:
                group = self._waiting[: min(left, _GROUP)]
                left -= len(group)
                try:
                    await self._store.apply(_written(group))
                except NodeError as fault:
                    self._report(fault)
                    return False
                del self._waiting[: len(group)]
        return True

    async def close(self) -> None:
        """Write the rest; what the disk refuses now is lost."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
            self._writing = None
        if not await self.flush():
            self.lost += len(self._waiting)
            self._waiting.clear()

    async def newest(
        self, limit: int = 100, *, before: str = "", partner: str | None = None
    ) -> list[Entry]:
        """The newest first; `before` is the id of the last one of the page before."""
        found = await self._store.records(AUTHORIZATION, parent=partner, after=before, limit=limit)
        return [read_entry(record.document) for record in found]

    async def _write_soon(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._within)
            await self.flush()
        self._writing = None

    async def _make_room(self) -> None:
        if not await self.flush() and len(self._waiting) >= self._most:
            over = len(self._waiting) - self._most + 1
            del self._waiting[:over]
            self.lost += over


def _written(group: Sequence[Entry]) -> Change[None]:
    drafts = [_draft(entry) for entry in group]
    events = [
        EventDraft(ASKED, f"{AUTHORIZATION}/{entry.id}", draft.document or b"")
        for entry, draft in zip(group, drafts, strict=True)
        if entry.side is Side.GIVEN
    ]

    def decide(_held: Held) -> Decision[None]:
        return Decision(None, records=drafts, events=events)

    return Change(decide)


def _draft(entry: Entry) -> RecordDraft:
    key = RecordKey(AUTHORIZATION, entry.id)
    return RecordDraft(key, _write_entry(entry), entry.partner or "", new=True)
