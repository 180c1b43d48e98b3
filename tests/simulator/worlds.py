"""Worlds for tests: a small city, its drivers, and a world that lets everybody in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TypeVar

import msgspec

from voltroam.roaming.host import Reading as MeterReading
from voltroam.simulator import city
from voltroam.simulator.world.faults import Fault, Luck
from voltroam.simulator.world.happenings import Begun, Came, Ended, Happening, Read
from voltroam.simulator.world.world import World
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Location, Token, TokenType
from voltroam.wire.decode import read

NOW = datetime(2026, 5, 1, 6, tzinfo=UTC)
CPO, EMSP = PartyId("NL", "NOD"), PartyId("DE", "MOV")
ENCODER = msgspec.json.Encoder(decimal_format="number")
H = TypeVar("H", bound=Happening)


@cache
def locations(count: int = 30) -> tuple[Location, ...]:
    made = city.locations(CPO, count=count, seed=1, now=NOW)
    read_ = [read(Location, ENCODER.encode(document)).value for document in made]
    return tuple(location for location in read_ if location is not None)


@cache
def drivers(count: int = 100) -> tuple[Token, ...]:
    made = city.tokens(EMSP, count=count, seed=1, now=NOW)
    read_ = [read(Token, ENCODER.encode(document)).value for document in made]
    return tuple(it for it in read_ if it is not None and it.type is TokenType.RFID)


def everybody(_: Came) -> bool:
    return True


def world(
    *,
    seed: int = 1,
    arrivals: float = 6.0,
    share: float = 0.0,
    forced: dict[str, Fault] | None = None,
    admits: Callable[[Came], bool] | None = everybody,
) -> World:
    made = World(
        seed=seed, begins=NOW, arrivals=arrivals, luck=Luck(share, forced or {}), admits=admits
    )
    made.learn_locations(locations())
    made.learn_drivers(drivers())
    return made


def quiet(forced: dict[str, Fault] | None = None) -> World:
    """Nobody comes by himself."""
    return world(arrivals=0, forced=forced)


def live(made: World, hours: float, *, chop: timedelta = timedelta(minutes=30)) -> list[Happening]:
    found: list[Happening] = []
    until = made.now + timedelta(hours=hours)
    while made.now < until:
        found += made.step(min(made.now + chop, until))
    return found


def of(found: list[Happening], kind: type[H]) -> list[H]:
    return [one for one in found if isinstance(one, kind)]


def charges(found: list[Happening]) -> dict[str, tuple[Begun, list[MeterReading], Ended]]:
    """Those that began and ended, with all their readings in order."""
    begun = {one.charge: one for one in of(found, Begun)}
    readings: dict[str, list[MeterReading]] = {}
    for one in found:
        if isinstance(one, Begun | Read | Ended):
            readings.setdefault(one.charge, []).append(one.reading)
    return {end.charge: (begun[end.charge], readings[end.charge], end) for end in of(found, Ended)}
