"""One object to one partner: PUT, PATCH, DELETE, and GET where there is doubt.

Raises the PartnerError family; says nothing about what waits or what is tried again.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from msgspec import structs

from voltroam.delivery.address import OWNER, Addresses, Rows, contract_party
from voltroam.delivery.copies import Copies
from voltroam.delivery.outcome import Fault, judge
from voltroam.delivery.ports import Calls
from voltroam.delivery.shelf import Shelf, State
from voltroam.delivery.sight import Sight
from voltroam.delivery.takeback import published, withdrawn
from voltroam.roaming.bridging import Bridging, NotCarried, is_at_home, spoken_by
from voltroam.roaming.marks import Marks
from voltroam.roaming.one_party import TAKEN, OneParty
from voltroam.roaming.platforms import Platform
from voltroam.roaming.references import references_of
from voltroam.roaming.weigh import flow_of, same
from voltroam.standard.endpoints import Endpoint, Part, Removal, Resource, Table
from voltroam.standard.errors import PartnerError, Refused
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import Version
from voltroam.store.interface import ObjectRow
from voltroam.wire.call import NOTHING, Reply, Routing
from voltroam.wire.diff import PatchPlan
from voltroam.wire.parts import get_part

_SHOWING = frozenset({"PUT", "PATCH", "POST"})
RESUMES = frozenset({Fault.UNREACHABLE, Fault.SERVER, Fault.BUSY, Fault.STOPPED})
"""Faults after which the lane waits, so that nothing more is asked now."""


class Courier:
    """Speaks to every partner; holds no state of any lane. `copies`, `one_party`: of a hub."""

    def __init__(
        self,
        calls: Calls,
        table: Table,
        shelf: Shelf,
        marks: Marks,
        *,
        copies: Copies | None = None,
        bridging: Bridging | None = None,
        one_party: OneParty | None = None,
    ) -> None:
        self._calls = calls
        self._bridging = bridging
        self._one_party = one_party
        self._marks = marks
        self._resources = table.resources
        self._shelf = shelf
        self._copies = copies
        self._rows = Rows(table)
        self._addresses = Addresses(table)

    def serves(self, platform: Platform, resource: Resource) -> bool:
        """Does the partner take this kind by PUT, or each one once by POST?"""
        method = "POST" if resource.posted else "PUT"
        return self._rows.find(platform, resource.kind, method) is not None

    def receives(self, platform: Platform, resource: Resource) -> bool:
        """Does it take this kind at all, by PUT or by POST?"""
        method = "POST" if resource.immutable or resource.posted else "PUT"
        return self._rows.find(platform, resource.kind, method) is not None

    async def outward(self, platform: Platform, row: ObjectRow) -> tuple[ObjectRow, str]:
        """The row with the document as the partner may see it, and the name of that view.

        Ids of objects that are for other parties only are left out. Whatever changes who may see
        them is followed by a change of the row, so the last view of a row is the right one. A
        partner of another version has a view of its own. NotCarried if it has no words for it.
        """
        row, view = await self.masked(platform, row)
        resource = self._resources[row.key.kind]
        version = self._foreign(platform, resource)
        if version is None or self._bridging is None:
            return row, view
        passed = await self._bridging.outward(resource, version, platform, row)
        if passed.document is None:
            raise NotCarried(passed.why_not)
        row = structs.replace(row, document=passed.document, sidecar=None)
        return row, f"{version.number}/{platform.id} {view}"

    def _foreign(self, platform: Platform, resource: Resource) -> Version | None:
        """The version that it speaks, where what it is shown is not as the house keeps it."""
        return None if is_at_home(platform, resource) else spoken_by(platform)

    async def masked(self, platform: Platform, row: ObjectRow) -> tuple[ObjectRow, str]:
        """The same in the house's version: what is taken back is not to be shown any more, and
        the partner's version may have no words for what it became."""
        references = references_of(self._resources[row.key.kind])
        if references is None:
            return row, ""
        known = await self._marks.now()
        hidden = known.hidden(platform, references.kind).get(row.key.owner)
        named = references.named(row.document, hidden) if hidden else None
        if not named:
            return row, ""
        view = " ".join(sorted(named))
        document = self._shelf.find(row.key, State(row.changed, view))
        if document is None:
            document = references.without(row.document, named)
        return structs.replace(row, document=document), view

    def told(self, row: ObjectRow, base: State, view: str, sight: Sight) -> bool:
        """Whether all who get it have it so, by the known state `base`: then that is the state."""
        if self._copies is not None and self._copies.gone(sight, row):
            return False
        same = self._shelf.find(row.key, base) == row.document
        if same:
            self._shelf.put(row, view)
        return same

    async def show(
        self,
        platform: Platform,
        row: ObjectRow,
        base: State | None,
        *,
        view: str = "",
        doubt: bool,
        sight: Sight,
    ) -> None:
        """Delivers the current state: PATCH from the known state `base`, otherwise PUT.

        `row` and `view` are what `outward` gave.
        """
        if self._copies is None:
            await self._show(platform, row, base, view, doubt=doubt)
            return
        gone = self._copies.gone(sight, row)
        if gone:
            await _each(gone, lambda to: self._take_back(platform, row, base, to))
        due = self._copies.due(sight, row)
        if len(due) == 1:  # most platforms are one party, and there are thousands a second
            await self._show(platform, row, base, view, doubt=doubt, to=due[0])
            return
        await _each(due, lambda to: self._show(platform, row, base, view, doubt=doubt, to=to))

    async def _show(
        self,
        platform: Platform,
        row: ObjectRow,
        base: State | None,
        view: str,
        *,
        doubt: bool,
        to: Routing | None = None,
    ) -> None:
        resource = self._resources[row.key.kind]
        if doubt and await self._held_as(platform, row, row.document, to=to):
            self._shelf.put(row, view)
            return
        plan = None
        if base is not None and not doubt and platform.profile.push == "patch":
            plan = self._shelf.plan(resource, row, base, view, spoken=spoken_by(platform))
        if plan is None or not await self._patched(platform, row, plan, to):
            await self._whole(platform, row, to)
        self._shelf.put(row, view)

    async def _whole(self, platform: Platform, row: ObjectRow, to: Routing | None) -> None:
        """PUT; of what is posted only if the partner has it, for else it wants a POST.

        Where its kind has no PUT, whoever has it pulls what changed.
        """
        method = "PUT"
        if self._resources[row.key.kind].posted:
            if not await self._has(platform, row, to):
                method = "POST"
            elif self._rows.find(platform, row.key.kind, "PUT") is None:
                return
        await self._call(platform, row, method, row.document, to=to)

    async def _patched(
        self, platform: Platform, row: ObjectRow, plan: PatchPlan, to: Routing | None
    ) -> bool:
        """False: send the whole (CORE-MUT-07, CORE-MUT-08)."""
        if self._rows.find(platform, row.key.kind, "PATCH", plan.part) is None:
            return False
        try:
            await self._call(platform, row, "PATCH", plan.body, plan.ids, to=to)
        except Refused as fault:
            verdict = judge(fault)
            if verdict.fault in RESUMES:
                raise
            if verdict.unknown or verdict.http == 405:
                return False
            wanted = get_part(row.document, plan.parts, plan.ids) if plan.parts else row.document
            return await self._held_as(platform, row, wanted, plan.ids, to)
        return True

    async def _held_as(
        self,
        platform: Platform,
        row: ObjectRow,
        wanted: bytes | None,
        ids: tuple[str, ...] = (),
        to: Routing | None = None,
    ) -> bool:
        """Does the partner hold exactly this? Asked after a PATCH whose end we do not know."""
        if not self._may_ask(platform, row):
            return False
        try:
            reply = await self._call(platform, row, "GET", None, ids, to=to)
        except Refused as fault:
            if judge(fault).fault in RESUMES:
                raise
            return False
        return wanted is not None and reply.data is not None and same(reply.data, wanted)

    async def holds(self, platform: Platform, row: ObjectRow, sight: Sight) -> bool:
        """Asks whether the partner has the object at all; one that cannot be asked does not."""
        for to in self._backward(sight, row):
            if await self._has(platform, row, to):
                return True
        return False

    async def _has(self, platform: Platform, row: ObjectRow, to: Routing | None) -> bool:
        if not self._may_ask(platform, row):
            return False
        try:
            await self._call(platform, row, "GET", None, to=to)
        except Refused as fault:
            if judge(fault).fault in RESUMES:
                raise
            return False
        return True

    def _may_ask(self, platform: Platform, row: ObjectRow) -> bool:
        """A hub is no receiver: what is broadcast through it has nobody to ask (CORE-BCAST-14)."""
        if platform.is_hub and contract_party(row.audience) is None:
            return False
        return self._rows.find(platform, row.key.kind, "GET") is not None

    async def take_back(
        self, platform: Platform, row: ObjectRow, base: State | None, sight: Sight
    ) -> None:
        """DELETE, or the document that ends its kind; "unknown" is done too (TAR-DEL-01).

        It is made of the state `base` that the partner knows, if we still have it.
        """
        await _each(self._backward(sight, row), lambda to: self._take_back(platform, row, base, to))

    def _backward(self, sight: Sight, row: ObjectRow) -> Sequence[Routing | None]:
        """Whoever may have it."""
        if self._copies is None:
            return (None,)
        return (*self._copies.due(sight, row), *self._copies.gone(sight, row))

    async def _take_back(
        self, platform: Platform, row: ObjectRow, base: State | None, to: Routing | None
    ) -> None:
        resource = self._resources[row.key.kind]
        if resource.removal is Removal.DELETE:
            try:
                await self._call(platform, row, "DELETE", None, to=to)
            except PartnerError as fault:
                if not judge(fault).unknown:
                    raise
            return
        if self._bridging is None or self._foreign(platform, resource) is None:
            last = withdrawn(resource, self._shelf.document(row, base))
        else:
            last = await self._withdrawn_abroad(platform, resource, row)
        if last is not None:
            await self._call(platform, row, "PUT", last, to=to)

    async def _withdrawn_abroad(
        self, platform: Platform, resource: Resource, row: ObjectRow
    ) -> bytes | None:
        """For another version: made of the home document, as one that may still be shown.

        What a version has no word for, such as a location that is not to be published, is left to
        its parts: all EVSEs are REMOVED.
        """
        last, version = withdrawn(resource, row.document), self._foreign(platform, resource)
        if last is None or version is None or self._bridging is None:
            return last
        whole = structs.replace(row, document=published(last, shown=True), sidecar=None)
        passed = await self._bridging.outward(resource, version, platform, whole)
        if passed.document is None:
            raise NotCarried(passed.why_not)
        return published(passed.document, shown=False)

    async def _call(
        self,
        platform: Platform,
        row: ObjectRow,
        method: str,
        body: bytes | None,
        ids: tuple[str, ...] = (),
        *,
        to: Routing | None,
    ) -> Reply:
        kind = row.key.kind
        parts = self._resources[kind].parts[: len(ids)]
        endpoint = self._rows.find(platform, kind, method, parts[-1] if parts else None)
        if endpoint is None:
            raise Refused(f"no {method} for {kind} in its version", http=405)
        address = self._addresses.of(row, endpoint)
        keys = {**address.keys, **_part_keys(parts, ids)} if ids else address.keys
        return await self._calls.call(
            platform,
            endpoint,
            keys=await self._under_one_party(keys, platform, row, method, to),
            query=_asked(address.query, endpoint) if address.query else NOTHING,
            body=body,
            routing=to or self._addresses.routing(row, address, platform),
            correlation_id="" if to is None else flow_of(row),
        )

    async def _under_one_party(
        self,
        keys: Mapping[str, str],
        platform: Platform,
        row: ObjectRow,
        method: str,
        to: Routing | None,
    ) -> Mapping[str, str]:
        """Who knows a hub as the one party of its credentials gets all as that party's (2.1.1).

        NotCarried, or Refused as by one that has no such object, if another party's has the name.
        """
        hub = to.sender if to is not None else None
        if hub is None or spoken_by(platform).credentials_roles:
            return keys
        if self._one_party is not None:
            resource = self._resources[row.key.kind]
            country, _, code = row.key.owner.partition("/")
            name = next(value for key, value in keys.items() if key not in OWNER)
            if not await self._one_party.gives(platform, resource, PartyId(country, code), name):
                raise NotCarried(TAKEN) if method in _SHOWING else Refused(TAKEN, http=404)
        return {**keys, **dict(zip(OWNER, hub, strict=True))}


async def _each(
    ways: Sequence[Routing | None], send: Callable[[Routing | None], Awaitable[None]]
) -> None:
    """To every party, though one refuses; what stops a lane stops here at once (CORE-BCAST-12)."""
    refused: Refused | None = None
    for to in ways:
        try:
            await send(to)
        except Refused as fault:
            if judge(fault).fault in RESUMES:
                raise
            refused = fault
    if refused is not None:
        raise refused


def _asked(query: Mapping[str, str], endpoint: Endpoint) -> Mapping[str, str]:
    return {name: value for name, value in query.items() if name in endpoint.query}


def _part_keys(parts: Sequence[Part], ids: Sequence[str]) -> dict[str, str]:
    return {part.segment[1:-1]: key for part, key in zip(parts, ids, strict=True)}
