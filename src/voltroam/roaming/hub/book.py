"""The agreements as they are kept: read at most once a second, changed by an operator."""

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple
from uuid import uuid4

import msgspec
from msgspec import structs

from voltroam.roaming.hub.agreements import AGREEMENT, Agreement, Agreements, Default
from voltroam.standard.errors import NotFound
from voltroam.store.interface import (
    Change,
    Decision,
    EventDraft,
    Held,
    RecordDraft,
    RecordKey,
    Store,
)

FRESH = 1.0
"""Seconds for which what was read may be used again."""
CHANGED = "agreement.changed"
"""Event type; its key is the agreement's id."""


class Plan(NamedTuple):
    """What an import changes."""

    added: tuple[Agreement, ...]
    changed: tuple[Agreement, ...]
    removed: tuple[str, ...]
    unchanged: int


class AgreementBook:
    """All agreements of one hub; any number of processes share it."""

    def __init__(
        self,
        store: Store,
        default: Default,
        now: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._default = default
        self._now = now
        self._clock = clock
        self._read: tuple[float, Agreements] | None = None
        self._writes = 0
        """Of this process: what was read before one is not kept after it."""

    async def current(self) -> Agreements:
        """As they count now. The same object for as long as nothing changed."""
        now = self._now()
        known = self._read
        if known is not None and self._clock() - known[0] < FRESH and not _over(known[1], now):
            return known[1]
        at, writes = self._clock(), self._writes
        found = tuple(await self.all())
        while writes != self._writes:
            at, writes = self._clock(), self._writes
            found = tuple(await self.all())
        if known is not None and known[1].all == found and not _over(known[1], now):
            self._read = (at, known[1])
        else:
            self._read = (at, Agreements(found, self._default, now))
        return self._read[1]

    def _written(self) -> None:
        self._writes += 1
        self._read = None

    async def all(self) -> list[Agreement]:
        """As they are kept at this moment, by id, those too that do not count now."""
        found: list[Agreement] = []
        after = ""
        while page := await self._store.records(AGREEMENT, after=after):
            found += (_DECODER.decode(record.document) for record in page)
            after = page[-1].key.id
        return found

    async def find(self, agreement_id: str) -> Agreement | None:
        record = await self._store.record(RecordKey(AGREEMENT, agreement_id))
        return None if record is None else _DECODER.decode(record.document)

    async def add(self, agreement: Agreement) -> Agreement:
        """Keep a new one; its id is made here if it has none."""
        kept = agreement if agreement.id else structs.replace(agreement, id=uuid4().hex[:12])
        await self._write([_draft(kept)], [kept.id])
        return kept

    async def remove(self, agreement_id: str) -> None:
        """Raises NotFound."""
        await self._change(agreement_id, lambda _: None)

    async def suspend(self, agreement_id: str, *, suspended: bool = True) -> Agreement:
        """At once; `suspended` False takes it up again. Raises NotFound."""
        changed = await self._change(
            agreement_id, lambda held: structs.replace(held, suspended=suspended)
        )
        return changed or _missing(agreement_id)

    async def plan(self, agreements: Iterable[Agreement], *, whole: bool) -> Plan:
        """What would change; `whole`: those that are not among them go."""
        held = {it.id: it for it in await self.all()}
        wanted = {it.id or uuid4().hex[:12]: it for it in agreements}
        named = [structs.replace(it, id=key) for key, it in wanted.items()]
        return Plan(
            added=tuple(it for it in named if it.id not in held),
            changed=tuple(it for it in named if it.id in held and held[it.id] != it),
            removed=tuple(key for key in held if key not in wanted) if whole else (),
            unchanged=sum(held.get(it.id) == it for it in named),
        )

    async def carry_out(self, plan: Plan) -> None:
        """In one step: all of it or nothing."""
        drafts = [_draft(it) for it in (*plan.added, *plan.changed)]
        ids = [it.key.id for it in drafts]
        drafts += [RecordDraft(RecordKey(AGREEMENT, key), None) for key in plan.removed]
        if drafts:
            await self._write(drafts, [*ids, *plan.removed])

    async def replace(self, agreements: Iterable[Agreement]) -> None:
        """The whole book anew, in one step."""
        await self.carry_out(await self.plan(agreements, whole=True))

    async def _change(
        self, agreement_id: str, change: Callable[[Agreement], Agreement | None]
    ) -> Agreement | None:
        key = RecordKey(AGREEMENT, agreement_id)

        def decide(held: Held) -> Decision[Agreement | None]:
            if key not in held.records:
                _missing(agreement_id)
            after = change(_DECODER.decode(held.records[key].document))
            draft = RecordDraft(key, None) if after is None else _draft(after)
            return Decision(after, records=(draft,), events=(_event(agreement_id),))

        changed = await self._store.apply(Change(decide, records=(key,)))
        self._written()
        return changed

    async def _write(self, drafts: list[RecordDraft], ids: Iterable[str]) -> None:
        decision = Decision(None, records=drafts, events=[_event(key) for key in ids])
        await self._store.apply(Change(lambda _: decision))
        self._written()


_DECODER = msgspec.json.Decoder(Agreement)


def _over(agreements: Agreements, now: int) -> bool:
    return agreements.until is not None and agreements.until <= now


def _draft(agreement: Agreement) -> RecordDraft:
    return RecordDraft(RecordKey(AGREEMENT, agreement.id), msgspec.json.encode(agreement))


def _event(agreement_id: str) -> EventDraft:
    return EventDraft(CHANGED, agreement_id, b"")


def _missing(agreement_id: str) -> Agreement:
    raise NotFound(f"There is no agreement {agreement_id}")
