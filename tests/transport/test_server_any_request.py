"""Whatever a partner sends gets an answer of the standard: an envelope, never a fault of ours."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.counts import times

from voltroam.roaming.platforms import Phase, Platform
from voltroam.standard.endpoints import Table
from voltroam.standard.errors import NotFound, Unauthorized
from voltroam.standard.versions import V2_2_1
from voltroam.transport.direct import written
from voltroam.transport.limits import Limits
from voltroam.transport.server import OcpiApp
from voltroam.wire.call import Call, Reply, Response
from voltroam.wire.envelope import fault_reply
from voltroam.wire.routes import Router

COUNT = times(400, full=20_000)
WHOLE = times(120, full=20_000)
PARTNER = Platform(id="p1", name="Partner", phase=Phase.REGISTERED)
KNOWN = b"Token dG9rZW4="


async def authenticate(headers: Mapping[str, str]) -> Platform | None:
    return PARTNER if headers.get("authorization") == KNOWN.decode() else None


async def answer(_call: Call, _platform: Platform) -> Reply:
    return Reply()


APP = OcpiApp(
    router=Router(Table(), [V2_2_1], "https://node.example"),
    authenticate=authenticate,
    answer=answer,
    limits=Limits(body=10_000, url=2_000),
)

SEGMENT = st.sampled_from(
    [b"2.2.1", b"9", b"versions", b"sender", b"receiver", b"locations", b"tokens", b"credentials",
     b"NL", b"AAA", b"LOC1", b"", b".", b"..", b"%2e%2e", b"%", b"%zz", b"%ff", b"%00", b"%2F",
     b"a" * 300]
) | st.binary(min_size=1, max_size=6).map(lambda raw: raw.translate(None, b"?#"))  # fmt: skip
STAMPED = datetime(2026, 11, 22, 12, tzinfo=UTC)


def recall(headers: Mapping[str, str]) -> Platform | None:
    if "authorization" not in headers:
        raise Unauthorized("unknown credentials token")
    return PARTNER if headers["authorization"] == KNOWN.decode() else None


def at_once(call: Call, platform: Platform) -> Reply | None:
    """Of some calls, with another answer than `answer` gives, and with a fault."""
    if call.routing.to is None:
        return None
    if call.routing.sender is None:
        raise NotFound("nobody")
    return Reply(data=b"1", headers={"X-Limit": "5\n"})


async def either(call: Call, platform: Platform) -> Reply:
    """What `at_once` says where it says something."""
    try:
        return at_once(call, platform) or await answer(call, platform)
    except NotFound as fault:
        return fault_reply(fault)


ROUTER = Router(Table(), [V2_2_1], "https://node.example")
LIMITS = Limits(body=10_000, url=2_000)


def now() -> datetime:
    return STAMPED


THOROUGH = OcpiApp(router=ROUTER, authenticate=authenticate, answer=either, limits=LIMITS, now=now)
SHORT = OcpiApp(
    router=ROUTER, authenticate=authenticate, answer=either, limits=LIMITS, now=now,
    recall=recall, at_once=at_once,
)  # fmt: skip

LOCATION = [b"2.2.1", b"receiver", b"locations", b"NL", b"AAA", b"LOC1"]
NAME = st.sampled_from(
    [b"x-request-id", b"x-correlation-id", b"ocpi-to-country-code", b"ocpi-to-party-id",
     b"ocpi-from-country-code", b"ocpi-from-party-id", b"content-type", b"content-encoding",
     b"content-length", b"transfer-encoding", b"accept-encoding", b"authorization"]
)  # fmt: skip
VALUE = st.sampled_from(
    [b"NL", b"AAA", b"", b"application/json", b"text/xml", b"gzip", b"identity", b"-1", b"10",
     b"99999999999", b"1e9", b"chunked", b"abc" * 2000, KNOWN]
) | st.binary(max_size=30)  # fmt: skip


async def exchange(
    scope: dict[str, Any], parts: list[bytes], app: OcpiApp = APP
) -> tuple[dict[str, Any], bytes]:
    sent: list[dict[str, Any]] = []
    waiting = list(parts)

    async def receive() -> dict[str, Any]:
        body = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    await app(scope, receive, send)
    start, body = sent
    return start, body["body"]


@pytest.mark.soak(f"{COUNT:,} requests of any kind")
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"]),
    segments=st.lists(SEGMENT, max_size=9),
    query=st.binary(max_size=30),
    headers=st.lists(st.tuples(NAME, VALUE), max_size=10),
    known=st.booleans(),
    parts=st.lists(st.binary(max_size=4_000), max_size=4),
)
@settings(max_examples=COUNT, derandomize=True, deadline=None)
def test_any_request_gets_an_envelope_and_no_fault_of_ours(
    method: str,
    segments: list[bytes],
    query: bytes,
    headers: list[tuple[bytes, bytes]],
    known: bool,
    parts: list[bytes],
) -> None:
    """CORE-HTTP-22, CORE-RESP-01, CORE-RESP-02, CORE-AUTH-06, CORE-AUTH-14"""
    if known:
        headers = [pair for pair in headers if pair[0] != b"authorization"]
        headers.append((b"authorization", KNOWN))
    if parts and not any(name == b"content-length" for name, _ in headers):
        headers.append((b"content-length", b"%d" % sum(map(len, parts))))
    path = b"/ocpi/" + b"/".join(segments)
    scope = {
        "type": "http", "method": method, "path": path.decode("latin-1"), "raw_path": path,
        "query_string": query, "headers": headers,
    }  # fmt: skip
    start, body = asyncio.run(exchange(scope, parts))
    envelope = json.loads(body)
    assert start["status"] in {200, 400, 401, 404, 405, 413, 414, 415, 431}
    assert 1000 <= envelope["status_code"] < 3000
    assert envelope["timestamp"]
    if not known and (b"authorization", KNOWN) not in headers:
        assert start["status"] in {401, 414, 431}
    names = [name for name, _ in start["headers"]]
    assert b"x-request-id" in names
    assert all(b"\r" not in value and b"\n" not in value for _, value in start["headers"])


async def whole(
    app: OcpiApp, method: str, url: str, headers: list[tuple[bytes, bytes]], body: bytes
) -> Response:
    answered = app.whole(method, url, headers, body)
    assert answered is not None
    return answered if isinstance(answered, Response) else await answered


def capital(pair: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    return pair[0].title(), pair[1]


@pytest.mark.soak(f"{WHOLE:,} whole requests, the short way and by ASGI")
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    segments=st.just(LOCATION) | st.lists(SEGMENT, max_size=9),
    query=st.binary(max_size=30),
    headers=st.lists(st.tuples(NAME, VALUE), max_size=10),
    routed=st.sampled_from([b"", b"to", b"to-from"]),
    known=st.booleans(),
    body=st.binary(max_size=12_000),
)
@settings(max_examples=WHOLE, derandomize=True, deadline=None)
def test_a_whole_request_is_answered_as_by_asgi(
    method: str,
    segments: list[bytes],
    query: bytes,
    headers: list[tuple[bytes, bytes]],
    routed: bytes,
    known: bool,
    body: bytes,
) -> None:
    """The short way past ASGI, with names of headers as they came, against the thorough one."""
    headers = [pair for pair in headers if pair[0] not in (b"content-length", b"transfer-encoding")]
    headers = [(b"x-request-id", b"1"), (b"x-correlation-id", b"2"), *headers]
    if known:
        headers = [pair for pair in headers if pair[0] != b"authorization"]
        headers.append((b"authorization", KNOWN))
    for side in filter(None, routed.split(b"-")):
        headers += [(b"ocpi-%b-country-code" % side, b"NL"), (b"ocpi-%b-party-id" % side, b"AAA")]
    if body:
        headers.append((b"content-length", b"%d" % len(body)))
    path = b"/ocpi/" + b"/".join(segments)
    url = path.decode("latin-1") + (f"?{query.decode('latin-1')}" if query else "")
    scope = {
        "type": "http", "method": method, "path": path.decode("latin-1"), "raw_path": path,
        "query_string": query, "headers": headers,
    }  # fmt: skip

    async def all_ways() -> None:
        start, told = await exchange(scope, [body], THOROUGH)
        for app, sent in ((SHORT, headers), (SHORT, [*map(capital, headers)]), (THOROUGH, headers)):
            response = await whole(app, method, url, sent, body)
            assert (response.status, response.body) == (start["status"], told)
            first = written(response, method, [], keep_alive=True)[0].split(b"\r\n\r\n")[0]
            lines = first.split(b"\r\n")[1:]
            assert sorted(lines) == sorted(b": ".join(pair) for pair in start["headers"])

    asyncio.run(all_ways())
