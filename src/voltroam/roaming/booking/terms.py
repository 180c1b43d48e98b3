"""What an operator's terms and calendars allow: pure (OCPI 2.3.0 §mod_bookings, BookingTerms)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from voltroam.roaming.booking.course import NO_TERMS
from voltroam.standard.parties import fold
from voltroam.standard.types import NOT_AVAILABLE
from voltroam.standard.v2_2_1 import CdrToken
from voltroam.standard.v2_3_0.bookings import (
    Booking,
    BookingLocation,
    BookingRequest,
    BookingTerms,
    BookingToken,
    Calendar,
    Period,
    Timeslot,
)

WATTS = 1000
"""`power_required` is in kW, slots are in W (RBK-019)."""


class Taken(msgspec.Struct, frozen=True):
    """A living booking at a place, as others must know it. `tokens` folded, with their owner;
    `until`: what it took of the calendars, where that is more than its period."""

    booking: str
    start: datetime
    end: datetime
    tokens: tuple[str, ...] = ()
    until: datetime | None = None


def refusal(
    request: BookingRequest,
    place: BookingLocation,
    held: Booking | None,
    *,
    taken: Sequence[Taken],
    elsewhere: Sequence[Taken],
    now: datetime,
) -> str | None:
    """Why the request cannot be granted, if that is so. `taken`: other bookings of the place,
    `elsewhere`: those of its location's other places."""
    terms = (held.booking_terms if held else None) or place.booking_terms or NO_TERMS
    if held is not None:
        late = _too_late(request, held, terms, now)
        if late is not None or request.canceled is not None:
            return late
    if fold(request.location_id) != fold(place.location_id):
        return "the location is not that of the booking location"
    period = request.period
    if period.start_date_time >= period.end_date_time:
        return "the period ends before it starts"
    if period.end_date_time <= now:
        return "the period has passed"
    return (
        _wrong_length(period, terms)
        or _clash(request, terms, taken, elsewhere)
        or _not_free(request, place, held)
    )


def keys_of(tokens: Sequence[BookingToken | CdrToken] | None) -> tuple[str, ...]:
    return tuple(
        fold(f"{one.country_code}/{one.party_id}/{one.type}/{one.uid}") for one in tokens or ()
    )


def evse_of(booking: Booking) -> str | None:
    """The EVSE that is booked; None: any that fits."""
    option = booking.booking_option
    named = None if option is None else option.evse_uid
    return None if named == NOT_AVAILABLE else named


def no_show_at(booking: Booking) -> datetime | None:
    """When nobody came; None: never (RBK-026)."""
    minutes = booking.booking_terms.noshow_timeout
    return None if minutes is None else booking.period.start_date_time + _minutes(minutes)


def early(terms: BookingTerms) -> timedelta:
    """How long before its start a booking may be used."""
    if not terms.early_start_allowed:
        return timedelta(0)
    return _minutes(terms.early_start_time or Decimal(0))


def late(terms: BookingTerms) -> timedelta:
    """How long after its end a driver may go on: nobody else gets that time (RBK-033)."""
    if not terms.late_stop_allowed:
        return timedelta(0)
    return _minutes(terms.late_stop_time or Decimal(0))


def until(place: BookingLocation, booking: Booking) -> datetime:
    """Up to when the booking takes its place from the calendars, as far as that was offered."""
    end = booking.period.end_date_time
    ends = [
        slot.end_date_time
        for calendar in place.calendars or ()
        for slot in calendar.available_timeslots
        if slot.start_date_time <= end <= slot.end_date_time
    ]
    return min(max(ends, default=end), end + late(booking.booking_terms))


def without(place: BookingLocation, period: Period | Timeslot) -> list[Calendar]:
    """The calendars when the period is taken; one in which nothing is left goes."""
    found = []
    for calendar in place.calendars or ():
        slots = [piece for slot in calendar.available_timeslots for piece in _cut(slot, period)]
        if slots:
            found.append(msgspec.structs.replace(calendar, available_timeslots=slots))
    return found


def _cut(slot: Timeslot, taken: Period | Timeslot) -> list[Timeslot]:
    start, end = slot.start_date_time, slot.end_date_time
    if taken.end_date_time <= start or taken.start_date_time >= end:
        return [slot]
    left = [(start, taken.start_date_time), (taken.end_date_time, end)]
    return [
        msgspec.structs.replace(slot, start_date_time=one, end_date_time=other)
        for one, other in left
        if one < other
    ]


def _too_late(
    request: BookingRequest, held: Booking, terms: BookingTerms, now: datetime
) -> str | None:
    start = held.period.start_date_time
    if request.canceled is not None:
        late = now > start - _minutes(terms.cancel_until_minutes)
        return "too late to cancel" if late else None
    if terms.change_not_allowed:
        return "changes are not allowed"
    late = now > start - _minutes(terms.change_until_minutes)
    return "too late to change" if late else None


def _wrong_length(period: Period, terms: BookingTerms) -> str | None:
    length = period.end_date_time - period.start_date_time
    least, most = terms.min_booking_duration, terms.max_booking_duration
    if least is not None and length < _minutes(least):
        return "shorter than can be booked"
    if most is not None and length > _minutes(most):
        return "longer than can be booked"
    return None


def _clash(
    request: BookingRequest,
    terms: BookingTerms,
    taken: Sequence[Taken],
    elsewhere: Sequence[Taken],
) -> str | None:
    """The place itself is booked once at a time, with the time for a late stop after each; and so
    is a token unless the terms allow it."""
    period = request.period

    def meets(one: Taken, spare: timedelta) -> bool:
        start, end = period.start_date_time, period.end_date_time
        return one.start < end + spare and start < one.end + spare

    if any(meets(one, late(terms)) for one in taken):
        return "it is booked already"
    tokens = set(keys_of(request.tokens))
    if not terms.overlapping_bookings_allowed and any(
        meets(one, timedelta(0)) and tokens.intersection(one.tokens) for one in elsewhere
    ):
        return "the token has another booking then"
    return None


def _not_free(request: BookingRequest, place: BookingLocation, held: Booking | None) -> str | None:
    """The period lies in a slot of a calendar, or in what the booking has already."""
    period = request.period
    slots = [slot for calendar in place.calendars or () for slot in calendar.available_timeslots]
    if held is not None:
        slots = _joined([*slots, held.period])
    fitting = [
        slot
        for slot in slots
        if slot.start_date_time <= period.start_date_time
        and period.end_date_time <= slot.end_date_time
    ]
    if not fitting:
        return "it is not offered then"
    needed = None if request.power_required is None else request.power_required * WATTS
    if needed is not None and all(
        slot.max_power is not None and slot.max_power < needed for slot in fitting
    ):
        return "so much power is not offered then"
    if not any(_in_steps(period, calendar) for calendar in place.calendars or ()) and held is None:
        return "it is not in the steps of the calendar"
    return None


def _in_steps(period: Period, calendar: Calendar) -> bool:
    step = calendar.timeslot_increment
    if not step or step < 0:
        return True
    length = (period.end_date_time - period.start_date_time).total_seconds()
    return length % (step * 60) == 0


def _joined(slots: Sequence[Timeslot]) -> list[Timeslot]:
    """Slots that touch become one."""
    found: list[Timeslot] = []
    for slot in sorted(slots, key=lambda one: one.start_date_time):
        if found and slot.start_date_time <= found[-1].end_date_time:
            end = max(found[-1].end_date_time, slot.end_date_time)
            found[-1] = msgspec.structs.replace(found[-1], end_date_time=end)
        else:
            found.append(slot)
    return found


def freed(place: BookingLocation, period: Timeslot, now: datetime) -> list[Calendar]:
    """The calendars when the period is free again; one that went meanwhile does not come back."""
    found = []
    for calendar in place.calendars or ():
        inside = (
            calendar.begin_from <= period.start_date_time
            and period.end_date_time <= calendar.end_before
        )
        if inside and now < period.end_date_time:
            slots = _joined([*calendar.available_timeslots, period])
            calendar = msgspec.structs.replace(calendar, available_timeslots=slots)  # noqa: PLW2901
        found.append(calendar)
    return found


def _minutes(number: Decimal | int) -> timedelta:
    return timedelta(minutes=float(number))
