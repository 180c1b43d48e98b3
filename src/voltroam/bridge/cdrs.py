"""CDRs as typed objects, brought up from 2.2.1 by the same steps."""

from voltroam.bridge.notes import Bridged, Note
from voltroam.bridge.prices import price_up
from voltroam.bridge.recast import members_of
from voltroam.bridge.retype import all_retyped, retyped
from voltroam.bridge.tariffs import tariff_up
from voltroam.bridge.v2_3_0.money import AMOUNTS
from voltroam.standard import v2_2_1 as old
from voltroam.standard import v2_3_0 as new


def cdr_up(cdr: old.CDR, pointer: str = "") -> Bridged[new.CDR]:
    """Amounts and embedded tariffs change shape, all else stays (OCPI 2.3.0 §mod_cdrs, CDR)."""
    members = members_of(cdr)
    members |= {
        "cdr_token": retyped(cdr.cdr_token, new.CdrToken),
        "cdr_location": retyped(cdr.cdr_location, new.CdrLocation),
        "charging_periods": all_retyped(cdr.charging_periods, new.ChargingPeriod),
    }
    notes: list[Note] = []
    for name in AMOUNTS:
        price: old.Price | None = getattr(cdr, name)
        if price is not None:
            members[name], told = price_up(price, f"{pointer}/{name}")
            notes += told
    if cdr.tariffs is not None:
        steps = [
            tariff_up(tariff, f"{pointer}/tariffs/{index}")
            for index, tariff in enumerate(cdr.tariffs)
        ]
        members["tariffs"] = [step.value for step in steps]
        notes += [note for step in steps for note in step.notes]
    return Bridged(new.CDR(**members), tuple(notes))
