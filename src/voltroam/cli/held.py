"""For commands that need objects and partners only."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer

from voltroam.cli.run import with_opened
from voltroam.holdings import Holdings

__all__ = ["Holdings", "with_holdings"]

T = TypeVar("T")


def with_holdings(
    context: typer.Context, work: Callable[[Holdings], Awaitable[T]], *, as_json: bool
) -> T:
    """Open what the node of the settings holds, do the work, close it; say why on a fault."""
    return with_opened(context, Holdings.open, work, as_json=as_json)
