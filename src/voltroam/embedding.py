"""A node inside another program: its own ASGI application, its own host."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from voltroam.node import Node
from voltroam.roaming.host import Host
from voltroam.settings import read_settings


@asynccontextmanager
async def open_node(
    file: str | Path, host: Host | None = None, *, work: bool = True
) -> AsyncIterator[Node]:
    """A node of a settings file, open until the block ends.

    `node.app()` is its ASGI application. `work` False leaves deliveries, pulls and timers to other
    processes on the same database. Raises SettingsError, or NodeError without a usable database.
    """
    path = Path(file)
    node = await Node.open(read_settings(path), path.parent, host)
    if work:
        node.start()
    try:
        yield node
    finally:
        await node.close()
