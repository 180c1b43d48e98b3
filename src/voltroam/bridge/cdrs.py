"""CDRs between 2.2.1 and 2.3.0."""

from typing import Any

import msgspec

from voltroam.bridge.notes import Bridged, Note
from voltroam.bridge.prices import price_up
from voltroam.bridge.retype import all_retyped, retyped
from voltroam.bridge.tariffs import tariff_up
from voltroam.standard import v2_2_1 as old
from voltroam.standard import v2_3_0 as new

AMOUNTS = (
    "total_cost",
    "total_fixed_cost",
    "total_energy_cost",
    "total_time_cost",
    "total_parking_cost",
    "total_reservation_cost",
)
"""The members of a CDR that are amounts of money."""


def cdr_up(cdr: old.CDR, pointer: str = "") -> Bridged[new.CDR]:
    """Amounts and embedded tariffs change shape, all else stays (OCPI 2.3.0 §mod_cdrs, CDR)."""
    members: dict[str, Any] = {
        field.name: getattr(cdr, field.name) for field in msgspec.structs.fields(old.CDR)
    }
    members |= {
        "cdr_token": retyped(cdr.cdr_token, new.CdrToken),
        "cdr_location": retyped(cdr.cdr_location, new.CdrLocation),
        "charging_periods": all_retyped(cdr.charging_periods, new.ChargingPeriod),
    }
    notes: list[Note] = []
    for name in AMOUNTS:
        if members[name] is not None:
            members[name], told = price_up(members[name], f"{pointer}/{name}")
            notes += told
    if cdr.tariffs is not None:
        steps = [
            tariff_up(tariff, f"{pointer}/tariffs/{index}")
            for index, tariff in enumerate(cdr.tariffs)
        ]
        members["tariffs"] = [step.value for step in steps]
        notes += [note for step in steps for note in step.notes]
    return Bridged(new.CDR(**members), tuple(notes))
