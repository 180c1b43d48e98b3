"""What every demo stands on: served nodes in a folder that goes, and a city's time."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from voltroam.cli import stage_sight as sight
from voltroam.cli.outcome import Stop, remark
from voltroam.node import Node
from voltroam.settings import read_settings, write_secret_key, write_settings
from voltroam.store.migrations import migrate

START_TIME = 30.0
"""Seconds for a node to come up."""
HISTORY = 600.0
"""Seconds that a fast city has at least until it reaches the present."""
MORNING = 7
"""Hour of the day at which a fast city begins: a demo of the night would show little."""
FAST = 60
"""From this scale on a city begins in the morning; a slower one would take days until now."""
FAULTS = 0.03
MODERN = 'versions = ["2.2.1", "2.3.0"]'

Acts = Callable[[Path, asyncio.Event], Awaitable[dict[str, Any]]]
"""Plays in a folder until the event; the summary."""


class Servers:
    """The processes of one demo; none outlives `play`."""

    def __init__(self) -> None:
        self._children: list[asyncio.subprocess.Process] = []
        self.urls: dict[str, str] = {}

    async def play(self, acts: Acts) -> dict[str, Any]:
        """A signal says stop; whatever happens, nothing is left behind."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        with tempfile.TemporaryDirectory(prefix="voltroam-demo-") as folder:
            try:
                return await acts(Path(folder), stop)
            except Exception:
                _tell_logs(Path(folder))
                raise
            finally:
                await self._end()

    async def make(self, folder: Path, name: str, *parties: str, modern: bool = False) -> Path:
        """A new node; its settings. `modern`: it speaks 2.3.0 too."""
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        file = write_settings(folder, name=name, url=url, parties=list(parties), database=None)
        if modern:
            file.write_text(f"{MODERN}\n{file.read_text('utf-8')}", "utf-8")
        write_secret_key(folder)
        await asyncio.to_thread(_migrate, read_settings(file).database)
        self.urls[folder.name] = f"{url}/ocpi/versions"
        return file

    async def serve(self, file: Path, settings: Mapping[str, str]) -> None:
        """Until it is healthy. Stop if it does not come up."""
        log = (file.parent / "serve.log").open("wb")
        with log:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "voltroam", "-c", str(file), "serve",
                stdout=log, stderr=log, stdin=asyncio.subprocess.DEVNULL,
                env={**os.environ, "VOLTROAM_LOG_LEVEL": "warning", **settings},
                start_new_session=True,
            )  # fmt: skip
        self._children.append(child)
        address = read_settings(file).address
        deadline = time.monotonic() + START_TIME
        while not await sight.healthy(*address):
            if child.returncode is not None or time.monotonic() > deadline:
                words = (file.parent / "serve.log").read_text("utf-8", "replace")[-2000:]
                raise Stop(f"A node of the demo did not start:\n{words}")
            await asyncio.sleep(0.05)

    def check(self) -> None:
        """Stop if one of them ended."""
        for child in self._children:
            if child.returncode is not None:
                raise Stop(f"A node of the demo ended by itself with exit {child.returncode}.")

    async def _end(self) -> None:
        for child in self._children:
            if child.returncode is None:
                child.terminate()
        for child in self._children:
            try:
                await asyncio.wait_for(child.wait(), 10)
            except TimeoutError:
                remark(f"process {child.pid} did not end in time and is killed")
                child.kill()
                await child.wait()


@contextlib.asynccontextmanager
async def opened(file: Path) -> AsyncIterator[Node]:
    """The node of a served process, opened beside it."""
    node = await Node.open(read_settings(file), file.parent)
    try:
        yield node
    finally:
        await node.close()


def begins(now: datetime, scale: float) -> datetime:
    """The last morning that leaves a fast city enough time until the present."""
    latest = now - timedelta(seconds=(scale - 1) * HISTORY)
    if scale < FAST:
        return latest
    local = latest.astimezone(ZoneInfo("Europe/Amsterdam"))
    morning = local.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    if morning > local:
        morning -= timedelta(days=1)
    return morning.astimezone(UTC)


def world(lead: timedelta, places: int, *, seed: int, scale: float, pace: float) -> dict[str, str]:
    """Settings of a city that begins `lead` ago; `pace` cars arrive each second."""
    catch_up = lead.total_seconds() / (scale - 1) if scale > 1 else 1.0
    return {
        "VOLTROAM_HOST": "world",
        "VOLTROAM_WORLD__SEED": str(seed),
        "VOLTROAM_WORLD__SCALE": str(scale),
        "VOLTROAM_WORLD__CATCH_UP": str(catch_up),
        "VOLTROAM_WORLD__ARRIVALS": str(min(pace * 86_400 / (scale * places), 1000)),
        "VOLTROAM_WORLD__FAULTS": str(FAULTS),
    }


def _tell_logs(folder: Path) -> None:
    """What the nodes said last, before their folder goes."""
    for log in sorted(folder.glob("*/serve.log")):
        remark(f"{log.parent.name}: {log.read_text('utf-8', 'replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
    return port


def _migrate(database: str) -> None:
    asyncio.run(migrate(database))
