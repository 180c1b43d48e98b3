"""What one request may cost, and how often a platform may ask."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from time import monotonic

from voltroam.standard.errors import TooMany

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the server. Sizes in bytes, times in seconds, rates per second."""

    body: int = 5 * MEGABYTE
    """Of one request, before and after decompression."""
    body_time: float = 30.0
    """For the whole body to arrive."""
    ratio: int = 100
    """Most bytes that one compressed byte may become."""
    head: int = 32 * 1024
    """Request line and headers together."""
    head_count: int = 100
    head_time: float = 15.0
    """For the whole head to arrive."""
    url: int = 8 * 1024
    drain: int = 64 * 1024
    """Of a body that nobody wants, read before the connection is closed on its sender."""
    drain_time: float = 1.0
    ready_time: float = 2.0
    """For the store to say that it is there."""
    rate: float | None = None
    """Requests of one platform, unless its profile says otherwise; None: unbounded."""
    burst: float = 2.0
    """Seconds of its rate that a platform may save up."""


class _Bucket:
    __slots__ = ("at", "level")

    def __init__(self, level: float, at: float) -> None:
        self.level = level
        self.at = at


class RateLimit:
    """One token bucket per platform; over its rate a platform gets 429 (OCPI 2.2.1 §status_codes).

    Each process counts for itself: with N workers the bound is N times as wide.
    """

    def __init__(self, rate: float | None, burst: float, clock: Callable[[], float] = monotonic):
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, platform: str, rate: float | None) -> None:
        """Count one request. `rate` of the platform's own profile wins. Raises TooMany."""
        per_second = self._rate if rate is None else rate
        if per_second is None:
            return
        size = max(1.0, per_second * self._burst)
        now = self._clock()
        bucket = self._buckets.get(platform)
        if bucket is None:
            bucket = self._buckets[platform] = _Bucket(size, now)
        level = min(size, bucket.level + (now - bucket.at) * per_second)
        bucket.at = now
        if level < 1.0:
            bucket.level = level
            raise TooMany("too many requests", _wait(level, per_second))
        bucket.level = level - 1.0


def _wait(level: float, per_second: float) -> int:
    """Whole seconds until a request is free again; a rate of nothing waits an hour."""
    if per_second <= 0:
        return 3600
    return max(1, ceil((1.0 - level) / per_second))
