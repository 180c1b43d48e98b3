"""Opening hours between 2.1.1 and 2.2.1."""

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.members import listed, part
from voltroam.bridge.terms import Document

ALWAYS = "twentyfourseven"


def hours_up(hours: Document, at: str, crossing: Crossing) -> Document:
    """Without regular hours a place is always open; 2.2.1 wants it said (§mod_locations, Hours)."""
    if ALWAYS in hours:
        return hours
    regular = bool(listed(hours, "regular_hours"))
    crossing.note("hours-regular" if regular else "hours-always", f"{at}/{ALWAYS}")
    return {ALWAYS: not regular} | hours


def hours_down(hours: Document, at: str, crossing: Crossing) -> Document:
    """Either regular hours or always, unless both came (OCPI 2.1.1 §mod_locations, Hours)."""
    said_both = ALWAYS in (part(crossing.terms.memory or {}, "opening_times") or {})
    if hours.get(ALWAYS) is False and listed(hours, "regular_hours") and not said_both:
        crossing.note("hours-by-regular", f"{at}/{ALWAYS}")
        return {name: value for name, value in hours.items() if name != ALWAYS}
    return hours
