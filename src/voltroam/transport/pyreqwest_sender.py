"""The client on pyreqwest (Rust, reqwest): a client of its own for each host name, pinned.

A client resolves one name to one address and keeps its own connections, so names and addresses
are pinned where clients are made. Hosts that are IP addresses need no name and share one client.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import (
    BuilderError,
    ConnectError,
    ConnectTimeoutError,
    DecodeError,
    PoolTimeoutError,
    PyreqwestError,
    ReadError,
    RequestTimeoutError,
)

from voltroam.standard.errors import Unreachable, Unusable
from voltroam.transport.client import ClientTls, announced, too_large
from voltroam.transport.guard import Checked
from voltroam.transport.headers import fold_headers
from voltroam.wire.call import Request, Response

LITERAL = ""
"""The name under which hosts that are IP addresses share a client."""


@dataclass(slots=True)
class _Pinned:
    client: Client
    address: str


class PyreqwestSender:
    """At most `hosts` clients are kept, the least used one goes first.

    A request whose task is cancelled goes on inside the library until its own timeout.
    """

    def __init__(
        self,
        tls: ClientTls | None = None,
        *,
        hosts: int = 1024,
        connect_time: float = 5.0,
        idle_time: float = 90.0,
    ) -> None:
        self._tls = tls or ClientTls()
        self._hosts = hosts
        self._connect_time = timedelta(seconds=connect_time)
        self._idle_time = timedelta(seconds=idle_time)
        self._clients: OrderedDict[str, _Pinned] = OrderedDict()
        self._making: dict[str, asyncio.Task[_Pinned]] = {}

    async def send(self, request: Request, to: Checked, *, timeout: float, limit: int) -> Response:
        pinned = await self._pinned(to)
        building = pinned.client.request(request.method, to.url).timeout(timedelta(seconds=timeout))
        if "accept-encoding" not in request.headers:
            building = building.header("accept-encoding", "gzip")
        for name, value in request.headers.items():
            building = building.header(name, value, is_sensitive=name == "authorization")
        if request.body:
            building = building.body_bytes(request.body)
        try:
            async with building.build_streamed() as answer:
                announced(answer.get_header("content-length"), limit)
                parts: list[bytes] = []
                size = 0
                while (part := await answer.body_reader.read_chunk()) is not None:
                    parts.append(bytes(part))
                    size += len(part)
                    if size > limit:
                        raise too_large(limit)
                headers = fold_headers(answer.headers.items())
                return Response(answer.status, headers, b"".join(parts))
        except (ConnectError, ConnectTimeoutError, PoolTimeoutError) as fault:
            raise Unreachable(f"no connection to {to.host}: {_why(fault)}", sent=False) from None
        except RequestTimeoutError:
            raise TimeoutError from None
        except BuilderError:
            raise Unreachable(f"no valid request for {to.host}", sent=False) from None
        except (ReadError, DecodeError) as fault:
            raise Unusable(f"the answer of {to.host} breaks off: {_why(fault)}") from None
        except PyreqwestError as fault:
            raise Unreachable(f"lost connection to {to.host}: {_why(fault)}") from None

    async def close(self) -> None:
        clients = [pinned.client for pinned in self._clients.values()]
        self._clients.clear()
        for client in clients:
            await client.close()

    async def _pinned(self, to: Checked) -> _Pinned:
        """The client of a host, as long as its address is among those that were checked."""
        literal = to.host == to.addresses[0]
        name = LITERAL if literal else to.host
        pinned = self._clients.get(name)
        if pinned is not None and (literal or pinned.address in to.addresses):
            self._clients.move_to_end(name)
            return pinned
        making = self._making.get(name)
        if making is None:
            making = self._making[name] = asyncio.create_task(self._make(name, to))
            making.add_done_callback(lambda _done: self._making.pop(name, None))
        return await asyncio.shield(making)

    async def _make(self, name: str, to: Checked) -> _Pinned:
        """In a thread: reading the system's authorities takes about 10 ms."""
        address = to.addresses[0]
        client = await asyncio.to_thread(self._build, name, address)
        pinned = self._clients[name] = _Pinned(client, address)
        self._clients.move_to_end(name)
        if len(self._clients) > self._hosts:
            self._clients.popitem(last=False)
        return pinned

    def _build(self, name: str, address: str) -> Client:
        tls = self._tls
        builder = (
            ClientBuilder()
            .no_proxy()
            .follow_redirects(False)
            .referer(False)
            .http1_only()
            .http1_lower_case_headers()
            .gzip(False)
            .brotli(False)
            .zstd(False)
            .deflate(False)
            .connect_timeout(self._connect_time)
            .pool_idle_timeout(self._idle_time)
            .min_tls_version("TLSv1.2")
        )
        if name != LITERAL:
            builder = builder.resolve(name, address, 0)
        if tls.authorities is not None:
            builder = builder.add_root_certificate_pem(tls.authorities)
        if tls.certificate is not None:
            builder = builder.identity_pem((tls.key or b"") + b"\n" + tls.certificate)
        return builder.build()


def _why(fault: BaseException) -> str:
    """The kind of fault; texts of libraries may quote what we sent."""
    return type(fault).__name__
