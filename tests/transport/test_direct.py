"""The short way of whole requests: when it is taken, and what it must not leave behind."""

import asyncio
import gc
import re
from collections.abc import Mapping

import pytest
from tests.transport.serving_node import LOCATION, TOKEN, node

from voltroam.roaming.platforms import Phase, Platform
from voltroam.transport.serving import Listen
from voltroam.wire.call import Call, Reply

REQUESTS = 100
BODY = b'{"a":1}'
PUT = f"PUT {LOCATION} HTTP/1.1\r\nhost: x\r\nauthorization: {TOKEN}\r\n".encode()
SIZED = PUT + b"content-length: %d\r\n" % len(BODY)
ONE = SIZED + b"\r\n" + BODY
CHUNKED = b"transfer-encoding: chunked\r\n\r\n"
PARTNER = Platform(id="p1", name="Partner", phase=Phase.REGISTERED)


class Memory:
    """Answers at once, with the number of the answer, whoever is known."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def recall(self, headers: Mapping[str, str]) -> Platform | None:
        return PARTNER if headers.get("authorization") == TOKEN else None

    def at_once(self, call: Call, _platform: Platform) -> Reply | None:
        if "x-slow" in call.query:
            return None
        self.calls.append(call)
        return Reply(data=b"%d" % len(self.calls))


@pytest.mark.parametrize(
    ("pieces", "short"),
    [
        ([ONE], True),
        ([PUT + CHUNKED + b"7\r\n" + BODY + b"\r\n0\r\n\r\n"], True),
        ([SIZED + b"expect: 100-continue\r\n\r\n" + BODY], True),
        ([SIZED + b"\r\n", BODY], False),
        ([SIZED + b"\r\n" + BODY[:3], BODY[3:]], False),
        ([ONE[:30], ONE[30:]], True),
        ([PUT + CHUNKED + b"7\r\n" + BODY, b"\r\n0\r\n\r\n"], False),
        ([ONE.replace(b"1.1", b"1.0")], False),
        ([ONE.replace(LOCATION.encode(), b"http://x" + LOCATION.encode())], False),
        ([ONE.replace(LOCATION.encode(), LOCATION.encode() + b"?x-slow=1")], False),
    ],
    ids=["whole", "chunked", "continue", "head", "part", "split head", "chunks", "1.0", "url",
         "waits"],
)  # fmt: skip
async def test_a_request_is_read_alike_in_one_piece_and_in_several(
    pieces: list[bytes], short: bool
) -> None:
    """Only what came whole, and waits for nothing, is answered the short way."""
    memory = Memory()
    async with node(recall=memory.recall, at_once=memory.at_once) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)
        async with asyncio.timeout(60):
            head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        assert head.startswith(b"HTTP/1.1 200 ")
        (call,) = memory.calls if short else server.calls
        assert call.body == BODY
        assert len(memory.calls) + len(server.calls) == 1


@pytest.mark.parametrize("whole", [True, False])
async def test_fields_behind_a_body_are_no_headers(whole: bool) -> None:
    """CORE-AUTH-05: a token there opens nothing."""
    head = PUT.replace(b"authorization", b"x-other") + b"connection: close\r\n" + CHUNKED
    trailer = f"0\r\nauthorization: {TOKEN}\r\n\r\n".encode()
    async with node() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for piece in [head + trailer] if whole else [head, trailer]:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)
        async with asyncio.timeout(60):
            assert (await reader.read()).startswith(b"HTTP/1.1 401 ")
        writer.close()
        assert server.calls == []


def numbered(*ways: bytes) -> list[bytes]:
    """A request for each query, with its place as its id."""
    return [
        b"PUT %b%b HTTP/1.1\r\nx-request-id: %d\r\n" % (LOCATION.encode(), way, number)
        + ONE.partition(b"\r\n")[2]
        for number, way in enumerate(ways)
    ]


async def test_of_many_requests_in_one_read_the_first_is_answered_at_once() -> None:
    """Else one client's read would hold up all others. Their order is kept."""
    asks = numbered(b"", b"?x-slow=1", b"", b"?x-slow=1", b"", b"")
    asks[4] = asks[4].replace(b"host: x", b"connection: close")
    memory = Memory()
    async with node(recall=memory.recall, at_once=memory.at_once) as server:
        answers = await server.raw(b"".join(asks))
    assert re.findall(rb"x-request-id: (\d)", answers) == [b"0", b"1", b"2", b"3", b"4"]
    assert answers.count(b"connection: close") == 1
    assert len(memory.calls) == 1


async def test_a_request_behind_one_that_waits_is_answered_after_it() -> None:
    """Each came in a read of its own."""
    release = asyncio.Event()

    async def slow(_call: Call, _platform: Platform) -> Reply:
        await release.wait()
        return Reply()

    asks = numbered(b"?x-slow=1", b"", b"")
    asks[2] = asks[2].replace(b"host: x", b"connection: close")
    memory = Memory()
    async with node(recall=memory.recall, at_once=memory.at_once, answer=slow) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for ask in asks:
            writer.write(ask)
            await writer.drain()
            await asyncio.sleep(0.02)
        release.set()
        async with asyncio.timeout(60):
            answers = await reader.read()
        writer.close()
    assert re.findall(rb"x-request-id: (\d)", answers) == [b"0", b"1", b"2"]
    assert answers.count(b"connection: close") == 1


async def test_a_connection_is_kept_as_long_as_something_is_asked() -> None:
    """And hung up on after that; the time counts from the last answer."""
    async with node(listen=Listen(port=0, keep_alive=1)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        clock = asyncio.get_running_loop().time
        async with asyncio.timeout(60):
            for _ in range(3):
                writer.write(ONE)
                await reader.readuntil(b"}")
                answered = clock()
                await asyncio.sleep(0.4)
            assert await reader.read() == b""
        assert clock() - answered > 0.9
        writer.close()


@pytest.mark.parametrize(
    ("authorization", "status"), [(TOKEN, b"200 OK"), ("Token bm9uZQ==", b"401 Unauthorized")]
)
async def test_a_request_is_gone_with_its_answer(authorization: str, status: bytes) -> None:
    """In a ring of references it would wait for the garbage collector, with all of its headers."""
    one = f"GET /ocpi/versions HTTP/1.1\r\nhost: x\r\nauthorization: {authorization}\r\n"
    last = f"{one}connection: close\r\n\r\n".encode()
    async with node() as server:
        await server.raw(last)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        gc.collect()
        gc.disable()
        try:
            answers = b""
            for _ in range(REQUESTS - 1):
                writer.write(f"{one}\r\n".encode())
                answers += await reader.readuntil(b'"}')
            writer.write(last)
            answers += await reader.read()
            left = gc.collect()
        finally:
            gc.enable()
            writer.close()
    assert answers.count(status) == REQUESTS
    assert left < REQUESTS
