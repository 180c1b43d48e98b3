"""Sessions that an operator should look at: over without CDR, or running and nobody reports.

The feed is read on from where the watch began, in order; per session there is one small record
(kind `billing`), so a look costs what is due and not what is stored. Record kinds: `billing_cursor`
(how far the feed is read) and `overdue` (one per session to look at, until it is settled). An event
`session.overdue` tells of each once.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

import msgspec
from msgspec.structs import replace

from voltroam.roaming.charging.charge import SEPARATOR, charge_key, read_charge
from voltroam.roaming.keys import spelled
from voltroam.standard.endpoints import CDR, SESSION
from voltroam.standard.parties import fold
from voltroam.standard.v2_2_1 import SessionStatus
from voltroam.store.interface import (
    Change,
    Decision,
    EventDraft,
    Held,
    ObjectKey,
    ObjectRow,
    RecordDraft,
    RecordKey,
    Store,
)
from voltroam.wire.times import from_micros

BILLING = "billing"
CURSOR = RecordKey("billing_cursor", "feed")
KEPT = "overdue"
OVERDUE = "session.overdue"
PAGE = 500
BACK = 60 * 86_400 * 1_000_000
"""What ended longer ago, before anybody watched, is not looked for (µs)."""
Why = Literal["no_cdr", "silent", "fault"]


class Billing(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is known of one session that is over: whether it was billed. Times in microseconds."""

    owner: str
    session_id: str
    over: int | None = None
    cdr_id: str | None = None
    told: bool = False


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """A session that an operator should look at, and since when.

    `no_cdr`: COMPLETED without CDR. `silent`: ACTIVE, and nobody reports. `fault`: our own CDR
    could not be made, `reason` says why.
    """

    owner: str
    session_id: str
    why: Why
    since: datetime
    reason: str | None = None


class _Read(msgspec.Struct):
    """What matters here of a Session or a CDR."""

    id: str
    status: str = ""
    session_id: str | None = None
    credit: bool | None = None


_SEEN = msgspec.json.Decoder(_Read)
_BILLING = msgspec.json.Decoder(Billing)


class _Cursor(msgspec.Struct):
    number: int
    epoch: str


class Watch:
    """`after`: seconds that a CDR may take; `now` in microseconds."""

    def __init__(self, store: Store, now: Callable[[], int], after: float) -> None:
        self._store = store
        self._now = now
        self._after = round(after * 1e6)

    async def look(self) -> None:
        """Read what is new in the feed, and tell of what has become overdue."""
        record = await self._store.record(CURSOR)
        at = None if record is None else msgspec.json.decode(record.document, type=_Cursor)
        known = at is not None and at.epoch == self._store.epoch
        number = at.number if at is not None and known else await self._begin()
        while rows := await self._store.feed(number, PAGE):
            number = rows[-1].changed
            await self._store.apply(self._noted(rows, _Cursor(number, self._store.epoch)))
            if len(rows) < PAGE:
                break
        await self._tell()

    async def _begin(self) -> int:
        """The first look: sessions and CDRs of late by their kind, then the feed from here on."""
        number, oldest = await self._store.head(), self._now() - BACK
        for kind in (SESSION.kind, CDR.kind):
            rows: list[ObjectRow] = []
            async for row in self._store.scan(kind):
                if row.stored_at >= oldest:
                    rows.append(row)
                if len(rows) == PAGE:
                    await self._store.apply(self._noted(rows, None))
                    rows = []
            await self._store.apply(self._noted(rows, None))
        await self._store.apply(self._noted((), _Cursor(number, self._store.epoch)))
        return number

    def _noted(self, rows: Sequence[ObjectRow], cursor: _Cursor | None) -> Change[None]:
        """Sessions that end open a record, CDRs close it, whichever comes first."""
        told: dict[RecordKey, list[tuple[ObjectRow, _Read]]] = {}
        charges: dict[RecordKey, RecordKey] = {}
        for row in rows:
            seen = None if row.deleted else _seen(row)
            if seen is None:
                continue
            session_id = seen.id if row.key.kind == SESSION.kind else seen.session_id or ""
            key = billing_key(row.key.owner, session_id)
            told.setdefault(key, []).append((row, seen))
            charges[key] = charge_key(session_id)

        def decide(held: Held) -> Decision[None]:
            drafts = [RecordDraft(CURSOR, msgspec.json.encode(cursor))] if cursor else []
            for key, news in told.items():
                record = held.records.get(key)
                before = None if record is None else _BILLING.decode(record.document)
                after = before
                for row, seen in news:
                    after = _after(after, row, seen)
                charge = held.records.get(charges[key])
                if after is not None and charge is not None:
                    ours = read_charge(charge)
                    if ours.is_over and (ours.fault is not None or ours.cdr_id is None):
                        after = replace(after, over=None)  # `charge` tells of its own faults
                if after is not None and after != before:
                    drafts.append(self._draft(key, after))
                    if after.told and (after.cdr_id or after.over is None):
                        drafts.append(settled_draft(key.id))
            return Decision(None, records=drafts)

        return Change(decide, records=(CURSOR, *told, *set(charges.values())))

    def _draft(self, key: RecordKey, billing: Billing) -> RecordDraft:
        waits = billing.over is not None and billing.cdr_id is None
        due = billing.over + self._after if waits and not billing.told and billing.over else None
        return RecordDraft(key, msgspec.json.encode(billing), "open" if waits else "billed", due)

    async def _tell(self) -> None:
        while late := await self._store.records(BILLING, due_before=self._now(), limit=PAGE):
            for record in late:
                await self._store.apply(self._told(record.key))

    def _told(self, key: RecordKey) -> Change[None]:
        def decide(held: Held) -> Decision[None]:
            record = held.records.get(key)
            billing = None if record is None else _BILLING.decode(record.document)
            if billing is None or billing.told or billing.cdr_id or billing.over is None:
                return Decision(None)  # another process was here
            found = Overdue(
                owner=billing.owner, session_id=billing.session_id, why="no_cdr",
                since=from_micros(billing.over),
            )  # fmt: skip
            draft = self._draft(key, replace(billing, told=True))
            return Decision(
                None, records=(draft, overdue_draft(found)), events=(overdue_event(found),)
            )

        return Change(decide, records=(key,))


def billing_key(owner: str, session_id: str) -> RecordKey:
    return RecordKey(BILLING, f"{owner}{SEPARATOR}{fold(session_id)}")


def overdue_key(owner: str, session_id: str) -> RecordKey:
    return RecordKey(KEPT, f"{owner}{SEPARATOR}{fold(session_id)}")


def overdue_draft(one: Overdue) -> RecordDraft:
    return RecordDraft(overdue_key(one.owner, one.session_id), msgspec.json.encode(one))


def settled_draft(name: str) -> RecordDraft:
    """Nobody need look at it any more."""
    return RecordDraft(RecordKey(KEPT, name), None)


async def overdue(store: Store) -> list[Overdue]:
    """All that an operator should look at, the oldest first."""
    found: list[Overdue] = []
    after = ""
    while page := await store.records(KEPT, after=after, limit=PAGE):
        found += [msgspec.json.decode(one.document, type=Overdue) for one in page]
        after = page[-1].key.id
    return sorted(found, key=lambda one: one.since)


def overdue_event(one: Overdue) -> EventDraft:
    """`session.overdue`, with what an operator needs to look it up."""
    key = ObjectKey(SESSION.kind, one.owner, fold(one.session_id))
    return EventDraft(OVERDUE, spelled(key), msgspec.json.encode(one))


def _seen(row: ObjectRow) -> _Read | None:
    """Only what is over, and only CDRs that bill a session."""
    if row.key.kind not in (SESSION.kind, CDR.kind):
        return None
    try:
        seen = _SEEN.decode(row.document)
    except msgspec.MsgspecError:
        return None
    if row.key.kind == SESSION.kind:
        over = seen.status in (SessionStatus.COMPLETED, SessionStatus.INVALID)
        return seen if over else None
    return None if seen.session_id is None or seen.credit else seen


def _after(before: Billing | None, row: ObjectRow, seen: _Read) -> Billing | None:
    if row.key.kind == CDR.kind:
        session_id = seen.session_id or ""
        known = before or Billing(owner=row.key.owner, session_id=session_id)
        return replace(known, cdr_id=known.cdr_id or seen.id)
    if seen.status == SessionStatus.INVALID:
        return None if before is None else replace(before, over=None)
    if before is None:
        return Billing(owner=row.key.owner, session_id=seen.id, over=row.stored_at)
    return replace(before, over=before.over or row.stored_at)
