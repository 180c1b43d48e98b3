"""The four nouns: `Request`/`Response` are HTTP in bytes, `Call`/`Reply` are OCPI.

In: bytes -> Request -> Call -> dispatch -> Reply -> bytes. Out: the mirror.
Server, client, hub and tester share them; nothing else crosses a floor.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from voltroam.standard.endpoints import Endpoint
from voltroam.standard.parties import PartyId
from voltroam.standard.status import StatusCode
from voltroam.standard.versions import Version

NOTHING: Mapping[str, str] = MappingProxyType({})


def _nothing() -> Mapping[str, str]:
    """As a factory, for Python 3.11 takes a mapping proxy for a mutable default."""
    return NOTHING


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. `url` is absolute when we send it, path and query when we receive it."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=_nothing)
    """Names in lower case."""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response, read whole."""

    status: int
    headers: Mapping[str, str] = field(default_factory=_nothing)
    """Names in lower case; repeated headers joined by comma."""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Routing:
    """The four routing headers as two parties (OCPI 2.2.1 §transport, message routing headers)."""

    to: PartyId | None = None
    sender: PartyId | None = None

    def swapped(self) -> "Routing":
        return Routing(to=self.sender, sender=self.to)


@dataclass(frozen=True, slots=True)
class Call:
    """What one request asks, in OCPI's words, whoever sent it."""

    version: Version
    endpoint: Endpoint
    keys: Mapping[str, str] = field(default_factory=_nothing)
    """Key segments of the path by name (`location_id`), percent-decoded once."""
    query: Mapping[str, str] = field(default_factory=_nothing)
    body: bytes | None = None
    routing: Routing = Routing()
    request_id: str = ""
    correlation_id: str = ""
    url: str = ""
    """The public absolute URL without query, for Link and Location."""

    @property
    def owner(self) -> PartyId | None:
        """The owner that the path names, if the row has it there."""
        if "country_code" not in self.keys:
            return None
        return PartyId(self.keys["country_code"], self.keys["party_id"])


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a call. `data` is ready JSON, or None where the row defines no data."""

    status_code: int = StatusCode.SUCCESS
    http_status: int = 200
    data: bytes | None = None
    message: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Extra headers: Link, X-Total-Count, X-Limit, Location, Allow, Retry-After."""
    routing: Routing = Routing()
    timestamp: str = ""
    """Of a reply that we read; when we write one the server stamps it."""
