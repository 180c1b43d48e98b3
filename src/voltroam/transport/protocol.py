"""uvicorn's HTTP/1.1 protocol with a bounded head: the parser itself sets neither size nor time."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from voltroam.transport.direct import DIRECT, Direct
from voltroam.transport.limits import Limits

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\n"
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
    by the application.
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

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(self.head_time, self._head_too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._head_size = 0

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._head_timer is not None:
            self._stop_timer()
        super().on_headers_complete()
        if self.cycle is not None and self.cycle.scope is self.scope:
            self.scope["extensions"] = {DIRECT: Direct(self.cycle)}  # type: ignore[dict-item]  # no plain data

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        self._head_size += len(data)
        if self._head_size > self.head_limit:
            self._refuse(_TOO_LARGE)
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_time, self._head_too_slow)

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
