"""The operator API as one ASGI application; Starlette routes, the rows say what there is.

Order of a request: key, rate, scope, query, body within limits, Idempotency-Key, answer, audit.
Every error is problem+json; no fault of ours shows more than that there was one.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from voltroam.operator.asked import Answer, Answers, Asked, Told, Who
from voltroam.operator.audit import Audit
from voltroam.operator.faults import CONTENT_TYPE, Fault, fault_of
from voltroam.operator.keys import Keys
from voltroam.operator.once import Given, Once
from voltroam.operator.openapi import openapi
from voltroam.operator.operation import KEYED, Operation
from voltroam.operator.page import PAGE_POLICY, page
from voltroam.operator.reading import judge_content_type, read_query, read_taken
from voltroam.standard.errors import OcpiError
from voltroam.transport.body import Gone, Receive, Send, announces_body, drain, read_body
from voltroam.transport.limits import Limits, RateLimit
from voltroam.transport.server import report

ROOT = "/operator"
API = "/v1"
RATE = 200.0
"""Requests per second and key."""
BULK = 20
"""A bulk body may be this many times the usual size."""
SECRET_SEGMENTS = ("token_uid", "group_id")
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_JSON = "application/json"
_SECURITY = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class OperatorApp:
    """`/operator/` and all below it; `prefix` is the path of the node's URL.

    An operation that is neither among the `answers` nor the `streams`, both by its name, is neither
    served nor documented. A stream is an ASGI application of its own.
    """

    def __init__(
        self,
        operations: Iterable[Operation[Any]],
        answers: Answers,
        *,
        keys: Keys,
        once: Once,
        audit: Audit,
        fingerprint: Callable[[str], str],
        url: str = "",
        prefix: str = "",
        limits: Limits | None = None,
        rate: float | None = RATE,
        streams: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        self._streams = streams or {}
        self.operations = tuple(
            one for one in operations if one.name in answers or one.name in self._streams
        )
        self._answers = answers
        self._keys = keys
        self._once = once
        self._audit = audit
        self._fingerprint = fingerprint
        self._prefix = prefix.rstrip("/")
        self._limits = limits or Limits()
        self._rate = RateLimit(rate, 2.0)
        document = _ENCODER.encode(openapi(self.operations, f"{url}{ROOT}{API}"))
        shown = page(self.operations).encode()
        self._app = Starlette(
            routes=[
                *self._routes(),
                Route(f"{API}/openapi.json", _fixed(document, _JSON)),
                Route("/", _fixed(shown, "text/html; charset=utf-8", PAGE_POLICY)),
            ],
            exception_handlers={HTTPException: self._unrouted},
        )
        self._app.router.redirect_slashes = False

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        path = scope.get("raw_path", b"").decode("latin-1") or scope["path"]
        for start in (self._prefix + ROOT, ROOT):  # a proxy may cut the prefix off
            if path == start or path.startswith(start + "/"):
                path = path.removeprefix(start)
                break
        else:
            path = "/-"
        if path == "":
            path = "/"

        async def secured(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                there = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(
                        (name.encode(), value.encode())
                        for name, value in _SECURITY.items()
                        if name.encode() not in there
                    ),
                ]
            await send(message)

        await self._app({**scope, "path": path, "root_path": ""}, receive, secured)

    def _routes(self) -> list[Route]:
        """One for each path, literal ones first; its methods are looked up when it is asked."""
        by_path: dict[str, dict[str, Operation[Any]]] = {}
        for operation in self.operations:
            by_path.setdefault(operation.path, {})[operation.method] = operation
        ordered = sorted(by_path.items(), key=lambda it: it[1][next(iter(it[1]))].parameters)
        return [self._route(path, methods) for path, methods in ordered]

    def _route(self, path: str, methods: Mapping[str, Operation[Any]]) -> Route:
        for operation in methods.values():
            if operation.is_stream:
                return Route(API + path, _Counted(self._allowed, self._streams[operation.name]))
        return Route(API + path, self._serving(methods), methods=list(methods))

    def _serving(self, methods: Mapping[str, Operation[Any]]) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            method = "GET" if request.method == "HEAD" else request.method
            try:
                return await self._serve(methods[method], request)
            except Exception as fault:
                return _refusal(_judged(fault, request))

        return serve

    async def _serve(self, operation: Operation[Any], request: Request) -> Response:
        who = await self._allowed(request)
        if not who.scope.covers(operation.scope):
            detail = f"{operation.name} needs the scope `{operation.scope}`"
            return await self._refused(who, operation, request, Fault("forbidden", detail))
        try:
            answer = self._answers[operation.name]
            return await self._answered(operation, answer, who, request)
        except Gone:
            return Response(status_code=400)
        except Exception as fault:
            return await self._refused(who, operation, request, _judged(fault, request))

    async def _allowed(self, request: Request) -> Who:
        """Who asks. Raises Fault 401, TooMany."""
        who = await self._keys.who(request.headers.get("authorization"))
        if who is None:
            raise Fault("unauthorized", headers={"www-authenticate": "Bearer"})
        self._rate.take(who.id, None)
        return who

    async def _answered(
        self, operation: Operation[Any], answer: Answer, who: Who, request: Request
    ) -> Response:
        query = read_query(operation.query, request.query_params.multi_items())
        body, data = None, b""
        headers = dict(request.headers)
        if operation.has_body:
            judge_content_type(headers)
            data = await read_body(request.receive, headers, self._bounds(operation))
            body = read_taken(operation, data)
        elif announces_body(headers):
            await drain(request.receive, self._limits)
        ids = {name: unquote(value) for name, value in request.path_params.items()}
        if not all(value.isprintable() for value in ids.values()):
            raise Fault("not-found")
        asked = Asked(operation, who, ids, query, body)
        key = headers.get(KEYED.lower()) if operation.is_keyed else None
        if key is None:
            done = _given(operation, await answer(asked))
        else:
            done = await self._at_most_once(asked, answer, key, request, data)
        given, target, again = done
        if operation.is_audited and not again:
            await self._note(who, operation, request, given.status, target)
        return _response(given)

    async def _at_most_once(
        self, asked: Asked, answer: Answer, key: str, request: Request, data: bytes
    ) -> "_Done":
        line = f"{request.method} {request.scope['path']}?{request.url.query}\n"
        whole = line.encode("utf-8", "surrogateescape") + data
        before = await self._once.claim(asked.who, key, whole)
        if before is not None:
            return _Done(before, again=True)
        try:
            done = _given(asked.operation, await answer(asked))
        except Exception as error:
            fault = _judged(error, request)
            if fault.status == 429:
                await self._once.release(asked.who, key)
                raise
            await self._once.keep(asked.who, key, whole, _told(fault))
            raise fault from None
        await self._once.keep(asked.who, key, whole, done.given)
        return done

    def _bounds(self, operation: Operation[Any]) -> Limits:
        if not operation.bulk:
            return self._limits
        return Limits(body=self._limits.body * BULK, body_time=self._limits.body_time * BULK)

    async def _refused(
        self, who: Who, operation: Operation[Any], request: Request, fault: Fault
    ) -> Response:
        if operation.is_audited:
            await self._note(who, operation, request, fault.status, None)
        return _refusal(fault)

    async def _note(
        self,
        who: Who,
        operation: Operation[Any],
        request: Request,
        status: int,
        target: str | None,
    ) -> None:
        ids = dict(request.path_params)
        for name in SECRET_SEGMENTS:
            if name in ids:
                ids[name] = self._fingerprint(unquote(ids[name]))
        await self._audit.note(who, operation.name, target or operation.url(ids), status)

    async def _unrouted(self, request: Request, error: Exception) -> Response:
        """404 and 405 of the router; a stranger learns nothing of what there is."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        try:
            if request.scope["path"].startswith(f"{API}/"):
                await self._allowed(request)
        except Exception as fault:
            return _refusal(_judged(fault, request))
        headers = dict(getattr(error, "headers", None) or {})
        if status == 405:
            return _refusal(Fault("method", headers=headers))
        return _refusal(Fault("not-found"))


class _Counted:
    """A stream behind key and rate: opening one is a request like any other."""

    def __init__(
        self, allowed: Callable[[Request], Awaitable[Who]], stream: Callable[..., Any]
    ) -> None:
        self._allowed = allowed
        self._stream = stream

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        try:
            await self._allowed(request)
        except Exception as fault:
            await _refusal(_judged(fault, request))(scope, receive, send)
            return
        await self._stream(scope, receive, send)


def _judged(fault: Exception, request: Request) -> Fault:
    """What went wrong as its problem; what we did not foresee is logged by its place alone."""
    if isinstance(fault, Fault):
        return fault
    if isinstance(fault, OcpiError):
        judged = fault_of(fault)
        if judged.status != 500:
            return judged
    report(fault, dict(request.headers))
    return Fault("internal")


class _Done(NamedTuple):
    given: Given
    target: str | None = None
    again: bool = False
    """The answer of an earlier request with this Idempotency-Key."""


def _given(operation: Operation[Any], answer: Any) -> _Done:
    told = answer if isinstance(answer, Told) else Told(answer)
    headers = dict(told.headers)
    if operation.gives is None:
        return _Done(Given(204, headers, ""), told.target)
    body = told.value if isinstance(told.value, bytes) else _ENCODER.encode(told.value)
    status = told.status or operation.status
    return _Done(Given(status, {"content-type": _JSON, **headers}, body.decode()), told.target)


def _told(fault: Fault) -> Given:
    headers = {"content-type": CONTENT_TYPE, **fault.headers}
    return Given(fault.status, headers, _ENCODER.encode(fault.details).decode())


def _refusal(fault: Fault) -> Response:
    return _response(_told(fault))


def _response(given: Given) -> Response:
    return Response(given.body.encode(), given.status, dict(given.headers))


def _fixed(body: bytes, kind: str, policy: str | None = None) -> Callable[[Request], Any]:
    headers = {"content-type": kind}
    if policy is not None:
        headers["content-security-policy"] = policy

    async def serve(_request: Request) -> Response:
        return Response(body, 200, headers)

    return serve
