"""Groups of changes as PostgreSQL transactions.

Rows are read and decided on without a lock. Then the counter row is taken, which is the write
lock of the whole database: what was read is compared again, decided anew if it moved, written in
bulk and committed. So numbers follow commits, no writer starves and none can deadlock.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import asyncpg

from voltroam.standard.errors import NodeError
from voltroam.store import postgres_sql as sql
from voltroam.store.commit import RowFault
from voltroam.store.group import AnyChange, Outcome, Plan, Write, counted, number, plan
from voltroam.store.interface import ObjectKey, ObjectRow, Record, RecordKey
from voltroam.store.recent import Recent
from voltroam.store.rows import read_object, read_record, write_record

_LOST = (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""The last but one too: the driver's word for a connection that ended in the midst of things."""
FAULTS = (asyncpg.PostgresError, *_LOST, TimeoutError)
REFUSALS = (UnicodeEncodeError, OverflowError, ValueError, TypeError)
_REFUSED_CLASSES = ("22", "23", "54")
"""SQLSTATE classes that blame the data: data exception, integrity, program limit."""
_BROKEN_CLASSES = ("08", "25", "40", "57")
"""Connection lost, server read-only, rolled back, server going down."""
Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

ATTEMPTS = 3
"""How often a group is tried whose connection breaks before its commit."""


def fault(error: BaseException) -> NodeError | RowFault:
    """RowFault when the database refuses what we write, NodeError when it cannot serve at all."""
    state = getattr(error, "sqlstate", None) or ""
    refused = isinstance(error, REFUSALS) or state[:2] in _REFUSED_CLASSES
    known: NodeError | RowFault
    if refused:
        known = RowFault()
    else:
        known = NodeError(f"the database cannot be used now: {type(error).__name__}")
    known.__cause__ = error
    return known


def is_broken(error: BaseException) -> bool:
    """The connection or the role of its server is at fault: another connection may do."""
    state = getattr(error, "sqlstate", None) or ""
    if state:
        return state[:2] in _BROKEN_CLASSES
    return isinstance(error, _LOST) and not isinstance(error, TimeoutError)


@dataclass(slots=True)
class Loaded:
    """What one group has read so far."""

    objects: dict[ObjectKey, ObjectRow | None] = field(default_factory=dict)
    records: dict[RecordKey, Record | None] = field(default_factory=dict)


@dataclass(slots=True)
class _Group:
    changes: Sequence[AnyChange]
    sent: bool = False
    """COMMIT may have left."""


class PostgresWriter:
    """`committed` hears of each new feed head."""

    def __init__(
        self, pool: asyncpg.Pool, now: Callable[[], int], committed: Callable[[int], None]
    ) -> None:
        self._pool = pool
        self._now = now
        self._committed = committed
        self._writes = -1
        """The database's count of transactions after our newest one."""
        self.recent = Recent()

    async def commit(self, changes: Sequence[AnyChange]) -> list[Outcome]:
        attempt = 0
        while True:
            group = _Group(changes)
            try:
                async with self._pool.acquire() as connection:
                    return await self._commit(connection, group)
            except (*FAULTS, *REFUSALS) as error:
                known = fault(error)
                if isinstance(known, NodeError):
                    # A primary that became a replica keeps its connections: never use them again.
                    await self._pool.expire_connections()
                    attempt += 1
                    # After COMMIT left we do not know what became of it, so it is not repeated.
                    if attempt < ATTEMPTS and is_broken(error) and not group.sent:
                        continue
                raise known from error

    async def _commit(self, connection: Connection, group: "_Group") -> list[Outcome]:
        loaded, writes = Loaded(), self._writes
        made = await self._plan(connection, group.changes, loaded)
        if not made.writes:
            return made.outcomes
        async with connection.transaction():
            moves, happened = made.moves, len(made.events)
            (taken,) = await connection.fetch(sql.TAKE, moves, happened)
            feed, event = taken[0] - moves, taken[1] - happened
            # Nobody wrote between our last commit, which came before the reading, and this lock.
            alone = taken[2] == writes + 1
            if not alone and not await _stands(connection, loaded):
                made = await self._plan(connection, group.changes, Loaded())
                await connection.execute(
                    sql.SET_COUNTERS, feed + made.moves, event + len(made.events)
                )
            written = await self._write(connection, made, feed, event)
            group.sent = True
        self._writes = max(self._writes, taken[2])
        if written:
            self.recent.add(feed, written)
        self._committed(feed + made.moves)
        return made.outcomes

    async def _plan(
        self,
        connection: Connection,
        changes: Sequence[AnyChange],
        loaded: Loaded,
    ) -> Plan:
        wanted = {key for change in changes for key in change.objects}
        named = {key for change in changes for key in change.records}
        while True:
            await _load(connection, loaded, wanted, named)
            made = plan(changes, loaded.objects, loaded.records, self._now())
            if made.complete:
                return made
            wanted, named = made.unnamed_objects, made.unnamed_records

    async def _write(
        self,
        connection: Connection,
        made: Plan,
        feed: int,
        event: int,
    ) -> list[Write]:
        """The objects written."""
        writes = number(made, feed)
        if new := [write.values for write in writes if write.loaded is None]:
            await connection.executemany(sql.INSERT, new)
        if held := [write.values for write in writes if write.loaded is not None]:
            await connection.executemany(sql.UPDATE, held)
        if totals := counted(made):
            rows = [(*place, n) for place, n in sorted(totals.items())]
            await connection.executemany(sql.COUNT, rows)
        put = [write_record(record) for record in made.records.values() if record is not None]
        if put:
            await connection.executemany(sql.PUT_RECORD, put)
        if removed := [name for name, record in made.records.items() if record is None]:
            await connection.executemany(sql.REMOVE_RECORD, removed)
        if made.events:
            at = self._now()
            rows_of_events = [
                (event + place, at, draft.type, draft.key, draft.document)
                for place, draft in enumerate(made.events, 1)
            ]
            await connection.executemany(sql.ADD_EVENT, rows_of_events)
        return writes


async def _load(
    connection: Connection,
    loaded: Loaded,
    objects: Iterable[ObjectKey],
    records: Iterable[RecordKey],
) -> None:
    if keys := list(objects):
        loaded.objects.update(dict.fromkeys(keys))
        for values in await connection.fetch(sql.LOAD, *_columns(keys)):
            row = read_object(values)
            loaded.objects[row.key] = row
    if names := list(records):
        loaded.records.update(dict.fromkeys(names))
        for values in await connection.fetch(sql.LOAD_RECORDS, *_columns(names)):
            record = read_record(values)
            loaded.records[record.key] = record


async def _stands(connection: Connection, loaded: Loaded) -> bool:
    """Nothing that the group has read was changed by another writer since."""
    if loaded.objects:
        rows = await connection.fetch(sql.STATE, *_columns(list(loaded.objects)))
        found = {ObjectKey(*row[:3]): (row[3], row[4]) for row in rows}
        for key, held in loaded.objects.items():
            if found.get(key) != ((held.changed, held.revision) if held else None):
                return False
    if loaded.records:
        again = Loaded()
        await _load(connection, again, (), loaded.records)
        return again.records == loaded.records
    return True


def _columns(keys: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*keys, strict=True)]
