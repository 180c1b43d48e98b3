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


class BookedFor(NamedTuple):
    """The booking that a driver comes for, the authorization that was given with it, and when its
    slot is over."""

    booking_id: str
    authorization_reference: str
    until: datetime | None = None


class Booked(Protocol):
    """The booking that a driver comes for, if there is one: by the token, or by the
    authorization_reference that the start had."""

    async def __call__(
        self,
        owner: PartyId,
        location_id: str,
        evse_uid: str,
        token: CdrToken,
        at: datetime,
        *,
        reference: str | None,
    ) -> BookedFor | None: ...


class Invoiced(Protocol):
    """What our invoice for a driver who pays at a terminal is known by; None: we make none."""

    async def __call__(
        self,
        owner: PartyId,
        location_id: str,
        evse_uid: str,
        token: CdrToken,
        *,
        reference: str | None,
    ) -> str | None: ...


async def nobody_invoices(
    owner: PartyId,
    location_id: str,
    evse_uid: str,
    token: CdrToken,
    *,
    reference: str | None,
) -> str | None:
    """Where no payment terminals are known."""
    return None


async def nobody_books(
    owner: PartyId,
    location_id: str,
    evse_uid: str,
    token: CdrToken,
    at: datetime,
    *,
    reference: str | None,
) -> BookedFor | None:
    """Where no bookings are taken."""
    return None


async def nobody_waits(charge: Charge) -> None:
    """Where reservations are kept elsewhere."""
