"""One car at one EVSE: what flows, what the battery holds, when something changes next. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum

from voltroam.roaming.host import Reading
from voltroam.simulator.world.cars import VOLTS, Car, Limit, Plug, phases_used, power
from voltroam.simulator.world.limits import NO_STEPS, Steps, tighter
from voltroam.simulator.world.spots import Spot
from voltroam.standard.v2_2_1 import Token

STORED = {True: 0.95, False: 0.90}
"""Share of the energy that reaches the battery, on DC and on AC."""
PACE = {True: timedelta(minutes=1), False: timedelta(minutes=5)}
"""How long power is taken as steady, on DC and on AC."""
HOUR = 3600.0
FULL = 0.9999


class Stage(Enum):
    """How far a charge has come."""

    ASKED = "asked"
    AWAITED = "awaited"
    RUNNING = "running"
    OVER = "over"


@dataclass(slots=True)
class Charge:
    """`soc` and `goal` are shares of the battery; `drawn` is Wh at the meter since the begin."""

    id: str
    spot: Spot
    plug: Plug
    token: Token
    car: Car
    soc: float
    goal: float
    leaves: datetime
    overstays: bool = False
    """It stays when it is full, on DC too."""
    share: float = 1.0
    """Of its power that the charger can give."""
    stage: Stage = Stage.ASKED
    order: str | None = None
    reference: str | None = None
    began: datetime | None = None
    seen: datetime = field(default_factory=lambda: datetime.min)
    next_read: datetime = field(default_factory=lambda: datetime.max)
    drawn: float = 0.0
    watts: float = 0.0
    state: str = "CHARGING"
    profile: Steps = NO_STEPS
    wish: Steps = NO_STEPS
    turn: int = 0
    """Moves whenever something changed, so that what was planned before it is dropped."""

    @property
    def runs(self) -> bool:
        return self.stage is Stage.RUNNING

    def limit(self, moment: datetime) -> Limit:
        return tighter(self.profile.at(moment), self.wish.at(moment))

    def begin(self, at: datetime) -> None:
        self.stage, self.began, self.seen = Stage.RUNNING, at, at
        self.set_power()

    def advance(self, to: datetime) -> None:
        """Let what flows flow until a moment, then look what flows from there."""
        seconds = (to - self.seen).total_seconds()
        if seconds > 0:
            energy = self.watts * seconds / HOUR
            whole = int(self.drawn)
            self.drawn += energy
            self.spot.meter.wh += int(self.drawn) - whole
            stored = energy * STORED[self.plug.is_dc] / self.car.battery
            self.soc = min(self.soc + stored, 1.0)
            self.seen = to
        self.set_power()

    def set_power(self) -> None:
        if self.soc >= self.goal * FULL:
            self.watts = 0.0
        else:
            limit = self.limit(self.seen)
            self.watts = power(self.car, self.plug, self.soc, limit) * self.share
        self.state = "CHARGING" if self.watts else "PARKING"

    def next_change(self) -> datetime:
        """When to look again: the power drifts, a limit changes, the meter is due, it is full."""
        moments = [self.leaves, self.next_read]
        for steps in (self.profile, self.wish):
            later = steps.after(self.seen)
            if later is not None:
                moments.append(later)
        if self.watts:
            moments.append(self.seen + PACE[self.plug.is_dc])
            room = (self.goal - self.soc) * self.car.battery / STORED[self.plug.is_dc]
            moments.append(self.seen + timedelta(seconds=max(room / self.watts * HOUR, 1.0)))
        return max(min(moments), self.seen)

    def reading(self, *, sign: str | None = None) -> Reading:
        """The meter at `seen`; `sign` is OCMF's reason, B or E."""
        meter = self.spot.meter
        return Reading(
            at=self.seen,
            kwh=meter.kwh,
            power=(Decimal(round(self.watts)) / 1000),
            state=self.state,
            phases=self._amperes(),
            state_of_charge=Decimal(round(self.soc * 100)) if self.plug.is_dc else None,
            signed=None if sign is None else meter.sign(sign, self.seen, self.id),
        )

    def _amperes(self) -> tuple[Decimal, ...]:
        if self.plug.is_dc:
            return ()
        used = phases_used(self.car, self.plug)
        each = Decimal(round(self.watts / (VOLTS * used) * 10)) / 10
        return tuple(each if phase < used else Decimal(0) for phase in range(self.plug.phases))
