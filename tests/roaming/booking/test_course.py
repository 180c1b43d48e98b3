"""The states of a booking and of its requests, from the chapter's own list."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from voltroam.roaming.booking.course import (
    asked_again,
    called_off,
    decided,
    is_final,
    moved,
    opened,
    pending,
)
from voltroam.standard.errors import CallerError
from voltroam.standard.v2_3_0.bookings import (
    Booking,
    BookingLocation,
    BookingRequest,
    CanceledReason,
    Cancellation,
    Period,
)
from voltroam.standard.v2_3_0.bookings import ReservationRequestStatus as Asked
from voltroam.standard.v2_3_0.bookings import ReservationStatus as State
from voltroam.standard.v2_3_0.types import Role

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PLACE = BookingLocation(
    country_code="NL", party_id="NOD", id="BL1", location_id="LOC1", last_updated=NOW
)
GIVEN_UP = Cancellation(cancellation_reason=CanceledReason.TRAFFIC, who_canceled=Role.EMSP)
FINAL = (State.CANCELED, State.NO_SHOW, State.REJECTED, State.FAILED, State.FULFILLED)


def request(hours: float = 1, **changes: Any) -> BookingRequest:
    start = NOW + timedelta(hours=hours)
    members: dict[str, Any] = {
        "country_code": "DE",
        "party_id": "MOV",
        "request_id": "R1",
        "location_id": "LOC1",
        "booking_location_id": "BL1",
        "period": Period(start_date_time=start, end_date_time=start + timedelta(hours=1)),
        "authorization_reference": "A1",
    }
    return BookingRequest(**members | changes)


def first() -> Booking:
    return opened("B1", request(), PLACE, NOW)


def reserved() -> Booking:
    return decided(first(), yes=True, now=NOW)


def statuses(booking: Booking) -> list[Asked]:
    return [line.request_status for line in booking.booking_requests]


def test_a_first_request_is_pending_until_it_is_decided() -> None:
    """RBK-012, RBK-020"""
    booking = first()
    assert booking.reservation_status is State.PENDING
    assert statuses(booking) == [Asked.PENDING]
    assert booking.authorization_reference == "A1"


@pytest.mark.parametrize(
    ("yes", "state", "asked"),
    [(True, State.RESERVED, Asked.ACCEPTED), (False, State.REJECTED, Asked.DECLINED)],
)
def test_the_word_about_a_first_request_is_the_booking_s(
    yes: bool, state: State, asked: Asked
) -> None:
    booking = decided(first(), yes=yes, now=NOW)
    assert (booking.reservation_status, statuses(booking)) == (state, [asked])


def test_a_booking_stays_reserved_while_its_change_is_pending() -> None:
    """RBK-015, RBK-021, RBK-022"""
    booking = asked_again(reserved(), request(hours=3), NOW)
    assert booking.reservation_status is State.RESERVED
    assert statuses(booking) == [Asked.ACCEPTED, Asked.PENDING]
    assert booking.period == reserved().period


def test_a_change_that_is_granted_moves_the_booking() -> None:
    booking = decided(asked_again(reserved(), request(hours=3), NOW), yes=True, now=NOW)
    assert booking.reservation_status is State.RESERVED
    assert booking.period.start_date_time == NOW + timedelta(hours=3)
    assert statuses(booking) == [Asked.ACCEPTED, Asked.ACCEPTED]


def test_a_change_that_is_declined_leaves_the_booking_as_it_was() -> None:
    """RBK-023"""
    booking = decided(asked_again(reserved(), request(hours=3), NOW), yes=False, now=NOW)
    assert booking.period == reserved().period
    assert booking.reservation_status is State.RESERVED
    assert pending(booking) is None


def test_a_cancellation_is_one_more_request() -> None:
    """RBK-016"""
    asked = asked_again(reserved(), request(canceled=GIVEN_UP), NOW)
    booking = decided(asked, yes=True, now=NOW)
    assert (booking.reservation_status, booking.canceled) == (State.CANCELED, GIVEN_UP)
    assert len(booking.booking_requests) == 2


def test_a_request_that_nobody_answered_can_be_given_up() -> None:
    """RBK-027: drawn in the chapter, not described."""
    asked = asked_again(first(), request(canceled=GIVEN_UP), NOW)
    booking = decided(asked, yes=True, now=NOW)
    assert booking.reservation_status is State.CANCELED
    assert statuses(booking) == [Asked.DECLINED, Asked.ACCEPTED]


def test_the_operator_cancels_with_reason_and_role() -> None:
    """RBK-041"""
    why = Cancellation(cancellation_reason=CanceledReason.BROKEN_CHARGER, who_canceled=Role.CPO)
    booking = called_off(reserved(), why, NOW)
    assert (booking.reservation_status, booking.canceled) == (State.CANCELED, why)


@pytest.mark.parametrize("state", [State.FULFILLED, State.NO_SHOW, State.CANCELED])
def test_what_follows_a_reservation(state: State) -> None:
    """RBK-024, RBK-025, RBK-026"""
    booking = moved(reserved(), state, NOW)
    assert is_final(booking)
    for other in State:
        with pytest.raises(CallerError):
            moved(booking, other, NOW)


@pytest.mark.parametrize("state", [State.FULFILLED, State.NO_SHOW, State.UNKNOWN])
def test_what_never_follows_a_pending_request(state: State) -> None:
    """RBK-028"""
    with pytest.raises(CallerError):
        moved(first(), state, NOW)


def test_a_second_change_waits_for_the_first() -> None:
    booking = asked_again(reserved(), request(hours=3), NOW)
    with pytest.raises(CallerError):
        asked_again(booking, request(hours=4), NOW)


def test_what_is_over_is_not_changed() -> None:
    """RBK-024"""
    with pytest.raises(CallerError):
        asked_again(moved(reserved(), State.FULFILLED, NOW), request(), NOW)
