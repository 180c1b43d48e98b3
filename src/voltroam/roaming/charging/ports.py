"""What charging tells others, handed in where the node is joined."""

from datetime import datetime
from typing import NamedTuple, Protocol

from voltroam.roaming.charging.charge import Charge
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import CdrToken


class OnArrival(Protocol):
    """The driver of a reservation charges: its session is ACTIVE now (SES-FLOW-08).

    After the commit, and again whenever the host says so again.
    """

    async def __call__(self, charge: Charge) -> None: ...


class Coming(NamedTuple):
    """A driver who comes to charge, and the authorization_reference that the start had."""

    owner: PartyId
    location_id: str
    evse_uid: str
    token: CdrToken
    at: datetime
    reference: str | None


class BookedFor(NamedTuple):
    """The booking that a driver comes for, the authorization that was given with it, and when its
    slot is over."""

    booking_id: str
    authorization_reference: str
    until: datetime | None = None


class Booked(Protocol):
    """The booking that a driver comes for, if there is one: by the token, or by the reference."""

    async def __call__(self, coming: Coming) -> BookedFor | None: ...


class Invoiced(Protocol):
    """What our invoice for a driver who pays at a terminal is known by; None: we make none."""

    async def __call__(self, coming: Coming) -> str | None: ...


async def nobody_invoices(coming: Coming) -> str | None:
    """Where no payment terminals are known."""
    return None


async def nobody_books(coming: Coming) -> BookedFor | None:
    """Where no bookings are taken."""
    return None


async def nobody_waits(charge: Charge) -> None:
    """Where reservations are kept elsewhere."""
