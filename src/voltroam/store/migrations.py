"""Brings a database to the schema of this release, in one transaction and under a lock.

Alembic orders the steps and writes their SQL; the text runs on the drivers of the store itself,
so that no second driver is needed. Steps are plain SQL, see `schema/versions`.
"""

import sqlite3

from voltroam.standard.errors import NodeError
from voltroam.store.address import PostgresAddress, SqliteAddress, read_address
from voltroam.store.interface import Health
from voltroam.store.open import open_store
from voltroam.store.schema import NEWEST, judge
from voltroam.store.steps import steps

_BUSY_SECONDS = 30.0


async def migrate(url: str, *, target: str = NEWEST) -> str | None:
    """Create the database's tables or bring them up to `target`; returns the schema found before.

    Safe to call from several processes at once. Raises NodeError for a schema that is newer than
    this release, and when the database cannot be reached.
    """
    address = read_address(url)
    if isinstance(address, SqliteAddress):
        return _migrate_sqlite(address, target)
    return await _migrate_postgres(address, target)


async def current(url: str) -> str | None:
    """The schema number of a database; None when it holds no store."""
    address = read_address(url)
    if isinstance(address, SqliteAddress):
        if not address.path.exists():
            return None
        with _sqlite(address) as connection:
            return sqlite_schema(connection)
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
    finally:
        await store.close()


def sqlite_schema(connection: sqlite3.Connection) -> str | None:
    try:
        row = connection.execute("select version_num from alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return None
        raise
    return row[0] if row else None


def _sqlite(address: SqliteAddress) -> "_Closing":
    return _Closing(address)


class _Closing:
    """A plain connection that is closed on leaving; faults of the file become NodeError."""

    def __init__(self, address: SqliteAddress) -> None:
        self._address = address
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> sqlite3.Connection:
        try:
            self._connection = sqlite3.connect(
                self._address.path, timeout=_BUSY_SECONDS, isolation_level=None
            )
            self._connection.execute("pragma journal_mode = wal")
        except sqlite3.Error as error:
            raise self._fault(error) from error
        return self._connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._connection is not None:
            self._connection.close()
        if isinstance(error, sqlite3.Error):
            raise self._fault(error) from error

    def _fault(self, error: sqlite3.Error) -> NodeError:
        return NodeError(f"the database {self._address.path} cannot be used: {error}")


def _migrate_sqlite(address: SqliteAddress, target: str) -> str | None:
    with _sqlite(address) as connection:
        connection.execute("begin immediate")
        try:
            found = sqlite_schema(connection)
            if judge(found, target):
                for statement in steps("sqlite", found, target):
                    connection.execute(statement)
            connection.execute("commit")
        except BaseException:
            connection.execute("rollback")
            raise
    return found


async def _migrate_postgres(address: PostgresAddress, target: str) -> str | None:
    from voltroam.store import postgres_admin

    return await postgres_admin.migrate(address, target)
