"""For commands that call partners: the whole node, and logs that go to stderr."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import typer

from voltroam.cli.run import with_opened
from voltroam.logs import set_up_logs
from voltroam.node import Node
from voltroam.settings import Settings

__all__ = ["Node", "with_node"]

T = TypeVar("T")


def with_node(context: typer.Context, work: Callable[[Node], Awaitable[T]], *, as_json: bool) -> T:
    """Open the node without its background work, which `serve` does."""

    async def opening(settings: Settings, folder: Path) -> Node:
        set_up_logs(settings, level="error")
        return await Node.open(settings, folder)

    return with_opened(context, opening, work, as_json=as_json)
