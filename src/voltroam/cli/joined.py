"""For commands that call partners: a node without its background work, which `serve` does.

Logs stay silent here: what goes wrong is the command's answer.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer

from voltroam.calling import Calling
from voltroam.cli.run import with_opened

__all__ = ["Calling", "with_calling"]

T = TypeVar("T")


def with_calling(
    context: typer.Context, work: Callable[[Calling], Awaitable[T]], *, as_json: bool
) -> T:
    """Open what calls partners, do the work, close it; say why on a fault."""
    return with_opened(context, Calling.open, work, as_json=as_json)
