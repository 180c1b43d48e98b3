"""The world as a hub sees it now: its platforms, the parties behind other hubs, the agreements."""

import asyncio
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)

import msgspec

from voltroam.roaming.directory import Directory
from voltroam.roaming.hub.agreements import Agreements
from voltroam.roaming.hub.book import AgreementBook
from voltroam.roaming.hub.planning import told_of
from voltroam.roaming.hub.seats import Offers, Seat, World
from voltroam.roaming.platforms import Identity, Platform, Status
from voltroam.standard.endpoints import CLIENT_INFO
from voltroam.standard.errors import OcpiError
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import ClientInfo, Role
from voltroam.store.interface import Store

FRESH = 1.0
"""Seconds for which the parties behind other hubs may be used again."""
_CLIENT = msgspec.json.Decoder(ClientInfo)


class Surroundings:
    """Builds the `World` anew when platforms, agreements or parties behind other hubs moved."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        identity: Identity,
        book: AgreementBook,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._directory = directory
        self._hub = identity.parties(Role.HUB)[0]
        self._book = book
        self._clock = clock
        self._known: tuple[Sequence[Platform], Agreements, World] | None = None
        self._read = 0.0
        """When the parties behind other hubs were read."""

    async def world(self) -> World:
        """As it stands, at most a second old. The same object for as long as nothing moved."""
        platforms = await self._directory.all()
        agreements = await self._book.current()
        known = self._known
        same = known is not None and known[1] is agreements and _same(known[0], platforms)
        hubs = {it.id: it for it in platforms if it.is_registered and it.is_hub}
        if known is not None and same and (not hubs or self._clock() - self._read < FRESH):
            return known[2]
        at = self._clock()
        seats = list(_without_former(seat for it in platforms for seat in _direct(it)))
        if hubs:
            seats += [seat async for seat in self._behind(hubs)]
        world = World(self._hub, seats, agreements.allowed)
        if known is not None and known[1] is agreements and world.seats == known[2].seats:
            world = known[2]
        self._known, self._read = (platforms, agreements, world), at
        return world

    async def world_with(self, caller: Platform) -> World:
        """The world, and the caller in it: it may have registered a moment ago at another process
        of this hub, and its first call must not find that it is nobody."""
        world = await self.world()
        if caller.is_hub or world.at(caller.id):
            return world
        self._directory.forget(caller.id)
        return await self.world()

    def forget(self) -> None:
        """What other hubs told is no longer true."""
        self._read = -FRESH

    async def _behind(self, hubs: Mapping[str, Platform]) -> AsyncIterator[Seat]:
        async for row in self._store.scan(CLIENT_INFO.kind):
            for source in sorted(row.sources & hubs.keys()):
                hub = hubs[source]
                info = _CLIENT.decode(row.document)
                party = PartyId(info.country_code, info.party_id)
                if not party.same(self._hub):
                    status = min_status(Status(info.status.value), hub.status)
                    yield Seat(party, info.role, hub.id, status, offers(hub), _first(hub))


class NextHubs:
    """Asks the hubs behind us whom they connect: at most once in `pause` seconds each.

    `pull` has a platform's hubclientinfo read; what it raises counts as no answer.
    """

    def __init__(
        self,
        directory: Directory,
        pull: Callable[[Platform], Awaitable[object]],
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: float = 30.0,
        timeout: float = 5.0,
    ) -> None:
        self._directory = directory
        self._pull = pull
        self._clock = clock
        self._pause = pause
        self._timeout = timeout
        self._asked: dict[str, float] = {}

    async def ask(self, caller: Platform) -> bool:
        """Whether any but the caller told anything."""
        now = self._clock()
        due = [
            hub
            for hub in await self._directory.all()
            if hub.is_registered and hub.is_hub and hub.id != caller.id
            and now - self._asked.get(hub.id, -self._pause) >= self._pause
        ]  # fmt: skip
        self._asked |= {hub.id: now for hub in due}
        return any(await asyncio.gather(*(self._told(hub) for hub in due)))

    async def _told(self, hub: Platform) -> bool:
        try:
            async with asyncio.timeout(self._timeout):
                await self._pull(hub)
        except (OcpiError, TimeoutError):
            return False
        return True


def _direct(platform: Platform) -> Iterator[Seat]:
    roles, status = told_of(platform)
    for role in () if platform.is_hub else roles:
        party = PartyId(role.country_code, role.party_id)
        yield Seat(party, role.role, platform.id, status, offers(platform))


def _without_former(seats: Iterable[Seat]) -> Iterator[Seat]:
    """A party that left and came back on another platform is no longer away."""
    all_of_them = tuple(seats)
    present = {
        (it.party.folded, it.role) for it in all_of_them if it.status is not Status.SUSPENDED
    }
    for seat in all_of_them:
        if seat.status is not Status.SUSPENDED or (seat.party.folded, seat.role) not in present:
            yield seat


def offers(platform: Platform) -> Offers:
    """The endpoints of a platform."""
    return frozenset((at.identifier, at.role) for at in platform.endpoints)


def min_status(told: Status, way: Status) -> Status:
    """A party behind another hub is connected only if both the party and the hub are."""
    return told if way is Status.CONNECTED else way


def _first(hub: Platform) -> PartyId:
    return hub.parties(Role.HUB)[0]


def _same(before: Sequence[Platform], now: Sequence[Platform]) -> bool:
    if before is now:
        return True
    return len(before) == len(now) and all(a is b for a, b in zip(before, now, strict=True))
