"""Charging profiles and preferences, both ways (OCPI 2.2.1 §mod_charging_profiles, §mod_sessions).

`Profiles` steers other operators' sessions, `Steering` lets partners steer ours, `Preferences`
does both for what drivers would like.
"""

from voltroam.roaming.grants import Grant, Grants
from voltroam.roaming.profiling.knobs import ProfileKnobs
from voltroam.roaming.profiling.orders import Action, OrderState, ProfileEntry
from voltroam.roaming.profiling.preferences import Preferences, Preferred
from voltroam.roaming.profiling.profiles import HeldProfile, Profiles
from voltroam.roaming.profiling.relay import Relay
from voltroam.roaming.profiling.sent import CallState, OnwardState, ProfileCall
from voltroam.roaming.profiling.steering import Steering

__all__ = [
    "Action",
    "CallState",
    "Grant",
    "Grants",
    "HeldProfile",
    "OnwardState",
    "OrderState",
    "Preferences",
    "Preferred",
    "ProfileCall",
    "ProfileEntry",
    "ProfileKnobs",
    "Profiles",
    "Relay",
    "Steering",
]
