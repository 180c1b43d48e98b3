"""Schema work, backup and restore on SQLite, on one connection of its own."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from voltroam.standard.errors import NodeError
from voltroam.store.address import SqliteAddress
from voltroam.store.backup import DROPPED, PIECE, RECOUNT
from voltroam.store.schema import NEWEST, judge
from voltroam.store.steps import steps

_BUSY_SECONDS = 30.0


@contextlib.contextmanager
def connect(address: SqliteAddress, *, create: bool) -> Iterator[sqlite3.Connection]:
    """Faults of the file become NodeError. A new file is readable by its owner alone."""
    mode = "rwc" if create else "rw"
    try:
        if create and not address.path.exists():
            address.path.touch(mode=0o600)
        connection = sqlite3.connect(
            f"{address.path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
        )
    except (sqlite3.Error, OSError) as error:
        raise _fault(address, error) from error
    try:
        # Documents of 8 kB: with 4 kB pages each would be spread over three.
        connection.execute("pragma page_size = 8192")
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        yield connection
    except sqlite3.Error as error:
        raise _fault(address, error) from error
    finally:
        connection.close()


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("commit")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("rollback")
        raise


def schema(address: SqliteAddress) -> str | None:
    if not address.path.exists():
        return None
    with connect(address, create=False) as connection:
        return _found(connection)


def migrate(address: SqliteAddress, target: str) -> str | None:
    with connect(address, create=True) as connection, _transaction(connection, "begin immediate"):
        found = _found(connection)
        if judge(found, target):
            for statement in steps("sqlite", found, target):
                connection.execute(statement)
    return found


@contextlib.asynccontextmanager
async def reading(address: SqliteAddress) -> AsyncIterator["SqliteSource"]:
    with connect(address, create=False) as connection, _transaction(connection, "begin"):
        yield SqliteSource(connection)


@contextlib.asynccontextmanager
async def replacing(address: SqliteAddress) -> AsyncIterator["SqliteTarget"]:
    with connect(address, create=True) as connection, _transaction(connection, "begin immediate"):
        yield SqliteTarget(connection)


class SqliteSource:
    """Reads inside one transaction: a snapshot, while others go on writing."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def header(self) -> tuple[str | None, str]:
        found = _found(self._connection)
        if found is None:
            return None, ""
        text = "select value from meta where name = 'epoch'"
        return found, self._connection.execute(text).fetchone()[0]

    async def rows(self, table: str, columns: Sequence[str]) -> AsyncIterator[list[Any]]:
        text = f"select {', '.join(columns)} from {table}"  # noqa: S608 - our own names
        cursor = self._connection.execute(text)
        while rows := cursor.fetchmany(PIECE):
            yield rows


class SqliteTarget:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def begin(self, schema: str) -> None:
        for table in DROPPED:
            self._connection.execute(f"drop table if exists {table}")
        for statement in steps("sqlite", None, schema):
            self._connection.execute(statement)
        self._connection.execute("delete from counters")

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        if table == "meta":
            rows = [row for row in rows if row[0] != "epoch"]
        marks = ", ".join("?" * len(columns))
        text = f"insert or replace into {table} ({', '.join(columns)}) values ({marks})"  # noqa: S608
        self._connection.executemany(text, rows)

    async def finish(self, schema: str) -> None:
        self._connection.execute(RECOUNT)
        for statement in steps("sqlite", schema, NEWEST):
            self._connection.execute(statement)


def _found(connection: sqlite3.Connection) -> str | None:
    text = "select 1 from sqlite_master where name = 'alembic_version'"
    if connection.execute(text).fetchone() is None:
        return None
    row = connection.execute("select version_num from alembic_version").fetchone()
    return row[0] if row else None


def _fault(address: SqliteAddress, error: Exception) -> NodeError:
    return NodeError(f"the database {address.path} cannot be used: {error}")
