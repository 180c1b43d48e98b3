"""The server's bounds over real sockets: bodies and heads that are too large, slow or odd."""

import asyncio
import gzip
import json
import re

import pytest
from tests.transport.serving_node import (
    IDS,
    KNOWN,
    LOCATION,
    TOKEN,
    assert_envelope,
    node,
    read_answer,
)

from voltroam.roaming.platforms import Platform
from voltroam.transport.compress import gzip_large
from voltroam.transport.limits import Limits
from voltroam.wire.call import Call, Reply

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
    async with asyncio.timeout(60):
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
