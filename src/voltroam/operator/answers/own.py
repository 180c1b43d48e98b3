"""Own objects: written one by one, many at once, or as the full set of a party."""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from voltroam.delivery.takeback import withdrawn
from voltroam.delivery.vanished import is_over
from voltroam.operator.asked import Answers, Asked, Told, Who
from voltroam.operator.faults import Fault, conflict, invalid, not_found
from voltroam.operator.ports import Ports
from voltroam.operator.rows.objects import (
    BLOCK_TOKEN,
    BULKS,
    PUTS,
    REPLACES,
    SET_STATUS,
    SET_STATUSES,
    UNBLOCK_TOKEN,
    WITHDRAW_TARIFF,
    Changed,
    Difference,
    Done,
    EvseStatus,
    ItemDone,
    NewStatus,
)
from voltroam.operator.shelves import Shelves, ids_of, party_of
from voltroam.roaming.accept import accept, read_object, remove
from voltroam.roaming.amend import patch
from voltroam.roaming.keys import object_key, owner_in
from voltroam.roaming.settle import Writer
from voltroam.roaming.weigh import Accepted, Outcome, same
from voltroam.standard.endpoints import LOCATION, TARIFF, TOKEN, Removal, Resource
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import HOME
from voltroam.store.interface import ObjectKey, ObjectRow
from voltroam.wire.decode import Problem, Severity, read
from voltroam.wire.times import format_datetime, from_micros

AT_ONCE = 100
"""Objects of one request that wait for the same commit."""
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PLAIN = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class OwnObjects:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._shelves = Shelves(ports)

    def answers(self) -> Answers:
        resources = self._ports.table.resources
        return {
            **{PUTS[kind].name: partial(self._put, resources[kind]) for kind in PUTS},
            **{BULKS[kind].name: partial(self._put_many, resources[kind]) for kind in BULKS},
            **{REPLACES[kind].name: partial(self._replace, resources[kind]) for kind in REPLACES},
            WITHDRAW_TARIFF.name: self._withdraw,
            SET_STATUS.name: self._status,
            SET_STATUSES.name: self._statuses,
            BLOCK_TOKEN.name: partial(self._valid, False),
            UNBLOCK_TOKEN.name: partial(self._valid, True),
        }

    # -- one ------------------------------------------------------------------------------------

    async def _put(self, resource: Resource, asked: Asked) -> Told[bytes]:
        self._refuse_strangers(resource, asked)
        query = asked.query
        accepted = await self._take(
            resource,
            asked.body,
            lenient=query.lenient,
            private=query.private,
            owner=asked.owner,
            ids=dict(ids_of(resource, asked)),
        )
        if accepted.outcome is Outcome.OLDER:
            raise conflict("The object that is held has a newer last_updated")
        return Told(accepted.document, 201 if accepted.outcome is Outcome.CREATED else 200)

    async def _withdraw(self, asked: Asked) -> None:
        self._refuse_strangers(TARIFF, asked)
        change = remove(
            TARIFF, asked.owner, ids_of(TARIFF, asked), version=HOME, source=None,
            identity=self._ports.identity,
        )  # fmt: skip
        await self._ports.store.apply(change)

    async def _status(self, asked: Asked) -> None:
        self._refuse_strangers(LOCATION, asked)
        await self._set_status(
            asked.owner, asked.ids["location_id"], asked.ids["evse_uid"], asked.body
        )

    async def _valid(self, valid: bool, asked: Asked) -> None:
        self._refuse_strangers(TOKEN, asked)
        await self._amend(TOKEN, asked.owner, ids_of(TOKEN, asked), (), {"valid": valid})

    # -- many -----------------------------------------------------------------------------------

    async def _put_many(self, resource: Resource, asked: Asked) -> Done:
        query = asked.query

        async def one(index: int, document: bytes) -> ItemDone:
            named = _named(resource, document)
            try:
                owner = _owner(document)
                if owner is not None and not asked.who.may(owner):
                    raise not_found("party of that name")
                accepted = await self._take(
                    resource, document, lenient=query.lenient, private=query.private
                )
            except Fault as fault:
                return _refused(index, named, fault)
            except CallerError as error:
                return _refused(index, named, invalid(error.message))
            return ItemDone(index=index, id=named, outcome=accepted.outcome.value)

        return await _each(one, [bytes(item) for item in asked.body.items])

    async def _statuses(self, asked: Asked) -> Done:
        async def one(index: int, line: EvseStatus) -> ItemDone:
            try:
                owner = self._operator(asked.who, line)
                await self._set_status(owner, line.location_id, line.evse_uid, line)
            except Fault as fault:
                return _refused(index, line.evse_uid, fault)
            except CallerError as error:
                return _refused(index, line.evse_uid, invalid(error.message))
            return ItemDone(index=index, id=line.evse_uid, outcome=Outcome.CHANGED.value)

        return await _each(one, asked.body.items)

    # -- the full set ---------------------------------------------------------------------------

    async def _replace(self, resource: Resource, asked: Asked) -> Difference:
        """Nothing is written unless every object is usable and of this party."""
        self._refuse_strangers(resource, asked)
        wanted = self._wanted(resource, asked)
        held = {
            row.key: row
            async for row in self._ports.store.scan(resource.kind, owner=asked.owner.folded)
        }
        shown = partial(self._id_shown, resource, asked.who)
        moved = {
            key: (held[key].document, document)
            for key, document in wanted.items()
            if key in held and not same(held[key].document, document)
        }
        new = {key: document for key, document in wanted.items() if key not in held}
        gone = [
            row
            for key, row in held.items()
            if key not in wanted and not is_over(resource, row.document)
        ]
        if not asked.query.dry_run:
            documents = [*new.values(), *(document for _, document in moved.values())]
            await self._write_all(resource, documents, gone, lenient=asked.query.lenient)
        return Difference(
            applied=not asked.query.dry_run,
            added=[shown(document) for document in new.values()],
            changed=[
                Changed(id=shown(after), members=_differing(before, after))
                for before, after in moved.values()
            ],
            removed=[shown(row.document) for row in gone],
            unchanged=len(wanted) - len(new) - len(moved),
        )

    def _wanted(self, resource: Resource, asked: Asked) -> dict[ObjectKey, bytes]:
        """The documents by key. Raises Fault with every problem of every object."""
        found: dict[ObjectKey, bytes] = {}
        problems: list[Problem] = []
        for index, item in enumerate(asked.body.items):
            document, place = bytes(item), f"$.items[{index}]"
            try:
                members, _ = read_object(resource.object, document, strict=not asked.query.lenient)
                owner = owner_in(members)
                if owner is None or not owner.same(asked.owner):
                    raise CallerError("$.country_code, $.party_id: not the party of the set")
                key = object_key(resource, asked.owner, members)
                if key in found:
                    raise CallerError(f"$.{resource.key[0]}: stands twice in the set")
                found[key] = document
            except CallerError as error:
                inner = _problems_of(resource, document, error, lenient=asked.query.lenient)
                problems += [_moved(place, one) for one in inner]
        if problems:
            raise invalid(f"{problems[0].path}: {problems[0].message}", problems[:1000])
        return found

    async def _write_all(
        self,
        resource: Resource,
        documents: Sequence[bytes],
        gone: Sequence[ObjectRow],
        *,
        lenient: bool,
    ) -> None:
        async def write(_index: int, document: bytes) -> ItemDone:
            await self._take(resource, document, lenient=lenient, private=None, authoritative=True)
            return ItemDone(index=0, id=None, outcome="")

        async def end(_index: int, row: ObjectRow) -> ItemDone:
            await self._end(resource, row)
            return ItemDone(index=0, id=None, outcome="")

        await _each(write, documents)
        await _each(end, gone)

    async def _end(self, resource: Resource, row: ObjectRow) -> None:
        """In the way of its kind: tariffs go, locations are over, tokens are invalid."""
        owner = party_of(row.key.owner)
        if resource.removal is Removal.DELETE:
            change = remove(
                resource, owner, msgspec.json.decode(row.document), version=HOME, source=None,
                identity=self._ports.identity,
            )  # fmt: skip
            await self._ports.store.apply(change)
            return
        last = withdrawn(resource, row.document)
        if last is None:
            return
        now = format_datetime(from_micros(self._ports.now()))
        await self._take(
            resource, _stamped(resource, last, now), lenient=True, private=None, authoritative=True
        )

    # -- below ----------------------------------------------------------------------------------

    async def _take(
        self, resource: Resource, document: bytes, *, lenient: bool, private: bool | None,
        **more: Any,
    ) -> Accepted:  # fmt: skip
        """Raises Fault with every problem of the document."""
        try:
            change = accept(
                resource, document, version=HOME, source=None, identity=self._ports.identity,
                strict=not lenient, private=private, **more,
            )  # fmt: skip
        except NotFound:
            raise
        except CallerError as error:
            problems = _problems_of(resource, document, error, lenient=lenient)
            raise invalid(error.message, problems) from None
        accepted = await self._ports.store.apply(change)
        if accepted.refusal is not None:
            raise conflict(accepted.refusal.message)
        return accepted

    async def _set_status(
        self, owner: PartyId, location: str, evse: str, wanted: NewStatus
    ) -> None:
        changes: dict[str, Any] = {"status": wanted.status.value}
        if wanted.last_updated is not None:
            changes["last_updated"] = format_datetime(wanted.last_updated)
        try:
            await self._amend(LOCATION, owner, {"id": location}, (evse,), changes)
        except NotFound:
            raise not_found("EVSE of that location and uid") from None

    async def _amend(
        self,
        resource: Resource,
        owner: PartyId,
        ids: Any,
        below: tuple[str, ...],
        changes: dict[str, Any],
    ) -> None:
        now = format_datetime(from_micros(self._ports.now()))
        body = msgspec.json.encode({"last_updated": now} | changes)
        writer = Writer(self._ports.identity, HOME, strict=True)
        change = patch(resource, owner, ids, below, body, writer=writer)
        await self._ports.store.apply(change)

    def _refuse_strangers(self, resource: Resource, asked: Asked) -> None:
        """A party that is not ours, or not the key's, is not there."""
        parties = self._ports.identity.parties(*resource.owner_roles)
        ours = any(party.same(asked.owner) for party in parties)
        if not ours or not asked.who.may(asked.owner):
            raise not_found(f"party of ours with that name that owns {resource.kind}")

    def _operator(self, who: Who, line: EvseStatus) -> PartyId:
        """Whose location a line is about. Raises Fault."""
        parties = self._ports.identity.parties(*LOCATION.owner_roles)
        ours = {party.folded: party for party in parties if who.may(party)}
        if line.owner is not None:
            if line.owner.upper() not in ours:
                raise not_found("operator of ours with that name")
            return ours[line.owner.upper()]
        if len(ours) != 1:
            raise invalid("$.owner: needed, for several parties of ours are operators")
        return next(iter(ours.values()))

    def _id_shown(self, resource: Resource, who: Who, document: bytes) -> str:
        text = _named(resource, document) or ""
        hidden = resource.key[0] in resource.secrets and not who.sees_drivers
        return self._ports.fingerprint(text) if hidden else text


async def _each(work: Any, items: Sequence[Any]) -> Done:
    """Some at a time, so that they share commits and nothing else waits long."""
    done: list[ItemDone] = []
    for start in range(0, len(items), AT_ONCE):
        part = items[start : start + AT_ONCE]
        done += await asyncio.gather(*(work(start + at, item) for at, item in enumerate(part)))
    refused = sum(one.outcome == "refused" for one in done)
    return Done(accepted=len(done) - refused, refused=refused, items=done)


def _refused(index: int, named: str | None, fault: Fault) -> ItemDone:
    problems = fault.details.problems or [
        Problem("$", Severity.FATAL, "own-objects", fault.details.detail)
    ]
    return ItemDone(index=index, id=named, outcome="refused", problems=list(problems))


def _problems_of(
    resource: Resource, document: bytes, error: CallerError, *, lenient: bool
) -> list[Problem]:
    """All that make it unusable; where reading finds none, the error itself is the one."""
    try:
        found = read(resource.object, document).problems
    except CallerError as broken:
        found, error = (), broken
    worst = {Severity.FATAL} if lenient else {Severity.FATAL, Severity.ERROR}
    counted = [one for one in found if one.severity in worst]
    return counted or [Problem("$", Severity.FATAL, "own-objects", error.message)]


def _moved(place: str, problem: Problem) -> Problem:
    return msgspec.structs.replace(problem, path=place + problem.path.removeprefix("$"))


def _named(resource: Resource, document: bytes) -> str | None:
    """The object's own id, if that can be read."""
    try:
        value = msgspec.json.decode(document).get(resource.key[0])
    except (msgspec.DecodeError, AttributeError, UnicodeDecodeError):
        return None
    return value if isinstance(value, str) else None


def _owner(document: bytes) -> PartyId | None:
    try:
        members = msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return owner_in(members) if isinstance(members, dict) else None


def _differing(before: bytes, after: bytes) -> list[str]:
    one, other = _MEMBERS.decode(before), _MEMBERS.decode(after)
    return sorted(
        name
        for name in one.keys() | other.keys()
        if name not in one or name not in other or not same(bytes(one[name]), bytes(other[name]))
    )


def _stamped(resource: Resource, document: bytes, now: str) -> bytes:
    """The end of an object is a change of our own: it and its parts carry the time of it."""
    members = _PLAIN.decode(document)
    members["last_updated"] = now
    for part in resource.parts[:1]:
        for item in members.get(part.member) or ():
            item["last_updated"] = now
    return _ENCODER.encode(members)
