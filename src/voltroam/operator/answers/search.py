"""Search over everything held, without an index: documents are looked through piece by piece.

A request reads a bounded number of rows and says where to go on, and lets others work in between,
so that a search never keeps the node from its work. An object whose id or uid is exactly what is
searched for comes first, whatever there is.
"""

import asyncio
import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from voltroam.operator.asked import Answers, Asked
from voltroam.operator.cursors import bad_cursor, read_cursor, write_cursor
from voltroam.operator.operation import Page
from voltroam.operator.ports import Ports
from voltroam.operator.rows.objects import SEARCH, SHAPES, Hit, SearchQuery
from voltroam.operator.shelves import Shelves
from voltroam.roaming.keys import object_key
from voltroam.standard.endpoints import Resource
from voltroam.standard.errors import CallerError
from voltroam.standard.v2_2_1 import TokenType
from voltroam.store.interface import ObjectKey, ObjectRow
from voltroam.wire.times import from_micros

LOOKED_AT = 20_000
"""Rows that one request reads at most: about a third of a second."""
BREATH = 200
"""Rows read before others have their turn."""
MEMBERS = frozenset({
    "id", "uid", "evse_id", "name", "address", "city", "postal_code", "physical_reference",
    "contract_id", "visual_number", "authorization_reference", "session_id", "location_id",
    "evse_uid", "cdr_location", "group_id", "tariff_id", "meter_id", "issuer",
})  # fmt: skip
"""Names of the members that are searched, at any depth."""
_FINGERPRINT = re.compile(r"#[0-9a-f]{16}")


class Search:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._shelves = Shelves(ports)

    def answers(self) -> Answers:
        return {SEARCH.name: self._search}

    async def _search(self, asked: Asked) -> Page[Hit]:
        query: SearchQuery = asked.query
        kinds: list[str] = [query.kind] if query.kind else [*SHAPES]
        first, after = self._place(query.cursor, kinds)
        exact = await self._exact_keys(query, kinds)
        found = [] if query.cursor else await self._exact_hits(asked, exact)
        seen = 0
        for kind in kinds[kinds.index(first) :]:
            resource = self._ports.table.resources[kind]
            async for row in self._ports.store.scan(kind, after=after):
                if len(found) >= query.limit or seen == LOOKED_AT:
                    return Page(items=found, next=self._cursor(kind, after))
                after, seen = row.created, seen + 1
                if seen % BREATH == 0:
                    await asyncio.sleep(0)
                hit = self._hit(asked, resource, row)
                if hit is not None and row.key not in exact:
                    found.append(hit)
            after = 0
        return Page(items=found)

    async def _exact_keys(self, query: SearchQuery, kinds: Sequence[str]) -> dict[ObjectKey, None]:
        """Keys of objects whose id is what is searched for, of whichever known party."""
        ports = self._ports
        parties = dict.fromkeys(
            party
            for party in (
                *ports.identity.parties(),
                *(party for one in await ports.directory.all() for party in one.parties()),
            )
        )
        found: dict[ObjectKey, None] = {}
        for kind in kinds:
            resource = ports.table.resources[kind]
            for type_ in TokenType if len(resource.key) > 1 else (None,):
                more = {} if type_ is None else {resource.key[1]: type_.value}
                for party in parties:
                    ids = {resource.key[0]: query.q, **more}
                    with contextlib.suppress(CallerError):  # what cannot be an id is none
                        found[object_key(resource, party, ids)] = None
        return found

    async def _exact_hits(self, asked: Asked, keys: Iterable[ObjectKey]) -> list[Hit]:
        found = []
        for key in keys:
            row = await self._ports.store.get(key)
            if row is None or row.deleted:
                continue
            hit = self._hit(asked, self._ports.table.resources[key.kind], row)
            if hit is not None:
                found.append(hit)
        return found

    def _place(self, cursor: str | None, kinds: Sequence[str]) -> tuple[str, int]:
        if cursor is None:
            return kinds[0], 0
        epoch, _, rest = read_cursor(cursor).partition(":")
        kind, _, number = rest.partition(":")
        good = epoch == self._ports.store.epoch and kind in kinds and len(number) <= 18
        if not (good and number.isascii() and number.isdecimal()):
            raise bad_cursor()
        return kind, int(number)

    def _cursor(self, kind: str, after: int) -> str:
        return write_cursor(f"{self._ports.store.epoch}:{kind}:{after}")

    def _hit(self, asked: Asked, resource: Resource, row: ObjectRow) -> Hit | None:
        wanted = asked.query.q.casefold()
        by_print = _FINGERPRINT.fullmatch(wanted) is not None
        if not by_print and not _may_hold(row.document, wanted):
            return None
        if not self._shelves.sees(asked.who, resource, row):
            return None
        for path, value in _texts(msgspec.json.decode(row.document), ""):
            secret = any(path == one or path.startswith(f"{one}[") for one in resource.secrets)
            if by_print:
                match = secret and self._ports.fingerprint(value) == wanted
            else:
                match = wanted in value.casefold() and (asked.who.sees_drivers or not secret)
            if match:
                hidden = secret and not asked.who.sees_drivers
                return Hit(
                    kind=resource.kind,
                    owner=row.key.owner,
                    id=self._shelves.id_shown(asked.who, resource, row),
                    own=self._shelves.is_own(row),
                    member=path,
                    value=self._ports.fingerprint(value) if hidden else value,
                    last_updated=from_micros(row.last_updated),
                )
        return None


def _may_hold(document: bytes, wanted: str) -> bool:
    """A look at the bytes spares most documents the reading; other alphabets are always read."""
    if not wanted.isascii() or any(letter in wanted for letter in '"\\/'):
        return True
    return wanted.encode() in document.lower()


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """The members that are searched, with their paths (places in lists left out)."""
    if isinstance(value, list):
        for one in value:
            yield from _texts(one, path)
    elif isinstance(value, dict):
        for name, member in value.items():
            at = f"{path}.{name}" if path else name
            if isinstance(member, str):
                if name in MEMBERS:
                    yield at, member
            else:
                yield from _texts(member, at)
