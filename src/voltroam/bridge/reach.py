"""To which versions an object may be shown at all: decided when it is written, by the same rules.

Only what stands in the object itself counts; what depends on tables or look-ups is decided when it
is converted.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from voltroam.bridge.convert import NEW_IN_2_3_0, UP_TO_2_2_1
from voltroam.bridge.v2_1_1 import locations, tariffs
from voltroam.bridge.v2_3_0.words import TOKEN_TYPES
from voltroam.standard.versions import V2_1_1, V2_2_1, V2_3_0, Version

_NOTHING: frozenset[str] = frozenset()
_ONLY_SINCE_2_2_1 = frozenset(
    {
        "CancelReservation",
        "ClientInfo",
        "ChargingPreferences",
        "ChargingPreferencesResponse",
        "SetChargingProfile",
        "ChargingProfileResponse",
        "ActiveChargingProfile",
        "ActiveChargingProfileResult",
        "ChargingProfileResult",
        "ClearProfileResult",
    }
)


def lowest(kind: str, document: Mapping[str, Any], *, now: datetime | None = None) -> Version:
    """The lowest version to which an object of the house may be shown under the default policy.

    `document` is as the house keeps it (HOME, or 2.3.0 members where 2.2.1 cannot say it). A tariff
    with a start or an end can be shown to 2.1.1 while it is in force: only where `now` is told.
    """
    return relaxed(kind, document, _NOTHING, now=now)


def relaxed(
    kind: str,
    document: Mapping[str, Any],
    relaxations: frozenset[str],
    *,
    postal_code: bool = False,
    now: datetime | None = None,
) -> Version:
    """The same for a partner whose profile allows more; `postal_code`: it has a filler for one."""
    if kind in NEW_IN_2_3_0 or _needs_2_3_0(kind, document):
        return V2_3_0
    if kind in _ONLY_SINCE_2_2_1 or kind not in UP_TO_2_2_1:
        return V2_2_1
    return V2_2_1 if _hidden_from_2_1_1(kind, document, relaxations, postal_code, now) else V2_1_1


def _needs_2_3_0(kind: str, document: Mapping[str, Any]) -> bool:
    """Whether it has members of 2.3.0 still, for 2.2.1 would say something else (decision 0006)."""
    if kind == "Tariff":
        return "tax_included" in document
    if kind == "Token":
        return document.get("type") not in TOKEN_TYPES
    if kind in ("CDR", "Session"):
        cost = document.get("total_cost")
        return isinstance(cost, dict) and "before_taxes" in cost
    return False


def _hidden_from_2_1_1(
    kind: str,
    document: Mapping[str, Any],
    relaxations: frozenset[str],
    postal_code: bool,
    now: datetime | None,
) -> bool:
    if kind == "Location":
        return locations.why_not_shown(document, postal_code=postal_code) is not None
    if kind == "Tariff":
        return tariffs.why_not_shown(document, relaxations, now) is not None
    return kind == "CDR" and document.get("credit") is True
