"""One connection to a far end: a request out, its answer in, one after the other.

The answer is read by httptools, the parser that reads requests in the server too.
"""

import asyncio
from typing import cast

import httptools

from voltroam.standard.errors import PartnerError, Unreachable, Unusable
from voltroam.transport.client import announced, too_large
from voltroam.transport.headers import fold_headers
from voltroam.wire.call import Response

HEAD_LIMIT = 64 * 1024
"""Bytes of status line and headers."""
_INTERIM = 200
"""Below are answers that announce another one."""


class Connection(asyncio.Protocol):
    """`host` is named in errors; `address` is where it is connected to."""

    def __init__(self, host: str, address: str) -> None:
        self.host = host
        self.address = address
        self.idle_since = 0.0
        self.lost = False
        self.answered = False
        """A byte of the present answer has come."""
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Response] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._limit = 0
        self._received = 0
        self._size = 0
        self._status = 0
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._in_body = self._framed = self._keep = False

    # -- asked by the sender

    def ask(self, request: bytes, limit: int, timeout: float) -> asyncio.Future[Response]:
        """Sends, and gives the answer that is to come. PartnerError, or TimeoutError."""
        loop = asyncio.get_running_loop()
        answer = self._answer = loop.create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._limit = limit
        self._received = 0
        self.answered = self._keep = False
        self._begin()
        if self._transport is None or self.lost:
            self._fail(Unreachable(f"lost connection to {self.host}"))
            return answer
        alarm = loop.call_later(timeout, self._fail, TimeoutError())
        answer.add_done_callback(lambda _: alarm.cancel())
        self._transport.write(request)
        return answer

    @property
    def reusable(self) -> bool:
        """The far end keeps it, and all of the last answer was read."""
        return self._keep and not self.lost

    def abort(self) -> None:
        """Hangs up at once."""
        self.lost = True
        if self._transport is not None:
            self._transport.abort()

    # -- called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            self.abort()  # nobody asked
            return
        self.answered = True
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(Unusable(f"the answer of {self.host} is no HTTP"))
        if not self._in_body and self._received > HEAD_LIMIT:
            self._fail(Unusable(f"the headers of {self.host}'s answer have no end"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self._answer is None or self._answer.done():
            return
        if self._in_body and not self._framed and exc is None:
            self.on_message_complete()  # an answer without length ends with its connection
        elif self.answered:
            self._fail(Unusable(f"the answer of {self.host} breaks off"))
        else:
            why = "" if exc is None else f": {type(exc).__name__}"
            self._fail(Unreachable(f"lost connection to {self.host}{why}"))

    # -- called by the parser

    def on_message_begin(self) -> None:
        if self._answer is not None and self._answer.done():
            self.abort()  # more than was asked for
        self._begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        named = {name.lower() for name, _ in self._headers}
        self._framed = not named.isdisjoint(("content-length", "transfer-encoding"))
        self._in_body = True
        for name, value in self._headers:
            if name.lower() == "content-length":
                try:
                    announced(value, self._limit)
                except Unusable as fault:
                    self._fail(fault)

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > self._limit:
            self._fail(too_large(self._limit))
            return
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._status < _INTERIM:
            self._received = 0
            return
        self._keep = self._framed_or_empty() and self._parser.should_keep_alive()
        if self._answer is not None and not self._answer.done():
            headers = fold_headers(self._headers)
            self._answer.set_result(Response(self._status, headers, b"".join(self._body)))

    def _framed_or_empty(self) -> bool:
        return self._framed or self._status in (204, 304)

    def _begin(self) -> None:
        self._headers, self._body = [], []
        self._size = self._status = 0
        self._in_body = self._framed = False

    def _fail(self, fault: PartnerError | TimeoutError) -> None:
        """What comes after a fault belongs to no answer."""
        self.abort()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(fault)
