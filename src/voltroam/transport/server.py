"""The OCPI server: one plain ASGI application, sockets and worker processes elsewhere.

Order of a request: head limits, authentication (401 comes before 404 and 405, so that a stranger
learns nothing), rate, body within limits, route, answer. Every reply is an OCPI envelope with the
ids of its request; no fault of ours shows more than 3000 (OCPI 2.2.1 §transport, §status_codes).
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, datetime
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import structlog

from voltroam.roaming.platforms import Platform
from voltroam.standard.errors import (
    CallerError,
    NodeError,
    NotFound,
    OcpiError,
    Unauthorized,
)
from voltroam.standard.status import StatusCode
from voltroam.transport.body import Gone, Receive, Send, announces_body, drain, read_body
from voltroam.transport.direct import Direct, direct_of
from voltroam.transport.headers import fold_headers
from voltroam.transport.limits import Limits, RateLimit
from voltroam.transport.metrics import CONTENT_TYPE, Metrics
from voltroam.wire.call import Call, Reply, Request, Response
from voltroam.wire.calls import read_call, write_response
from voltroam.wire.envelope import fault_reply
from voltroam.wire.headers import Ids, read_ids
from voltroam.wire.routes import ROOT, Router

Scope = Mapping[str, Any]
AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]
Authenticate = Callable[[Mapping[str, str]], Awaitable[Platform | None]]
Answer = Callable[[Call, Platform], Awaitable[Reply]]
Compress = Callable[[str, Response], Awaitable[Response]]
"""Takes the Accept-Encoding and what would be sent."""
Lifespan = Callable[[], AbstractAsyncContextManager[Any]]

log = structlog.get_logger("voltroam.transport.server")


class UrlTooLong(CallerError):
    status_code = StatusCode.CLIENT_ERROR
    http_status = 414


class HeadTooLarge(CallerError):
    status_code = StatusCode.CLIENT_ERROR
    http_status = 431


async def _always() -> bool:
    return True


class OcpiApp:
    """All OCPI under `<prefix>/ocpi/`, beside it `/health`, `/ready` and `/metrics`.

    The prefix is the path of the router's base URL. `authenticate` names the platform or None;
    `answer` is dispatch. `beside` serves every other path of the same port (operator API, console).
    Without `lifespan` it serves at once, as part of an application that has its own.
    """

    def __init__(
        self,
        *,
        router: Router,
        authenticate: Authenticate,
        answer: Answer,
        limits: Limits | None = None,
        ready: Callable[[], Awaitable[bool]] = _always,
        metrics: Metrics | None = None,
        lifespan: Lifespan | None = None,
        beside: AsgiApp | None = None,
        compress: Compress | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._router = router
        self._authenticate = authenticate
        self._answer = answer
        self._prefix = urlsplit(router.base_url).path.rstrip("/")
        self._ocpi = (f"{self._prefix}/{ROOT}/", f"/{ROOT}/")  # a proxy may cut the prefix off
        self._limits = limits or Limits()
        self._rate = RateLimit(self._limits.rate, self._limits.burst)
        self._ready = ready
        self._metrics = metrics
        self._lifespan = lifespan
        self._beside = beside
        self._compress = compress
        self._now = now
        self._serving = lifespan is None
        self._names: dict[bytes, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            path = scope.get("raw_path", b"").decode("latin-1") or scope["path"]
            if path.startswith(self._ocpi):
                await self._ocpi_request(scope, path, receive, send)
            else:
                await self._other(scope, path, receive, send)
        elif kind == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    # -- OCPI ---------------------------------------------------------------------------------

    async def _ocpi_request(self, scope: Scope, path: str, receive: Receive, send: Send) -> None:
        started = perf_counter()
        direct = direct_of(scope)
        query = scope["query_string"]
        url = f"{path}?{query.decode('latin-1')}" if query else path
        headers = self._fold(scope["headers"])
        asked: Call | Ids | None = None
        unread = announces_body(headers)
        try:
            self._judge_head(headers, url)
            platform = await self._authenticate(headers)
            if platform is None:
                raise Unauthorized("unknown credentials token")
            self._rate.take(platform.id, platform.profile.inbound_rate)
            body = b""
            if unread:
                arrived = direct.body() if direct is not None else None
                body = await read_body(receive, headers, self._limits, arrived)
                unread = False
            asked = self._read(Request(scope["method"], url, headers, body), platform)
            reply = await self._answer(asked, platform)
            response = write_response(reply, asked, now=self._now())
        except Gone:
            return
        except Exception as fault:
            if not isinstance(fault, OcpiError):
                report(fault, headers)
                fault = NodeError("internal error")
            reply = fault_reply(fault)
            response = write_response(reply, asked or read_ids(headers), now=self._now())
        if self._compress is not None and "accept-encoding" in headers:
            response = await self._compress(headers["accept-encoding"], response)
        close = unread and not await drain(receive, self._limits)
        await respond(send, response, close=close, direct=direct)
        if self._metrics is not None:
            row = asked.endpoint if isinstance(asked, Call) else None
            took = perf_counter() - started
            self._metrics.observe(row, response.status, int(reply.status_code), took)

    def _read(self, request: Request, platform: Platform) -> Call:
        """Before registration a token opens versions and credentials only, whatever the path."""
        try:
            return read_call(request, self._router)
        except NotFound:
            if platform.is_registered:
                raise
            raise Unauthorized(
                "Register first: this token opens versions and credentials only"
            ) from None

    def _fold(self, raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
        """Names are in lower case already; repeated ones are joined by comma."""
        names = self._names
        headers = {
            names.get(name) or self._name(name): value.decode("latin-1") for name, value in raw
        }
        if len(headers) < len(raw):
            pairs = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)
            return fold_headers(pairs)
        return headers

    def _name(self, raw: bytes) -> str:
        """Header names are few; whoever sends many different ones pays for them each time."""
        name = raw.decode("latin-1")
        if len(self._names) < 256:
            self._names[raw] = name
        return name

    def _judge_head(self, headers: Mapping[str, str], url: str) -> None:
        limits = self._limits
        if len(url) > limits.url:
            raise UrlTooLong(f"the URL has more than {limits.url} characters")
        if sum(map(len, headers.values())) > limits.head or len(headers) > limits.head_count:
            raise HeadTooLarge("the headers are too large")

    # -- beside OCPI --------------------------------------------------------------------------

    async def _other(self, scope: Scope, path: str, receive: Receive, send: Send) -> None:
        name = path.removeprefix(self._prefix)
        if scope["method"] in ("GET", "HEAD") and name in ("/health", "/ready", "/metrics"):
            await respond(send, await self._probe(name))
        elif self._beside is not None:
            await self._beside(scope, receive, send)
        else:
            missing = Response(404, {"content-type": "application/json"}, b"{}")
            await respond(send, missing, close=scope["method"] not in ("GET", "HEAD"))

    async def _probe(self, name: str) -> Response:
        if name == "/metrics":
            if self._metrics is None:
                return Response(404)
            return Response(200, {"content-type": CONTENT_TYPE}, self._metrics.page())
        good = self._serving
        if name == "/ready" and good:
            try:
                async with asyncio.timeout(self._limits.ready_time):
                    good = await self._ready()
            except Exception as fault:
                report(fault, {})
                good = False
        body = b'{"status":"ok"}' if good else b'{"status":"unavailable"}'
        return Response(200 if good else 503, {"content-type": "application/json"}, body)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                if self._lifespan is not None:
                    await stack.enter_async_context(self._lifespan())
            except Exception as fault:
                report(fault, {})
                await send({"type": "lifespan.startup.failed", "message": type(fault).__name__})
                return
            self._serving = True
            await send({"type": "lifespan.startup.complete"})
            await receive()
            self._serving = False
        await send({"type": "lifespan.shutdown.complete"})


def report(fault: Exception, headers: Mapping[str, str]) -> None:
    """Log where a fault arose, by request id; its message may hold secrets and stays out."""
    frames = traceback.extract_tb(fault.__traceback__)
    log.error(
        "unexpected fault",
        request_id=headers.get("x-request-id", "")[:64],
        fault=type(fault).__name__,
        at=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
    )


async def respond(
    send: Send, response: Response, *, close: bool = False, direct: Direct | None = None
) -> None:
    """Send a response whole; control characters never reach a header."""
    body, headers = response.body, response.headers
    if not "".join(headers.values()).isprintable():
        headers = {name: _printable(value) for name, value in headers.items()}
    if direct is not None and not close:
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        head = b"content-length: %d\r\n%b" % (len(body), lines.encode("latin-1", "replace"))
        await direct.answer(response.status, head, body)
        return
    fields = [(b"content-length", b"%d" % len(body))]
    for name, value in headers.items():
        fields.append((name.encode("latin-1"), value.encode("latin-1", "replace")))
    if close:
        fields.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": response.status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


def _printable(value: str) -> str:
    return "".join(letter for letter in value if letter >= " " and letter != "\x7f")
