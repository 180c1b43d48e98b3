"""Loopback servers that behave as badly as a test wants, and certificates for them."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trustme

from voltroam.transport.addresses import Reach
from voltroam.transport.aiohttp_sender import AiohttpSender
from voltroam.transport.client import ClientTls, GuardedSender, PinnedSender
from voltroam.transport.curl_sender import CurlSender
from voltroam.transport.guard import GuardSettings, Resolve, UrlGuard

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LOOPBACK = GuardSettings(http=True, reach=Reach(loopback=True))

SENDERS: dict[str, Callable[[ClientTls | None], PinnedSender]] = {
    "curl": CurlSender,
    "aiohttp": AiohttpSender,
}


Library = Callable[[ClientTls | None], PinnedSender]
ENVELOPE = b'{"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}'


async def local(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


def server_tls(
    authority: trustme.CA, *names: str, clients: trustme.CA | None = None
) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    if clients is not None:
        clients.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def trusting(authority: trustme.CA) -> ClientTls:
    return ClientTls(authorities=authority.cert_pem.bytes())


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(params=list(SENDERS))
def library(request: pytest.FixtureRequest) -> Callable[[ClientTls | None], PinnedSender]:
    """Each test that takes this runs with both client libraries."""
    return SENDERS[request.param]


@asynccontextmanager
async def guarded(
    library: Callable[[ClientTls | None], PinnedSender],
    *,
    tls: ClientTls | None = None,
    resolve: Resolve | None = None,
    settings: GuardSettings = LOOPBACK,
) -> AsyncIterator[GuardedSender]:
    guard = UrlGuard(settings, resolve=resolve) if resolve else UrlGuard(settings)
    sender = GuardedSender(guard, library(tls))
    try:
        yield sender
    finally:
        await sender.close()


@asynccontextmanager
async def raw_server(
    talk: Talk, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[int]:
    """A TCP server that does what `talk` says with each connection; gives its port."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(one, host, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def read_head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


def says(answer: bytes) -> Talk:
    """Read one head, write these bytes, hang up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(answer)
        await writer.drain()

    return talk


def ok(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
