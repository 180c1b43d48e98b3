"""Terminals: the provider owns them, the operator says for which chargers each works.

Neither path nor body of a terminal names the provider: on the provider's side it is the party of
ours that has it, on the operator's the partner that gave it (OCPI 2.3.0 §mod_payments).
Record kind: `terminal_off`, one for each terminal of ours that was deactivated.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from uuid import uuid4

import msgspec

from voltroam.roaming.accept import accept
from voltroam.roaming.callbacks import row_of
from voltroam.roaming.directory import Directory
from voltroam.roaming.exchange import Exchange, version_of
from voltroam.roaming.keys import object_key
from voltroam.roaming.paying.payment import TerminalState, state_of
from voltroam.roaming.platforms import Identity, Platform
from voltroam.roaming.serving import Answering
from voltroam.standard.endpoints import LOCATION, Behaviour, Endpoint, Interface, Table
from voltroam.standard.errors import CallerError, InvalidBody, NotFound, UnknownPlace
from voltroam.standard.packages import TERMINAL
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.v2_3_0.payments import InvoiceCreator, Terminal
from voltroam.standard.versions import V2_3_0, Version
from voltroam.store.interface import (
    HELD,
    Change,
    Decision,
    Held,
    ObjectRow,
    RecordDraft,
    RecordKey,
    Store,
)
from voltroam.wire.call import Call, Reply, Routing
from voltroam.wire.decode import Reading, read
from voltroam.wire.encode import encode
from voltroam.wire.times import format_datetime, from_micros

OFF = "terminal_off"
PLACES = ("location_ids", "evse_uids")
_TERMINAL = msgspec.json.Decoder(Terminal)
_MEMBERS = msgspec.json.Decoder(dict[str, Any])


class Terminals:
    """Both sides. Raises CallerError, NotFound, and for calls the PartnerError family."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        exchange: Exchange,
        *,
        identity: Identity,
        table: Table,
        now: Callable[[], int],
    ) -> None:
        self._store = store
        self._directory = directory
        self._exchange = exchange
        self._identity = identity
        self._table = table
        self._now = now

    def handlers(self) -> Mapping[str, Answering]:
        return {
            "terminal_put": self._put,
            "terminal_patch": self._patch,
            "terminal_activate": self._activate,
            "terminal_deactivate": self._deactivate,
        }

    # -- the provider -----------------------------------------------------------------------------

    async def create(self, terminal: Mapping[str, Any], provider: PartyId, to: PartyId) -> Terminal:
        """A terminal of ours, for that operator, who gets it by POST; again it is replaced."""
        members = {"terminal_id": str(uuid4())} | dict(terminal)
        return await self._write(provider, members, to)

    async def _put(self, call: Call, caller: Platform) -> Reply:
        """The operator's own data. A partial document, as in the sample, changes what it names
        unless the partner is held to the standard (RPAY-006)."""
        members = _members(call)
        if caller.profile.strict:
            _check(members, strict=True)
        return await self._changed(call, caller, members)

    async def _patch(self, call: Call, caller: Platform) -> Reply:
        """Assignment of places; without last_updated, as in the sample, it is now (RPAY-005)."""
        return await self._changed(call, caller, _members(call))

    async def _changed(self, call: Call, caller: Platform, members: dict[str, Any]) -> Reply:
        owner, row = await self._ours(call, caller)
        named = members.pop("terminal_id", None)
        held = _MEMBERS.decode(row.document)
        if named is not None and fold(str(named)) != row.key.id:
            raise CallerError("$.terminal_id: differs from the URL")
        members.pop("last_updated", None)
        await self._check_places(caller, members)
        await self._write(owner, held | members, None)
        if any(members.get(name) for name in PLACES):
            await self._mark(row, off=False)
        return Reply()

    async def _activate(self, call: Call, caller: Platform) -> Reply:
        """The terminal is set up at once and comes to the operator by POST (RPAY-007, RPAY-008)."""
        members = _members(call)
        if "last_updated" not in members:
            raise CallerError("$.last_updated: missing")
        await self._check_places(caller, members)
        owner = self._provider(call.routing.to)
        to = call.routing.sender or next(iter(caller.parties(Role.CPO)), None)
        if to is None:
            raise CallerError("Only an operator activates a terminal")
        terminal_id = str(members.get("terminal_id") or uuid4())
        held = await self._store.get(object_key(TERMINAL, owner, {"terminal_id": terminal_id}))
        if held is not None and not held.audience.endswith(f">{to.folded}"):
            raise CallerError("$.terminal_id: there is a terminal of that id")
        await self.create(members | {"terminal_id": terminal_id}, owner, to)
        if held is not None:
            await self._mark(held, off=False)
        return Reply()

    async def _deactivate(self, call: Call, caller: Platform) -> Reply:
        """It works nowhere any more (RPAY-009)."""
        owner, row = await self._ours(call, caller)
        held = _MEMBERS.decode(row.document)
        await self._mark(row, off=True)
        await self._write(owner, held | {name: [] for name in PLACES if held.get(name)}, None)
        return Reply()

    async def _ours(self, call: Call, caller: Platform) -> tuple[PartyId, ObjectRow]:
        """The terminal of the path, if the caller is the operator that it is for."""
        for owner in self._identity.parties(Role.PTP):
            key = object_key(TERMINAL, owner, {"terminal_id": call.keys["terminal_id"]})
            row = await self._store.get(key)
            if row is None or row.deleted:
                continue
            if any(row.audience.endswith(f">{one.folded}") for one in caller.parties(Role.CPO)):
                return owner, row
        raise NotFound("No such terminal")

    def _provider(self, named: PartyId | None) -> PartyId:
        for party in self._identity.parties(Role.PTP):
            if named is None or party.same(named):
                return party
        raise NotFound("No such provider")

    async def _check_places(self, caller: Platform, members: Mapping[str, Any]) -> None:
        """Locations of the operator that we do not hold are refused; where we hold none of its
        locations there is nothing to check by (RPAY-015)."""
        wanted = [fold(str(one)) for one in members.get("location_ids") or ()]
        evses = [fold(str(one)) for one in members.get("evse_uids") or ()]
        if not wanted and not evses:
            return
        ids: set[str] = set()
        uids: set[str] = set()
        for owner in caller.parties(Role.CPO):
            async for row in self._store.scan(LOCATION.kind, owner=owner.folded):
                ids.add(row.key.id)
                if evses:
                    location = _MEMBERS.decode(row.document)
                    uids |= {fold(str(one.get("uid"))) for one in location.get("evses") or ()}
        if ids and not (set(wanted) <= ids and set(evses) <= uids):
            raise UnknownPlace("$.location_ids, $.evse_uids: not a place of yours that we know")

    async def _write(self, owner: PartyId, members: dict[str, Any], to: PartyId | None) -> Terminal:
        moment = from_micros(self._now() // 1000 * 1000)
        plain = members | {"last_updated": format_datetime(moment)}
        document = _check(plain, strict=False)
        change = accept(
            TERMINAL, document, version=V2_3_0, source=None, identity=self._identity, strict=False,
            owner=owner, ids={"terminal_id": str(plain["terminal_id"])}, to=to,
        )  # fmt: skip
        return _TERMINAL.decode((await self._store.apply(change)).document)

    async def _mark(self, row: ObjectRow, *, off: bool) -> None:
        draft = RecordDraft(_off_key(row), b"true" if off else None)

        def decide(_held: Held) -> Decision[None]:
            return Decision(None, records=(draft,))

        await self._store.apply(Change(decide))

    # -- the operator -----------------------------------------------------------------------------

    async def assign(
        self, terminal_id: str, location_ids: list[str] | None, evse_uids: list[str] | None
    ) -> Terminal:
        """Let a terminal work for these places; what is None stays as it is (RPAY-004)."""
        body: dict[str, Any] = {"last_updated": self._text()}
        body |= {} if location_ids is None else {"location_ids": location_ids}
        body |= {} if evse_uids is None else {"evse_uids": evse_uids}
        platform, owner, row = await self._theirs(terminal_id)
        await self._call(platform, owner, "terminal_patch", terminal_id, body)
        return await self._again(platform, owner, row)

    async def update(self, terminal_id: str, changes: Mapping[str, Any]) -> Terminal:
        """Our own data of a terminal, such as `customer_reference` and `invoice_base_url`."""
        platform, owner, row = await self._theirs(terminal_id)
        body = _MEMBERS.decode(row.document) | dict(changes) | {"last_updated": self._text()}
        _check(body, strict=True)
        await self._call(platform, owner, "terminal_put", terminal_id, body)
        return await self._again(platform, owner, row)

    async def activate(self, partner: str, terminal: Mapping[str, Any]) -> None:
        """Have a terminal set up by its `reference`; the provider sends it by POST."""
        platform = await self._directory.by_name(partner)
        if platform is None or not platform.parties(Role.PTP):
            raise CallerError(f"{partner} is no payment terminal provider")
        owner = platform.parties(Role.PTP)[0]
        body = dict(terminal) | {"last_updated": self._text()}
        await self._call(platform, owner, "terminal_activate", None, body)

    async def deactivate(self, terminal_id: str) -> Terminal:
        platform, owner, row = await self._theirs(terminal_id)
        await self._call(platform, owner, "terminal_deactivate", terminal_id, None)
        return await self._again(platform, owner, row)

    def rows(self, after: int = 0) -> AsyncIterator[ObjectRow]:
        """Ours and those of providers, in the order of creation, from a place in it on."""
        return self._store.scan(TERMINAL.kind, after=after)

    async def state(self, row: ObjectRow) -> TerminalState:
        off = await self._store.record(_off_key(row)) is not None
        return state_of(_TERMINAL.decode(row.document), deactivated=off)

    async def all(self) -> list[tuple[ObjectRow, Terminal, TerminalState]]:
        """All at once: for those who know that there are few."""
        return [
            (row, _TERMINAL.decode(row.document), await self.state(row))
            async for row in self.rows()
        ]

    async def we_invoice(self, provider: PartyId, location_id: str, evse_uid: str) -> bool:
        """Whether a terminal of that provider at that place leaves the invoice to the operator
        (RPAY-022)."""
        places = {fold(location_id), fold(evse_uid)}
        async for row in self._store.scan(TERMINAL.kind, owner=provider.folded):
            if row.audience != HELD:
                continue
            terminal = _TERMINAL.decode(row.document)
            mine = terminal.invoice_creator is InvoiceCreator.CPO
            if mine and places & {fold(one) for one in _places(row)}:
                return True
        return False

    async def _theirs(self, terminal_id: str) -> tuple[Platform, PartyId, ObjectRow]:
        for partner in await self._directory.all():
            for owner in partner.parties(Role.PTP):
                key = object_key(TERMINAL, owner, {"terminal_id": terminal_id})
                row = await self._store.get(key)
                if row is None or row.deleted or row.audience != HELD:
                    continue
                platform = await self._directory.route_to(owner, (Role.PTP,))
                if platform is not None:
                    return platform, owner, row
        raise NotFound("No such terminal of a provider")

    async def _again(self, platform: Platform, owner: PartyId, row: ObjectRow) -> Terminal:
        """Read it back: the provider's copy is the one that counts."""
        terminal_id = _TERMINAL.decode(row.document).terminal_id
        endpoint = next(
            one
            for one in self._table.at(version_of(platform))
            if one.resource is TERMINAL
            and one.behaviour is Behaviour.GET
            and one.interface is Interface.SENDER
        )
        reply = await self._exchange.call(
            platform, endpoint, keys={"terminal_id": terminal_id},
            routing=Routing(to=owner, sender=self._operator()),
        )  # fmt: skip
        change = accept(
            TERMINAL, reply.data or b"null", version=V2_3_0, source=platform,
            identity=self._identity, strict=False, owner=owner,
            ids={"terminal_id": terminal_id}, authoritative=True,
        )  # fmt: skip
        accepted = await self._store.apply(change)
        off = not any(getattr(_TERMINAL.decode(accepted.document), name) for name in PLACES)
        await self._mark(row, off=off and bool(_places(row)))
        return _TERMINAL.decode(accepted.document)

    async def _call(
        self,
        platform: Platform,
        owner: PartyId,
        handler: str,
        terminal_id: str | None,
        body: Mapping[str, Any] | None,
    ) -> None:
        row = self._row(version_of(platform), handler)
        if platform.endpoint(row.module.name, Interface.SENDER) is None:
            raise CallerError(f"{platform.name} has no terminals")
        keys = {} if terminal_id is None else {"terminal_id": terminal_id}
        data = None if body is None else encode(dict(body))
        routing = Routing(to=owner, sender=self._operator())
        await self._exchange.call(platform, row, keys=keys, body=data, routing=routing)

    def _row(self, version: Version, handler: str) -> Endpoint:
        try:
            return row_of(self._table, version, handler)
        except KeyError:
            raise CallerError("The partner's version has no payments") from None

    def _operator(self) -> PartyId | None:
        return next(iter(self._identity.parties(Role.CPO)), None)

    def _text(self) -> str:
        return format_datetime(from_micros(self._now()))


def _members(call: Call) -> dict[str, Any]:
    if call.body is None:
        raise InvalidBody("A JSON body is needed")
    try:
        return _MEMBERS.decode(call.body)
    except msgspec.ValidationError:
        raise CallerError("$: must be an object") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidBody("The body is no JSON") from None


def _check(members: Mapping[str, Any], *, strict: bool) -> bytes:
    document = encode(dict(members))
    reading: Reading[Terminal] = read(Terminal, document)
    if not reading.usable(strict):
        raise CallerError(reading.message)
    return document


def _places(row: ObjectRow) -> tuple[str, ...]:
    terminal = _TERMINAL.decode(row.document)
    return (*(terminal.location_ids or ()), *(terminal.evse_uids or ()))


def _off_key(row: ObjectRow) -> RecordKey:
    return RecordKey(OFF, f"{row.key.owner}/{row.key.id}")
