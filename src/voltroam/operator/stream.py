"""The events of the node as Server-Sent Events: what webhooks tell, for who keeps a line open.

Each message has the number of its event as `id`; a client that comes back with `Last-Event-ID` (or
`?after=`) misses none. From before the oldest kept event there is no way on: 410, read anew.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from voltroam.delivery.event_tail import EventTail
from voltroam.delivery.telling import Telling
from voltroam.operator.asked import Who
from voltroam.operator.faults import CONTENT_TYPE, Fault, invalid
from voltroam.operator.reading import read_query
from voltroam.operator.rows.admin import StreamQuery
from voltroam.store.interface import Event, Store
from voltroam.transport.body import Receive, Send

PIECE = 100
"""Events read at once for one client: what a slow one makes us hold is no more."""
_DIGITS = 18


class StreamKnobs(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds."""

    beat: float = 15.0
    """A sign of life at least this often; the key is looked at again as often."""
    slow: float = 30.0
    """A client that takes nothing for this long is let go; it comes back where it was."""
    clients: int = 500
    """Open streams of one process."""
    each: int = 20
    """Of them, with one key."""


class EventStream:
    """An ASGI application for one path: `GET /operator/v1/events/stream`.

    `who` tells whose key a request shows; `fingerprint` stands for what identifies a driver where
    the key may not see it.
    """

    def __init__(
        self,
        store: Store,
        tail: EventTail,
        telling: Telling,
        who: Callable[[str | None], Awaitable[Who | None]],
        *,
        fingerprint: Callable[[str], str],
        knobs: StreamKnobs | None = None,
    ) -> None:
        self._store = store
        self._tail = tail
        self._telling = telling
        self._who = who
        self._fingerprint = fingerprint
        self._knobs = knobs or StreamKnobs()
        self._clients: Counter[str] = Counter()
        """Open streams by key."""

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        try:
            who = await self._allowed(scope, headers)
            pairs = parse_qsl(scope.get("query_string", b"").decode("latin-1"))
            query = read_query(StreamQuery, pairs)
            after = await self._start(_number(headers.get("last-event-id"), query.after))
        except Fault as fault:
            await _refuse(send, fault)
            return
        types = tuple(it for it in (query.types or "").split(",") if it)
        self._clients[who.id] += 1
        try:
            pieces = self.messages(after, types=types, who=who)
            shown = self._while_shown(who, headers.get("authorization"), pieces)
            await self._serve(shown, receive, send)
        finally:
            self._clients -= Counter((who.id,))

    async def messages(
        self, after: int, *, types: tuple[str, ...] = (), who: Who | None = None
    ) -> AsyncIterator[bytes]:
        """What is sent from there on, without end: messages, and signs of life in between."""
        yield b"retry: 2000\n\n"
        parties = who.parties if who is not None else ()
        mask = self._fingerprint if who is not None and not who.sees_drivers else None
        while True:
            events = await self._tail.read(after, PIECE)
            if not events:
                await self._tail.wait(after, self._knobs.beat)
                events = await self._tail.read(after, PIECE)
                if not events:
                    yield f": still here\nid: {after}\n\n".encode()
                    continue
            if events[0].sequence > after + 1 and await self._is_lost(after):
                return
            chunk = bytearray()
            for event in events:
                if not types or any(fnmatchcase(event.type, pattern) for pattern in types):
                    body = await self._telling.tell(event, parties, mask)
                    if body is not None:
                        chunk += _message(event, body)
            after = events[-1].sequence
            yield bytes(chunk) or f"id: {after}\n\n".encode()

    async def _allowed(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> Who:
        if scope["method"] != "GET":
            raise Fault("method", headers={"allow": "GET"})
        who = await self._who(headers.get("authorization"))
        if who is None:
            raise Fault("unauthorized", headers={"www-authenticate": "Bearer"})
        if self._clients.total() >= self._knobs.clients:
            raise Fault("too-many", "Too many streams are open", headers={"retry-after": "5"})
        if self._clients[who.id] >= self._knobs.each:
            detail = f"This key has {self._knobs.each} streams open already"
            raise Fault("too-many", detail, headers={"retry-after": "5"})
        return who

    async def _start(self, after: int | None) -> int:
        """The number after which to begin: the newest event if none is named."""
        newest = await self._store.newest_event()
        if after is None:
            return newest
        if after > newest or await self._is_lost(after):
            raise Fault(
                "events-gone",
                "Read the objects anew, then open the stream without a place to begin",
            )
        return after

    async def _is_lost(self, after: int) -> bool:
        return await self._store.oldest_event() > after + 1

    async def _serve(self, pieces: AsyncIterator[bytes], receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"text/event-stream; charset=utf-8"),
                    (b"cache-control", b"no-store"),
                    (b"x-accel-buffering", b"no"),
                ],
            }
        )
        sending = asyncio.create_task(self._send(pieces, send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        with contextlib.suppress(OSError, TimeoutError):  # who takes nothing does not take the end
            async with asyncio.timeout(self._knobs.slow):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _while_shown(
        self, who: Who, authorization: str | None, pieces: AsyncIterator[bytes]
    ) -> AsyncIterator[bytes]:
        """Ends when the key is no longer what it was."""
        clock = asyncio.get_running_loop().time
        looked = clock()
        async for piece in pieces:
            if clock() - looked >= self._knobs.beat:
                looked = clock()
                if await self._who(authorization) != who:
                    return
            yield piece

    async def _send(self, pieces: AsyncIterator[bytes], send: Send) -> None:
        async for piece in pieces:
            async with asyncio.timeout(self._knobs.slow):
                await send({"type": "http.response.body", "body": piece, "more_body": True})


def _message(event: Event, body: bytes) -> bytes:
    """One event; a body that holds line ends is several lines of data."""
    lines = b"".join(b"data: %s\n" % line for line in _lines(body))
    return b"id: %d\nevent: %s\n%s\n" % (event.sequence, event.type.encode(), lines)


def _lines(body: bytes) -> Iterator[bytes]:
    yield from body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _number(header: str | None, after: int | None) -> int | None:
    """The place that a request names. Raises Fault 422."""
    if not header:
        return after
    if not (header.isascii() and header.isdecimal() and len(header) <= _DIGITS):
        raise invalid("header Last-Event-ID: no event's number")
    return int(header)


async def _refuse(send: Send, fault: Fault) -> None:
    told = {"content-type": CONTENT_TYPE, "cache-control": "no-store", **fault.headers}
    headers = [(name.encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": fault.status, "headers": headers})
    await send({"type": "http.response.body", "body": msgspec.json.encode(fault.details)})
