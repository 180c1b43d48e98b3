"""Reading a far end's versions and details, as both sides of a registration have to.

Versions and modules that we do not know are passed over; they do not spoil the rest
(OCPI 2.2.1 §version_information_endpoint).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

import msgspec

from voltroam.roaming.exchange import Access, Exchange, host_of
from voltroam.roaming.platforms import EndpointAt
from voltroam.standard.endpoints import CREDENTIALS, Endpoint, Interface, Table
from voltroam.standard.errors import PartnerError, Refused, Unusable
from voltroam.standard.status import StatusCode
from voltroam.standard.trees import Tree, side_of
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import VERSIONS, Version
from voltroam.wire.call import Reply

T = TypeVar("T")

UNAUTHORIZED = 401
LONGEST_URL = 255
LONGEST_LIST = 100
"""Characters of what a far end offers that a message repeats."""

Required = tuple[str, Interface | None]
"""A module that the far end must offer; None: whichever side."""


class NoCommonVersion(PartnerError):
    """None of its versions is one of ours, or not the one that it registers for (3002)."""

    status_code = StatusCode.UNSUPPORTED_VERSION


class MissingEndpoints(PartnerError):
    """It does not offer what we need (3003)."""

    status_code = StatusCode.NO_MATCHING_ENDPOINTS


@dataclass(frozen=True, slots=True)
class Offer:
    """What a far end offers in one version."""

    version: Version
    endpoints: tuple[EndpointAt, ...]
    hosts: tuple[str, ...]
    """Of its versions, its details and all endpoints, with port."""

    @property
    def credentials_url(self) -> str:
        return next(at.url for at in self.endpoints if at.identifier == CREDENTIALS.name)


class _VersionLine(msgspec.Struct):
    version: str
    url: str


class _EndpointLine(msgspec.Struct):
    identifier: str
    url: str
    role: msgspec.Raw = msgspec.Raw()


class _Details(msgspec.Struct):
    version: str
    endpoints: list[msgspec.Raw]


class Handshake:
    """Asks a far end for what it offers. `required` modules are needed beside credentials."""

    def __init__(
        self,
        exchange: Exchange,
        table: Table,
        versions: Iterable[Version],
        required: Collection[Required] = (),
    ) -> None:
        self._exchange = exchange
        self._list = _row(table, "versions")
        self._details = _row(table, "version_details")
        self._sideless = {row.module.name for row in table.rows if row.interface is None}
        self._modules = table.modules
        self._versions = tuple(versions)
        self._required = (*required, (CREDENTIALS.name, None))

    async def discover(
        self,
        url: str,
        access: Access,
        *,
        only: Version | None = None,
        pinned: str | None = None,
        we_are: Role | None = None,
        flow: str = "",
    ) -> Offer:
        """GET the versions, then the details of the highest common one, of `only` or `pinned`.

        `we_are`: our role, for a version that knows one for each registration (2.1.1).
        Raises NoCommonVersion, MissingEndpoints, and the PartnerError family for the calls.
        """
        lines = await self._read_versions(url, access, flow)
        version, details_url = self._choose(lines, only, pinned, we_are)
        theirs = Tree[we_are.name].other if we_are and version.role_trees else None
        endpoints = await self._read_details(version, details_url, access, flow, theirs)
        missing = [name for name, side in self._required if not _offers(endpoints, name, side)]
        if missing:
            raise MissingEndpoints(f"Endpoints missing: {', '.join(missing)}")
        hosts = (host_of(at) for at in (url, details_url, *(end.url for end in endpoints)))
        return Offer(version, endpoints, tuple(dict.fromkeys(host for host in hosts if host)))

    def _choose(
        self, lines: dict[str, str], only: Version | None, pinned: str | None, we_are: Role | None
    ) -> tuple[Version, str]:
        wanted = self._versions if only is None else (only,)
        common = [
            (version, line)
            for version in wanted
            if (line := lines.get(version.number)) is not None
            and (pinned is None or version.is_called(pinned))
        ]
        usable = [pair for pair in common if we_are is not None or not pair[0].role_trees]
        if usable:
            return max(usable, key=lambda pair: pair[0].rank)
        if common:
            raise NoCommonVersion(f"{common[0][0]} needs to know which of our roles it is for")
        offered = ", ".join(sorted(lines))[:LONGEST_LIST] or "none"
        needed = f", wanted: {pinned}" if pinned else ""
        raise NoCommonVersion(f"Versions offered: {offered}{needed}")

    async def _read_versions(self, url: str, access: Access, flow: str) -> dict[str, str]:
        reply = await self._ask_versions(url, access, flow)
        lines: dict[str, str] = {}
        for raw in _decode(reply.data, list[msgspec.Raw], "The versions list"):
            line = _line(raw, _VersionLine)
            if line is not None and _is_url(line.url):
                lines.setdefault(line.version, line.url)
        return lines

    async def _ask_versions(self, url: str, access: Access, flow: str) -> Reply:
        """The list belongs to no version: the token goes as the newest sends it, else as it is."""
        try:
            return await self._exchange.ask(url, self._list, self._any, access, correlation_id=flow)
        except Refused as refused:
            plain = any(not version.base64_token for version in self._versions)
            if refused.http != UNAUTHORIZED or not plain or not access.base64:
                raise
            raw = replace(access, base64=False)
            return await self._exchange.ask(url, self._list, self._any, raw, correlation_id=flow)

    async def _read_details(
        self, version: Version, url: str, access: Access, flow: str, theirs: Tree | None
    ) -> tuple[EndpointAt, ...]:
        reply = await self._exchange.ask(url, self._details, version, access, correlation_id=flow)
        details = _decode(reply.data, _Details, "The version details")
        if not version.is_called(details.version):
            raise Unusable(f"The details of {version} say that they are another version's")
        endpoints = (self._endpoint(raw, theirs) for raw in details.endpoints)
        return tuple(endpoint for endpoint in endpoints if endpoint is not None)

    def _endpoint(self, raw: msgspec.Raw, theirs: Tree | None) -> EndpointAt | None:
        """A module without sides has the role SENDER, whatever is said (CORE-VER-10).

        A version of two trees names no sides: there the tree tells them.
        """
        line = _line(raw, _EndpointLine)
        if line is None or not _is_url(line.url):
            return None
        if line.identifier in self._sideless:
            return EndpointAt(line.identifier, Interface.SENDER, line.url)
        if theirs is not None:
            module = self._modules.get(line.identifier)
            told = side_of(module, theirs) if module else Interface.SENDER
            return EndpointAt(line.identifier, told, line.url)
        try:
            side = msgspec.json.decode(line.role, type=Interface)
        except msgspec.MsgspecError:
            return None
        return EndpointAt(self._name_of(line.identifier), side, line.url)

    def _name_of(self, identifier: str) -> str:
        """Our name of a module that goes by several (RBK-001)."""
        named = (name for name, module in self._modules.items() if module.is_called(identifier))
        return next(named, identifier)

    @property
    def _any(self) -> Version:
        """The versions list belongs to no version; it is asked for in the newest way."""
        return max(self._versions or VERSIONS.values(), key=lambda version: version.rank)


def _row(table: Table, handler: str) -> Endpoint:
    return next(row for row in table.rows if row.handler == handler)


def _offers(endpoints: Iterable[EndpointAt], name: str, side: Interface | None) -> bool:
    return any(at.identifier == name and side in (None, at.role) for at in endpoints)


def _is_url(text: str) -> bool:
    return len(text) <= LONGEST_URL and host_of(text) is not None


def _decode(data: bytes | None, shape: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(data or b"null", type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Unusable(f"{what} cannot be read") from None


def _line(raw: msgspec.Raw, shape: type[T]) -> T | None:
    """One bad line does not spoil the list."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
