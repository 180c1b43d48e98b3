"""Sending commands: written down, sent once, and awaited (OCPI 2.2.1 §mod_commands)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from uuid import uuid4

from msgspec import structs

from voltroam.roaming.callbacks import response_url, row_of
from voltroam.roaming.commanding.certainty import is_certain
from voltroam.roaming.commanding.checking import Bearer, Checking, Way, owner_of
from voltroam.roaming.commanding.command import (
    SECOND,
    Command,
    CommandState,
    Conflict,
    Gone,
    answered,
    doubted,
    refused,
    resulted,
)
from voltroam.roaming.commanding.following import Following
from voltroam.roaming.commanding.knobs import CommandKnobs
from voltroam.roaming.commanding.ledger import UNKNOWN, CommandLedger
from voltroam.roaming.commanding.places import NEEDED
from voltroam.roaming.commanding.texts import kept
from voltroam.roaming.directory import Directory
from voltroam.roaming.exchange import Exchange, version_of
from voltroam.roaming.host import AnyCommand
from voltroam.roaming.platforms import Identity, Platform
from voltroam.roaming.serving import Answering
from voltroam.roaming.timed import is_timed, timed_id
from voltroam.standard.endpoints import Interface, Table
from voltroam.standard.errors import (
    CallerError,
    InvalidBody,
    NotFound,
    PartnerError,
    Refused,
)
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import (
    CancelReservation,
    CommandResponse,
    CommandResult,
    CommandType,
    ReserveNow,
    StartSession,
    StopSession,
    UnlockConnector,
)
from voltroam.store.interface import (
    Store,
)
from voltroam.wire.call import Call, Reply, Routing
from voltroam.wire.decode import Reading, read
from voltroam.wire.encode import encode
from voltroam.wire.routes import Router
from voltroam.wire.times import from_micros, to_micros

SENDING_LIMIT = 60
"""Seconds beyond the partner's time for a request, after which its sender is taken for dead."""


class Commands:
    """The side that commands, an eMSP's. Nothing is ever sent twice.

    What is refused here raises CallerError and leaves no trace; from there on the `Command` that
    is returned tells what happened, also when the partner could not be reached.
    """

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
        knobs: CommandKnobs | None = None,
    ) -> None:
        self._exchange = exchange
        self._router = router
        self._table = table
        self._now = now
        self._knobs = knobs or CommandKnobs()
        self._checking = Checking(store, directory, identity)
        self._ledger = CommandLedger(store, now, self._knobs.wait)
        self._following = Following(store, self._ledger, now)

    def handlers(self) -> Mapping[str, Answering]:
        return {"command_result": self._result}

    # --- sending ---

    async def start_session(
        self,
        partner: str,
        *,
        token: Bearer,
        location_id: str,
        evse_uid: str | None = None,
        connector_id: str | None = None,
        authorization_reference: str | None = None,
        as_party: PartyId | None = None,
        operator: PartyId | None = None,
    ) -> Command:
        """Start charging. `token`: uid and type of one of ours, or a whole one not kept here.

        Raises CallerError: not our token or not valid, no such partner, a connector that lacks or
        must not be named, an EVSE that says it cannot.
        """
        if connector_id is not None and evse_uid is None:
            raise CallerError("connector_id needs evse_uid")
        whole = await self._checking.token(token, as_party)
        way = await self._checking.way(
            partner, operator, location_id=location_id, evse_uid=evse_uid,
            as_party=owner_of(whole),
        )  # fmt: skip
        way.check(NEEDED[CommandType.START_SESSION], evse_uid)
        way.check_connector(evse_uid, connector_id)

        def body(url: str) -> AnyCommand:
            return StartSession(
                response_url=url, token=whole, location_id=location_id, evse_uid=evse_uid,
                connector_id=connector_id, authorization_reference=authorization_reference,
            )  # fmt: skip

        return await self._send(
            CommandType.START_SESSION, way, body, location_id=location_id, evse_uid=evse_uid,
            connector_id=connector_id, authorization_reference=authorization_reference,
        )  # fmt: skip

    async def stop_session(
        self,
        partner: str,
        session_id: str,
        *,
        as_party: PartyId | None = None,
        operator: PartyId | None = None,
    ) -> Command:
        """Stop a session, one that we know or not."""
        way = await self._checking.way_of_session(partner, operator, session_id, as_party)

        def body(url: str) -> AnyCommand:
            return StopSession(response_url=url, session_id=session_id)

        return await self._send(CommandType.STOP_SESSION, way, body, session_id=session_id)

    async def reserve_now(
        self,
        partner: str,
        *,
        token: Bearer,
        location_id: str,
        expiry_date: datetime,
        evse_uid: str | None = None,
        reservation_id: str | None = None,
        authorization_reference: str | None = None,
        as_party: PartyId | None = None,
        operator: PartyId | None = None,
    ) -> Command:
        """Keep an EVSE free until `expiry_date`. With the id of an earlier reservation at the same
        location it replaces that one; an id that is new is taken, without one it is made."""
        if to_micros(expiry_date) <= self._now():
            raise CallerError("expiry_date has passed")
        whole = await self._checking.token(token, as_party)
        way = await self._checking.way(
            partner, operator, location_id=location_id, evse_uid=evse_uid,
            as_party=owner_of(whole),
        )  # fmt: skip
        way.check(NEEDED[CommandType.RESERVE_NOW], evse_uid)
        named = reservation_id or str(uuid4())

        def body(url: str) -> AnyCommand:
            return ReserveNow(
                response_url=url, token=whole, expiry_date=expiry_date, reservation_id=named,
                location_id=location_id, evse_uid=evse_uid,
                authorization_reference=authorization_reference,
            )  # fmt: skip

        return await self._send(
            CommandType.RESERVE_NOW, way, body, location_id=location_id, evse_uid=evse_uid,
            reservation_id=named, expiry_date=expiry_date,
            authorization_reference=authorization_reference,
        )  # fmt: skip

    async def cancel_reservation(
        self,
        partner: str,
        reservation_id: str,
        *,
        as_party: PartyId | None = None,
        operator: PartyId | None = None,
    ) -> Command:
        """Give up a reservation; it goes the way that the reservation went."""
        earlier = await self._ledger.reserved(
            (await self._checking.platform(partner)).id, reservation_id
        )
        if earlier is not None:
            as_party, operator = as_party or earlier.as_party, operator or earlier.operator
        way = await self._checking.way(partner, operator, as_party=as_party)

        def body(url: str) -> AnyCommand:
            return CancelReservation(response_url=url, reservation_id=reservation_id)

        return await self._send(
            CommandType.CANCEL_RESERVATION, way, body, reservation_id=reservation_id,
            location_id=earlier.location_id if earlier else None,
        )  # fmt: skip

    async def unlock_connector(
        self,
        partner: str,
        *,
        location_id: str,
        evse_uid: str,
        desk: str,
        connector_id: str | None = None,
        as_party: PartyId | None = None,
        operator: PartyId | None = None,
    ) -> Command:
        """Unlock a connector that is stuck. For help desks only, never for a driver's own button:
        `desk` says who there asks, and is kept (OCPI 2.2.1 §mod_commands, CommandType). Without
        `connector_id` it is the EVSE's only one."""
        if not desk.strip():
            raise CallerError("UNLOCK_CONNECTOR needs the name of who at the help desk asks")
        way = await self._checking.way(
            partner, operator, location_id=location_id, evse_uid=evse_uid, as_party=as_party
        )
        way.check(NEEDED[CommandType.UNLOCK_CONNECTOR], evse_uid)
        connector = way.connector(evse_uid, connector_id)

        def body(url: str) -> AnyCommand:
            return UnlockConnector(
                response_url=url, location_id=location_id, evse_uid=evse_uid,
                connector_id=connector,
            )  # fmt: skip

        return await self._send(
            CommandType.UNLOCK_CONNECTOR, way, body, location_id=location_id, evse_uid=evse_uid,
            connector_id=connector, desk=desk,
        )  # fmt: skip

    # --- looking ---

    async def get(self, command_id: str) -> Command | None:
        return await self._ledger.get(command_id)

    async def newest(self, limit: int, before: str | None = None) -> list[Command]:
        """The newest first; `before` is the id of the last one seen."""
        return await self._ledger.newest(limit, before)

    async def await_result(self, command_id: str, timeout: float | None = None) -> Command:
        """The command once it is settled, whichever process its result reached; as it stands after
        `timeout` seconds. NotFound if there is none."""
        return await self._ledger.settled(command_id, timeout)

    async def look(self) -> None:
        """Settle what time has settled. Any number of processes may."""
        await self._ledger.look()
        await self._following.look()

    # --- how it goes on ---

    async def _send(
        self,
        kind: CommandType,
        way: Way,
        body: Callable[[str], AnyCommand],
        **about: object,
    ) -> Command:
        """The row is committed before the bytes leave; the URL is this command's alone."""
        platform = way.platform
        version = version_of(platform)
        endpoint = row_of(self._table, version, "command", kind.value)
        if platform.endpoint(endpoint.module.name, Interface.RECEIVER) is None:
            raise CallerError(f"{platform.name} takes no commands")
        now = self._now()
        id_ = timed_id(now)
        taking = row_of(self._table, version, "command_result")
        url = response_url(self._router, version, taking, command=kind.value, uid=id_)
        asked = body(url)
        document = encode(asked)
        _refuse_unsendable(type(asked), document)
        limit = round((platform.profile.timeout + SENDING_LIMIT) * SECOND)
        command = Command(
            id=id_, command=kind, partner=platform.name, platform=platform.id,
            state=CommandState.SENDING, sent_at=from_micros(now), as_party=way.as_party,
            operator=way.operator, wait_until=from_micros(now + limit),
        )  # fmt: skip
        command = structs.replace(command, **about)
        await self._ledger.open(command)
        if isinstance(asked, StartSession):
            await self._following.begin(command, asked)
        routing = Routing(to=way.operator, sender=way.as_party)
        try:
            reply = await self._exchange.call(platform, endpoint, body=document, routing=routing)
        except PartnerError as fault:
            return await self._ledger.move(
                id_, partial(_failed, fault=fault, wait=self._knobs.wait)
            )
        return await self._ledger.move(id_, partial(self._answered, reply=reply))

    def _answered(self, command: Command, now: int, *, reply: Reply) -> Command:
        try:
            reading: Reading[CommandResponse] = read(CommandResponse, reply.data or b"null")
        except InvalidBody:
            reading = Reading(None)
        if reading.value is None:
            return doubted(command, now, self._knobs.wait, "the answer is no CommandResponse")
        response = structs.replace(reading.value, message=kept(reading.value.message))
        return answered(command, response, now, self._knobs.longest_wait)

    async def _result(self, call: Call, caller: Platform) -> Reply:
        """Only who got the command may tell its result; nobody else learns that it exists."""
        id_ = call.keys["uid"]
        held = await self.get(id_) if is_timed(id_) else None
        if held is None or held.platform != caller.id or held.command != call.keys["command"]:
            raise NotFound(UNKNOWN)
        if call.body is None:
            raise InvalidBody("A JSON body is needed")
        reading: Reading[CommandResult] = read(CommandResult, call.body)
        if reading.value is None or not reading.usable(caller.profile.strict):
            raise CallerError(reading.message)
        result = structs.replace(reading.value, message=kept(reading.value.message))
        try:
            await self._ledger.move(id_, partial(_resulted, result=result))
        except Conflict:
            raise CallerError("$.result: another result was given before") from None
        except Gone:
            raise NotFound(UNKNOWN) from None
        return Reply()


def _failed(command: Command, now: int, *, fault: PartnerError, wait: int) -> Command:
    """Certain only where the partner says so, or where no byte can have left."""
    code = fault.code if isinstance(fault, Refused) else None
    if is_certain(fault):
        return refused(command, now, fault.message, code)
    return doubted(command, now, wait, fault.message)


def _resulted(command: Command, now: int, *, result: CommandResult) -> Command:
    return resulted(command, result, now)


def _refuse_unsendable(shape: type[AnyCommand], document: bytes) -> None:
    """What we send obeys the standard: ids that are too long or empty are refused here."""
    reading: Reading[AnyCommand] = read(shape, document)
    if not reading.usable(strict=True):
        raise CallerError(reading.message)
