"""How well a platform does behind a hub, as figures and as one score. Pure.

score = 100 × availability × (1 − error rate) × speed × freshness, rounded, where

- availability: the share of the looks at which it was CONNECTED, times the share of calls to it
  that it answered in time;
- error rate: the share of its answers that were no usable OCPI answer (5xx, 401, garbage);
- speed: 1 up to a p95 of 1 s, from there down to 0.5 at 15 s;
- freshness: 1 while what it has yet to be given is younger than 1 min, from there down to 0.5 at
  1 h, by the logarithm of the age.

A share of nothing is 1: who was never called did nothing wrong.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

BOUNDS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000)
"""Upper bounds, in milliseconds, between which times are counted."""
FAST_S, SLOW_S = 1.0, 15.0
FRESH_S, STALE_S = 60.0, 3600.0
LEAST = 0.5
"""What slowness, or staleness, leaves at most to lose."""


class Count(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What was counted of one platform; counts of processes and times add up."""

    calls: int = 0
    silent: int = 0
    """Calls that nobody answered in time (4002), or that nobody took (4003)."""
    unusable: int = 0
    """Calls whose answer was none of OCPI, or a fault of its server."""
    looks: int = 0
    connected: int = 0
    """Looks at which it was CONNECTED."""
    times: list[int] = []
    """How many answers took up to each of `BOUNDS_MS`, and longer."""

    def add(self, other: "Count") -> None:
        self.calls += other.calls
        self.silent += other.silent
        self.unusable += other.unusable
        self.looks += other.looks
        self.connected += other.connected
        mine = self.times or [0] * (len(BOUNDS_MS) + 1)
        theirs = other.times or [0] * len(mine)
        self.times = [one + more for one, more in zip(mine, theirs, strict=True)]

    def time(self, ms: float) -> None:
        for place, bound in enumerate(BOUNDS_MS):
            if ms <= bound:
                self.times[place] += 1
                return
        self.times[-1] += 1


@dataclass(frozen=True, slots=True)
class Health:
    """Shares from 0 to 1, times in seconds; None: nothing to tell it from."""

    availability: float
    error_rate: float
    p95: float | None
    calls: int
    oldest: float | None
    """Age of the oldest change that it has yet to be given; None: it has all."""
    score: int


def health_of(count: Count, oldest: float | None) -> Health:
    answered = count.calls - count.silent
    availability = _share(count.connected, count.looks) * _share(answered, count.calls)
    error_rate = count.unusable / answered if answered else 0.0
    p95 = percentile(count.times, 0.95)
    speed = 1.0 if p95 is None else _falling((p95 - FAST_S) / (SLOW_S - FAST_S))
    freshness = 1.0
    if oldest is not None and oldest > FRESH_S:
        freshness = _falling(math.log(oldest / FRESH_S) / math.log(STALE_S / FRESH_S))
    score = round(100 * availability * (1 - error_rate) * speed * freshness)
    return Health(availability, error_rate, p95, count.calls, oldest, score)


def percentile(times: Sequence[int], share: float) -> float | None:
    """Seconds: within the bounds that it falls between, as if times were spread evenly there."""
    wanted = share * sum(times)
    if not wanted:
        return None
    passed, low = 0, 0.0
    for count, bound in zip(times, BOUNDS_MS, strict=False):
        if count and passed + count >= wanted:
            return (low + (bound - low) * (wanted - passed) / count) / 1000
        passed, low = passed + count, bound
    return BOUNDS_MS[-1] / 1000


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _falling(way: float) -> float:
    """From 1 at 0 to `LEAST` at 1."""
    return 1.0 - (1.0 - LEAST) * min(1.0, max(0.0, way))
