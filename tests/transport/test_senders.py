"""What holds for every client library: time, size, and honest errors."""

import asyncio
import gzip
import socket
import time

import pytest
import trustme
from tests.transport.conftest import (
    ENVELOPE,
    Library,
    Talk,
    guarded,
    local,
    ok,
    raw_server,
    read_head,
    says,
    server_tls,
    trusting,
)

from voltroam.standard.errors import Silent, Unreachable, Unusable
from voltroam.transport.aiohttp_sender import AiohttpSender
from voltroam.transport.client import ClientTls
from voltroam.transport.curl_sender import CurlSender
from voltroam.wire.call import Request

# -- requests -------------------------------------------------------------------------------------


async def test_a_request_arrives_as_it_was_given(library: Library) -> None:
    """CORE-AUTH-02, CORE-AUTH-09, CORE-HTTP-01"""
    got: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await read_head(reader) + await reader.readexactly(2))
        writer.write(ok(ENVELOPE, "X-Request-ID: 1", "LINK: <a>", "Link: <b>"))

    headers = {"authorization": "Token eA==", "content-type": "application/json"}
    async with raw_server(talk) as port, guarded(library) as sender:
        url = f"http://127.0.0.1:{port}/a%20b/%C3%A9?x=1%2B2&y=a,b"
        response = await sender.send(Request("PUT", url, headers, b"{}"), timeout=5)
    head = got[0].decode().lower()
    assert head.startswith("put /a%20b/%c3%a9?x=1%2b2&y=a,b http/1.1\r\n")
    assert "\r\nauthorization: token ea==\r\n" in head
    assert head.count("content-type:") == 1
    assert f"\r\nhost: 127.0.0.1:{port}\r\n" in head
    assert "\r\ncontent-length: 2\r\n" in head
    assert response.headers["x-request-id"] == "1"
    assert response.headers["link"] == "<a>, <b>"


@pytest.mark.parametrize("status", [200, 201, 400, 401, 404, 405, 429, 500, 503])
async def test_every_status_comes_back_as_it_is(library: Library, status: int) -> None:
    """CORE-HTTP-11, CORE-HTTP-12: what it means is decided on the OCPI status code, elsewhere."""
    answer = f"HTTP/1.1 {status} X\r\ncontent-length: 2\r\nretry-after: 7\r\n\r\n{{}}".encode()
    async with raw_server(says(answer)) as port, guarded(library) as sender:
        response = await sender.send(Request("GET", f"http://127.0.0.1:{port}/"), timeout=5)
    assert (response.status, response.headers["retry-after"]) == (status, "7")


async def test_connections_are_kept(library: Library) -> None:
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            await read_head(reader)
            writer.write(ok(ENVELOPE))

    async with raw_server(talk) as port, guarded(library, resolve=local) as sender:
        for _ in range(5):
            await sender.send(Request("GET", f"http://kept.invalid:{port}/"), timeout=5)
    assert connections == 1


async def test_headers_are_those_of_the_answer_itself(library: Library) -> None:
    """Not those of an answer that only announces it, and no trailers (RFC 9110 §15.2, §6.5)."""
    answer = (
        b"HTTP/1.1 103 Early Hints\r\nlink: <early>\r\n\r\n"
        b"HTTP/1.1 201 Created\r\nlocation: /cdrs/1\r\ntransfer-encoding: chunked\r\n\r\n"
        b"2\r\n{}\r\n0\r\nx-late: 1\r\nlocation: /cdrs/2\r\n\r\n"
    )
    async with raw_server(says(answer)) as port, guarded(library) as sender:
        response = await sender.send(Request("GET", f"http://127.0.0.1:{port}/"), timeout=5)
    assert (response.status, response.body) == (201, b"{}")
    assert response.headers["location"] == "/cdrs/1"
    assert "link" not in response.headers
    assert "x-late" not in response.headers


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST", "PUT"])
async def test_without_a_body_none_is_announced_but_where_one_could_be(
    library: Library, method: str
) -> None:
    """RFC 9110 §8.6"""
    heads: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await read_head(reader)).lower())
        writer.write(ok(ENVELOPE))

    async with raw_server(talk) as port, guarded(library) as sender:
        request = Request(method, f"http://127.0.0.1:{port}/", {"x-empty": ""})
        await sender.send(request, timeout=5)
    [head] = heads
    assert head.startswith(method.lower().encode() + b" / http/1.1\r\n")
    if method != "DELETE":  # which may have one or not
        assert (b"content-length: 0\r\n" in head) == (method != "GET")
    assert b"transfer-encoding" not in head
    assert b"\r\nx-empty:" in head
    for unasked in (b"accept:", b"expect:", b"user-agent:", b"content-type:"):
        assert unasked not in head


async def test_one_request_leaves_nothing_to_the_next(library: Library) -> None:
    """Method, body, headers and host of the request before are gone, though what sent it is not."""
    got: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await read_head(reader)).lower()
            got.append(head + await reader.readexactly(3 if b"content-length: 3" in head else 0))
            writer.write(ok(ENVELOPE))

    async with raw_server(talk) as port, guarded(library, resolve=local) as sender:
        named, literal = f"http://named.invalid:{port}/n", f"http://127.0.0.1:{port}/l"
        await sender.send(Request("PUT", named, {"x-only": "1"}, b"one"), timeout=5)
        await sender.send(Request("GET", literal), timeout=5)
        await sender.send(Request("POST", named, body=b"two"), timeout=5)
        await sender.send(Request("DELETE", named), timeout=5)
    assert [one.split(b" http", 1)[0] for one in got] == [
        b"put /n", b"get /l", b"post /n", b"delete /n",
    ]  # fmt: skip
    assert [b"x-only" in one for one in got] == [True, False, False, False]
    assert [one.rsplit(b"\r\n", 1)[1] for one in got] == [b"one", b"", b"two", b""]
    assert [f"host: 127.0.0.1:{port}".encode() in one for one in got] == [
        False, True, False, False,
    ]  # fmt: skip


# -- hostile answers ------------------------------------------------------------------------------


async def refused_by(
    library: Library, answer: bytes, *, limit: int = 100_000
) -> Unusable | Unreachable:
    started = time.monotonic()
    async with raw_server(says(answer)) as port, guarded(library) as sender:
        request = Request("GET", f"http://127.0.0.1:{port}/")
        with pytest.raises((Unusable, Unreachable)) as refused:
            await sender.send(request, timeout=60, limit=limit)
    assert time.monotonic() - started < 30
    assert isinstance(refused.value, Unusable | Unreachable)
    return refused.value


async def test_a_body_of_a_gigabyte_ends_at_its_announcement(library: Library) -> None:
    fault = await refused_by(library, b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\nx")
    assert isinstance(fault, Unusable)


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_stream_without_end_is_cut_at_the_limit(library: Library, chunked: bool) -> None:
    written = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await read_head(reader)
        coding = b"transfer-encoding: chunked\r\n" if chunked else b"connection: close\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\n" + coding + b"\r\n")
        block = b"10000\r\n" + b"x" * 0x10000 + b"\r\n" if chunked else b"x" * 0x10000
        while True:
            writer.write(block)
            await writer.drain()
            written += len(block)

    started = time.monotonic()
    async with raw_server(talk) as port, guarded(library) as sender:
        request = Request("GET", f"http://127.0.0.1:{port}/")
        with pytest.raises(Unusable):
            await sender.send(request, timeout=60, limit=1_000_000)
        took = time.monotonic() - started
    assert took < 30
    assert written < 50_000_000


async def test_a_body_at_the_limit_is_read_and_one_byte_more_is_not(library: Library) -> None:
    async with raw_server(says(ok(b"x" * 1000))) as port, guarded(library) as sender:
        request = Request("GET", f"http://127.0.0.1:{port}/")
        assert len((await sender.send(request, timeout=5, limit=1000)).body) == 1000
        with pytest.raises(Unusable):
            await sender.send(request, timeout=5, limit=999)


async def test_a_slow_drip_ends_at_the_total_timeout(library: Library) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    started = time.monotonic()
    async with raw_server(talk) as port, guarded(library) as sender:
        with pytest.raises(Unreachable) as late:
            await sender.send(Request("GET", f"http://127.0.0.1:{port}/"), timeout=0.5)
        assert 0.4 < time.monotonic() - started < 20  # the drip would take 50
    assert late.value.sent


async def test_silence_ends_at_the_total_timeout(library: Library) -> None:
    """CORE-HUB-12: whoever runs out of time first, we or the library."""

    async def talk(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw_server(talk) as port, guarded(library) as sender:
        for _ in range(5):
            with pytest.raises(Silent) as late:
                await sender.send(Request("GET", f"http://127.0.0.1:{port}/"), timeout=0.1)
            assert late.value.sent


async def test_headers_without_end_are_refused(library: Library) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(200_000):
            writer.write(b"x-%d: %s\r\n" % (number, b"y" * 100))
            await writer.drain()

    started = time.monotonic()
    async with raw_server(talk) as port, guarded(library) as sender:
        with pytest.raises((Unusable, Unreachable)):
            await sender.send(Request("GET", f"http://127.0.0.1:{port}/"), timeout=60)
        assert time.monotonic() - started < 30


def gzipped(body: bytes) -> bytes:
    return ok(gzip.compress(body), "content-encoding: gzip")


async def test_gzip_is_asked_for_and_unpacked(library: Library) -> None:
    heads: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await read_head(reader))
        writer.write(gzipped(ENVELOPE))

    async with raw_server(talk) as port, guarded(library) as sender:
        response = await sender.send(Request("GET", f"http://127.0.0.1:{port}/"), timeout=5)
    assert response.body == ENVELOPE
    assert b"accept-encoding: gzip\r\n" in heads[0].lower()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(gzipped(b"\0" * 50_000_000), id="bomb"),
        pytest.param(ok(b"\x1f\x8b\x08garbage", "content-encoding: gzip"), id="damaged"),
        pytest.param(
            ok(gzip.compress(b"x" * 99)[:-9], "content-encoding: gzip"), id="truncated gzip"
        ),
        pytest.param(ok(b"\x0b\x02\x80", "content-encoding: br"), id="brotli unasked"),
        pytest.param(ok(b"x", "content-encoding: gzip, gzip"), id="gzip twice"),
    ],
)
async def test_bad_compression_is_unusable(library: Library, answer: bytes) -> None:
    assert isinstance(await refused_by(library, answer), Unusable)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"garbage\r\n\r\n", id="no http"),
        pytest.param(b"", id="empty"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", id="half a body"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n", id="bad chunk"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n123456",
                     id="two lengths"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n12345", id="negative length"),
        pytest.param(b"HTTP/1.1 2000 OK\r\n\r\n", id="bad status"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="ssh"),
    ],
)  # fmt: skip
async def test_what_is_no_http_is_an_error_and_never_a_success(
    library: Library, answer: bytes
) -> None:
    assert (await refused_by(library, answer)).message


async def test_a_reset_in_the_body_is_an_error(library: Library) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        await writer.drain()
        writer.transport.abort()

    async with raw_server(talk) as port, guarded(library) as sender:
        with pytest.raises((Unusable, Unreachable)) as broken:
            await sender.send(Request("GET", f"http://127.0.0.1:{port}/"), timeout=5)
    assert getattr(broken.value, "sent", True)


async def abort_at_once(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def abort_after_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_head(reader)
    writer.transport.abort()


async def abort_in_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-le")
    await writer.drain()
    writer.transport.abort()


async def abort_second_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_head(reader)
    writer.write(ok(b"{}"))
    await read_head(reader)
    writer.transport.abort()


@pytest.mark.parametrize(
    "talk", [abort_at_once, abort_after_head, abort_in_answer, abort_second_request, says(b"")]
)
@pytest.mark.parametrize("secure", [False, True])
async def test_a_connection_lost_after_it_was_made_may_have_carried_the_request(
    library: Library, authority: trustme.CA, talk: Talk, secure: bool
) -> None:
    """Money hangs on this: a CDR that may have arrived must not be taken for one that did not."""
    context = server_tls(authority, "127.0.0.1") if secure else None
    async with (
        raw_server(talk, tls=context) as port,
        guarded(library, tls=trusting(authority)) as sender,
    ):
        request = Request("POST", f"http{'s' * secure}://127.0.0.1:{port}/", body=b"{}")
        if talk is abort_second_request:
            await sender.send(request, timeout=5)
        with pytest.raises((Unreachable, Unusable)) as lost:
            await sender.send(request, timeout=5)
    assert getattr(lost.value, "sent", True)


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_what_may_not_be_repeated_is_never_sent_again_by_the_library(
    library: Library, method: str
) -> None:
    """RFC 9110 §9.2.2: a repetition is decided on where it is known what it costs."""
    heads = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heads
        while True:
            await read_head(reader)
            await reader.readexactly(2)
            heads += 1
            if heads == 2:
                writer.transport.abort()
                return
            writer.write(ok(b"{}"))

    async with raw_server(talk) as port, guarded(library) as sender:
        request = Request(method, f"http://127.0.0.1:{port}/", body=b"{}")
        await sender.send(request, timeout=5)
        with pytest.raises(Unreachable) as lost:
            await sender.send(request, timeout=5)
    assert lost.value.sent
    assert heads == 2


@pytest.mark.parametrize("secure", [False, True])
async def test_nothing_is_written_to_a_kept_connection_that_was_closed(
    library: Library, authority: trustme.CA, secure: bool
) -> None:
    """What is lost in it would have to count as sent."""
    closed: list[asyncio.StreamWriter] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        await reader.readexactly(2)
        writer.write(ok(b"{}"))
        await writer.drain()
        await asyncio.sleep(0.05)  # the answer is read by then, and the end comes by itself
        writer.close()
        closed.append(writer)

    context = server_tls(authority, "127.0.0.1") if secure else None
    async with (
        raw_server(talk, tls=context) as port,
        guarded(library, tls=trusting(authority)) as sender,
    ):
        request = Request("POST", f"http{'s' * secure}://127.0.0.1:{port}/", body=b"{}")
        for number in range(3):
            assert (await sender.send(request, timeout=5)).status == 200
            while len(closed) <= number:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)  # the end has arrived here


async def test_of_many_kept_connections_any_may_have_been_closed(library: Library) -> None:
    """A far end that starts anew closes them all; one that counts its requests closes some."""
    writers: list[asyncio.StreamWriter] = []
    together = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while True:
            await read_head(reader)
            await reader.readexactly(2)
            if len(writers) == 4:
                together.set()
            await together.wait()
            writer.write(ok(b"{}"))

    async with raw_server(talk) as port, guarded(library) as sender:
        request = Request("POST", f"http://127.0.0.1:{port}/", body=b"{}")
        for closed in (1, 2, 3, 4):
            await asyncio.gather(*(sender.send(request, timeout=60) for _ in range(4)))
            for writer in writers[:closed]:
                writer.close()
            del writers[:closed]
            await asyncio.sleep(0.05)  # their ends have arrived
            for _ in range(6):
                assert (await sender.send(request, timeout=60)).status == 200


async def test_nothing_was_sent_though_the_request_before_was(library: Library) -> None:
    async with guarded(library) as sender:
        async with raw_server(says(ok(b"{}", "connection: close"))) as port:
            request = Request("POST", f"http://127.0.0.1:{port}/", body=b"{}")
            await sender.send(request, timeout=5)
        with pytest.raises(Unreachable) as refused:
            await sender.send(request, timeout=5)
    assert refused.value.sent is False


@pytest.mark.parametrize(
    "tls",
    [
        pytest.param({"authorities": b"none"}, id="no authority"),
        pytest.param(
            {"authorities": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
            id="damaged authority",
        ),
        pytest.param({"certificate": b"none", "key": b"none"}, id="no identity"),
    ],
)
def test_certificates_that_cannot_be_read_are_told_at_once(
    library: Library, tls: dict[str, bytes]
) -> None:
    with pytest.raises(ValueError):
        library(ClientTls(**tls))


async def test_a_closed_port_is_unreachable_and_nothing_was_sent(library: Library) -> None:
    async with raw_server(says(b"")) as port:
        pass
    async with guarded(library) as sender:
        with pytest.raises(Unreachable) as refused:
            await sender.send(Request("GET", f"http://127.0.0.1:{port}/"), timeout=5)
    assert refused.value.sent is False


async def test_a_name_that_does_not_resolve_is_unreachable(library: Library) -> None:
    async def nothing(_host: str, _port: int) -> list[str]:
        raise OSError

    async with guarded(library, resolve=nothing) as sender:
        with pytest.raises(Unreachable) as refused:
            await sender.send(Request("GET", "https://gone.invalid/"), timeout=5)
    assert refused.value.sent is False


async def test_another_content_type_is_the_readers_to_judge(library: Library) -> None:
    answer = ok(b"<html>login</html>", "content-type: text/html")
    async with raw_server(says(answer)) as port, guarded(library) as sender:
        response = await sender.send(Request("GET", f"http://127.0.0.1:{port}/"), timeout=5)
    assert response.headers["content-type"] == "text/html"


async def test_errors_do_not_quote_the_token(library: Library) -> None:
    headers = {"authorization": "Token c2VjcmV0"}
    async with raw_server(says(b"garbage\r\n\r\n")) as port, guarded(library) as sender:
        request = Request("GET", f"http://127.0.0.1:{port}/", headers)
        with pytest.raises((Unusable, Unreachable)) as refused:
            await sender.send(request, timeout=5)
    assert "c2VjcmV0" not in str(refused.value)


async def test_a_header_that_is_none_never_leaves(library: Library) -> None:
    async with raw_server(says(ok(b""))) as port, guarded(library) as sender:
        request = Request("GET", f"http://127.0.0.1:{port}/", {"x-request-id": "a\r\nb: c"})
        with pytest.raises((Unreachable, Unusable)):
            await sender.send(request, timeout=5)


# -- connecting and cancelling --------------------------------------------------------------------


async def test_a_host_that_swallows_connections_got_nothing(library: Library) -> None:
    """The kernel leaves further connections unanswered once the backlog is full."""
    connecting = SHORT_CONNECT[library]
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        async with guarded(connecting) as sender:
            request = Request("POST", f"http://127.0.0.1:{address[1]}/", body=b"{}")
            with pytest.raises(Unreachable) as late:
                await sender.send(request, timeout=5)
        for one in waiting:
            one.close()
    assert late.value.sent is False


SHORT_CONNECT: dict[Library, Library] = {
    AiohttpSender: lambda tls: AiohttpSender(tls, connect_time=0.3),
    CurlSender: lambda tls: CurlSender(tls, connect_time=0.3),
}


async def test_a_cancelled_request_hangs_up_at_its_timeout_at_the_latest(library: Library) -> None:
    hung_up = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        await reader.read()
        hung_up.set()

    async with raw_server(talk) as port, guarded(library) as sender:
        request = Request("GET", f"http://127.0.0.1:{port}/")
        task = asyncio.create_task(sender.send(request, timeout=1))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(hung_up.wait(), 3)


async def test_a_sender_that_closes_hangs_up(library: Library) -> None:
    """A task that still waits for an answer ends; nobody waits for its time-out."""
    asked, hung_up = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        asked.set()
        await reader.read()
        hung_up.set()

    async with raw_server(talk) as port:
        async with guarded(library) as sender:
            request = Request("GET", f"http://127.0.0.1:{port}/")
            waiting = asyncio.create_task(sender.send(request, timeout=60))
            await asyncio.wait_for(asked.wait(), 60)
        with pytest.raises((Unreachable, Unusable)):
            await asyncio.wait_for(waiting, 60)
        await asyncio.wait_for(hung_up.wait(), 60)


async def test_requests_of_many_tasks_to_one_new_host_share_its_client(library: Library) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_head(reader)
            writer.write(ok(ENVELOPE))

    async with raw_server(talk) as port, guarded(library, resolve=local) as sender:
        request = Request("GET", f"http://many.invalid:{port}/")
        answers = await asyncio.gather(*(sender.send(request, timeout=5) for _ in range(50)))
    assert {answer.status for answer in answers} == {200}
