"""What the lanes of one process share, and how a lane shows itself."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from voltroam.delivery.cdr_ledger import CdrLedger
from voltroam.delivery.courier import Courier
from voltroam.delivery.feed import FeedTail
from voltroam.delivery.knobs import Knobs
from voltroam.delivery.ports import Now
from voltroam.delivery.turnstile import Turnstile
from voltroam.roaming.marks import Marks
from voltroam.standard.endpoints import Table
from voltroam.store.interface import Store


@dataclass(frozen=True, slots=True)
class Gear:
    """What all lanes of a process share."""

    store: Store
    table: Table
    tail: FeedTail
    courier: Courier
    ledger: CdrLedger
    marks: Marks
    turnstile: Turnstile
    knobs: Knobs
    now: Now
    chance: random.Random
    known_limit: Callable[[], int]
    """How many delivered states one lane may remember."""
    offline: Callable[[str], Awaitable[None]]
    connected: Callable[[str], Awaitable[None]]
    hub: bool = False
    """We are one: what waits for a platform is not even tried while it is known to be away."""


@dataclass(frozen=True, slots=True)
class LaneStats:
    """Where a lane stands, for operators. `lag` in changes, `waiting` in seconds."""

    platform: str
    state: str
    lag: int
    waiting: float
    pushed: int
    failed: int
    parked: int
    filling: bool
    reason: str | None = None
