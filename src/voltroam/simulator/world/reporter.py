"""Tells the node what happened in the world, in order for each charge, many charges at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

import msgspec

from voltroam.delivery.log import Log
from voltroam.roaming.authorizing.authorizer import Authorizer
from voltroam.roaming.charging.charge import Charge as Session
from voltroam.roaming.charging.charging import Charging
from voltroam.roaming.directory import Directory
from voltroam.roaming.profiling.steering import Steering
from voltroam.simulator.world.diary import Packages
from voltroam.simulator.world.happenings import (
    Abandoned,
    Awaited,
    Begun,
    Came,
    Ended,
    Happening,
    Read,
    StatusChanged,
    Steered,
)
from voltroam.simulator.world.world import World
from voltroam.standard.errors import OcpiError, Overloaded
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import (
    ActiveChargingProfile,
    AuthMethod,
    Location,
    LocationReferences,
    SessionStatus,
)
from voltroam.store.interface import Store
from voltroam.wire.times import format_datetime

AT_ONCE = 32
"""Lines of happenings that are reported at the same time."""
TRIES, PAUSE = 60, 0.5
"""How often an overloaded node is told again, and seconds between."""
log = Log("voltroam.world")


class Statuses(Protocol):
    """Takes the status of an own EVSE, one line of JSON."""

    async def keep_status(self, line: bytes) -> None: ...


class NodePorts(Protocol):
    """What the world needs of its node."""

    @property
    def store(self) -> Store: ...
    @property
    def holdings(self) -> Statuses: ...
    @property
    def charging(self) -> Charging: ...
    @property
    def authorizer(self) -> Authorizer: ...
    @property
    def steering(self) -> Steering: ...
    @property
    def directory(self) -> Directory: ...
    @property
    def packaged(self) -> Packages: ...


class Reporter:
    """`charges` maps sessions (folded) to the world's charges, for orders about them."""

    def __init__(
        self,
        node: NodePorts,
        world: World,
        now: Callable[[], datetime],
        active: Callable[[str], ActiveChargingProfile | None],
    ) -> None:
        self._node = node
        self._world = world
        self._now = now
        self._active = active
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._sessions: dict[str, str] = {}
        self._methods: dict[str, tuple[AuthMethod, str | None]] = {}
        self.charges: dict[str, str] = {}

    async def take_over(self, locations: Iterable[Location]) -> None:
        """Close what another life of this world left open at these locations."""
        for location in locations:
            operator = PartyId(location.country_code, location.party_id)
            for session in await self._node.charging.open_at(location.id, operator):
                await self._guarded(partial(self._close, session), session.id)

    async def _close(self, session: Session) -> None:
        charging = self._node.charging
        if session.status is SessionStatus.PENDING:
            await charging.invalidate(session.id, "the charger lost its power")
        elif session.status is SessionStatus.ACTIVE:
            course = session.course
            await charging.end(session.id, course.last.at if course else session.started)

    async def report(self, found: Sequence[Happening]) -> None:
        """Returns when all is told; what the node refuses is logged and passed over."""
        lines: dict[str, list[Happening]] = {}
        for one in found:
            lines.setdefault(_line(one), []).append(one)
        await asyncio.gather(*(self._tell(line, several) for line, several in lines.items()))

    async def _tell(self, line: str, several: list[Happening]) -> None:
        async with self._gate:
            for one in _last_only(several):
                await self._guarded(partial(self._one, one), line)

    async def _guarded(self, tell: Callable[[], Awaitable[None]], line: str) -> None:
        """One report that fails is no reason for the city to stand still."""
        for _ in range(TRIES):
            try:
                return await tell()
            except Overloaded:
                await asyncio.sleep(PAUSE)
            except OcpiError as error:
                log.warning("not_reported", about=line, reason=error.message)
                return None
        log.warning("not_reported", about=line, reason="the node is overloaded")
        return None

    async def _one(self, one: Happening) -> None:
        match one:
            case StatusChanged():
                await self._status(one)
            case Came():
                await self._came(one)
            case Awaited():
                await self._await(one)
            case Begun():
                await self._begin(one)
            case Read():
                if (session := self._sessions.get(one.charge)) is not None:
                    await self._node.charging.read(session, one.reading)
            case Ended():
                await self._end(one)
            case Abandoned():
                await self._abandoned(one)
            case Steered():
                await self._steered(one)
            case _:
                pass

    async def _status(self, one: StatusChanged) -> None:
        """Now, whatever the world's clock shows: it is the status of this moment."""
        place = one.place
        line = {
            "location_id": place.location_id,
            "evse_uid": place.evse_uid,
            "status": one.status,
            "last_updated": format_datetime(self._now()),
            "country_code": place.operator.country_code,
            "party_id": place.operator.party_id,
        }
        await self._node.holdings.keep_status(msgspec.json.encode(line))

    async def _came(self, one: Came) -> None:
        """A card at the reader: whoever is asked, nothing flows before the answer."""
        place = one.place
        try:
            found = await self._node.authorizer.authorize(
                one.token.uid,
                type=one.token.type,
                location=LocationReferences(
                    location_id=place.location_id, evse_uids=[place.evse_uid]
                ),
                operator=place.operator,
                contract_party=PartyId(one.token.country_code, one.token.party_id),
            )
        except OcpiError:
            self._world.turn_away(one.charge)
            raise
        if not found.is_allowed:
            self._world.turn_away(one.charge)
            return
        self._methods[one.charge] = (found.auth_method, found.authorization_reference)
        self._world.admit(one.charge)

    async def _await(self, one: Awaited) -> None:
        """A session that waits; where the place was reserved its session is there already."""
        if one.reserved:
            return
        session = await self._node.charging.begin(
            location_id=one.place.location_id, evse_uid=one.place.evse_uid,
            connector_id=one.place.connector_id, operator=one.place.operator,
            token=one.token, auth_method=AuthMethod.COMMAND, at=one.at,
            authorization_reference=one.reference, order_id=one.order, pending=True,
        )  # fmt: skip
        self._remember(one.charge, session)

    async def _begin(self, one: Begun) -> None:
        method, reference = self._methods.pop(one.charge, (AuthMethod.WHITELIST, None))
        if one.order is not None:
            method = AuthMethod.COMMAND
        reference = one.reference or reference
        session = await self._node.charging.begin(
            location_id=one.place.location_id, evse_uid=one.place.evse_uid,
            connector_id=one.place.connector_id, operator=one.place.operator,
            token=one.token, auth_method=method, at=one.at,
            authorization_reference=reference, order_id=one.order, meter_id=one.meter,
            session_id=self._sessions.get(one.charge), reading=one.reading,
        )  # fmt: skip
        self._remember(one.charge, session)

    async def _end(self, one: Ended) -> None:
        session = self._forget(one.charge)
        if session is None:
            return
        if await self._node.charging.end(session, one.at, one.reading) is None:
            log.warning("no_cdr", session=session)

    async def _abandoned(self, one: Abandoned) -> None:
        """Nobody plugged in; a place that was reserved stays so until the reservation ends."""
        session = self._forget(one.charge)
        if session is None:
            return
        charge = await self._node.charging.find(session)
        if charge is not None and charge.status is not SessionStatus.RESERVATION:
            await self._node.charging.invalidate(session, one.why)

    async def _steered(self, one: Steered) -> None:
        session, active = self._sessions.get(one.charge), self._active(one.charge)
        if session is not None and active is not None:
            await self._node.steering.changed(session, active)

    def _remember(self, charge: str, session: str) -> None:
        self._sessions[charge] = session
        self.charges[session.upper()] = charge

    def _forget(self, charge: str) -> str | None:
        session = self._sessions.pop(charge, None)
        if session is not None:
            self.charges.pop(session.upper(), None)
        return session


def _line(one: Happening) -> str:
    """What is told in order: all about one charge, and all statuses of one EVSE."""
    if isinstance(one, StatusChanged):
        return f"{one.place.location_id}/{one.place.evse_uid}"
    return getattr(one, "charge", "")


def _last_only(several: list[Happening]) -> list[Happening]:
    """Of several statuses at once only the last is true now."""
    if isinstance(several[0], StatusChanged):
        return several[-1:]
    return several
