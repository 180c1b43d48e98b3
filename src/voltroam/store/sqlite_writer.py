"""The one connection of a SQLite store that writes.

Statements run on the event loop: they only touch memory, and a second thread would need the
interpreter lock anew for each of them. What waits for the disk, the commit, runs in a thread of
its own. `docs/decisions/0003-one-writer.md` has the figures.
"""

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep

from voltroam.standard.errors import NodeError
from voltroam.store import sqlite_sql as sql
from voltroam.store.commit import RowFault
from voltroam.store.group import AnyChange, Outcome, Plan, Write, counted, number, plan
from voltroam.store.interface import ObjectKey, ObjectRow, Record, RecordKey
from voltroam.store.recent import Recent
from voltroam.store.rows import read_object, read_record, write_record

BUSY_SECONDS = 10.0
"""How long a group waits for the write lock while other processes hold it."""

_DISK = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PROTOCOL,
}
REFUSALS = (sqlite3.Error, UnicodeEncodeError, OverflowError)


def connect(path: Path, pragmas: Sequence[str]) -> sqlite3.Connection:
    """Never makes a file: only a migration does."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=5.0,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    for pragma in (*sql.OPEN, *pragmas):
        connection.execute(pragma)
    return connection


def is_busy(error: BaseException) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def fault(error: BaseException) -> NodeError | RowFault:
    """NodeError when the disk or the file is at fault, RowFault when it is what we write."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    known = NodeError(f"the database cannot be used now: {error}") if code in _DISK else RowFault()
    known.__cause__ = error
    return known


class SqliteWriter:
    """Turns groups of changes into transactions. `committed` hears of each new feed head."""

    def __init__(
        self, path: Path, now: Callable[[], int], committed: Callable[[int], None]
    ) -> None:
        self._path = path
        self._now = now
        self._committed = committed
        self._connection: sqlite3.Connection | None = None
        self._turn = asyncio.Lock()
        self._disk = ThreadPoolExecutor(1, "voltroam-commit")
        self._version = 0
        self._shared = False
        self._durable = True
        self.recent = Recent()

    async def commit(self, changes: Sequence[AnyChange]) -> list[Outcome]:
        async with self.transaction() as connection:
            made = self._plan(connection, changes)
            feed, writes = self._write(connection, made) if made.writes else (0, [])
        if writes:
            self.recent.add(feed, writes)
        return made.outcomes

    @contextlib.asynccontextmanager
    async def transaction(self, *, durable: bool = True) -> AsyncIterator[sqlite3.Connection]:
        """A write transaction, on disk on leaving unless `durable` is false.

        Raises NodeError or RowFault. What is not durable survives the process, not a power cut.
        """
        async with self._turn:
            try:
                connection = await self._begin(durable)
                yield connection
                if connection.total_changes != self._version:
                    self._version = connection.total_changes
                    await self._commit(connection)
                else:
                    connection.execute(sql.ROLLBACK)
            except REFUSALS as error:
                known = fault(error)
                self._abandon(forget=isinstance(known, NodeError))
                raise known from error
            except BaseException:
                self._abandon(forget=False)
                raise
            if self._shared:
                # SQLite's lock has no queue: without a pause the holder would always win it again.
                await asyncio.sleep(_jitter(0.0005, 0.0015))

    async def vacuum(self) -> None:
        """Rewrite the file without what was deleted, and empty the log. Raises NodeError."""
        async with self._turn:
            self._abandon(forget=True)
            done = asyncio.get_running_loop().run_in_executor(self._disk, _vacuum, self._path)
            try:
                await asyncio.shield(done)
            except asyncio.CancelledError:
                await asyncio.wait({done})
                raise
            except sqlite3.Error as error:
                raise NodeError(f"the database cannot be rewritten now: {error}") from error

    async def close(self) -> None:
        async with self._turn:
            self._abandon(forget=True)
            self._disk.shutdown()

    async def _begin(self, durable: bool) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._path, sql.WRITER)
            self._version = self._connection.total_changes
            self._durable = True
        if durable != self._durable:
            self._connection.execute(sql.DURABLE if durable else sql.NOT_DURABLE)
            self._durable = durable
        deadline = monotonic() + BUSY_SECONDS
        self._shared = False
        while True:
            try:
                self._connection.execute(sql.BEGIN)
                return self._connection
            except sqlite3.OperationalError as error:
                if not is_busy(error) or monotonic() > deadline:
                    raise
            self._shared = True
            await asyncio.sleep(_jitter(0.0002, 0.001))

    async def _commit(self, connection: sqlite3.Connection) -> None:
        head = connection.execute(sql.HEAD).fetchone()[0]
        # Shielded: a caller that is cancelled must not leave the connection in use by the thread.
        done = asyncio.get_running_loop().run_in_executor(self._disk, _finish, connection)
        try:
            await asyncio.shield(done)
        except asyncio.CancelledError:
            await asyncio.wait({done})
            raise
        self._committed(head)

    def _abandon(self, *, forget: bool) -> None:
        """Roll back; after a disk fault a new connection is opened for the next group."""
        connection = self._connection
        if connection is None:
            return
        with contextlib.suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute(sql.ROLLBACK)
        self._version = connection.total_changes
        if forget:
            self._connection = None
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _plan(self, connection: sqlite3.Connection, changes: Sequence[AnyChange]) -> Plan:
        objects: dict[ObjectKey, ObjectRow | None] = {}
        records: dict[RecordKey, Record | None] = {}
        execute = connection.execute
        wanted = {key for change in changes for key in change.objects}
        named = {key for change in changes for key in change.records}
        while True:
            for key in wanted:
                row = execute(sql.GET, key).fetchone()
                objects[key] = None if row is None else read_object(row)
            for name in named:
                row = execute(sql.RECORD, name).fetchone()
                records[name] = None if row is None else read_record(row)
            made = plan(changes, objects, records, self._now())
            if made.complete:
                return made
            wanted, named = made.unnamed_objects, made.unnamed_records

    def _write(self, connection: sqlite3.Connection, made: Plan) -> tuple[int, list[Write]]:
        """The feed number before, and the objects written."""
        feed, event = connection.execute(sql.COUNTERS).fetchone()
        writes = number(made, feed)
        for write in writes:
            _write_object(connection, write)
        connection.executemany(sql.COUNT, [(*place, n) for place, n in counted(made).items()])
        kept = [record for record in made.records.values() if record is not None]
        connection.executemany(sql.PUT_RECORD, [write_record(record) for record in kept])
        if len(kept) < len(made.records):
            gone = [name for name, record in made.records.items() if record is None]
            connection.executemany(sql.REMOVE_RECORD, gone)
        at = self._now()
        connection.executemany(
            sql.ADD_EVENT,
            [
                (event + place, at, draft.type, draft.key, draft.document)
                for place, draft in enumerate(made.events, 1)
            ],
        )
        if made.moves or made.events:
            connection.execute(sql.SET_COUNTERS, (feed + made.moves, event + len(made.events)))
        return feed, writes


def _write_object(connection: sqlite3.Connection, write: Write) -> None:
    loaded, values = write.loaded, write.values
    if loaded is None:
        connection.execute(sql.INSERT, values)
    elif write.in_place:
        content = (*values[3:5], values[6], values[9], *values[11:16], loaded.created)
        connection.execute(sql.UPDATE_CONTENT, content)
    elif values[10] == loaded.created:
        content = (*values[3:10], *values[11:16], loaded.created)
        connection.execute(sql.UPDATE_ALL, content)
    else:
        connection.execute(sql.REMOVE, (loaded.created,))
        connection.execute(sql.INSERT, values)


def _vacuum(path: Path) -> None:
    """On a connection of its own; others may read meanwhile, writers wait."""
    connection = connect(path, (sql.BUSY_LONG,))
    try:
        connection.execute(sql.VACUUM)
        deadline = monotonic() + BUSY_SECONDS
        while connection.execute(sql.CHECKPOINT).fetchone()[0]:
            if monotonic() > deadline:
                raise sqlite3.OperationalError("readers keep the log open")
            sleep(_jitter(0.005, 0.02))
    finally:
        connection.close()


def _finish(connection: sqlite3.Connection) -> None:
    connection.execute(sql.COMMIT)


def _jitter(least: float, most: float) -> float:
    return random.uniform(least, most)  # noqa: S311 - spreads processes, guards nothing
