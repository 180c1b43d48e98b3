"""What drivers would like of a session that runs: its preferences (OCPI 2.2.1 §mod_sessions)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

import msgspec
from msgspec import structs

from voltroam.roaming.callbacks import row_of
from voltroam.roaming.directory import Directory
from voltroam.roaming.exchange import Exchange, version_of
from voltroam.roaming.host import Host, Wish
from voltroam.roaming.marks import TariffFor, all_of_them
from voltroam.roaming.platforms import Identity, Platform
from voltroam.roaming.profiling.asking import usable
from voltroam.roaming.profiling.hosts import preferred
from voltroam.roaming.profiling.knobs import ProfileKnobs
from voltroam.roaming.profiling.places import (
    Found,
    Place,
    held_session,
    holds,
    own_session,
    place_of,
    session_name,
)
from voltroam.roaming.profiling.semantics import Supply
from voltroam.roaming.serving import Answering
from voltroam.standard.endpoints import TARIFF, Table
from voltroam.standard.errors import CallerError, NotFound, Unusable
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.status import StatusCode
from voltroam.standard.v2_2_1 import (
    Capability,
    ChargingPreferences,
    ChargingPreferencesResponse,
    ChargingRateUnit,
    ProfileType,
    Role,
    Tariff,
    TariffType,
)
from voltroam.store.interface import (
    Change,
    Decision,
    EventDraft,
    Held,
    ObjectKey,
    RecordDraft,
    RecordKey,
    Store,
)
from voltroam.wire.call import Call, Reply, Routing
from voltroam.wire.decode import read
from voltroam.wire.encode import encode
from voltroam.wire.times import from_micros

PREFERENCES = "preferences"
"""Record kind of `Preferred`; the id is the session's name."""
HOUR = 3_600
KILO = 1_000
_SUPPORT = {
    ProfileType.CHEAP: TariffType.PROFILE_CHEAP,
    ProfileType.FAST: TariffType.PROFILE_FAST,
    ProfileType.GREEN: TariffType.PROFILE_GREEN,
}
"""REGULAR needs no tariff of its own: such a driver has no special preferences."""
_ANSWER = msgspec.json.Decoder(ChargingPreferencesResponse)
_Response = ChargingPreferencesResponse


class Preferred(msgspec.Struct, frozen=True, kw_only=True):
    """What the driver of a session wants, as last accepted."""

    session_id: str
    operator: PartyId
    partner: str
    at: datetime
    preferences: ChargingPreferences


_PREFERRED = msgspec.json.Decoder(Preferred)


class Preferences:
    """Both sides: an operator takes them, an eMSP sends them."""

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
        tariff_for: TariffFor = all_of_them,
    ) -> None:
        self._tariff_for = tariff_for
        self._store = store
        self._directory = directory
        self._exchange = exchange
        self._identity = identity
        self._table = table
        self._host = host
        self._now = now
        self._knobs = knobs or ProfileKnobs()

    def handlers(self) -> Mapping[str, Answering]:
        return {"charging_preferences": self._take}

    async def of(
        self, session_id: str, operator: PartyId | None = None
    ) -> ChargingPreferences | None:
        """What the driver of a session of ours wants, for whoever schedules its charging."""
        for owner in self._identity.parties(Role.CPO):
            if operator is None or owner.same(operator):
                key = RecordKey(PREFERENCES, session_name(owner, session_id))
                record = await self._store.record(key)
                if record is not None:
                    return _PREFERRED.decode(record.document).preferences
        return None

    # --- sending ---

    async def prefer(
        self,
        session_id: str,
        preferences: ChargingPreferences,
        *,
        operator: PartyId | None = None,
    ) -> ChargingPreferencesResponse:
        """Tell the operator what the driver wants; its answer.

        Raises CallerError where the session is unknown or over or the EVSE takes no preferences,
        and the PartnerError family for what happens on the way.
        """
        found = await held_session(self._store, self._directory, session_id, operator)
        if not found.is_ongoing:
            raise CallerError(f"Session {session_id} is not ongoing")
        if not self._identity.holds(found.contract):
            raise CallerError(f"Session {session_id} is not of a driver of ours")
        place = await place_of(self._store, found.session)
        if place.evse is not None and not place.can(Capability.CHARGING_PREFERENCES_CAPABLE):
            raise CallerError("The EVSE of the session takes no charging preferences")
        platform = await self._directory.route_to(found.operator, (Role.CPO,))
        if platform is None:
            raise CallerError(f"There is no partner for {found.operator}")
        row = row_of(self._table, version_of(platform), "charging_preferences")
        reply = await self._exchange.call(
            platform, row, keys={"session_id": found.session.id}, body=encode(preferences),
            routing=Routing(to=found.operator, sender=found.contract),
        )  # fmt: skip
        try:
            return _ANSWER.decode(reply.data or b"null")
        except msgspec.MsgspecError:
            raise Unusable("The answer is no ChargingPreferencesResponse") from None

    # --- taking ---

    async def _take(self, call: Call, caller: Platform) -> Reply:
        found = await self._visible(call, caller)
        wanted = usable(ChargingPreferences, call, caller)
        if not found.is_ongoing:
            raise CallerError("The session is not ongoing")
        place = await place_of(self._store, found.session)
        if not place.can(Capability.CHARGING_PREFERENCES_CAPABLE):
            raise NotFound(
                "The EVSE takes no charging preferences", status_code=StatusCode.INVALID_PARAMETERS
            )
        wanted = structs.replace(wanted, discharge_allowed=bool(wanted.discharge_allowed))
        answer = await self._judge(found, place, wanted)
        if answer is None:
            wish = Wish(
                session_id=found.session.id, partner=caller.id, operator=found.operator,
                preferences=wanted,
            )  # fmt: skip
            answer = await preferred(self._host, wish, self._knobs.prefer)
        if answer is _Response.ACCEPTED:
            await self._keep(found, caller, wanted)
        return Reply(data=msgspec.json.encode(answer.value))

    async def _visible(self, call: Call, caller: Platform) -> Found:
        """NotFound alike for what is absent and what is not of the caller's driver."""
        session_id = call.keys["session_id"]
        found = await own_session(self._store, self._identity, session_id, call.routing.to)
        if found is None or not holds(caller, found.contract, call.routing.sender):
            raise NotFound("No such session")
        return found

    async def _judge(
        self, found: Found, place: Place, wanted: ChargingPreferences
    ) -> ChargingPreferencesResponse | None:
        """What is refused before the host is asked; None if nothing is."""
        if not await self._offers(found, place, wanted.profile_type):
            return _Response.PROFILE_TYPE_NOT_SUPPORTED
        if self._knobs.departure_required and wanted.departure_time is None:
            return _Response.DEPARTURE_REQUIRED
        if self._knobs.energy_need_required and wanted.energy_need is None:
            return _Response.ENERGY_NEED_REQUIRED
        if not is_possible(found, place, wanted, from_micros(self._now())):
            return _Response.NOT_POSSIBLE
        return None

    async def _offers(self, found: Found, place: Place, profile_type: ProfileType) -> bool:
        """Whether the connector has a tariff for it that the driver gets (SES-PREF-09)."""
        wanted = _SUPPORT.get(profile_type)
        if wanted is None:
            return True
        named = (place.connector.tariff_ids if place.connector else None) or ()
        groups = await self._tariff_for(found.operator, found.contract, named)
        for tariff_id in (one for group in groups for one in group):
            key = ObjectKey(TARIFF.kind, found.operator.folded, fold(tariff_id))
            row = await self._store.get(key)
            if row is None or row.deleted:
                continue
            tariff = read(Tariff, row.document).value
            if tariff is not None and tariff.type is wanted:
                return True
        return False

    async def _keep(self, found: Found, caller: Platform, wanted: ChargingPreferences) -> None:
        key = RecordKey(PREFERENCES, found.name)

        def decide(held: Held) -> Decision[None]:
            document = encode(
                Preferred(
                    session_id=found.session.id,
                    operator=found.operator,
                    partner=caller.id,
                    at=from_micros(held.now),
                    preferences=wanted,
                )
            )
            event = EventDraft("session.preferences", f"sessions/{found.name}", document)
            return Decision(None, records=(RecordDraft(key, document),), events=(event,))

        await self._store.apply(Change(decide, records=(key,)))


def is_possible(found: Found, place: Place, wanted: ChargingPreferences, now: datetime) -> bool:
    """Whether the connector could give what is still missing until departure, at full power."""
    if wanted.departure_time is None:
        return True
    hours = Decimal(round((wanted.departure_time - now).total_seconds())) / HOUR
    if hours <= 0:
        return False
    if wanted.energy_need is None or place.connector is None:
        return True
    power = Supply.of(place.connector).most(ChargingRateUnit.W) / KILO
    return wanted.energy_need - found.session.kwh <= power * hours
