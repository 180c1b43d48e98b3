"""Commands that we send, and orders that partners give us."""

from collections.abc import Awaitable
from decimal import Decimal
from typing import Any

import msgspec

from voltroam.operator.acting import acting_party, ledger_page, party_named, viewed
from voltroam.operator.asked import Answers, Asked, Told, Who
from voltroam.operator.faults import invalid, not_found
from voltroam.operator.operation import Page
from voltroam.operator.ports import Ports
from voltroam.operator.rows.live import (
    CANCEL,
    GET_COMMAND,
    GET_ORDER,
    LIST_COMMANDS,
    LIST_ORDERS,
    REPORT_ORDER,
    RESERVE,
    START,
    STOP,
    TAKE_BACK,
    UNLOCK,
    CommandFacts,
    OrderFacts,
    ReserveWanted,
    StartWanted,
)
from voltroam.operator.shelves import Shelves
from voltroam.roaming.commanding import Command, Commands, OrderEntry, Orders
from voltroam.roaming.commanding.checking import Bearer
from voltroam.roaming.host import Outcome
from voltroam.roaming.timed import is_timed
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role

_PLAIN = msgspec.json.Decoder(float_hook=Decimal)
_DRIVER = ("uid", "contract_id", "visual_number", "group_id")


class Commanding:
    """The eMSP's side."""

    def __init__(self, ports: Ports, commands: Commands) -> None:
        self._ports = ports
        self._commands = commands
        self._shelves = Shelves(ports)

    def answers(self) -> Answers:
        return {
            START.name: self._start,
            STOP.name: self._stop,
            RESERVE.name: self._reserve,
            CANCEL.name: self._cancel,
            UNLOCK.name: self._unlock,
            LIST_COMMANDS.name: self._list,
            GET_COMMAND.name: self._get,
        }

    async def _start(self, asked: Asked) -> Told[CommandFacts]:
        body: StartWanted = asked.body
        partner, by = await self._way(asked)
        sent = self._commands.start_session(
            partner, token=_bearer(asked.who, body), location_id=body.location_id,
            evse_uid=body.evse_uid, connector_id=body.connector_id,
            authorization_reference=body.authorization_reference, as_party=by,
            operator=party_named(body.operator),
        )  # fmt: skip
        return await self._sent(asked, sent)

    async def _stop(self, asked: Asked) -> Told[CommandFacts]:
        partner, by = await self._way(asked)
        sent = self._commands.stop_session(
            partner, asked.body.session_id, as_party=by, operator=party_named(asked.body.operator)
        )
        return await self._sent(asked, sent)

    async def _reserve(self, asked: Asked) -> Told[CommandFacts]:
        body: ReserveWanted = asked.body
        partner, by = await self._way(asked)
        sent = self._commands.reserve_now(
            partner, token=_bearer(asked.who, body), location_id=body.location_id,
            expiry_date=body.expiry_date, evse_uid=body.evse_uid,
            reservation_id=body.reservation_id,
            authorization_reference=body.authorization_reference, as_party=by,
            operator=party_named(body.operator),
        )  # fmt: skip
        return await self._sent(asked, sent)

    async def _cancel(self, asked: Asked) -> Told[CommandFacts]:
        partner, by = await self._way(asked)
        sent = self._commands.cancel_reservation(
            partner, asked.body.reservation_id, as_party=by,
            operator=party_named(asked.body.operator),
        )  # fmt: skip
        return await self._sent(asked, sent)

    async def _unlock(self, asked: Asked) -> Told[CommandFacts]:
        body = asked.body
        partner, by = await self._way(asked)
        sent = self._commands.unlock_connector(
            partner, location_id=body.location_id, evse_uid=body.evse_uid,
            connector_id=body.connector_id, desk=body.desk, as_party=by,
            operator=party_named(body.operator),
        )  # fmt: skip
        return await self._sent(asked, sent)

    async def _list(self, asked: Asked) -> Page[CommandFacts]:
        return await ledger_page(
            asked, self._commands.newest, _shown, lambda one: _sees(asked.who, one)
        )

    async def _get(self, asked: Asked) -> CommandFacts:
        id_ = asked.ids["command_id"]
        held = await self._commands.get(id_) if is_timed(id_) else None
        if held is None or not _sees(asked.who, held):
            raise not_found("command with that id")
        if asked.query.wait and not held.is_settled:
            held = await self._commands.await_result(id_, asked.query.wait)
        return _shown(held)

    async def _way(self, asked: Asked) -> tuple[str, PartyId | None]:
        """Name of the partner, and in whose name of ours it is asked."""
        platform = await self._shelves.partner_named(asked.who, asked.body.partner)
        by = acting_party(
            asked.who, self._ports.identity, asked.body.as_party, Role.EMSP, Role.HUB, Role.SCSP
        )
        return platform.name, by

    async def _sent(self, asked: Asked, sending: Awaitable[Command]) -> Told[CommandFacts]:
        command = await sending
        if asked.query.wait and not command.is_settled:
            command = await self._commands.await_result(command.id, asked.query.wait)
        return Told(_shown(command), target=f"/commands/{command.id}")


class Ordered:
    """The CPO's side."""

    def __init__(self, ports: Ports, orders: Orders) -> None:
        self._ports = ports
        self._orders = orders

    def answers(self) -> Answers:
        return {
            LIST_ORDERS.name: self._list,
            GET_ORDER.name: self._get,
            REPORT_ORDER.name: self._report,
            TAKE_BACK.name: self._take_back,
        }

    async def _list(self, asked: Asked) -> Page[OrderFacts]:
        return await ledger_page(
            asked,
            self._orders.newest,
            lambda one: self._shown(asked.who, one),
            lambda one: asked.who.may(one.operator, one.asked_by),
        )

    async def _get(self, asked: Asked) -> OrderFacts:
        return self._shown(asked.who, await self._held(asked))

    async def _report(self, asked: Asked) -> OrderFacts:
        held = await self._held(asked)
        outcome = Outcome(result=asked.body.result, message=asked.body.message)
        return self._shown(asked.who, await self._orders.report(held.id, outcome))

    async def _take_back(self, asked: Asked) -> None:
        held = await self._held(asked)
        await self._orders.cancel_reservation(held.id, asked.body.message)

    async def _held(self, asked: Asked) -> OrderEntry:
        id_ = asked.ids["order_id"]
        held = await self._orders.get(id_) if is_timed(id_) else None
        if held is None or not asked.who.may(held.operator, held.asked_by):
            raise not_found("order with that id")
        return held

    def _shown(self, who: Who, entry: OrderEntry) -> OrderFacts:
        body: dict[str, Any] = _PLAIN.decode(entry.body)
        body.pop("response_url", None)
        token = body.get("token")
        if isinstance(token, dict) and not who.sees_drivers:
            for name in _DRIVER:
                if isinstance(token.get(name), str):
                    token[name] = self._ports.fingerprint(token[name])
        return viewed(OrderFacts, entry, body=body, state=entry.state.value)


def _bearer(who: Who, body: StartWanted | ReserveWanted) -> Bearer:
    if (body.token is None) == (body.token_uid is None):
        raise invalid("$.token_uid, $.token: one of them is needed")
    if body.token is None:
        return body.token_uid or "", body.token_type
    if not who.may(PartyId(body.token.country_code, body.token.party_id)):
        raise not_found("party of ours that the token is of")
    return body.token


def _sees(who: Who, command: Command) -> bool:
    return who.may(command.as_party, command.operator)


def _shown(command: Command) -> CommandFacts:
    return viewed(
        CommandFacts, command, state=command.state.value, settled=command.is_settled,
        succeeded=command.succeeded,
    )  # fmt: skip
