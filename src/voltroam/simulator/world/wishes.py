"""A driver's preferences as limits over time (OCPI 2.2.1 §mod_sessions, ChargingPreferences)."""

from datetime import datetime

from voltroam.simulator.world.cars import LEAST_AMPERES, VOLTS, Limit
from voltroam.simulator.world.charge import STORED, Charge
from voltroam.simulator.world.limits import NO_STEPS, Steps
from voltroam.standard.v2_2_1 import (
    Capability,
    ChargingPreferences,
    ChargingPreferencesResponse,
    ProfileType,
)

PATIENT = (ProfileType.CHEAP, ProfileType.GREEN)


def judged(charge: Charge, wanted: ChargingPreferences) -> ChargingPreferencesResponse:
    """What the charger says. Who is in no hurry must say when and how much, and not stand at DC."""
    if Capability.CHARGING_PREFERENCES_CAPABLE not in charge.spot.capabilities:
        return ChargingPreferencesResponse.NOT_POSSIBLE
    if wanted.profile_type not in PATIENT:
        return ChargingPreferencesResponse.ACCEPTED
    if charge.plug.is_dc:
        return ChargingPreferencesResponse.PROFILE_TYPE_NOT_SUPPORTED
    if wanted.departure_time is None:
        return ChargingPreferencesResponse.DEPARTURE_REQUIRED
    if wanted.energy_need is None:
        return ChargingPreferencesResponse.ENERGY_NEED_REQUIRED
    return ChargingPreferencesResponse.ACCEPTED


def steps_for(
    charge: Charge, wanted: ChargingPreferences, now: datetime, departure: datetime
) -> Steps:
    """The energy spread evenly until departure; nobody who is in a hurry is held back.

    `departure` is the wanted one in the world's time. The power is never so low that a car stops.
    """
    if wanted.profile_type not in PATIENT or wanted.energy_need is None:
        return NO_STEPS
    seconds = (departure - now).total_seconds()
    if seconds <= 0:
        return NO_STEPS
    needed = float(wanted.energy_need) * 1000 / STORED[charge.plug.is_dc]
    phases = max(min(charge.car.phases, charge.plug.phases), 1)
    least = VOLTS * phases * LEAST_AMPERES
    return Steps(((now, Limit(watts=max(needed / seconds * 3600, least))),))
