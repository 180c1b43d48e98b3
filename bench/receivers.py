"""Many partners in one process: `python -m bench.receivers PORT COUNT`.

Each has an address of its own (127.0.1.1, 127.0.1.2 …), answers what a registration asks, has empty
lists, and accepts every push at once. How many came and how old their news was is at `/stats`.
"""

import asyncio
import json
import sys
import time
from datetime import datetime
from functools import partial
from typing import Any, cast

STAMP = b'"last_updated":"'


def host(number: int) -> str:
    return f"127.0.{1 + number // 250}.{1 + number % 250}"


def envelope(data: bytes, more: bytes = b"") -> bytes:
    body = b'{"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"' + data + b"}"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(
        body
    )
    return head + more + b"\r\n" + body


ACCEPTED = envelope(b"")
EMPTY = envelope(b',"data":[]', b"X-Total-Count: 0\r\nX-Limit: 1000\r\n")


class Stats:
    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.count = 0
        self.first = self.last = 0.0
        self.ages: list[float] = []

    def push(self, body: bytes) -> None:
        now = time.time()
        self.count += 1
        self.first = self.first or now
        self.last = now
        at = body.rfind(STAMP)
        if at >= 0 and len(body) < 1024:
            text = body[at + len(STAMP) : body.index(b'"', at + len(STAMP))].decode()
            self.ages.append(now - datetime.fromisoformat(text).timestamp())

    def report(self) -> dict[str, Any]:
        return {"count": self.count, "first": self.first, "last": self.last, "ages": self.ages}


class Receiver(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, no more than what our client sends."""

    def __init__(self, base: str, stats: Stats) -> None:
        self.base = base
        self.stats = stats
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            at = head.lower().find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            self.transport.write(self.answer(head, body))

    def answer(self, head: bytes, body: bytes) -> bytes:
        method, target, _ = head.split(b" ", 2)
        if method in (b"PUT", b"PATCH", b"POST", b"DELETE"):
            self.stats.push(body)
            return ACCEPTED
        if target == b"/versions":
            data = json.dumps([{"version": "2.2.1", "url": f"{self.base}/2.2.1"}])
        elif target == b"/2.2.1":
            data = json.dumps({"version": "2.2.1", "endpoints": self.endpoints()})
        elif target == b"/stats":
            data = json.dumps(self.stats.report())
        elif target == b"/clear":
            self.stats.clear()
            data = "null"
        else:
            return EMPTY
        return envelope(b',"data":' + data.encode())

    def endpoints(self) -> list[dict[str, str]]:
        lines = [
            {"identifier": "credentials", "role": "SENDER", "url": f"{self.base}/2.2.1/credentials"}
        ]
        for module in ("locations", "tariffs", "tokens", "sessions", "cdrs"):
            for role in ("SENDER", "RECEIVER"):
                url = f"{self.base}/2.2.1/{role.lower()}/{module}"
                lines.append({"identifier": module, "role": role, "url": url})
        return lines


async def serve(port: int, count: int) -> None:
    loop, stats = asyncio.get_running_loop(), Stats()
    for number in range(count):
        base = f"http://{host(number)}:{port}"
        await loop.create_server(partial(Receiver, base, stats), host(number), port)
    print("ready", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    from uvloop import run

    run(serve(int(sys.argv[1]), int(sys.argv[2])))


if __name__ == "__main__":
    main()
