"""An eMSP between a smart charging service provider and operators.

OCPI 2.2.1 §mod_charging_profiles, topologies.
Towards the provider it is the receiver, towards the operator the sender. Each leg has a response
URL of its own, and the provider may know a session by an id that only the two of them use.
"""

from collections.abc import Callable, Coroutine
from functools import partial
from uuid import uuid4

import msgspec
from msgspec import structs

from voltroam.roaming.background import Background
from voltroam.roaming.callbacks import post_result, row_of
from voltroam.roaming.directory import Directory
from voltroam.roaming.exchange import Exchange, version_of
from voltroam.roaming.platforms import Platform
from voltroam.roaming.profiling.knobs import ProfileKnobs
from voltroam.roaming.profiling.orders import SECOND, Action, request_key
from voltroam.roaming.profiling.places import found_in, held_session, key_of
from voltroam.roaming.profiling.pushes import Push, Pushes, push_key, wanted
from voltroam.roaming.profiling.sending import Sending, Way
from voltroam.roaming.profiling.sent import Onward, OnwardState, ProfileCall, onward_to
from voltroam.standard.endpoints import Table
from voltroam.standard.errors import CallerError, PartnerError, Unusable
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import (
    ActiveChargingProfile,
    ActiveChargingProfileResult,
    ChargingProfile,
    ChargingProfileResponse,
    ChargingProfileResult,
    ChargingProfileResultType,
    ClearProfileResult,
    Role,
)
from voltroam.store.interface import Change, Decision, Held, RecordDraft, RecordKey, Store
from voltroam.wire.call import Call, Routing
from voltroam.wire.encode import encode

SHARED = "shared_session"
"""Record kind of `Shared`; the parent is the session's name."""


class Shared(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A session that a provider may steer through us."""

    session: str
    """As we hold it, `NL/AAA/S1`."""
    operator: PartyId
    session_id: str
    as_party: PartyId
    """Our party, whose driver it is."""
    provider: PartyId
    platform: str
    """The provider's."""
    own_id: str
    """By which the provider knows it."""
    has_set: bool = False
    """The provider once set a profile: it hears of every change."""


_SHARED = msgspec.json.Decoder(Shared)
AGAIN = 900 * SECOND
"""How often a shared session is looked at, whether it is over (µs)."""
MANY = 500


class Relay:
    """Forwards requests, answers, results and changes; what it does not know it leaves alone."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        exchange: Exchange,
        *,
        table: Table,
        sending: Sending,
        now: Callable[[], int],
        knobs: ProfileKnobs,
    ) -> None:
        self._store = store
        self._directory = directory
        self._exchange = exchange
        self._table = table
        self._sending = sending
        self._now = now
        self._knobs = knobs
        self._pushes = Pushes(store, directory, exchange, table=table, now=now, knobs=knobs)
        self._background = Background()

    async def share(
        self,
        session_id: str,
        partner: str,
        *,
        operator: PartyId | None = None,
        own_id: str | None = None,
    ) -> str:
        """Let a provider steer a session of one of our drivers; the id by which it does so.

        That the driver agrees is for the caller to know. Raises CallerError for a partner without
        the role SCSP or a session that we do not hold.
        """
        platform = await self._directory.by_name(partner)
        providers = () if platform is None else platform.parties(Role.SCSP)
        if platform is None or not providers:
            raise CallerError(f"{partner} is no partner with the role SCSP")
        found = await held_session(self._store, self._directory, session_id, operator)
        shared = Shared(
            session=found.name, operator=found.operator, session_id=found.session.id,
            as_party=found.contract, provider=providers[0], platform=platform.id,
            own_id=own_id or str(uuid4()),
        )  # fmt: skip
        await self._write(shared)
        return shared.own_id

    async def unshare(self, own_id: str, partner: str) -> None:
        """From now on that provider's requests are for a session that does not exist."""
        platform = await self._directory.by_name(partner)
        if platform is None:
            raise CallerError(f"There is no partner {partner}")
        await self._store.apply(Change(partial(_removed, _key(platform.id, own_id))))

    # --- towards the operator ---

    async def forward(
        self,
        call: Call,
        caller: Platform,
        action: Action,
        url: str,
        *,
        profile: ChargingProfile | None,
        duration: int | None,
    ) -> ChargingProfileResponse | None:
        """The operator's own answer; None if the session is not shared with the caller.

        Raises Unusable (3001) when the operator gave none.
        """
        shared = await self._shared(caller.id, call.keys["session_id"])
        if shared is None:
            return None
        request = request_key(caller.id, call.endpoint.method, call.request_id)
        known = await self._store.record(request)
        sent = None if known is None else await self._sending.get(known.document.decode())
        if sent is None:
            sent = await self._send(
                shared, action, url, profile=profile, duration=duration, request=request
            )
        if sent.response is None:
            raise Unusable("The operator did not answer")
        return sent.response

    async def _send(
        self,
        shared: Shared,
        action: Action,
        url: str,
        *,
        profile: ChargingProfile | None,
        duration: int | None,
        request: RecordKey,
    ) -> ProfileCall:
        platform = await self._directory.route_to(shared.operator, (Role.CPO,))
        if platform is None:
            raise Unusable("The operator cannot be reached")
        way = Way(platform, shared.session_id, shared.as_party, shared.operator)
        onward = Onward(
            platform=shared.platform, party=shared.provider, sender=shared.as_party,
            session_id=shared.own_id, url=url,
        )  # fmt: skip
        due = self._now() + round(self._knobs.remember * SECOND)
        draft = RecordDraft(request, b"", shared.platform, due)
        return await self._sending.send(
            way, action, profile=profile, duration=duration, onward=onward, request=draft
        )

    # --- towards the provider ---

    async def pass_on(self, call_id: str) -> None:
        """Post a result to the provider's URL, once."""
        call = await self._sending.take_onward(call_id)
        if call is None or call.onward is None:
            return
        onward = call.onward
        if call.action is Action.SET and call.succeeded:
            await self._note_set(onward)
        reason = await self._post(call, onward)
        state = OnwardState.POSTED if reason is None else OnwardState.FAILED

        def step(held: ProfileCall, _now: int) -> ProfileCall:
            return onward_to(held, state, reason)

        await self._sending.move(call_id, step)

    async def _post(self, call: ProfileCall, onward: Onward) -> str | None:
        platform = await self._directory.platform(onward.platform)
        if platform is None or not platform.is_registered:
            return "The provider is registered no more"
        path = f"{call.action.value}/{{uid}}"
        try:
            row = row_of(self._table, version_of(platform), "charging_profile_result", path)
            await post_result(
                self._exchange, platform, row, onward.url, _result(call),
                routing=Routing(to=onward.party, sender=onward.sender),
            )  # fmt: skip
        except PartnerError as fault:
            return fault.message
        return None

    async def changed(self, session: str, active: ActiveChargingProfile) -> None:
        """The operator told of another active profile: providers that set one hear of it too."""
        for record in await self._store.records(SHARED, parent=session):
            shared = _SHARED.decode(record.document)
            if shared.has_set:
                await self._want(shared, active)
        await self._pushes.send_for(session)

    async def look(self) -> None:
        """Results that were not passed on yet, pushes to repeat, sessions that are over."""
        await self._pushes.look()
        for record in await self._store.records(SHARED, due_before=self._now(), limit=MANY):
            found = found_in(await self._store.get(key_of(record.parent)))
            if found is None or not found.is_ongoing:
                await self._pushes.forget(record.parent)
                await self._store.apply(Change(partial(_removed, record.key)))
            else:
                await self._write(_SHARED.decode(record.document))

    def start(self, work: Coroutine[None, None, None]) -> None:
        """In the background: who brought it does not wait for the provider."""
        self._background.start(work)

    async def close(self) -> None:
        await self._background.close()

    async def _want(self, shared: Shared, active: ActiveChargingProfile) -> None:
        push = Push(
            session=shared.session, session_id=shared.own_id, partner=shared.platform,
            party=shared.provider, sender=shared.as_party, active=active,
        )  # fmt: skip
        key = push_key(shared.session, shared.platform, shared.provider)

        def decide(held: Held) -> Decision[None]:
            return Decision(None, records=(wanted(held.records.get(key), push, held.now),))

        await self._store.apply(Change(decide, records=(key,)))

    async def _note_set(self, onward: Onward) -> None:
        shared = await self._shared(onward.platform, onward.session_id)
        if shared is not None and not shared.has_set:
            await self._write(structs.replace(shared, has_set=True))

    async def _shared(self, platform: str, own_id: str) -> Shared | None:
        record = await self._store.record(_key(platform, own_id))
        return None if record is None else _SHARED.decode(record.document)

    async def _write(self, shared: Shared) -> None:
        key = _key(shared.platform, shared.own_id)

        def decide(held: Held) -> Decision[None]:
            draft = RecordDraft(key, encode(shared), shared.session, held.now + AGAIN)
            return Decision(None, records=(draft,))

        await self._store.apply(Change(decide))


def _key(platform: str, own_id: str) -> RecordKey:
    return RecordKey(SHARED, f"{platform}>{fold(own_id)}")


def _removed(key: RecordKey, _held: Held) -> Decision[None]:
    return Decision(None, records=(RecordDraft(key, None),))


def _result(call: ProfileCall) -> bytes:
    """The operator's result, as it came."""
    result = call.result or ChargingProfileResultType.REJECTED
    if call.action is Action.SET:
        return encode(ChargingProfileResult(result=result))
    if call.action is Action.CLEAR:
        return encode(ClearProfileResult(result=result))
    return encode(ActiveChargingProfileResult(result=result, profile=call.active))
