"""What a command of a partner is about, and whether we can pass it on at all.

The token is not judged: the eMSP did that (OCPI 2.2.1 §mod_commands, StartSession). Only whose it
is matters, for who is named in it will pay.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from voltroam.roaming.audience import sees
from voltroam.roaming.callbacks import check_response_url
from voltroam.roaming.commanding.order import BODIES, ORDER, OrderEntry
from voltroam.roaming.commanding.places import (
    NEEDED,
    EvseView,
    LocationView,
    find_location,
    find_session,
)
from voltroam.roaming.commanding.reservation import (
    RESERVATION,
    Reservation,
    ReservationState,
    reservation_key,
)
from voltroam.roaming.host import AnyCommand
from voltroam.roaming.platforms import Identity, Platform
from voltroam.standard.endpoints import COMMANDS, LOCATION, SESSION
from voltroam.standard.errors import CallerError, InvalidBody
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.status import StatusCode
from voltroam.standard.v2_2_1 import (
    CancelReservation,
    Capability,
    CommandResponseType,
    CommandType,
    ReserveNow,
    Role,
    SessionStatus,
    StartSession,
    StopSession,
    Token,
    UnlockConnector,
)
from voltroam.store.interface import RecordKey, Store
from voltroam.wire.call import Call
from voltroam.wire.decode import Reading, read
from voltroam.wire.times import to_micros

_RESERVATION = msgspec.json.Decoder(Reservation)
_ORDER = msgspec.json.Decoder(OrderEntry)
OPTIONAL = frozenset({Capability.RESERVABLE, Capability.UNLOCK_CAPABLE})
"""What few EVSEs can, and those say so: one that lists nothing cannot. That a session can be
started from afar goes without saying for many operators: there the host decides."""


class Turn(Exception):
    """A command that is not passed on, with the answer that it gets."""

    def __init__(
        self, result: CommandResponseType, message: str, code: int = StatusCode.SUCCESS
    ) -> None:
        super().__init__(message)
        self.result = result
        self.message = message
        self.code = code

    @property
    def says_more(self) -> bool:
        """More than a plain no: it is given also where no command could be carried out."""
        return self.result is not CommandResponseType.REJECTED or self.code != StatusCode.SUCCESS


@dataclass(frozen=True, slots=True)
class Subject:
    """What a command is about."""

    operator: PartyId
    location_id: str | None = None
    evse_uid: str | None = None
    connector_id: str | None = None
    session_id: str | None = None
    reservation: str | None = None
    """Record id."""
    charger_reservation: int | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, through whom, and which of our operators may be meant."""

    caller: Platform
    party: PartyId
    operators: Sequence[PartyId]

    @property
    def behind(self) -> tuple[PartyId, ...]:
        return (self.party,) if self.caller.is_hub else ()


def read_body(call: Call, caller: Platform) -> AnyCommand:
    """The command in the body; InvalidBody for no JSON, 2001 with the path of what is wrong."""
    if call.body is None:
        raise InvalidBody("A JSON body is needed")
    shape = BODIES[CommandType(call.endpoint.path)]
    reading: Reading[AnyCommand] = read(shape, call.body)
    if reading.value is None or not reading.usable(caller.profile.strict):
        raise CallerError(reading.message)
    body = reading.value
    if isinstance(body, StartSession) and body.connector_id is not None and body.evse_uid is None:
        raise CallerError("$.evse_uid: needed when connector_id is set")
    check_response_url(caller, body.response_url)
    return body


def asking_party(call: Call, caller: Platform, body: AnyCommand) -> PartyId:
    """Who asks: the header says so, else the token's owner, else the platform's first eMSP."""
    if call.routing.sender is not None:
        return call.routing.sender
    token = getattr(body, "token", None)
    if isinstance(token, Token) and caller.holds(_owner(token)):
        return _owner(token)
    parties = caller.parties(*COMMANDS.sender_roles - {Role.HUB}) or caller.parties()
    if not parties:
        raise CallerError("ocpi-from-party-id: needed to know who asks")
    return parties[0]


class Examining:
    """Looks at our own locations, sessions and reservations. Raises Turn for what cannot be."""

    def __init__(self, store: Store, identity: Identity) -> None:
        self._store = store
        self._identity = identity

    def operators(self, call: Call) -> Sequence[PartyId]:
        """Whom it may be for. CallerError if we are no operator."""
        to = call.routing.to
        found = [
            party
            for party in self._identity.parties(Role.CPO)
            if to is None or party.same(to)
        ]  # fmt: skip
        if not found:
            raise CallerError("ocpi-to-party-id: not an operator of ours")
        return found

    async def examine(
        self, call: Call, caller: Platform, body: AnyCommand, asked_by: PartyId, now: int
    ) -> Subject:
        """What it is about."""
        asking = Asking(caller, asked_by, self.operators(call))
        match body:
            case StartSession():
                _check_owner(body.token, caller, asked_by)
                location, evse = await self._place(asking, body.location_id, body.evse_uid,
                    body.connector_id,
                )  # fmt: skip
                _check_able(CommandType.START_SESSION, location, evse)
                needs = Capability.START_SESSION_CONNECTOR_REQUIRED
                if evse is not None and evse.lists(needs) and body.connector_id is None:
                    raise CallerError("$.connector_id: needed for this EVSE")
                return await self._start(asking, body, location)
            case ReserveNow():
                _check_owner(body.token, caller, asked_by)
                location, evse = await self._place(asking, body.location_id, body.evse_uid)
                _check_able(CommandType.RESERVE_NOW, location, evse)
                if to_micros(body.expiry_date) <= now:
                    raise Turn(CommandResponseType.REJECTED, "expiry_date has passed")
                await self._check_replaced(asking, body)
                return Subject(
                    location.owner, location.id, body.evse_uid,
                    reservation=reservation_key(caller.id, asked_by, body.reservation_id),
                )  # fmt: skip
            case UnlockConnector():
                location, evse = await self._place(asking, body.location_id, body.evse_uid,
                    body.connector_id,
                )  # fmt: skip
                _check_able(CommandType.UNLOCK_CONNECTOR, location, evse)
                return Subject(location.owner, location.id, body.evse_uid, body.connector_id)
            case StopSession():
                return await self._session(asking, body.session_id)
            case CancelReservation():
                return await self._reservation(asking, body.reservation_id)

    async def _place(
        self,
        asking: Asking,
        location_id: str,
        evse_uid: str | None,
        connector_id: str | None = None,
    ) -> tuple[LocationView, EvseView | None]:
        """A location that the caller may not see is as unknown as one that there is not."""
        found = await find_location(self._store, asking.operators, location_id)
        if found is None or not sees(
            asking.caller, self._identity, LOCATION, found[0].audience, asking.behind
        ):
            raise _unknown("The location is not known")
        location = found[1]
        if evse_uid is None:
            return location, None
        evse = location.evse(evse_uid)
        if evse is None:
            raise _unknown("The EVSE is not known at this location")
        if connector_id is not None and not evse.has_connector(connector_id):
            raise _unknown("The connector is not known at this EVSE")
        return location, evse

    async def _check_replaced(self, asking: Asking, body: ReserveNow) -> None:
        """What replaces a reservation is for the same driver: it has a session by now."""
        key = reservation_key(asking.caller.id, asking.party, body.reservation_id)
        record = await self._store.record(RecordKey(RESERVATION, key))
        held = None if record is None else _RESERVATION.decode(record.document)
        if held is None or not held.is_living:
            return
        made_by = await self._store.record(RecordKey(ORDER, held.order_id))
        earlier = None if made_by is None else _ORDER.decode(made_by.document).order().body
        if isinstance(earlier, ReserveNow) and not _same(earlier.token, body.token):
            raise Turn(CommandResponseType.REJECTED, "The reservation is another token's")

    async def _start(self, asking: Asking, body: StartSession, location: LocationView) -> Subject:
        """A start with the token of a reservation at that location goes on with its session."""
        plain = Subject(location.owner, location.id, body.evse_uid, body.connector_id)
        for record in await self._store.records(RESERVATION, parent=asking.caller.id):
            held = _RESERVATION.decode(record.document)
            if (
                held.state is not ReservationState.LIVE
                or not held.party.same(asking.party)
                or fold(held.location_id) != fold(location.id)
            ):
                continue
            made_by = await self._store.record(RecordKey(ORDER, held.order_id))
            if made_by is None:
                continue
            reserved = _ORDER.decode(made_by.document).order().body
            if not isinstance(reserved, ReserveNow) or not _same(reserved.token, body.token):
                continue
            if None not in (reserved.evse_uid, body.evse_uid) and fold(
                reserved.evse_uid or ""
            ) != fold(body.evse_uid or ""):
                continue
            if await self._is_used(location.owner, held):
                continue
            return Subject(
                location.owner, location.id, body.evse_uid, body.connector_id, held.session_id,
                held.id, held.charger_reservation,
            )  # fmt: skip
        return plain

    async def _is_used(self, operator: PartyId, held: Reservation) -> bool:
        """Whether its driver has come, also where no host said so: another start is a new one."""
        found = await find_session(self._store, [operator], held.session_id or "")
        return found is not None and found[1].status != SessionStatus.RESERVATION

    async def _session(
        self,
        asking: Asking,
        session_id: str,
    ) -> Subject:
        found = await find_session(self._store, asking.operators, session_id)
        if found is None:
            raise Turn(CommandResponseType.UNKNOWN_SESSION, "The session is not known")
        row, session = found
        if not sees(asking.caller, self._identity, SESSION, row.audience, asking.behind):
            raise Turn(CommandResponseType.REJECTED, "The session is not one of your drivers'")
        if session.is_over:
            raise Turn(CommandResponseType.REJECTED, "The session is over")
        place = await find_location(self._store, [session.owner], session.location_id)
        if place is not None:
            _check_able(CommandType.STOP_SESSION, place[1], place[1].evse(session.evse_uid))
        return Subject(session.owner, session.location_id, session.evse_uid, session_id=session.id)

    async def _reservation(
        self,
        asking: Asking,
        reservation_id: str,
    ) -> Subject:
        """By the same eMSP only: its key names who made it (CMD-CAN-01)."""
        key = reservation_key(asking.caller.id, asking.party, reservation_id)
        record = await self._store.record(RecordKey(RESERVATION, key))
        held = None if record is None else _RESERVATION.decode(record.document)
        if held is None or not held.is_living:
            raise Turn(CommandResponseType.REJECTED, "The reservation is not known")
        made_by = await self._store.record(RecordKey(ORDER, held.order_id))
        owner = asking.operators[0] if made_by is None else _ORDER.decode(made_by.document).operator
        if not any(party.same(owner) for party in asking.operators):
            raise Turn(CommandResponseType.REJECTED, "The reservation is not known")
        return Subject(
            owner, held.location_id, session_id=held.session_id, reservation=held.id,
            charger_reservation=held.charger_reservation,
        )  # fmt: skip


def _check_owner(token: Token, caller: Platform, asked_by: PartyId) -> None:
    """Tokens of other eMSPs are not allowed: they would pay (OCPI 2.2.1 §mod_commands)."""
    owner = _owner(token)
    if not (owner.same(asked_by) or caller.holds(owner)):
        raise Turn(CommandResponseType.REJECTED, "The token is another eMSP's")


def _check_able(command: CommandType, location: LocationView, evse: EvseView | None) -> None:
    """NOT_SUPPORTED if the EVSE, or each one where none is named, cannot (CMD-LOC-04)."""
    capability = NEEDED[command]
    evses = location.standing if evse is None else [evse]

    def able(one: EvseView) -> bool:
        unsaid = not one.capabilities and capability not in OPTIONAL
        return unsaid or one.lists(capability)

    if evses and not any(map(able, evses)):
        raise Turn(CommandResponseType.NOT_SUPPORTED, f"The EVSE is not {capability.value}")


def _unknown(message: str) -> Turn:
    return Turn(CommandResponseType.REJECTED, message, StatusCode.UNKNOWN_LOCATION)


def _owner(token: Token) -> PartyId:
    return PartyId(token.country_code, token.party_id)


def _same(one: Token, other: Token) -> bool:
    return (
        fold(one.uid) == fold(other.uid)
        and one.type is other.type
        and _owner(one).same(_owner(other))
    )
