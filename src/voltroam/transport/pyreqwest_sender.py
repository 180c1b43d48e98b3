"""The client on pyreqwest (Rust, reqwest): names are pinned to addresses where clients are made.

A client is fixed once made, so a name that is new or has moved gets a new one; names that ask at
the same time share it. Hosts that are IP addresses need no pin and share one client too.
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
    DetailedPyreqwestError,
    PoolTimeoutError,
    PyreqwestError,
    ReadError,
    RequestTimeoutError,
)
from pyreqwest.request import StreamRequest
from pyreqwest.response import Response as Answer

from voltroam.standard.errors import Unreachable, Unusable
from voltroam.transport.client import ClientTls, announced, too_large
from voltroam.transport.guard import Checked
from voltroam.transport.headers import fold_headers
from voltroam.wire.call import Request, Response

CONNECTING = "client error (Connect)"
"""The library's words for the phase before the request."""
LITERAL = ""
"""The name under which hosts that are IP addresses share a client."""


@dataclass(slots=True)
class _Pinned:
    client: Client
    address: str


@dataclass(slots=True)
class _Wanted:
    address: str
    pinned: asyncio.Future[_Pinned]


class PyreqwestSender:
    """At most `hosts` pinned names are kept, the least used one goes first.

    Raises ValueError for a certificate, key or authority that cannot be read.
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
        self._wanted: dict[str, _Wanted] = {}
        self._maker: asyncio.Task[None] | None = None
        self._clients[LITERAL] = _Pinned(self._build({}), "")

    async def send(self, request: Request, to: Checked, *, timeout: float, limit: int) -> Response:
        """The library loses a cancellation that comes together with its answer: here it is kept,
        for deadlines are made of them."""
        task = asyncio.current_task()
        before = task.cancelling() if task is not None else 0
        try:
            return await self._send(request, to, timeout, limit)
        finally:
            if task is not None and task.cancelling() > before:
                raise asyncio.CancelledError

    async def _send(self, request: Request, to: Checked, timeout: float, limit: int) -> Response:
        try:
            pinned = self._found(to)
            if pinned is None:
                async with asyncio.timeout(timeout):
                    pinned = await self._make_for(to)
            return await _exchange(_built(pinned.client, request, to, timeout), limit)
        except (ConnectError, ConnectTimeoutError, PoolTimeoutError) as fault:
            sent = not _never_left(fault)
            if sent and isinstance(fault, RequestTimeoutError):
                raise TimeoutError from None
            raise Unreachable(f"no connection to {to.host}: {_why(fault)}", sent=sent) from None
        except RequestTimeoutError:
            raise TimeoutError from None
        except BuilderError:
            raise Unreachable(f"no valid request for {to.host}", sent=False) from None
        except (ReadError, DecodeError) as fault:
            raise Unusable(f"the answer of {to.host} breaks off: {_why(fault)}") from None
        except PyreqwestError as fault:
            raise Unreachable(f"lost connection to {to.host}: {_why(fault)}") from None

    async def close(self) -> None:
        if self._maker is not None:
            await asyncio.wait([self._maker])
        clients = {id(pinned.client): pinned.client for pinned in self._clients.values()}
        self._clients.clear()
        for client in clients.values():
            await client.close()

    def _found(self, to: Checked) -> _Pinned | None:
        """The client of a host, as long as its address is among those that were checked."""
        name = LITERAL if to.host == to.addresses[0] else to.host
        pinned = self._clients.get(name)
        if pinned is None or (name != LITERAL and pinned.address not in to.addresses):
            return None
        self._clients.move_to_end(name)
        return pinned

    async def _make_for(self, to: Checked) -> _Pinned:
        name = to.host
        waiting = self._wanted.get(name)
        if waiting is None:
            waiting = _Wanted(to.addresses[0], asyncio.get_running_loop().create_future())
            self._wanted[name] = waiting
        if self._maker is None:
            self._maker = asyncio.create_task(self._make())
        return await asyncio.shield(waiting.pinned)

    async def _make(self) -> None:
        """Make clients while any are wanted, one for all names that wait by now.

        Reading the system's authorities takes about 10 ms: in a thread, and seldom.
        """
        try:
            while self._wanted:
                batch = dict(self._wanted)
                names = {name: want.address for name, want in batch.items()}
                try:
                    client = await asyncio.to_thread(self._build, names)
                except Exception as fault:
                    self._answer(batch, fault)
                else:
                    self._answer(batch, client)
        finally:
            self._maker = None

    def _answer(self, batch: dict[str, _Wanted], made: Client | Exception) -> None:
        for name, want in batch.items():
            del self._wanted[name]
            if isinstance(made, Exception):
                want.pinned.set_exception(made)
                continue
            pinned = self._clients[name] = _Pinned(made, want.address)
            self._clients.move_to_end(name)
            if len(self._clients) > self._hosts:
                self._clients.popitem(last=False)
            want.pinned.set_result(pinned)

    def _build(self, names: dict[str, str]) -> Client:
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
        for name, address in names.items():
            if name != LITERAL:
                builder = builder.resolve(name, address, 0)
        if tls.authorities is not None:
            builder = builder.add_root_certificate_pem(tls.authorities)
        if tls.certificate is not None:
            builder = builder.identity_pem((tls.key or b"") + b"\n" + tls.certificate)
        return builder.build()


def _built(client: Client, request: Request, to: Checked, timeout: float) -> StreamRequest:
    """In few steps: each one lets go of the interpreter's lock and waits for it again."""
    headers = {"accept-encoding": "gzip", **request.headers}
    token = headers.pop("authorization", None)
    building = client.request(request.method, to.url).timeout(timedelta(seconds=timeout))
    building = building.headers(headers)
    if token is not None:
        building = building.header("authorization", token, is_sensitive=True)
    if request.body:
        building = building.body_bytes(request.body)
    return building.build_streamed()


async def _exchange(asked: StreamRequest, limit: int) -> Response:
    """An answer that is read to its end has let go of its connection, and need not be closed."""
    answer = await asked.__aenter__()
    try:
        return await _read(answer, limit)
    except BaseException:
        await asked.__aexit__(None, None, None)
        raise


async def _read(answer: Answer, limit: int) -> Response:
    length = answer.get_header("content-length")
    announced(length, limit)
    if length is not None and length.isdecimal():  # no more than that can come: all at once
        body = bytes(await answer.bytes())
        return Response(answer.status, fold_headers(answer.headers.items()), body)
    parts: list[bytes] = []
    size = 0
    while (part := await answer.body_reader.read_chunk()) is not None:
        parts.append(bytes(part))
        size += len(part)
        if size > limit:
            raise too_large(limit)
    return Response(answer.status, fold_headers(answer.headers.items()), b"".join(parts))


def _never_left(fault: DetailedPyreqwestError) -> bool:
    """Whether not one byte of the request can have gone.

    The library calls any lost connection a ConnectError; only its causes tell the phase. Should
    their words change, we take it that the request did go.
    """
    if isinstance(fault, PoolTimeoutError):
        return True
    return any(cause["message"] == CONNECTING for cause in fault.details["causes"] or ())


def _why(fault: BaseException) -> str:
    """The kind of fault; texts of libraries may quote what we sent."""
    return type(fault).__name__
