"""What terms and calendars allow. Times by hand: a free slot from 12:00 to 20:00."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from voltroam.roaming.booking.course import decided, opened
from voltroam.roaming.booking.terms import Taken, freed, no_show_at, refusal, until, without
from voltroam.standard.v2_3_0.bookings import (
    AccessMethod,
    Booking,
    BookingLocation,
    BookingRequest,
    BookingTerms,
    BookingToken,
    Calendar,
    CanceledReason,
    Cancellation,
    Period,
    Timeslot,
)
from voltroam.standard.v2_3_0.tokens import TokenType
from voltroam.standard.v2_3_0.types import Role
from voltroam.wire.rules import check

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CARD = BookingToken(
    country_code="DE", party_id="MOV", uid="U1", type=TokenType.RFID, contract_id="C1"
)


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def terms(**changes: Any) -> BookingTerms:
    members: dict[str, Any] = {
        "supported_access_methods": [AccessMethod.OPEN],
        "change_until_minutes": Decimal(60),
        "cancel_until_minutes": Decimal(30),
    }
    return BookingTerms(**members | changes)


def place(**changes: Any) -> BookingLocation:
    slot = Timeslot(start_date_time=NOON, end_date_time=at(8), max_power=Decimal(11_000))
    calendar = Calendar(
        id="C1", begin_from=NOON, end_before=at(24), available_timeslots=[slot],
        last_updated=NOON, timeslot_increment=15,
    )  # fmt: skip
    return BookingLocation(
        country_code="NL", party_id="NOD", id="BL1", location_id="LOC1", last_updated=NOON,
        calendars=[calendar], booking_terms=terms(**changes),
    )  # fmt: skip


def request(start: float = 2, end: float = 3, **changes: Any) -> BookingRequest:
    members: dict[str, Any] = {
        "country_code": "DE",
        "party_id": "MOV",
        "request_id": "R1",
        "location_id": "LOC1",
        "booking_location_id": "BL1",
        "period": Period(start_date_time=at(start), end_date_time=at(end)),
        "authorization_reference": "A1",
    }
    return BookingRequest(**members | changes)


def why(
    asked: BookingRequest,
    where: BookingLocation,
    held: Booking | None = None,
    *,
    taken: tuple[Taken, ...] = (),
    elsewhere: tuple[Taken, ...] = (),
    now: datetime = NOON,
) -> str | None:
    return refusal(asked, where, held, taken=taken, elsewhere=elsewhere, now=now)


def held(where: BookingLocation) -> Booking:
    return decided(opened("B1", request(), where, NOON), yes=True, now=NOON)


def test_a_period_in_a_free_slot_is_granted() -> None:
    assert why(request(), place()) is None


@pytest.mark.parametrize(("start", "end"), [(-1, 1), (7.5, 8.5), (9, 10), (3, 3), (3, 2)])
def test_a_period_that_is_not_offered_is_refused(start: float, end: float) -> None:
    """RBK-006"""
    assert why(request(start, end), place()) is not None


def test_a_booked_time_is_not_booked_twice() -> None:
    taken = (Taken("B2", at(2.5), at(4)),)
    assert why(request(), place(), taken=taken) == "it is booked already"
    assert why(request(4, 5), place(), taken=taken) is None


def test_one_token_has_one_booking_at_a_time_unless_the_terms_allow_it() -> None:
    """RBK-033"""
    elsewhere = (Taken("B2", at(2), at(4), ("DE/MOV/RFID/U1",)),)
    asked = request(tokens=[CARD])
    assert why(asked, place(), elsewhere=elsewhere) is not None
    assert why(asked, place(overlapping_bookings_allowed=True), elsewhere=elsewhere) is None


def test_least_and_most_minutes() -> None:
    """RBK-033"""
    assert why(request(2, 3), place(min_booking_duration=Decimal(90))) is not None
    assert why(request(2, 3), place(max_booking_duration=Decimal(45))) is not None
    assert why(request(2, 3), place(max_booking_duration=Decimal(60))) is None


def test_power_is_asked_in_kilowatts_and_offered_in_watts() -> None:
    """RBK-019"""
    assert why(request(power_required=11), place()) is None
    assert why(request(power_required=12), place()) is not None


def test_a_change_ends_so_many_minutes_before_the_start() -> None:
    """RBK-030"""
    where = place()
    change = request(4, 5)
    assert why(change, where, held(where), now=at(1)) is None
    assert why(change, where, held(where), now=at(1.1)) == "too late to change"


def test_no_change_where_changes_are_not_allowed() -> None:
    """RBK-032: as the member's name has it, not as its text."""
    where = place(change_not_allowed=True)
    assert why(request(4, 5), where, held(where)) == "changes are not allowed"


def test_a_cancellation_ends_so_many_minutes_before_the_start() -> None:
    """RBK-031"""
    where = place()
    given_up = request(
        canceled=Cancellation(cancellation_reason=CanceledReason.TRAFFIC, who_canceled=Role.EMSP)
    )
    assert why(given_up, where, held(where), now=at(1.5)) is None
    assert why(given_up, where, held(where), now=at(1.6)) == "too late to cancel"


def test_nobody_is_late_where_the_terms_have_no_time_out() -> None:
    """RBK-026"""
    assert no_show_at(held(place())) is None
    assert no_show_at(held(place(noshow_timeout=Decimal(25)))) == at(2) + timedelta(minutes=25)


def test_what_is_booked_leaves_the_calendar_and_comes_back() -> None:
    where = place()
    period = held(where).period
    (calendar,) = left = without(where, period)
    assert [
        (slot.start_date_time, slot.end_date_time) for slot in calendar.available_timeslots
    ] == [(at(0), at(2)), (at(3), at(8))]
    (again,) = freed(replace(where, calendars=left), period, NOON)
    assert [(slot.start_date_time, slot.end_date_time) for slot in again.available_timeslots] == [
        (at(0), at(8))
    ]


def test_a_calendar_in_which_nothing_is_free_goes() -> None:
    """RBK-005: a calendar has at least one slot."""
    assert without(place(), Period(start_date_time=at(0), end_date_time=at(8))) == []


def test_nobody_is_booked_into_the_time_of_a_late_stop() -> None:
    """RBK-033: 2 to 3 with 30 minutes to spare leaves 12:00-14:00 and from 15:30 on."""
    where = place(late_stop_allowed=True, late_stop_time=Decimal(30))
    booking = held(where)
    assert until(where, booking) == at(3.5)
    taken = (Taken("B2", at(2), at(3)),)
    assert why(request(3.25, 4), where, taken=taken) == "it is booked already"
    assert why(request(1, 2), where, taken=taken) == "it is booked already"
    assert why(request(1, 1.5), where, taken=taken) is None
    assert why(request(3.5, 4), where, taken=taken) is None
    never = place(late_stop_allowed=False, late_stop_time=Decimal(30))
    assert why(request(3, 4), never, taken=taken) is None
    assert until(never, held(never)) == at(3)


def test_a_late_stop_takes_no_more_than_was_offered() -> None:
    where = place(late_stop_allowed=True, late_stop_time=Decimal(30))
    last = decided(opened("B1", request(7, 8), where, NOON), yes=True, now=NOON)
    assert until(where, last) == at(8)


@pytest.mark.parametrize(
    ("slots", "message"),
    [
        ([(0, 2), (1, 3)], "overlaps another slot"),
        ([(20, 25)], "outside its calendar"),
        ([(-1, 2)], "outside its calendar"),
        ([(3, 2)], "not after start_date_time"),
    ],
)
def test_slots_lie_in_their_calendar_and_apart(
    slots: list[tuple[float, float]], message: str
) -> None:
    """RBK-006"""
    free = [Timeslot(start_date_time=at(one), end_date_time=at(two)) for one, two in slots]
    [calendar] = place().calendars or []
    given = replace(place(), calendars=[replace(calendar, available_timeslots=free)])
    breaches = list(check(given))
    assert [(one.rule, one.message, one.warning) for one in breaches] == [
        ("RBK-006", message, False)
    ]


def test_each_calendar_has_an_id_of_its_own() -> None:
    """RBK-006"""
    [calendar] = place().calendars or []
    (breach,) = check(replace(place(), calendars=[calendar, replace(calendar, id="c1")]))
    assert (breach.rule, breach.path) == ("RBK-006", "$.calendars[1]")
    assert list(check(place())) == []
