"""What bookings ask of the company's own system, and of charging."""

from typing import Protocol

import msgspec

from voltroam.standard.parties import PartyId
from voltroam.standard.v2_3_0.bookings import Booking, BookingRequest


class BookingOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A request that terms and calendars allow: shall it be granted?

    `booking` is as it stands; of a change it is the one to be changed.
    """

    booking: Booking
    request: BookingRequest
    partner: str
    asked_by: PartyId
    operator: PartyId


class Books(Protocol):
    """True: granted, False: declined, None: a person decides, through the operator API."""

    async def __call__(self, order: BookingOrder) -> bool | None: ...


async def nobody_decides(order: BookingOrder) -> bool | None:
    """Where no system stands behind the node."""
    return None
