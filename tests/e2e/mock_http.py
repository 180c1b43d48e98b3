"""A small HTTP/1.1 server on a real loopback socket that can misbehave on every level.

Written without the code under test. It runs in a thread of its own, so that synchronous and
asynchronous tests, and nodes in other processes, can talk to it alike.
"""

import asyncio
import json
import re
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

STATUS_TEXT = {200: "OK", 201: "Created", 301: "Moved Permanently", 404: "Not Found"}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as it came over the wire."""

    method: str
    target: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    raw_header_names: tuple[str, ...]
    body: bytes
    at: float
    """`time.time()` when it was read whole."""

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(unquote(part) for part in self.target.partition("?")[0].strip("/").split("/"))


@dataclass(slots=True)
class Reply:
    """What goes back. `length` may lie about the body; `chunks` are sent after it, with pauses."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    chunks: int = 0
    """Repeat the body so many times (huge or never ending bodies); 0: send it once."""
    pause: float = 0.0
    close: bool = False


class ResetError(Exception):
    """Break the connection instead of answering."""


Answer = Callable[[Recorded], Awaitable[Reply]]
Fault = Callable[[Recorded, Answer], Awaitable[Reply]]
"""Sees the request and the way to the honest answer; returns what is really sent."""


@dataclass(slots=True)
class Rule:
    """Misbehave on requests that match, so many times (None: always)."""

    method: str
    path: re.Pattern[str]
    fault: Fault
    times: int | None = None
    used: int = 0

    def takes(self, request: Recorded) -> bool:
        if self.times is not None and self.used >= self.times:
            return False
        return self.method in ("*", request.method) and bool(self.path.search(request.target))


class MockHttp:
    """Serves `answer` on 127.0.0.1 and records every request."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="mock partner", daemon=True)
        self._started = threading.Event()
        self._server: asyncio.Server | None = None
        self._lock = threading.Lock()
        self._recorded: list[Recorded] = []
        self._rules: list[Rule] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.lower_case_headers = False

    # --- life ---

    def start(self) -> None:
        self._thread.start()
        if not self._started.wait(10):
            raise RuntimeError("mock partner did not start")

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def pause(self) -> None:
        """Refuse connections, and cut those that are open."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)

    def resume(self) -> None:
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._close())
        rest = asyncio.all_tasks(self._loop)
        for task in rest:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, limit=64 * 1024 * 1024
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    # --- what came ---

    @property
    def recorded(self) -> list[Recorded]:
        with self._lock:
            return list(self._recorded)

    def forget(self) -> None:
        """Drop what was recorded so far."""
        with self._lock:
            self._recorded.clear()

    def on(self, method: str, path: str, fault: Fault, *, times: int | None = None) -> Rule:
        """Misbehave on `method` (`*`: any) where the expression is found in the target."""
        rule = Rule(method, re.compile(path), fault, times)
        with self._lock:
            self._rules.insert(0, rule)
        return rule

    def behave(self) -> None:
        """Forget all rules."""
        with self._lock:
            self._rules.clear()

    def _rule_for(self, request: Recorded) -> Rule | None:
        with self._lock:
            self._recorded.append(request)
            for rule in self._rules:
                if rule.takes(request):
                    rule.used += 1
                    return rule
        return None

    # --- the wire ---

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while (request := await _read(reader)) is not None:
                rule = self._rule_for(request)
                reply = await (rule.fault(request, self._answer) if rule else self._answer(request))
                await self._write(writer, reply, head=request.method == "HEAD")
                if reply.close:
                    break
        except (ResetError, ConnectionError, asyncio.IncompleteReadError):
            writer.transport.abort()
        except asyncio.CancelledError:
            pass  # the partner stops
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _write(self, writer: asyncio.StreamWriter, reply: Reply, *, head: bool) -> None:
        length = len(reply.body) * max(1, reply.chunks) if reply.length is None else reply.length
        headers = {"Content-Type": "application/json", "Content-Length": str(length)}
        headers |= reply.headers
        names = {n.lower(): v for n, v in headers.items()} if self.lower_case_headers else headers
        lines = [f"HTTP/1.1 {reply.status} {STATUS_TEXT.get(reply.status, 'Status')}"]
        lines += [f"{name}: {value}" for name, value in names.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        for _ in range(0 if head else max(1, reply.chunks)):
            writer.write(reply.body)
            await writer.drain()
            if reply.pause:
                await asyncio.sleep(reply.pause)
        await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Recorded | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = [(n.strip(), v.strip()) for n, _, v in (line.partition(":") for line in lines if line)]
    headers = {name.lower(): value for name, value in pairs}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _read_chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    split = urlsplit(target)
    query = dict(parse_qsl(split.query, keep_blank_values=True))
    names = tuple(name for name, _ in pairs)
    return Recorded(method, target, split.path, query, headers, names, body, time.time())


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readline()
    await reader.readline()
    return b"".join(parts)


# --- faults ---


def status(code: int, body: bytes | None = None, **headers: str) -> Fault:
    """Another HTTP status; the honest body unless one is given. `retry_after="1"`: a header."""

    async def fault(request: Recorded, answer: Answer) -> Reply:
        honest = Reply() if body is not None else await answer(request)
        extra = {name.replace("_", "-").title(): value for name, value in headers.items()}
        honest_body = honest.body if body is None else body
        return Reply(code, honest_body, honest.headers | extra)

    return fault


def text(body: bytes, *, status: int = 200) -> Fault:
    """A body as it is: broken JSON, no envelope, HTML."""

    async def fault(_request: Recorded, _answer: Answer) -> Reply:
        return Reply(status, body)

    return fault


def document(value: object, *, status: int = 200) -> Fault:
    """A JSON document without looking at the request."""
    return text(json.dumps(value).encode(), status=status)


def slow(seconds: float) -> Fault:
    """The honest answer, late."""

    async def fault(request: Recorded, answer: Answer) -> Reply:
        await asyncio.sleep(seconds)
        return await answer(request)

    return fault


def hang() -> Fault:
    """Never an answer; the connection stays open."""
    return slow(3600)


def done_but_silent(seconds: float = 3600) -> Fault:
    """Do what was asked, then never answer."""

    async def fault(request: Recorded, answer: Answer) -> Reply:
        await answer(request)
        await asyncio.sleep(seconds)
        raise ResetError

    return fault


def reset(*, after_doing: bool = False) -> Fault:
    """Break the connection instead of answering, before or after doing what was asked."""

    async def fault(request: Recorded, answer: Answer) -> Reply:
        if after_doing:
            await answer(request)
        raise ResetError

    return fault


def redirect(url: str, *, status: int = 302) -> Fault:
    async def fault(_request: Recorded, _answer: Answer) -> Reply:
        return Reply(status, b"", {"Location": url})

    return fault


def huge(size: int) -> Fault:
    """A body of so many bytes, announced or not."""

    async def fault(_request: Recorded, _answer: Answer) -> Reply:
        piece = b" " * 65536
        return Reply(200, piece, chunks=size // len(piece), close=True)

    return fault


def endless_body() -> Fault:
    """A stream that never ends: small pieces for ever."""

    async def fault(_request: Recorded, _answer: Answer) -> Reply:
        return Reply(200, b" " * 1024, length=10**12, chunks=10**9, pause=0.05, close=True)

    return fault
