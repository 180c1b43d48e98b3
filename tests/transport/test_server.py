"""The server over real sockets: who gets which answer, in which envelope, within which bounds."""

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from voltroam.roaming.platforms import Phase, Platform, Profile
from voltroam.standard.endpoints import Table
from voltroam.standard.errors import CallerError, NotFound, Overloaded
from voltroam.standard.versions import V2_2_1
from voltroam.transport.compress import gzip_large
from voltroam.transport.limits import Limits
from voltroam.transport.metrics import Metrics
from voltroam.transport.server import OcpiApp
from voltroam.transport.serving import Listen, running
from voltroam.wire.call import Call, Reply
from voltroam.wire.routes import Router

TOKEN = "Token dG9rZW4="
KNOWN = {"authorization": TOKEN}
IDS = {"x-request-id": "774321", "x-correlation-id": "~ any ASCII ! {}"}
LOCATION = "/ocpi/2.2.1/receiver/locations/NL/AAA/LOC1"
Answer = Callable[[Call, Platform], Awaitable[Reply]]


@dataclass
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Node:
    """A server with one partner, and what its dispatch saw."""

    profile: Profile = field(default_factory=Profile)
    calls: list[Call] = field(default_factory=list)
    seen_tokens: list[str | None] = field(default_factory=list)
    port: int = 0

    async def authenticate(self, headers: Mapping[str, str]) -> Platform | None:
        self.seen_tokens.append(headers.get("authorization"))
        if headers.get("authorization") != TOKEN:
            return None
        return Platform(id="p1", name="Partner", phase=Phase.REGISTERED, profile=self.profile)

    async def answer(self, call: Call, _platform: Platform) -> Reply:
        self.calls.append(call)
        return Reply(data=b"[]") if call.endpoint.method == "GET" else Reply()

    async def ask(
        self,
        method: str = "GET",
        path: str = "/ocpi/versions",
        headers: Mapping[str, str] = KNOWN,
        body: bytes = b"",
    ) -> Answered:
        lines = [f"{method} {path} HTTP/1.1", "host: node", "connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body and not any(name.lower() == "transfer-encoding" for name in headers):
            lines.append(f"content-length: {len(body)}")
        return read_answer(await self.raw("\r\n".join([*lines, "", ""]).encode() + body))

    async def raw(self, data: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(data)
            async with asyncio.timeout(10):
                return await reader.read()
        finally:
            writer.close()


def read_answer(data: bytes) -> Answered:
    head, _, body = data.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in fields)}
    return Answered(int(line.split()[1]), headers, body[: int(headers["content-length"])])


@asynccontextmanager
async def node(
    *,
    base: str = "https://node.example",
    limits: Limits | None = None,
    profile: Profile | None = None,
    answer: Answer | None = None,
    listen: Listen | None = None,
    **options: Any,
) -> AsyncIterator[Node]:
    one = Node(profile or Profile())
    app = OcpiApp(
        router=Router(Table(), [V2_2_1], base),
        authenticate=one.authenticate,
        answer=answer or one.answer,
        limits=limits,
        **options,
    )
    async with running(app, listen, limits) as url:
        one.port = int(url.rpartition(":")[2])
        yield one


def assert_envelope(answered: Answered) -> None:
    """CORE-RESP-01, CORE-RESP-02, CORE-RESP-03"""
    assert answered.headers["content-type"].partition(";")[0] == "application/json"
    assert type(answered.json["status_code"]) is int
    assert 1000 <= answered.json["status_code"] <= 4999
    stamp = answered.json["timestamp"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z", stamp)
    age = datetime.now(UTC) - datetime.fromisoformat(stamp)
    assert abs(age.total_seconds()) < 5


# -- authentication -------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path",
    [
        "/ocpi/versions",
        "/ocpi/2.2.1",
        "/ocpi/2.2.1/credentials",
        "/ocpi/2.2.1/sender/locations",
        "/ocpi/2.2.1/receiver/tokens/NL/AAA/1",
        "/ocpi/9.9/none",
        "/ocpi/",
    ],
)
async def test_a_stranger_gets_401_everywhere_and_learns_nothing(method: str, path: str) -> None:
    """CORE-AUTH-05, CORE-AUTH-06, CORE-AUTH-17: before 404 and 405."""
    async with node() as server:
        for headers in ({}, {"authorization": "Token bm90bWluZQ=="}):
            answered = await server.ask(method, path, headers | IDS)
            assert answered.status == 401
            assert_envelope(answered)
            assert 2000 <= answered.json["status_code"] < 3000
            assert answered.headers["x-request-id"] == IDS["x-request-id"]
            assert answered.headers["x-correlation-id"] == IDS["x-correlation-id"]
            assert answered.headers["www-authenticate"] == "Token"
            assert "data" not in answered.json
        assert server.calls == []


async def test_a_body_of_a_stranger_is_not_read(caplog: pytest.LogCaptureFixture) -> None:
    """CORE-AUTH-05: the answer comes before the body, and the connection ends."""
    async with node(limits=Limits(drain=1000, drain_time=0.2)) as server:
        head = f"PUT {LOCATION} HTTP/1.1\r\nhost: x\r\ncontent-length: 4000000\r\n\r\n".encode()
        answered = read_answer(await server.raw(head + b"x" * 2000))
    assert answered.status == 401
    assert answered.headers["connection"] == "close"


@pytest.mark.parametrize("name", ["authorization", "AUTHORIZATION", "aUtHoRiZaTiOn"])
async def test_header_names_have_no_case(name: str) -> None:
    """CORE-AUTH-09"""
    async with node() as server:
        assert (await server.ask(headers={name: TOKEN})).status == 200


async def test_two_authorization_headers_are_no_token() -> None:
    """CORE-AUTH-14: whoever is in front of us may have read the other one."""
    async with node() as server:
        data = f"GET /ocpi/versions HTTP/1.1\r\nhost: x\r\nauthorization: {TOKEN}\r\n"
        data += f"Authorization: {TOKEN}\r\nconnection: close\r\n\r\n"
        assert read_answer(await server.raw(data.encode())).status == 401


# -- envelope, ids, routes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "extra", "body", "status"),
    [
        ("GET", "/ocpi/versions", {}, b"", 200),
        ("GET", "/ocpi/versions/", {}, b"", 200),
        ("PUT", LOCATION, {"content-type": "text/xml"}, b"<a/>", 400),
        ("GET", "/ocpi/2.2.1/sender/nothing", {}, b"", 404),
        ("GET", "/ocpi/", {}, b"", 404),
        ("DELETE", "/ocpi/versions", {}, b"", 405),
        ("HEAD", "/ocpi/versions", {}, b"", 405),
        ("PATCH", "/ocpi/2.2.1/credentials", {}, b"{}", 405),
    ],
)
async def test_every_reply_repeats_the_ids_in_an_envelope(
    method: str, path: str, extra: dict[str, str], body: bytes, status: int
) -> None:
    """CORE-MSGID-03, CORE-MSGID-04, CORE-MSGID-05, CORE-HTTP-15, CORE-HTTP-22"""
    async with node() as server:
        answered = await server.ask(method, path, KNOWN | IDS | extra, body)
    assert answered.status == status
    assert answered.headers["x-request-id"] == IDS["x-request-id"]
    assert answered.headers["x-correlation-id"] == IDS["x-correlation-id"]
    if method != "HEAD":
        assert_envelope(answered)


async def test_ids_are_made_up_where_they_lack() -> None:
    """CORE-MSGID-06"""
    async with node() as server:
        first, second = await server.ask(), await server.ask(headers={})
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert first.headers["x-correlation-id"]


async def test_a_method_that_is_not_offered_names_those_that_are() -> None:
    """CORE-HTTP-04"""
    async with node() as server:
        answered = await server.ask("PATCH", "/ocpi/2.2.1/credentials", body=b"{}")
    assert answered.status == 405
    assert set(answered.headers["allow"].split(", ")) == {"GET", "POST", "PUT", "DELETE"}


async def test_get_needs_no_content_type_and_charset_is_no_harm() -> None:
    """CORE-HTTP-02, CORE-HTTP-03"""
    async with node() as server:
        assert (await server.ask("GET")).status == 200
        typed = KNOWN | {"content-type": "application/json; charset=utf-8"}
        assert (await server.ask("PUT", LOCATION, typed, b"{}")).status == 200
        assert server.calls[-1].body == b"{}"


async def test_keys_and_query_reach_dispatch_decoded_once() -> None:
    async with node() as server:
        path = "/ocpi/2.2.1/receiver/tokens/NL/AAA/a%2Fb%2525?type=APP_USER"
        assert (await server.ask("GET", path)).status == 200
    call = server.calls[0]
    assert call.keys["token_uid"] == "a/b%25"
    assert call.query["type"] == "APP_USER"


@pytest.mark.parametrize("path", ["/deep/er/ocpi/versions", "/ocpi/versions"])
async def test_a_path_prefix_is_understood_with_and_without_a_proxy_that_cuts_it(path: str) -> None:
    async with node(base="https://node.example/deep/er") as server:
        assert (await server.ask("GET", path)).status == 200


async def test_paths_beside_ocpi_are_not_there() -> None:
    async with node() as server:
        for path in ("/", "/ocpix/versions", "/admin", "/..%2focpi/versions"):
            assert (await server.ask("GET", path)).status == 404


async def test_paths_beside_ocpi_belong_to_whoever_stands_there() -> None:
    async def beside(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"hi"})

    async with node(beside=beside) as server:
        assert (await server.ask("GET", "/console")).body == b"hi"
        assert (await server.ask("GET", "/ocpi/versions", {})).status == 401


# -- faults ---------------------------------------------------------------------------------------


async def test_a_fault_of_ours_is_3000_without_a_trace(capsys: pytest.CaptureFixture[str]) -> None:
    """CORE-HTTP-06: HTTP 200 with 3000; the log has the place and the request id, no values."""

    async def broken(_call: Call, _platform: Platform) -> Reply:
        raise KeyError("token s3cr3t")

    with structlog.testing.capture_logs() as logs:
        async with node(answer=broken) as server:
            answered = await server.ask(headers=KNOWN | IDS)
    assert answered.status == 200
    assert answered.json["status_code"] == 3000
    assert b"s3cr3t" not in answered.body
    assert b"Traceback" not in answered.body
    assert "s3cr3t" not in repr(logs)
    assert TOKEN not in repr(logs)
    assert logs[0]["request_id"] == "774321"
    assert logs[0]["fault"] == "KeyError"
    assert any("broken" in place for place in logs[0]["at"])


async def test_a_fault_while_authenticating_is_3000_too() -> None:
    async def broken(_headers: Mapping[str, str]) -> Platform | None:
        raise OSError("database gone")

    async def never(_call: Call, _platform: Platform) -> Reply:
        raise AssertionError

    app = OcpiApp(router=Router(Table(), [V2_2_1], "http://x"), authenticate=broken, answer=never)
    async with running(app) as url:
        one = Node(port=int(url.rpartition(":")[2]))
        answered = await one.ask()
    assert (answered.status, answered.json["status_code"]) == (200, 3000)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (CallerError("$.id: too long"), 200, 2001),
        (CallerError("unknown location", status_code=2003), 200, 2003),
        (NotFound("unknown"), 404, 2000),
        (Overloaded("full"), 429, 3000),
    ],
)
async def test_faults_of_dispatch_keep_their_codes(
    fault: Exception, status: int, code: int
) -> None:
    """CORE-HTTP-06, CORE-HTTP-08"""

    async def refusing(_call: Call, _platform: Platform) -> Reply:
        raise fault

    async with node(answer=refusing) as server:
        answered = await server.ask()
    assert (answered.status, answered.json["status_code"]) == (status, code)
    assert answered.json["status_message"]
    if status == 429:
        assert int(answered.headers["retry-after"]) >= 1


async def test_control_characters_never_reach_a_header() -> None:
    async def odd(_call: Call, _platform: Platform) -> Reply:
        return Reply(headers={"Location": "https://x/\r\nset-cookie: a=b\x00"})

    async with node(answer=odd) as server:
        answered = await server.ask()
    assert answered.status == 200
    assert "set-cookie" not in answered.headers
    assert answered.headers["location"] == "https://x/set-cookie: a=b"


# -- bodies ---------------------------------------------------------------------------------------


async def test_a_body_at_the_limit_is_taken_and_one_byte_more_is_413() -> None:
    async with node(limits=Limits(body=1000)) as server:
        assert (await server.ask("PUT", LOCATION, body=b"x" * 1000)).status == 200
        answered = await server.ask("PUT", LOCATION, KNOWN | IDS, b"x" * 1001)
        assert answered.status == 413
        assert_envelope(answered)
        assert answered.headers["x-request-id"] == "774321"
        assert len(server.calls) == 1


def chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


async def test_chunked_bodies_are_read_and_bounded() -> None:
    async with node(limits=Limits(body=1000)) as server:
        sent = KNOWN | {"transfer-encoding": "chunked"}
        body = chunked(b"{", b'"a":1', b"}")
        assert (await server.ask("PUT", LOCATION, sent, body)).status == 200
        assert server.calls[0].body == b'{"a":1}'
        body = chunked(*[b"x" * 100] * 11)
        assert (await server.ask("PUT", LOCATION, sent, body)).status == 413


async def write_until_refused(writer: asyncio.StreamWriter, block: bytes) -> int:
    """Bytes written until the other side hung up; TimeoutError if it never does."""
    written = 0
    async with asyncio.timeout(10):
        try:
            while True:
                writer.write(block)
                await writer.drain()
                written += len(block)
                await asyncio.sleep(0)
        except ConnectionError:
            return written


async def test_an_endless_body_is_cut_and_the_connection_closed() -> None:
    async with node(limits=Limits(body=100_000, drain=100_000, drain_time=0.5)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            f"PUT {LOCATION} HTTP/1.1\r\nhost: x\r\nauthorization: {TOKEN}\r\n"
            "transfer-encoding: chunked\r\n\r\n".encode()
        )
        assert await write_until_refused(writer, b"1000\r\n" + b"x" * 0x1000 + b"\r\n") < 50_000_000
        writer.close()
        del reader


async def test_a_slow_body_is_408() -> None:
    async with node(limits=Limits(body_time=0.3, drain_time=0.1)) as server:
        head = (
            f"PUT {LOCATION} HTTP/1.1\r\nhost: x\r\nauthorization: {TOKEN}\r\n"
            "x-request-id: 774321\r\ncontent-length: 10\r\n\r\n{"
        )
        answered = read_answer(await server.raw(head.encode()))
    assert answered.status == 408
    assert_envelope(answered)
    assert answered.headers["x-request-id"] == "774321"
    assert server.calls == []


async def test_a_sender_that_hangs_up_in_its_body_changes_nothing() -> None:
    async with node() as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        head = f"PUT {LOCATION} HTTP/1.1\r\nhost: x\r\nauthorization: {TOKEN}\r\n"
        writer.write(head.encode() + b"content-length: 10\r\n\r\n{")
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.close()
        await asyncio.sleep(0.1)
        assert (await server.ask()).status == 200
        assert [call.endpoint.method for call in server.calls] == ["GET"]


async def test_a_gzip_body_is_unpacked() -> None:
    async with node() as server:
        packed = KNOWN | {"content-encoding": "gzip"}
        body = gzip.compress(b'{"a":1}')
        assert (await server.ask("PUT", LOCATION, packed, body)).status == 200
        assert server.calls[0].body == b'{"a":1}'


@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        ("gzip", gzip.compress(b"\0" * 20_000_000), 413),
        ("gzip", gzip.compress(b"\0" * 200_000), 413),
        ("gzip", b"no gzip at all", 400),
        ("gzip", gzip.compress(b"{}" * 100)[:-9], 400),
        ("gzip", gzip.compress(b"{}") + b"more", 400),
        ("br", b"\x0b\x02\x80", 415),
        ("gzip, gzip", gzip.compress(b"{}"), 415),
    ],
    ids=["bomb", "ratio", "none", "truncated", "trailing", "brotli", "twice"],
)
async def test_bad_compression_is_refused(coding: str, body: bytes, status: int) -> None:
    async with node() as server:
        answered = await server.ask("PUT", LOCATION, KNOWN | {"content-encoding": coding}, body)
        assert answered.status == status
        assert_envelope(answered)
        assert server.calls == []


async def test_a_body_asked_for_with_100_continue_comes() -> None:
    async with node() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        head = f"PUT {LOCATION} HTTP/1.1\r\nhost: x\r\nauthorization: {TOKEN}\r\n"
        writer.write(head.encode() + b"content-length: 2\r\nexpect: 100-continue\r\n\r\n")
        assert b" 100 " in await reader.readuntil(b"\r\n\r\n")
        writer.write(b"{}")
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        writer.close()


# -- heads ----------------------------------------------------------------------------------------


async def test_a_url_that_is_too_long_is_414() -> None:
    async with node(limits=Limits(url=1000)) as server:
        answered = await server.ask("GET", "/ocpi/" + "x" * 1000, KNOWN | IDS)
    assert answered.status == 414
    assert_envelope(answered)
    assert answered.headers["x-request-id"] == "774321"


@pytest.mark.parametrize(
    "headers", [{f"x-{n}": "y" for n in range(200)}, {"x-long": "y" * 40_000}], ids=["many", "long"]
)
async def test_headers_that_are_too_large_are_431(headers: dict[str, str]) -> None:
    async with node() as server:
        answered = await server.ask("GET", headers=KNOWN | headers)
    assert answered.status == 431


async def test_a_head_without_end_is_cut() -> None:
    async with node() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /ocpi/versions HTTP/1.1\r\n")
        assert await write_until_refused(writer, b"x: %b\r\n" % (b"y" * 1000)) < 10_000_000
        writer.close()
        del reader


@pytest.mark.parametrize("start", [b"", b"G", b"GET /ocpi/versions HTTP/1.1\r\nhost:"])
async def test_a_slow_head_is_hung_up_on(start: bytes) -> None:
    async with node(limits=Limits(head_time=0.3)) as server:
        answer = await server.raw(start)
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_slow_second_head_is_hung_up_on() -> None:
    async with node(limits=Limits(head_time=0.3)) as server:
        head = f"GET /ocpi/versions HTTP/1.1\r\nhost: x\r\nauthorization: {TOKEN}\r\n\r\n"
        answer = await server.raw(head.encode() + b"GET /ocpi/versions HT")
    assert answer.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 408 " in answer


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"FOO / HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n1",
        b"GET / HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nx: \x00\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    ],
)
async def test_what_is_no_http_gets_400_or_404_and_leaves_the_server_whole(data: bytes) -> None:
    async with node(limits=Limits(head_time=1.0)) as server:
        answer = await server.raw(data)
        assert answer == b"" or answer[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 404", b"HTTP/1.1 408")
        assert (await server.ask()).status == 200


async def test_pipelined_requests_are_answered_in_order_and_garbage_ends_them() -> None:
    async with node() as server:
        asks = [
            f"GET /ocpi/versions HTTP/1.1\r\nhost: x\r\nauthorization: {TOKEN}\r\n"
            f"x-request-id: {number}\r\n\r\n"
            for number in range(5)
        ]
        answer = await server.raw("".join(asks).encode() + b"\x00garbage\r\n\r\n")
        ids = re.findall(rb"x-request-id: (\d)", answer)
        assert ids == sorted(ids)
        assert set(ids) <= {b"0", b"1", b"2", b"3", b"4"}
        assert (await server.ask()).status == 200


async def test_large_replies_are_compressed_where_the_node_wants_it() -> None:
    async def large(_call: Call, _platform: Platform) -> Reply:
        return Reply(data=b"[" + b"0," * 20_000 + b"0]")

    async with node(answer=large, compress=gzip_large()) as server:
        packed = await server.ask(headers=KNOWN | IDS | {"accept-encoding": "gzip"})
        plain = await server.ask(headers=KNOWN | IDS)
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["x-request-id"] == "774321"
    assert json.loads(gzip.decompress(packed.body))["data"] == plain.json["data"]
    assert len(packed.body) < len(plain.body)


# -- rates ----------------------------------------------------------------------------------------


async def test_a_platform_over_its_rate_gets_429_and_may_come_again() -> None:
    limits = Limits(rate=10.0, burst=0.3)
    async with node(limits=limits) as server:
        answers = [await server.ask(headers=KNOWN | IDS) for _ in range(6)]
        refused = [one for one in answers if one.status == 429]
        assert answers[0].status == 200
        assert refused
        assert_envelope(refused[0])
        assert int(refused[0].headers["retry-after"]) >= 1
        assert refused[0].headers["x-request-id"] == "774321"
        await asyncio.sleep(0.2)
        assert (await server.ask()).status == 200


async def test_the_rate_of_a_profile_wins() -> None:
    limits = Limits(rate=1000.0, burst=1.0)
    async with node(limits=limits, profile=Profile(inbound_rate=1.0)) as server:
        statuses = [(await server.ask()).status for _ in range(4)]
    assert 429 in statuses


# -- probes ---------------------------------------------------------------------------------------


async def test_health_ready_and_metrics() -> None:
    async with node(metrics=Metrics()) as server:
        assert (await server.ask("GET", "/health", {})).json == {"status": "ok"}
        assert (await server.ask("GET", "/ready", {})).status == 200
        await server.ask("GET", "/ocpi/2.2.1/sender/locations")
        await server.ask("GET", "/ocpi/2.2.1/sender/locations", {})
        page = (await server.ask("GET", "/metrics", {})).body.decode()
    labels = 'code="1000",http="200",interface="SENDER",method="GET",module="locations"'
    assert f"voltroam_requests_total{{{labels}}} 1.0" in page
    assert 'http="401"' in page
    assert "Partner" not in page


async def test_a_store_out_of_reach_is_not_ready_but_alive() -> None:
    async def gone() -> bool:
        raise OSError("secret dsn")

    async with node(ready=gone) as server:
        assert (await server.ask("GET", "/health", {})).status == 200
        answered = await server.ask("GET", "/ready", {})
    assert answered.status == 503
    assert b"secret" not in answered.body


async def test_a_store_that_does_not_answer_is_not_ready() -> None:
    async def stuck() -> bool:
        await asyncio.sleep(60)
        return True

    async with node(ready=stuck, limits=Limits(ready_time=0.2)) as server:
        assert (await server.ask("GET", "/ready", {})).status == 503


async def test_metrics_that_are_switched_off_are_not_there() -> None:
    async with node() as server:
        assert (await server.ask("GET", "/metrics", {})).status == 404


# -- life -----------------------------------------------------------------------------------------


async def test_parts_open_before_the_first_request_and_close_after_the_last() -> None:
    events: list[str] = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        events.append("open")
        yield
        events.append("close")

    async def slow(_call: Call, _platform: Platform) -> Reply:
        await asyncio.sleep(0.3)
        events.append("answered")
        return Reply()

    async with node(answer=slow, lifespan=lifespan) as server:
        pending = asyncio.create_task(server.ask())
        await asyncio.sleep(0.1)
    assert (await pending).status == 200
    assert events == ["open", "answered", "close"]


async def test_a_stop_finishes_what_is_in_flight_and_refuses_what_is_new() -> None:
    release = asyncio.Event()

    async def slow(_call: Call, _platform: Platform) -> Reply:
        await release.wait()
        return Reply()

    refused = False
    async with asyncio.timeout(10):
        async with node(answer=slow) as server:
            pending = asyncio.create_task(server.ask())
            await asyncio.sleep(0.1)

            async def late() -> None:
                nonlocal refused
                await asyncio.sleep(0.3)
                try:
                    await server.ask()
                except ConnectionError:
                    refused = True
                release.set()

            task = asyncio.create_task(late())
        await task
    assert (await pending).status == 200
    assert refused


async def test_a_stop_is_bounded() -> None:
    async def stuck(_call: Call, _platform: Platform) -> Reply:
        await asyncio.sleep(60)
        return Reply()

    async with asyncio.timeout(10):
        async with node(answer=stuck, listen=Listen(port=0, stop_time=1)) as server:
            head = f"GET /ocpi/versions HTTP/1.1\r\nhost: x\r\nauthorization: {TOKEN}\r\n\r\n"
            pending = asyncio.create_task(server.raw(head.encode()))
            await asyncio.sleep(0.1)
        await asyncio.gather(pending, return_exceptions=True)


async def test_an_application_that_does_not_start_serves_nothing() -> None:
    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        raise RuntimeError("no database")
        yield

    with pytest.raises(RuntimeError):
        async with node(lifespan=lifespan):
            pass
