"""How a step of a charge is put down: the record, the Session, the readings and the CDR at once.

All in one transaction: after a crash there is the whole step or nothing of it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from voltroam.roaming.accept import accept
from voltroam.roaming.charging.charge import (
    Charge,
    Terms,
    charge_draft,
    list_draft,
    read_readings,
    read_signed,
    readings_key,
    signed_key,
    terms_draft,
)
from voltroam.roaming.charging.course import tidy
from voltroam.roaming.charging.knobs import ChargingKnobs
from voltroam.roaming.charging.modern import modern_cdr, modern_session, written_in_2_3_0
from voltroam.roaming.charging.modern import written as cdr_written
from voltroam.roaming.charging.papers import bill_of, cdr_of, document_of, session_of
from voltroam.roaming.charging.terms import Footing
from voltroam.roaming.charging.watch import overdue_key, settled_draft
from voltroam.roaming.host import Reading, SignedReading
from voltroam.roaming.keys import object_key
from voltroam.roaming.platforms import Identity
from voltroam.roaming.weigh import Accepted, Outcome
from voltroam.standard import v2_2_1 as old
from voltroam.standard import v2_3_0 as new
from voltroam.standard.endpoints import CDR, SESSION
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import SessionStatus
from voltroam.standard.versions import V2_2_1
from voltroam.store.interface import (
    Decision,
    EventDraft,
    Held,
    ObjectDraft,
    ObjectKey,
    RecordDraft,
    RecordKey,
)
from voltroam.wire.encode import encode
from voltroam.wire.times import from_micros


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a session stands, as its partner is told. `total_cost` None: not known."""

    session_id: str
    status: SessionStatus
    kwh: str
    currency: str
    total_cost: old.Price | None = None
    taken: int = 0
    """Readings that counted."""
    repeated: int = 0
    """Readings that were known already."""
    cdr_id: str | None = None
    fault: str | None = None
    """Why there is no CDR although the session is over."""


class Step(msgspec.Struct, frozen=True):
    """A charge as it shall be, and what came with it."""

    charge: Charge
    readings: Sequence[Reading] = ()
    repeated: int = 0
    terms: Terms | None = None
    bill: bool = False
    """The CDR is due now."""
    signed: Sequence[SignedReading] = ()
    """What was signed before, for the CDR."""
    batch: datetime | None = None
    """The moment that names the batch of readings."""
    footing: Footing | None = None
    """Where the terms changed: what it stands on now."""
    quiet: bool = False
    """The Session stays as it is."""


class Writing:
    """Pure: from a step to what the store writes."""

    def __init__(self, identity: Identity, knobs: ChargingKnobs) -> None:
        self._identity = identity
        self._knobs = knobs

    def decided(
        self, step: Step, before: Charge | None, footing: Footing, held: Held
    ) -> Decision[Progress]:
        """A step that leaves the charge as it was writes nothing.

        CallerError if the Session itself cannot be written; a CDR that cannot is a fault.
        """
        footing = step.footing or footing
        if step.charge is before and not step.bill:
            session = session_of(before, footing, bill_of(before, footing))
            return Decision(progress(before, session, 0, step.repeated))
        now = tidy(from_micros(held.now))
        charge = replace(step.charge, heard=now, told=False)
        if not step.quiet:
            charge = replace(charge, updated=max(now, charge.updated))
        objects: list[ObjectDraft] = []
        events: list[EventDraft] = []
        if step.bill:
            charge, objects, events = self._billed(charge, step, footing, held, now)
        bill = bill_of(charge, footing)
        session = session_of(charge, footing, bill)
        if not step.quiet:
            written = self._session(session, modern_session(session, bill, footing), held)
            objects, events = [*written.objects, *objects], [*written.events, *events]
        records = [charge_draft(charge, self.due(charge)), *kept(step, held)]
        if before is not None and before.told:
            records.append(settled_draft(overdue_key(charge.owner.folded, charge.id).id))
        if step.terms is not None:
            records.append(terms_draft(charge.id, step.terms))
        found = progress(charge, session, len(step.readings), step.repeated)
        return Decision(found, objects=objects, records=records, events=events)

    def _billed(
        self, charge: Charge, step: Step, footing: Footing, held: Held, now: datetime
    ) -> tuple[Charge, list[ObjectDraft], list[EventDraft]]:
        """A fault is kept for a person; the session is over all the same."""
        signed = [*step.signed, *(one.signed for one in step.readings if one.signed is not None)]
        try:
            built = cdr_of(
                charge, footing, signed, cdr_id=charge.id, now=now, policy=self._knobs.policy
            )
            if built is None:
                return replace(charge, fault=None), [], []
            modern = modern_cdr(built.cdr, built.bill, charge, footing)
            written = cdr_written(built.cdr, modern, self._identity).decide(held)
            if written.result.outcome is Outcome.CONFLICT:
                raise CallerError("another CDR has this id")
        except CallerError as problem:
            return replace(charge, fault=problem.message[:500]), [], []
        done = replace(charge, cdr_id=charge.id, fault=None)
        return done, list(written.objects), list(written.events)

    def _session(
        self, session: old.Session, modern: new.Session | None, held: Held
    ) -> Decision[Accepted]:
        if modern is not None:
            owner = PartyId(session.country_code, session.party_id)
            return written_in_2_3_0(SESSION, encode(modern), owner, self._identity).decide(held)
        change = accept(
            SESSION, document_of(session), version=V2_2_1, source=None, identity=self._identity,
            strict=True,
        )  # fmt: skip
        return change.decide(held)

    def due(self, charge: Charge) -> datetime | None:
        """When to look at it again, if nothing happens."""
        if charge.status is SessionStatus.RESERVATION and charge.reservation is not None:
            return charge.reservation.until
        if charge.told:
            return None
        if not charge.is_over:
            return charge.heard + timedelta(seconds=self._knobs.silence)
        if charge.fault is not None and charge.ended is not None:
            return charge.ended + timedelta(seconds=self._knobs.cdr_after)
        return None


def progress(charge: Charge, session: old.Session, taken: int, repeated: int) -> Progress:
    return Progress(
        session_id=charge.id,
        status=charge.status,
        kwh=f"{session.kwh:f}",
        currency=charge.currency,
        total_cost=session.total_cost,
        taken=taken,
        repeated=repeated,
        cdr_id=charge.cdr_id,
        fault=charge.fault,
    )


def kept(step: Step, held: Held) -> list[RecordDraft]:
    """The readings as they came, and what is signed beside them; batches by moment."""
    if not step.readings or step.batch is None:
        return []
    name = step.charge.id
    key = readings_key(name, step.batch)
    before = read_readings(held.records.get(key))
    plain = [replace(one, signed=None) for one in step.readings]
    drafts = [list_draft(key, name, [*before, *plain])]
    signed = [one.signed for one in step.readings if one.signed is not None]
    if signed:
        key = signed_key(name, step.batch)
        held_signed = read_signed(held.records.get(key))
        drafts.append(list_draft(key, name, [*held_signed, *signed]))
    return drafts


def batch_of(session_id: str, readings: Sequence[Reading]) -> tuple[datetime, list[RecordKey]]:
    """The moment that names this batch, and where it is kept."""
    first = min(tidy(one.at) for one in readings)
    return first, [readings_key(session_id, first), signed_key(session_id, first)]


def papers(owner: PartyId, session_id: str) -> list[ObjectKey]:
    """The objects that a step may write."""
    return [object_key(kind, owner, {"id": session_id}) for kind in (SESSION, CDR)]
