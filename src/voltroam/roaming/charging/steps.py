"""Steps of charges, applied to the store: tried again where another process came first."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from voltroam.roaming.charging.charge import (
    READINGS,
    SIGNED,
    Charge,
    charge_draft,
    charge_key,
    read_charge,
    read_readings,
    read_signed,
    terms_key,
)
from voltroam.roaming.charging.course import tidy
from voltroam.roaming.charging.problem import ChargingProblem, UnknownSession
from voltroam.roaming.charging.terms import Footing, Footings
from voltroam.roaming.charging.watch import Overdue, overdue_draft, overdue_event
from voltroam.roaming.charging.writing import Progress, Step, Writing, batch_of, papers
from voltroam.roaming.host import Reading, SignedReading
from voltroam.standard.parties import fold
from voltroam.store.interface import Change, Decision, Held, Record, RecordKey, Store

Act = Callable[[Charge, Footing, Held], Step]
T = TypeVar("T")
TRIES = 8
"""How often a step is tried that met another one."""
PAGE = 1000


class Stale(Exception):
    """Something that was read before the transaction is not so any more."""


class Steps:
    """One step is one transaction: charge, Session, readings, terms and CDR."""

    def __init__(self, store: Store, footings: Footings, writing: Writing) -> None:
        self._store = store
        self._footings = footings
        self._writing = writing

    async def take(self, session_id: str, act: Act, readings: Sequence[Reading] = ()) -> Progress:
        """Apply a step; one that leaves the charge as it is writes nothing.

        Raises what `act` raises, UnknownSession, and ChargingProblem BUSY.
        """
        for attempt in range(TRIES):
            footing = await self._footings.of(session_id, anew=attempt > 0)
            charge = None if footing is not None else await self.find(session_id)
            if footing is None:
                raise UnknownSession if charge is None else busy()
            try:
                return await self._applied(session_id, act, footing, readings)
            except Stale:
                continue
        raise busy()

    async def _applied(
        self, session_id: str, act: Act, footing: Footing, readings: Sequence[Reading]
    ) -> Progress:
        key = charge_key(session_id)
        records = [key, terms_key(session_id)]
        if readings:
            records += batch_of(session_id, readings)[1]

        def decide(held: Held) -> Decision[Progress]:
            charge = self._held(held, key, footing)
            step = act(charge, footing, held)
            return self._writing.decided(step, charge, footing, held)

        objects = papers(footing.owner, session_id)
        return await self._store.apply(Change(decide, objects=objects, records=records))

    @staticmethod
    def _held(held: Held, key: RecordKey, footing: Footing) -> Charge:
        record = held.records.get(key)
        if record is None:
            raise UnknownSession
        charge = read_charge(record)
        if charge.terms != footing.terms.generation:
            raise Stale
        return charge

    async def open(self, step: Step, footing: Footing) -> Progress:
        """Write a charge that is new. ChargingProblem TAKEN if its id is another's."""
        charge = step.charge
        key = charge_key(charge.id)
        records = [key, terms_key(charge.id)]
        if step.readings:
            records += batch_of(charge.id, step.readings)[1]

        def decide(held: Held) -> Decision[Progress]:
            if key in held.records:
                raise ChargingProblem("TAKEN", "there is a session of this id")
            return self._writing.decided(step, None, footing, held)

        objects = papers(charge.owner, charge.id)
        found = await self._store.apply(Change(decide, objects=objects, records=records))
        self._footings.keep(charge.id, footing)
        return found

    def told(self, session_id: str) -> Change[None]:
        """Tell once that a session is silent, or that its CDR could not be made."""
        key = charge_key(session_id)

        def decide(held: Held) -> Decision[None]:
            record = held.records.get(key)
            charge = None if record is None else read_charge(record)
            if charge is None or charge.told or record is None:
                return Decision(None)
            if record.due is None or record.due > held.now:
                return Decision(None)  # it was reported meanwhile
            late = Overdue(
                owner=charge.owner.folded,
                session_id=charge.id,
                why="fault" if charge.is_over else "silent",
                since=charge.ended if charge.ended is not None else charge.heard,
                reason=charge.fault,
            )
            return Decision(
                None,
                records=(charge_draft(replace(charge, told=True), None), overdue_draft(late)),
                events=(overdue_event(late),),
            )

        return Change(decide, records=(key,))

    # -- reading

    async def find(self, session_id: str) -> Charge | None:
        record = await self._store.record(charge_key(session_id))
        return None if record is None else read_charge(record)

    async def signed(self, session_id: str) -> list[SignedReading]:
        """In the order in which they came."""
        return await self._batches(SIGNED, session_id, read_signed)

    async def readings(self, session_id: str) -> list[Reading]:
        found = await self._batches(READINGS, session_id, read_readings)
        return sorted(found, key=lambda one: tidy(one.at))

    async def unknown(self, session_id: str, readings: Sequence[Reading]) -> list[Reading]:
        """Those of the readings that never counted."""
        known = {(tidy(one.at), one.kwh) for one in await self.readings(session_id)}
        return [one for one in readings if (tidy(one.at), one.kwh) not in known]

    async def all(self, kind: str, parent: str) -> list[Record]:
        found: list[Record] = []
        after = ""
        while True:
            page = await self._store.records(kind, parent=parent, after=after, limit=PAGE)
            found += page
            if len(page) < PAGE:
                return found
            after = page[-1].key.id

    async def _batches(
        self, kind: str, session_id: str, reader: Callable[[Record | None], list[T]]
    ) -> list[T]:
        batches = await self.all(kind, fold(session_id))
        return [one for batch in batches for one in reader(batch)]


def busy() -> ChargingProblem:
    return ChargingProblem("BUSY", "too many reports about this session at once")
