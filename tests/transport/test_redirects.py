"""Redirects: a GET within its origin, through the guard, and nothing else."""

import asyncio
from collections.abc import Callable

import pytest
from tests.transport.conftest import guarded, ok, raw_server, read_head, says

from voltroam.standard.errors import ForbiddenUrl, Unusable
from voltroam.transport.client import ClientTls, PinnedSender
from voltroam.wire.call import Request

Library = Callable[[ClientTls | None], PinnedSender]
ENVELOPE = b'{"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}'


def redirect(location: str, status: int = 302) -> bytes:
    """Each connection serves one request here, and says so."""
    lines = [f"HTTP/1.1 {status} Moved", f"location: {location}", "content-length: 0"]
    return "\r\n".join([*lines, "connection: close", "", ""]).encode()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_get_follows_a_redirect_within_its_origin(library: Library, status: int) -> None:
    """CORE-HTTP-15 seen from the other side: partners redirect for a trailing slash."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await read_head(reader)
        assert b"token t" in head.lower()
        writer.write(
            redirect("/list/", status) if b" /list " in head else ok(ENVELOPE, "connection: close")
        )

    async with raw_server(talk) as port, guarded(library) as sender:
        request = Request("GET", f"http://127.0.0.1:{port}/list", {"authorization": "Token T"})
        # each connection serves one request here, so the server hangs up in between
        assert (await sender.send(request, timeout=5)).body == ENVELOPE


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://192.168.1.1/",
        "http://[::ffff:10.0.0.1]/",
        "http://0x7f.1/",
        "http://user@127.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "//10.0.0.1/",
        "http://\\127.0.0.1/",
    ],
)
async def test_a_redirect_to_a_forbidden_url_is_not_followed(
    library: Library, location: str
) -> None:
    async with raw_server(says(redirect(location))) as port, guarded(library) as sender:
        with pytest.raises(ForbiddenUrl):
            await sender.send(Request("GET", f"http://127.0.0.1:{port}/"), timeout=5)


async def test_a_redirect_to_another_host_or_port_is_not_followed(library: Library) -> None:
    reached: list[bytes] = []

    async def other(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        reached.append(await read_head(reader))

    async with raw_server(other) as there:
        for location in (f"http://127.0.0.1:{there}/", f"http://127.0.0.2:{there}/"):
            async with raw_server(says(redirect(location))) as port, guarded(library) as sender:
                with pytest.raises(Unusable):
                    await sender.send(Request("GET", f"http://127.0.0.1:{port}/"), timeout=5)
    assert reached == []


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
async def test_a_write_is_never_redirected(library: Library, method: str) -> None:
    async with raw_server(says(redirect("/else", 307))) as port, guarded(library) as sender:
        with pytest.raises(Unusable):
            await sender.send(Request(method, f"http://127.0.0.1:{port}/"), timeout=5)


async def test_redirects_in_a_circle_end(library: Library) -> None:
    count = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        await read_head(reader)
        count += 1
        writer.write(redirect("/again"))

    async with raw_server(talk) as port, guarded(library) as sender:
        with pytest.raises(Unusable):
            await sender.send(Request("GET", f"http://127.0.0.1:{port}/"), timeout=5)
    assert count == 4
