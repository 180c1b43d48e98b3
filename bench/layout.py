"""How to store a location: `python -m bench.layout` prints what each layout costs.

- whole: one row per location, its EVSEs inside; a status change splices the document.
- rows: an EVSE is a row of its own; a status change writes it and the head of its location
  (whose `last_updated` must rise); a page puts the parts together.
- mix: whole documents and a row per status that changed since; a page splices them in.

A change is one EVSE status, end to end: read, splice, write, in durable groups of 64. A page is 50
locations as joined JSON. In the mix each location of the page has one changed status.
"""

import asyncio
import itertools
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import asyncpg
from bench.documents import dumps, evse, location
from bench.machine import describe
from bench.postgres import running

from voltroam.standard.endpoints import EVSE_PART
from voltroam.wire.parts import patch_part
from voltroam.wire.patch import merge

EVSE = (EVSE_PART,)
NONE: frozenset[str] = frozenset()
GROUP, PAGE, ROUNDS = 64, 50, 3
SCHEMA = """
create table head (id integer primary key, changed bigint, last_updated bigint, doc {bytes});
create index head_changed on head (changed);
create index head_date on head (last_updated);
create table part (id integer, place integer, doc {bytes}, primary key (id, place))
"""
HEADS = "select id, doc from head where id in ({marks})"
PARTS = "select id, place, doc from part where id in ({marks}) order by id, place"
PART = "select doc from part where id = $1 and place = $2"
PUT_HEAD = "update head set changed = $1, last_updated = $2, doc = $3 where id = $4"
MOVE_HEAD = "update head set changed = $1, last_updated = $2 where id = $3"
PUT_PART = (
    "insert into part (id, place, doc) values ($1, $2, $3)"
    " on conflict (id, place) do update set doc = excluded.doc"
)
Rows = Sequence[Sequence[Any]]


class Database(Protocol):
    bytes: str

    async def read(self, text: str, *values: Any) -> Rows: ...
    async def write(self, *batches: tuple[str, list[tuple[Any, ...]]]) -> None: ...


class Sqlite:
    bytes = "blob"

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None)
        for pragma in ("journal_mode=wal", "synchronous=full", "wal_autocheckpoint=8000"):
            self._connection.execute(f"pragma {pragma}")

    async def read(self, text: str, *values: Any) -> Rows:
        return self._connection.execute(_numbered(text), values).fetchall()

    async def write(self, *batches: tuple[str, list[tuple[Any, ...]]]) -> None:
        self._connection.execute("begin immediate")
        for text, rows in batches:
            self._connection.executemany(_numbered(text), rows)
        self._connection.execute("commit")


class Postgres:
    bytes = "bytea"

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def read(self, text: str, *values: Any) -> Rows:
        found: Rows = await self._connection.fetch(text, *values)
        return found

    async def write(self, *batches: tuple[str, list[tuple[Any, ...]]]) -> None:
        async with self._connection.transaction():
            for text, rows in batches:
                await self._connection.executemany(text, rows)


def _numbered(text: str) -> str:
    return text.replace("$", "?")


def _marks(text: str, count: int) -> str:
    return text.format(marks=", ".join(f"${place}" for place in range(1, count + 1)))


class Layout:
    """One layout in one database; `evses` per location."""

    def __init__(self, database: Database, name: str, evses: int, count: int) -> None:
        self.database, self.name, self.evses, self.count = database, name, evses, count
        self._clock = itertools.count(1)

    async def fill(self) -> None:
        for table in ("head", "part"):
            await self.database.write((f"drop table if exists {table}", [()]))
        for statement in SCHEMA.format(bytes=self.database.bytes).split(";"):
            await self.database.write((statement, [()]))
        shown = 0 if self.name == "rows" else self.evses
        heads = [(n, n, n, dumps(location(n, evses=shown))) for n in range(self.count)]
        await self.database.write(("insert into head values ($1, $2, $3, $4)", heads))
        if self.name == "rows":
            parts = [
                (n, place, dumps(evse(place)))
                for n in range(self.count)
                for place in range(self.evses)
            ]
            await self.database.write((PUT_PART, parts))
        if self.name == "mix":
            patch = b'{"status":"CHARGING"}'
            await self.database.write((PUT_PART, [(n, 0, patch) for n in range(self.count)]))

    async def change(self, turn: int) -> None:
        """64 status changes, each of another location."""
        ids = [(turn * GROUP + n) * 7 % self.count for n in range(GROUP)]
        now = datetime.now(UTC)
        stamp = f'"last_updated":"{now:%Y-%m-%dT%H:%M:%SZ}"'.encode()
        status = b"CHARGING" if turn % 2 else b"AVAILABLE"
        patch = b'{"status":"' + status + b'",' + stamp + b"}"
        place = turn % self.evses
        moved = [(next(self._clock) + self.count, turn, n) for n in ids]
        if self.name == "mix":
            await self.database.write(
                (PUT_PART, [(n, place, patch) for n in ids]), (MOVE_HEAD, moved)
            )
            return
        heads = dict(await self.database.read(_marks(HEADS, GROUP), *ids))
        if self.name == "whole":
            uid = f"{3256 + place}"
            new = {n: patch_part(doc, EVSE, [uid], patch, now) for n, doc in heads.items()}
            await self.database.write((PUT_HEAD, [(c, t, new[n], n) for c, t, n in moved]))
            return
        parts = []
        for n in ids:
            [[held]] = await self.database.read(PART, n, place)
            parts.append((n, place, merge(held, patch, appends=NONE)))
        new = {n: merge(doc, b"{" + stamp + b"}", appends=NONE) for n, doc in heads.items()}
        await self.database.write(
            (PUT_PART, parts), (PUT_HEAD, [(c, t, new[n], n) for c, t, n in moved])
        )

    async def page(self, turn: int) -> bytes:
        ids = [(turn * PAGE + n) % self.count for n in range(PAGE)]
        heads = dict(await self.database.read(_marks(HEADS, PAGE), *ids))
        if self.name == "whole":
            return b"[" + b",".join(heads.values()) + b"]"
        parts: dict[int, list[tuple[int, bytes]]] = {n: [] for n in ids}
        for n, place, doc in await self.database.read(_marks(PARTS, PAGE), *ids):
            parts[n].append((place, doc))
        return b"[" + b",".join(self._joined(heads[n], parts[n]) for n in ids) + b"]"

    def _joined(self, head: bytes, parts: Iterable[tuple[int, bytes]]) -> bytes:
        if self.name == "rows":
            return head[:-1] + b',"evses":[' + b",".join(doc for _, doc in parts) + b"]}"
        for place, patch in parts:
            head = patch_part(head, EVSE, [f"{3256 + place}"], patch, datetime.now(UTC))
        return head


async def per_item(work: Callable[[int], Awaitable[object]], times: int, items: int) -> float:
    """Microseconds of wall time for each item."""
    start = time.perf_counter()
    for turn in range(times):
        await work(turn)
    return (time.perf_counter() - start) / times / items * 1e6


@asynccontextmanager
async def databases(folder: Path) -> AsyncIterator[dict[str, Database]]:
    found: dict[str, Database] = {"SQLite": Sqlite(folder / "layout.db")}
    with running(folder / "postgres", None) as url:
        if url is None:
            yield found
            return
        connection = await asyncpg.connect(url)
        try:
            yield found | {"PostgreSQL": Postgres(connection)}
        finally:
            await connection.close()


async def measure(folder: Path) -> list[str]:
    lines = [
        "| database | EVSEs | layout | status change, µs | page of 50, µs |",
        "|---|---:|---|---:|---:|",
    ]
    async with databases(folder) as found:
        for (name, database), evses in itertools.product(found.items(), (1, 10, 100)):
            figures: dict[str, list[tuple[float, float]]] = {}
            for _, layout_name in itertools.product(range(ROUNDS), ("whole", "rows", "mix")):
                layout = Layout(database, layout_name, evses, 1000 if evses < 100 else 300)
                await layout.fill()
                pages = await per_item(layout.page, 4 if evses == 100 else 40, 1)
                changes = await per_item(layout.change, 8 if evses == 100 else 24, GROUP)
                figures.setdefault(layout_name, []).append((changes, pages))
            for layout_name, rounds in figures.items():
                change, page = (statistics.median(column) for column in zip(*rounds, strict=True))
                lines.append(f"| {name} | {evses} | {layout_name} | {change:,.0f} | {page:,.0f} |")
    return lines


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as directory:
        folder = Path(directory)
        folder.chmod(0o755)
        for name, value in describe(folder).items():
            print(f"{name}: {value}")
        print("\n".join(asyncio.run(measure(folder))))


if __name__ == "__main__":
    main()
