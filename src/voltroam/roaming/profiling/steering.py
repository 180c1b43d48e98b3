"""The side that is steered, a CPO's: charging profiles for its sessions, from those who may.

Each request is checked and answered at once; what the charger made of it is posted later, once, to
the URL that came with the request (OCPI 2.2.1 §mod_charging_profiles, flow).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from voltroam.roaming.callbacks import check_response_url
from voltroam.roaming.directory import Directory
from voltroam.roaming.exchange import Exchange
from voltroam.roaming.grants import Grants
from voltroam.roaming.host import Host, ProfileOutcome
from voltroam.roaming.platforms import Identity, Platform
from voltroam.roaming.profiling.asking import response_url_in, seconds_in, usable
from voltroam.roaming.profiling.carrying import Carrying, order_of
from voltroam.roaming.profiling.changes import Changes
from voltroam.roaming.profiling.hosts import considered
from voltroam.roaming.profiling.knobs import ProfileKnobs
from voltroam.roaming.profiling.orders import (
    SECOND,
    Action,
    OrderState,
    ProfileEntry,
    request_key,
)
from voltroam.roaming.profiling.places import Found, holds, own_session, place_of
from voltroam.roaming.profiling.relay import Relay
from voltroam.roaming.profiling.semantics import fault_of, rounded
from voltroam.roaming.serving import Answering
from voltroam.roaming.timed import timed_id
from voltroam.standard.endpoints import Table
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import (
    ActiveChargingProfile,
    Capability,
    ChargingProfile,
    ChargingProfileResponse,
    ChargingProfileResponseType,
    Role,
    SetChargingProfile,
)
from voltroam.store.interface import Store
from voltroam.wire.call import Call, Reply
from voltroam.wire.encode import encode

_ACCEPTED = ChargingProfileResponseType.ACCEPTED


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request, read and found well-formed."""

    call: Call
    caller: Platform
    action: Action
    response_url: str
    profile: ChargingProfile | None = None
    duration: int | None = None


class Steering:
    """Answers the RECEIVER rows; `relay` forwards what is for sessions that we only hold."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        exchange: Exchange,
        *,
        identity: Identity,
        table: Table,
        host: Host,
        now: Callable[[], int],
        knobs: ProfileKnobs | None = None,
        relay: Relay | None = None,
    ) -> None:
        self._store = store
        self._identity = identity
        self._host = host
        self._now = now
        self._knobs = knobs or ProfileKnobs()
        self._relay = relay
        self.grants = Grants(store)
        self._changes = Changes(
            store, directory, exchange, identity=identity, table=table, now=now, knobs=self._knobs
        )
        self._carrying = Carrying(
            store, directory, exchange, table=table, host=host, now=now, knobs=self._knobs,
            changes=self._changes,
        )  # fmt: skip

    def handlers(self) -> Mapping[str, Answering]:
        """Only where we have chargers, or relay for those who have."""
        if not self._identity.parties(Role.CPO) and self._relay is None:
            return {}
        return {
            "charging_profile_get": self._get,
            "charging_profile_set": self._set,
            "charging_profile_clear": self._clear,
        }

    async def changed(
        self, session_id: str, active: ActiveChargingProfile, *, operator: PartyId | None = None
    ) -> None:
        """The charger calculated another profile: whoever set one for this session is told.

        Raises CallerError for a session that is not ours.
        """
        await self._changes.changed(session_id, active, operator=operator)

    async def removed(
        self,
        session_id: str,
        active: ActiveChargingProfile | None = None,
        *,
        operator: PartyId | None = None,
    ) -> None:
        """We removed a partner's profile; without `active` the EVSE's capacity is told."""
        await self._changes.removed(session_id, active, operator=operator)

    async def report(self, order_id: str, outcome: ProfileOutcome) -> ProfileEntry:
        """The outcome of an order from elsewhere; the first one counts. NotFound if unknown."""
        return await self._carrying.report(order_id, outcome)

    async def get(self, order_id: str) -> ProfileEntry | None:
        return await self._carrying.get(order_id)

    async def newest(self, limit: int, before: str | None = None) -> list[ProfileEntry]:
        """The newest first; `before` is the id of the last one seen."""
        return await self._carrying.newest(limit, before)

    async def look(self) -> None:
        """Work that is due: orders whose time is up, pushes to repeat, sessions that are over."""
        await self._carrying.look()
        await self._changes.look()

    async def close(self) -> None:
        """Let go of what is being carried out; `look` finishes it after the next start."""
        await self._carrying.close()
        await self._changes.close()

    # --- the three requests ---

    async def _get(self, call: Call, caller: Platform) -> Reply:
        url = response_url_in(call)
        duration = seconds_in(call, self._knobs.longest)
        return await self._answer(_Asked(call, caller, Action.ACTIVE, url, duration=duration))

    async def _set(self, call: Call, caller: Platform) -> Reply:
        body = usable(SetChargingProfile, call, caller)
        fault = fault_of(body.charging_profile)
        if fault is not None:
            raise CallerError(fault)
        profile = rounded(body.charging_profile)
        return await self._answer(
            _Asked(call, caller, Action.SET, body.response_url, profile=profile)
        )

    async def _clear(self, call: Call, caller: Platform) -> Reply:
        return await self._answer(_Asked(call, caller, Action.CLEAR, response_url_in(call)))

    async def _answer(self, asked: _Asked) -> Reply:
        """A ChargingProfileResponse; CallerError 2001 for what is malformed."""
        call, caller = asked.call, asked.caller
        check_response_url(caller, asked.response_url)
        session_id = call.keys["session_id"]
        found = await own_session(self._store, self._identity, session_id, call.routing.to)
        if found is None and self._relay is not None:
            relayed = await self._relay.forward(
                call, caller, asked.action, asked.response_url,
                profile=asked.profile, duration=asked.duration,
            )  # fmt: skip
            if relayed is not None:
                return Reply(data=encode(relayed))
        result = await self._judge(asked, found)
        return Reply(data=encode(ChargingProfileResponse(result=result, timeout=self._timeout)))

    @property
    def _timeout(self) -> int:
        return self._knobs.timeout

    async def _judge(self, asked: _Asked, found: Found | None) -> ChargingProfileResponseType:
        if found is None:
            return ChargingProfileResponseType.UNKNOWN_SESSION
        party = await self._speaks_for(asked, found)
        if party is None or not found.is_ongoing:
            return ChargingProfileResponseType.REJECTED
        place = await place_of(self._store, found.session)
        if not place.can(Capability.CHARGING_PROFILE_CAPABLE):
            return ChargingProfileResponseType.NOT_SUPPORTED
        entry = self._entry(asked, found, party)
        refusal = await self._carrying.admit(entry)
        if refusal is not None:
            return refusal
        verdict = await considered(self._host, order_of(entry), self._knobs.consider)
        if verdict is not _ACCEPTED:
            return verdict
        return await self._carrying.accept(entry)

    async def _speaks_for(self, asked: _Asked, found: Found) -> PartyId | None:
        """The party that asks, if it owns the token or was granted to steer (CHP-RSP-04)."""
        sender, caller = asked.call.routing.sender, asked.caller
        if holds(caller, found.contract, sender):
            return found.contract
        named = (sender,) if sender is not None else caller.parties(Role.SCSP)
        for provider in named:
            if await self.grants.permits(found.operator, found.contract, provider):
                return provider
        return None

    def _entry(self, asked: _Asked, found: Found, party: PartyId) -> ProfileEntry:
        now = self._now()
        margin = min(self._knobs.margin, self._knobs.timeout / 3)
        call = asked.call
        return ProfileEntry(
            id=timed_id(now),
            action=asked.action,
            session=found.name,
            session_id=found.session.id,
            operator=found.operator,
            partner=asked.caller.id,
            asked_by=party,
            response_url=asked.response_url,
            request=request_key(asked.caller.id, call.endpoint.method, call.request_id).id,
            state=OrderState.ACCEPTED,
            at=now,
            deadline=now + round((self._knobs.timeout - margin) * SECOND),
            timeout=self._timeout,
            profile=asked.profile,
            duration=asked.duration,
        )
