"""Sending a charging-profile request: written down, sent once, its result known by its URL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import msgspec

from voltroam.roaming.bells import Bells
from voltroam.roaming.callbacks import response_url, row_of
from voltroam.roaming.exchange import Exchange, version_of
from voltroam.roaming.platforms import Platform
from voltroam.roaming.profiling.orders import SECOND, Action
from voltroam.roaming.profiling.sent import (
    SENT,
    CallState,
    Onward,
    OnwardState,
    ProfileCall,
    answered,
    doubted,
    lapsed,
    onward_to,
    refused,
)
from voltroam.roaming.timed import timed_id
from voltroam.standard.endpoints import Interface, Table
from voltroam.standard.errors import (
    CallerError,
    ForbiddenUrl,
    InvalidBody,
    NotFound,
    PartnerError,
    Refused,
    Unreachable,
)
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import ChargingProfile, ChargingProfileResponse, SetChargingProfile
from voltroam.store.interface import (
    Change,
    Decision,
    EventDraft,
    Held,
    RecordDraft,
    RecordKey,
    Store,
)
from voltroam.wire.call import NOTHING, Reply, Routing
from voltroam.wire.decode import read
from voltroam.wire.encode import encode
from voltroam.wire.routes import Router
from voltroam.wire.times import from_micros

STEERS = "steers"
"""Record kind: we sent this partner a profile for that session; the id is `steers_key`."""
SENDING_LIMIT = 60
"""Seconds beyond the partner's time for a request, after which its sender is taken for dead."""
MANY = 500
BUSY = 503
"""Not handled, by its meaning (RFC 9110 §15.6.4)."""
_CALL = msgspec.json.Decoder(ProfileCall)
_UNKNOWN = "No such request"
_HANDLER = {
    Action.ACTIVE: "charging_profile_get",
    Action.SET: "charging_profile_set",
    Action.CLEAR: "charging_profile_clear",
}


@dataclass(frozen=True, slots=True)
class Way:
    """Whom a request goes to, in whose name, about which session."""

    platform: Platform
    session_id: str
    as_party: PartyId
    operator: PartyId | None = None


def steers_key(platform: str, session_id: str) -> RecordKey:
    return RecordKey(STEERS, f"{platform}>{fold(session_id)}")


class Sending:
    """The sender's ledger at work; nothing is ever sent twice."""

    def __init__(
        self,
        store: Store,
        exchange: Exchange,
        *,
        router: Router,
        table: Table,
        now: Callable[[], int],
    ) -> None:
        self._store = store
        self._exchange = exchange
        self._router = router
        self._table = table
        self._now = now
        self._bells = Bells()

    async def send(
        self,
        way: Way,
        action: Action,
        *,
        profile: ChargingProfile | None = None,
        duration: int | None = None,
        onward: Onward | None = None,
        request: RecordDraft | None = None,
    ) -> ProfileCall:
        """One request. The row is committed before the bytes leave; the URL is this call's alone.

        `request` is written along: what a repeat is known by. Raises CallerError for what a
        partner could not take; else the call that is returned tells what happened.
        """
        platform, version = way.platform, version_of(way.platform)
        endpoint = row_of(self._table, version, _HANDLER[action])
        if platform.endpoint(endpoint.module.name, Interface.RECEIVER) is None:
            raise CallerError(f"{platform.name} takes no charging profiles")
        now = self._now()
        limit = round((platform.profile.timeout + SENDING_LIMIT) * SECOND)
        call = ProfileCall(
            id=timed_id(now), action=action, partner=platform.name, platform=platform.id,
            state=CallState.SENDING, sent_at=from_micros(now), as_party=way.as_party,
            session_id=way.session_id, operator=way.operator, profile=profile, duration=duration,
            wait_until=from_micros(now + limit), onward=onward,
        )  # fmt: skip
        path = f"{action.value}/{{uid}}"
        taking = row_of(self._table, version, "charging_profile_result", path)
        url = response_url(self._router, version, taking, uid=call.id)
        query, body = _asked(call, url)
        await self._write_down(call, request)
        try:
            reply = await self._exchange.call(
                platform, endpoint, keys={"session_id": way.session_id}, query=query, body=body,
                routing=Routing(to=way.operator, sender=way.as_party),
            )  # fmt: skip
        except PartnerError as fault:
            return await self.move(call.id, partial(_failed, fault=fault))
        return await self.move(call.id, partial(_answered, reply=reply))

    async def get(self, call_id: str) -> ProfileCall | None:
        record = await self._store.record(RecordKey(SENT, call_id))
        return None if record is None else _CALL.decode(record.document)

    async def newest(self, limit: int, before: str | None) -> list[ProfileCall]:
        records = await self._store.records(SENT, after=before or "", limit=limit)
        return [_CALL.decode(record.document) for record in records]

    async def due(self) -> list[ProfileCall]:
        records = await self._store.records(SENT, due_before=self._now(), limit=MANY)
        return [_CALL.decode(record.document) for record in records]

    async def lapse(self, call_id: str) -> ProfileCall:
        call = await self.get(call_id)
        if call is None:
            raise NotFound(_UNKNOWN)
        if call.due is None or self._now() < call.due:
            return call
        return await self.move(call_id, lapsed)

    async def await_result(self, call_id: str, timeout: float | None) -> ProfileCall:
        return await self._bells.until(call_id, partial(self.lapse, call_id), _is_settled, timeout)

    async def move(
        self, call_id: str, step: Callable[[ProfileCall, int], ProfileCall]
    ) -> ProfileCall:
        """One step of the state machine inside a transaction, with its event."""
        key = RecordKey(SENT, call_id)

        def decide(held: Held) -> Decision[ProfileCall]:
            record = held.records.get(key)
            if record is None:
                raise NotFound(_UNKNOWN)
            before = _CALL.decode(record.document)
            after = step(before, held.now)
            if after == before:
                return Decision(before)
            events = () if after.state is before.state else (_event(after),)
            return Decision(after, records=(_draft(after),), events=events)

        call = await self._store.apply(Change(decide, records=(key,)))
        self._bells.ring(call_id)
        return call

    async def take_onward(self, call_id: str) -> ProfileCall | None:
        """A result that is ready to be passed on, marked as on its way; None if it is not."""
        key = RecordKey(SENT, call_id)

        def decide(held: Held) -> Decision[ProfileCall | None]:
            record = held.records.get(key)
            call = None if record is None else _CALL.decode(record.document)
            if call is None or call.onward is None or call.onward.state is not OnwardState.READY:
                return Decision(None)
            taken = onward_to(call, OnwardState.POSTING)
            return Decision(taken, records=(_draft(taken),))

        return await self._store.apply(Change(decide, records=(key,)))

    async def _write_down(self, call: ProfileCall, request: RecordDraft | None) -> None:
        drafts = [_draft(call)]
        if call.action is Action.SET:
            steers = steers_key(call.platform, call.session_id)
            operator = "" if call.operator is None else call.operator.folded
            drafts.append(RecordDraft(steers, msgspec.json.encode(operator), call.platform))
        if request is not None:
            drafts.append(msgspec.structs.replace(request, document=call.id.encode()))

        def decide(_held: Held) -> Decision[None]:
            return Decision(None, records=drafts)

        await self._store.apply(Change(decide))


def _is_settled(call: ProfileCall) -> bool:
    return call.is_settled


def _asked(call: ProfileCall, url: str) -> tuple[Mapping[str, str], bytes | None]:
    """Query and body. What we send obeys the standard: CallerError where it would not."""
    if call.action is Action.ACTIVE:
        return {"duration": str(call.duration), "response_url": url}, None
    if call.action is Action.CLEAR or call.profile is None:
        return {"response_url": url}, None
    body = encode(SetChargingProfile(charging_profile=call.profile, response_url=url))
    reading = read(SetChargingProfile, body)
    if not reading.usable(strict=True):
        raise CallerError(reading.message)
    return NOTHING, body


def _answered(call: ProfileCall, now: int, *, reply: Reply) -> ProfileCall:
    try:
        response = read(ChargingProfileResponse, reply.data or b"null").value
    except InvalidBody:
        response = None
    if response is None:
        return doubted(call, now, "the answer is no ChargingProfileResponse")
    return answered(call, response, now)


def _failed(call: ProfileCall, now: int, *, fault: PartnerError) -> ProfileCall:
    """Certain only where the partner says so, or where no byte can have left."""
    code = fault.code if isinstance(fault, Refused) else None
    never_left = isinstance(fault, ForbiddenUrl) or (
        isinstance(fault, Unreachable) and not fault.sent
    )
    said_no = isinstance(fault, Refused) and (
        fault.http == BUSY or (fault.http < 500 and (code is None or 2000 <= code < 3000))
    )
    if never_left or said_no:
        return refused(call, now, fault.message, code)
    return doubted(call, now, fault.message)


def _draft(call: ProfileCall) -> RecordDraft:
    return RecordDraft(RecordKey(SENT, call.id), encode(call), call.platform, call.due)


def _event(call: ProfileCall) -> EventDraft:
    return EventDraft("profile.result", f"profiles/{call.id}", encode(call))
