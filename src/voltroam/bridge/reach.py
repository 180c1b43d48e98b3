"""To which versions an object may be shown at all: decided when it is written, by the same rules.

Only what stands in the object itself counts; what depends on tables or look-ups is decided when it
is converted.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import combinations
from typing import Any, NamedTuple

from voltroam.bridge.convert import NEW_IN_2_3_0, UP_TO_2_2_1
from voltroam.bridge.terms import Relaxation
from voltroam.bridge.v2_1_1 import locations, tariffs
from voltroam.bridge.v2_1_1.prices_shown import next_turn
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

RULES = 1
"""Another number whenever these rules change: then what is stored is judged anew."""
FILLER = "p"
"""A partner's profile has a filler for the postal code."""
_LETTERS: Mapping[str, Mapping[str, str]] = {
    "Location": {FILLER: FILLER},
    "Tariff": {
        Relaxation.PRICE_LIMITS_DROPPED: "l",
        Relaxation.TARIFF_SCHEDULE_DROPPED: "s",
        Relaxation.TARIFF_TYPES_DROPPED: "t",
    },
}
"""What a profile may allow so that 2.1.1 sees an object that it else would not."""


class Reach(NamedTuple):
    """How far down an object may be shown."""

    lowest: Version
    needs: str = ""
    """Letters of what a profile must allow to be shown it in the version below too; empty: no
    profile may allow it."""


def reach(kind: str, document: Mapping[str, Any], *, now: datetime | None = None) -> Reach:
    """The lowest version to which an object may be shown, and what opens the one below."""
    found = lowest(kind, document, now=now)
    letters = _LETTERS.get(kind)
    if found is not V2_2_1 or letters is None:
        return Reach(found)
    if not _allowed(kind, document, letters, now):
        return Reach(found)
    needed = [
        name for name in letters if not _allowed(kind, document, letters.keys() - {name}, now)
    ]
    return Reach(found, "".join(sorted(letters[name] for name in needed)))


def allowed_by(kind: str, relaxations: Collection[str], *, postal_code: bool) -> str:
    """The letters of what a profile allows for objects of a kind."""
    given = {*relaxations, FILLER} if postal_code else relaxations
    return "".join(sorted(ours for name, ours in _LETTERS.get(kind, {}).items() if name in given))


def needs_of(kind: str, lowest: Version, allowed: str | None = None) -> tuple[str, ...]:
    """All that objects with that lowest version may need; of what is `allowed`, if that is told."""
    letters = _LETTERS.get(kind) if lowest is V2_2_1 else None
    known = sorted((letters or {}).values() if allowed is None else allowed)
    return tuple(
        "".join(chosen) for size in range(1, len(known) + 1) for chosen in combinations(known, size)
    )


def opens_below(lowest: Version) -> Version | None:
    """The version that a profile may open to what is else shown from `lowest` on."""
    return V2_1_1 if lowest is V2_2_1 else None


def turn(kind: str, document: Mapping[str, Any], now: datetime) -> datetime | None:
    """When its reach changes next by itself: a tariff's start or end, if one is to come."""
    return next_turn(document, now) if kind == "Tariff" else None


def _allowed(
    kind: str, document: Mapping[str, Any], allowed: Collection[str], now: datetime | None
) -> bool:
    filler = FILLER in allowed
    given = frozenset(allowed)
    return relaxed(kind, document, given, postal_code=filler, now=now) is V2_1_1


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
