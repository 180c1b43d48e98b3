"""The routing index: which parties deal with a session, a location, a token, a reservation.

Only what a call without receiver needs, learnt from the calls that went through: from the keys of
their paths and from bodies that are read anyway. A location or token has its owner; a session or
reservation is a matter between two parties. What is kept is a keyed hash of the id, never the id.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from voltroam.roaming.hub.seats import Seat, World
from voltroam.roaming.keys import object_key
from voltroam.roaming.later import Later
from voltroam.roaming.vault import Vault
from voltroam.standard.endpoints import LOCATION, TOKEN, Endpoint, Resource, UrlPlace
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import Role
from voltroam.store.interface import Record, RecordDraft, RecordKey, Store
from voltroam.wire.call import Call

BOND = "hub_bond"
"""Record kind of `Bond`; the parent is the thing's hash, `due` is when it may go."""
DAY = 86_400_000_000
KEPT = 90 * DAY
"""Microseconds since a thing was last met."""
_REMEMBERED = 100_000
"""Bonds of which this process knows that they are on disk."""
_MOST_OWNERS = 2_000


@dataclass(frozen=True, slots=True)
class Clue:
    """A name, in a path or a body, of something that a party can be found by."""

    name: str
    kind: str
    resource: Resource | None = None
    """Of a thing that has one owner; None: a matter between two parties."""


CLUES = (
    Clue("location_id", "location", LOCATION),
    Clue("session_id", "session"),
    Clue("reservation_id", "reservation"),
    Clue("token_uid", "token", TOKEN),
)
"""In this order: who reserves at a location names a reservation that nobody knows yet."""
CONTRACT = "contract"
"""The party whose driver a body is about."""


class Bond(msgspec.Struct, frozen=True, array_like=True):
    """`owner` and `other` as `NL/AAA`; of a thing with one owner `other` is empty."""

    owner: str
    other: str = ""

    def from_(self, party: str) -> str | None:
        """Whom a party reaches by it."""
        if not self.other:
            return self.owner if party != self.owner else None
        if party == self.owner:
            return self.other
        return self.owner if party == self.other else None


class _Contract(msgspec.Struct):
    country_code: str
    party_id: str


class Named(msgspec.Struct):
    """What a body says of whom it is for."""

    location_id: str | None = None
    session_id: str | None = None
    reservation_id: str | None = None
    cdr_token: _Contract | None = None


class RoutingIndex:
    """Any number of processes share it; each writes behind its answers. `now` in µs."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        later: Later,
        *,
        now: Callable[[], int],
        kept: int = KEPT,
    ) -> None:
        self._store = store
        self._vault = vault
        self._later = later
        self._now = now
        self._kept = kept
        self._known: dict[tuple[str, str, Bond], int] = {}

    def learn(self, call: Call, sender: Seat, receiver: Seat) -> None:
        """A call between the two went well."""
        for clue, id_ in _clues(call, call.endpoint.urls is UrlPlace.BODY):
            bond = _bond(clue, call, sender, receiver)
            if bond is not None:
                self._keep(clue, fold(id_), bond)

    async def find(self, call: Call, sender: PartyId | None, world: World) -> Sequence[PartyId]:
        """Whom a call without receiver may be meant for; several where that cannot be told.

        The first clue that leads anywhere decides: the contract that a body names, then the keys.
        """
        named = _named(call.body)
        if named is not None and named.cdr_token is not None:
            return (PartyId(named.cdr_token.country_code, named.cdr_token.party_id),)
        clues = _clues(call, reads_body=True)
        return await self._follow(clues, call.endpoint, call.query, sender, world)

    async def expect(
        self, row: Endpoint, about: Mapping[str, str], sender: PartyId, world: World
    ) -> Sequence[PartyId]:
        """`find` for a call that is not there: `about` has the ids that it names, by `KINDS`."""
        clues = [
            (clue, about[clue.kind])
            for clue in CLUES
            if clue.kind in about and carries(row, clue.kind)
        ]
        return await self._follow(clues, row, {}, sender, world)

    async def _follow(
        self,
        clues: Iterable[tuple[Clue, str]],
        row: Endpoint,
        query: Mapping[str, str],
        sender: PartyId | None,
        world: World,
    ) -> Sequence[PartyId]:
        asking = sender.folded if sender is not None else ""
        for clue, id_ in clues:
            if clue.resource is not None and row.owner_in_path:
                continue  # its own object, which others are to have
            parties = await self._parties(clue, id_, asking)
            if clue.resource is not None:
                parties |= await self._holders(clue.resource, id_, query, world, asking)
            if parties:
                return tuple(_party(text) for text in sorted(parties))
        return ()

    def _keep(self, clue: Clue, id_: str, bond: Bond) -> None:
        """Written once a day at most."""
        now = self._now()
        key = (clue.kind, id_, bond)
        if now - self._known.get(key, 0) < DAY:
            return
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = now
        thing = f"{clue.kind}/{self._vault.hash(id_)}"
        self._later.note(
            RecordDraft(
                RecordKey(BOND, f"{thing} {bond.owner} {bond.other}"),
                msgspec.json.encode(bond),
                thing,
                now + self._kept,
            )
        )

    async def _parties(self, clue: Clue, id_: str, asking: str) -> set[str]:
        await self._later.flush()
        now, parties = self._now(), set[str]()
        for hashed in self._vault.hashes(fold(id_)):
            for record in await self._store.records(BOND, parent=f"{clue.kind}/{hashed}"):
                party = _BOND.decode(record.document).from_(asking)
                if party is not None and not _over(record, now):
                    parties.add(party)
        return parties

    async def _holders(
        self, resource: Resource, id_: str, query: Mapping[str, str], world: World, asking: str
    ) -> set[str]:
        """The owners whose object of this id the hub holds, by broadcast or pull."""
        owners = {
            seat.party.folded
            for seat in world.seats
            if seat.role in resource.owner_roles and seat.party.folded != asking
        }
        ids = {**query, resource.key[0]: id_}
        try:
            keys = [object_key(resource, _party(owner), ids) for owner in owners]
        except CallerError:
            return set()
        rows = await asyncio.gather(*(self._store.get(key) for key in keys[:_MOST_OWNERS]))
        return {row.key.owner for row in rows if row is not None and not row.deleted}


def carries(row: Endpoint, kind: str) -> bool:
    """Whether a call of that row names a thing of that kind, in its path or its body."""
    name = _NAMES[kind]
    return f"{{{name}}}" in row.path or name in getattr(row.takes, "__struct_fields__", ())


_NAMES = {clue.kind: clue.name for clue in CLUES} | {CONTRACT: "cdr_token"}
KINDS = tuple(_NAMES)
"""What a call can be about: what `expect` looks up, and the contract, which says it all."""
_BOND = msgspec.json.Decoder(Bond)
_NAMED = msgspec.json.Decoder(Named)


def _clues(call: Call, reads_body: bool) -> Iterator[tuple[Clue, str]]:
    named = _named(call.body) if reads_body else None
    for clue in CLUES:
        id_ = call.keys.get(clue.name) or getattr(named, clue.name, None)
        if id_:
            yield clue, id_


def _bond(clue: Clue, call: Call, sender: Seat, receiver: Seat) -> Bond | None:
    if clue.resource is None:
        one, other = sorted((sender.party.folded, receiver.party.folded))
        return Bond(one, other)
    if call.owner is not None:
        return Bond(call.owner.folded)
    roles: frozenset[Role] = clue.resource.owner_roles
    owners = [seat for seat in (receiver, sender) if seat.role in roles]
    return Bond(owners[0].party.folded) if owners else None


def _named(body: bytes | None) -> Named | None:
    try:
        return _NAMED.decode(body) if body else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _party(text: str) -> PartyId:
    country, _, party = text.partition("/")
    return PartyId(country, party)


def _over(record: Record, now: int) -> bool:
    return record.due is not None and record.due <= now
