"""Sessions as typed objects, brought up from 2.2.1 by the same steps."""

from voltroam.bridge.notes import Bridged, Note
from voltroam.bridge.prices import price_up
from voltroam.bridge.recast import members_of
from voltroam.bridge.retype import all_retyped, retyped
from voltroam.standard import v2_2_1 as old
from voltroam.standard import v2_3_0 as new


def session_up(session: old.Session, pointer: str = "") -> Bridged[new.Session]:
    """Only the amount of money changes shape (OCPI 2.3.0 §mod_sessions, Session)."""
    members = members_of(session)
    members["cdr_token"] = retyped(session.cdr_token, new.CdrToken)
    if session.charging_periods is not None:
        members["charging_periods"] = all_retyped(session.charging_periods, new.ChargingPeriod)
    notes: tuple[Note, ...] = ()
    if session.total_cost is not None:
        members["total_cost"], notes = price_up(session.total_cost, f"{pointer}/total_cost")
    return Bridged(new.Session(**members), notes)
