"""Brings a database to the schema of this release, in one transaction and under a lock.

Alembic orders the steps and writes their SQL; the text runs on the drivers of the store itself,
so that no second driver is needed. Steps are plain SQL, see `schema/versions`.
"""

from pathlib import Path

from voltroam.standard.errors import NodeError
from voltroam.store import backup as files
from voltroam.store.address import SqliteAddress, read_address
from voltroam.store.interface import Health
from voltroam.store.open import open_store
from voltroam.store.schema import NEWEST


async def migrate(url: str, *, target: str = NEWEST) -> str | None:
    """Create the database's tables or bring them up to `target`; returns the schema found before.

    Safe to call from several processes at once. Raises NodeError for a schema that is newer than
    this release, and when the database cannot be reached.
    """
    address = read_address(url)
    if isinstance(address, SqliteAddress):
        from voltroam.store import sqlite_admin

        return sqlite_admin.migrate(address, target)
    from voltroam.store import postgres_admin

    return await postgres_admin.migrate(address, target)


async def current(url: str) -> str | None:
    """The schema number of a database; None when it holds no store."""
    address = read_address(url)
    if isinstance(address, SqliteAddress):
        from voltroam.store import sqlite_admin

        return sqlite_admin.schema(address)
    from voltroam.store import postgres_admin

    return await postgres_admin.schema(address)


async def check(url: str) -> Health:
    """Reachable, of our schema, whole, and its kept totals right."""
    try:
        store = await open_store(url)
    except NodeError as error:
        return Health(ok=False, details={"database": error.message})
    try:
        return await store.check()
    except NodeError as error:
        return Health(ok=False, details={"database": error.message})
    finally:
        await store.close()


async def backup(url: str, file: str | Path) -> int:
    """See `backup.backup`: a whole, consistent, portable file; returns the count of objects."""
    return await files.backup(url, Path(file))


async def restore(url: str, file: str | Path) -> str:
    """See `backup.restore`: replaces everything; returns the epoch that the backup ended."""
    return await files.restore(url, Path(file))
