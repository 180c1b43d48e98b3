"""The one guard that every URL from outside passes before we call it.

It reads the URL by rules stricter than any client's, resolves the host once, and judges every
address. What it gives back names the addresses that were judged, and the senders connect to those
and no others: a second answer of the DNS changes nothing.
"""

import asyncio
import re
import socket
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from time import monotonic
from typing import NamedTuple
from urllib.parse import quote

import idna

from voltroam.standard.errors import ForbiddenUrl, Unreachable
from voltroam.transport.addresses import CLOSED, Reach, forbidden

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to IP addresses; raises OSError when the name has none."""

LONGEST_URL = 2048
"""Characters. OCPI's own URL type has 255; links with our partners' cursors may be longer."""

_URL = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.IGNORECASE)
_NEVER = re.compile(r"[\x00-\x20\x7f\\<>\"`{}|^]")
"""No parser agrees with another on these; none belongs in a URL (RFC 3986 §2)."""
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_PORT = re.compile(r"[0-9]{1,5}")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_KEPT = "/?&=%:@!$'()*+,;~-._[]"
_PLAIN = re.compile(r"/[A-Za-z0-9/._~-]*")
"""A path that every client reads alike as it stands."""


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """What the operator allows beyond https to public addresses. Times in seconds."""

    http: bool = False
    reach: Reach = CLOSED
    ports: frozenset[int] | None = None
    """The only ports allowed; None: the scheme's own and all from 1024."""
    remember: float = 60.0
    """How long a checked answer of the DNS is used; the addresses stay pinned meanwhile."""
    resolve_time: float = 5.0
    hosts: int = 4096
    """Answers remembered."""


class Checked(NamedTuple):
    """A URL that may be called, at these addresses only."""

    url: str
    """In the spelling that every client reads alike: ASCII host, no fragment."""
    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]


class Parts(NamedTuple):
    """A URL as the guard reads it."""

    scheme: str
    host: str
    port: int
    literal: IPv4Address | IPv6Address | None
    rest: str
    """Path and query."""

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = self.port == (443 if self.scheme == "https" else 80)
        return f"{self.scheme}://{host}{'' if default else f':{self.port}'}{self.rest}"


async def system_resolve(host: str, port: int) -> list[str]:
    """The operating system's answer, each address once, in its order."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class UrlGuard:
    """Judges URLs; one per process, for it remembers what names resolved to."""

    def __init__(
        self,
        settings: GuardSettings | None = None,
        *,
        resolve: Resolve = system_resolve,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._settings = settings or GuardSettings()
        self._resolve = resolve
        self._clock = clock
        self._known: OrderedDict[tuple[str, int], tuple[float, tuple[str, ...]]] = OrderedDict()
        self._asking: dict[tuple[str, int], asyncio.Task[tuple[str, ...]]] = {}
        self._origins: OrderedDict[str, Parts] = OrderedDict()
        """Read and judged before; where one is a name, its address is still to be asked for."""

    async def check(self, url: str) -> Checked:
        """Read, resolve and judge. Raises ForbiddenUrl; Unreachable for a name without address."""
        known = self.known(url)
        if known is not None:
            return known
        parts = read_url(url)
        self._judge_form(parts)
        if parts.literal is not None:
            self._judge(parts.host, parts.literal)
            addresses: tuple[str, ...] = (str(parts.literal),)
        else:
            addresses = await self._addresses(parts.host, parts.port)
        self._remember(parts)
        return Checked(parts.url, parts.scheme, parts.host, parts.port, addresses)

    def known(self, url: str) -> Checked | None:
        """`check` without asking anybody, where the host was judged before; None: it must ask."""
        end = url.find("/", len("https://"))
        origin = self._origins.get(url[:end])
        if origin is None or len(url) > LONGEST_URL or not _PLAIN.fullmatch(url, end):
            return None
        if origin.literal is not None:
            addresses: tuple[str, ...] = (origin.host,)
        else:
            answer = self._known.get((origin.host, origin.port))
            if answer is None or self._clock() >= answer[0]:
                return None
            addresses = answer[1]
        return Checked(url, origin.scheme, origin.host, origin.port, addresses)

    def _remember(self, parts: Parts) -> None:
        origin = parts._replace(rest="")
        self._origins[origin.url] = origin
        if len(self._origins) > self._settings.hosts:
            self._origins.popitem(last=False)

    def forget(self, host: str, port: int) -> None:
        """Resolve anew next time: the addresses did not answer."""
        self._known.pop((host, port), None)

    def _judge_form(self, parts: Parts) -> None:
        settings = self._settings
        if parts.scheme == "http" and not settings.http:
            raise ForbiddenUrl(f"{parts.host}: only https is allowed")
        if settings.ports is not None:
            allowed = parts.port in settings.ports
        else:
            own = (443, 80) if settings.http else (443,)
            allowed = parts.port in own or parts.port >= 1024
        if not allowed:
            raise ForbiddenUrl(f"{parts.host}: port {parts.port} is not allowed")

    def _judge(self, host: str, address: IPv4Address | IPv6Address) -> None:
        reason = forbidden(address, self._settings.reach)
        if reason is not None:
            raise ForbiddenUrl(f"{host}: {address} is {reason}")

    async def _addresses(self, host: str, port: int) -> tuple[str, ...]:
        """From memory, else from the one question under way for all who ask."""
        key = (host, port)
        known = self._known.get(key)
        if known is not None and self._clock() < known[0]:
            return known[1]
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._ask(host, port))
            task.add_done_callback(lambda _done: self._asking.pop(key, None))
        return await asyncio.shield(task)

    async def _ask(self, host: str, port: int) -> tuple[str, ...]:
        try:
            async with asyncio.timeout(self._settings.resolve_time):
                answer = await self._resolve(host, port)
        except (OSError, UnicodeError) as fault:  # TimeoutError is an OSError
            raise Unreachable(
                f"{host} does not resolve: {type(fault).__name__}", sent=False
            ) from None
        if not answer:
            raise Unreachable(f"{host} does not resolve", sent=False)
        for text in answer:
            try:
                address = ip_address(text)
            except ValueError:
                raise ForbiddenUrl(f"{host} resolves to no usable address") from None
            self._judge(host, address)
        addresses = tuple(answer)
        self._known[host, port] = (self._clock() + self._settings.remember, addresses)
        self._known.move_to_end((host, port))
        if len(self._known) > self._settings.hosts:
            self._known.popitem(last=False)
        return addresses


def read_url(url: str) -> Parts:
    """Take an absolute http(s) URL apart. Raises ForbiddenUrl where two parsers may differ."""
    if len(url) > LONGEST_URL:
        raise ForbiddenUrl(f"the URL has more than {LONGEST_URL} characters")
    if _NEVER.search(url) or not url.isprintable():
        raise ForbiddenUrl("the URL has characters that no URL may have")
    match = _URL.fullmatch(url)
    if match is None:
        raise ForbiddenUrl("no absolute http or https URL")
    scheme, authority = match[1].lower(), match[2]
    if "@" in authority:
        raise ForbiddenUrl("the URL has a user name or password")
    host, port = _split(authority, 443 if scheme == "https" else 80)
    rest = f"{match[3] or '/'}{match[4] or ''}"
    if _BAD_PERCENT.search(rest):
        raise ForbiddenUrl("the URL has a broken percent-encoding")
    rest = quote(rest, safe=_KEPT)
    if host.startswith("["):
        six = _ipv6(host)
        return Parts(scheme, str(six), port, six, rest)
    name = _name(host)
    return Parts(scheme, name, port, _ipv4(name, host), rest)


def _split(authority: str, default: int) -> tuple[str, int]:
    end = authority.rfind("]") + 1
    host, colon, port = authority[end:].partition(":")
    host = authority[:end] + host
    if not colon:
        return host, default
    if not _PORT.fullmatch(port) or not 0 < int(port) < 65536:
        raise ForbiddenUrl("the URL's port is no port number")
    return host, int(port)


def _ipv6(host: str) -> IPv6Address:
    inner = host[1:-1] if host.endswith("]") else ""
    if "%" in inner or not inner.isascii():
        raise ForbiddenUrl("the URL's IPv6 address has a zone")
    try:
        address = IPv6Address(inner)
    except ValueError:
        raise ForbiddenUrl("the URL's host is no IPv6 address") from None
    if address.ipv4_mapped is not None:
        raise ForbiddenUrl("the URL's host is an IPv4 address written as IPv6")
    return address


def _name(host: str) -> str:
    """The ASCII form of a host name, in lower case and without the root's dot."""
    name = host.lower().removesuffix(".") if host.isascii() else _to_ascii(host)
    labels = name.split(".")
    if not name or len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ForbiddenUrl("the URL's host is no host name")
    if any(label.startswith("xn--") for label in labels):
        _check_idna(name)
    return name


def _to_ascii(host: str) -> str:
    try:
        name = idna.encode(host, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        raise ForbiddenUrl("the URL's host is no valid international name") from None
    return name.removesuffix(".")


def _check_idna(name: str) -> None:
    try:
        idna.decode(name)
    except (idna.IDNAError, UnicodeError):
        raise ForbiddenUrl("the URL's host is no valid international name") from None


def _ipv4(name: str, written: str) -> IPv4Address | None:
    """A name whose last label is a number is an IPv4 address in its one plain form, or refused."""
    if not _NUMBER.fullmatch(name.rpartition(".")[2]):
        return None
    try:
        address = IPv4Address(name)
    except ValueError:
        raise ForbiddenUrl("the URL's host is an odd form of an IPv4 address") from None
    if written != str(address):
        raise ForbiddenUrl("the URL's host is an odd form of an IPv4 address")
    return address


def host_of(url: str) -> str:
    """The host of a URL as `host_tied` compares it. Raises ForbiddenUrl."""
    return read_url(url).host


def host_tied(url: str, platform_hosts: Iterable[str]) -> bool:
    """Whether a URL stays with its platform: one of the platform's hosts, or a name below one.

    `platform_hosts` are the hosts of its versions URL and endpoints (`host_of`), and whatever else
    the operator entered for it. IP addresses must be equal.
    """
    try:
        parts = read_url(url)
    except ForbiddenUrl:
        return False
    hosts = frozenset(platform_hosts)
    if parts.host in hosts:
        return True
    if parts.literal is not None:
        return False
    labels = parts.host.split(".")
    above = (".".join(labels[start:]) for start in range(1, len(labels) - 1))
    return any(name in hosts for name in above)
