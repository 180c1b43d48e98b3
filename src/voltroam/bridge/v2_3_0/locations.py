"""Locations, EVSEs and connectors between 2.2.1 and 2.3.0."""

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import each, listed, text, within
from voltroam.bridge.terms import Document, Relaxation
from voltroam.bridge.v2_3_0 import words
from voltroam.bridge.words import (
    known_images,
    known_impacts,
    known_logo,
    known_plug,
    known_words,
)

COMPANIES = ("operator", "suboperator", "owner")


def location_down(location: Document, at: str, crossing: Crossing) -> Document:
    """Parking, the help phone and new words stay behind (OCPI 2.2.1 §mod_locations, Location)."""
    lowered = dict(location)
    _new_members(lowered, at, crossing, "help_phone", "parking_places")
    parking = text(lowered, "parking_type")
    open_words = not crossing.relaxed(Relaxation.UNKNOWN_WORDS)
    if open_words and parking is not None and parking not in words.PARKING_TYPES:
        crossing.drop(lowered, "parking-type-unset", at, "parking_type")
    known_words(lowered, "facilities", at, crossing, words.FACILITIES)
    known_images(lowered, "images", at, crossing, words.IMAGE_CATEGORIES)
    for name in COMPANIES:
        within(
            lowered, name, at,
            lambda one, where: known_logo(one, where, crossing, words.IMAGE_CATEGORIES),
        )  # fmt: skip
    within(
        lowered, "energy_mix", at,
        lambda one, where: known_impacts(one, where, crossing, words.IMPACTS),
    )  # fmt: skip
    each(lowered, "publish_allowed_to", at, lambda one, where: _allowed(one, where, crossing))
    each(lowered, "evses", at, lambda one, where: evse_down(one, where, crossing))
    return lowered


def _allowed(token: Document, at: str, crossing: Crossing) -> Document | None:
    """A type of token that 2.2.1 lacks matches nobody there: widening it is no choice."""
    kind = text(token, "type")
    if kind is None or kind in words.TOKEN_TYPES or crossing.relaxed(Relaxation.UNKNOWN_WORDS):
        return token
    crossing.note("publish-token-dropped", at)
    return None


def evse_down(evse: Document, at: str, crossing: Crossing) -> Document | None:
    """None where the EVSE would look open to all, or has no plug that 2.2.1 knows."""
    lowered = dict(evse)
    _new_members(lowered, at, crossing, "parking", "accepted_service_providers")
    if not _restrictions(lowered, at, crossing):
        return None
    known_words(lowered, "capabilities", at, crossing, words.CAPABILITIES)
    known_images(lowered, "images", at, crossing, words.IMAGE_CATEGORIES)
    each(lowered, "connectors", at, lambda one, where: connector_down(one, where, crossing))
    if listed(evse, "connectors") and not lowered["connectors"]:
        crossing.note("evse-without-connector", at)
        return None
    return lowered


def _restrictions(evse: Document, at: str, crossing: Crossing) -> bool:
    """False where a restriction has no word and may not be dropped: the site would look public."""
    found = listed(evse, "parking_restrictions")
    if all(word in words.PARKING_RESTRICTIONS or not isinstance(word, str) for word in found):
        return True
    if crossing.relaxed(Relaxation.UNKNOWN_WORDS):
        return True
    if not crossing.relaxed(Relaxation.PARKING_RESTRICTIONS_DROPPED):
        crossing.note("evse-restricted", at)
        return False
    known_words(evse, "parking_restrictions", at, crossing, words.PARKING_RESTRICTIONS)
    return True


def connector_down(connector: Document, at: str, crossing: Crossing) -> Document | None:
    """None where 2.2.1 has no word for the plug (OCPI 2.2.1 §mod_locations, ConnectorType)."""
    known = known_plug(connector, "standard", at, crossing, words.CONNECTOR_TYPES)
    if known is None:
        return None
    lowered = dict(known)
    _new_members(lowered, at, crossing, "capabilities")
    return lowered


def _new_members(document: Document, at: str, crossing: Crossing, *names: str) -> None:
    """Members that 2.2.1 does not know: dropped, unless the partner is known to skip them."""
    if not crossing.relaxed(Relaxation.UNKNOWN_FIELDS):
        crossing.drop(document, "member-dropped", at, *names)
