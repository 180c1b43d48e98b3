"""Whom an eMSP may show a location: `publish=false` is not a filter (OCPI 2.2.1 §mod_locations)."""

from collections.abc import Iterable

from voltroam.standard.parties import fold
from voltroam.standard.v2_2_1 import Location, PublishTokenType, Status, Token


def may_show(location: Location, tokens: Iterable[Token] = ()) -> bool:
    """Whether a driver who holds these tokens may see the location; without tokens: the public.

    A published one is for all. An unpublished one is for holders of a token that equals every
    field set in one entry of `publish_allowed_to` (LOC-PUB-01, LOC-PUB-02). A location whose
    EVSEs are all REMOVED is over (LOC-FLOW-05). Seeing is no right to charge.
    """
    evses = location.evses or []
    if evses and all(evse.status is Status.REMOVED for evse in evses):
        return False
    if location.publish:
        return True
    allowed = location.publish_allowed_to or []
    return any(matches(entry, token) for token in tokens for entry in allowed)


def matches(entry: PublishTokenType, token: Token) -> bool:
    """Every field set in the entry is equal; an entry that sets none allows nobody."""
    pairs = (
        (_folded(entry.uid), _folded(token.uid)),
        (entry.type, token.type),
        (entry.visual_number, token.visual_number),
        (entry.issuer, token.issuer),
        (_folded(entry.group_id), _folded(token.group_id)),
    )
    wanted = [(ours, theirs) for ours, theirs in pairs if ours is not None]
    return bool(wanted) and all(ours == theirs for ours, theirs in wanted)


def _folded(identifier: str | None) -> str | None:
    return None if identifier is None else fold(identifier)
