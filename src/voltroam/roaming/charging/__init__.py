"""Charging at our own chargers: from the host's reports to Session and CDR."""

from voltroam.roaming.charging.charge import Charge
from voltroam.roaming.charging.charging import Charging
from voltroam.roaming.charging.correcting import Corrected, Correction
from voltroam.roaming.charging.knobs import ChargingKnobs
from voltroam.roaming.charging.problem import ChargingProblem, UnknownSession
from voltroam.roaming.charging.watch import Overdue
from voltroam.roaming.charging.writing import Progress

__all__ = [
    "Charge",
    "Charging",
    "ChargingKnobs",
    "ChargingProblem",
    "Corrected",
    "Correction",
    "Overdue",
    "Progress",
    "UnknownSession",
]
