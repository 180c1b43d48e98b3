"""What orders need of others, handed in where the node is joined."""

from typing import Protocol

from voltroam.roaming.commanding.reservation import Ending
from voltroam.roaming.host import Order
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Token


class Exempt(Protocol):
    """Nobody is asked about the token of a command for a while (CMD-START-03, CMD-START-04)."""

    async def __call__(
        self,
        token: Token,
        *,
        partner: str,
        operator: PartyId,
        location_id: str | None,
        evse_uid: str | None,
        authorization_reference: str | None,
        id: str,  # noqa: A002
    ) -> None: ...


class OnReserved(Protocol):
    """A RESERVE_NOW succeeded: its session begins (CMD-RES-01). Gives that session's id.

    At least once for each order; with the same `charger_reservation` again it is replaced.
    """

    async def __call__(self, order: Order) -> str | None: ...


class OnReservationOver(Protocol):
    """The reservation that this RESERVE_NOW made is over, for this reason; at least once.

    A driver who charges meanwhile is not to be disturbed: a reservation that nobody said was
    used ends as EXPIRED.
    """

    async def __call__(self, order: Order, why: Ending) -> None: ...


class Attended(Protocol):
    """Whether anybody stands behind the node who carries out commands."""

    async def __call__(self) -> bool: ...


async def always() -> bool:
    """Where a host is given."""
    return True


async def no_exemption(
    token: Token,
    *,
    partner: str,
    operator: PartyId,
    location_id: str | None,
    evse_uid: str | None,
    authorization_reference: str | None,
    id: str,  # noqa: A002
) -> None:
    """Where nothing asks in real time."""


async def no_session(order: Order) -> str | None:
    """Where the host keeps the sessions itself."""
    return None


async def no_end(order: Order, why: Ending) -> None:
    """Where the host ends the sessions itself."""
