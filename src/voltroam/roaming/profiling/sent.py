"""A charging-profile request that we sent, as the ledger keeps it, and how it may go on. Pure.

SENDING -> ANSWERED | REFUSED | UNCERTAIN -> RESULT | TIMED_OUT. A result may overtake the answer;
one after the time-out makes it LATE. What was relayed for somebody is passed on, once.
"""

from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec import structs

from voltroam.roaming.profiling.orders import SECOND, Action
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import (
    ActiveChargingProfile,
    ChargingProfile,
    ChargingProfileResponse,
    ChargingProfileResponseType,
    ChargingProfileResultType,
)
from voltroam.wire.times import from_micros, to_micros

SENT = "profile"
"""Record kind of `ProfileCall`; the id is that of the response URL, the parent the platform."""
LONGEST_WAIT = 3_600
"""Seconds: the longest timeout of a partner that we believe."""
WAIT = 60
"""Seconds for which a result is awaited when the partner's answer did not say, or got lost."""
POST_LIMIT = 120
"""Seconds after which a result that was being passed on is taken for lost with its process."""


class CallState(StrEnum):
    """Where a request stands; the words of the command ledger."""

    SENDING = "SENDING"
    ANSWERED = "ANSWERED"
    """The operator passed it on; its result is awaited."""
    REFUSED = "REFUSED"
    UNCERTAIN = "UNCERTAIN"
    """Nobody knows whether it arrived; a result may still come."""
    RESULT = "RESULT"
    TIMED_OUT = "TIMED_OUT"
    LATE = "LATE"
    """The result came after the time-out."""


class OnwardState(StrEnum):
    """Where the result of a relayed request stands."""

    WAITING = "WAITING"
    READY = "READY"
    POSTING = "POSTING"
    POSTED = "POSTED"
    FAILED = "FAILED"
    LOST = "LOST"


OPEN = frozenset({CallState.SENDING, CallState.ANSWERED, CallState.UNCERTAIN})


class Onward(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a relayed request came from, and where its result goes."""

    platform: str
    party: PartyId
    sender: PartyId
    """Our party, towards both legs."""
    session_id: str
    """As that party knows the session."""
    url: str
    state: OnwardState = OnwardState.WAITING
    reason: str | None = None


class ProfileCall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request of ours, or one that we relay."""

    id: str
    action: Action
    partner: str
    """The partner's name when it was sent."""
    platform: str
    state: CallState
    sent_at: datetime
    as_party: PartyId
    session_id: str
    """As the partner knows it."""
    operator: PartyId | None = None
    profile: ChargingProfile | None = None
    duration: int | None = None
    response: ChargingProfileResponse | None = None
    answered_at: datetime | None = None
    wait_until: datetime | None = None
    result: ChargingProfileResultType | None = None
    active: ActiveChargingProfile | None = None
    result_at: datetime | None = None
    code: int | None = None
    """OCPI status code of a refusal."""
    reason: str | None = None
    onward: Onward | None = None

    @property
    def is_settled(self) -> bool:
        """Whether waiting any longer is of no use."""
        return self.state not in OPEN

    @property
    def succeeded(self) -> bool:
        return self.result is ChargingProfileResultType.ACCEPTED

    @property
    def due(self) -> int | None:
        """When `look` has to turn to it (µs)."""
        if self.onward is not None and self.onward.state is OnwardState.READY:
            return 0 if self.result_at is None else to_micros(self.result_at)
        if self.onward is not None and self.onward.state is OnwardState.POSTING:
            at = 0 if self.result_at is None else to_micros(self.result_at)
            return at + POST_LIMIT * SECOND
        if self.is_settled or self.wait_until is None:
            return None
        return to_micros(self.wait_until)


class Conflict(Exception):
    """Another result than the one that came before."""


def answered(call: ProfileCall, response: ChargingProfileResponse, now: int) -> ProfileCall:
    """The partner answered. A result that was faster stands."""
    told = structs.replace(call, response=response, answered_at=from_micros(now), reason=None)
    if call.state not in OPEN:
        return told
    if response.result is not ChargingProfileResponseType.ACCEPTED:
        return structs.replace(told, state=CallState.REFUSED, wait_until=None)
    seconds = min(max(response.timeout, 1), LONGEST_WAIT)
    return structs.replace(
        told, state=CallState.ANSWERED, wait_until=from_micros(now + seconds * SECOND)
    )


def refused(call: ProfileCall, now: int, reason: str, code: int | None) -> ProfileCall:
    """It was not taken, for certain."""
    told = structs.replace(call, answered_at=from_micros(now), reason=reason, code=code)
    if call.state not in OPEN:
        return told
    return structs.replace(told, state=CallState.REFUSED, wait_until=None)


def doubted(call: ProfileCall, now: int, reason: str) -> ProfileCall:
    """Nobody knows whether it arrived; it is never sent again."""
    if call.state is not CallState.SENDING:
        return call
    return structs.replace(
        call, state=CallState.UNCERTAIN, reason=reason, wait_until=from_micros(now + WAIT * SECOND)
    )


def resulted(
    call: ProfileCall,
    result: ChargingProfileResultType,
    active: ActiveChargingProfile | None,
    now: int,
) -> ProfileCall:
    """A result came to the response URL. Raises Conflict; a repeat changes nothing."""
    if call.result is not None:
        if call.result is result:
            return call
        raise Conflict
    late = call.state is CallState.TIMED_OUT or (
        call.state is not CallState.SENDING and call.due is not None and now >= call.due
    )
    state = CallState.LATE if late else CallState.RESULT
    if call.state is CallState.REFUSED:
        state = CallState.REFUSED
    onward = call.onward
    if onward is not None:
        onward = structs.replace(onward, state=OnwardState.READY)
    return structs.replace(
        call, state=state, result=result, active=active, result_at=from_micros(now), onward=onward
    )


def lapsed(call: ProfileCall, now: int) -> ProfileCall:
    """What the clock alone makes of it."""
    if call.due is None or now < call.due:
        return call
    onward = call.onward
    if onward is not None and onward.state is OnwardState.POSTING:
        return structs.replace(call, onward=structs.replace(onward, state=OnwardState.LOST))
    if call.state is CallState.SENDING:
        return doubted(call, now, "the process ended while it was being sent")
    if call.state in OPEN:
        return structs.replace(call, state=CallState.TIMED_OUT)
    return call


def onward_to(call: ProfileCall, state: OnwardState, reason: str | None = None) -> ProfileCall:
    if call.onward is None:
        return call
    return structs.replace(call, onward=structs.replace(call.onward, state=state, reason=reason))
