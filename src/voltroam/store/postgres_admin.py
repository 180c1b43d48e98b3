"""Schema work on PostgreSQL, on one connection of its own."""

import contextlib
from collections.abc import AsyncIterator

import asyncpg

from voltroam.standard.errors import NodeError
from voltroam.store.address import PostgresAddress
from voltroam.store.postgres_writer import FAULTS
from voltroam.store.schema import judge
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
