"""uvicorn's HTTP/1.1 protocol with a bounded head, and a shorter way for what has arrived whole.

The parser itself sets neither size nor time.
"""

import asyncio
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from voltroam.transport.direct import Application, Pending, Waiting, written
from voltroam.transport.limits import Limits
from voltroam.wire.call import Response

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\n"
_FAILED = Response(500, {"content-type": "text/plain; charset=utf-8"}, b"Internal Server Error")
_END = b"content-length: 0\r\nconnection: close\r\n\r\n"


def bounded(limits: Limits) -> type[asyncio.Protocol]:
    """The protocol class for these limits."""

    class Bounded(BoundedProtocol):
        head_limit = limits.head
        head_time = limits.head_time

    return Bounded


class BoundedProtocol(HttpToolsProtocol):
    """Ends a connection whose head is too large or arrives too slowly.

    Only a head that is split over several reads costs anything here; a whole one is measured
    by the application. A request whose head and body came in one read, with no other of its
    connection before it, is given to the application's `whole`; all others begin as with uvicorn,
    so that a read full of requests is not answered in one turn of the event loop.
    """

    head_limit = 32 * 1024
    head_time = 15.0

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._in_head = True
        self._head_size = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._takes_whole = hasattr(self.app, "whole")
        self._application = cast("Application", self.app)
        """Asked for whole answers if it takes them."""
        self._first = False
        """No other request came in this read."""
        self._gathering = False
        """Between a head that may become a whole request, and its end."""
        self._parts: list[bytes] = []
        self._idle_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it so
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(self.head_time, self._head_too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None
        super().connection_lost(exc)

    # -- what the parser finds ------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._in_head = True
        self._head_size = 0
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # fields behind a body are none of the head
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._head_timer is not None:
            self._stop_timer()
        if self._first and self._may_be_whole():
            self._first, self._gathering = False, True
        else:
            self._by_asgi()

    def on_body(self, body: bytes) -> None:
        if self._gathering:
            self._parts.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._gathering:
            self._gathering = False
            self._whole()
        else:
            super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        self._first = True
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._gathering:  # the rest of the body is under way
            self._gathering = False
            self._begin_by_asgi()
        if not self._in_head:
            return
        self._head_size += len(data)
        if self._head_size > self.head_limit:
            self._refuse(_TOO_LARGE)
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_time, self._head_too_slow)

    # -- whole requests -------------------------------------------------------------------------

    def _may_be_whole(self) -> bool:
        """What needs uvicorn's care goes its way: HTTP/1.0, upgrades, a URL that is no plain path,
        one request behind another, a client that reads too slowly, and too many connections."""
        if not self._takes_whole or self.flow.write_paused or self.transport.is_closing():
            return False
        if self.cycle is not None and not self.cycle.response_complete:
            return False
        limit = self.limit_concurrency
        if limit is not None and max(len(self.connections), len(self.tasks)) >= limit:
            return False
        parser, url = self.parser, self.url
        if url[:1] != b"/" or b"#" in url or not url.isascii():
            return False
        return parser.get_http_version() == "1.1" and not parser.should_upgrade()

    def _whole(self) -> None:
        parts = self._parts
        body = b""
        if parts:
            body = parts[0] if len(parts) == 1 else b"".join(parts)
            parts.clear()
        method, url = self.parser.get_method().decode("ascii"), self.url.decode("ascii")
        answer = self._application.whole(method, url, self.headers, body)
        if answer is None:
            self._parts.append(body)
            self._begin_by_asgi()
            super().on_message_complete()
            return
        pending = self.cycle = Pending(self.parser.should_keep_alive())  # type: ignore[assignment]  # all that uvicorn asks of a cycle
        if isinstance(answer, Response):
            self._write(method, answer, pending)
            return
        task = self.loop.create_task(self._write_later(method, answer, pending))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    async def _write_later(self, method: str, waiting: Waiting, pending: Pending) -> None:
        try:
            answer = await waiting
        except BaseException as fault:
            self.logger.error("Exception in ASGI application\n", exc_info=fault)
            answer, pending.keep_alive = _FAILED, False
        if self.flow.write_paused and not pending.disconnected:
            await self.flow.drain()
        self._write(method, answer, pending)

    def _write(self, method: str, answer: Response, pending: Pending) -> None:
        transport = self.transport
        pending.response_complete = True
        if pending.disconnected or transport.is_closing():
            return
        first, rest = written(answer, method, self.server_state.default_headers, pending.keep_alive)
        transport.write(first)
        if rest:
            transport.write(rest)
        if not pending.keep_alive:
            transport.close()
        self.on_response_complete()

    # -- all other requests ---------------------------------------------------------------------

    def _by_asgi(self) -> None:
        """Begin as uvicorn does, from the head that was read."""
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()

    def _begin_by_asgi(self) -> None:
        """The same, with what has arrived of the body."""
        parts, self._parts = self._parts, []
        self._by_asgi()
        for part in parts:
            super().on_body(part)

    # -- idle connections -----------------------------------------------------------------------

    def on_response_complete(self) -> None:
        """One timer watches the connection, instead of one for each of its requests."""
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._watch(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Hang up on who asked nothing for as long as a connection is kept."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None:  # the next answer sets the timer again
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._watch(left)
        else:
            super().timeout_keep_alive_handler()

    def _watch(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = None

    # -- heads that are refused -----------------------------------------------------------------

    def _head_too_slow(self) -> None:
        self._head_timer = None
        if self._in_head and not self.transport.is_closing():
            self._refuse(_TOO_SLOW)

    def _refuse(self, line: bytes) -> None:
        """Say why if no other answer is under way, and hang up."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(line + _END)
        self.transport.close()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
