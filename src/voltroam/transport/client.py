"""The HTTP client: one method, `send`, whatever library does the work.

Shared here, so that no library's own ideas count: the guard before every request, no redirects
that leave the host, no proxies from the environment, one deadline for everything, bounded and
honestly unpacked bodies, and three errors (Unreachable, Unusable, ForbiddenUrl).
"""

import asyncio
import zlib
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urljoin

from msgspec import structs

from voltroam.standard.errors import ForbiddenUrl, Silent, Unreachable, Unusable
from voltroam.transport.guard import Checked, UrlGuard
from voltroam.wire.call import Request, Response

LIMIT = 5 * 1024 * 1024
"""Bytes of a response, packed and unpacked."""
REDIRECTS = 3
"""Of a GET within one origin; partners' frameworks redirect for a slash."""
_MOVED = frozenset({301, 302, 303, 307, 308})
_GZIP = 16 + zlib.MAX_WBITS


class Sender(Protocol):
    """What all other floors know of HTTP out."""

    async def send(self, request: Request, *, timeout: float, limit: int = LIMIT) -> Response:
        """One exchange within `timeout` seconds. Raises Unreachable, Unusable or ForbiddenUrl."""
        ...


class PinnedSender(Protocol):
    """One library. It connects to the addresses of `to` and nowhere else."""

    async def send(self, request: Request, to: Checked, *, timeout: float, limit: int) -> Response:
        """The answer as it came, whole within `timeout` seconds.

        Raises Unreachable, Unusable, or TimeoutError once sent.
        """
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ClientTls:
    """Whom we trust and who we are. PEM bytes; verification itself cannot be switched off."""

    authorities: bytes | None = None
    """Certificates trusted beside the system's."""
    certificate: bytes | None = None
    key: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for pem in (self.authorities, self.certificate):
            if pem is not None and b"-----BEGIN CERTIFICATE-----" not in pem:
                raise ValueError("no PEM certificate")


class GuardedSender:
    """The guard and a library in one `Sender`."""

    def __init__(self, guard: UrlGuard, sender: PinnedSender) -> None:
        self._guard = guard
        self._sender = sender

    async def send(self, request: Request, *, timeout: float, limit: int = LIMIT) -> Response:
        """Raises Unreachable, Unusable or ForbiddenUrl; nothing else."""
        _judge_headers(request)
        to = self._guard.known(request.url)
        if to is None or request.method == "GET":
            return await self._look_up_and_send(request, timeout, limit)
        try:  # one exchange, and the library keeps its time: no second timer
            response = await self._exchange(request, to, timeout, limit)
        except TimeoutError:
            raise _silent(timeout, sent=True) from None
        if response.status in _MOVED:
            await self._redirected(request, to, response)
        return response

    async def _look_up_and_send(self, request: Request, timeout: float, limit: int) -> Response:
        """With the question for the host's address, and redirects, within the same time."""
        sent = False
        try:
            async with asyncio.timeout(timeout):
                for _ in range(REDIRECTS + 1):
                    to = await self._guard.check(request.url)
                    sent = True
                    response = await self._exchange(request, to, timeout, limit)
                    if response.status not in _MOVED:
                        return response
                    request = await self._redirected(request, to, response)
        except TimeoutError:
            raise _silent(timeout, sent=sent) from None
        raise Unusable(f"more than {REDIRECTS} redirects")

    async def close(self) -> None:
        await self._sender.close()

    async def _exchange(
        self, request: Request, to: Checked, timeout: float, limit: int
    ) -> Response:
        try:
            response = await self._sender.send(request, to, timeout=timeout, limit=limit)
        except Unreachable as fault:
            if not fault.sent:
                self._guard.forget(to.host, to.port)
            raise
        return unpacked(response, limit)

    async def _redirected(self, request: Request, to: Checked, response: Response) -> Request:
        """The same GET at another path of the same origin; any other redirect is an error."""
        target = response.headers.get("location", "")
        if request.method != "GET" or not target:
            raise Unusable(f"HTTP {response.status}: a {request.method} that we do not redirect")
        try:
            there = await self._guard.check(urljoin(to.url, target))
        except ForbiddenUrl as fault:
            raise ForbiddenUrl(f"redirect: {fault.message}") from None
        except ValueError:
            raise Unusable("redirect to no URL") from None
        if (there.scheme, there.host, there.port) != (to.scheme, to.host, to.port):
            raise Unusable(f"HTTP {response.status}: redirect to another origin, {there.host}")
        return structs.replace(request, url=there.url)


def _silent(timeout: float, *, sent: bool) -> Silent:
    return Silent(f"no answer within {timeout:g} s", sent=sent)


def _judge_headers(request: Request) -> None:
    """Line ends in a header would make two requests of one. Raises Unreachable."""
    headers = request.headers
    said = "".join((*headers.values(), *headers))
    if said.isprintable() and said.isascii():  # of all at once: there are thousands a second
        return
    for name, value in headers.items():
        if not (value.isprintable() and value.isascii() and name.isascii()):
            raise Unreachable(f"header {name!a} holds what no header may hold", sent=False)


def too_large(limit: int) -> Unusable:
    return Unusable(f"the answer has more than {limit} bytes")


def announced(length: str | None, limit: int) -> None:
    """Refuse by Content-Length before a byte of the body is read. Raises Unusable."""
    if length is not None and length.isdecimal() and int(length) > limit:
        raise too_large(limit)


def unpacked(response: Response, limit: int) -> Response:
    """Undo gzip, within the limit. Raises Unusable for bombs, damage and other codings."""
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding in ("", "identity") or not response.body:
        return response
    if coding not in ("gzip", "x-gzip"):
        raise Unusable("the answer has a Content-Encoding that we did not ask for")
    unpacker = zlib.decompressobj(_GZIP)
    try:
        body = unpacker.decompress(response.body, limit + 1)
    except zlib.error:
        raise Unusable("the answer is no valid gzip") from None
    if len(body) > limit:
        raise too_large(limit)
    if not unpacker.eof:
        raise Unusable("the answer's gzip ends too early")
    return structs.replace(response, body=body)
