"""What charging tells others, handed in where the node is joined."""

from typing import Protocol

from voltroam.roaming.charging.charge import Charge


class OnArrival(Protocol):
    """The driver of a reservation charges: its session is ACTIVE now (SES-FLOW-08).

    After the commit, and again whenever the host says so again.
    """

    async def __call__(self, charge: Charge) -> None: ...


async def nobody_waits(charge: Charge) -> None:
    """Where reservations are kept elsewhere."""
