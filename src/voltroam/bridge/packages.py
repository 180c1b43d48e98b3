"""What the bookings and payments packages add to core objects (OCPI 2.3.0 §mod_bookings).

Partners without a package never see its additions: an element of a tariff that prices a booking
goes whole, for without its restriction it would price every session.
"""

from collections.abc import Collection

from voltroam.bridge.crossing import Crossing, Step
from voltroam.bridge.members import each, listed, part
from voltroam.bridge.terms import Document

BOOKING_DIMENSIONS = frozenset({"RESERVATION_EXPIRES", "RESERVATION_OVERTIME"})
BOOKINGS, PAYMENTS = "bookings", "payments"
PACKAGES = frozenset({BOOKINGS, PAYMENTS})
"""By the names of their modules."""
_WORDS = {
    BOOKINGS: tuple(f'"{one}"'.encode() for one in ("booking", "booking_id", *BOOKING_DIMENSIONS)),
    PAYMENTS: (b'"preauthorize_amount"',),
}


def may_say(document: bytes, packages: Collection[str]) -> bool:
    """Whether a document may have additions of these packages: cheap, and never wrongly no."""
    return any(word in document for one in packages for word in _WORDS[one]) or b"\\u" in document


def without(kind: str, lacking: Collection[str]) -> Step | None:
    """The step to a partner of 2.3.0 that lacks packages; None for a kind that they add nothing to.

    A CDR keeps what bookings cost in its totals, its tariffs are as the partner is shown them.
    """

    def tariff(one: Document, at: str, crossing: Crossing) -> Document | None:
        return core_tariff(one, at, crossing, lacking)

    def paper(one: Document, at: str, crossing: Crossing) -> Document:
        cored = core_cdr(one, at, crossing) if BOOKINGS in lacking else dict(one)
        each(cored, "tariffs", at, lambda inner, where: tariff(inner, where, crossing))
        return cored

    return {"Tariff": tariff, "CDR": paper, "Session": paper}.get(kind)


def core_tariff(
    tariff: Document, at: str, crossing: Crossing, lacking: Collection[str] = PACKAGES
) -> Document | None:
    """Without elements that price bookings, and without the amount that a terminal reserves."""
    cored = dict(tariff)
    if PAYMENTS in lacking:
        crossing.drop(cored, "preauthorisation-dropped", at, "preauthorize_amount")
    if BOOKINGS not in lacking:
        return cored

    def element(one: Document, where: str) -> Document | None:
        restrictions = part(one, "restrictions") or {}
        if "booking" not in restrictions:
            return one
        crossing.note("booking-element-dropped", where)
        return None

    each(cored, "elements", at, element)
    if listed(tariff, "elements") and not cored["elements"]:
        crossing.note("no-element-left", f"{at}/elements")
        return None
    return cored


def core_cdr(cdr: Document, at: str, crossing: Crossing) -> Document:
    """Without the booking's id and the dimensions that only bookings have."""
    cored = dict(cdr)
    crossing.drop(cored, "booking-id-dropped", at, "booking_id")
    without_dimensions(cored, at, crossing, BOOKING_DIMENSIONS)
    return cored


def without_dimensions(
    document: Document, at: str, crossing: Crossing, unknown: frozenset[str]
) -> None:
    """Leave out dimensions of charging periods, and periods that have none left."""

    def dimension(one: Document, where: str) -> Document | None:
        if one.get("type") not in unknown:
            return one
        crossing.note("dimension-dropped", where)
        return None

    def period(one: Document, where: str) -> Document | None:
        copied = dict(one)
        each(copied, "dimensions", where, dimension)
        if listed(one, "dimensions") and not copied["dimensions"]:
            crossing.note("period-dropped", where)
            return None
        return copied

    each(document, "charging_periods", at, period)
