"""CDRs are money: each goes to one platform, once, on record (OCPI 2.2.1 §mod_cdrs).

READY -> ATTEMPTED (committed before the bytes leave) -> ACCEPTED | REFUSED | UNCERTAIN. What is
uncertain is looked up where its `Location` is known, otherwise the identical bytes leave once more
after a delay; then a person is asked.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence, Set
from time import monotonic

import msgspec

from voltroam.delivery.address import Addresses, Rows, contract_party
from voltroam.delivery.knobs import Knobs
from voltroam.delivery.log import Log
from voltroam.delivery.outcome import Fault, Verdict, judge
from voltroam.delivery.ports import Calls, Now
from voltroam.delivery.records import LEDGER, CdrEntry, CdrState, draft, ledger_key, read, write
from voltroam.delivery.sight import FOREVER
from voltroam.roaming.bridging import Bridging, NotCarried, is_at_home, spoken_by
from voltroam.roaming.platforms import Platform
from voltroam.roaming.redaction import secrets_in, without
from voltroam.standard.endpoints import Table
from voltroam.standard.errors import PartnerError
from voltroam.store.interface import (
    Change,
    Decision,
    Held,
    ObjectRow,
    Record,
    RecordDraft,
    Store,
)

log = Log("voltroam.cdr_ledger")

SETTLED = frozenset({CdrState.ACCEPTED, CdrState.REFUSED, CdrState.NEEDS_PERSON})
DOUBTFUL = frozenset({CdrState.ATTEMPTED, CdrState.UNCERTAIN})
SECOND = 1_000_000
LOST = 3600 * SECOND
"""An attempt of which nothing was heard for so long is looked at as uncertain (µs)."""


class CdrLedger:
    """The ledger of all platforms; `serve` works off one platform's part under its lane's lease."""

    def __init__(
        self,
        store: Store,
        calls: Calls,
        table: Table,
        knobs: Knobs,
        now: Now,
        *,
        bridging: Bridging | None = None,
    ) -> None:
        self._store = store
        self._bridging = bridging
        self._calls = calls
        self._knobs = knobs
        self._now = now
        self._resources = table.resources
        self._rows = Rows(table)
        self._addresses = Addresses(table)
        self._bells: dict[str, asyncio.Event] = {}
        self._looked = 0.0
        self._found = True

    async def ready(self, platform: Platform, rows: Sequence[ObjectRow]) -> None:
        """Open an entry for each CDR that has none; repeats change nothing."""
        keys = {ledger_key(row.key): row for row in rows}
        now = self._now()

        def decide(held: Held) -> Decision[None]:
            fresh = [row for key, row in keys.items() if key not in held.records]
            return Decision(None, records=[self._opened(platform, row, now) for row in fresh])

        await self._store.apply(Change(decide, records=tuple(keys)))
        self.wake(platform.id)

    @staticmethod
    def _opened(platform: Platform, row: ObjectRow, now: int) -> RecordDraft:
        party = contract_party(row.audience)
        entry = CdrEntry(
            key=row.key,
            platform=platform.id,
            to="" if party is None else party.folded,
            state=CdrState.READY,
            at=now,
        )
        return draft(ledger_key(row.key), entry, parent=platform.id, due=now)

    async def doubt(self, platform: str, *, restored: bool) -> None:
        """At a lane's start: what was ATTEMPTED when a process died is UNCERTAIN.

        After a restore so is all that is not accepted, for it may have left in the lost time.
        """
        after = ""
        while page := await self._store.records(LEDGER, parent=platform, after=after):
            for record in page:
                entry = read(record, CdrEntry)
                if entry.state is CdrState.ATTEMPTED or (
                    restored and entry.state is CdrState.READY
                ):
                    await self._note(entry, CdrState.UNCERTAIN, due=self._now(), restored=restored)
            after = page[-1].key.id

    def wake(self, platform: str) -> None:
        bell = self._bells.get(platform)
        if bell is not None:
            bell.set()

    async def serve(self, platform: Callable[[], Platform]) -> None:
        """Work off what is due for one platform until cancelled."""
        bell = self._bells[platform().id] = asyncio.Event()
        faults, called = 0, True
        while True:
            bell.clear()
            fine = not (called or await self._is_due()) or await self._work_off(platform())
            faults = 0 if fine else faults + 1
            called = True
            try:
                async with asyncio.timeout(self._knobs.poll if fine else self._pause(faults)):
                    await bell.wait()
                    faults = 0
            except TimeoutError:
                called = not fine

    async def _is_due(self) -> bool:
        """Whether anything is, for whomever: asked once for hundreds of lanes that look."""
        now = monotonic()
        if now - self._looked >= self._knobs.poll / 2:
            self._looked = now
            limit = self._now() + 1
            self._found = bool(await self._store.records(LEDGER, due_before=limit, limit=1))
        return self._found

    def _pause(self, faults: int) -> float:
        return min(self._knobs.cdr_limit, self._knobs.cdr_retry * 2.0 ** min(faults - 1, 30))

    async def _work_off(self, platform: Platform) -> bool:
        """False when the partner is in trouble, so that the rest waits."""
        while due := await self._store.records(
            LEDGER,
            parent=platform.id,
            due_before=self._now() + 1,
            limit=self._knobs.cdr_batch,
        ):
            width = max(1, platform.profile.concurrency)
            for start in range(0, len(due), width):
                faults = await asyncio.gather(
                    *(self._one(platform, record) for record in due[start : start + width])
                )
                if any(faults):
                    return False
        return True

    async def move(self, ways: Mapping[str, str], registered: Set[str]) -> None:
        """What is open of a platform that left goes to the one that now holds its party."""
        for record in await self._store.records(LEDGER, due_before=FOREVER):
            entry = read(record, CdrEntry)
            now_at = ways.get(entry.to)
            if entry.platform in registered or now_at is None:
                continue
            moved = msgspec.structs.replace(entry, platform=now_at)
            due = self._now()
            await write(self._store, draft(record.key, moved, parent=now_at, due=due))
            self.wake(now_at)

    async def _one(self, platform: Platform, record: Record) -> bool:
        """True when the partner is in trouble, so that the others wait."""
        entry = read(record, CdrEntry)
        row = await self._store.get(entry.key)
        if row is None:
            await self._note(entry, CdrState.NEEDS_PERSON, reason="the CDR is gone")
            return False
        if entry.state is CdrState.UNCERTAIN and entry.url is not None:
            return await self._look_up(platform, entry, row)
        if entry.state in DOUBTFUL and entry.sends >= self._knobs.cdr_sends:
            await self._note(entry, CdrState.NEEDS_PERSON, reason=entry.reason)
            return False
        return await self._send(platform, entry, row)

    async def _send(self, platform: Platform, entry: CdrEntry, row: ObjectRow) -> bool:
        endpoint = self._rows.find(platform, row.key.kind, "POST")
        if endpoint is None:
            await self._later(entry, entry.state, "the partner has no endpoint for CDRs")
            return False
        address = self._addresses.of(row, endpoint)
        try:
            body = await self._said(platform, row)
        except NotCarried as fault:
            await self._note(entry, CdrState.REFUSED, reason=fault.message)
            return False
        before = entry
        entry = await self._note(
            entry, CdrState.ATTEMPTED, due=self._now() + LOST, sends=entry.sends + 1
        )
        try:
            reply = await self._calls.call(
                platform,
                endpoint,
                body=body,
                routing=self._addresses.routing(row, address, platform),
            )
        except PartnerError as fault:
            self._hide(fault, row)
            return await self._failed(platform, before, entry, judge(fault))
        url = reply.headers.get("location")
        await self._note(entry, CdrState.ACCEPTED, url=url, reason=None)
        return False

    async def _said(self, platform: Platform, row: ObjectRow) -> bytes:
        """The CDR in the partner's version. NotCarried where it may not go there."""
        resource = self._resources[row.key.kind]
        if self._bridging is None or is_at_home(platform, resource):
            return row.document
        passed = await self._bridging.outward(resource, spoken_by(platform), platform, row)
        if passed.document is None:
            raise NotCarried(passed.why_not)
        return passed.document

    async def _failed(
        self, platform: Platform, before: CdrEntry, entry: CdrEntry, verdict: Verdict
    ) -> bool:
        log.warning(
            "cdr push failed",
            platform=platform.name,
            fault=verdict.fault.name,
            http=verdict.http,
            code=verdict.code,
            reason=verdict.reason,
        )
        repeated = before.sends > 0 or before.restored
        if verdict.fault is Fault.OBJECT:
            taken = repeated and platform.profile.cdr_exists and _ocpi_refusal(verdict)
            state = CdrState.ACCEPTED if taken else CdrState.REFUSED
            await self._note(entry, state, code=verdict.code, reason=verdict.reason)
            return False
        if verdict.certain:
            back = msgspec.structs.replace(before, sends=before.sends)
            await self._later(back, before.state, verdict.reason, verdict.retry_after)
        else:
            await self._later(entry, CdrState.UNCERTAIN, verdict.reason, verdict.retry_after)
        return verdict.fault is not Fault.ROUTE

    async def _look_up(self, platform: Platform, entry: CdrEntry, row: ObjectRow) -> bool:
        """Exactly the URL from the `Location` header, none of our making (CDR-GET-02)."""
        endpoint = self._rows.find(platform, entry.key.kind, "GET")
        if endpoint is None:
            await self._note(entry, CdrState.NEEDS_PERSON, reason=entry.reason)
            return False
        try:
            await self._calls.call(platform, endpoint, url=entry.url)
        except PartnerError as fault:
            self._hide(fault, row)
            verdict = judge(fault)
            if verdict.fault is Fault.OBJECT:
                await self._note(
                    msgspec.structs.replace(entry, url=None), CdrState.UNCERTAIN, due=self._now()
                )
                return False
            await self._later(entry, CdrState.UNCERTAIN, verdict.reason, verdict.retry_after)
            return True
        await self._note(entry, CdrState.ACCEPTED, reason=None)
        return False

    def _hide(self, fault: PartnerError, row: ObjectRow) -> None:
        """Who charged does not belong into a reason, whatever the partner says."""
        resource = self._resources[row.key.kind]
        fault.reword(without(fault.message, secrets_in(resource, row.document)))

    async def _later(
        self, entry: CdrEntry, state: CdrState, reason: str, retry_after: float | None = None
    ) -> None:
        tries = min(entry.tries + 1, 30)
        pause = self._pause(tries) if retry_after is None else retry_after
        due = self._now() + int(pause * SECOND)
        await self._note(entry, state, due=due, reason=reason, tries=tries)

    async def _note(
        self, entry: CdrEntry, state: CdrState, *, due: int | None = None, **changes: object
    ) -> CdrEntry:
        entry = msgspec.structs.replace(entry, state=state, at=self._now(), **changes)
        await write(
            self._store, draft(ledger_key(entry.key), entry, parent=entry.platform, due=due)
        )
        return entry


def _ocpi_refusal(verdict: Verdict) -> bool:
    return verdict.code is not None and 2000 <= verdict.code < 3000
