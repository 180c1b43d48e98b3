"""Whether a lane may send now: back-off after faults, and the rate that a partner allows."""

import asyncio
import random
from collections.abc import Callable

from voltroam.delivery.knobs import Knobs
from voltroam.delivery.outcome import Fault, Verdict, delay


class Pulse:
    """Counts rounds, not requests: eight faults of one moment are one failure."""

    def __init__(self, knobs: Knobs, chance: random.Random, clock: Callable[[], float]) -> None:
        self._knobs = knobs
        self._chance = chance
        self._clock = clock
        self._next_send = 0.0
        self.failures = 0
        self.unreachable = 0
        self.round = 0
        """A request remembers the round in which it left."""
        self.resume_at = 0.0
        self._told = 0.0
        """Until when the partner asked us to wait."""
        self.reason: str | None = None
        self.stopped = False

    def may_send(self, flying: int) -> bool:
        """After a fault one request at a time, once the delay is over."""
        if not self.failures and not self.resume_at:
            return True
        return self._clock() >= self.resume_at and (not self.failures or not flying)

    @property
    def waiting(self) -> bool:
        return self.failures > 0 and self._clock() < self.resume_at

    def arrived(self) -> None:
        self.failures = self.unreachable = 0
        self.resume_at = 0.0
        self.reason = None
        self.stopped = False

    def wake(self) -> None:
        """Try at once, unless the partner itself said when (429, Retry-After)."""
        self.failures = self.unreachable = 0
        self.resume_at = self._told
        self.stopped = False

    def failed(self, verdict: Verdict, turn: int) -> None:
        """Wait after a fault of the lane; `turn` is the round in which the request left."""
        self.reason = verdict.reason
        if turn != self.round:
            return
        self.round += 1
        self.failures += 1
        if verdict.fault is Fault.UNREACHABLE:
            self.unreachable += 1
        self.stopped = verdict.fault is Fault.STOPPED
        self.resume_at = self._clock() + self._wait(verdict)
        self._told = self.resume_at if verdict.retry_after is not None else 0.0

    def _wait(self, verdict: Verdict) -> float:
        if verdict.fault is Fault.STOPPED:
            first = self._knobs.stopped_first * 2.0 ** min(self.failures - 1, 16)
            return min(first, self._knobs.stopped_retry)
        if verdict.retry_after is not None:
            return verdict.retry_after
        return delay(self.failures, self._knobs, self._chance)

    async def pace(self, rate: float | None) -> None:
        """Waits for this request's turn, `rate` per second."""
        if not rate:
            return
        now = self._clock()
        at = max(now, self._next_send)
        self._next_send = at + 1.0 / rate
        if at > now:
            await asyncio.sleep(at - now)
