"""What bookings ask of the company's own system."""

from typing import Protocol

from voltroam.roaming.host import BookingOrder


class Books(Protocol):
    """True: granted, False: declined, None: a person decides, through the operator API."""

    async def __call__(self, order: BookingOrder) -> bool | None: ...


async def nobody_decides(order: BookingOrder) -> bool | None:
    """Where no system stands behind the node."""
    return None
