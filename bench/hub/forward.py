"""Calls from one party to another: through the hub, and through nginx as a plain proxy.

Both stand on core 0, far end and load on core 1. Each round asks one after the other, so that what
else the machine does falls on both.
"""

import asyncio
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench import receivers
from bench.documents import dumps
from bench.hub.stage import CPO, Hub, headers, moment, party, small
from bench.servers import launch

CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Offered:
    """Milliseconds of answers at a steady rate."""

    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Forwarded:
    per_second: float
    per_cpu_second: float
    rate: float
    hub: Offered
    proxy: Offered | None
    """None where nginx is not installed."""

    @property
    def added(self) -> float | None:
        return None if self.proxy is None else self.hub.p50 - self.proxy.p50


class Load:
    """The same PUT again and again, on connections that stay open."""

    def __init__(self, url: str, target: str, named: dict[str, str]) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        body = dumps(small(1, moment()))
        fields = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        head = f"PUT {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n{fields}"
        self._request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        self._idle: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
            asyncio.LifoQueue()
        )
        self.times: list[float] = []

    async def open(self, count: int) -> None:
        for _ in range(count):
            self._idle.put_nowait(await asyncio.open_connection(self._host, self._port))

    async def one(self) -> None:
        begin = time.perf_counter()
        reader, writer = await self._idle.get()
        writer.write(self._request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
        body = await reader.readexactly(int(length))
        self._idle.put_nowait((reader, writer))
        self.times.append(time.perf_counter() - begin)
        assert b'"status_code":1000' in body, head + body

    async def flat_out(self, seconds: float) -> float:
        """Requests per second."""
        end, begin = time.perf_counter() + seconds, time.perf_counter()
        self.times.clear()

        async def worker() -> None:
            while time.perf_counter() < end:
                await self.one()

        await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))
        return len(self.times) / (time.perf_counter() - begin)

    async def steadily(self, rate: float, seconds: float) -> list[float]:
        self.times.clear()
        begin, tasks = time.perf_counter(), []
        for number in range(int(rate * seconds)):
            pause = begin + number / rate - time.perf_counter()
            if pause > 0:
                await asyncio.sleep(pause)
            tasks.append(asyncio.create_task(self.one()))
        await asyncio.gather(*tasks)
        return list(self.times)


def start_proxy(port: int, to: str, folder: Path) -> subprocess.Popen[bytes]:
    paths = " ".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "proxy.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        "events { worker_connections 512; }\n"
        f"http {{ access_log off; {paths} client_body_buffer_size 64k;\n"
        " keepalive_requests 100000000;\n"
        f" upstream far {{ server {to}; keepalive 64; }}\n"
        f" server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://far;\n"
        '  proxy_http_version 1.1; proxy_set_header Connection ""; } } }\n'
    )
    command = ["nginx", "-c", str(folder / "proxy.conf"), "-p", str(folder)]
    return launch(command, folder / "proxy.log", core=0)


async def measure(
    hub: Hub, proxy_port: int | None, *, rate: float, seconds: float, rounds: int
) -> Forwarded:
    to = party(1)
    path = f"/{CPO[0]}/{CPO[1]}/LOC1"
    named = headers(hub.tokens[0], CPO, to)
    load = Load(hub.url, urlsplit(hub.endpoints["locations", "RECEIVER"]).path + path, named)
    await load.open(CONNECTIONS)
    beside = None
    if proxy_port is not None:
        beside = Load(f"http://127.0.0.1:{proxy_port}", "/2.2.1/receiver/locations" + path, named)
        await beside.open(CONNECTIONS)
    await load.flat_out(1.0)
    fastest, per_cpu = [], []
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(rounds):
        before = hub.cpu()
        fastest.append(await load.flat_out(seconds))
        per_cpu.append(len(load.times) / max(hub.cpu() - before, 0.01))
        if beside is not None:
            theirs += await beside.steadily(rate, seconds)
        ours += await load.steadily(rate, seconds)
    return Forwarded(max(fastest), max(per_cpu), rate, _cut(ours), _cut(theirs) if theirs else None)


def _cut(times: list[float]) -> Offered:
    cuts = statistics.quantiles(times, n=100)
    return Offered(1000 * cuts[49], 1000 * cuts[98])


def far_end(port: int) -> str:
    return f"{receivers.host(1)}:{port}"
