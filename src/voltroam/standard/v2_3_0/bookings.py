"""Charging slots booked ahead: Bookings 1.1, a package of OCPI 2.3.0 (§mod_bookings)."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from voltroam.standard.types import (
    URL,
    CiString36,
    CountryCode,
    DateTime,
    Id36,
    Number,
    PartyCode,
)
from voltroam.standard.v2_3_0.locations import (
    ConnectorFormat,
    ConnectorType,
    EVSEPosition,
    PowerType,
    VehicleType,
)
from voltroam.standard.v2_3_0.tokens import TokenType
from voltroam.standard.v2_3_0.types import Role

Secret = Annotated[str, Meta(max_length=255, extra={"ocpi": "string"})]
"""A plate, a code; the chapter gives it no length."""


class AccessMethod(StrEnum):
    """How a driver gets to a booked charger."""

    OPEN = "OPEN"
    TOKEN = "TOKEN"  # noqa: S105  (a word of the standard)
    LICENSE_PLATE = "LICENSE_PLATE"
    ACCESS_CODE = "ACCESS_CODE"
    INTERCOM = "INTERCOM"
    PARKING_TICKET = "PARKING_TICKET"


class CanceledReason(StrEnum):
    """Why a booking was given up."""

    POWER_OUTAGE = "POWER_OUTAGE"
    BROKEN_CHARGER = "BROKEN_CHARGER"
    FULL = "FULL"
    BLOCKED = "BLOCKED"
    TRAFFIC = "TRAFFIC"
    BROKEN_VEHICLE = "BROKEN_VEHICLE"
    NO_CANCELED = "NO_CANCELED"
    UNKNOWN = "UNKNOWN"


class ReservationStatus(StrEnum):
    """Where a booking stands."""

    PENDING = "PENDING"
    RESERVED = "RESERVED"
    CANCELED = "CANCELED"
    FAILED = "FAILED"
    NO_SHOW = "NO_SHOW"
    FULFILLED = "FULFILLED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"


class ReservationRequestStatus(StrEnum):
    """What became of one request for a booking, its change or its end."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    FAILED = "FAILED"


class BookingOption(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """What can be booked, or was: one EVSE, or all that fit. Sizes in cm, weight in kg.

    `evse_uid` may be `#NA` while no EVSE is assigned.
    """

    evse_uid: CiString36 | None = None
    connector_id: CiString36 | None = None
    parking_id: CiString36 | None = None
    evse_position: list[EVSEPosition] | None = None
    vehicle_types: list[VehicleType] | None = None
    connector_format: list[ConnectorFormat] | None = None
    connector_types: list[ConnectorType] | None = None
    power_types: list[PowerType] | None = None
    max_vehicle_weight: Number | None = None
    max_vehicle_height: Number | None = None
    max_vehicle_length: Number | None = None
    max_vehicle_width: Number | None = None
    min_parking_space_length: Number | None = None
    min_parking_space_width: Number | None = None
    dangerous_goods_allowed: bool | None = None
    drive_through: bool | None = None
    refrigeration_outlet: bool | None = None


class AccessInformation(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """How to get in; `value` is a plate or a code, and not in the repr."""

    method: AccessMethod
    value: Secret | None = None

    def __repr__(self) -> str:
        return f"AccessInformation(method={self.method.value}, …)"


class Timeslot(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A stretch of time that is free, or taken; power in W."""

    start_date_time: DateTime
    end_date_time: DateTime
    min_power: Number | None = None
    max_power: Number | None = None
    green_energy_support: bool | None = None


class Period(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """The stretch of time that is asked for."""

    start_date_time: DateTime
    end_date_time: DateTime


class Calendar(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """What is free between two moments; `timeslot_increment` in minutes."""

    id: Id36
    begin_from: DateTime
    end_before: DateTime
    available_timeslots: Annotated[list[Timeslot], Meta(min_length=1)]
    last_updated: DateTime
    timeslot_increment: int | None = None


class BookingTerms(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """What holds for bookings at a place; all times in minutes, `booking_terms` is a page."""

    supported_access_methods: Annotated[list[AccessMethod], Meta(min_length=1)]
    change_until_minutes: Number
    cancel_until_minutes: Number
    rfid_auth_required: bool | None = None
    token_groups_supported: bool | None = None
    remote_auth_supported: bool | None = None
    change_not_allowed: bool | None = None
    """True: no changes, although the chapter's words say the opposite."""
    early_start_allowed: bool | None = None
    early_start_time: Number | None = None
    noshow_timeout: Number | None = None
    """None: it never becomes a NO_SHOW."""
    noshow_fee: bool | None = None
    late_stop_allowed: bool | None = None
    late_stop_time: Number | None = None
    overlapping_bookings_allowed: bool | None = None
    min_booking_duration: Number | None = None
    max_booking_duration: Number | None = None
    booking_terms: URL | None = None


class BookingToken(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A token that may use the booking; `uid` and `contract_id` are not in the repr."""

    country_code: CountryCode
    party_id: PartyCode
    uid: Id36
    type: TokenType
    contract_id: Id36

    def __repr__(self) -> str:
        return f"BookingToken({self.country_code}/{self.party_id}, type={self.type}, …)"


class Cancellation(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Why a booking is given up, and by whom."""

    cancellation_reason: CanceledReason
    who_canceled: Role


class Policy(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Whether one must book, and how many chargers are left for others."""

    reservation_required: bool
    ad_hoc: Number | None = None


class BookingRequest(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A driver's wish, by the eMSP. The same `request_id` again changes it, or ends it where
    `canceled` is set. `power_required` in kW, unlike the power of slots."""

    country_code: CountryCode
    party_id: PartyCode
    request_id: Id36
    location_id: Id36
    booking_location_id: Id36
    period: Period
    authorization_reference: Id36
    booking_option: BookingOption | None = None
    tokens: list[BookingToken] | None = None
    access_information: list[AccessInformation] | None = None
    power_required: int | None = None
    canceled: Cancellation | None = None


class BookingRequestStatus(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One request of a booking, and what became of it."""

    request_status: ReservationRequestStatus
    booking_request: BookingRequest
    request_received: DateTime


class Booking(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """A charging slot kept for a driver, as the CPO has it; with every request made for it."""

    id: Id36
    country_code: CountryCode
    party_id: PartyCode
    request_id: Id36
    location_id: Id36
    period: Timeslot
    reservation_status: ReservationStatus
    authorization_reference: Id36
    booking_terms: BookingTerms
    booking_requests: Annotated[list[BookingRequestStatus], Meta(min_length=1)]
    last_updated: DateTime
    booking_option: BookingOption | None = None
    booking_tokens: list[BookingToken] | None = None
    tariff_ids: list[CiString36] | None = None
    canceled: Cancellation | None = None
    access_information: list[AccessInformation] | None = None


class BookingLocation(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """What can be booked at a location, and when it is free."""

    country_code: CountryCode
    party_id: PartyCode
    id: Id36
    location_id: Id36
    last_updated: DateTime
    booking_option: BookingOption | None = None
    policy: Policy | None = None
    tariff_ids: list[CiString36] | None = None
    booking_terms: BookingTerms | None = None
    calendars: list[Calendar] | None = None
