"""What the client on asyncio's own connections does beside what holds for every client."""

import asyncio

import pytest
from tests.transport.conftest import guarded, ok, raw_server, read_head, says

from voltroam.standard.errors import Unreachable, Unusable
from voltroam.transport.asyncio_sender import AsyncioSender
from voltroam.wire.call import Request


async def test_an_answer_without_length_ends_with_its_connection() -> None:
    async with (
        raw_server(says(b"HTTP/1.1 200 OK\r\n\r\nall of it")) as port,
        guarded(AsyncioSender) as sender,
    ):
        for _ in range(2):  # such a connection is not used again
            response = await sender.send(Request("PUT", f"http://127.0.0.1:{port}/x"), timeout=30)
            assert response.body == b"all of it"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n" + ok(b"done"),
        b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + ok(b"done"),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\ndo\r\n2\r\nne\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\ncontent-length: 4\r\n\r\ndone",
    ],
)
async def test_every_form_of_an_answer_is_read(answer: bytes) -> None:
    async with raw_server(says(answer)) as port, guarded(AsyncioSender) as sender:
        response = await sender.send(Request("GET", f"http://127.0.0.1:{port}/x"), timeout=30)
    assert (response.status, response.body) == (200, b"done")
    assert "link" not in response.headers


async def test_a_part_of_an_answer_is_none() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nonly"
    async with raw_server(says(answer)) as port, guarded(AsyncioSender) as sender:
        with pytest.raises(Unusable):
            await sender.send(Request("PUT", f"http://127.0.0.1:{port}/x"), timeout=30)


async def test_what_nobody_asked_for_is_no_answer() -> None:
    """A second answer on the same connection must not be taken for that to the next request."""
    async with (
        raw_server(says(ok(b"mine") + ok(b"another's"))) as port,
        guarded(AsyncioSender) as sender,
    ):
        for _ in range(3):
            response = await sender.send(Request("PUT", f"http://127.0.0.1:{port}/x"), timeout=30)
            assert response.body == b"mine"


@pytest.mark.parametrize(("method", "again"), [("PUT", True), ("PATCH", False)])
async def test_only_what_may_be_repeated_is_sent_again_on_a_new_connection(
    method: str, again: bool
) -> None:
    """The far end hangs up on a kept connection just as the next request comes."""
    heads = list[bytes]()

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await read_head(reader))
        writer.write(ok(b"first"))
        heads.append(await read_head(reader))

    async with raw_server(once) as port, guarded(AsyncioSender) as sender:
        request = Request(method, f"http://127.0.0.1:{port}/x")
        assert (await sender.send(request, timeout=30)).body == b"first"
        if again:
            assert (await sender.send(request, timeout=30)).body == b"first"
        else:
            with pytest.raises(Unreachable) as lost:
                await sender.send(request, timeout=30)
            assert lost.value.sent
    assert len(heads) == (3 if again else 2)


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    async def two(_host: str, _port: int) -> list[str]:
        return ["127.0.0.9", "127.0.0.1"]

    async with (
        raw_server(says(ok(b"here"))) as port,
        guarded(AsyncioSender, resolve=two) as sender,
    ):
        url = f"http://two.invalid:{port}/x"
        assert (await sender.send(Request("PUT", url), timeout=30)).body == b"here"


async def test_idle_connections_are_let_go() -> None:
    gone = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(ok(b"done"))
        await reader.read()
        gone.set()

    sender = AsyncioSender(idle_time=0.0, sweep=0.02)
    async with raw_server(talk) as port, guarded(lambda _: sender) as guard:
        await guard.send(Request("PUT", f"http://127.0.0.1:{port}/x"), timeout=30)
        async with asyncio.timeout(30):
            await gone.wait()
