"""A hub's client info: each party's status, written when it moved; lists and lanes tell it.

Direct parties have the status of their platform, PLANNED before it registers, SUSPENDED once it
left. Parties behind another hub have what that hub said, but are no better than that hub itself
(OCPI 2.2.1 §mod_hub_client_info).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from voltroam.roaming.client_info import hubs_word, info_of, own_word, told_status
from voltroam.roaming.directory import Directory, client_info_key
from voltroam.roaming.hub.planning import told_of
from voltroam.roaming.hub.surroundings import min_status
from voltroam.roaming.platforms import Phase, Platform, Status
from voltroam.standard.endpoints import CLIENT_INFO
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import ConnectionStatus, Role
from voltroam.store.interface import Change, Decision, Held, ObjectKey, ObjectRow, Store

_RANKS = (Status.CONNECTED, Status.OFFLINE, Status.PLANNED, Status.SUSPENDED)


class Word(NamedTuple):
    """What we say of one party in one role."""

    party: PartyId
    role: Role
    status: Status
    left: bool

    @property
    def rank(self) -> tuple[bool, int]:
        """Of two platforms with the same party the better one counts."""
        return self.left, _RANKS.index(self.status)


class Announcing:
    """Compares what is announced with what is so. Any process may; one at a time is enough."""

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store = store
        self._directory = directory
        self._judged: tuple[Sequence[Platform], Mapping[ObjectKey, int]] | None = None

    async def announce(self) -> int:
        """How many moved. Costs next to nothing while no platform did and no other hub is there.

        What another hub tells may stand beside a row without moving the feed: revisions tell.
        """
        platforms = await self._directory.all()
        before = self._judged
        same = before is not None and _same(before[0], platforms)
        hubs = {it.id: it for it in platforms if it.is_registered and it.is_hub}
        if same and not hubs:
            return 0
        rows = {row.key: row async for row in self._store.scan(CLIENT_INFO.kind)}
        seen = {key: row.revision for key, row in rows.items()}
        if before is not None and same and before[1] == seen:
            return 0
        done: list[bool | None] = []
        for key, row, decide in _due(words(platforms), rows, hubs):
            done.append(await self._store.apply(Change(_checked(key, row, decide), objects=(key,))))
        if None not in done:
            self._judged = (platforms, seen)
        return done.count(True)


Decide = Callable[[ObjectRow | None, int], Decision[bool]]


def words(platforms: Iterable[Platform]) -> dict[ObjectKey, Word]:
    """What we say of each party that is, was or will be connected directly."""
    found: dict[ObjectKey, Word] = {}
    for platform in platforms:
        roles, status = told_of(platform)
        left = platform.phase is Phase.REMOVED
        for role in () if platform.is_hub else roles:
            party = PartyId(role.country_code, role.party_id)
            word = Word(party, role.role, status, left)
            key = client_info_key(party, role.role)
            known = found.get(key)
            if known is None or word.rank < known.rank:
                found[key] = word
    return found


def _due(
    said: Mapping[ObjectKey, Word],
    rows: Mapping[ObjectKey, ObjectRow],
    hubs: Mapping[str, Platform],
) -> Iterable[tuple[ObjectKey, ObjectRow | None, Decide]]:
    for key, word in said.items():
        row = rows.get(key)
        told = row is not None and bool(row.sources & hubs.keys())
        if not (word.left and told):
            yield key, row, _ours(word)
    for key, row in rows.items():
        known = said.get(key)
        if known is not None and not known.left:
            continue
        ways = [hubs[source].status for source in row.sources & hubs.keys()]
        if ways:
            yield key, row, _behind(min(ways, key=_RANKS.index))
        elif known is None:
            info = info_of(row)
            party = PartyId(info.country_code, info.party_id)
            yield key, row, _ours(Word(party, info.role, Status.SUSPENDED, left=True))


def _ours(word: Word) -> Decide:
    status = ConnectionStatus(word.status.value)
    return lambda row, now: own_word(word.party, word.role, status, row, now, left=word.left)


def _behind(way: Status) -> Decide:
    def decide(row: ObjectRow | None, now: int) -> Decision[bool]:
        if row is None:
            return Decision(False)
        status = min_status(Status(told_status(row).value), way)
        return hubs_word(row, ConnectionStatus(status.value), now)

    return decide


def _checked(
    key: ObjectKey, seen: ObjectRow | None, decide: Decide
) -> Callable[[Held], Decision[bool | None]]:
    """None: it moved since it was looked at; it is looked at again, with the platforms of then."""

    def checked(held: Held) -> Decision[bool | None]:
        row = held.objects.get(key)
        same = row is None if seen is None else row is not None and row.revision == seen.revision
        if not same:
            return Decision(None)
        due = decide(row, held.now)
        return Decision(due.result, due.objects, due.records, due.events)

    return checked


def _same(before: Sequence[Platform], now: Sequence[Platform]) -> bool:
    return len(before) == len(now) and all(a is b for a, b in zip(before, now, strict=True))
