"""What charging tells others, handed in where the node is joined."""

from datetime import datetime
from typing import Protocol

from voltroam.roaming.charging.charge import Charge
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import CdrToken


class OnArrival(Protocol):
    """The driver of a reservation charges: its session is ACTIVE now (SES-FLOW-08).

    After the commit, and again whenever the host says so again.
    """

    async def __call__(self, charge: Charge) -> None: ...


class Booked(Protocol):
    """The authorization_reference of the booking that a driver comes for, if there is one."""

    async def __call__(
        self, owner: PartyId, location_id: str, evse_uid: str, token: CdrToken, at: datetime
    ) -> str | None: ...


async def nobody_books(
    owner: PartyId, location_id: str, evse_uid: str, token: CdrToken, at: datetime
) -> str | None:
    """Where no bookings are taken."""
    return None


async def nobody_waits(charge: Charge) -> None:
    """Where reservations are kept elsewhere."""
