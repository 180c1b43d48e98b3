"""A served hub with its platforms, and one of them that shares its locations with all."""

import http.client
import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from bench import node, receivers
from bench.documents import dumps, location
from bench.servers import ROOT, Server, ask, cpu_ticks, launch, stop

T = TypeVar("T")
HUB = ("EU", "HUB")
CPO = ("NL", "CPO")
WAITING = 16
"""Changes of the operator that wait for their answers at most."""
RESTING = 0.5
"""Processor seconds per second of a hub that has nothing to do but look."""
TICKS = 100.0
"""CPU ticks per second."""


def party(number: int) -> tuple[str, str]:
    """Platform 0 is the operator, the others are eMSPs."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return CPO if number == 0 else ("DE", "E" + digits[number // 36] + digits[number % 36])


def moment() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def small(number: int, stamp: str) -> dict[str, Any]:
    """A location of one EVSE."""
    made = location(number, owner=CPO)
    return made | {"evses": made["evses"][:1], "last_updated": stamp}


def headers(token: str, sender: tuple[str, str], to: tuple[str, str]) -> dict[str, str]:
    named = node.signed(token, sender)
    named |= {"OCPI-to-country-code": to[0], "OCPI-to-party-id": to[1]}
    return {name: value for name, value in named.items() if name != "X-Correlation-ID"}


@dataclass(slots=True)
class Hub:
    folder: Path
    port: int
    ends: int
    """Port of the far ends."""
    process: subprocess.Popen[bytes] | None = None
    tokens: list[str] = field(default_factory=list)
    endpoints: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        return self.folder / "voltroam.toml"

    @classmethod
    def make(cls, folder: Path, port: int, ends: int, database: str | None = None) -> "Hub":
        command = ["init", str(folder), "--name", "hub", "--url", f"http://127.0.0.1:{port}"]
        command += ["--party", f"{HUB[0]}/{HUB[1]}/HUB", "--json"]
        node.voltroam(command + (["--db", database] if database else []))
        return cls(folder, port, ends)

    def serve(self, *, workers: int = 1, core: int | None = 0) -> None:
        command = [sys.executable, "-m", "voltroam", "-c", str(self.config)]
        command += ["serve", "--workers", str(workers)]
        env = {"VOLTROAM_LOG_LEVEL": "error", "VOLTROAM_HUB__ALIVE_AFTER": "86400"}
        self.process = launch(command, self.folder / "serve.log", core=core, env=env)
        node.wait_until(
            Server("", self.process, self.url, self.url, self.url), f"{self.url}/health"
        )

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process)
            self.process = None

    def join(self, count: int) -> None:
        """Platforms 0 to `count`; see `bench.hub.invitations`."""
        done = subprocess.run(
            [sys.executable, "-m", "bench.hub.invitations", str(self.config), str(count),
             str(self.ends)],
            capture_output=True, text=True, check=True, cwd=ROOT,
        )  # fmt: skip
        for number, token in enumerate(json.loads(done.stdout)):
            self.tokens.append(self._register(number, token))

    def _register(self, number: int, token: str) -> str:
        named = node.signed(token, party(number))
        if not self.endpoints:
            versions = json.loads(ask("GET", f"{self.url}/ocpi/versions", named))["data"]
            details = json.loads(ask("GET", versions[-1]["url"], named))["data"]
            self.endpoints = {
                (it["identifier"], it["role"]): it["url"] for it in details["endpoints"]
            }
        country, party_id = party(number)
        credentials = {
            "token": secrets.token_hex(16),
            "url": f"http://{receivers.host(number)}:{self.ends}/versions",
            "roles": [
                {
                    "role": "CPO" if number == 0 else "EMSP",
                    "country_code": country,
                    "party_id": party_id,
                    "business_details": {"name": f"Platform {number}"},
                }
            ],
        }
        url = self.endpoints["credentials", "SENDER"]
        answer = json.loads(ask("POST", url, named, dumps(credentials)))
        assert answer["status_code"] == 1000, answer
        return str(answer["data"]["token"])

    def location_url(self, number: int, evse: str = "") -> str:
        base = self.endpoints["locations", "RECEIVER"]
        return f"{base}/{CPO[0]}/{CPO[1]}/LOC{number}{evse}"

    def cpu(self) -> float:
        """Seconds of processor time so far, all processes of it."""
        assert self.process is not None
        return cpu_ticks(self.process.pid) / TICKS

    def rest(self, seconds: float = 90.0) -> None:
        """Until the first pulls of all platforms are over, or that long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            before = self.cpu()
            time.sleep(3.0)
            if self.cpu() - before < RESTING * 3.0:
                return

    def watched(self, work: Callable[[], T]) -> tuple[T, float]:
        """What the work gave, and the most memory (MiB) that was taken meanwhile."""
        most, done = [self.memory()], threading.Event()

        def watch() -> None:
            while not done.wait(1.0):
                most.append(self.memory())

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            return work(), max(most)
        finally:
            done.set()
            watcher.join()

    def memory(self) -> float:
        """MiB of all its processes."""
        assert self.process is not None
        total = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[2]) == self.process.pid:
                total += int(fields[21])
        return total * 4096 / 2**20


class Operator:
    """Platform 0: shares its locations with all, on many connections, at the rate that is asked."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._headers = headers(hub.tokens[0], CPO, HUB)
        self._at = urlsplit(hub.url)
        self._own = threading.local()
        self.newest: dict[str, str] = {}
        """What every platform should hold at the end: location, `last_updated`."""

    def put(self, number: int) -> None:
        stamp = moment()
        body = dumps(small(number, stamp))
        self._send("PUT", self._hub.location_url(number), body, number, stamp)

    def patch(self, number: int, turn: int) -> None:
        stamp = moment()
        status = ("CHARGING", "AVAILABLE", "BLOCKED")[turn % 3]
        body = dumps({"status": status, "last_updated": stamp})
        evse = small(number, stamp)["evses"][0]["uid"]
        self._send("PATCH", self._hub.location_url(number, f"/{evse}"), body, number, stamp)

    def _send(self, method: str, url: str, body: bytes, number: int, stamp: str) -> None:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self._at.hostname or "", self._at.port)
            self._own.connection = connection
        connection.request(method, urlsplit(url).path, body, self._headers)
        text = connection.getresponse().read()
        assert b'"status_code":1000' in text, text
        self.newest[f"LOC{number}"] = max(stamp, self.newest.get(f"LOC{number}", ""))

    def steadily(self, rate: float, seconds: float, locations: int) -> float:
        """Changes of one location after the other; how many were answered each second."""
        begin, total = time.perf_counter(), int(rate * seconds)
        with ThreadPoolExecutor(min(WAITING, locations)) as pool:
            sent = []
            for count in range(total):
                pause = begin + count / rate - time.perf_counter()
                if pause > 0:
                    time.sleep(pause)
                sent.append(pool.submit(self.patch, count % locations, count // locations))
            for one in sent:
                one.result()
        return total / (time.perf_counter() - begin)


class Ends:
    """The far ends, asked over HTTP."""

    def __init__(self, port: int, count: int, folder: Path) -> None:
        self.url = f"http://{receivers.host(0)}:{port}"
        command = [sys.executable, "-m", "bench.hub.far_ends", str(port), str(count)]
        self.process = launch(command, folder / "far_ends.log", core=1)
        node.wait_until(Server("", self.process, self.url, self.url, self.url), f"{self.url}/stats")

    def stop(self) -> None:
        stop(self.process)

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        return cpu_ticks(self.process.pid) / TICKS

    def stats(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(ask("GET", f"{self.url}/stats", {}))["data"]
        return found

    def clear(self) -> None:
        ask("GET", f"{self.url}/clear", {})

    def mode(self, **modes: str) -> None:
        query = "&".join(f"{name.lstrip('n')}={mode}" for name, mode in modes.items())
        ask("GET", f"{self.url}/mode?{query}", {})

    def differ(self, newest: Mapping[str, str]) -> int:
        """Platforms, the operator apart, that hold anything else."""
        return int(json.loads(ask("POST", f"{self.url}/differ?1", {}, dumps(newest)))["data"])

    def held(self, number: int) -> int:
        return int(json.loads(ask("GET", f"{self.url}/held?{number}", {}))["data"])

    def level(self, newest: Mapping[str, str], seconds: float) -> float:
        """Seconds until all are equal; infinite when they are not in time."""
        begin = time.perf_counter()
        while (spent := time.perf_counter() - begin) < seconds:
            if self.differ(newest) == 0:
                return spent
            time.sleep(0.1)
        return float("inf")
