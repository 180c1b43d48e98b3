"""Rows about bookings: what can be booked, and what is (OCPI 2.3.0 §mod_bookings)."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from voltroam.operator.operation import Document, Listed, Moment, Operation, Page, Scope
from voltroam.operator.rows.objects import OWNED, Id, Party
from voltroam.standard.v2_3_0.bookings import (
    Booking,
    BookingLocation,
    BookingOption,
    CanceledReason,
)
from voltroam.standard.v2_3_0.tokens import TokenType


class BookingWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`operator` and `booking_location_id` say where. `token_uids` are ours; `as_party`: which of
    our parties asks. `power_required` in kW. With the `request_id` of an earlier try whose answer
    got lost, that is found again."""

    operator: Party
    booking_location_id: Id
    start: Moment
    end: Moment
    token_uids: Annotated[list[Id], Meta(max_length=100)] = []
    token_type: TokenType = TokenType.RFID
    booking_option: BookingOption | None = None
    power_required: int | None = None
    as_party: Party | None = None
    request_id: Id | None = None
    authorization_reference: Id | None = None

    def __repr__(self) -> str:
        return f"BookingWanted(operator={self.operator!r}, …)"


class BookingChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another time for a booking at a partner's."""

    start: Moment
    end: Moment


class BookingEnd(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reason: CanceledReason = CanceledReason.UNKNOWN


class BookingAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether an open request is granted."""

    accepted: bool


def _row(
    name: str, method: str, path: str, summary: str, gives: Any, **more: Any
) -> Operation[Any]:
    more.setdefault("scope", Scope.READ if method == "GET" else Scope.OPERATE)
    return Operation(
        name=name, method=method, path=path, tag="bookings", summary=summary, gives=gives, **more
    )


_PLACE = f"/booking-locations{OWNED}/{{booking_location_id}}"
_ONE = f"/bookings{OWNED}/{{booking_id}}"
LIST_PLACES: Operation[Page[Document]] = _row(
    "list_booking_locations", "GET", "/booking-locations",
    "What can be booked, at our chargers and at partners'.", Page[Document], query=Listed,
    shown=Page[BookingLocation],
)  # fmt: skip
PUT_PLACE: Operation[Document] = _row(
    "put_booking_location", "PUT", _PLACE, "Add or replace what can be booked at our chargers.",
    Document, document=BookingLocation, shown=BookingLocation,
    fails="an object that is against the standard",
)  # fmt: skip
LIST_BOOKINGS: Operation[Page[Document]] = _row(
    "list_bookings", "GET", "/bookings", "All bookings, ours and those of our drivers.",
    Page[Document], query=Listed, shown=Page[Booking], scope=Scope.OPERATE,
)  # fmt: skip
GET_BOOKING: Operation[Document] = _row(
    "get_booking", "GET", _ONE, "One booking, with every request that was made for it.", Document,
    shown=Booking, scope=Scope.OPERATE,
)  # fmt: skip
REQUEST_BOOKING: Operation[Document] = _row(
    "request_booking", "POST", "/bookings", "Book a slot at a partner's charger.", Document,
    takes=BookingWanted, shown=Booking, status=201, calls_partner=True, absent=True,
    fails="what the standard or the partner's offer does not allow",
)  # fmt: skip
CHANGE_BOOKING: Operation[Document] = _row(
    "change_booking", "PUT", f"{_ONE}/period", "Ask for another time.", Document,
    takes=BookingChange, shown=Booking, calls_partner=True, fails="a booking that is over",
)  # fmt: skip
CANCEL_BOOKING: Operation[Document] = _row(
    "cancel_booking", "POST", f"{_ONE}/cancel",
    "Give a booking up: at a partner's by asking for it, at our own at once.", Document,
    takes=BookingEnd, shown=Booking, calls_partner=True, fails="a booking that is over",
)  # fmt: skip
ANSWER_BOOKING: Operation[Document] = _row(
    "answer_booking", "POST", f"{_ONE}/answer", "Grant or decline the open request of a booking.",
    Document, takes=BookingAnswer, shown=Booking, fails="a booking without an open request",
)  # fmt: skip

OPERATIONS: tuple[Operation[Any], ...] = (
    LIST_PLACES, PUT_PLACE, LIST_BOOKINGS, GET_BOOKING, REQUEST_BOOKING, CHANGE_BOOKING,
    CANCEL_BOOKING, ANSWER_BOOKING,
)  # fmt: skip
