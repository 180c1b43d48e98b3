"""A node inside another program: its own ASGI application, its own host."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

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
    try:
        if work:
            node.start()
        yield node
    finally:
        await _seen_through(node.close())


async def _seen_through(closing: Coroutine[Any, Any, None]) -> None:
    """A program that is interrupted is cancelled while it closes: the lanes note where they stand
    and give their leases back all the same. A second cancellation ends this too."""
    task = asyncio.create_task(closing)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
