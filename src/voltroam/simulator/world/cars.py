"""Cars: how large the battery is, over how many phases it charges, and how DC power tapers.

Power is W, energy Wh, current A, states of charge shares from 0 to 1. Pure.
"""

from dataclasses import dataclass

VOLTS = 230
"""Of one phase, phase to neutral."""
LEAST_AMPERES = 6.0
"""Below it a car does not charge on AC (IEC 61851)."""
AC_TAPER = 0.97
"""From this state of charge on a car takes less and less on AC."""
LAST = 0.12
"""Share of the power that is left just before a battery is full."""

Curve = tuple[tuple[float, float], ...]
"""State of charge and share of the best DC power, in order; between two points a straight line."""

FLAT: Curve = ((0.0, 0.75), (0.08, 1.0), (0.55, 0.92), (0.80, 0.42), (1.0, LAST))
STEEP: Curve = ((0.0, 0.6), (0.05, 1.0), (0.30, 0.95), (0.50, 0.62), (0.80, 0.34), (1.0, LAST))


@dataclass(frozen=True, slots=True)
class Car:
    """One model. `phases` and `amperes` are those of its AC charger; no `dc_watts`: AC only."""

    name: str
    battery: float
    phases: int
    amperes: float
    dc_watts: float = 0.0
    dc_volts: float = 400.0
    curve: Curve = FLAT


FLEET = (
    (Car("small", 39_000, 1, 32, 46_000, 350, STEEP), 14),
    (Car("compact", 58_000, 3, 16, 120_000, 400), 26),
    (Car("family", 77_000, 3, 16, 170_000, 400, STEEP), 28),
    (Car("swift", 77_400, 3, 16, 233_000, 700), 12),
    (Car("large", 95_000, 3, 32, 150_000, 400), 8),
    (Car("hybrid", 12_600, 1, 16), 12),
)
"""Models with their share among arriving cars, in parts of 100."""


@dataclass(frozen=True, slots=True)
class Plug:
    """A connector as a car meets it: `phases` is 0 for DC."""

    id: str
    phases: int
    volts: float
    amperes: float
    watts: float

    @property
    def is_dc(self) -> bool:
        return self.phases == 0


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that may flow: watts in total, or amperes per phase; None: no limit of that kind."""

    watts: float | None = None
    amperes: float | None = None


FREE = Limit()


def phases_used(car: Car, plug: Plug) -> int:
    return min(car.phases, plug.phases)


def power(car: Car, plug: Plug, soc: float, limit: Limit = FREE) -> float:
    """What flows at this state of charge, W."""
    if soc >= 1:
        return 0.0
    return _dc(car, plug, soc, limit) if plug.is_dc else _ac(car, plug, soc, limit)


def _ac(car: Car, plug: Plug, soc: float, limit: Limit) -> float:
    """A car takes the phases that both sides have, and nothing below 6 A."""
    phases = phases_used(car, plug)
    amperes = min(car.amperes, plug.amperes, plug.watts / (VOLTS * plug.phases))
    if limit.watts is not None:
        amperes = min(amperes, limit.watts / (VOLTS * phases))
    if limit.amperes is not None:
        amperes = min(amperes, limit.amperes)
    if amperes < LEAST_AMPERES:
        return 0.0
    return VOLTS * phases * amperes * _ac_share(soc)


def _ac_share(soc: float) -> float:
    if soc < AC_TAPER:
        return 1.0
    return LAST + (1 - LAST) * (1 - soc) / (1 - AC_TAPER)


def _dc(car: Car, plug: Plug, soc: float, limit: Limit) -> float:
    volts = min(car.dc_volts, plug.volts)
    most = min(car.dc_watts * _between(car.curve, soc), plug.watts, plug.amperes * volts)
    if limit.watts is not None:
        most = min(most, limit.watts)
    if limit.amperes is not None:
        most = min(most, limit.amperes * volts)
    return max(most, 0.0)


def _between(curve: Curve, soc: float) -> float:
    before, low = curve[0]
    for at, high in curve[1:]:
        if soc <= at:
            return low + (high - low) * (soc - before) / (at - before)
        before, low = at, high
    return low
