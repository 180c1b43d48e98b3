"""The store on PostgreSQL: any number of processes and machines on one database.

Nothing depends on the state of a session; with `?pooler=transaction` in the URL no statement is
prepared beyond its transaction either, so that a transaction pooler may stand between.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncpg

from voltroam.standard.errors import NodeError
from voltroam.store import postgres_sql as sql
from voltroam.store.address import PostgresAddress
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
from voltroam.store.pages import cut_page, is_dated, is_rare, offset, window
from voltroam.store.postgres_writer import (
    ATTEMPTS,
    FAULTS,
    REFUSALS,
    Connection,
    PostgresWriter,
    fault,
    is_broken,
)
from voltroam.store.rows import read_event, read_object, read_record
from voltroam.store.schema import require
from voltroam.store.watch import HeadWatch

R = TypeVar("R")
T = TypeVar("T")

GROUP_LIMIT = 256
WRITERS = 1
SCAN_PIECE = 200
CONNECTIONS = 8
COMMAND_SECONDS = 60
VACUUM_SECONDS = 3600
PURGE_PIECE = 2_000
"""Rows that one transaction of a purge drops: some ten milliseconds."""
PURGE_PAUSE = 0.02


async def open_postgres(
    address: PostgresAddress, *, queue_limit: int, now: Callable[[], int]
) -> "PostgresStore":
    """Raises NodeError when the server cannot be reached or its schema is not one of ours."""
    try:
        pool = await asyncpg.create_pool(
            address.dsn,
            min_size=1,
            max_size=CONNECTIONS,
            command_timeout=COMMAND_SECONDS,
            statement_cache_size=0 if address.pooler else 256,
            reset=_keep,
        )
    except (*FAULTS, *REFUSALS) as error:
        raise _fault(error) from error
    try:
        version = await pool.fetchval(sql.VERSION)
        meta = {row[0]: row[1] for row in await pool.fetch(sql.META)}
        require(version or "", meta.get("readable_by", ""))
    except asyncpg.UndefinedTableError as error:
        await pool.close()
        raise NodeError("the database holds no store yet: run `voltroam db migrate`") from error
    except BaseException:
        await pool.close()
        raise
    return PostgresStore(pool, meta["epoch"], address.pooler, queue_limit=queue_limit, now=now)


async def _keep(_: object) -> None:
    """We leave no state in a session, so none needs to be reset: a round trip less."""


class PostgresStore:
    """See `Store`."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        epoch: str,
        pooler: bool,
        *,
        queue_limit: int,
        now: Callable[[], int],
    ) -> None:
        self.epoch = epoch
        self._pool = pool
        self._pooler = pooler
        self._watch = HeadWatch(self.head)
        self._writer = PostgresWriter(pool, now, self._watch.seen)
        self._queue = GroupCommit(
            self._writer.commit,
            queue_limit=queue_limit,
            group_limit=GROUP_LIMIT,
            writers=WRITERS,
        )

    async def apply(self, change: Change[R]) -> R:
        return await self._queue.apply(change)

    async def get(self, key: ObjectKey) -> ObjectRow | None:
        rows = await self._read(sql.GET, *key)
        return read_object(rows[0]) if rows else None

    async def page(self, query: PageQuery) -> Page:
        asked = list(query.audiences)
        place = (query.kind, asked, query.cursor or 0, query.limit + 1, offset(query))
        if not is_dated(query):
            rows = await self._read(sql.PAGE, *place)
            if rows:
                return cut_page(rows, query.limit, rows[0][4])
            return Page([], await self._total(query), None)
        dates = window(query)
        total = (await self._read(sql.TOTAL_DATES, query.kind, asked, *dates))[0][0]
        rare = is_rare(total, await self._total(query))
        rows = await self._read(sql.PAGE_RARE if rare else sql.PAGE_DATES, *place, *dates)
        return cut_page(rows, query.limit, total)

    async def _total(self, query: PageQuery) -> int:
        total: int = (await self._read(sql.TOTAL, query.kind, list(query.audiences)))[0][0]
        return total

    async def feed(self, after: int, limit: int) -> list[ObjectRow]:
        near = self._writer.recent.after(after, limit)
        if near is not None:
            return near
        return [read_object(row) for row in await self._read(sql.FEED, after, limit)]

    async def head(self) -> int:
        head: int = (await self._read(sql.HEAD))[0][0]
        return head

    async def scan(
        self, kind: str, *, owner: str | None = None, after: int = 0
    ) -> AsyncIterator[ObjectRow]:
        while True:
            if owner is None:
                rows = await self._read(sql.SCAN, kind, after, SCAN_PIECE)
            else:
                rows = await self._read(sql.SCAN_OWNER, kind, after, SCAN_PIECE, owner)
            for row in rows:
                found = read_object(row)
                after = found.created
                yield found
            if len(rows) < SCAN_PIECE:
                return

    async def record(self, key: RecordKey) -> Record | None:
        rows = await self._read(sql.RECORD, *key)
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
        values: tuple[Any, ...]
        if due_before is not None:
            text = sql.RECORDS_DUE if parent is None else sql.RECORDS_DUE_PARENT
            values = (kind, due_before, limit)
        else:
            text = sql.RECORDS if parent is None else sql.RECORDS_PARENT
            values = (kind, after, limit)
        if parent is not None:
            values = (*values, parent)
        return [read_record(row) for row in await self._read(text, *values)]

    async def events(self, after: int, limit: int) -> list[Event]:
        return [read_event(row) for row in await self._read(sql.EVENTS, after, limit)]

    async def record_kinds(self) -> list[str]:
        return [row[0] for row in await self._read(sql.RECORD_KINDS)]

    async def newest_event(self) -> int:
        newest: int = (await self._read(sql.NEWEST_EVENT))[0][0]
        return newest

    async def rewrite_events(self, events: Sequence[Event]) -> None:
        rows = [(event.type, event.key, event.document, event.sequence) for event in events]
        async with self._writing() as connection:
            await connection.executemany(sql.REWRITE_EVENT, rows)

    async def oldest_event(self) -> int:
        meta = {row[0]: row[1] for row in await self._read(sql.META)}
        purged = int(meta["purged_events"])
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
        async with self._writing() as connection:
            rows = await connection.fetch(sql.PURGE_TOMBSTONES, after, upto, PURGE_PIECE)
        self._writer.recent.clear()
        return [row[0] for row in rows]

    async def _purge_events(self, before: int) -> int:
        async with self._writing() as connection:
            last = await connection.fetchval(sql.PURGED_EVENTS, before, PURGE_PIECE)
            if last is None:
                return 0
            gone = _count(await connection.execute(sql.PURGE_EVENTS, last))
            await connection.execute(sql.SET_META, str(last), "purged_events")
        return gone

    async def forget(self, rows: Sequence[tuple[ObjectKey, int]]) -> int:
        columns = [list(column) for column in zip(*((*key, n) for key, n in rows), strict=True)]
        if not columns:
            return 0
        async with self._writing() as connection:
            gone = await connection.fetch(sql.FORGET, *columns)
            for kind, audience, deleted in gone:
                if not deleted:
                    await connection.execute(sql.COUNT, kind, audience, -1)
        self._writer.recent.clear()
        return len(gone)

    async def scrub(self) -> None:
        """Frees dead rows; their bytes go when their place is used again, or by `vacuum full`."""

        async def vacuum(connection: Connection) -> None:
            for text in sql.VACUUM:
                await connection.execute(text, timeout=VACUUM_SECONDS)

        await self._try(vacuum)

    @contextlib.asynccontextmanager
    async def _writing(self) -> AsyncIterator[Connection]:
        """A transaction of its own under the write lock, which tells other writers to look anew."""
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(sql.TAKE, 0, 0)
                yield connection
        except (*FAULTS, *REFUSALS) as error:
            raise _fault(error) from error

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        return await self._execute(sql.LEASE, name, holder, seconds) == 1

    async def leases(self, names: Sequence[str], holder: str, seconds: float) -> frozenset[str]:
        async def take(connection: Connection) -> frozenset[str]:
            async with connection.transaction():
                rows = await connection.fetch(sql.LEASES, list(names), holder, seconds)
            return frozenset(row["name"] for row in rows)

        return await self._try(take)

    async def release(self, name: str, holder: str) -> None:
        await self._execute(sql.RELEASE, name, holder)

    async def wait_for_change(self, after: int, timeout: float) -> int:
        return await self._watch.wait(after, timeout)

    async def check(self) -> Health:
        wrong = (await self._read(sql.WRONG_COUNTS))[0][0]
        details = {
            "backend": f"PostgreSQL {(await self._read(sql.SERVER))[0][0]}",
            "schema": (await self._read(sql.VERSION))[0][0],
            "feed": str(await self.head()),
            "totals": "ok" if not wrong else f"{wrong} kept totals are wrong",
        }
        return Health(ok=not wrong, details=details)

    async def close(self) -> None:
        await self._queue.close()
        await self._watch.close()
        await self._pool.close()

    async def _read(self, text: str, *values: Any) -> list[asyncpg.Record]:
        async def fetch(connection: Connection) -> list[asyncpg.Record]:
            if not self._pooler:
                return await connection.fetch(text, *values)
            async with connection.transaction(readonly=True):
                return await connection.fetch(text, *values)

        return await self._try(fetch)

    async def _execute(self, text: str, *values: Any) -> int:
        async def execute(connection: Connection) -> int:
            async with connection.transaction():
                return _count(await connection.execute(text, *values))

        return await self._try(execute)

    async def _try(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """For work that may be done twice: a connection that broke while idle is no fault."""
        attempt = 0
        while True:
            try:
                async with self._pool.acquire() as connection:
                    return await work(connection)
            except (*FAULTS, *REFUSALS) as error:
                attempt += 1
                if attempt >= ATTEMPTS or not is_broken(error):
                    raise _fault(error) from error
                await self._pool.expire_connections()


def _count(status: str) -> int:
    """`INSERT 0 1`, `DELETE 7`: the rows that a statement touched."""
    return int(status.rsplit(" ", 1)[1])


def _fault(error: Exception) -> NodeError:
    known = fault(error)
    if isinstance(known, NodeError):
        return known
    return NodeError(f"the database refuses the question: {type(error).__name__}")
