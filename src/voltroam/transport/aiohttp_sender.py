"""The client on aiohttp: one session for all; its resolver knows only checked addresses."""

import asyncio
import socket
from collections import OrderedDict

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from voltroam.standard.errors import Unreachable, Unusable
from voltroam.transport.client import ClientTls, announced, too_large
from voltroam.transport.guard import Checked
from voltroam.transport.headers import fold_headers
from voltroam.transport.trust import tls_context
from voltroam.wire.call import Request, Response


class _PinnedResolver(AbstractResolver):
    """Answers with the addresses that the guard judged, and with nothing for any other name."""

    def __init__(self, hosts: int = 8192) -> None:
        self._hosts = hosts
        self._pinned: OrderedDict[tuple[str, int], tuple[str, ...]] = OrderedDict()

    def pin(self, to: Checked) -> None:
        """The newest check counts; the host that was checked longest ago is forgotten."""
        self._pinned[to.host, to.port] = to.addresses
        self._pinned.move_to_end((to.host, to.port))
        if len(self._pinned) > self._hosts:
            self._pinned.popitem(last=False)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = self._pinned.get((host, port))
        if addresses is None:
            raise OSError(f"{host} was not checked")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        self._pinned.clear()


class AiohttpSender:
    """The session opens with the first request.

    Raises ValueError for a certificate, key or authority that cannot be read.
    """

    def __init__(
        self, tls: ClientTls | None = None, *, connections: int = 1024, connect_time: float = 5.0
    ) -> None:
        self._context = tls_context(tls or ClientTls())
        self._connect_time = connect_time
        self._connections = connections
        self._resolver = _PinnedResolver()
        self._session: aiohttp.ClientSession | None = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._connections,
                ssl=self._context,
                resolver=self._resolver,
                use_dns_cache=False,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                skip_auto_headers=("user-agent", "accept", "content-type"),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_time),
            )
        return self._session

    async def send(self, request: Request, to: Checked, *, timeout: float, limit: int) -> Response:
        session = self._open()
        self._resolver.pin(to)
        headers = {"accept-encoding": "gzip", **request.headers}
        try:
            async with (
                asyncio.timeout(timeout),
                session.request(
                    request.method,
                    URL(to.url, encoded=True),
                    headers=headers,
                    data=request.body or None,
                    allow_redirects=False,
                ) as answer,
            ):
                announced(answer.headers.get("content-length"), limit)
                body = await _read(answer.content, limit)
                return Response(answer.status, fold_headers(answer.headers.items()), body)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as fault:
            raise Unreachable(f"no connection to {to.host}: {_why(fault)}", sent=False) from None
        except aiohttp.ClientPayloadError:
            raise Unusable(f"the answer of {to.host} breaks off") from None
        except aiohttp.ClientResponseError:
            raise Unusable(f"the answer of {to.host} is no HTTP") from None
        except (aiohttp.ClientError, OSError) as fault:
            if isinstance(fault, TimeoutError):
                raise
            raise Unreachable(f"lost connection to {to.host}: {_why(fault)}") from None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _read(content: aiohttp.StreamReader, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in content.iter_any():
        parts.append(part)
        size += len(part)
        if size > limit:
            raise too_large(limit)
    return b"".join(parts)


def _why(fault: BaseException) -> str:
    """The kind of fault; texts of libraries may quote what we sent."""
    return type(fault).__name__
