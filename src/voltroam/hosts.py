"""The host of a node: loaded as the settings name it, and alive for as long as the node works.

`host = "world"` is the charger world; `host = "chargers:HOST"` takes the name from that Python file
beside the settings, or from an installed package: a host, or what makes one when it is called.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

from voltroam.delivery.log import Log
from voltroam.modules import load
from voltroam.roaming.host import Host
from voltroam.settings import WORLD, Settings, SettingsError

METHODS = ("authorize", "consider", "carry_out", "consider_profile", "carry_out_profile", "prefer")
ENDING = 10.0
"""Seconds that a host which was told to end may still take."""
log = Log("voltroam.hosts")


def read_host(settings: Settings, folder: Path) -> Host | None:
    """None where the settings name none. Raises SettingsError."""
    place = settings.host
    if place is None:
        return None
    if place == WORLD:
        from voltroam.simulator.world.host import WorldHost

        return WorldHost(settings.world)
    found: Any = load(place, folder, setting="host", attribute="HOST")
    if isinstance(found, type) or not hasattr(found, METHODS[0]):
        found = _made(place, found)
    missing = [name for name in METHODS if not callable(getattr(found, name, None))]
    if missing:
        raise SettingsError(f"`host`: {place} has no `{missing[0]}`; is it a voltroam.Host?")
    return cast("Host", found)


def check_host(settings: Settings, folder: Path) -> None:
    """Whether the host's name leads somewhere; makes none. Raises SettingsError."""
    place = settings.host
    if place is not None and place != WORLD:
        load(place, folder, setting="host", attribute="HOST")


def _made(place: str, maker: Any) -> Any:
    if not callable(maker):
        raise SettingsError(f"`host`: {place} is no host, and nothing that makes one.")
    try:
        return maker()
    except Exception as error:
        raise SettingsError(f"`host`: {place} cannot be made: {error}.") from None


def living(host: Host, node: object) -> asyncio.Task[None] | None:
    """A host that has `async def run(self, node)` lives in the background of its node."""
    run: Callable[[object], Awaitable[None]] | None = getattr(host, "run", None)
    return None if run is None else asyncio.create_task(_live(run, node))


async def _live(run: Callable[[object], Awaitable[None]], node: object) -> None:
    """The node goes on without its host: partners still get their answers."""
    try:
        await run(node)
    except Exception:
        log.exception("host_failed")


async def ended(life: asyncio.Task[None]) -> None:
    """Cancel a host's life and wait for its end, but not for ever."""
    life.cancel()
    done, _ = await asyncio.wait({life}, timeout=ENDING)
    if not done:
        log.warning("host_goes_on", waited=ENDING)
