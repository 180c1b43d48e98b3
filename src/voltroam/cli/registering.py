"""For commands that register: what the node tells of itself is what it answers."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer

from voltroam.answering import Answering
from voltroam.cli.run import with_opened

__all__ = ["Answering", "with_answering"]

T = TypeVar("T")


def with_answering(
    context: typer.Context, work: Callable[[Answering], Awaitable[T]], *, as_json: bool
) -> T:
    """Open what registers, do the work, close it; say why on a fault."""
    return with_opened(context, Answering.open, work, as_json=as_json)
