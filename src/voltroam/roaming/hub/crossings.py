"""Calls between parties whose platforms speak different versions, and the replies to them.

What passes is brought home and out again, by the steps of `bridge/` and with what we know of both
platforms (decision 0006). What cannot pass is refused in the sender's version, with the reason.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

import msgspec
from msgspec import structs

from voltroam.bridge.notes import Note
from voltroam.bridge.passage import Passed, are_one, not_known
from voltroam.bridge.terms import Asked
from voltroam.roaming.bridging import Bridging, End, asked_in, spoken_by
from voltroam.roaming.platforms import Platform
from voltroam.standard.endpoints import Behaviour, Endpoint, Interface, Table
from voltroam.standard.errors import CallerError, OcpiError, Unusable
from voltroam.standard.parties import PartyId
from voltroam.standard.status import StatusCode, is_success, within
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import Version
from voltroam.wire.call import Call, Reply, Response
from voltroam.wire.envelope import read_answer
from voltroam.wire.patch import append_only, members_of, merge, same_json, write_members

Held = Callable[[Endpoint], Awaitable[Response]]
"""Asks the receiver for the object that the call is about, by that row."""

_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_OWNER = ("country_code", "party_id")
_LAST_UPDATED = "last_updated"


class Answered(Exception):
    """The call needs no forwarding, or cannot go on: this is what its sender is told."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


@dataclass(slots=True)
class Crossing:
    """One call under way between two versions; `notes` grow as it passes and comes back."""

    call: Call
    """As it came."""
    here: End
    there: End
    row: Endpoint
    """Of the receiver's version, for the same path."""
    owner: PartyId
    """Whose objects pass: the party at the SENDER side, or whom the path names."""
    provider: PartyId | None
    asked: Asked | None
    notes: list[Note] = field(default_factory=list)

    @property
    def way(self) -> str:
        """For the trace: `2.1.1 to 2.2.1`."""
        return f"{self.here.version.number} to {self.there.version.number}"

    @property
    def codes(self) -> tuple[str, ...]:
        """Of the notes, each once (docs/reference/bridge.md)."""
        return tuple(sorted({note.code for note in self.notes}))


@dataclass(frozen=True, slots=True)
class Ends:
    """The party that asks and the one that is asked, each in its role."""

    asking: PartyId
    asking_role: Role
    asked: PartyId
    asked_role: Role

    @property
    def provider(self) -> PartyId | None:
        if self.asking_role is Role.EMSP:
            return self.asking
        return self.asked if self.asked_role is Role.EMSP else None

    def owner(self, call: Call) -> PartyId:
        """Whose objects the call is about."""
        if call.owner is not None:
            return call.owner
        return self.asked if call.endpoint.interface is Interface.SENDER else self.asking


class Crossings:
    """Holds no state of any call."""

    def __init__(self, bridging: Bridging, table: Table) -> None:
        self._bridging = bridging
        self._table = table

    def open(self, call: Call, caller: Platform, there: Platform, ends: Ends) -> Crossing | None:
        """None where both speak the same version. Answered where the receiver's has no such row."""
        version = spoken_by(there)
        if are_one(call.version, version):
            return None
        row = self._row(call.endpoint, version)
        if row is None:
            raise Answered(self.unknown(call, there))
        return Crossing(
            call, End(call.version, caller), End(version, there), row, ends.owner(call),
            ends.provider, asked_in(call),
        )  # fmt: skip

    def unknown(self, call: Call, there: Platform) -> Reply:
        """What a sender is told whose call the receiver's version does not have."""
        version, gives = spoken_by(there), call.endpoint.gives
        data = not_known(gives.__name__) if gives is not None else None
        if data is not None:
            return Reply(data=data, message=f"{version.number} has no such call")
        return Reply(
            StatusCode.CLIENT_ERROR,
            message=f"the receiver speaks {version.number}, which has no {call.endpoint.method} "
            f"{call.endpoint.module.name}/{call.endpoint.path}",
        )

    def lacked(self, call: Call, there: Platform) -> Reply | None:
        """The same for a platform without that endpoint; None if its version could have it."""
        if self._row(call.endpoint, spoken_by(there)) is not None:
            return None
        return self.unknown(call, there)

    async def readable(self, call: Call, caller: Platform) -> Call:
        """The call with the body as the house reads it, as far as it can be read."""
        takes = call.endpoint.takes
        if call.body is None or takes is None or call.endpoint.behaviour is Behaviour.PATCH:
            return call
        try:
            members_of(call.body)
        except OcpiError:
            return call
        passed = await self._bridging.home(
            takes.__name__, call.body, End(call.version, caller), owner=call.owner
        )
        return call if passed.document is None else structs.replace(call, body=passed.document)

    async def said(self, crossing: Crossing, held: Held) -> Call:
        """The call as the receiver's version has it. CallerError for what cannot pass."""
        call, row = crossing.call, crossing.row
        body = call.body
        kind = call.endpoint.takes
        if body is not None and kind is not None:
            members_of(body)
            if call.endpoint.behaviour is Behaviour.PATCH:
                row, body = await self._patched(crossing, kind, body, held)
            else:
                body = await self._over(crossing, kind, body)
        query = {name: value for name, value in call.query.items() if name in row.query}
        query |= _keys_said(row, body)
        return structs.replace(
            call, version=crossing.there.version, endpoint=row, body=body, query=query
        )

    async def tail(self, crossing: Crossing) -> str | None:
        """The path below the endpoint with the names that the receiver has; None: as it came.

        After `said`, which gives names that are too long for the receiver's version others.
        """
        call = crossing.call
        keys = dict(call.keys)
        for name, table in _tables(call.endpoint).items():
            keys[name] = await self._bridging.called(
                table, keys[name], crossing.here, crossing.there
            )
        if keys == call.keys:
            return None
        segments = call.endpoint.segments
        return "/".join(
            quote(keys[one[1:-1]], safe="") if one.startswith("{") else one for one in segments
        )

    async def heard(self, crossing: Crossing, response: Response) -> Reply:
        """The receiver's reply in the sender's version. Unusable if it is none."""
        call, row = crossing.call, crossing.row
        reply = read_answer(response)
        code = within(reply.status_code, call.version.statuses)
        reply = Reply(code, response.status, data=reply.data, message=reply.message)
        if not is_success(code) or reply.data is None or row.gives is None:
            return structs.replace(reply, data=None)
        kind = row.gives.__name__
        if row.gives_list:
            passed = [await self._back(crossing, kind, one) for one in _items(reply.data)]
            found = [one.document for one in passed if one.document is not None]
            return structs.replace(reply, data=None, items=found)
        one = await self._back(crossing, kind, reply.data)
        if one.document is None:
            raise _refused(one)
        return structs.replace(reply, data=one.document)

    def _row(self, asked: Endpoint, version: Version) -> Endpoint | None:
        """The same path in another version; what has no PATCH there is PUT whole."""
        methods = {asked.method: 0}
        if asked.behaviour is Behaviour.PATCH:
            methods["PUT"] = 1
        found = [
            row
            for row in self._table.at(version)
            if row.module is asked.module and row.interface is asked.interface
            and row.path == asked.path and row.method in methods
        ]  # fmt: skip
        return min(found, key=lambda row: methods[row.method], default=None)

    async def _over(self, crossing: Crossing, kind: type, body: bytes) -> bytes:
        """On its way to the receiver. CallerError 2000 with the reason."""
        passed = await self._bridging.across(
            kind.__name__, body, crossing.here, crossing.there, owner=crossing.owner,
            provider=crossing.provider,
        )  # fmt: skip
        crossing.notes += passed.notes
        if passed.document is None:
            raise _refused(passed)
        return passed.document

    async def _back(self, crossing: Crossing, kind: str, document: bytes) -> Passed:
        """On its way to the sender. What is no object has no steps."""
        if not document.startswith(b"{"):
            return Passed(document)
        passed = await self._bridging.across(
            kind, document, crossing.there, crossing.here, owner=crossing.owner,
            provider=crossing.provider, token=crossing.asked,
        )  # fmt: skip
        crossing.notes += passed.notes
        return passed

    async def _patched(
        self, crossing: Crossing, kind: type, patch: bytes, held: Held
    ) -> tuple[Endpoint, bytes]:
        """Applied in the sender's version to what the receiver holds; said again in its own.

        A PUT where a PATCH cannot say it: what went away, or is not only appended.
        """
        call, there = crossing.call, crossing.there
        reading = self._like(crossing, "GET")
        if reading is None:
            raise Answered(self.unknown(call, there.platform))
        reply = read_answer(await held(reading))
        if not is_success(reply.status_code) or reply.data is None:
            code = reply.status_code if not is_success(reply.status_code) else (
                StatusCode.UNKNOWN_LOCATION
            )  # fmt: skip
            raise Answered(
                Reply(within(code, call.version.statuses), 404, message="No such object there")
            )
        before = await self._back(crossing, kind.__name__, reply.data)
        if before.document is None:
            raise _refused(before)
        resource = call.endpoint.resource
        whole = resource is not None and call.endpoint.part is None
        appends = resource.appended(call.version) if resource and whole else frozenset[str]()
        after = merge(before.document, patch, appends=appends)
        old = await self._over(crossing, kind, before.document)
        new = await self._over(crossing, kind, after)
        grows = resource.appended(there.version) if resource and whole else frozenset[str]()
        change = _change(old, new, grows)
        if crossing.row.behaviour is Behaviour.PATCH and change is not None:
            return crossing.row, change
        putting = self._like(crossing, "PUT")
        if putting is None:
            raise CallerError("the change cannot be said in the receiver's version")
        return putting, new

    def _like(self, crossing: Crossing, method: str) -> Endpoint | None:
        """The row of another method on the same path there."""
        asked = crossing.row
        for row in self._table.at(crossing.there.version):
            if row.method == method and (row.module, row.interface, row.path) == (
                asked.module, asked.interface, asked.path,
            ):  # fmt: skip
                return row
        return None


def _change(old: bytes, new: bytes, appends: frozenset[str]) -> bytes | None:
    """Members of `new` that are others than in `old`; None where a PATCH cannot say it."""
    before, after = members_of(old), members_of(new)
    if before.keys() - after.keys():
        return None
    said: dict[str, msgspec.Raw] = {}
    for name, value in after.items():
        if name in before and same_json(before[name], value):
            continue
        grown = append_only(before.get(name), value) if name in appends else value
        if grown is None:
            return None
        said[name] = grown
    if _LAST_UPDATED in after:
        said[_LAST_UPDATED] = after[_LAST_UPDATED]
    return write_members(said)


def _keys_said(row: Endpoint, body: bytes | None) -> dict[str, str]:
    """Keys that this version wants in the query and that may stand in the body alone."""
    if body is None or row.resource is None or row.takes is not row.resource.object:
        return {}
    found: dict[str, str] = {}
    for name, usual in row.resource.key_defaults.items():
        if name not in row.query:
            continue
        raw = members_of(body).get(name)
        value = _PLAIN.decode(raw) if raw is not None else None
        if isinstance(value, str) and value != usual:
            found[name] = value
    return found


_PLAIN = msgspec.json.Decoder()


def _tables(row: Endpoint) -> dict[str, str]:
    """In which table of names each key segment of a row is looked up."""
    if row.resource is None:
        return {}
    objects = [row.resource.object, *(part.object for part in row.resource.parts)]
    keys = [one[1:-1] for one in row.segments if one.startswith("{")]
    below = [name for name in keys if name not in _OWNER]
    return {name: shape.__name__ for name, shape in zip(below, objects, strict=False)}


def _items(data: bytes) -> Sequence[bytes]:
    try:
        return [bytes(one) for one in _ITEMS.decode(data)]
    except msgspec.MsgspecError:
        raise Unusable("a list was asked for, but data is none") from None


def _refused(passed: Passed) -> CallerError:
    return CallerError(
        f"not carried between the versions: {passed.why_not}", status_code=StatusCode.CLIENT_ERROR
    )
