"""What an operator sees of a hub: who is there, what would become of a call, how each one does.

All by records, so that any process may ask, one that serves nothing too.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from voltroam.delivery.freshness import Fresh, Freshness
from voltroam.delivery.records import LaneNote, lane_key, load
from voltroam.delivery.standing import NOT_SHOWN, Standing, Standings
from voltroam.roaming.directory import Directory
from voltroam.roaming.hub.agreements import ANY, Agreement, Agreements, Side
from voltroam.roaming.hub.book import AgreementBook
from voltroam.roaming.hub.health import Count, Health, health_of
from voltroam.roaming.hub.index import CONTRACT, KINDS, RoutingIndex, carries
from voltroam.roaming.hub.route import (
    Asked,
    Broadcast,
    Decision,
    Forward,
    GetAll,
    Local,
    Refuse,
    route,
)
from voltroam.roaming.hub.seats import Seat, World, sides
from voltroam.roaming.hub.surroundings import Surroundings
from voltroam.roaming.hub.tally import Tally
from voltroam.roaming.hub.trace import Hop, Trace
from voltroam.roaming.platforms import Platform, Status
from voltroam.standard.endpoints import Endpoint, Interface, Table
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.parties import PartyId
from voltroam.store.interface import Store
from voltroam.wire.call import Routing

SECOND = 1_000_000
NAMES: Mapping[type, str] = {
    Local: "local", Forward: "forward", Broadcast: "broadcast", GetAll: "get all",
    Refuse: "refuse",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PartySeen:
    """One party in one role. `behind` is the hub that it sits behind; `fresh` goes by module."""

    party: PartyId
    role: str
    platform: str
    """The partner's name."""
    status: str
    behind: PartyId | None
    offers: tuple[str, ...]
    """`locations/SENDER`."""
    fresh: Mapping[str, Fresh]


@dataclass(frozen=True, slots=True)
class Explained:
    """What would become of one call, and why. `agreement` is the one that decides, if any."""

    call: str
    decision: str
    row: str
    reason: str
    code: int | None
    receiver: str | None
    platform: str | None
    agreement: str | None


@dataclass(frozen=True, slots=True)
class HealthSeen:
    """One partner. `lag`: changes that its lane has yet to look at; None: it has no lane."""

    platform: Platform
    health: Health | None
    """None: it is not registered, or suspended."""
    lag: int | None


class HubSight:
    """`now` gives microseconds since 1970 UTC."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        table: Table,
        *,
        book: AgreementBook,
        surroundings: Surroundings,
        index: RoutingIndex,
        freshness: Freshness,
        tally: Tally,
        standings: Standings,
        trace: Trace,
        now: Callable[[], int],
    ) -> None:
        self._store = store
        self._directory = directory
        self._table = table
        self._now = now
        self.book = book
        self.surroundings = surroundings
        self.index = index
        self.freshness = freshness
        self.tally = tally
        self._standings = standings
        self.trace = trace
        self.modules = frozenset(
            module.name for module in table.modules.values() if module.functional
        )

    async def parties(self) -> list[PartySeen]:
        """Of all platforms and of those behind other hubs, by party and role."""
        world = await self.surroundings.world()
        names = {it.id: it.name for it in await self._directory.all()}
        fresh = {id_: await self.freshness.of(id_) for id_ in {it.platform for it in world.seats}}
        found = [
            PartySeen(
                seat.party,
                seat.role.value,
                names.get(seat.platform, seat.platform),
                seat.status.value,
                seat.behind,
                tuple(sorted(f"{name}/{side.value}" for name, side in seat.offers)),
                fresh[seat.platform],
            )
            for seat in world.seats
        ]
        return sorted(found, key=lambda it: (it.party.folded, it.role))

    async def routes(
        self,
        sender: PartyId,
        to: PartyId | None,
        *,
        module: str | None = None,
        about: Mapping[str, str] | None = None,
    ) -> list[Explained]:
        """What would become of each call that this party may make. `to` None: it names nobody.

        `about`: only calls that name these things (ids by `index.KINDS`), by which the receiver is
        found where none is named. Raises NotFound for a sender that is not here, CallerError for
        a module that is not, or a thing that no call names.
        """
        if module is not None and module not in self.modules:
            raise CallerError(f"there is no module {module}")
        things = dict(about or {})
        unknown = sorted(things.keys() - set(KINDS))
        if unknown:
            raise CallerError(f"no call is about a {unknown[0]}: it is one of {', '.join(KINDS)}")
        world, agreements = await self.surroundings.world(), await self.book.current()
        seats = world.of(sender)
        if not seats:
            raise NotFound(f"There is no party {sender}")
        platforms = {it.id: it for it in await self._directory.all()}
        found = []
        for row, seat in self._rows(seats, module, things):
            met = () if to else await self._found(row, things, sender, world)
            is_hub = platforms[seat.platform].is_hub
            asked = Asked(seat.platform, row, Routing(to, sender), is_hub, met)
            decision = route(asked, world)
            found.append(
                _explained(row, decision, _agreement(decision, seats, to, world, agreements),
                           platforms, by_path=bool(things))
            )  # fmt: skip
        return found

    async def receivers(self, hop: Hop) -> list[Standing] | None:
        """How the copies of a broadcast stand with each that may have it.

        None for what was no broadcast, and once something newer of the object came: then that is
        what everybody gets.
        """
        if hop.change is None:
            return None
        rows = await self._store.feed(hop.change - 1, 1)
        if not rows or rows[0].changed != hop.change:
            return None
        found = await self._standings.of(rows[0])
        return [it for it in found if it.state != NOT_SHOWN]

    async def health(self, *, within: float = 3600.0) -> list[HealthSeen]:
        """Of each registered partner over the last `within` seconds, by name."""
        counts = await self.tally.since(self._now() - int(within * SECOND))
        head = await self._store.head()
        platforms = [it for it in await self._directory.all() if it.is_registered]
        found = []
        for platform in sorted(platforms, key=lambda it: it.name.casefold()):
            note = await load(self._store, lane_key(platform.id), LaneNote)
            lag = None if note is None else max(0, head - note.cursor)
            health = None
            if platform.status is not Status.SUSPENDED:
                oldest = await self._oldest(note.cursor) if note is not None and lag else None
                count = counts.get(platform.id) or _first_look(platform)
                health = health_of(count, oldest)
            found.append(HealthSeen(platform, health, lag))
        return found

    async def platform_names(self) -> Mapping[str, str]:
        return {it.id: it.name for it in await self._directory.all()}

    async def _oldest(self, cursor: int) -> float | None:
        """Seconds since the first change that a lane has yet to deal with."""
        rows = await self._store.feed(cursor, 1)
        return max(0.0, (self._now() - rows[0].stored_at) / SECOND) if rows else None

    async def _found(
        self, row: Endpoint, things: Mapping[str, str], sender: PartyId, world: World
    ) -> Sequence[PartyId]:
        """Whom a call is meant for that names nobody, but these things."""
        if CONTRACT in things and carries(row, CONTRACT):
            return (_party(things[CONTRACT]),)
        return await self.index.expect(row, things, sender, world)

    def _rows(
        self, seats: Sequence[Seat], module: str | None, things: Collection[str]
    ) -> Iterator[tuple[Endpoint, Seat]]:
        """Those whose asking side one of the seats plays, with the first that does.

        Each way of calling once; if it is about something, only what names it.
        """
        met: set[tuple[str, str, str, str]] = set()
        for row in self._table.rows:
            if row.interface is None or not row.module.functional:
                continue
            asking = Interface.RECEIVER if row.interface is Interface.SENDER else Interface.SENDER
            way = _way(row, by_path=bool(things))
            name = (row.module.name, row.interface.value, row.method, way)
            seat = next((it for it in seats if it.role in sides(row.module, asking)), None)
            told = not things or any(carries(row, kind) for kind in things)
            if seat and told and module in (None, row.module.name) and name not in met:
                met.add(name)
                yield row, seat


def _first_look(platform: Platform) -> Count:
    """Of whom nothing is counted yet, the status of this moment tells."""
    return Count(looks=1, connected=int(platform.status is Status.CONNECTED))


def _agreement(
    decision: Decision,
    senders: Collection[Seat],
    to: PartyId | None,
    world: World,
    agreements: Agreements,
) -> Callable[[str], Agreement | None]:
    """Looks up which agreement decides about a module."""

    def find(module: str) -> Agreement | None:
        if isinstance(decision, Forward):
            return agreements.decisive(decision.sender, decision.receiver, module)
        for receiver in () if to is None else world.of(to):
            for sender in senders:
                found = agreements.decisive(sender, receiver, module)
                if found is not None:
                    return found
        return None

    return find


def _party(text: str) -> PartyId:
    """CallerError for what is none."""
    side = Side.read(text)
    if ANY in (side.country, side.party):
        raise CallerError(f"`{text}` is no party: write CC/PID")
    return PartyId(side.country, side.party)


def _way(row: Endpoint, *, by_path: bool) -> str:
    """`list`, `put` …; if paths matter, what has a path of its own without keys is called so."""
    literal = row.path and "{" not in row.path
    return row.path if by_path and literal else row.behaviour.value


def _explained(
    row: Endpoint,
    decision: Decision,
    agreement: Callable[[str], Agreement | None],
    platforms: Mapping[str, Platform],
    *,
    by_path: bool,
) -> Explained:
    side = row.interface.value if row.interface else ""
    receiver = decision.receiver if isinstance(decision, Forward) else None
    decisive = agreement(row.module.name)
    return Explained(
        call=f"{row.method} {row.module.name}/{side} {_way(row, by_path=by_path)}",
        decision=NAMES[type(decision)],
        row=decision.row.value,
        reason=decision.reason,
        code=int(decision.code) if isinstance(decision, Refuse) else None,
        receiver=None if receiver is None else str(receiver.party),
        platform=None if receiver is None else platforms[receiver.platform].name,
        agreement=None if decisive is None else decisive.id,
    )
