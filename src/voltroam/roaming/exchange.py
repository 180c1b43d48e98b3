"""Calls that we make: one partner, one row of the table, one reply.

Each request has an id of its own; requests of one flow may share a correlation id. Every URL that a
partner gave us must be at a host that it registered with (design: security).
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import msgspec

from voltroam.bridge.passage import is_spoken_here
from voltroam.roaming.bridging import Bridging, asked_in
from voltroam.roaming.platforms import Platform
from voltroam.roaming.redaction import redacted
from voltroam.roaming.vault import Vault
from voltroam.standard.endpoints import Behaviour, Endpoint, Interface
from voltroam.standard.errors import ForbiddenUrl, PartnerError, Refused, Unreachable, Unusable
from voltroam.standard.versions import VERSIONS, Version
from voltroam.wire.call import NOTHING, Call, Reply, Request, Response, Routing
from voltroam.wire.calls import write_call
from voltroam.wire.envelope import read_reply
from voltroam.wire.headers import new_id
from voltroam.wire.paging import next_link

MOST_PAGES = 100_000
"""A list that goes on after this many pages is taken for endless."""
OVERRUN = 1_000
"""Objects that a list may give beyond twice its total: it may grow and shrink while it is read."""
ONE = 5 * 1024 * 1024
"""Bytes of an answer that is one object or none."""
PAGE = 64 * 1024 * 1024
"""Bytes of a page: partners choose its length, and 1,000 locations are 8 MB and more."""
_FAR_ENDS = 10_000
"""Platforms whose token and URLs are kept at hand."""
_PORTS = {"http": 80, "https": 443}
_OBJECTS = msgspec.json.Decoder(list[msgspec.Raw])
_DIRECT = Routing()


class Send(Protocol):
    """One HTTP exchange within `timeout` seconds and `limit` bytes of answer.

    Raises Unreachable, Unusable, ForbiddenUrl.
    """

    async def __call__(self, request: Request, *, timeout: float, limit: int) -> Response: ...


@dataclass(frozen=True, slots=True)
class Access:
    """How one far end is called when it is no registered platform yet."""

    token: str
    base64: bool = True
    timeout: float = 15.0

    def __repr__(self) -> str:
        return f"Access(token=…, base64={self.base64}, timeout={self.timeout})"


class _Far:
    """How one platform is called, as it stands."""

    def __init__(self, platform: Platform, version: Version, access: Access) -> None:
        self.platform = platform
        self.version = version
        self.access = access
        self._urls: dict[tuple[str, Interface | None], str] = {}

    def url(self, endpoint: Endpoint) -> str:
        """Of the endpoint that a row stands below. Raises Unusable where it has none."""
        at = (endpoint.module.name, endpoint.interface)
        found = self._urls.get(at)
        if found is None:
            found = self._urls[at] = _endpoint_url(self.platform, endpoint)
        return found


class Exchange:
    """Calls partners. `on_contact` hears of every answer (True) and every silence (False)."""

    def __init__(
        self,
        send: Send,
        vault: Vault,
        *,
        on_contact: Callable[[str, bool], None] = lambda _platform, _ok: None,
        most_pages: int = MOST_PAGES,
        bridging: Bridging | None = None,
    ) -> None:
        self._doors = bridging
        self._send = send
        self._vault = vault
        self._on_contact = on_contact
        self._most_pages = most_pages
        self._known: dict[str, _Far] = {}
        self._opened: dict[str, str] = {}

    async def call(
        self,
        platform: Platform,
        endpoint: Endpoint,
        *,
        keys: Mapping[str, str] = NOTHING,
        query: Mapping[str, str] = NOTHING,
        body: bytes | None = None,
        routing: Routing = _DIRECT,
        url: str | None = None,
        correlation_id: str = "",
    ) -> Reply:
        """One call. `url`: whole, as the partner gave it (Location, response_url, Link).

        Raises Unusable if the partner has no such endpoint, ForbiddenUrl for a foreign host, and
        the rest of the PartnerError family for what happens on the way.
        """
        if url is not None:
            self._check_host(platform, url)
        far = self._far(platform)
        address = url or far.url(endpoint)
        call = Call(
            far.version, endpoint, keys, query, body, routing, new_id(),
            correlation_id or new_id(),
        )  # fmt: skip
        doors = self._doors if _is_abroad(call) else None
        if doors is not None:
            call = await self._said(call, platform, doors)
        try:
            reply = await self._exchange(call, address, far.access, whole=url is not None)
        except Unreachable:
            self._on_contact(platform.id, False)
            raise
        except (Refused, Unusable):
            self._on_contact(platform.id, True)
            raise
        self._on_contact(platform.id, True)
        return reply if doors is None else await self._heard(reply, call, platform, doors)

    async def _said(self, call: Call, platform: Platform, doors: Bridging) -> Call:
        """The body of an odd row in the partner's version; that of a plain row is in it already."""
        takes = call.endpoint.takes
        if call.body is None or takes is None:
            return call
        body = await doors.told(takes.__name__, call.body, call.version, platform)
        return msgspec.structs.replace(call, body=body)

    async def _heard(self, reply: Reply, call: Call, platform: Platform, doors: Bridging) -> Reply:
        gives = call.endpoint.gives
        if reply.data is None or gives is None:
            return reply
        data = await doors.answered(
            gives.__name__, reply.data, call.version, platform, asked_in(call)
        )
        return msgspec.structs.replace(reply, data=data)

    async def forward(
        self,
        platform: Platform,
        call: Call,
        *,
        tail: str = "",
        url: str | None = None,
        timeout: float,
    ) -> Response:
        """Pass on somebody else's call with our own token and a request id of its own.

        `tail` is the path below the endpoint's URL as it came, percent-encoding included; `url` is
        whole, as the partner gave it. What comes back is not read. Raises Unreachable, Unusable
        and ForbiddenUrl.
        """
        if url is not None:
            self._check_host(platform, url)
        far = self._far(platform)
        address, access = url or _below(far.url(call.endpoint), tail), far.access
        base64 = access.base64 and call.version.base64_token
        request = write_call(call, address, token=access.token, base64=base64, whole=True)
        limit = PAGE if call.endpoint.behaviour is Behaviour.LIST else ONE
        try:
            response = await self._send(request, timeout=min(timeout, access.timeout), limit=limit)
        except PartnerError as fault:
            self._on_contact(platform.id, not isinstance(fault, Unreachable))
            fault.reword(redacted(fault.message, call, access.token))
            raise
        self._on_contact(platform.id, True)
        return response

    async def ask(
        self,
        url: str,
        endpoint: Endpoint,
        version: Version,
        access: Access,
        *,
        body: bytes | None = None,
        correlation_id: str = "",
    ) -> Reply:
        """One call to a far end that is no platform yet, at exactly this URL."""
        call = Call(
            version, endpoint, body=body, request_id=new_id(),
            correlation_id=correlation_id or new_id(),
        )  # fmt: skip
        return await self._exchange(call, url, access, whole=True)

    async def pages(
        self,
        platform: Platform,
        endpoint: Endpoint,
        *,
        query: Mapping[str, str] = NOTHING,
        routing: Routing = _DIRECT,
    ) -> AsyncIterator[Sequence[bytes]]:
        """The objects of a list, page by page, as raw JSON each; ends after the last page.

        Links are followed within the partner's own hosts and never in circles. When the total
        shrinks meanwhile, the page is asked for again further to the front, so objects may come
        twice (OCPI 2.2.1 §transport, pagination). Raises the PartnerError family: a list is only
        complete when this ends without.
        """
        wanted = dict(query)
        if platform.profile.page_limit is not None:
            wanted.setdefault("limit", str(platform.profile.page_limit))
        flow = new_id()
        url: str | None = None
        seen: set[str] = set()
        total: int | None = None
        received = 0
        for _ in range(self._most_pages):
            reply = await self.call(
                platform, endpoint, query=wanted if url is None else NOTHING, routing=routing,
                url=url, correlation_id=flow,
            )  # fmt: skip
            page = _objects(reply)
            yield page
            before, total = total, _total(reply)
            received += max(1, len(page))
            if total is not None and received > 2 * max(total, before or 0) + OVERRUN:
                raise Unusable(f"The list goes on beyond its own total of {total}")
            again = _further_front(url, before, total)
            following = again if again and again not in seen else next_link(reply.headers)
            if following is None:
                return
            url = urljoin(url or self._far(platform).url(endpoint), following)
            if url in seen:
                raise Unusable("The list's pages run in a circle")
            seen.add(url)
        raise Unusable(f"The list has more than {self._most_pages} pages")

    async def _exchange(self, call: Call, url: str, access: Access, *, whole: bool) -> Reply:
        base64 = access.base64 and call.version.base64_token
        request = write_call(call, url, token=access.token, base64=base64, whole=whole)
        limit = PAGE if call.endpoint.behaviour is Behaviour.LIST else ONE
        try:
            return read_reply(await self._send(request, timeout=access.timeout, limit=limit))
        except PartnerError as fault:
            fault.reword(redacted(fault.message, call, access.token))
            raise

    def _far(self, platform: Platform) -> "_Far":
        """Read once, for as long as the platform does not move."""
        far = self._known.get(platform.id)
        if far is None or far.platform is not platform:
            if len(self._known) >= _FAR_ENDS:
                self._known.clear()
            far = self._known[platform.id] = _Far(
                platform, version_of(platform), self._access(platform)
            )
        return far

    def _access(self, platform: Platform) -> Access:
        sealed = platform.token_sealed
        if sealed is None:
            raise Unusable(f"We hold no token of {platform.name}")
        token = self._opened.get(sealed)
        if token is None:
            if len(self._opened) >= _FAR_ENDS:
                self._opened.clear()
            token = self._opened[sealed] = self._vault.open(sealed)
        return Access(token, platform.profile.base64, platform.profile.timeout)

    def _check_host(self, platform: Platform, url: str) -> None:
        host = host_of(url)
        if host is None or host not in platform.hosts:
            raise ForbiddenUrl(f"The URL is not at a host of {platform.name}")


def _is_abroad(call: Call) -> bool:
    """An odd row of another version than the house's: its bodies are bridged here."""
    odd = call.endpoint.behaviour is Behaviour.HANDLED and call.endpoint.interface is not None
    return odd and not is_spoken_here(call.version)


def host_of(url: str) -> str | None:
    """Host and port of an http(s) URL, `www.example.com:443`; None if it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or port is None:
        return None
    return f"{parts.hostname.lower()}:{port}"


def version_of(platform: Platform) -> Version:
    version = VERSIONS.get(platform.version or "")
    if version is None:
        raise Unusable(f"{platform.name} is not registered with a version that we speak")
    return version


def _endpoint_url(platform: Platform, endpoint: Endpoint) -> str:
    interface = endpoint.interface
    for at in platform.endpoints:
        if at.identifier == endpoint.module.name and interface in (None, at.role):
            return at.url
    side = f" {interface.value}" if interface else ""
    raise Unusable(f"{platform.name} has no {endpoint.module.name}{side} endpoint")


def _below(url: str, tail: str) -> str:
    """A path as it came below an endpoint's URL, with exactly one slash between them."""
    if not tail:
        return url
    address, mark, query = url.partition("?")
    return f"{address.rstrip('/')}/{tail}{mark}{query}"


def _objects(reply: Reply) -> Sequence[bytes]:
    """Absent and null are the empty list (OCPI 2.2.1 §types, cardinality)."""
    if reply.data is None:
        return ()
    try:
        return [bytes(item) for item in _OBJECTS.decode(reply.data)]
    except msgspec.MsgspecError:
        raise Unusable("A list was asked for, but data is none") from None


def _total(reply: Reply) -> int | None:
    text = reply.headers.get("x-total-count", "").strip()
    return int(text[:18]) if text.isascii() and text.isdigit() else None


def _further_front(url: str | None, before: int | None, total: int | None) -> str | None:
    """The same page, its offset lowered by what vanished from the list meanwhile (CORE-PAG-23)."""
    if url is None or before is None or total is None or total >= before:
        return None
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    offset = query.get("offset", "")
    if not (offset.isascii() and offset.isdigit()):
        return None
    query["offset"] = str(max(0, int(offset) - (before - total)))
    return urlunsplit(parts._replace(query=urlencode(query)))
