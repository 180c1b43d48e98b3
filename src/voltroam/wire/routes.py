"""Paths of our own interfaces, derived from the table: which row a request addresses, and back.

`<base>/ocpi/versions`, `<base>/ocpi/2.2.1`, `<base>/ocpi/2.2.1/credentials`,
`<base>/ocpi/2.2.1/{sender|receiver}/<module>[/...]`. A version of two trees (2.1.1) stands at
`<base>/ocpi/{cpo|emsp}/2.1.1[/<module>...]`, and each tree has a versions list of its own at
`<base>/ocpi/{cpo|emsp}/versions`. A trailing slash is tolerated.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

import msgspec

from voltroam.standard.endpoints import VERSIONS_MODULE, Endpoint, Interface, Module, Table
from voltroam.standard.errors import NotFound, WrongMethod
from voltroam.standard.trees import Tree, tree_of
from voltroam.standard.versions import Version

ROOT = "ocpi"
_PLAIN_PATH = re.compile(r"[A-Za-z0-9._~!$'()*,:@%/-]*")
_PLAIN = re.compile(r"[A-Za-z0-9_~-]+")
"""A segment that needs no encoding."""
_NO_PATH = "no such path"
KEPT = 4096
"""Paths of which the row is remembered."""
_TREES = {tree.value: tree for tree in Tree}
_Place = tuple[tuple[str, ...], int]
"""Where patterns stand: below which root, and how many segments they have."""


class Match(msgspec.Struct, frozen=True):
    """A row, and the key segments of the path by name, percent-decoded once."""

    endpoint: Endpoint
    version: Version
    keys: Mapping[str, str]
    url: str
    """Ours, public and absolute, without query."""
    tree: Tree | None = None
    """The tree that the path stands in, where it stands in one."""


@dataclass(slots=True)
class _Pattern:
    """All methods on one path; literals are tried before key segments."""

    segments: tuple[str, ...]
    methods: dict[str, tuple[Endpoint, Version]] = field(default_factory=dict)
    names: tuple[tuple[int, str], ...] = field(init=False)
    literals: tuple[tuple[int, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        parts = tuple(enumerate(self.segments))
        self.names = tuple((at, part[1:-1]) for at, part in parts if part.startswith("{"))
        self.literals = tuple((at, part) for at, part in parts if not part.startswith("{"))

    def keys(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """Of as many segments as the pattern has."""
        for at, part in self.literals:
            if segments[at] != part:
                return None
        return {name: segments[at] for at, name in self.names}

    @property
    def rank(self) -> tuple[bool, ...]:
        return tuple(segment.startswith("{") for segment in self.segments)


class Router:
    """Every path of every version that this node speaks, under its public base URL."""

    def __init__(self, table: Table, versions: Iterable[Version], base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._prefix = urlsplit(self.base_url).path
        self.versions = tuple(sorted(versions, key=lambda version: version.rank))
        self.table = table
        patterns: dict[_Place, dict[tuple[str, ...], _Pattern]] = {}
        for version in self.versions:
            for row in table.at(version):
                for root, below in _paths(row, version):
                    here = patterns.setdefault((root, len(below)), {})
                    here.setdefault(below, _Pattern(below)).methods[row.method] = (row, version)
        self._found: dict[tuple[str, str], Match] = {}
        self._patterns = {
            place: tuple(sorted(here.values(), key=lambda pattern: pattern.rank))
            for place, here in patterns.items()
        }

    @property
    def versions_url(self) -> str:
        return self.versions_at(None)

    def versions_at(self, tree: Tree | None) -> str:
        """The versions list, or that of one tree."""
        below = f"/{tree}" if tree else ""
        return f"{self.base_url}/{ROOT}{below}/versions"

    def details_url(self, version: Version, tree: Tree | None = None) -> str:
        """`tree` counts only for a version that has two."""
        below = f"/{tree}" if tree and version.role_trees else ""
        return f"{self.base_url}/{ROOT}{below}/{version.number}"

    def endpoint_url(
        self,
        version: Version,
        module: Module | str,
        interface: Interface | None,
        tree: Tree = Tree.CPO,
    ) -> str:
        """Our absolute URL of a module's interface, as version details list it.

        Modules whose rows have no interface (credentials) have one URL for both, in each `tree`.
        """
        module = self.table.modules[module] if isinstance(module, str) else module
        name = module.name
        if name == VERSIONS_MODULE.name:
            return self.versions_url
        both = any(
            row.module.name == name and row.interface is None for row in self.table.at(version)
        )
        if version.role_trees:
            return f"{self.details_url(version, tree_of(module, interface) or tree)}/{name}"
        side = "" if both or interface is None else f"/{interface.lower()}"
        return f"{self.details_url(version)}{side}/{name}"

    def locate(self, method: str, path: str) -> Match:
        """The row of a path; NotFound, or WrongMethod with what the path does offer.

        The same objects are asked for again and again, so what was found is kept.
        """
        known = self._found.get((method, path))
        if known is not None:
            return known
        found = self._look_up(method, path)
        if len(self._found) >= KEPT:
            self._found.clear()
        self._found[method, path] = found
        return found

    def _look_up(self, method: str, path: str) -> Match:
        below_root = self._below(path)
        segments = _split(below_root)
        allow: set[str] = set()
        for deep in (1, 2, 3):
            here = self._patterns.get((segments[:deep], len(segments) - deep))
            if here is None:
                continue
            below = segments[deep:]
            for pattern in here:
                keys = pattern.keys(below)
                if keys is None:
                    continue
                found = pattern.methods.get(method)
                if found is not None:
                    row, version = found
                    if row.module.name == VERSIONS_MODULE.name:
                        keys = dict.fromkeys((part[1:-1] for part in row.segments), version.number)
                    url = self._url(below_root, segments)
                    return Match(row, version, keys, url, _TREES.get(segments[0]))
                allow.update(pattern.methods)
        if allow:
            raise WrongMethod(f"{method} is not offered here", tuple(sorted(allow)))
        raise NotFound(_NO_PATH)

    def _below(self, path: str) -> str:
        """The path below /ocpi. A proxy may have cut our prefix off already."""
        if self._prefix and path.startswith(f"{self._prefix}/{ROOT}/"):
            path = path[len(self._prefix) :]
        if not path.startswith(f"/{ROOT}/"):
            raise NotFound(_NO_PATH)
        return path[len(ROOT) + 2 :].removesuffix("/")

    def _url(self, below: str, segments: tuple[str, ...]) -> str:
        """As it came, unless it holds what a Link header could not carry."""
        root = f"{self.base_url}/{ROOT}"
        return f"{root}/{below}" if _PLAIN_PATH.fullmatch(below) else join(root, segments)


def _split(below: str) -> tuple[str, ...]:
    """Segments, percent-decoded exactly once."""
    segments = tuple(below.split("/"))
    if "%" in below:
        try:
            segments = tuple(unquote(part, errors="strict") for part in segments)
        except UnicodeDecodeError:
            raise NotFound(_NO_PATH) from None
    if not all(segments):
        raise NotFound(_NO_PATH)
    return segments


def _paths(row: Endpoint, version: Version) -> Iterable[tuple[tuple[str, ...], tuple[str, ...]]]:
    """(root, pattern below it) of a row; the versions module stands at the top."""
    if row.module.name == VERSIONS_MODULE.name:
        last = version.number if row.segments else "versions"
        if not (version.role_trees and row.segments):
            yield (last,), ()
        if version.role_trees:
            yield from (((tree, last), ()) for tree in Tree)
        return
    if version.role_trees:
        home = tree_of(row.module, row.interface)
        for tree in Tree if home is None else (home,):
            yield (tree, version.number, row.module.name), row.segments
        return
    if row.interface is None:
        yield (version.number, row.module.name), row.segments
    else:
        yield (version.number, row.interface.lower(), row.module.name), row.segments


def join(url: str, segments: Iterable[str]) -> str:
    """Append percent-encoded segments with exactly one slash before each, none at the end.

    A dot segment cannot be told apart from a relative path and is encoded by hand.
    """
    encoded = [part if _PLAIN.fullmatch(part) else _encoded(part) for part in segments]
    return "/".join((url.rstrip("/"), *encoded))


def _encoded(part: str) -> str:
    return quote(part, safe="!$'()*,:@") if part not in (".", "..") else part.replace(".", "%2E")
