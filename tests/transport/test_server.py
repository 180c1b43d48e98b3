"""The server over real sockets: who gets which answer, in which envelope, within which bounds."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
from tests.transport.serving_node import (
    IDS,
    KNOWN,
    LOCATION,
    TOKEN,
    Node,
    assert_envelope,
    node,
    read_answer,
)

from voltroam.roaming.platforms import Platform, Profile
from voltroam.standard.endpoints import Table
from voltroam.standard.errors import CallerError, NotFound, Overloaded
from voltroam.standard.versions import V2_2_1
from voltroam.transport.limits import Limits
from voltroam.transport.metrics import Metrics
from voltroam.transport.server import OcpiApp
from voltroam.transport.serving import Listen, running
from voltroam.wire.call import Call, Reply
from voltroam.wire.routes import Router

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
    async with asyncio.timeout(60):
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

    async with asyncio.timeout(60):
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
