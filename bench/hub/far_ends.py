"""The platforms of a hub in one process: `python -m bench.hub.far_ends PORT COUNT`.

Those of `bench.receivers`, each with a memory: the newest `last_updated` that it was given of each
location. `/mode?N=dead|slow|broken|up` makes number N misbehave, `/differ?FIRST` (POST, the state
that all should have) counts those that have another one, `/clear` forgets the figures.
"""

import asyncio
import json
import sys
import time
from datetime import datetime
from functools import cache, partial
from typing import Any, cast

from bench.receivers import ACCEPTED, STAMP, Receiver, Stats, envelope, host

BROKEN = b"HTTP/1.1 503 No\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
LENGTH, PUSHED = b"content-length: ", b" /2.2.1/"
"""As our client writes them."""
SLOW = 20.0
"""Seconds that a slow one takes for each answer."""
MODULES = ("locations", "tariffs", "tokens", "sessions", "cdrs", "commands")


class Ages(Stats):
    """Of all platforms that behave; what each one holds stands with it.

    A push is noted as it came: how old its news was is worked out when somebody asks.
    """

    def clear(self) -> None:
        super().clear()
        self.came: list[tuple[float, bytes]] = []

    def report(self) -> dict[str, Any]:
        moments = [now for now, _ in self.came]
        ages = [now - datetime.fromisoformat(at.decode()).timestamp() for now, at in self.came]
        return {
            "count": len(moments), "first": min(moments, default=0.0),
            "last": max(moments, default=0.0), "ages": ages,
        }  # fmt: skip


@cache
def object_of(target: bytes) -> bytes:
    """The location that a path names: all platforms are asked for the same ones."""
    parts = target.split(b"/locations/")[-1].split(b"/")
    return parts[2] if len(parts) > 2 else parts[-1]


class FarEnd:
    """One platform: its memory, its mode, and its listener."""

    def __init__(self, number: int, port: int, stats: Ages) -> None:
        self.number = number
        self.port = port
        self.stats = stats
        self.mode = "up"
        self.tainted = False
        """It misbehaved once: what it catches up with later says nothing of the others."""
        self.held: dict[bytes, bytes] = {}
        self.server: asyncio.Server | None = None
        self.open: set[asyncio.Transport] = set()

    async def listen(self) -> None:
        base = f"http://{host(self.number)}:{self.port}"
        self.server = await asyncio.get_running_loop().create_server(
            partial(Connection, base, self), host(self.number), self.port
        )

    def keep(self, target: bytes, request: bytes) -> None:
        """The newest `last_updated` in a request is that of the location itself."""
        at = request.rfind(STAMP)
        if at < 0:
            return
        at += len(STAMP)
        stamp, key = request[at : request.index(b'"', at)], object_of(target)
        if stamp > self.held.get(key, b""):
            self.held[key] = stamp
        if not self.tainted:
            self.stats.came.append((time.time(), stamp))


class City:
    """All of them, and what is asked about them."""

    def __init__(self, port: int, count: int) -> None:
        self.stats = Ages()
        self.ends = [FarEnd(number, port, self.stats) for number in range(count)]

    async def mode(self, number: int, mode: str) -> None:
        end = self.ends[number]
        end.tainted = end.tainted or mode != "up"
        if mode == "dead" and end.server is not None:
            end.server.close()
            end.server = None
            for transport in list(end.open):
                transport.abort()
        elif mode != "dead" and end.server is None:
            await end.listen()
        end.mode = mode

    def differ(self, newest: dict[str, str], first: int) -> int:
        wanted = {key.encode(): stamp.encode() for key, stamp in newest.items()}
        return sum(
            any(end.held.get(key) != stamp for key, stamp in wanted.items())
            for end in self.ends[first:]
            if end.mode == "up"
        )


CITY: list[City] = []


class Connection(Receiver):
    def __init__(self, base: str, end: FarEnd) -> None:
        super().__init__(base, end.stats)
        self.end = end

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.end.open.add(cast("asyncio.Transport", transport))

    def connection_lost(self, exc: Exception | None) -> None:
        self.end.open.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        """A push that came in one piece is answered first and read after; else as it comes."""
        end = data.find(b"\r\n\r\n")
        at = data.find(LENGTH, 0, end)
        if (
            end < 0
            or self.buffer
            or self.end.mode != "up"
            or at < 0
            or data.find(PUSHED, 0, 16) < 0
        ):
            super().data_received(data)
            return
        at += len(LENGTH)
        if len(data) != end + 4 + int(data[at : data.index(b"\r", at)]):
            super().data_received(data)
            return
        self.transport.write(ACCEPTED)
        self.end.keep(data[: data.index(b" ", 8)], data)

    def answer(self, head: bytes, body: bytes) -> bytes:
        method, target, _ = head.split(b" ", 2)
        if method != b"GET" and target.startswith(b"/2.2.1/"):
            if self.end.mode == "slow":
                asyncio.get_running_loop().call_later(SLOW, self.transport.write, ACCEPTED)
                return b""
            if self.end.mode == "broken":
                return BROKEN
            self.end.keep(target, body)
            return ACCEPTED
        if target.startswith(b"/mode?"):
            for pair in target.partition(b"?")[2].decode().split("&"):
                number, _, mode = pair.partition("=")
                asyncio.get_running_loop().create_task(CITY[0].mode(int(number), mode))
            return ACCEPTED
        if target.startswith(b"/differ?"):
            first = int(target.partition(b"?")[2])
            return envelope(b',"data":%d' % CITY[0].differ(json.loads(body), first))
        if target.startswith(b"/held?"):
            end = CITY[0].ends[int(target.partition(b"?")[2])]
            return envelope(b',"data":%d' % len(end.held))
        return super().answer(head, body)

    def endpoints(self) -> list[dict[str, str]]:
        lines: list[dict[str, Any]] = [
            {"identifier": "credentials", "role": "SENDER", "url": f"{self.base}/2.2.1/credentials"}
        ]
        for module in MODULES:
            for role in ("SENDER", "RECEIVER"):
                url = f"{self.base}/2.2.1/{role.lower()}/{module}"
                lines.append({"identifier": module, "role": role, "url": url})
        return lines


async def serve(port: int, count: int) -> None:
    CITY.append(City(port, count))
    for end in CITY[0].ends:
        await end.listen()
    print("ready", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    from uvloop import run

    run(serve(int(sys.argv[1]), int(sys.argv[2])))


if __name__ == "__main__":
    main()
