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

import msgspec
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
from voltroam.transport.body import Body, Gone, Receive, Send, drain, unpacked
from voltroam.transport.direct import Pair, Waiting, clean
from voltroam.transport.headers import fold_headers
from voltroam.transport.limits import Limits, RateLimit
from voltroam.transport.metrics import CONTENT_TYPE, Metrics
from voltroam.wire.call import Call, Reply, Request, Response
from voltroam.wire.calls import read_call, write_response
from voltroam.wire.envelope import fault_reply
from voltroam.wire.headers import read_ids
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


class _Visit(msgspec.Struct):
    """One request on its way through."""

    started: float
    method: str
    url: str
    headers: Mapping[str, str]
    call: Call | None = None


async def _always() -> bool:
    return True


class OcpiApp:
    """All OCPI under `<prefix>/ocpi/`, beside it `/health`, `/ready` and `/metrics`.

    The prefix is the path of the router's base URL. `authenticate` names the platform or None;
    `answer` is dispatch. `recall` and `at_once` are both where nothing must be waited for, and give
    None where something must, before anything was done. `beside` serves every other path of the
    same port (operator API, console). Without `lifespan` it serves at once, as part of an
    application that has its own.
    """

    def __init__(
        self,
        *,
        router: Router,
        authenticate: Authenticate,
        answer: Answer,
        recall: Callable[[Mapping[str, str]], Platform | None] = lambda _: None,
        at_once: Callable[[Call, Platform], Reply | None] = lambda *_: None,
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
        self._recall = recall
        self._at_once = at_once
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

    def whole(
        self, method: str, url: str, headers: list[Pair], body: bytes
    ) -> Response | Waiting | None:
        """The answer to a request that has arrived whole (see `transport/direct.py`).

        Where nothing must be waited for it is there at once, without a task; else it is awaited.
        """
        if not url.startswith(self._ocpi):
            return None
        visit = _Visit(perf_counter(), method, url, self._fold(headers))
        try:
            self._judge_head(visit.headers, url)
            platform = self._recall(visit.headers)
            if platform is None:
                return self._attend(visit, body)
            self._rate.take(platform.id, platform.profile.inbound_rate)
            call = visit.call = self._read(
                visit, unpacked(body, visit.headers, self._limits), platform
            )
            reply = self._at_once(call, platform)
            if reply is None:
                return self._answer_later(visit, call, platform)
        except Exception as fault:
            reply = _refusal(fault, visit.headers)
        response = self._write(visit, reply)
        if self._compress is not None and "accept-encoding" in visit.headers:
            return self._compressed(visit, response)
        return response

    async def _ocpi_request(self, scope: Scope, path: str, receive: Receive, send: Send) -> None:
        query = scope["query_string"]
        url = f"{path}?{query.decode('latin-1')}" if query else path
        visit = _Visit(perf_counter(), scope["method"], url, self._fold(scope["headers"]))
        body = Body(receive, visit.headers, self._limits)
        try:
            response = await self._attend(visit, body)
        except Gone:
            return
        close = body.unread and not await drain(receive, self._limits)
        await respond(send, response, close=close)

    async def _attend(self, visit: _Visit, body: Body | bytes) -> Response:
        """The thorough way. Raises Gone."""
        try:
            self._judge_head(visit.headers, visit.url)
            platform = await self._authenticate(visit.headers)
            if platform is None:
                raise Unauthorized("unknown credentials token")
            self._rate.take(platform.id, platform.profile.inbound_rate)
            if isinstance(body, Body):
                plain = await body.read()
            else:
                plain = unpacked(body, visit.headers, self._limits)
            visit.call = self._read(visit, plain, platform)
            reply = await self._answer(visit.call, platform)
        except Gone:
            raise
        except Exception as fault:
            reply = _refusal(fault, visit.headers)
        return await self._compressed(visit, self._write(visit, reply))

    async def _answer_later(self, visit: _Visit, call: Call, platform: Platform) -> Response:
        try:
            reply = await self._answer(call, platform)
        except Exception as fault:
            reply = _refusal(fault, visit.headers)
        return await self._compressed(visit, self._write(visit, reply))

    def _write(self, visit: _Visit, reply: Reply) -> Response:
        """And count it."""
        call = visit.call
        response = write_response(reply, call or read_ids(visit.headers), now=self._now())
        if self._metrics is not None:
            row = None if call is None else call.endpoint
            took = perf_counter() - visit.started
            self._metrics.observe(row, response.status, int(reply.status_code), took)
        return response

    async def _compressed(self, visit: _Visit, response: Response) -> Response:
        if self._compress is None or "accept-encoding" not in visit.headers:
            return response
        return await self._compress(visit.headers["accept-encoding"], response)

    def _read(self, visit: _Visit, body: bytes, platform: Platform) -> Call:
        """Before registration a token opens versions and credentials only, whatever the path."""
        try:
            return read_call(Request(visit.method, visit.url, visit.headers, body), self._router)
        except NotFound:
            if platform.is_registered:
                raise
            raise Unauthorized(
                "Register first: this token opens versions and credentials only"
            ) from None

    def _fold(self, raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
        """Names in lower case; repeated ones are joined by comma."""
        names = self._names
        headers = {
            names.get(name) or self._name(name): value.decode("latin-1") for name, value in raw
        }
        if len(headers) < len(raw):
            pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]
            return fold_headers(pairs)
        return headers

    def _name(self, raw: bytes) -> str:
        """Header names are few; whoever sends many different ones pays for them each time."""
        name = raw.decode("latin-1").lower()
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


def _refusal(fault: Exception, headers: Mapping[str, str]) -> Reply:
    if not isinstance(fault, OcpiError):
        report(fault, headers)
        fault = NodeError("internal error")
    return fault_reply(fault)


async def respond(send: Send, response: Response, *, close: bool = False) -> None:
    """Send a response whole; control characters never reach a header."""
    fields = [(b"content-length", b"%d" % len(response.body))]
    for name, value in clean(response.headers).items():
        fields.append((name.encode("latin-1"), value.encode("latin-1", "replace")))
    if close:
        fields.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": response.status, "headers": fields})
    await send({"type": "http.response.body", "body": response.body})
