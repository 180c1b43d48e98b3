"""Compressed replies: for whoever asks, where the bytes saved are worth the time."""

import asyncio
import re
import zlib
from collections.abc import Awaitable, Callable

from msgspec import structs

from voltroam.wire.call import Response

WORTH = 16 * 1024
"""Bytes below which a reply is sent as it is."""
_GZIP = 16 + zlib.MAX_WBITS
_NOT = re.compile(r"q\s*=\s*0(\.0*)?")


def gzip_large(
    worth: int = WORTH, level: int = 1
) -> Callable[[str, Response], Awaitable[Response]]:
    """The `compress` of a server: gzip from `worth` bytes on, beside the event loop.

    A reply that comes compressed already is left alone.
    """

    async def compress(accepted: str, response: Response) -> Response:
        if len(response.body) < worth or "content-encoding" in response.headers:
            return response
        if not takes_gzip(accepted):
            return response
        body = await asyncio.to_thread(_gzip, response.body, level)
        headers = {**response.headers, "content-encoding": "gzip", "vary": "accept-encoding"}
        return structs.replace(response, headers=headers, body=body)

    return compress


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding allows gzip (RFC 9110 §12.5.3)."""
    for entry in accepted.lower().split(","):
        name, _, weight = entry.partition(";")
        if name.strip() in ("gzip", "x-gzip", "*"):
            return _NOT.fullmatch(weight.strip()) is None
    return False


def _gzip(body: bytes, level: int) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, _GZIP)
    return packer.compress(body) + packer.flush()
