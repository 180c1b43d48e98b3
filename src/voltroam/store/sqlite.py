"""The store on SQLite: one file, any number of processes on one machine.

Reads that touch a few rows run on the event loop (10 µs a row); what may walk many rows runs in a
thread with a connection of its own.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from voltroam.standard.errors import NodeError
from voltroam.store import sqlite_sql as sql
from voltroam.store.commit import GroupCommit
from voltroam.store.interface import (
    Change,
    Event,
    Health,
    ObjectKey,
    ObjectRow,
    Page,
    PageQuery,
    Record,
    RecordKey,
)
from voltroam.store.pages import is_dated
from voltroam.store.rows import read_event, read_object, read_record
from voltroam.store.schema import require
from voltroam.store.sqlite_page import counts, page
from voltroam.store.sqlite_writer import REFUSALS, SqliteWriter, connect, fault
from voltroam.store.watch import HeadWatch

R = TypeVar("R")
T = TypeVar("T")

GROUP_LIMIT = 128
SCAN_PIECE = 200
PURGE_PIECE = 2_000
"""Rows that one transaction of a purge drops: some ten milliseconds."""
PURGE_PAUSE = 0.02
INLINE_ROWS = 5_000
"""A walk over at most so many index entries stays on the event loop (well under 1 ms)."""


async def open_sqlite(path: Path, *, queue_limit: int, now: Callable[[], int]) -> "SqliteStore":
    """Raises NodeError when there is no database, or one with a schema we cannot serve."""
    if not path.exists():  # noqa: ASYNC240 - one look, before anything else runs
        raise NodeError(f"{path} holds no store yet: run `voltroam db migrate`")
    try:
        reader = connect(path, sql.READER)
    except sqlite3.Error as error:
        raise NodeError(f"the database {path} cannot be opened: {error}") from error
    try:
        version = reader.execute(sql.VERSION).fetchone()[0]
        meta = dict(reader.execute(sql.META).fetchall())
    except (sqlite3.Error, TypeError) as error:
        reader.close()
        raise NodeError(f"{path} holds no store yet: run `voltroam db migrate`") from error
    try:
        require(version, meta.get("readable_by", ""))
    except NodeError:
        reader.close()
        raise
    return SqliteStore(path, reader, meta["epoch"], queue_limit=queue_limit, now=now)


class SqliteStore:
    """See `Store`."""

    def __init__(
        self,
        path: Path,
        reader: sqlite3.Connection,
        epoch: str,
        *,
        queue_limit: int,
        now: Callable[[], int],
    ) -> None:
        self.epoch = epoch
        self._path = path
        self._reader = reader
        self._walker: sqlite3.Connection | None = None
        self._walks = ThreadPoolExecutor(1, "voltroam-walk")
        self._watch = HeadWatch(self.head)
        self._writer = SqliteWriter(path, now, self._watch.seen)
        self._queue = GroupCommit(
            self._writer.commit, queue_limit=queue_limit, group_limit=GROUP_LIMIT
        )

    async def apply(self, change: Change[R]) -> R:
        return await self._queue.apply(change)

    async def get(self, key: ObjectKey) -> ObjectRow | None:
        rows = self._read(sql.GET, key)
        return read_object(rows[0]) if rows else None

    async def page(self, query: PageQuery) -> Page:
        try:
            held = counts(self._reader, query)
            if not is_dated(query) or sum(held.values()) <= INLINE_ROWS:
                return page(self._reader, query, held)
        except sqlite3.Error as error:
            raise _fault(error) from error
        return await self._walk(lambda connection: page(connection, query, held))

    async def feed(self, after: int, limit: int) -> list[ObjectRow]:
        near = self._writer.recent.after(after, limit)
        if near is not None:
            return near
        return [read_object(row) for row in self._read(sql.FEED, (after, limit))]

    async def head(self) -> int:
        head: int = self._read(sql.HEAD, ())[0][0]
        return head

    async def scan(
        self, kind: str, *, owner: str | None = None, after: int = 0
    ) -> AsyncIterator[ObjectRow]:
        while True:
            if owner is None:
                rows = self._read(sql.SCAN, (kind, after, SCAN_PIECE))
            elif self._read(sql.OWNED, (kind, owner, SCAN_PIECE))[0][0] < SCAN_PIECE:
                rows = self._read(sql.SCAN_FEW, (kind, owner, after))
            else:
                values = (kind, after, owner, SCAN_PIECE)
                rows = await self._walk(partial(_all, sql.SCAN_OWNER, values))
            for row in rows:
                found = read_object(row)
                after = found.created
                yield found
            if len(rows) < SCAN_PIECE:
                return
            await asyncio.sleep(0)

    async def record(self, key: RecordKey) -> Record | None:
        rows = self._read(sql.RECORD, key)
        return read_record(rows[0]) if rows else None

    async def records(
        self,
        kind: str,
        *,
        parent: str | None = None,
        due_before: int | None = None,
        after: str = "",
        limit: int = 1000,
    ) -> list[Record]:
        values = {"kind": kind, "parent": parent, "due": due_before, "after": after, "limit": limit}
        if due_before is not None:
            text = sql.RECORDS_DUE if parent is None else sql.RECORDS_DUE_PARENT
        else:
            text = sql.RECORDS if parent is None else sql.RECORDS_PARENT
        return [read_record(row) for row in self._read(text, values)]

    async def events(self, after: int, limit: int) -> list[Event]:
        return [read_event(row) for row in self._read(sql.EVENTS, (after, limit))]

    async def record_kinds(self) -> list[str]:
        return [row[0] for row in self._read(sql.RECORD_KINDS, ())]

    async def newest_event(self) -> int:
        newest: int = self._read(sql.NEWEST_EVENT, ())[0][0]
        return newest

    async def rewrite_events(self, events: Sequence[Event]) -> None:
        rows = [(event.type, event.key, event.document, event.sequence) for event in events]
        async with self._writer.transaction() as connection:
            connection.executemany(sql.REWRITE_EVENT, rows)

    async def oldest_event(self) -> int:
        purged = int(dict(self._read(sql.META, ()))["purged_events"])
        return purged + 1 if purged else 0

    async def purge(self, *, tombstones_before: int, events_before: int) -> int:
        gone = 0
        passed: int | None = 0
        while passed is not None:
            found = await self._purge_tombstones(passed, tombstones_before)
            gone += len(found)
            passed = max(found) if len(found) == PURGE_PIECE else None
            await asyncio.sleep(PURGE_PAUSE)
        while piece := await self._purge_events(events_before):
            gone += piece
            await asyncio.sleep(PURGE_PAUSE)
        return gone

    async def _purge_tombstones(self, after: int, upto: int) -> list[int]:
        async with self._writer.transaction() as connection:
            rows = connection.execute(sql.PURGE_TOMBSTONES, (after, upto, PURGE_PIECE)).fetchall()
        self._writer.recent.clear()
        return [row[0] for row in rows]

    async def _purge_events(self, before: int) -> int:
        async with self._writer.transaction() as connection:
            last = connection.execute(sql.PURGED_EVENTS, (before, PURGE_PIECE)).fetchone()[0]
            if last is None:
                return 0
            gone = connection.execute(sql.PURGE_EVENTS, (last,)).rowcount
            connection.execute(sql.SET_META, (str(last), "purged_events"))
        return gone

    async def forget(self, rows: Sequence[tuple[ObjectKey, int]]) -> int:
        gone = 0
        async with self._writer.transaction() as connection:
            for key, revision in rows:
                for kind, audience, deleted in connection.execute(
                    sql.FORGET, (*key, revision)
                ).fetchall():
                    gone += 1
                    if not deleted:
                        connection.execute(sql.COUNT, (kind, audience, -1))
        self._writer.recent.clear()
        return gone

    async def scrub(self) -> None:
        """Rewrites the file without its free pages, and empties the log beside it."""
        await self._writer.vacuum()

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        values = {"name": name, "holder": holder, "ms": int(seconds * 1000)}
        async with self._writer.transaction(durable=False) as connection:
            return connection.execute(sql.LEASE, values).rowcount == 1

    async def leases(self, names: Sequence[str], holder: str, seconds: float) -> frozenset[str]:
        values = {"holder": holder, "ms": int(seconds * 1000)}
        async with self._writer.transaction(durable=False) as connection:
            return frozenset(
                name
                for name in names
                if connection.execute(sql.LEASE, values | {"name": name}).rowcount == 1
            )

    async def release(self, name: str, holder: str) -> None:
        async with self._writer.transaction(durable=False) as connection:
            connection.execute(sql.RELEASE, (name, holder))

    async def wait_for_change(self, after: int, timeout: float) -> int:
        return await self._watch.wait(after, timeout)

    async def check(self) -> Health:
        return await self._walk(_check)

    async def close(self) -> None:
        await self._queue.close()
        await self._watch.close()
        await self._writer.close()
        self._walks.shutdown()
        for connection in (self._walker, self._reader):
            if connection is not None:
                connection.close()

    def _read(self, text: str, values: Any) -> list[Any]:
        try:
            return self._reader.execute(text, values).fetchall()
        except REFUSALS as error:
            raise _fault(error) from error

    async def _walk(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What may take long: in a thread, one at a time."""

        def run() -> T:
            if self._walker is None:
                self._walker = connect(self._path, sql.READER)
            return work(self._walker)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._walks, run)
        except sqlite3.Error as error:
            raise _fault(error) from error


def _fault(error: Exception) -> NodeError:
    known = fault(error)
    if isinstance(known, NodeError):
        return known
    return NodeError(f"the database refuses the question: {type(error).__name__}")


def _all(text: str, values: tuple[Any, ...], connection: sqlite3.Connection) -> list[Any]:
    return connection.execute(text, values).fetchall()


def _check(connection: sqlite3.Connection) -> Health:
    damage = connection.execute(sql.QUICK_CHECK).fetchone()[0]
    wrong = connection.execute(sql.WRONG_COUNTS).fetchone()[0]
    details = {
        "backend": f"SQLite {sqlite3.sqlite_version}",
        "schema": connection.execute(sql.VERSION).fetchone()[0],
        "feed": str(connection.execute(sql.HEAD).fetchone()[0]),
        "pages": damage,
        "totals": "ok" if not wrong else f"{wrong} kept totals are wrong",
    }
    return Health(ok=damage == "ok" and not wrong, details=details)
