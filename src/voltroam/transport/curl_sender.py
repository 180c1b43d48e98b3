"""The client on pycurl (libcurl): each request names the address that its connection goes to."""

import re
from dataclasses import dataclass, field
from io import BytesIO
from ipaddress import ip_address
from socket import socket
from typing import Final

import pycurl

from voltroam.standard.errors import PartnerError, Unreachable, Unusable
from voltroam.transport.client import ClientTls, too_large
from voltroam.transport.guard import Checked
from voltroam.transport.headers import fold_headers
from voltroam.transport.kept import KeptConnections
from voltroam.transport.transfers import DONE, Transfers
from voltroam.transport.trust import system_authorities, tls_context
from voltroam.wire.call import Request, Response

_PLAIN: Final = ["accept:", "expect:"]
"""What libcurl would add is left away."""
_GZIP: Final = {"accept-encoding": "gzip"}
"""Undone by us, within the limit."""
_WITH_BODY: Final = frozenset({"PUT", "POST", "PATCH"})
_WEIRD_REPLY: Final = 8
_TOO_LARGE: Final = 100
"""libcurl's numbers that pycurl has no names for."""
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] [1-5][0-9][0-9][ \r\n]")
_ENDS: Final = frozenset({b"\r\n", b"\n"})
_CUT_SHORT: Final = frozenset({
    pycurl.E_PARTIAL_FILE, pycurl.E_RECV_ERROR, _WEIRD_REPLY,
    pycurl.E_UNSUPPORTED_PROTOCOL, _TOO_LARGE, pycurl.E_BAD_CONTENT_ENCODING,
})  # fmt: skip
"""Faults of an answer, once some of it has come."""
_WORDS: Final = {
    pycurl.E_ABORTED_BY_CALLBACK: "we hung up, for we end",
    pycurl.E_COULDNT_CONNECT: "refused, or nobody there",
    pycurl.E_OPERATION_TIMEDOUT: "nobody took it in time",
    pycurl.E_SSL_CONNECT_ERROR: "TLS could not be agreed on",
    pycurl.E_PEER_FAILED_VERIFICATION: "its certificate is not trusted or for another name",
    pycurl.E_SSL_CERTPROBLEM: "our certificate cannot be used",
    pycurl.E_GOT_NOTHING: "it hung up without an answer",
    pycurl.E_SEND_ERROR: "it hung up while we sent",
    pycurl.E_SEND_FAIL_REWIND: "it hung up while we sent",
    pycurl.E_RECV_ERROR: "it hung up",
    pycurl.E_PARTIAL_FILE: "it ends too early",
    pycurl.E_UNSUPPORTED_PROTOCOL: "it is no HTTP",
    _WEIRD_REPLY: "it is no HTTP",
    _TOO_LARGE: "its headers are too long",
}
"""Ours: libcurl's own may quote what we sent."""


@dataclass(slots=True, eq=False)
class _Handle:
    """One exchange at a time; options that did not change are not set again."""

    curl: pycurl.Curl
    lines: list[bytes] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    bounds: tuple[float, int] = (0.0, 0)
    pinned: bool = False
    alone: bool = False
    addresses: tuple[str, ...] = ()

    def open(self, _purpose: int, there: tuple[int, int, int, tuple[str, int]]) -> socket | int:
        """A socket to a checked address, or none: the last look before a connection is made."""
        family, kind, protocol, (address, *_) = there
        if ip_address(address) not in map(ip_address, self.addresses):
            return pycurl.SOCKET_BAD
        return socket(family, kind, protocol)


class CurlSender:
    """At most `connections`, and handles for them, are kept idle, each for `idle_time` seconds.

    Raises ValueError for a certificate, key or authority that cannot be read.
    """

    def __init__(
        self,
        tls: ClientTls | None = None,
        *,
        connections: int = 2048,
        connect_time: float = 5.0,
        idle_time: float = 90.0,
    ) -> None:
        self._tls = tls or ClientTls()
        tls_context(self._tls)  # what cannot be read is told now, not by each request
        self._authorities = system_authorities()
        self._connections = connections
        self._connect_time = connect_time
        self._idle_time = idle_time
        self._transfers = Transfers(connections)
        self._kept = KeptConnections(connections, self._transfers.waits_for)
        self._spare: list[_Handle] = []

    async def send(self, request: Request, to: Checked, *, timeout: float, limit: int) -> Response:
        handle = self._spare.pop() if self._spare else self._made()
        try:
            _ask(handle, request, to, timeout, limit)
            _go_alone(handle, self._kept.broke(to))
            number, socket = await self._transfers.finish(handle.curl)
            if number != DONE:
                raise _fault(handle, number, to, limit)
            self._kept.note(to, socket)
            return _answer(handle, to)
        finally:
            self._keep(handle)

    async def close(self) -> None:
        self._transfers.close()
        for handle in self._spare:
            handle.curl.close()
        self._spare.clear()

    def _keep(self, handle: _Handle) -> None:
        handle.lines.clear()
        handle.parts.clear()
        if len(self._spare) < self._connections:
            self._spare.append(handle)
        else:
            handle.curl.close()

    def _made(self) -> _Handle:
        curl = pycurl.Curl()
        handle = _Handle(curl)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.USERAGENT, "")
        curl.setopt(pycurl.PROXY, "")
        curl.setopt(pycurl.FOLLOWLOCATION, 0)
        curl.setopt(pycurl.PATH_AS_IS, 1)
        curl.setopt(pycurl.DNS_CACHE_TIMEOUT, 0)  # addresses: each request would look them through
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        curl.setopt(pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2)
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(self._connect_time * 1000))
        curl.setopt(pycurl.MAXAGE_CONN, int(self._idle_time))
        curl.setopt(pycurl.OPENSOCKETFUNCTION, handle.open)
        curl.setopt(pycurl.HEADERFUNCTION, handle.lines.append)
        curl.setopt(pycurl.WRITEFUNCTION, handle.parts.append)
        self._trust(curl)
        return handle

    def _trust(self, curl: pycurl.Curl) -> None:
        file, folder = self._authorities
        if file is not None:
            curl.setopt(pycurl.CAINFO, file)
        if folder is not None:
            curl.setopt(pycurl.CAPATH, folder)
        tls = self._tls
        if tls.authorities is not None:
            curl.set_ca_certs(tls.authorities.decode("ascii"))
        if tls.certificate is not None:
            curl.setopt(pycurl.SSLCERT_BLOB, tls.certificate)
            curl.setopt(pycurl.SSLKEY_BLOB, tls.key or tls.certificate)


def _ask(handle: _Handle, request: Request, to: Checked, timeout: float, limit: int) -> None:
    curl = handle.curl
    curl.setopt(pycurl.URL, to.url)
    headers = {**_GZIP, **request.headers}
    curl.setopt(pycurl.HTTPHEADER, [*_PLAIN, *map(_line, headers.items())])
    if request.body or request.method in _WITH_BODY:
        # Read by a callback that cannot begin anew: libcurl would send a body again, over another
        # connection, when the one it used before breaks. Whether to do that is for lanes to say.
        curl.setopt(pycurl.UPLOAD, 1)
        curl.setopt(pycurl.INFILESIZE_LARGE, len(request.body))
        curl.setopt(pycurl.READFUNCTION, BytesIO(request.body).read)
    else:
        curl.setopt(pycurl.HTTPGET, 1)
    curl.setopt(pycurl.CUSTOMREQUEST, request.method)
    if handle.bounds != (timeout, limit):
        handle.bounds = (timeout, limit)
        curl.setopt(pycurl.TIMEOUT_MS, max(1, int(timeout * 1000)))
        curl.setopt(pycurl.MAXFILESIZE_LARGE, limit)
    _pin(handle, to)


def _go_alone(handle: _Handle, alone: bool) -> None:
    """Over a new connection, not kept: one of the others broke, which libcurl may not know yet."""
    if handle.alone != alone:
        handle.alone = alone
        handle.curl.setopt(pycurl.FRESH_CONNECT, alone)
        handle.curl.setopt(pycurl.FORBID_REUSE, alone)


def _pin(handle: _Handle, to: Checked) -> None:
    """The connection goes to the first checked address, whatever the name says by then."""
    handle.addresses = to.addresses
    address = to.addresses[0]
    if address != to.host:
        there = f"[{address}]" if ":" in address else address
        handle.curl.setopt(pycurl.CONNECT_TO, [f"{to.host}:{to.port}:{there}:{to.port}"])
        handle.pinned = True
    elif handle.pinned:
        handle.curl.setopt(pycurl.CONNECT_TO, [])
        handle.pinned = False


def _line(header: tuple[str, str]) -> str:
    """Without a value, libcurl takes a header for one to be left away; a semicolon keeps it."""
    name, value = header
    return f"{name}: {value}" if value else f"{name};"


def _answer(handle: _Handle, to: Checked) -> Response:
    """Raises Unusable for a head that libcurl takes and we do not."""
    head = _last_head(handle.lines)
    if head is None or not _STATUS_LINE.match(head[0]):
        raise Unusable(f"the answer of {to.host} is no HTTP")
    parts = handle.parts
    body = parts[0] if len(parts) == 1 else b"".join(parts)
    return Response(int(head[0][9:12]), fold_headers(map(_pair, head[1:])), body)


def _last_head(lines: list[bytes]) -> list[bytes] | None:
    """Status line and headers of the answer itself, if they came whole.

    Not those of answers that only announce it (1xx), and no trailers.
    """
    begin = 0
    for end, line in enumerate(lines):
        if line not in _ENDS:
            continue
        if not lines[end + 1 : end + 2] or not lines[end + 1].startswith(b"HTTP/"):
            return lines[begin:end] or None
        begin = end + 1
    return None


def _pair(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode("latin-1").partition(":")
    return name, value.strip()


def _fault(handle: _Handle, number: int, to: Checked, limit: int) -> PartnerError | TimeoutError:
    """Whether a byte of the request has left: money hangs on it."""
    sent = bool(handle.curl.getinfo(pycurl.REQUEST_SIZE))
    if number == pycurl.E_FILESIZE_EXCEEDED:
        return too_large(limit)
    if number == pycurl.E_OPERATION_TIMEDOUT and sent:
        return TimeoutError()
    why = _WORDS.get(number, f"libcurl's fault {number}")
    if number in _CUT_SHORT and handle.lines:
        return Unusable(f"the answer of {to.host} breaks off: {why}")
    if not sent:
        return Unreachable(f"no connection to {to.host}: {why}", sent=False)
    return Unreachable(f"lost connection to {to.host}: {why}")
