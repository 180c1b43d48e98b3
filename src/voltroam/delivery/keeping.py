"""How long each kind of note is kept: a leased job takes away what is older, a little at a time.

Never taken: CDRs (money), what still runs or waits (a record with a due time, a session that is not
over, a charge without its CDR, a payment that is not settled), and what a partner has yet to get.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from voltroam.delivery.log import Log
from voltroam.delivery.ports import Now
from voltroam.delivery.records import PARKED, QUARANTINE, Parked, Quarantined, read, write
from voltroam.delivery.webhook_records import DEAD, Letter
from voltroam.roaming.booking.desk import BOOKED, DUE
from voltroam.roaming.booking.terms import Taken
from voltroam.roaming.keys import spelled
from voltroam.roaming.paying import AdviceLine, Payment
from voltroam.roaming.paying.paying import ADVICE, PAYMENT, REFERRED
from voltroam.roaming.paying.payment import is_settled
from voltroam.roaming.timed import before, is_timed
from voltroam.standard.endpoints import SESSION
from voltroam.standard.packages import BOOKING
from voltroam.store.interface import (
    Change,
    Decision,
    Held,
    ObjectKey,
    ObjectRow,
    Record,
    RecordDraft,
    RecordKey,
    Store,
)
from voltroam.wire.times import from_micros, to_micros

log = Log("voltroam.retention")

DAY = 86_400_000_000
"""Microseconds."""
PIECE = 100
"""Records of one write."""
LEDGER = ("command", "order", "profile", "profile_order")
OF_SESSION = ("charge_terms", "charge_readings", "charge_signed")
"""Kinds whose parent or id is the folded id of an own session."""
NAMED = (
    "preferences", "active_profile", "steered_session", "profile_push", "shared_session", DUE,
)  # fmt: skip
"""Kinds whose parent or id is a session's name, `NL/AAA/S1`, or a booking's."""
FOR_GOOD = 2**63
"""Later than any limit, microseconds."""
EXPIRING = (
    "order_request", "profile_request", "operator_request", "exempt", "hub_url", "hub_bond",
    "hub_tally",
)  # fmt: skip
"""Kinds whose due time is when they may go."""


class RetentionKnobs(msgspec.Struct, frozen=True, kw_only=True):
    """Days that each kind is kept; none: for good. CDRs are kept for good."""

    sessions: int | None = 730
    """Completed or invalid ones, with what the meter said of them."""
    bookings: int | None = 730
    """Those that are over, by their state or their time."""
    payments: int | None = 3650
    """Settled card payments, and what was told of captures."""
    events: int = 14
    """For webhooks and streams: who comes back later must read anew."""
    traces: int | None = 30
    ledger: int | None = 365
    """Commands, orders and charging profiles, sent and received."""
    authorizations: int | None = 90
    audit: int | None = 3650
    quarantine: int | None = 90
    dead_letters: int | None = 90


class Ended(msgspec.Struct):
    """The members of a session that tell whether it is over."""

    status: str = ""


class Slot(msgspec.Struct):
    end_date_time: datetime


class Booked(msgspec.Struct):
    """The members of a booking that tell whether it is over."""

    reservation_status: str
    period: Slot


class Charged(msgspec.Struct):
    """The members of a charge that tell whether it may go."""

    status: str = ""
    cdr_id: str | None = None


_ENDED = msgspec.json.Decoder(Ended)
_BOOKING = msgspec.json.Decoder(Booked)
_TAKEN = msgspec.json.Decoder(tuple[Taken, ...])
_CHARGED = msgspec.json.Decoder(Charged)


class Keeping:
    """`passed` gives the feed number that every live lane has passed."""

    def __init__(
        self,
        store: Store,
        passed: Callable[[], Awaitable[int]],
        *,
        now: Now,
        holder: str,
        knobs: RetentionKnobs | None = None,
        every: float = 3600.0,
        pause: float = 0.05,
    ) -> None:
        self._store = store
        self._passed = passed
        self._now = now
        self._holder = holder
        self._knobs = knobs or RetentionKnobs()
        self._every = every
        self._pause = pause
        self._leased = 0.0

    async def run(self) -> None:
        """Until cancelled: in one process at a time."""
        while True:
            if await self._lease():
                gone = await self.look()
                if gone:
                    log.info("old records removed", **gone)
            await asyncio.sleep(self._every)

    async def look(self) -> dict[str, int]:
        """Take away all that is too old. How many of each kind went."""
        knobs = self._knobs
        limits: Mapping[str, int | None] = {
            **dict.fromkeys(LEDGER, knobs.ledger),
            "authorization": knobs.authorizations,
            "trace": knobs.traces,
            "audit": knobs.audit,
        }
        gone = {
            kind: await self._timed(kind, days) for kind, days in limits.items() if days is not None
        }
        gone[QUARANTINE] = await self._aged(QUARANTINE, knobs.quarantine, _set_aside)
        gone[DEAD] = await self._aged(DEAD, knobs.dead_letters, _given_up)
        gone[ADVICE] = await self._aged(ADVICE, knobs.payments, _advised, _of_reference)
        gone[PAYMENT] = await self._aged(PAYMENT, knobs.payments, _settled)
        for kind in EXPIRING:
            gone[kind] = await self._expired(kind)
        gone[SESSION.kind] = await self._ended(SESSION.kind, knobs.sessions, _is_over)
        gone[BOOKING.kind] = await self._ended(BOOKING.kind, knobs.bookings, _is_past)
        await self._unbook()
        return {kind: count for kind, count in gone.items() if count}

    # -- records --------------------------------------------------------------------------------

    async def _timed(self, kind: str, days: int) -> int:
        """Kinds whose ids tell their time: the old ones are the end of the list."""
        gone, after = 0, before(self._now() - days * DAY)
        while page := await self._store.records(kind, after=after, limit=PIECE):
            after = page[-1].key.id
            gone += await self._remove(
                [it for it in page if it.due is None and is_timed(it.key.id)]
            )
        return gone

    async def _aged(
        self,
        kind: str,
        days: int | None,
        moment: Callable[[Record], int],
        beside: Callable[[Record], Sequence[RecordKey]] = lambda _record: (),
    ) -> int:
        """`beside`: what goes with a record."""
        if days is None:
            return 0
        gone, after, limit = 0, "", self._now() - days * DAY
        while page := await self._store.records(kind, after=after, limit=PIECE):
            after = page[-1].key.id
            old = [record for record in page if moment(record) < limit]
            gone += await self._remove(old)
            await write(self._store, *(RecordDraft(key, None) for it in old for key in beside(it)))
        return gone

    async def _expired(self, kind: str) -> int:
        gone, limit = 0, self._now() - DAY
        while page := await self._store.records(kind, due_before=limit, limit=PIECE):
            removed = await self._remove(page)
            if not removed:
                break
            gone += removed
        return gone

    async def _remove(self, records: Sequence[Record]) -> int:
        """Those that nobody changed meanwhile."""
        if not records:
            return 0
        keys = [record.key for record in records]

        def decide(held: Held) -> Decision[int]:
            still = [one for one in records if held.records.get(one.key) == one]
            return Decision(len(still), records=[RecordDraft(one.key, None) for one in still])

        count = await self._store.apply(Change(decide, records=keys))
        await self._rest()
        return count

    # -- sessions and bookings ------------------------------------------------------------------

    async def _ended(
        self, kind: str, days: int | None, over: Callable[[ObjectRow, int], bool]
    ) -> int:
        if days is None:
            return 0
        limit = self._now() - days * DAY
        passed = await self._passed()
        gone: set[ObjectKey] = set()
        piece: list[ObjectRow] = []
        async for row in self._store.scan(kind):
            if row.last_updated < limit and row.changed <= passed and over(row, limit):
                piece.append(row)
            if len(piece) == PIECE:
                gone |= await self._forget(piece)
                piece = []
        gone |= await self._forget(piece)
        if gone:
            await self._unpark(gone)
        return len(gone)

    async def _forget(self, rows: Sequence[ObjectRow]) -> set[ObjectKey]:
        """Without a tombstone: a partner keeps what it holds."""
        free = [row for row in rows if await self._is_charged(row)]
        went = set()
        for row in free:
            if await self._store.forget([(row.key, row.revision)]):
                went.add(row.key)
                await self._forget_notes(row)
        if rows:
            await self._rest()
        return went

    async def _is_charged(self, row: ObjectRow) -> bool:
        """Of an own session: its CDR is made, or there will be none."""
        record = await self._store.record(RecordKey("charge", row.key.id))
        if record is None or row.sources:
            return True
        charge = _CHARGED.decode(record.document)
        return charge.cdr_id is not None or charge.status == "INVALID"

    async def _forget_notes(self, row: ObjectRow) -> None:
        drafts = [RecordDraft(RecordKey(kind, spelled_name(row.key)), None) for kind in NAMED]
        groups = [(kind, spelled_name(row.key)) for kind in NAMED]
        if not row.sources:
            drafts += [
                RecordDraft(RecordKey(kind, row.key.id), None) for kind in ("charge", *OF_SESSION)
            ]
            groups += [(kind, row.key.id) for kind in OF_SESSION]
        for kind, parent in groups:
            async for page in self._pages(kind, parent):
                drafts += [RecordDraft(record.key, None) for record in page]
        await write(self._store, *drafts)

    async def _unbook(self) -> None:
        """A place forgets whose tokens may use a slot that has long passed."""
        if self._knobs.bookings is None:
            return
        limit = from_micros(self._now() - self._knobs.bookings * DAY)

        async for page in self._pages(BOOKED, None):
            keys = [it.key for it in page if any(one.end < limit for one in _taken(it))]

            def decide(held: Held, keys: Sequence[RecordKey] = keys) -> Decision[None]:
                standing = [held.records[key] for key in keys if key in held.records]
                return Decision(None, records=[_without(one, limit) for one in standing])

            if keys:
                await self._store.apply(Change(decide, records=keys))

    async def _unpark(self, gone: set[ObjectKey]) -> None:
        async for page in self._pages(PARKED, None):
            await self._remove([it for it in page if read(it, Parked).key in gone])

    async def _pages(self, kind: str, parent: str | None) -> AsyncIterator[list[Record]]:
        after = ""
        while page := await self._store.records(kind, parent=parent, after=after, limit=PIECE):
            yield page
            after = page[-1].key.id

    # -- pace -----------------------------------------------------------------------------------

    async def _rest(self) -> None:
        """Writers come first; the lease is kept meanwhile."""
        await asyncio.sleep(self._pause)
        if asyncio.get_running_loop().time() - self._leased > 60:
            await self._lease()

    async def _lease(self) -> bool:
        self._leased = asyncio.get_running_loop().time()
        return await self._store.lease("keeping", self._holder, self._every + 300)


def spelled_name(key: ObjectKey) -> str:
    """`NL/AAA/S1`."""
    return spelled(key).partition("/")[2]


def _is_over(row: ObjectRow, _limit: int) -> bool:
    try:
        return _ENDED.decode(row.document).status in SESSION.finals["status"]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False


def _is_past(row: ObjectRow, limit: int) -> bool:
    """A booking that nobody came for stays RESERVED where its terms know no NO_SHOW."""
    try:
        booking = _BOOKING.decode(row.document)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    final = booking.reservation_status in BOOKING.finals["reservation_status"]
    return final or to_micros(booking.period.end_date_time) < limit


def _taken(record: Record) -> tuple[Taken, ...]:
    return _TAKEN.decode(record.document)


def _without(record: Record, limit: datetime) -> RecordDraft:
    """The bookings of a place but those that ended before."""
    left = [one for one in _taken(record) if one.end >= limit]
    return RecordDraft(record.key, msgspec.json.encode(left) if left else None, record.parent)


def _settled(record: Record) -> int:
    payment = read(record, Payment)
    return to_micros(payment.at) if is_settled(payment) else FOR_GOOD


def _advised(record: Record) -> int:
    return to_micros(read(record, AdviceLine).at)


def _of_reference(record: Record) -> tuple[RecordKey, ...]:
    """Which CDR a confirmation was about: its id is the advice's parent."""
    return (RecordKey(REFERRED, record.parent),)


def _set_aside(record: Record) -> int:
    return read(record, Quarantined).at


def _given_up(record: Record) -> int:
    return read(record, Letter).last
