"""What only the client on libcurl must hold beside what every client must."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from tests.transport.conftest import Talk, guarded, ok, raw_server, read_head, says

from voltroam.standard.errors import Unreachable
from voltroam.transport.client import ClientTls
from voltroam.transport.curl_sender import CurlSender
from voltroam.transport.guard import Checked
from voltroam.transport.kept import KeptConnections
from voltroam.transport.trust import system_authorities
from voltroam.wire.call import Request


@pytest.mark.parametrize(
    ("host", "addresses"),
    [("other.invalid", ("127.0.0.1",)), ("127.0.0.1", ("127.0.0.2",)), ("127.0.0.1", ("::1",))],
)
async def test_no_connection_is_made_to_an_address_that_was_not_checked(
    host: str, addresses: tuple[str, ...]
) -> None:
    """Even if what pins a name did not work, or URL and judgement did not belong together."""
    asked = False

    async def talk(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked = True

    async with raw_server(talk, host="127.0.0.1") as port:
        sender = CurlSender()
        url = f"http://localhost:{port}/"
        to = Checked(url, "http", host, port, addresses)
        if addresses == ("127.0.0.1",):
            to = to._replace(url=url.replace("localhost", "127.0.0.2"))
        with pytest.raises(Unreachable) as refused:
            await sender.send(Request("GET", url), to, timeout=5, limit=1000)
        await sender.close()
    assert refused.value.sent is False
    assert not asked


async def test_the_authorities_of_the_system_are_trusted_beside_our_own(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "system.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert system_authorities() == (str(file), None)
    ours = trustme.CA()
    tls = ClientTls(authorities=ours.cert_pem.bytes())
    for issuer in (authority, ours):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        issuer.issue_cert("127.0.0.1").configure_cert(context)
        async with (
            raw_server(says(ok(b"{}")), tls=context) as port,
            guarded(CurlSender, tls=tls) as sender,
        ):
            request = Request("GET", f"https://127.0.0.1:{port}/")
            assert (await sender.send(request, timeout=5)).status == 200


def test_a_folder_of_authorities_counts_where_there_is_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setattr("voltroam.transport.trust._BUNDLES", ())
    assert system_authorities() == (None, str(tmp_path))


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def keeps_answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await read_head(reader)
        writer.write(ok(b"{}"))


async def swallows(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="descriptors are counted in /proc")
@pytest.mark.parametrize("talk", [keeps_answering, swallows, says(ok(b"{}"))])
async def test_a_closed_sender_leaves_no_descriptor(talk: Talk) -> None:
    async with raw_server(talk) as port:
        before = descriptors()
        for _ in range(3):
            async with guarded(CurlSender) as sender:
                request = Request("GET", f"http://127.0.0.1:{port}/")
                tasks = [asyncio.create_task(sender.send(request, timeout=0.2)) for _ in range(5)]
                await asyncio.wait(tasks)
                for task in tasks:
                    task.exception()
        async with asyncio.timeout(60):
            while descriptors() > before:  # the server's side of them
                await asyncio.sleep(0.01)


Ends = list[socket.socket]


@pytest.fixture
def ends() -> Iterator[tuple[Ends, Ends]]:
    """Twelve connections, our ends and theirs."""
    ours, theirs = zip(*(socket.socketpair() for _ in range(12)), strict=True)
    yield list(ours), list(theirs)
    for end in (*ours, *theirs):
        end.close()


def origin(port: int, address: str = "127.0.0.1") -> Checked:
    return Checked("http://127.0.0.1/", "http", "127.0.0.1", port, (address,))


def test_one_of_the_connections_that_rest_is_enough(ends: tuple[Ends, Ends]) -> None:
    ours, theirs = ends
    kept = KeptConnections(9, lambda _socket: False)
    for end in ours[:3]:
        kept.note(origin(1), end.fileno())
    kept.note(origin(2), ours[3].fileno())
    assert not kept.broke(origin(1))
    theirs[0].close()
    assert kept.broke(origin(1))
    assert kept.broke(origin(1)), "until libcurl has closed it"
    assert not kept.broke(origin(2))
    assert not kept.broke(origin(1, "127.0.0.2"))
    ours[0].close()
    assert not kept.broke(origin(1))


def test_what_comes_at_a_connection_at_work_is_its_answer(ends: tuple[Ends, Ends]) -> None:
    ours, theirs = ends
    busy = {ours[0].fileno()}
    kept = KeptConnections(9, busy.__contains__)
    kept.note(origin(1), ours[0].fileno())
    theirs[0].send(b"HTTP/1.1 200 OK")
    assert not kept.broke(origin(1))
    busy.clear()
    assert kept.broke(origin(1))


def test_a_number_that_comes_again_is_of_its_new_origin(ends: tuple[Ends, Ends]) -> None:
    ours, theirs = ends
    kept = KeptConnections(9, lambda _socket: False)
    kept.note(origin(1), ours[0].fileno())
    kept.note(origin(2), ours[0].fileno())
    kept.note(origin(3), -1)
    theirs[0].close()
    assert [kept.broke(origin(port)) for port in (1, 2, 3)] == [False, True, False]


def test_only_so_many_connections_and_origins_are_remembered(ends: tuple[Ends, Ends]) -> None:
    """The last ones: eight of an origin, and so many origins."""
    ours, theirs = ends
    kept = KeptConnections(2, lambda _socket: False)
    for end in ours[:9]:
        kept.note(origin(1), end.fileno())
    theirs[0].close()
    assert not kept.broke(origin(1))
    theirs[1].close()
    assert kept.broke(origin(1))
    kept.note(origin(2), ours[10].fileno())
    kept.note(origin(3), ours[11].fileno())
    assert not kept.broke(origin(1))
    kept.note(origin(2), ours[1].fileno())
    assert kept.broke(origin(2))


async def test_a_sender_that_was_never_used_closes() -> None:
    await CurlSender().close()


async def test_a_closed_sender_sends_nothing_and_says_so_at_once() -> None:
    async with raw_server(keeps_answering) as port:
        async with guarded(CurlSender) as sender:
            request = Request("GET", f"http://127.0.0.1:{port}/")
            await sender.send(request, timeout=60)
        async with asyncio.timeout(50):
            with pytest.raises(Unreachable) as refused:
                await sender.send(request, timeout=60)
    assert refused.value.sent is False


async def test_hundreds_of_requests_at_once_all_come_back() -> None:
    """More than handles are kept, and each with the answer to its own."""

    async def echoes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_head(reader)
            writer.write(ok(await reader.readexactly(4)))

    async with raw_server(echoes) as port, guarded(CurlSender) as sender:

        async def one(number: int) -> bytes:
            request = Request("PUT", f"http://127.0.0.1:{port}/", body=b"%04d" % number)
            return (await sender.send(request, timeout=60)).body

        for _ in range(2):
            answers = await asyncio.gather(*map(one, range(300)))
            assert answers == [b"%04d" % number for number in range(300)]
