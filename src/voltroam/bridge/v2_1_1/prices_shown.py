"""Which of a connector's tariffs a 2.1.1 partner is told: it can hold one."""

from datetime import datetime
from typing import Any

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import listed, moment, renamed, text
from voltroam.bridge.terms import Document

REGULAR = "REGULAR"
_ONE = {"tariff_ids": "tariff_id"}


def tariff_shown(connector: Document, at: str, crossing: Crossing) -> Document:
    """The one tariff for all sessions, or none (OCPI 2.1.1 §mod_locations, Connector)."""
    if "tariff_ids" not in connector:
        return connector
    ids = [one for one in listed(connector, "tariff_ids") if isinstance(one, str)]
    found = [one for one in ids if _for_all(one, crossing, alone=len(ids) == 1)]
    where = f"{at}/tariff_ids"
    if len(found) != 1:
        crossing.note("tariffs-left-out" if ids else "no-tariffs", where)
        return {name: value for name, value in connector.items() if name != "tariff_ids"}
    crossing.note("tariff-chosen" if len(ids) > 1 else "tariff-id-out-of-list", where)
    lowered = renamed(connector, _ONE)
    lowered["tariff_id"] = found[0]
    return lowered


def _for_all(tariff_id: str, crossing: Crossing, *, alone: bool) -> bool:
    """Whether it is in force for every session; a tariff that we do not hold is, if it is alone."""
    tariff = crossing.terms.tariff_of(tariff_id)
    if tariff is None:
        return alone
    return tariff.get("type") in (None, REGULAR) and in_force(tariff, crossing.terms.now)


def in_force(tariff: Any, now: datetime | None) -> bool:
    """Whether a tariff holds now; one with a start or end does not where `now` is not known."""
    start, end = text(tariff, "start_date_time"), text(tariff, "end_date_time")
    if start is None and end is None:
        return True
    if now is None:
        return False
    try:
        return (start is None or moment(start) <= now) and (end is None or now < moment(end))
    except ValueError:
        return False


def next_turn(tariff: Any, now: datetime) -> datetime | None:
    """When a tariff begins or ends next; None if neither is to come."""
    found = []
    for name in ("start_date_time", "end_date_time"):
        written = text(tariff, name)
        if written is None:
            continue
        try:
            found.append(moment(written))
        except ValueError:
            continue
    return min((one for one in found if one > now), default=None)
