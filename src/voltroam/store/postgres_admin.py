"""Schema work, backup and restore on PostgreSQL, on one connection of its own."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg

from voltroam.standard.errors import NodeError
from voltroam.store.address import PostgresAddress
from voltroam.store.backup import DROPPED, PIECE, RECOUNT
from voltroam.store.postgres_writer import FAULTS
from voltroam.store.schema import NEWEST, judge
from voltroam.store.steps import steps

_LOCK = "select pg_advisory_xact_lock(7038201412)"
"""A lock of one transaction, so that a pooler does no harm; the number is ours alone."""


@contextlib.asynccontextmanager
async def connect(address: PostgresAddress) -> AsyncIterator[asyncpg.Connection]:
    """Faults become NodeError, without the address and its password."""
    try:
        connection = await asyncpg.connect(address.dsn, timeout=30, statement_cache_size=0)
    except (*FAULTS, ValueError) as error:
        text = f"the database cannot be reached: {type(error).__name__}"
        raise NodeError(text) from error
    try:
        yield connection
    except FAULTS as error:
        raise NodeError(f"the database failed: {type(error).__name__}: {error}") from error
    finally:
        await connection.close(timeout=10)


async def found_schema(connection: asyncpg.Connection) -> str | None:
    if await connection.fetchval("select to_regclass('alembic_version')") is None:
        return None
    found: str | None = await connection.fetchval("select version_num from alembic_version")
    return found


async def schema(address: PostgresAddress) -> str | None:
    async with connect(address) as connection, connection.transaction():
        return await found_schema(connection)


async def migrate(address: PostgresAddress, target: str) -> str | None:
    async with connect(address) as connection, connection.transaction():
        await connection.execute(_LOCK)
        found = await found_schema(connection)
        if judge(found, target):
            for statement in steps("postgresql", found, target):
                await connection.execute(statement)
        return found


@contextlib.asynccontextmanager
async def reading(address: PostgresAddress) -> AsyncIterator["PostgresSource"]:
    async with (
        connect(address) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield PostgresSource(connection)


@contextlib.asynccontextmanager
async def replacing(address: PostgresAddress) -> AsyncIterator["PostgresTarget"]:
    async with connect(address) as connection, connection.transaction():
        await connection.execute(_LOCK)
        yield PostgresTarget(connection)


class PostgresSource:
    """Reads inside one repeatable-read transaction: a snapshot, while others go on writing."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def header(self) -> tuple[str | None, str]:
        found = await found_schema(self._connection)
        if found is None:
            return None, ""
        epoch: str = await self._connection.fetchval("select value from meta where name = 'epoch'")
        return found, epoch

    async def rows(self, table: str, columns: Sequence[str]) -> AsyncIterator[list[Any]]:
        text = f"select {', '.join(columns)} from {table}"  # noqa: S608 - our own names
        cursor = await self._connection.cursor(text)
        while rows := await cursor.fetch(PIECE):
            yield rows


class PostgresTarget:
    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def begin(self, schema: str) -> None:
        for table in DROPPED:
            await self._connection.execute(f"drop table if exists {table}")
        for statement in steps("postgresql", None, schema):
            await self._connection.execute(statement)
        await self._connection.execute("delete from counters")

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        if table == "meta":
            rows = [row for row in rows if row[0] != "epoch"]
            await self._connection.execute("delete from meta where name <> 'epoch'")
        await self._connection.copy_records_to_table(table, records=rows, columns=list(columns))

    async def finish(self, schema: str) -> None:
        await self._connection.execute(RECOUNT)
        for statement in steps("postgresql", schema, NEWEST):
            await self._connection.execute(statement)
