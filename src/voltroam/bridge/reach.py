"""To which versions an object may be shown at all: decided when it is written, by the same rules.

Only what stands in the object itself counts; what depends on tables or look-ups is decided when it
is converted.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from itertools import combinations
from typing import Any, NamedTuple

from voltroam.bridge.convert import NEW_IN_2_3_0, UP_TO_2_2_1, convert
from voltroam.bridge.terms import Relaxation, Terms
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

RULES = 2
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
_ABOVE_HOME: Mapping[str, Mapping[str, tuple[Relaxation, ...]]] = {
    "Tariff": {"r": (Relaxation.ROUNDED_NET_PRICES,)},
    "CDR": {
        "j": (Relaxation.J3400_AS_TESLA_S, Relaxation.UNKNOWN_WORDS),
        "u": (Relaxation.UNKNOWN_WORDS,),
    },
    "Token": {"u": (Relaxation.UNKNOWN_WORDS,)},
}
"""The same for 2.2.1 and what is kept in 2.3.0: one of these is enough, the first that does it."""
_FROM_2_3_0: Mapping[str, frozenset[Relaxation]] = {
    "Location": frozenset(
        {
            Relaxation.J3400_AS_TESLA_S,
            Relaxation.PARKING_RESTRICTIONS_DROPPED,
            Relaxation.UNKNOWN_FIELDS,
            Relaxation.UNKNOWN_WORDS,
        }
    ),
    "Tariff": frozenset({Relaxation.ROUNDED_NET_PRICES}),
    "CDR": frozenset(
        {
            Relaxation.J3400_AS_TESLA_S,
            Relaxation.ROUNDED_NET_PRICES,
            Relaxation.UNKNOWN_WORDS,
        }
    ),
}
OPENED = "!"
"""Stands before the letters of what opens a version below."""


class Reach(NamedTuple):
    """How far down an object may be shown."""

    lowest: Version
    needs: str = ""
    """Letters of what a profile must allow to be shown it in the version below too; empty: no
    profile may allow it."""
    further: str | None = None
    """The same of one version further down, beside `needs`; None: no profile may allow it."""

    @property
    def opens(self) -> str:
        """Both in one word: `!ls`, `!r!s`; empty where no profile opens anything."""
        if not self.needs:
            return ""
        return f"{OPENED}{self.needs}" + ("" if self.further is None else OPENED + self.further)


def reach(kind: str, document: Mapping[str, Any], *, now: datetime | None = None) -> Reach:
    """The lowest version to which an object may be shown, and what opens those below."""
    found = lowest(kind, document, now=now)
    if found is V2_3_0:
        return _above_home(kind, document, now)
    letters = _LETTERS.get(kind)
    if found is not V2_2_1 or letters is None:
        return Reach(found)
    if not _allowed(kind, document, letters, now):
        return Reach(found)
    needed = [
        name for name in letters if not _allowed(kind, document, letters.keys() - {name}, now)
    ]
    return Reach(found, "".join(sorted(letters[name] for name in needed)))


def _above_home(kind: str, document: Mapping[str, Any], now: datetime | None) -> Reach:
    """What is kept in 2.3.0, for a profile that takes it in 2.2.1 although that is unsafe."""
    for letter, ways in _ABOVE_HOME.get(kind, {}).items():
        terms = Terms(relaxations=frozenset(ways[:1]))
        lowered = convert(kind, dict(document), source=V2_3_0, target=V2_2_1, terms=terms).value
        if lowered is None:
            continue
        kept = kind == "Token"  # its type, which is part of its name, is no matter in 2.1.1
        below = Reach(V2_1_1) if kept else reach(kind, lowered, now=now)
        if below.lowest is V2_1_1:
            return Reach(V2_3_0, letter, "")
        return Reach(V2_3_0, letter, below.needs or None)
    return Reach(V2_3_0)


def allowed_by(kind: str, relaxations: Collection[str], *, postal_code: bool) -> str:
    """The letters of what a profile allows for objects of a kind."""
    given = {*relaxations, FILLER} if postal_code else relaxations
    return "".join(sorted(ours for name, ours in _LETTERS.get(kind, {}).items() if name in given))


def opened(
    kind: str, lowest: Version, version: Version, relaxations: Collection[str], *, postal_code: bool
) -> tuple[str, ...]:
    """What `Reach.opens` may be of objects with that lowest version that are shown in `version`.

    Above it nothing has to be allowed: then all that any profile may open.
    """
    free = version.rank >= lowest.rank
    low = _LETTERS.get(kind, {})
    if lowest is V2_2_1:
        mine = allowed_by(kind, relaxations, postal_code=postal_code)
        known = _subsets(low.values() if free else mine)
        return tuple(f"{OPENED}{needs}" for needs in known if needs)
    if lowest is not V2_3_0:
        return ()
    first = [
        letter for letter, ways in _ABOVE_HOME.get(kind, {}).items()
        if free or not frozenset(ways).isdisjoint(relaxations)
    ]  # fmt: skip
    mine = allowed_by(kind, relaxations, postal_code=postal_code)
    last = version is V2_1_1
    down = [f"{OPENED}{needs}" for needs in _subsets(mine if last else low.values())]
    shown = down if last else ["", *down]
    return tuple(f"{OPENED}{letter}{more}" for letter in first for more in shown)


def _subsets(letters: Iterable[str]) -> list[str]:
    known = sorted(letters)
    return [
        "".join(chosen) for size in range(len(known) + 1) for chosen in combinations(known, size)
    ]


def matters_above_home(kind: str) -> frozenset[Relaxation]:
    """What a profile of 2.2.1 may allow so that what came in 2.3.0 is said otherwise."""
    return _FROM_2_3_0.get(kind, frozenset())


def is_above_home(kind: str, document: Mapping[str, Any]) -> bool:
    """Whether it is kept in 2.3.0, for 2.2.1 would say something else (decision 0006)."""
    return _needs_2_3_0(kind, document)


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
