"""The bound: one plain ASGI callable that parses and validates as we do and stores in memory.

It knows the four calls that are measured and no more: no registration, no ownership, no audience,
no feed, no disk. What remains between it and the node is what those cost.
"""

import base64
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from bench.documents import dumps, location, token
from msgspec.structs import replace

from voltroam.standard.types import DateTime
from voltroam.standard.v2_2_1 import Location, LocationReferences, Status

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

AUTHORIZATION = b"Token " + base64.b64encode(b"bench-token")
IDS = [f"LOC{n}" for n in range(1000)]
TOKENS: dict[str, bytes] = {f"TOK{n}": dumps(token(n, owner=("BE", "NOD"))) for n in range(1000)}
STORE: dict[str, bytes] = {name: dumps(location(n)) for n, name in enumerate(IDS)}


class StatusPatch(msgspec.Struct):
    status: Status
    last_updated: DateTime


decode_location = msgspec.json.Decoder(Location, float_hook=Decimal).decode
decode_patch = msgspec.json.Decoder(StatusPatch).decode
decode_references = msgspec.json.Decoder(LocationReferences).decode
encode = msgspec.json.Encoder(decimal_format="number").encode


def _end() -> bytes:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return b'"status_code":1000,"timestamp":"%s"}' % now.encode()


def _page(offset: int, limit: int) -> bytes:
    documents = b",".join([STORE[name] for name in IDS[offset : offset + limit]])
    return b"".join((b'{"data":[', documents, b"],", _end()))


def _put(name: str, body: bytes) -> bytes:
    if decode_location(body).id != name:
        raise ValueError(name)
    STORE[name] = body
    return b"{" + _end()


def _patch(name: str, uid: str, body: bytes) -> bytes:
    patch = decode_patch(body)
    whole = decode_location(STORE[name])
    moved = {"status": patch.status, "last_updated": patch.last_updated}
    evses = [replace(e, **moved) if e.uid == uid else e for e in whole.evses or ()]
    whole = replace(whole, evses=evses, last_updated=patch.last_updated)
    STORE[name] = encode(whole)
    return b"{" + _end()


def _authorize(uid: str, body: bytes) -> bytes:
    location = encode(decode_references(body))
    info = b'{"data":{"allowed":"ALLOWED","token":%b,"location":%b},' % (TOKENS[uid], location)
    return info + _end()


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def app(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"application/json")]
    status, out = 200, b""
    segments = scope["path"].split("/")
    if dict(scope["headers"]).get(b"authorization") != AUTHORIZATION:
        status, out = 401, b"{}"
    elif scope["method"] == "GET":
        query = dict(pair.split("=") for pair in scope["query_string"].decode().split("&"))
        out = _page(int(query["offset"]), int(query["limit"]))
        headers += [(b"x-total-count", b"%d" % len(IDS)), (b"x-limit", b"50")]
    elif scope["method"] == "PUT":
        out = _put(segments[-1], await _body(receive))
    elif scope["method"] == "POST":
        out = _authorize(segments[-2], await _body(receive))
    else:
        out = _patch(segments[-2], segments[-1], await _body(receive))
    headers.append((b"content-length", b"%d" % len(out)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": out})
