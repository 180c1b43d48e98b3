"""What an operator sets for a hub: the table `[hub]`."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(gt=0)]


class HubKnobs(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds, unless named otherwise."""

    default: Literal["open", "closed"] = "open"
    """Whether parties may deal with each other where no agreement says so."""
    timeout: Annotated[float, Meta(gt=0, le=60)] = 15.0
    """How long a receiver may take with a forwarded call; then 4002."""
    alive_after: Seconds = 300.0
    """A party that was silent for so long is asked for its versions."""
    trace_bodies: bool = False
    """Keep what was asked and answered too, drivers' identifiers hidden; how long a trace is kept
    is `[retention] traces`."""
    collect: tuple[Literal["sessions", "cdrs"], ...] = ()
    """Pulled by the hub too, for lists of all: each shown to its contract party only."""
