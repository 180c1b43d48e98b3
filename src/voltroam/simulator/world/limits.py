"""Charging profiles as limits over time (OCPI 2.2.1 §mod_charging_profiles). Pure.

Times of a profile are real; the world lives by its own clock, so each step is translated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from voltroam.simulator.world.cars import FREE, Limit
from voltroam.standard.v2_2_1 import ChargingProfile, ChargingProfilePeriod, ChargingRateUnit


@dataclass(frozen=True, slots=True)
class Steps:
    """Limits, each from its moment on, in order. Before the first there is none."""

    steps: tuple[tuple[datetime, Limit], ...] = ()

    def at(self, moment: datetime) -> Limit:
        found = FREE
        for since, limit in self.steps:
            if since > moment:
                break
            found = limit
        return found

    def after(self, moment: datetime) -> datetime | None:
        """When the next step begins."""
        return next((since for since, _ in self.steps if since > moment), None)


NO_STEPS = Steps()


def tighter(one: Limit, other: Limit) -> Limit:
    return Limit(_least(one.watts, other.watts), _least(one.amperes, other.amperes))


def _least(one: float | None, other: float | None) -> float | None:
    given = [value for value in (one, other) if value is not None]
    return min(given) if given else None


def steps_of(
    profile: ChargingProfile, began: datetime, moment: Callable[[datetime], datetime]
) -> Steps:
    """The profile's limits; `began` is the real start of charging, `moment` the world's time.

    After `duration` the charge is free again.
    """
    start = profile.start_date_time or began
    found = [
        (moment(start + timedelta(seconds=period.start_period)), _limit(profile, period))
        for period in sorted(
            profile.charging_profile_period or (), key=lambda period: period.start_period
        )
        if profile.duration is None or period.start_period < profile.duration
    ]
    if found and profile.duration is not None:
        found.append((moment(start + timedelta(seconds=profile.duration)), FREE))
    return Steps(tuple(found))


def _limit(profile: ChargingProfile, period: ChargingProfilePeriod) -> Limit:
    most = max(float(period.limit), 0.0)
    if profile.charging_rate_unit is ChargingRateUnit.W:
        return Limit(watts=most)
    return Limit(amperes=most)


def boundaries(parts: tuple[Steps, ...], since: datetime, until: datetime) -> list[datetime]:
    """Where a limit may change within a time, its begin included."""
    inside = {at for steps in parts for at, _ in steps.steps if since < at < until}
    return [since, *sorted(inside)]
