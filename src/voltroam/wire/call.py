"""The four nouns: `Request`/`Response` are HTTP in bytes, `Call`/`Reply` are OCPI.

In: bytes -> Request -> Call -> dispatch -> Reply -> bytes. Out: the mirror.
Server, client, hub and tester share them; nothing else crosses a floor. Several are made for every
request, and a Struct costs a quarter of a frozen dataclass. None shows its values: tokens, headers
and documents hold secrets.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from voltroam.standard.endpoints import Endpoint
from voltroam.standard.parties import PartyId
from voltroam.standard.status import StatusCode
from voltroam.standard.trees import Tree
from voltroam.standard.versions import Version

NOTHING: Mapping[str, str] = MappingProxyType({})


class Request(msgspec.Struct, frozen=True):
    """One HTTP request. `url` is absolute when we send it, path and query when we receive it."""

    method: str
    url: str
    headers: Mapping[str, str] = NOTHING
    """Names in lower case."""
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Request({self.method}, {len(self.body)} bytes)"


class Response(msgspec.Struct, frozen=True):
    """One HTTP response, read whole."""

    status: int
    headers: Mapping[str, str] = NOTHING
    """Names in lower case; repeated headers joined by comma."""
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Response({self.status}, {len(self.body)} bytes)"


class Routing(msgspec.Struct, frozen=True):
    """The four routing headers as two parties (OCPI 2.2.1 §transport, message routing headers)."""

    to: PartyId | None = None
    sender: PartyId | None = None

    def swapped(self) -> "Routing":
        return Routing(to=self.sender, sender=self.to)

    @property
    def is_silent(self) -> bool:
        """Neither party is named."""
        return self.to is None and self.sender is None


class Call(msgspec.Struct, frozen=True):
    """What one request asks, in OCPI's words, whoever sent it."""

    version: Version
    endpoint: Endpoint
    keys: Mapping[str, str] = NOTHING
    """Key segments of the path by name (`location_id`), percent-decoded once."""
    query: Mapping[str, str] = NOTHING
    body: bytes | None = None
    routing: Routing = Routing()
    request_id: str = ""
    correlation_id: str = ""
    url: str = ""
    """The public absolute URL without query, for Link and Location."""
    tree: Tree | None = None
    """Which of a version's two trees was called, where it has two (2.1.1)."""

    def __repr__(self) -> str:
        row = self.endpoint
        return f"Call({row.method} {row.module.name}/{row.path}, request {self.request_id})"

    @property
    def owner(self) -> PartyId | None:
        """The owner that the path names, if the row has it there."""
        if "country_code" not in self.keys:
            return None
        return PartyId(self.keys["country_code"], self.keys["party_id"])


class Reply(msgspec.Struct, frozen=True):
    """The answer to a call. `data` is ready JSON, or None where the row defines no data."""

    status_code: int = StatusCode.SUCCESS
    http_status: int = 200
    data: bytes | None = None
    message: str | None = None
    headers: Mapping[str, str] = NOTHING
    """Extra headers: Link, X-Total-Count, X-Limit, Location, Allow, Retry-After."""
    routing: Routing = Routing()
    items: Sequence[bytes] | None = None
    """In place of `data` where we answer with a list: its entries, joined when they are sent."""
    envelope: bytes | None = None
    """In place of data, codes and message: a ready envelope that is passed on as it came."""
    timestamp: str = ""
    """Of a reply that we read; when we write one the server stamps it."""

    def __repr__(self) -> str:
        return f"Reply({int(self.status_code)}, HTTP {self.http_status})"
