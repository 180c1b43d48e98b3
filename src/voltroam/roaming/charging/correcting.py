"""A CDR that was wrong: a Credit CDR and a new one; and a CDR that could not be made.

A CDR never changes (CDR-FLOW-01): what is wrong is taken back and billed anew (OCPI 2.2.1
§mod_cdrs, credit CDRs). Record kind `correction`, one per CDR that was taken back.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from voltroam.billing.any_version import is_230, read_as
from voltroam.billing.build import credit
from voltroam.bridge.retype import retyped
from voltroam.roaming.charging.charge import SEPARATOR, Charge, InForceSince, Terms
from voltroam.roaming.charging.course import replayed, tidy
from voltroam.roaming.charging.knobs import ChargingKnobs
from voltroam.roaming.charging.modern import credited, modern_cdr, written
from voltroam.roaming.charging.papers import cdr_of
from voltroam.roaming.charging.problem import ChargingProblem
from voltroam.roaming.charging.steps import Steps
from voltroam.roaming.charging.terms import Footing, Footings
from voltroam.roaming.charging.writing import Step
from voltroam.roaming.host import Reading, SignedReading
from voltroam.roaming.keys import object_key
from voltroam.roaming.platforms import Identity
from voltroam.roaming.received import received_in
from voltroam.standard import v2_2_1 as old
from voltroam.standard import v2_3_0 as new
from voltroam.standard.endpoints import CDR
from voltroam.standard.errors import NotFound
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import SessionStatus
from voltroam.store.interface import (
    Change,
    Decision,
    EventDraft,
    Held,
    ObjectDraft,
    ObjectKey,
    RecordDraft,
    RecordKey,
    Store,
)
from voltroam.wire.times import from_micros

CORRECTION = "correction"
LONGEST = 36
"""Characters of an id that a Credit CDR's suffix still fits behind (CDR-CRED-05)."""


SAID = (
    "cdr_token",
    "auth_method",
    "authorization_reference",
    "home_charging_compensation",
    "remark",
)
"""Members of a CDR that no reading tells."""


class Correction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was wrong: what is not given stays. `void`, or nothing given: it is taken back only.

    `readings`, `end` and `tariff` (a document of 2.2.1, in force from the start) cut and price the
    session anew. `cdr` is the whole right CDR, for those that were not made here.
    """

    readings: tuple[Reading, ...] | None = None
    end: datetime | None = None
    tariff: bytes | None = None
    token: old.CdrToken | None = None
    auth_method: old.AuthMethod | None = None
    authorization_reference: str | None = None
    home_charging_compensation: bool | None = None
    remark: str | None = None
    cdr: bytes | None = None
    void: bool = False

    @property
    def is_void(self) -> bool:
        return self.void or self == Correction()

    @property
    def replays(self) -> bool:
        return self.readings is not None or self.end is not None or self.tariff is not None

    @property
    def members(self) -> dict[str, object]:
        """Members of the CDR that are said anew."""
        values = (
            self.token, self.auth_method, self.authorization_reference,
            self.home_charging_compensation, self.remark,
        )  # fmt: skip
        named = zip(SAID, values, strict=True)
        return {name: value for name, value in named if value is not None}


class Corrected(msgspec.Struct, frozen=True):
    """The Credit CDR, and the CDR in place of the old one; None where it was only taken back."""

    credit_id: str
    cdr_id: str | None


class _Kept(msgspec.Struct, frozen=True):
    facts: str
    corrected: Corrected


class Paper(msgspec.Struct, frozen=True):
    """A CDR, and what it says in 2.3.0 where that is more."""

    cdr: old.CDR
    modern: new.CDR | None = None

    def saying(self, **members: object) -> "Paper":
        """The same with other members, in both."""
        if self.modern is None:
            return Paper(replace(self.cdr, **members))
        token = members.get("cdr_token")
        newer = members if token is None else members | {"cdr_token": retyped(token, new.CdrToken)}
        return Paper(replace(self.cdr, **members), replace(self.modern, **newer))

    def credit(self, cdr_id: str, now: datetime) -> "Paper":
        """What takes it back (CDR-CRED-01)."""
        taken = credit(self.cdr, cdr_id=cdr_id, now=now)
        if self.modern is None:
            return Paper(taken)
        return Paper(taken, credited(self.modern, cdr_id=cdr_id, taken=taken))


class Correcting:
    """Corrections of our own CDRs."""

    def __init__(
        self,
        store: Store,
        identity: Identity,
        steps: Steps,
        footings: Footings,
        knobs: ChargingKnobs,
    ) -> None:
        self._store = store
        self._identity = identity
        self._steps = steps
        self._footings = footings
        self._knobs = knobs

    async def correct(self, owner: PartyId, cdr_id: str, facts: Correction) -> Corrected:
        """Raises NotFound, ChargingProblem, BillingProblem or PricingProblem; then nothing is."""
        row = await self._store.get(object_key(CDR, owner, {"id": cdr_id}))
        if row is None or row.deleted:
            raise NotFound("There is no such CDR of ours")
        given = received_in(row.sidecar)
        modern = given is not None and is_230(given.document)
        wrong = Paper(
            read_as(old.CDR, row.document),
            read_as(new.CDR, given.document) if given is not None and modern else None,
        )
        cdr = wrong.cdr
        if cdr.credit or len(cdr.id) > LONGEST:
            raise ChargingProblem("CREDIT", "a Credit CDR is not taken back itself")
        ids = Corrected(f"{cdr.id}-CR", None if facts.is_void else _new_id(owner, cdr.id))
        kept = _Kept(_digest(facts), ids)
        right = None if ids.cdr_id is None else await self._right(wrong, facts, ids.cdr_id)
        return await self._store.apply(self._change(owner, wrong, right, kept))

    def _change(
        self, owner: PartyId, wrong: Paper, right: Paper | None, kept: _Kept
    ) -> Change[Corrected]:
        key = RecordKey(CORRECTION, f"{owner.folded}{SEPARATOR}{fold(wrong.cdr.id)}")
        ids = [one for one in (kept.corrected.credit_id, kept.corrected.cdr_id) if one is not None]
        objects = [object_key(CDR, owner, {"id": one}) for one in ids]

        def decide(held: Held) -> Decision[Corrected]:
            record = held.records.get(key)
            if record is not None:
                before = msgspec.json.decode(record.document, type=_Kept)
                if before.facts != kept.facts:
                    raise ChargingProblem("CORRECTED", "this CDR was taken back before")
                return Decision(before.corrected)
            now = tidy(from_micros(held.now))
            papers = [wrong.credit(kept.corrected.credit_id, now)]
            papers += [] if right is None else [right.saying(last_updated=now)]
            drafts, events = self._accepted(papers, objects, held)
            return Decision(
                kept.corrected,
                objects=drafts,
                records=(RecordDraft(key, msgspec.json.encode(kept)),),
                events=events,
            )

        return Change(decide, objects=objects, records=(key,))

    def _accepted(
        self, papers: Sequence[Paper], keys: Sequence[ObjectKey], held: Held
    ) -> tuple[list[ObjectDraft], list[EventDraft]]:
        drafts: list[ObjectDraft] = []
        events: list[EventDraft] = []
        for paper, key in zip(papers, keys, strict=True):
            if key in held.objects:
                raise ChargingProblem("TAKEN", f"there is a CDR {paper.cdr.id} already")
            found = written(paper.cdr, paper.modern, self._identity).decide(held)
            drafts += found.objects
            events += found.events
        return drafts, events

    async def _right(self, wrong: Paper, facts: Correction, cdr_id: str) -> Paper:
        before = wrong.cdr
        if facts.cdr is not None:
            right = read_as(old.CDR, facts.cdr)
            same = (right.country_code, right.party_id, right.session_id)
            if same != (before.country_code, before.party_id, before.session_id) or right.credit:
                raise ChargingProblem("OTHER", "the CDR given is not about the same session")
            return Paper(replace(right, id=cdr_id))
        if not facts.replays:
            return wrong.saying(id=cdr_id, **facts.members)
        said = {name: getattr(before, name) for name in SAID}
        replayed = await self._replayed(before, facts, cdr_id)
        return replayed.saying(**said | facts.members)

    async def _replayed(self, wrong: old.CDR, facts: Correction, cdr_id: str) -> Paper:
        charge = await self._steps.find(wrong.session_id or "")
        footing = None if charge is None else await self._footings.of(charge.id, anew=True)
        if charge is None or footing is None or charge.ended is None:
            raise ChargingProblem("OTHER", "this CDR was not made here: give the whole right one")
        after, footing, signed = await self._again(charge, footing, facts)
        right = cdr_of(
            after, footing, signed, cdr_id=cdr_id, now=after.updated, policy=self._knobs.policy
        )
        if right is None:
            raise ChargingProblem("NOTHING", "nothing is owed then: take the CDR back only")
        return Paper(right.cdr, modern_cdr(right.cdr, right.bill, after, footing))

    async def _again(
        self, charge: Charge, footing: Footing, facts: Correction
    ) -> tuple[Charge, Footing, Sequence[SignedReading]]:
        """The charge as it is with these facts."""
        if facts.tariff is not None:
            footing = self._footings.on(by_tariff(footing.terms, facts.tariff, charge))
            charge = replace(charge, priced=True)
        signed: Sequence[SignedReading] = await self._steps.signed(charge.id)
        readings: Sequence[Reading] = await self._steps.readings(charge.id)
        if facts.readings is not None:
            readings = facts.readings
            signed = [one.signed for one in readings if one.signed is not None]
            charge = replace(charge, meters=(), encoding=charge.encoding if signed else None)
        end = charge.ended if facts.end is None else tidy(facts.end)
        if end is None:
            raise ChargingProblem("NOT_ACTIVE", "the session is not over")
        if facts.end is not None:
            readings = [one for one in readings if tidy(one.at) <= end]
        after = replayed(charge, footing.marks, self._knobs.pace, readings, end)
        return after, footing, signed

    async def bill(self, session_id: str, tariff: bytes | None) -> str | None:
        """The CDR of a session that ended without; the same id each time."""
        charge = await self._steps.find(session_id)
        footing = None if charge is None else await self._footings.of(session_id, anew=True)
        if charge is None or footing is None:
            raise NotFound("There is no such session of ours")
        if charge.status is not SessionStatus.COMPLETED or charge.fault is None:
            return charge.cdr_id
        after, on = charge, footing
        signed: Sequence[SignedReading] = await self._steps.signed(session_id)
        if tariff is not None:
            after, on, signed = await self._again(charge, footing, Correction(tariff=tariff))
            after = replace(
                after, terms=on.terms.generation, updated=charge.updated, told=charge.told
            )

        def act(held: Charge, _footing: Footing, _held: Held) -> Step:
            if held.fault is None:
                return Step(held)
            terms = None if on is footing else on.terms
            return Step(after, terms=terms, footing=on, bill=True, signed=signed, quiet=True)

        return (await self._steps.take(session_id, act)).cdr_id


def by_tariff(terms: Terms, document: bytes, charge: Charge) -> Terms:
    """One tariff from the start instead of those that were in force."""
    start = charge.started if charge.course is None else charge.course.start
    return replace(
        terms,
        generation=terms.generation + 1,
        tariffs=(InForceSince(msgspec.Raw(document), start),),
    )


def _new_id(owner: PartyId, cdr_id: str) -> str:
    return hashlib.sha256(f"correction {owner.folded} {fold(cdr_id)}".encode()).hexdigest()[:32]


def _digest(facts: Correction) -> str:
    return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()
