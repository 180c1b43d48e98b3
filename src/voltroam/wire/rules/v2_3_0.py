"""Rules of OCPI 2.3.0 for what it does not share with 2.2.1: parking, bookings, taxes, hubs."""

from collections.abc import Iterator

from voltroam.standard import v2_3_0 as v
from voltroam.standard.parties import fold
from voltroam.standard.v2_3_0.bookings import Booking, BookingLocation, Calendar, Timeslot
from voltroam.standard.v2_3_0.payments import CaptureStatusCode, FinancialAdviceConfirmation
from voltroam.wire.rules.breach import Breach, Rule, before, reached, unique, utc
from voltroam.wire.rules.locations import (
    energy_mix_rule,
    evse_rule,
    location_rule,
    publish_token_rule,
)
from voltroam.wire.rules.others import credentials_rule, start_session_rule, token_rule
from voltroam.wire.rules.sessions import cdr_rule, dimension_rule, session_rule
from voltroam.wire.rules.tariffs import flat_and_time, once_each, restrictions_rule

PLACES = "booking_locations"
HUB_PARTY = 5
"""Characters of a country code and a party id in one word."""
LIGHT = frozenset({v.VehicleType.PERSONAL_VEHICLE, v.VehicleType.MOTORCYCLE})
"""Vehicles for which a parking space need not tell its sizes."""
SIZES = (
    "max_vehicle_weight", "max_vehicle_height", "max_vehicle_length", "max_vehicle_width",
    "parking_space_length", "parking_space_width", "dangerous_goods_allowed",
)  # fmt: skip


def _location(location: v.Location) -> Iterator[Breach]:
    yield from location_rule(location)
    places = [fold(place.id) for place in location.parking_places or ()]
    yield from unique(".parking_places", "R230-038", "id", places)
    for index, evse in enumerate(location.evses or ()):
        for at, link in enumerate(evse.parking or ()):
            if fold(link.parking_id) not in places:
                path = f".evses[{index}].parking[{at}].parking_id"
                yield Breach(path, "R230-039", "names no parking place of the location", True)


def _parking(place: v.Parking) -> Iterator[Breach]:
    if not LIGHT.issuperset(place.vehicle_types):
        for name in SIZES:
            if getattr(place, name) is None:
                yield Breach(f".{name}", "R230-040", "should be told for such vehicles", True)
    if v.VehicleType.DISABLED in place.vehicle_types and not place.images:
        yield Breach(".images", "R230-041", "a photo should show a place for the disabled", True)
    if place.drive_through and len(place.vehicle_types) > 1:
        yield Breach(".drive_through", "R230-042", "only if all of these vehicles can", True)


def _credentials(credentials: v.Credentials) -> Iterator[Breach]:
    yield from credentials_rule(credentials)
    hub = credentials.hub_party_id
    if hub is not None and len(hub) != HUB_PARTY:
        yield Breach(".hub_party_id", "R230-013", f"must have {HUB_PARTY} characters")


def _tariff(tariff: v.Tariff) -> Iterator[Breach]:
    if tariff.start_date_time is not None and reached(tariff.end_date_time, tariff.start_date_time):
        yield Breach(".end_date_time", "mod_tariffs", "not after start_date_time", True)
    low, high = tariff.min_price, tariff.max_price
    if low and high and low.before_taxes > high.before_taxes:
        yield Breach(".min_price", "mod_tariffs", "more than max_price", True)


def _element(element: v.TariffElement) -> Iterator[Breach]:
    limits = element.restrictions
    if limits is not None and limits.reservation is not None:
        yield from flat_and_time(element, "TAR-RSV-01", "a reservation")
    elif limits is not None and limits.booking is not None:
        yield from flat_and_time(element, "RBK-043", "a booking")
    yield from once_each(element)


def _booking_location(place: BookingLocation) -> Iterator[Breach]:
    ids = [fold(calendar.id) for calendar in place.calendars or ()]
    yield from unique(".calendars", "RBK-006", "id", ids)


def _calendar(calendar: Calendar) -> Iterator[Breach]:
    """Slots lie inside their calendar and apart from each other."""
    above: Timeslot | None = None
    slots = sorted(
        enumerate(calendar.available_timeslots), key=lambda one: utc(one[1].start_date_time)
    )
    for index, slot in slots:
        path = f".available_timeslots[{index}]"
        if reached(slot.end_date_time, slot.start_date_time):
            yield Breach(f"{path}.end_date_time", "RBK-006", "not after start_date_time")
        first, last = calendar.begin_from, calendar.end_before
        if before(slot.start_date_time, first) or before(last, slot.end_date_time):
            yield Breach(path, "RBK-006", "outside its calendar")
        if above is not None and before(slot.start_date_time, above.end_date_time):
            yield Breach(path, "RBK-006", "overlaps another slot")
        above = slot


def _booking(booking: Booking) -> Iterator[Breach]:
    """The path of a booking of that name is the one of the places."""
    if fold(booking.id) == fold(PLACES):
        yield Breach(".id", "RBK-040", f"no booking is called {PLACES}")


def _confirmation(told: FinancialAdviceConfirmation) -> Iterator[Breach]:
    """The invoice needs a line, unless nothing was captured (RPAY-027)."""
    if not told.eft_data and told.capture_status_code is not CaptureStatusCode.FAILED:
        yield Breach(".eft_data", "RPAY-026", "needed unless the capture failed")


RULES: dict[type, Rule] = {
    v.Location: _location,
    v.EVSE: evse_rule,
    v.Parking: _parking,
    v.PublishTokenType: publish_token_rule,
    v.EnergyMix: energy_mix_rule,
    v.Session: session_rule,
    v.CdrDimension: dimension_rule,
    v.CDR: cdr_rule,
    v.Tariff: _tariff,
    v.TariffElement: _element,
    v.TariffRestrictions: restrictions_rule,
    v.Token: token_rule,
    v.Credentials: _credentials,
    v.StartSession: start_session_rule,
    BookingLocation: _booking_location,
    Calendar: _calendar,
    Booking: _booking,
    FinancialAdviceConfirmation: _confirmation,
}
