"""The body of a request: whole, within bounds of size, time and compression."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from voltroam.standard.errors import CallerError, InvalidBody, TooLarge
from voltroam.standard.status import StatusCode
from voltroam.transport.limits import Limits

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

GZIP = 16 + zlib.MAX_WBITS
RATIO_FREE = 64 * 1024
"""Small results are never bombs: below this the ratio is not looked at."""


class TooSlow(CallerError):
    """The body did not arrive in time."""

    status_code = StatusCode.CLIENT_ERROR
    http_status = 408


class UnknownCoding(CallerError):
    """A Content-Encoding that we do not read."""

    status_code = StatusCode.CLIENT_ERROR
    http_status = 415


class Gone(Exception):
    """The sender hung up before its body was complete; nobody is there to answer."""


def announces_body(headers: Mapping[str, str]) -> bool:
    """Whether a body follows the head (RFC 9112 §6.3)."""
    if "transfer-encoding" in headers:
        return True
    return headers.get("content-length", "0") != "0"


class Body:
    """The body of one request, on its way; read when it is wanted."""

    def __init__(self, receive: Receive, headers: Mapping[str, str], limits: Limits) -> None:
        self._receive = receive
        self._headers = headers
        self._limits = limits
        self.unread = announces_body(headers)

    async def read(self) -> bytes:
        """Raises as `read_body`."""
        if not self.unread:
            return b""
        body = await _arriving(self._receive, self._headers, self._limits)
        self.unread = False
        return unpacked(body, self._headers, self._limits)


async def read_body(receive: Receive, headers: Mapping[str, str], limits: Limits) -> bytes:
    """Read and unpack a body. Raises TooLarge, TooSlow, UnknownCoding, InvalidBody, Gone."""
    return unpacked(await _arriving(receive, headers, limits), headers, limits)


async def _arriving(receive: Receive, headers: Mapping[str, str], limits: Limits) -> bytes:
    length = headers.get("content-length")
    if length is not None and length.isdecimal() and int(length) > limits.body:
        raise TooLarge(f"the body has more than {limits.body} bytes")
    try:
        async with asyncio.timeout(limits.body_time):
            return await _collect(receive, limits.body)
    except TimeoutError:
        raise TooSlow(f"the body took more than {limits.body_time:g} s") from None


def unpacked(body: bytes, headers: Mapping[str, str], limits: Limits) -> bytes:
    """A body that has arrived, without its Content-Encoding.

    Raises TooLarge, UnknownCoding, InvalidBody.
    """
    if len(body) > limits.body:
        raise TooLarge(f"the body has more than {limits.body} bytes")
    coding = headers.get("content-encoding")
    if coding is None or not announces_body(headers):
        return body
    return unpack(body, coding, limit=limits.body, ratio=limits.ratio)


async def _collect(receive: Receive, limit: int) -> bytes:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False) and len(body) <= limit:
        return body
    parts, size = [body], len(body)
    while size <= limit:
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
    raise TooLarge(f"the body has more than {limit} bytes")


def unpack(body: bytes, coding: str, *, limit: int, ratio: int) -> bytes:
    """Undo a Content-Encoding within bounds; only gzip is read.

    Raises UnknownCoding, TooLarge (size or ratio), InvalidBody (damaged).
    """
    name = coding.strip().lower()
    if name in ("", "identity"):
        return body
    if name not in ("gzip", "x-gzip"):
        raise UnknownCoding("only gzip is read as Content-Encoding")
    bound = min(limit, max(RATIO_FREE, len(body) * ratio))
    unpacker = zlib.decompressobj(GZIP)
    try:
        plain = unpacker.decompress(body, bound + 1)
    except zlib.error:
        raise InvalidBody("the body is no valid gzip") from None
    if len(plain) > bound:
        raise TooLarge(f"the unpacked body has more than {bound} bytes")
    if not unpacker.eof or unpacker.unused_data:
        raise InvalidBody("the body is no single whole gzip member")
    return plain


async def drain(receive: Receive, limits: Limits) -> bool:
    """Read a little of an unwanted body, so that its sender sees our answer; False if more came."""
    size = 0
    try:
        async with asyncio.timeout(limits.drain_time):
            while size <= limits.drain:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return True
    except TimeoutError:
        return False
    return False
