"""What goes wrong at chargers, and how often."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """What meets a driver or an order at a charger."""

    NONE = "NONE"
    OFFLINE = "OFFLINE"
    """It does not answer: an order ends in TIMEOUT, its status is UNKNOWN."""
    REFUSED = "REFUSED"
    """It answers no."""
    NO_CABLE = "NO_CABLE"
    """The driver does not plug in: what was started comes to nothing."""
    SLOW = "SLOW"
    """It answers late and gives a third of its power."""
    INOPERATIVE = "INOPERATIVE"
    """It is out of order for a while."""
    OCCUPIED = "OCCUPIED"
    """Something stands there that the back end does not know of."""
    OVERSTAYED = "OVERSTAYED"
    """Who booked it stays beyond the slot and the time of a late stop."""


WEIGHTS = {
    Fault.NO_CABLE: 34,
    Fault.REFUSED: 20,
    Fault.SLOW: 18,
    Fault.OFFLINE: 14,
    Fault.INOPERATIVE: 14,
}
"""Among those that happen by themselves."""


@dataclass(frozen=True, slots=True)
class Luck:
    """`share` of arrivals and orders meets a fault; `forced` names the fault of an EVSE (in
    capitals) for good (`NONE`: it never has any)."""

    share: float = 0.0
    forced: Mapping[str, Fault] = field(default_factory=dict)

    def draw(self, dice: random.Random, evse: str) -> Fault:
        """Always as many throws, so that forcing one EVSE changes no other."""
        hit = dice.random() < self.share
        fault = dice.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))[0]
        return self.forced.get(evse.upper(), fault if hit else Fault.NONE)

    def overstays(self, evse: str, booking: str) -> bool:
        """Decided by the booking itself: no throw of dice more or less."""
        if evse.upper() in self.forced:
            return self.forced[evse.upper()] is Fault.OVERSTAYED
        return random.Random(booking).random() < self.share  # noqa: S311 - play, no secret

    def of(self, evse: str) -> Fault:
        """What an EVSE has for good."""
        return self.forced.get(evse.upper(), Fault.NONE)
