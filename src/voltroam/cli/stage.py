"""The demo's stage: two served nodes, a city that lives on one, and drivers who use the other."""

import asyncio
import base64
import contextlib
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from voltroam.cli import stage_sight as sight
from voltroam.cli.load import load
from voltroam.cli.outcome import Stop, remark
from voltroam.cli.stage_sight import Play
from voltroam.node import Node
from voltroam.settings import read_settings, write_secret_key, write_settings
from voltroam.simulator import city
from voltroam.simulator.world.standstill import stand_still
from voltroam.standard.errors import OcpiError
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Capability, TokenType
from voltroam.store.migrations import migrate

CPO, EMSP = PartyId("NL", "NOD"), PartyId("DE", "MOV")
TICK = 0.5
"""Seconds between two looks."""
START_TIME, SETTLE_TIME = 30.0, 15.0
"""Seconds for a node to come up, and for the last changes to arrive."""
DRIVERS = 300
HISTORY = 600.0
"""Seconds that a fast city has at least until it reaches the present."""
MORNING = 7
"""Hour of the day at which a fast city begins: a demo of the night would show little."""
FAST = 60
"""From this scale on a city begins in the morning; a slower one would take days until now."""
FAULTS = 0.03
NEEDED = Capability.REMOTE_START_STOP_CAPABLE
APP_EVERY = 1.5
"""Seconds between two drivers who start in the app."""
ENCODER = msgspec.json.Encoder(decimal_format="number")


class Stage:
    """One demo; `play` runs it from the first process to the last."""

    def __init__(self, *, locations: int, pace: float, seed: int, scale: float) -> None:
        self._seed = seed
        self._scale = scale
        self._seen = Play()
        self._children: list[asyncio.subprocess.Process] = []
        now = datetime.now(UTC)
        self._begins = _begins(now, scale)
        self._locations = list(city.locations(CPO, count=locations, seed=seed, now=self._begins))
        self._tokens = list(city.tokens(EMSP, count=DRIVERS, seed=seed, now=self._begins))
        places = sum(len(location["evses"]) for location in self._locations)
        self._world = {
            "VOLTROAM_HOST": "world",
            "VOLTROAM_WORLD__SEED": str(seed),
            "VOLTROAM_WORLD__SCALE": str(scale),
            "VOLTROAM_WORLD__CATCH_UP": str(_catch_up(now - self._begins, scale)),
            "VOLTROAM_WORLD__ARRIVALS": str(min(pace * 86_400 / (scale * places), 1000)),
            "VOLTROAM_WORLD__FAULTS": str(FAULTS),
        }

    async def play(self, seconds: float | None, *, show: bool) -> dict[str, Any]:
        """Until time is up or a signal says stop; the summary. No process is left behind."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        with tempfile.TemporaryDirectory(prefix="voltroam-demo-") as folder:
            try:
                return await self._acts(Path(folder), seconds, stop, show=show)
            except Exception:
                _tell_logs(Path(folder))
                raise
            finally:
                await self._end_children()

    async def _acts(
        self, folder: Path, seconds: float | None, stop: asyncio.Event, *, show: bool
    ) -> dict[str, Any]:
        files = [
            await self._make(folder / "cpo", "Noda Charging", f"{CPO}/CPO"),
            await self._make(folder / "emsp", "Movia", f"{EMSP}/EMSP"),
        ]
        await asyncio.gather(self._serve(files[0], self._world), self._serve(files[1], {}))
        async with contextlib.AsyncExitStack() as stack:
            cpo, emsp = [await stack.enter_async_context(_opened(file)) for file in files]
            await self._introduce(cpo, emsp)
            await self._load(cpo, emsp)
            self._seen.tries = _tries(files[1], self._locations, self._tokens)
            if not show:
                for name, url in self._seen.urls.items():
                    remark(f"{name}: {url}")
                for line in (self._seen.curl, *self._seen.tries):
                    remark(line)
            else:
                from voltroam.cli.screen import Screen

                stack.enter_context(Screen(self._seen))
            await self._run(cpo, emsp, seconds, stop)
            equal = await self._settle(cpo, emsp)
            return self._seen.summary(equal)

    async def _make(self, folder: Path, name: str, party: str) -> Path:
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        file = write_settings(folder, name=name, url=url, parties=[party], database=None)
        write_secret_key(folder)
        await asyncio.to_thread(_migrate, read_settings(file).database)
        self._seen.urls[folder.name] = f"{url}/ocpi/versions"
        return file

    async def _serve(self, file: Path, settings: Mapping[str, str]) -> None:
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

    async def _introduce(self, cpo: Node, emsp: Node) -> None:
        made = await cpo.registration.invite("movia")
        await emsp.registration.register(made.versions_url, made.token, "noda")
        partner = await emsp.holdings.partner("noda")
        shown = base64.b64encode(
            emsp.holdings.vault.open(partner.token_sealed or "").encode()
        ).decode()
        url = next(at.url for at in partner.endpoints if at.identifier == "locations")
        self._seen.curl = f"curl -H 'Authorization: Token {shown}' '{url}?limit=2'"

    async def _load(self, cpo: Node, emsp: Node) -> None:
        """Drivers first: a city wakes up when it has both, and then they are all there."""
        await self._write(emsp, "tokens", self._tokens)
        deadline = time.monotonic() + SETTLE_TIME
        head = 0
        while await sight.count(cpo, "tokens") < DRIVERS and time.monotonic() < deadline:
            head = await cpo.store.wait_for_change(head, 0.5)
        await self._write(cpo, "tariffs", city.tariffs(CPO, now=self._begins))
        await self._write(cpo, "locations", self._locations)

    async def _write(self, node: Node, module: str, documents: Iterable[Any]) -> None:
        encoded = [ENCODER.encode(document) for document in documents]
        report = await load(node.holdings, module, encoded, strict=True)
        self._seen.refused += [str(refusal) for refusal in report.refused]

    async def _run(self, cpo: Node, emsp: Node, seconds: float | None, stop: asyncio.Event) -> None:
        began = time.monotonic()
        beside = [
            asyncio.create_task(self._probe(cpo, emsp)),
            asyncio.create_task(self._drive(emsp)),
        ]
        try:
            while not stop.is_set() and (seconds is None or time.monotonic() - began < seconds):
                for child in self._children:
                    if child.returncode is not None:
                        code = child.returncode
                        raise Stop(f"A node of the demo ended by itself with exit {code}.")
                await sight.look(self._seen, cpo, emsp)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), TICK)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _probe(self, cpo: Node, emsp: Node) -> None:
        while True:
            await sight.watch_one(self._seen, cpo, emsp, CPO)

    async def _drive(self, emsp: Node) -> None:
        """Drivers with the eMSP's app: START_SESSION where the app shows a free EVSE."""
        dice = random.Random(f"{self._seed} app")  # noqa: S311
        users = [it["uid"] for it in self._tokens if it["type"] == "APP_USER" and it["valid"]]
        async with asyncio.TaskGroup() as group:
            while users:
                await asyncio.sleep(APP_EVERY)
                group.create_task(self._start(emsp, dice.choice(users), dice))

    async def _start(self, emsp: Node, user: str, dice: random.Random) -> None:
        location = dice.choice(self._locations)
        commands = self._seen.commands
        try:
            sent = await emsp.commands.start_session(
                "noda", token=(user, TokenType.APP_USER), location_id=location["id"]
            )
            commands["sent"] += 1
            done = await emsp.commands.await_result(sent.id)
        except OcpiError as error:
            self._seen.refused.append(error.message)
            return
        commands["accepted"] += done.succeeded

    async def _settle(self, cpo: Node, emsp: Node) -> bool:
        """Whether the other side holds exactly what it may see, once all is quiet."""
        await stand_still(cpo.store)
        deadline = time.monotonic() + SETTLE_TIME
        equal = await sight.equal(cpo, emsp)
        while not equal and time.monotonic() < deadline:
            await asyncio.sleep(0.25)
            equal = await sight.equal(cpo, emsp)
        await sight.look(self._seen, cpo, emsp)
        return equal

    async def _end_children(self) -> None:
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
async def _opened(file: Path) -> Any:
    node = await Node.open(read_settings(file), file.parent)
    try:
        yield node
    finally:
        await node.close()


def _tries(file: Path, locations: list[Any], tokens: list[Any]) -> list[str]:
    """What a provider's desk may type meanwhile: start a charge, follow it to its bill."""
    desk = f"voltroam -c {file}"
    user = next((it["uid"] for it in tokens if it["type"] == "APP_USER" and it["valid"]), None)
    place = next(
        (
            (location["id"], evse["uid"])
            for location in reversed(locations)
            for evse in location["evses"]
            if evse["status"] == "AVAILABLE" and NEEDED in evse["capabilities"]
        ),
        None,
    )
    if user is None or place is None:
        return []
    return [
        f"{desk} command start --partner noda --location {place[0]} --evse {place[1]}"
        f" --token {user} --json",
        f"{desk} watch --session SESSION_ID",
    ]


def _begins(now: datetime, scale: float) -> datetime:
    """The last morning that leaves a fast city enough time until the present."""
    latest = now - timedelta(seconds=(scale - 1) * HISTORY)
    if scale < FAST:
        return latest
    local = latest.astimezone(ZoneInfo("Europe/Amsterdam"))
    morning = local.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    if morning > local:
        morning -= timedelta(days=1)
    return morning.astimezone(UTC)


def _catch_up(lead: timedelta, scale: float) -> float:
    return lead.total_seconds() / (scale - 1) if scale > 1 else 1.0


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
