"""Telling partners of a changed active profile: the newest state only, one request at a time.

Nothing is queued: while a push is under way, or its partner is away, newer states replace older
ones. After a failure the newest state is tried again a few times, then the next change is awaited.
"""

import asyncio
from collections.abc import Callable

import msgspec
from msgspec import structs

from voltroam.roaming.callbacks import row_of
from voltroam.roaming.directory import Directory
from voltroam.roaming.exchange import Exchange, version_of
from voltroam.roaming.profiling.knobs import ProfileKnobs
from voltroam.roaming.profiling.places import found_in, key_of
from voltroam.roaming.profiling.semantics import spanning
from voltroam.standard.endpoints import Table
from voltroam.standard.errors import PartnerError, Refused, Unusable
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import ActiveChargingProfile
from voltroam.store.interface import Change, Decision, Held, Record, RecordDraft, RecordKey, Store
from voltroam.wire.call import Routing
from voltroam.wire.encode import encode

PUSH = "profile_push"
"""Record kind of `Push`; the parent is the session's name."""
SECOND = 1_000_000
AWAY = 60 * SECOND
"""A push of which nothing was heard for so long after its time-out was lost with its process."""
FEWEST, MOST = 0, 1_000
BUSY = (408, 429)
"""Refusals that pass: tried again, when the partner says so if it does."""


class Push(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one partner is to know of one session's active profile."""

    session: str
    """Name of the session as we hold it, `NL/AAA/S1`."""
    session_id: str
    """As the partner knows it."""
    partner: str
    party: PartyId
    sender: PartyId
    active: ActiveChargingProfile
    wanted: int = 1
    sent: int = 0
    attempts: int = 0
    under_way: bool = False
    problem: str | None = None


_PUSH = msgspec.json.Decoder(Push)


def read_push(record: Record) -> Push:
    return _PUSH.decode(record.document)


def push_key(session: str, partner: str, party: PartyId) -> RecordKey:
    return RecordKey(PUSH, f"{session}>{partner}>{party.folded}")


def wanted(record: Record | None, push: Push, now: int) -> RecordDraft:
    """The draft that makes `push.active` the state to send; a push under way is followed."""
    key = push_key(push.session, push.partner, push.party)
    if record is None:
        return RecordDraft(key, encode(push), push.session, now)
    before = read_push(record)
    after = structs.replace(
        before, active=push.active, session_id=push.session_id, wanted=before.wanted + 1,
        attempts=0, problem=None,
    )  # fmt: skip
    due = record.due if before.under_way else now
    return RecordDraft(key, encode(after), push.session, due)


class Pushes:
    """Sends what is due. Safe with several processes: a push is taken before it leaves."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        exchange: Exchange,
        *,
        table: Table,
        now: Callable[[], int],
        knobs: ProfileKnobs,
    ) -> None:
        self._store = store
        self._directory = directory
        self._exchange = exchange
        self._table = table
        self._now = now
        self._knobs = knobs

    async def send_for(self, session: str) -> None:
        """All that is due for one session."""
        records = await self._store.records(PUSH, parent=session)
        now = self._now()
        due = [it for it in records if it.due is not None and it.due <= now]
        await asyncio.gather(*(self._work(record.key) for record in due))

    async def look(self) -> None:
        """All that is due."""
        for record in await self._store.records(PUSH, due_before=self._now(), limit=MOST):
            await self._work(record.key)

    async def forget(self, session: str) -> None:
        """The session is over: nobody is told any more."""
        records = await self._store.records(PUSH, parent=session)
        gone = [RecordDraft(record.key, None) for record in records]
        if gone:
            await self._store.apply(Change(lambda _held: Decision(None, records=gone)))

    async def _work(self, key: RecordKey) -> None:
        """Send until the partner has the newest state, or fails."""
        while (push := await self._take(key)) is not None:
            problem = await self._send(push)
            await self._note(key, push, problem)
            if problem is not None:
                return

    async def _take(self, key: RecordKey) -> Push | None:
        """The push, marked as under way; None if it is not due or another process has it."""

        def decide(held: Held) -> Decision[Push | None]:
            record = held.records.get(key)
            if record is None or record.due is None or record.due > held.now:
                return Decision(None)
            push = read_push(record)
            if push.sent >= push.wanted:
                return Decision(None, records=(_draft(key, push, None),))
            taken = structs.replace(push, under_way=True, attempts=push.attempts + 1)
            return Decision(taken, records=(_draft(key, taken, held.now + AWAY),))

        return await self._store.apply(Change(decide, records=(key,)))

    async def _send(self, push: Push) -> PartnerError | None:
        found = found_in(await self._store.get(key_of(push.session)))
        if found is not None and not found.is_ongoing:
            await self.forget(push.session)
            return None
        platform = await self._directory.platform(push.partner)
        if platform is None or not platform.is_registered:
            return Unusable("The partner is registered no more")
        active = spanning(push.active, least=self._knobs.push_least, most=self._knobs.push_most)
        try:
            row = row_of(self._table, version_of(platform), "active_charging_profile")
            await self._exchange.call(
                platform, row, keys={"session_id": push.session_id}, body=encode(active),
                routing=Routing(to=push.party, sender=push.sender),
            )  # fmt: skip
        except PartnerError as fault:
            return fault
        return None

    async def _note(self, key: RecordKey, taken: Push, problem: PartnerError | None) -> None:
        def decide(held: Held) -> Decision[None]:
            record = held.records.get(key)
            if record is None:
                return Decision(None)
            push = structs.replace(read_push(record), under_way=False)
            if problem is None:
                push = structs.replace(push, sent=taken.wanted, attempts=0, problem=None)
                due = held.now if push.wanted > push.sent else None
            else:
                push = structs.replace(push, problem=problem.message)
                due = self._again(push, taken, problem, held.now)
            return Decision(None, records=(_draft(key, push, due),))

        await self._store.apply(Change(decide, records=(key,)))

    def _again(self, push: Push, taken: Push, problem: PartnerError, now: int) -> int | None:
        """When to try again: a newer state at once, else after a pause, else never."""
        refused = problem if isinstance(problem, Refused) else None
        told = None if refused is None else refused.retry_after
        final = isinstance(problem, Unusable) or (
            refused is not None and refused.http < 500 and refused.http not in BUSY
        )
        if push.wanted > taken.wanted:
            pause = self._knobs.push_first if told is None else told
        elif final or push.attempts >= self._knobs.push_attempts:
            return None
        else:
            pause = self._knobs.push_first * 2.0 ** (push.attempts - 1) if told is None else told
        return now + round(pause * SECOND)


def _draft(key: RecordKey, push: Push, due: int | None) -> RecordDraft:
    return RecordDraft(key, encode(push), push.session, due)
