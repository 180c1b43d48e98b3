"""The client on asyncio's own connections: the least that a push needs, in the loop's own thread.

`docs/decisions/0009-pushes.md` has its figures. Redirects, packing and guard are not its business.
"""

import asyncio
from time import monotonic

from voltroam.standard.errors import Unreachable
from voltroam.transport.client import ClientTls
from voltroam.transport.connection import Connection
from voltroam.transport.guard import Checked
from voltroam.transport.trust import tls_context
from voltroam.wire.call import Request, Response

_MAY_REPEAT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
"""Methods that may be sent again on a new connection when a kept one turns out to be gone."""
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
Origin = tuple[str, str, int]


class AsyncioSender:
    """Keeps up to `kept` idle connections for each origin, for `idle_time` seconds; every `sweep`
    seconds it lets go of those that were idle longer.

    Raises ValueError for a certificate, key or authority that cannot be read.
    """

    def __init__(
        self,
        tls: ClientTls | None = None,
        *,
        kept: int = 16,
        connect_time: float = 5.0,
        idle_time: float = 90.0,
        sweep: float = 15.0,
    ) -> None:
        self._tls = tls_context(tls or ClientTls())
        self._kept = kept
        self._connect_time = connect_time
        self._idle_time = idle_time
        self._sweep_time = sweep
        self._idle: dict[Origin, list[Connection]] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self._closed = False

    async def send(self, request: Request, to: Checked, *, timeout: float, limit: int) -> Response:
        """The answer as it came. Raises Unreachable, Unusable, or TimeoutError."""
        until = monotonic() + timeout
        origin = (to.scheme, to.host, to.port)
        data = _written(request, to)
        connection = self._take(origin, to)
        if connection is not None:
            try:
                return await self._ask(connection, origin, data, limit, timeout)
            except Unreachable:
                if connection.answered or request.method not in _MAY_REPEAT:
                    raise
        async with asyncio.timeout(until - monotonic()):
            connection = await self._connect(to)
        return await self._ask(connection, origin, data, limit, until - monotonic())

    async def close(self) -> None:
        """Hang up on all."""
        self._closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
        for connections in self._idle.values():
            for connection in connections:
                connection.abort()
        self._idle.clear()
        await asyncio.sleep(0)

    async def _ask(
        self, connection: Connection, origin: Origin, data: bytes, limit: int, timeout: float
    ) -> Response:
        try:
            response = await connection.ask(data, limit, timeout)
        except asyncio.CancelledError:
            connection.abort()
            raise
        self._keep(origin, connection)
        return response

    def _take(self, origin: Origin, to: Checked) -> Connection | None:
        """One that is open to an address that was checked; the freshest first."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            fresh = monotonic() - connection.idle_since < self._idle_time
            if not connection.lost and fresh and connection.address in to.addresses:
                return connection
            connection.abort()
        return None

    def _keep(self, origin: Origin, connection: Connection) -> None:
        idle = self._idle.setdefault(origin, [])
        if self._closed or not connection.reusable or len(idle) >= self._kept:
            connection.abort()
            return
        connection.idle_since = monotonic()
        idle.append(connection)
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(self._sweep_time, self._sweep)

    def _sweep(self) -> None:
        """Let go of those that nobody needed for long."""
        oldest, self._sweeping = monotonic() - self._idle_time, None
        for origin, connections in list(self._idle.items()):
            left = []
            for connection in connections:
                if connection.lost or connection.idle_since < oldest:
                    connection.abort()
                else:
                    left.append(connection)
            if left:
                self._idle[origin] = left
            else:
                del self._idle[origin]
        if self._idle:
            self._sweeping = asyncio.get_running_loop().call_later(self._sweep_time, self._sweep)

    async def _connect(self, to: Checked) -> Connection:
        """To the first of the checked addresses that answers."""
        fault: OSError = ConnectionError()
        for address in to.addresses:
            try:
                async with asyncio.timeout(self._connect_time):
                    return await self._open(to, address)
            except OSError as error:  # TimeoutError and TLS faults are OSErrors
                fault = error
        reason = type(fault).__name__
        raise Unreachable(f"no connection to {to.host}: {reason}", sent=False) from None

    async def _open(self, to: Checked, address: str) -> Connection:
        secure = to.scheme == "https"
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(to.host, address),
            address,
            to.port,
            ssl=self._tls if secure else None,
            server_hostname=to.host if secure else None,
        )
        return connection


def _written(request: Request, to: Checked) -> bytes:
    """Header fields were judged by the caller, and the guard wrote the URL."""
    start = len(to.scheme) + 3
    end = to.url.index("/", start)
    lines = [f"{request.method} {to.url[end:]} HTTP/1.1", f"host: {to.url[start:end]}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if "accept-encoding" not in request.headers:
        lines.append("accept-encoding: gzip")
    if request.body or request.method in _WITH_BODY:
        lines.append(f"content-length: {len(request.body)}")
    return "\r\n".join((*lines, "\r\n")).encode("latin-1") + request.body
