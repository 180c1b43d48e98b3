"""The demo's stage: two served nodes, the city that lives on one, and what is seen of it."""

import asyncio
import base64
import contextlib
import os
import signal
import socket
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from voltroam.cli.load import STATUS_LINES, load
from voltroam.cli.outcome import Stop, remark
from voltroam.node import Node
from voltroam.settings import read_settings, write_secret_key, write_settings
from voltroam.simulator import city
from voltroam.simulator.life import Happening, Life
from voltroam.standard.parties import PartyId
from voltroam.store.interface import ObjectKey
from voltroam.store.migrations import migrate

CPO, EMSP = PartyId("NL", "NOD"), PartyId("DE", "MOV")
TICK = 0.5
"""Seconds between two looks at the city."""
START_TIME, SETTLE_TIME = 30.0, 15.0
"""Seconds for a node to come up, and for the last changes to arrive."""
DRIVERS = 300
ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(slots=True)
class Play:
    """What is seen of the play so far."""

    urls: dict[str, str] = field(default_factory=dict)
    curl: str = ""
    objects: dict[str, dict[str, int]] = field(default_factory=dict)
    changes: int = 0
    pushes: int = 0
    errors: int = 0
    lags: deque[float] = field(default_factory=lambda: deque(maxlen=200))
    """Seconds from a committed change until the other side holds it."""
    refused: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    rates: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=10))

    @property
    def rate(self) -> float:
        """Pushes per second over the last moments."""
        if len(self.rates) < 2:
            return 0.0
        (before, few), (now, many) = self.rates[0], self.rates[-1]
        return (many - few) / max(now - before, 0.001)

    @property
    def lag(self) -> float | None:
        return sorted(self.lags)[len(self.lags) // 2] if self.lags else None


class Stage:
    """One demo; `play` runs it from the first process to the last."""

    def __init__(self, *, locations: int, pace: float, seed: int) -> None:
        self._count = locations
        self._pace = pace
        self._seed = seed
        self._seen = Play()
        self._children: list[asyncio.subprocess.Process] = []

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
        await asyncio.gather(*(self._serve(file) for file in files))
        async with contextlib.AsyncExitStack() as stack:
            cpo, emsp = [await stack.enter_async_context(_opened(file)) for file in files]
            await self._introduce(cpo, emsp)
            life = await self._wake(cpo, emsp)
            if not show:
                for name, url in self._seen.urls.items():
                    remark(f"{name}: {url}")
                remark(self._seen.curl)
            else:
                from voltroam.cli.screen import Screen

                stack.enter_context(Screen(self._seen))
            await self._run(cpo, emsp, life, seconds, stop)
            equal = await self._settle(cpo, emsp)
            return self._summary(equal)

    async def _make(self, folder: Path, name: str, party: str) -> Path:
        port = _free_port()
        url = f"http://127.0.0.1:{port}"
        file = write_settings(folder, name=name, url=url, parties=[party], database=None)
        write_secret_key(folder)
        await asyncio.to_thread(_migrate, read_settings(file).database)
        self._seen.urls[folder.name] = f"{url}/ocpi/versions"
        return file

    async def _serve(self, file: Path) -> None:
        log = (file.parent / "serve.log").open("wb")
        with log:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "voltroam", "-c", str(file), "serve",
                stdout=log, stderr=log, stdin=asyncio.subprocess.DEVNULL,
                env=os.environ | {"VOLTROAM_LOG_LEVEL": "warning"}, start_new_session=True,
            )  # fmt: skip
        self._children.append(child)
        settings = read_settings(file)
        deadline = time.monotonic() + START_TIME
        while not await _healthy(*settings.address):
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

    async def _wake(self, cpo: Node, emsp: Node) -> Life:
        now = datetime.now(UTC)
        locations = list(city.locations(CPO, count=self._count, seed=self._seed, now=now))
        tokens = list(city.tokens(EMSP, count=DRIVERS, seed=self._seed, now=now))
        await self._write(cpo, "tariffs", city.tariffs(CPO, now=now))
        await self._write(cpo, "locations", locations)
        await self._write(emsp, "tokens", tokens)
        life = Life(CPO, locations, tokens, seed=self._seed, pace=self._pace)
        await self._happen(cpo, life.wake(datetime.now(UTC)))
        return life

    async def _write(self, node: Node, module: str, documents: Iterable[Any]) -> None:
        encoded = [ENCODER.encode(document) for document in documents]
        report = await load(node.holdings, module, encoded, strict=True)
        self._seen.changes += report.accepted
        self._seen.refused += [str(refusal) for refusal in report.refused]

    async def _happen(self, cpo: Node, found: list[Happening]) -> None:
        for module in ("sessions", STATUS_LINES, "cdrs"):
            await self._write(cpo, module, [it.document for it in found if it.module == module])

    async def _run(
        self, cpo: Node, emsp: Node, life: Life, seconds: float | None, stop: asyncio.Event
    ) -> None:
        began = time.monotonic()
        probe: asyncio.Task[None] | None = None
        while not stop.is_set() and (seconds is None or time.monotonic() - began < seconds):
            for child in self._children:
                if child.returncode is not None:
                    raise Stop(f"A node of the demo ended by itself with exit {child.returncode}.")
            found = life.tick(datetime.now(UTC))
            await self._happen(cpo, found)
            if probe is None or probe.done():
                probe = self._probe(emsp, found)
            await self._look(cpo, emsp)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TICK)
        if probe is not None:
            probe.cancel()

    def _probe(self, emsp: Node, found: list[Happening]) -> asyncio.Task[None] | None:
        """Watch one session of this tick until the other side holds it."""
        sessions = [it.document for it in found if it.module == "sessions"]
        if not sessions:
            return None
        return asyncio.create_task(self._watch(emsp, sessions[-1], time.monotonic()))

    async def _watch(self, emsp: Node, session: dict[str, Any], began: float) -> None:
        key = ObjectKey("sessions", CPO.folded, session["id"].upper())
        moment = session["last_updated"].encode()
        while True:
            row = await emsp.store.get(key)
            if row is not None and moment in row.document:
                self._seen.lags.append(time.monotonic() - began)
                return
            await asyncio.sleep(0.02)

    async def _look(self, cpo: Node, emsp: Node) -> None:
        seen = self._seen
        for module in MODULES:
            seen.objects[module] = {
                "cpo": await _count(cpo, module),
                "emsp": await _count(emsp, module),
            }
        counts = [await _pushes(node) for node in (cpo, emsp)]
        seen.pushes = sum(good for good, _ in counts)
        seen.errors = sum(bad for _, bad in counts) + len(seen.refused)
        seen.rates.append((time.monotonic(), seen.pushes))

    async def _settle(self, cpo: Node, emsp: Node) -> bool:
        """Whether the other side holds exactly what it may see, once all is quiet."""
        deadline = time.monotonic() + SETTLE_TIME
        equal = await _equal(cpo, emsp)
        while not equal and time.monotonic() < deadline:
            await asyncio.sleep(0.25)
            equal = await _equal(cpo, emsp)
        await self._look(cpo, emsp)
        return equal

    def _summary(self, equal: bool) -> dict[str, Any]:
        seen = self._seen
        took = time.monotonic() - seen.started
        return {
            "equal": equal,
            "seconds": round(took, 1),
            "objects": seen.objects,
            "changes": seen.changes,
            "pushes": seen.pushes,
            "pushes_per_second": round(seen.pushes / took, 1),
            "lag_seconds": None if seen.lag is None else round(seen.lag, 3),
            "errors": seen.errors,
            "refused": seen.refused[:5],
            "urls": seen.urls,
            "curl": seen.curl,
        }

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


MODULES = ("tariffs", "locations", "tokens", "sessions", "cdrs")


@contextlib.asynccontextmanager
async def _opened(file: Path) -> Any:
    node = await Node.open(read_settings(file), file.parent)
    try:
        yield node
    finally:
        await node.close()


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


async def _count(node: Node, module: str) -> int:
    return len([1 async for _ in node.store.scan(module)])


async def _documents(node: Node, module: str) -> dict[ObjectKey, Any]:
    return {row.key: msgspec.json.decode(row.document) async for row in node.store.scan(module)}


async def _equal(cpo: Node, emsp: Node) -> bool:
    for module in MODULES:
        if await _documents(cpo, module) != await _documents(emsp, module):
            return False
    return True


async def _http(host: str, port: int, path: str) -> tuple[int, bytes]:
    """A bare GET on loopback: the demo looks from outside, as an operator's monitor would."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1]), body
    finally:
        writer.close()


async def _healthy(host: str, port: int) -> bool:
    try:
        status, _ = await _http(host, port, "/health")
    except (OSError, ValueError, IndexError):
        return False
    return status == 200


async def _pushes(node: Node) -> tuple[int, int]:
    """Writes that a node answered with 1000, and those that it did not, from its /metrics."""
    try:
        _, page = await _http(*node.holdings.settings.address, "/metrics")
    except (OSError, ValueError, IndexError):
        return 0, 0
    good = bad = 0
    for line in page.decode().splitlines():
        name, _, rest = line.partition("{")
        if name != "voltroam_requests_total" or 'interface="RECEIVER"' not in rest:
            continue
        if 'method="GET"' in rest:
            continue
        number = int(float(rest.rsplit(" ", 1)[1]))
        if 'code="1000"' in rest:
            good += number
        else:
            bad += number
    return good, bad
