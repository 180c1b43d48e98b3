"""The world's clock: as fast as wanted as long as it lies behind, and never ahead of the real one.

A charge that is pushed to a partner must not lie in the partner's future: OCPI compares times, and
an object from the future would win over everything later. So a fast world begins in the past, so
far back that it takes `catch_up` real seconds to arrive in the present; from there it runs ×1.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Clock:
    """`born` is the real moment at which the world began; `scale` 1 begins in the present."""

    born: datetime
    scale: float = 1.0
    catch_up: float = 600.0

    @property
    def begins(self) -> datetime:
        """What the world's clock shows at `born`."""
        return self.born - timedelta(seconds=(self.scale - 1) * self.catch_up)

    @property
    def arrives(self) -> datetime:
        """The real moment from which both clocks show the same."""
        return self.born + timedelta(seconds=self.catch_up) if self.scale > 1 else self.born

    def world(self, real: datetime) -> datetime:
        """What the world's clock shows at a real moment, also at one to come."""
        if real >= self.arrives or real <= self.born:
            return real if real >= self.arrives else self.begins
        return self.begins + (real - self.born) * self.scale

    def real(self, world: datetime) -> datetime:
        """The real moment at which the world's clock shows this; the inverse of `world`."""
        if world >= self.arrives:
            return world
        return self.born + (world - self.begins) / self.scale

    def pace(self, real: datetime) -> float:
        """World seconds per real second."""
        return 1.0 if real >= self.arrives else self.scale
