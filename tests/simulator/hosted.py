"""A charger world at a node's real charging: a store, a city, and a clock that tests move."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from tests.simulator import worlds

from voltroam.holdings import Holdings
from voltroam.roaming.authorizing.authorizer import Authorization
from voltroam.roaming.charging.charging import Charging
from voltroam.roaming.host import AnyCommand, Order
from voltroam.settings import read_settings, write_secret_key, write_settings
from voltroam.simulator import city
from voltroam.simulator.world.host import WorldHost
from voltroam.simulator.world.knobs import WorldKnobs
from voltroam.simulator.world.reporter import Reporter
from voltroam.simulator.world.sources import Sources
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import (
    CDR,
    ActiveChargingProfile,
    AllowedType,
    AuthMethod,
    CancelReservation,
    CommandType,
    Location,
    LocationReferences,
    ReserveNow,
    Session,
    StartSession,
    StopSession,
    Token,
    TokenType,
    UnlockConnector,
)
from voltroam.store.interface import Store
from voltroam.store.migrations import migrate
from voltroam.wire.decode import read
from voltroam.wire.times import to_micros

T = TypeVar("T")
START = worlds.NOW
ENCODER = worlds.ENCODER


@dataclass
class Clock:
    """Real time, as the node and the world see it."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def micros(self) -> int:
        return to_micros(self.at)


@dataclass
class Asked:
    """An authorizer that says what it was told to, and remembers who asked for what."""

    allowed: AllowedType = AllowedType.ALLOWED
    questions: list[tuple[str, LocationReferences | None]] = field(default_factory=list)

    async def authorize(
        self, token_uid: str, *, type: TokenType = TokenType.RFID,  # noqa: A002
        location: LocationReferences | None = None, operator: PartyId | None = None,
        contract_party: PartyId | None = None,
    ) -> Authorization:  # fmt: skip
        self.questions.append((token_uid, location))
        return Authorization(
            id="a", allowed=self.allowed, by="emsp", auth_method=AuthMethod.AUTH_REQUEST,
            authorization_reference="REF",
        )  # fmt: skip


@dataclass
class Told:
    """Steering that remembers what changed."""

    changes: list[tuple[str, ActiveChargingProfile]] = field(default_factory=list)

    async def changed(
        self, session_id: str, active: ActiveChargingProfile, *, operator: PartyId | None = None
    ) -> None:
        self.changes.append((session_id, active))


@dataclass
class Hosted:
    """The parts that a world meets, and the world."""

    holdings: Holdings
    charging: Charging
    host: WorldHost
    clock: Clock
    authorizer: Asked = field(default_factory=Asked)
    steering: Told = field(default_factory=Told)

    def __post_init__(self) -> None:
        self.reporter = Reporter(self, self.host.world, self.clock, self.host.steered)  # type: ignore[arg-type]  # the fakes stand in for parts of a node
        self.host.reporter = self.reporter

    @property
    def store(self) -> Store:
        return self.holdings.store

    async def begin(self, *, drivers: bool = True) -> None:
        """The world looks at the city for the first time."""
        places = await Sources(self.store).locations()
        await self.reporter.take_over(places)
        self.host.world.learn_locations(places)
        if drivers:
            self.host.world.learn_drivers(worlds.drivers())
        await self.host.live(self.reporter)

    async def live(self, seconds: float, *, step: float = 30.0) -> None:
        """Real seconds pass."""
        until = self.clock.at + timedelta(seconds=seconds)
        while self.clock.at < until:
            self.clock.at = min(self.clock.at + timedelta(seconds=step), until)
            await self.host.live(self.reporter)

    async def sessions(self) -> list[Session]:
        found = [row async for row in self.store.scan("sessions")]
        return [_value(Session, row.document) for row in found]

    async def cdrs(self) -> list[CDR]:
        found = [row async for row in self.store.scan("cdrs")]
        return [_value(CDR, row.document) for row in found]

    async def status(self, evse_uid: str) -> str:
        async for row in self.store.scan("locations"):
            for evse in _value(Location, row.document).evses or ():
                if evse.uid == evse_uid:
                    return evse.status.value
        raise LookupError(evse_uid)


def _value(shape: type[T], document: bytes) -> T:
    value = read(shape, document).value
    assert value is not None
    return value


@asynccontextmanager
async def hosted(
    folder: Path, knobs: WorldKnobs | None = None, *, clock: Clock | None = None
) -> AsyncIterator[Hosted]:
    """An operator with the small city of `worlds`, open until the block ends."""
    clock = clock or Clock()
    if not (folder / "voltroam.toml").exists():
        write_settings(
            folder, name="Noda", url="http://127.0.0.1:1", parties=["NL/NOD/CPO"], database=None
        )
        write_secret_key(folder)
        settings = read_settings(folder / "voltroam.toml")
        await asyncio.to_thread(lambda: asyncio.run(migrate(settings.database)))
    settings = read_settings(folder / "voltroam.toml")
    holdings = await Holdings.open(settings, folder)
    try:
        if not [1 async for _ in holdings.store.scan("locations")]:
            for tariff in city.tariffs(worlds.CPO, now=START):
                await holdings.keep("tariffs", ENCODER.encode(tariff), strict=True)
            for location in city.locations(worlds.CPO, count=30, seed=1, now=START):
                await holdings.keep("locations", ENCODER.encode(location), strict=True)
        yield Hosted(
            holdings,
            Charging(holdings.store, holdings.identity, clock.micros),
            WorldHost(knobs or WorldKnobs(), now=clock, latency=(0, 0)),
            clock,
        )
    finally:
        await holdings.close()


def order(
    it: Hosted,
    body: AnyCommand,
    *,
    id: str = "order-1",  # noqa: A002
    session_id: str | None = None,
    reservation: int | None = None,
    seconds: float = 60.0,
) -> Order:
    """A command of the eMSP as the node hands it over."""
    commands = {
        StartSession: CommandType.START_SESSION,
        StopSession: CommandType.STOP_SESSION,
        ReserveNow: CommandType.RESERVE_NOW,
        CancelReservation: CommandType.CANCEL_RESERVATION,
        UnlockConnector: CommandType.UNLOCK_CONNECTOR,
    }
    return Order(
        id=id,
        command=commands[type(body)],
        body=body,
        partner="movia",
        asked_by=worlds.EMSP,
        operator=worlds.CPO,
        deadline=it.clock.at + timedelta(seconds=seconds),
        session_id=session_id,
        charger_reservation=reservation,
    )


def driver(index: int = 0) -> Token:
    return worlds.drivers()[index]


__all__ = ["Asked", "Clock", "Hosted", "Told", "driver", "hosted", "order"]
