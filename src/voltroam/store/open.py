"""Opens the store that a URL names. Alembic is not imported here: a command starts at once."""

import time
from collections.abc import Callable

from voltroam.store.address import SqliteAddress, read_address
from voltroam.store.interface import Store

QUEUE_LIMIT = 10_000
"""Writes that may wait before callers are told that we are overloaded."""


def wall_clock() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000


async def open_store(
    url: str, *, queue_limit: int = QUEUE_LIMIT, now: Callable[[], int] = wall_clock
) -> Store:
    """`sqlite:///file`, `sqlite:////absolute/file` or `postgresql://…`, already migrated.

    Raises NodeError when it cannot be reached or has a schema that this release cannot serve.
    """
    address = read_address(url)
    if isinstance(address, SqliteAddress):
        from voltroam.store.sqlite import open_sqlite

        return await open_sqlite(address.path, queue_limit=queue_limit, now=now)
    from voltroam.store.postgres import open_postgres

    return await open_postgres(address, queue_limit=queue_limit, now=now)
