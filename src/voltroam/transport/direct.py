"""Past ASGI's messages, for what is whole: a request that was read, an answer that is ready.

ASGI has a scope and two messages for each call, and uvicorn makes a task for it and looks at every
header of its answer with two patterns: together two fifths of a small call. Our own protocol class
hands a whole request to an application that has `whole`, and writes its answer; all other requests,
and all applications under any other server, go by ASGI.
"""

from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from voltroam.wire.call import Response

SMALL = 16 * 1024
"""Bytes of a body that is copied behind its head, so that both leave in one write."""
Pair = tuple[bytes, bytes]
Waiting = Coroutine[Any, Any, Response]


class Application(Protocol):
    """What takes a request that has arrived whole."""

    def whole(
        self, method: str, url: str, headers: list[Pair], body: bytes
    ) -> Response | Waiting | None:
        """Its answer, or a coroutine that gives it when something must be waited for.

        `url` is path and query; names of headers are in any case. Never raises. None, before
        anything was done: ask me by ASGI.
        """
        ...


class Pending:
    """A whole request whose answer is awaited. It stands where uvicorn keeps its own cycle, which
    is asked, and told, of a connection that is lost or has to end."""

    __slots__ = ("disconnected", "keep_alive", "message_event", "response_complete")

    def __init__(self, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        self.response_complete = False
        self.disconnected = False
        self.message_event = NOBODY_WAITS


class _NobodyWaits:
    """In place of the event by which a cycle hears of its body: all of it is here."""

    def set(self) -> None:
        pass


NOBODY_WAITS = _NobodyWaits()


def clean(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Control characters never reach a header."""
    if "".join(headers.values()).isprintable():
        return headers
    return {
        name: "".join(letter for letter in value if letter >= " " and letter != "\x7f")
        for name, value in headers.items()
    }


def written(
    response: Response, method: str, own: Iterable[Pair], keep_alive: bool
) -> tuple[bytes, bytes]:
    """An answer as it goes over the wire, with the server's own headers: what leaves first, and
    what is too large to be copied behind it."""
    body, status = response.body, STATUS_LINE[response.status]
    lines = "".join([f"{name}: {value}\r\n" for name, value in clean(response.headers).items()])
    pieces = [status]
    for name, value in own:
        pieces += (name, b": ", value, b"\r\n")
    pieces += (b"content-length: %d\r\n" % len(body), lines.encode("latin-1", "replace"))
    pieces.append(b"\r\n" if keep_alive else b"connection: close\r\n\r\n")
    if method == "HEAD":
        body = b""
    if len(body) <= SMALL:
        pieces.append(body)
        body = b""
    return b"".join(pieces), body
