"""When drivers come, with which car, and how long they stay. Pure: dice in, facts out."""

import random
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from voltroam.simulator.world.cars import FLEET, Car

AC_HOURS = (3, 2, 1, 1, 1, 2, 5, 12, 15, 11, 8, 7, 8, 8, 8, 9, 13, 19, 20, 16, 12, 9, 7, 5)
DC_HOURS = (2, 1, 1, 1, 2, 4, 8, 11, 12, 13, 14, 15, 16, 16, 15, 15, 17, 18, 15, 11, 8, 6, 4, 3)
"""Arrivals by hour of the local day, in parts of the day's sum."""
PEAK = 2.5
"""The busiest hour of any kind, against the mean."""


def busyness(dc: bool, local: datetime) -> float:
    """Arrivals in this hour against the day's mean."""
    hours = DC_HOURS if dc else AC_HOURS
    return hours[local.hour] * len(hours) / sum(hours)


@cache
def zone(name: str) -> ZoneInfo:
    """UTC where the name says nothing: the hour of a day is no reason to fail."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def car_for(dice: random.Random, *, dc: bool) -> Car:
    fleet = [(car, share) for car, share in FLEET if car.dc_watts or not dc]
    return dice.choices([car for car, _ in fleet], weights=[share for _, share in fleet])[0]


def charge_level(dice: random.Random, *, dc: bool) -> tuple[float, float]:
    """State of charge on arrival, and at which the car stops by itself."""
    if dc:
        return dice.triangular(0.05, 0.60, 0.18), dice.choice((0.75, 0.80, 0.80, 0.85, 0.95))
    return dice.triangular(0.10, 0.90, 0.45), dice.choice((0.80, 1.0, 1.0, 1.0))


def stay(dice: random.Random, local: datetime, *, dc: bool) -> timedelta:
    """How long the car stands there at most."""
    if dc:
        return timedelta(minutes=dice.uniform(12, 65))
    if local.hour >= 17 and dice.random() < 0.6:
        return timedelta(hours=dice.uniform(9, 14))
    if 7 <= local.hour < 10 and dice.random() < 0.5:
        return timedelta(hours=dice.uniform(6, 9.5))
    return timedelta(minutes=dice.triangular(20, 300, 90))
