"""The ActiveChargingProfile of a charge: what it may draw from now on, as its EVSE sees it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from voltroam.simulator.world.cars import VOLTS, Limit
from voltroam.simulator.world.charge import Charge
from voltroam.simulator.world.limits import boundaries, tighter
from voltroam.standard.v2_2_1 import (
    ActiveChargingProfile,
    ChargingProfile,
    ChargingProfilePeriod,
    ChargingRateUnit,
)

TENTH = Decimal("0.1")
MOST_PERIODS = 100


def active_profile(
    charge: Charge,
    *,
    now: datetime,
    seconds: int,
    unit: ChargingRateUnit,
    world: Callable[[datetime], datetime],
    real: Callable[[datetime], datetime],
) -> ActiveChargingProfile:
    """For the next seconds from `now` (real): without a limit what the connector can give."""
    since, until = world(now), world(now + timedelta(seconds=seconds))
    periods: list[ChargingProfilePeriod] = []
    for at in boundaries((charge.profile, charge.wish), since, until)[:MOST_PERIODS]:
        start = max(round((real(at) - now).total_seconds()), 0)
        limit = _value(charge, tighter(charge.profile.at(at), charge.wish.at(at)), unit)
        if periods and periods[-1].limit == limit:
            continue
        periods.append(ChargingProfilePeriod(start_period=start, limit=limit))
    return ActiveChargingProfile(
        start_date_time=now.replace(microsecond=0),
        charging_profile=ChargingProfile(
            charging_rate_unit=unit, duration=seconds, charging_profile_period=periods
        ),
    )


def _value(charge: Charge, limit: Limit, unit: ChargingRateUnit) -> Decimal:
    """W in total, or A per phase."""
    plug = charge.plug
    per_ampere = plug.volts if plug.is_dc else VOLTS * plug.phases
    watts = [plug.watts]
    if limit.watts is not None:
        watts.append(limit.watts)
    if limit.amperes is not None:
        watts.append(limit.amperes * per_ampere)
    best = min(watts)
    value = best if unit is ChargingRateUnit.W else best / per_ampere
    return Decimal(str(value)).quantize(TENTH)
