"""The course of a booking: pure transitions from one state to the next (OCPI 2.3.0 §mod_bookings).

Every request stays listed with its own status. Final states are left by nothing. PENDING to
CANCELED and RESERVED to PENDING are drawn in the chapter and not described: the first is how an
eMSP gives a request up that nobody answered yet; the second is never made here.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from msgspec import structs

from voltroam.standard.errors import CallerError
from voltroam.standard.v2_3_0.bookings import AccessMethod as Access
from voltroam.standard.v2_3_0.bookings import (
    Booking,
    BookingLocation,
    BookingRequest,
    BookingRequestStatus,
    BookingTerms,
    Cancellation,
    Timeslot,
)
from voltroam.standard.v2_3_0.bookings import ReservationRequestStatus as Asked
from voltroam.standard.v2_3_0.bookings import ReservationStatus as State

NEXT: Mapping[State, frozenset[State]] = {
    State.PENDING: frozenset({State.RESERVED, State.REJECTED, State.FAILED, State.CANCELED}),
    State.RESERVED: frozenset({State.FULFILLED, State.CANCELED, State.NO_SHOW}),
}
"""What may follow what; a state that is not named is final."""
NO_TERMS = BookingTerms(
    supported_access_methods=[Access.OPEN],
    change_until_minutes=Decimal(0),
    cancel_until_minutes=Decimal(0),
)
ANSWERS = {True: Asked.ACCEPTED, False: Asked.DECLINED}


def opened(
    booking_id: str, request: BookingRequest, place: BookingLocation, now: datetime
) -> Booking:
    """A first request: PENDING until somebody decides."""
    return Booking(
        id=booking_id, country_code=place.country_code, party_id=place.party_id,
        request_id=request.request_id, location_id=place.location_id,
        booking_option=request.booking_option or place.booking_option,
        booking_tokens=request.tokens, tariff_ids=place.tariff_ids, period=_slot(request),
        reservation_status=State.PENDING, access_information=request.access_information,
        authorization_reference=request.authorization_reference,
        booking_terms=place.booking_terms or NO_TERMS,
        booking_requests=[_line(request, Asked.PENDING, now)], last_updated=now,
    )  # fmt: skip


def asked_again(booking: Booking, request: BookingRequest, now: datetime) -> Booking:
    """A change or the end is asked for: the booking stays as it is until that is decided
    (RBK-022). CallerError for one that is over, or another change that is not decided yet."""
    if is_final(booking):
        raise CallerError(f"$.request_id: the booking is {booking.reservation_status.value}")
    if pending(booking) is not None and request.canceled is None:
        raise CallerError("$.request_id: the request before is not decided yet")
    lines = [*booking.booking_requests, _line(request, Asked.PENDING, now)]
    return structs.replace(booking, booking_requests=lines, last_updated=now)


def decided(booking: Booking, *, yes: bool, now: datetime) -> Booking:
    """The newest open request is answered. A change that is declined leaves the booking as it was
    (RBK-023); a first request that is declined is REJECTED."""
    line = pending(booking)
    if line is None:
        raise CallerError("Nothing is to be decided about this booking")
    request = line.booking_request
    lines = [
        structs.replace(one, request_status=ANSWERS[yes])
        if one is line
        # whoever gives the whole booking up has no use for changes
        else structs.replace(one, request_status=Asked.DECLINED)
        if one.request_status is Asked.PENDING and yes
        else one
        for one in booking.booking_requests
    ]
    after = structs.replace(booking, booking_requests=lines, last_updated=now)
    if yes and request.canceled is not None:
        return moved(structs.replace(after, canceled=request.canceled), State.CANCELED, now)
    if not yes:
        first = booking.reservation_status is State.PENDING and request.canceled is None
        return moved(after, State.REJECTED, now) if first else after
    taken = structs.replace(
        after,
        period=_slot(request),
        booking_option=request.booking_option or booking.booking_option,
        booking_tokens=request.tokens or booking.booking_tokens,
        access_information=request.access_information or booking.access_information,
    )
    if booking.reservation_status is State.RESERVED:
        return taken
    return moved(taken, State.RESERVED, now)


def called_off(booking: Booking, why: Cancellation, now: datetime) -> Booking:
    """The operator cancels, with reason and role (RBK-041)."""
    lines = [
        structs.replace(one, request_status=Asked.DECLINED)
        if one.request_status is Asked.PENDING
        else one
        for one in booking.booking_requests
    ]
    after = structs.replace(booking, booking_requests=lines, canceled=why)
    return moved(after, State.CANCELED, now)


def moved(booking: Booking, state: State, now: datetime) -> Booking:
    """Another state, if that may follow. CallerError else."""
    held = booking.reservation_status
    if state not in NEXT.get(held, frozenset()):
        raise CallerError(f"A booking that is {held.value} cannot become {state.value}")
    return structs.replace(booking, reservation_status=state, last_updated=now)


def pending(booking: Booking) -> BookingRequestStatus | None:
    """The newest request that is not decided."""
    for line in reversed(booking.booking_requests):
        if line.request_status is Asked.PENDING:
            return line
    return None


def is_final(booking: Booking) -> bool:
    return booking.reservation_status not in NEXT


def _line(request: BookingRequest, status: Asked, now: datetime) -> BookingRequestStatus:
    return BookingRequestStatus(
        request_status=status, booking_request=request, request_received=now
    )


def _slot(request: BookingRequest) -> Timeslot:
    return Timeslot(
        start_date_time=request.period.start_date_time,
        end_date_time=request.period.end_date_time,
    )
