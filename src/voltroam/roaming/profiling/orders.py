"""What partners asked of the charging profile of a session, and what became of it: the ledger.

ACCEPTED -> DECIDED -> POSTING (committed before the bytes leave) -> POSTED | FAILED | LOST. A
result is decided once and posted once; after a crash an order is finished or reported as rejected,
never carried out again. Everything here is pure.
"""

import hashlib
from collections.abc import Sequence
from enum import StrEnum

import msgspec
from msgspec import structs

from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import (
    ActiveChargingProfile,
    ActiveChargingProfileResult,
    ChargingProfile,
    ChargingProfileResult,
    ChargingProfileResultType,
    ClearProfileResult,
)
from voltroam.store.interface import Held, Record, RecordDraft, RecordKey
from voltroam.wire.encode import encode

ORDER = "profile_order"
"""Record kind of `ProfileEntry`, id as `timed_id`; the parent is the session's name."""
STEERED = "steered_session"
"""Record kind of `Steered`; the id is the session's name, `NL/AAA/S1`."""
PACE = "profile_pace"
"""Record kind: when one sender asked about one session lately (µs)."""
REQUEST = "profile_request"
"""Record kind: which order or call a partner's request id belongs to."""

SECOND = 1_000_000


class Action(StrEnum):
    """What is asked; the value is the word of our own response URLs."""

    ACTIVE = "activechargingprofile"
    SET = "chargingprofile"
    CLEAR = "clearprofile"


class OrderState(StrEnum):
    """Where an order that we accepted stands."""

    ACCEPTED = "ACCEPTED"
    """The charger is asked."""
    DECIDED = "DECIDED"
    """The result is known and not posted yet."""
    POSTING = "POSTING"
    POSTED = "POSTED"
    FAILED = "FAILED"
    """The partner did not take the result; it is not repeated."""
    LOST = "LOST"
    """The process died while it posted: nobody knows whether it arrived."""


class ProfileEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One order. Times in microseconds since 1970 UTC."""

    id: str
    action: Action
    session: str
    """The session's name, `NL/AAA/S1`."""
    session_id: str
    operator: PartyId
    partner: str
    asked_by: PartyId
    response_url: str
    request: str
    """Id of the REQUEST record."""
    state: OrderState
    at: int
    deadline: int
    """When the charger must have answered."""
    timeout: int
    """Seconds, as announced."""
    profile: ChargingProfile | None = None
    duration: int | None = None
    result: ChargingProfileResultType | None = None
    active: ActiveChargingProfile | None = None
    decided_at: int | None = None
    posted_at: int | None = None
    problem: str | None = None

    def body(self) -> bytes:
        """The result as it is posted."""
        result = self.result or ChargingProfileResultType.REJECTED
        if self.action is Action.SET:
            return encode(ChargingProfileResult(result=result))
        if self.action is Action.CLEAR:
            return encode(ClearProfileResult(result=result))
        accepted = result is ChargingProfileResultType.ACCEPTED
        profile = self.active if accepted else None
        return encode(ActiveChargingProfileResult(result=result, profile=profile))


class Claim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who steers a session: one party only, for stacked profiles yield the least of all."""

    partner: str
    party: PartyId
    in_force: bool = False
    """A profile of this party was set and not cleared since."""
    pending: str | None = None
    """The newest order to set one, while the charger is asked."""

    def is_of(self, partner: str, party: PartyId) -> bool:
        return self.partner == partner and self.party.same(party)


class Follower(msgspec.Struct, frozen=True, kw_only=True):
    """A sender that once set a profile: it hears of every change (CHP-UPD-01)."""

    partner: str
    party: PartyId


class Steered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What we know of the steering of one session."""

    session_id: str
    operator: PartyId
    claim: Claim | None = None
    newest: str | None = None
    """The newest order to set or clear: an older one that still waits is overtaken."""
    followers: tuple[Follower, ...] = ()
    profile: ChargingProfile | None = None
    """The one in force, by the sender that has the claim."""
    active: ActiveChargingProfile | None = None


_ENTRY = msgspec.json.Decoder(ProfileEntry)
_STEERED = msgspec.json.Decoder(Steered)
_TIMES = msgspec.json.Decoder(tuple[int, ...])


def read_entry(record: Record) -> ProfileEntry:
    return _ENTRY.decode(record.document)


def read_steered(record: Record | None) -> Steered | None:
    return None if record is None else _STEERED.decode(record.document)


def entry_key(order_id: str) -> RecordKey:
    return RecordKey(ORDER, order_id)


def steered_key(session: str) -> RecordKey:
    return RecordKey(STEERED, session)


def pace_key(session: str, partner: str, party: PartyId) -> RecordKey:
    return RecordKey(PACE, f"{session}>{partner}>{party.folded}")


def request_key(partner: str, method: str, request_id: str) -> RecordKey:
    digest = hashlib.sha256(request_id.encode()).hexdigest()[:32]
    return RecordKey(REQUEST, f"{partner}>{method}>{digest}")


def entry_draft(entry: ProfileEntry, *, due: int | None) -> RecordDraft:
    return RecordDraft(entry_key(entry.id), encode(entry), entry.session, due)


def steered_draft(session: str, steered: Steered, *, due: int | None) -> RecordDraft:
    return RecordDraft(steered_key(session), encode(steered), due=due)


def times_in(record: Record | None) -> Sequence[int]:
    return () if record is None else _TIMES.decode(record.document)


def is_free_for(steered: Steered | None, partner: str, party: PartyId) -> bool:
    """Whether nobody else steers the session (CHP-TOP-03)."""
    claim = None if steered is None else steered.claim
    return claim is None or claim.is_of(partner, party)


def nothing_to_clear(steered: Steered | None, partner: str, party: PartyId) -> bool:
    """This sender has no profile on the session, so none can be found (CHP-DEL-02)."""
    claim = None if steered is None else steered.claim
    return claim is None or not claim.is_of(partner, party)


def claimed(steered: Steered, entry: ProfileEntry) -> Steered:
    """As the session stands when an order was accepted."""
    if entry.action is Action.ACTIVE:
        return steered
    if entry.action is Action.CLEAR:
        return structs.replace(steered, newest=entry.id)
    before = steered.claim
    claim = Claim(
        partner=entry.partner,
        party=entry.asked_by,
        in_force=before is not None and before.in_force,
        pending=entry.id,
    )
    return structs.replace(steered, claim=claim, newest=entry.id)


def settled(steered: Steered, entry: ProfileEntry) -> Steered:
    """As the session stands when the charger answered an order."""
    if entry.action is Action.ACTIVE:
        return steered
    done = entry.result is ChargingProfileResultType.ACCEPTED
    if entry.action is Action.CLEAR:
        gone = entry.result is not ChargingProfileResultType.REJECTED
        return _cleared(steered, entry) if gone else steered
    claim = steered.claim
    if claim is not None and claim.is_of(entry.partner, entry.asked_by):
        pending = None if claim.pending == entry.id else claim.pending
        claim = structs.replace(claim, in_force=claim.in_force or done, pending=pending)
        if not claim.in_force and claim.pending is None:
            claim = None
    if not done:
        return structs.replace(steered, claim=claim)
    follower = Follower(partner=entry.partner, party=entry.asked_by)
    followers = steered.followers
    if not any(_same(follower, known) for known in followers):
        followers = (*followers, follower)
    return structs.replace(steered, claim=claim, followers=followers, profile=entry.profile)


def _cleared(steered: Steered, entry: ProfileEntry) -> Steered:
    claim = steered.claim
    if claim is None or not claim.is_of(entry.partner, entry.asked_by):
        return steered
    claim = structs.replace(claim, in_force=False) if claim.pending else None
    return structs.replace(steered, claim=claim, profile=None)


def _same(one: Follower, other: Follower) -> bool:
    return one.partner == other.partner and one.party.same(other.party)


def is_overtaken(steered: Steered | None, entry: ProfileEntry) -> bool:
    """A newer order to set or clear has come: this one, not begun yet, is no use any more."""
    if entry.action is Action.ACTIVE or steered is None or steered.newest is None:
        return False
    return steered.newest != entry.id


def entry_of(held: Held, order_id: str) -> ProfileEntry | None:
    record = held.records.get(entry_key(order_id))
    return None if record is None else read_entry(record)
