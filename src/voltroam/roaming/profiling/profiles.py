"""The side that steers, an eMSP's or SCSP's: setting, clearing and asking for charging profiles.

Requests go to the operator of a session; results come to a URL that is unique for each, and changes
of the active profile by PUT (OCPI 2.2.1 §mod_charging_profiles, sender interface).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

import msgspec

from voltroam.roaming.directory import Directory
from voltroam.roaming.exchange import Exchange
from voltroam.roaming.platforms import Identity, Platform
from voltroam.roaming.profiling.asking import usable
from voltroam.roaming.profiling.knobs import ProfileKnobs
from voltroam.roaming.profiling.orders import Action
from voltroam.roaming.profiling.places import found_in, held_session, session_key, session_name
from voltroam.roaming.profiling.relay import Relay
from voltroam.roaming.profiling.semantics import fault_of
from voltroam.roaming.profiling.sending import Sending, Way, steers_key
from voltroam.roaming.profiling.sent import Conflict, OnwardState, ProfileCall, resulted
from voltroam.roaming.serving import Answering
from voltroam.roaming.timed import is_timed
from voltroam.standard.endpoints import Table
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import (
    ActiveChargingProfile,
    ActiveChargingProfileResult,
    ChargingProfile,
    ChargingProfileResult,
    ChargingProfileResultType,
    ClearProfileResult,
    Role,
)
from voltroam.store.interface import (
    Change,
    Decision,
    EventDraft,
    Held,
    RecordDraft,
    RecordKey,
    Store,
)
from voltroam.wire.call import Call, Reply
from voltroam.wire.encode import encode
from voltroam.wire.routes import Router
from voltroam.wire.times import from_micros

ACTIVE = "active_profile"
"""Record kind of `HeldProfile`; the id is the session's name."""
_UNKNOWN = "No such request"
_STEERERS = (Role.EMSP, Role.SCSP, Role.HUB)


class HeldProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The active profile of a session, as its operator told it last."""

    operator: PartyId
    session_id: str
    partner: str
    at: datetime
    active: ActiveChargingProfile


_HELD = msgspec.json.Decoder(HeldProfile)


class Profiles:
    """Steers other operators' sessions. `relay` is there where the node may act between two."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        exchange: Exchange,
        *,
        identity: Identity,
        router: Router,
        table: Table,
        now: Callable[[], int],
        knobs: ProfileKnobs | None = None,
    ) -> None:
        self._store = store
        self._directory = directory
        self._identity = identity
        self._now = now
        self._knobs = knobs or ProfileKnobs()
        self._sending = Sending(store, exchange, router=router, table=table, now=now)
        self.relay: Relay | None = None
        if self._knobs.relay and identity.parties(Role.EMSP):
            self.relay = Relay(
                store, directory, exchange, table=table, sending=self._sending, now=now,
                knobs=self._knobs,
            )  # fmt: skip

    def handlers(self) -> Mapping[str, Answering]:
        return {
            "charging_profile_result": self._result,
            "active_charging_profile": self._pushed,
        }

    # --- asking ---

    async def set(
        self,
        session_id: str,
        profile: ChargingProfile,
        *,
        operator: PartyId | None = None,
        partner: str | None = None,
        as_party: PartyId | None = None,
    ) -> ProfileCall:
        """Set or replace the profile of a session. `partner` is needed only for one that we do not
        hold.

        Raises CallerError for a session that is unknown or over, and for a profile that no charger
        could follow; from there on the call that is returned tells what happened.
        """
        fault = fault_of(profile)
        if fault is not None:
            raise CallerError(fault)
        way = await self._way(session_id, operator, partner, as_party)
        return await self._sending.send(way, Action.SET, profile=profile)

    async def clear(
        self,
        session_id: str,
        *,
        operator: PartyId | None = None,
        partner: str | None = None,
        as_party: PartyId | None = None,
    ) -> ProfileCall:
        """Remove the profile that we set."""
        way = await self._way(session_id, operator, partner, as_party)
        return await self._sending.send(way, Action.CLEAR)

    async def active(
        self,
        session_id: str,
        duration: int = 900,
        *,
        operator: PartyId | None = None,
        partner: str | None = None,
        as_party: PartyId | None = None,
    ) -> ProfileCall:
        """Ask what the charger plans for the next `duration` seconds."""
        if not 0 < duration <= self._knobs.ask:
            raise CallerError(f"duration: 1 to {self._knobs.ask} seconds")
        way = await self._way(session_id, operator, partner, as_party)
        return await self._sending.send(way, Action.ACTIVE, duration=duration)

    async def get(self, call_id: str) -> ProfileCall | None:
        return await self._sending.get(call_id)

    async def newest(self, limit: int, before: str | None = None) -> list[ProfileCall]:
        """The newest first; `before` is the id of the last one seen."""
        return await self._sending.newest(limit, before)

    async def await_result(self, call_id: str, timeout: float | None = None) -> ProfileCall:
        """The call once it is settled, whichever process its result reached; as it stands after
        `timeout` seconds. NotFound if there is none."""
        return await self._sending.await_result(call_id, timeout)

    async def known(self, session_id: str, operator: PartyId) -> HeldProfile | None:
        """The active profile that the operator told last."""
        record = await self._store.record(RecordKey(ACTIVE, session_name(operator, session_id)))
        return None if record is None else _HELD.decode(record.document)

    async def look(self) -> None:
        """Settle what time has settled, and pass on what was left. Any number of processes may."""
        for call in await self._sending.due():
            if call.onward is not None and call.onward.state is OnwardState.READY:
                if self.relay is not None:
                    await self.relay.pass_on(call.id)
            else:
                await self._sending.lapse(call.id)
        if self.relay is not None:
            await self.relay.look()

    async def close(self) -> None:
        """Let go of what is being passed on; `look` finishes it after the next start."""
        if self.relay is not None:
            await self.relay.close()

    # --- what comes back ---

    async def _result(self, call: Call, caller: Platform) -> Reply:
        """Only who got the request may tell its result; nobody else learns that it exists."""
        id_ = call.keys["uid"]
        held = await self._sending.get(id_) if is_timed(id_) else None
        action = Action(call.endpoint.segments[0])
        if held is None or held.platform != caller.id or held.action is not action:
            raise NotFound(_UNKNOWN)
        result, active = _read_result(action, call, caller)
        step = partial(_resulted, result=result, active=active)
        try:
            settled = await self._sending.move(id_, step)
        except Conflict:
            raise CallerError("$.result: another result was given before") from None
        if active is not None and settled.operator is not None:
            await self._keep(settled.operator, settled.session_id, caller, active)
        if self.relay is not None and settled.onward is not None:
            self.relay.start(self.relay.pass_on(id_))
        return Reply()

    async def _pushed(self, call: Call, caller: Platform) -> Reply:
        """The operator tells of another active profile (CHP-UPD-01)."""
        active = usable(ActiveChargingProfile, call, caller)
        session_id = call.keys["session_id"]
        operator = await self._operator_of(call, caller, session_id)
        await self._keep(operator, session_id, caller, active)
        if self.relay is not None:
            self.relay.start(self.relay.changed(session_name(operator, session_id), active))
        return Reply()

    async def _operator_of(self, call: Call, caller: Platform, session_id: str) -> PartyId:
        """Whose session it is. NotFound unless the caller gave it to us, or was asked about it."""
        sender = call.routing.sender
        parties = (sender,) if sender is not None else caller.parties(Role.CPO)
        for party in parties:
            found = found_in(await self._store.get(session_key(party, session_id)))
            if found is not None and caller.id in found.row.sources:
                return found.operator
        steered = await self._store.record(steers_key(caller.id, session_id))
        if steered is None:
            raise NotFound("No such session")
        country, _, party_id = msgspec.json.decode(steered.document, type=str).partition("/")
        return PartyId(country, party_id)

    async def _keep(
        self, operator: PartyId, session_id: str, caller: Platform, active: ActiveChargingProfile
    ) -> None:
        name = session_name(operator, session_id)
        key = RecordKey(ACTIVE, name)

        def decide(held: Held) -> Decision[None]:
            document = encode(
                HeldProfile(
                    operator=operator,
                    session_id=session_id,
                    partner=caller.name,
                    at=from_micros(held.now),
                    active=active,
                )
            )
            return Decision(
                None,
                records=(RecordDraft(key, document),),
                events=(EventDraft("profile.active", f"sessions/{name}", document),),
            )

        await self._store.apply(Change(decide, records=(key,)))

    # --- whom to ask ---

    async def _way(
        self,
        session_id: str,
        operator: PartyId | None,
        partner: str | None,
        as_party: PartyId | None,
    ) -> Way:
        if as_party is not None and not self._identity.holds(as_party):
            raise CallerError(f"{as_party} is no party of ours")
        if partner is not None:
            return await self._way_by(partner, session_id, operator, as_party)
        found = await held_session(self._store, self._directory, session_id, operator)
        if not found.is_ongoing:
            raise CallerError(f"Session {session_id} is not ongoing")
        platform = await self._directory.route_to(found.operator, (Role.CPO,))
        if platform is None:
            raise CallerError(f"There is no partner for {found.operator}")
        ours = found.contract if self._identity.holds(found.contract) else self._ours()
        return Way(platform, found.session.id, as_party or ours, found.operator)

    async def _way_by(
        self, partner: str, session_id: str, operator: PartyId | None, as_party: PartyId | None
    ) -> Way:
        """A session that only the partner knows, such as one that an eMSP lets us steer."""
        platform = await self._directory.by_name(partner)
        if platform is None or not platform.is_registered:
            raise CallerError(f"There is no partner {partner}")
        theirs = platform.parties(Role.CPO) or platform.parties(Role.EMSP)
        if platform.is_hub and operator is None:
            theirs = await self._directory.behind(platform, (Role.CPO,))
            if len(theirs) > 1:
                raise CallerError(f"{partner} connects {len(theirs)} operators: name one")
        to = operator or (theirs[0] if theirs else None)
        if to is None:
            raise CallerError(f"{partner} has nobody to ask")
        return Way(platform, session_id, as_party or self._ours(), to)

    def _ours(self) -> PartyId:
        parties = self._identity.parties(Role.SCSP) or self._identity.parties(*_STEERERS)
        if not parties:
            raise CallerError("None of our parties may steer: EMSP or SCSP is needed")
        return parties[0]


def _read_result(
    action: Action, call: Call, caller: Platform
) -> tuple[ChargingProfileResultType, ActiveChargingProfile | None]:
    if action is Action.ACTIVE:
        told = usable(ActiveChargingProfileResult, call, caller)
        return told.result, told.profile
    if action is Action.SET:
        return usable(ChargingProfileResult, call, caller).result, None
    return usable(ClearProfileResult, call, caller).result, None


def _resulted(
    call: ProfileCall,
    now: int,
    *,
    result: ChargingProfileResultType,
    active: ActiveChargingProfile | None,
) -> ProfileCall:
    return resulted(call, result, active, now)
