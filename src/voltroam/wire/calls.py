"""Between HTTP and OCPI: Request <-> Call, and Reply -> Response."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode

from voltroam.standard.endpoints import VERSIONS_MODULE
from voltroam.standard.errors import CallerError, InvalidBody
from voltroam.wire.call import NOTHING, Call, Reply, Request, Response, Routing
from voltroam.wire.envelope import envelope, reply_headers
from voltroam.wire.headers import (
    CORRELATION_ID,
    REQUEST_ID,
    Ids,
    new_id,
    read_ids,
    read_routing,
    write_authorization,
    write_routing,
)
from voltroam.wire.routes import Router, join

_USUAL = "application/json"
_JSON = re.compile(r"application/(?:[\w.-]+\+)?json", re.IGNORECASE)
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_NOT_ROUTED = Routing()


def read_call(request: Request, router: Router) -> Call:
    """What a request asks of us.

    Raises NotFound, WrongMethod, InvalidBody (declared to be no JSON), and 2001 for identifiers,
    queries and routing headers that are none. Configuration modules ignore routing headers
    (OCPI 2.2.1 §transport, message routing).
    """
    path, _, query_text = request.url.partition("#")[0].partition("?")
    match = router.locate(request.method, path)
    row = match.endpoint
    for name, value in match.keys.items():
        if not (value.isascii() and value.isprintable()):
            raise CallerError(f"{name} in the URL must be printable ASCII")
    query = _query(query_text, row.query_aliases)
    routed = row.module.functional and match.version.routing_headers
    ids = read_ids(request.headers)
    return Call(
        version=match.version,
        endpoint=row,
        keys=match.keys,
        query=query,
        body=_body(request),
        routing=read_routing(request.headers) if routed else _NOT_ROUTED,
        request_id=ids.request_id,
        correlation_id=ids.correlation_id,
        url=match.url,
        tree=match.tree,
    )


def _query(text: str, aliases: Mapping[str, str]) -> Mapping[str, str]:
    """The parameters, under the names of the row."""
    if not text:
        return NOTHING
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise CallerError("the query is not readable as UTF-8 parameters") from None
    query: dict[str, str] = {}
    for said, value in pairs:
        name = aliases.get(said, said)
        if query.setdefault(name, value) != value:
            raise CallerError(f"query parameter {name[:40]} is given twice")
    return query


def _body(request: Request) -> bytes | None:
    """The bytes of a method that has one; content type may lack, but not be another than JSON."""
    if request.method not in _WITH_BODY or not request.body:
        return None
    declared = request.headers.get("content-type", _USUAL)
    if declared != _USUAL and not _is_json(declared.partition(";")[0].strip()):
        raise InvalidBody("content-type must be application/json")
    return request.body


def _is_json(declared: str) -> bool:
    return not declared or _JSON.fullmatch(declared) is not None


def write_call(call: Call, url: str, *, token: str, base64: bool, whole: bool = False) -> Request:
    """The HTTP request of a call. `url` is the partner's endpoint URL as its details name it.

    Key segments follow with exactly one slash each, unless the URL is `whole` as the partner gave
    it (a Link, a CDR's Location, a response_url, version details). The request id is made here if
    the call has none (it must be new for every request), the correlation id too.
    """
    row = call.endpoint
    segments = () if whole or row.module.name == VERSIONS_MODULE.name else row.segments
    target, _, query = url.partition("?")
    if segments:
        keys = call.keys
        found = tuple(keys[part[1:-1]] if part[0] == "{" else part for part in segments)
        target = f"{target.rstrip('/')}{_tail(found)}"
    if call.query:
        query = "&".join(filter(None, (query, urlencode(call.query))))
    headers = {
        "authorization": write_authorization(token, base64=base64),
        REQUEST_ID: call.request_id or new_id(),
        CORRELATION_ID: call.correlation_id or new_id(),
    }
    if call.body is not None:
        headers["content-type"] = "application/json"
    if row.module.functional and call.version.routing_headers:
        headers.update(write_routing(call.routing))
    return Request(row.method, f"{target}?{query}" if query else target, headers, call.body or b"")


@lru_cache(maxsize=4096)
def _tail(segments: tuple[str, ...]) -> str:
    """The path below an endpoint: hundreds of partners may be told of the same object."""
    return join("", segments)


def write_response(reply: Reply, asked: Call | Ids, *, now: datetime) -> Response:
    """The HTTP response: envelope, the request's ids unchanged, its routing headers swapped.

    Faults found before there is a call are answered to the bare `Ids` (see `read_ids`).
    """
    headers = reply_headers(reply)
    headers[REQUEST_ID], headers[CORRELATION_ID] = asked.request_id, asked.correlation_id
    if isinstance(asked, Call):
        row = asked.endpoint
        if row.module.functional and asked.version.routing_headers:
            answered = asked.routing.swapped() if reply.routing.is_silent else reply.routing
            headers.update(write_routing(answered))
    return Response(reply.http_status, headers, envelope(reply, now=now))
