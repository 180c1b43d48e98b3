"""What an eMSP's own tokens say: pure.

Opening hours and EVSE status are no reasons, nor is a location that we do not know: what we have on
file may be old, and private chargers are on no file (OCPI 2.2.1 §mod_tokens, real-time
authorization).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from voltroam.roaming.authorizing.limits import Place, TokenLimits
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import AllowedType, LocationReferences, Token


class Judgement(NamedTuple):
    """`evse_uids` None: all that was asked for."""

    allowed: AllowedType
    evse_uids: tuple[str, ...] | None = None


_ALLOWED = Judgement(AllowedType.ALLOWED)
_NOT_ALLOWED = Judgement(AllowedType.NOT_ALLOWED)


def judge(
    token: Token,
    limits: TokenLimits,
    location: LocationReferences | None,
    operators: Iterable[PartyId],
) -> Judgement | None:
    """May this token charge there? None: it cannot be told without a location.

    `operators`: the parties that may be asking. A mark says more than `valid`, so it comes first.
    """
    if limits.mark is not None:
        return Judgement(limits.mark.allowed)
    if not token.valid:
        return Judgement(AllowedType.BLOCKED)
    if limits.places is None:
        return _ALLOWED
    if location is None:
        return None
    return _at(limits.places, location, frozenset(party.folded for party in operators))


def narrowed(asked: Sequence[str] | None, permitted: Sequence[str]) -> tuple[str, ...]:
    """The EVSEs that were asked for and are permitted, spelled and ordered as asked."""
    if not asked:
        return tuple(permitted)
    folded = {fold(uid) for uid in permitted}
    return tuple(uid for uid in asked if fold(uid) in folded)


def _at(
    places: Iterable[Place], location: LocationReferences, operators: frozenset[str]
) -> Judgement:
    wanted = fold(location.location_id)
    here = [
        place
        for place in places
        if fold(place.location_id) == wanted
        and (place.operator is None or place.operator.upper() in operators)
    ]
    if not here:
        return _NOT_ALLOWED
    if any(place.evse_uids is None for place in here):
        return _ALLOWED
    permitted = [uid for place in here for uid in place.evse_uids or ()]
    evse_uids = narrowed(location.evse_uids, list(dict.fromkeys(permitted)))
    return Judgement(AllowedType.ALLOWED, evse_uids) if evse_uids else _NOT_ALLOWED
