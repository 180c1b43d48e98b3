"""What happens in the world, in the order in which it happened. Times are the world's.

`charge` names a charge within the world; whoever listens maps it to a session.
"""

from dataclasses import dataclass
from datetime import datetime

from voltroam.roaming.host import Reading
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Token


@dataclass(frozen=True, slots=True)
class Place:
    """An EVSE, and the connector that is meant."""

    operator: PartyId
    location_id: str
    evse_uid: str
    connector_id: str


@dataclass(frozen=True, slots=True)
class Came:
    """A driver holds a card to the reader; nothing flows before `World.admit`."""

    at: datetime
    charge: str
    place: Place
    token: Token


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """An EVSE has another status (OCPI 2.2.1 §mod_locations, Status)."""

    at: datetime
    place: Place
    status: str


@dataclass(frozen=True, slots=True)
class Awaited:
    """Started from afar: the charger waits for the cable; `reserved`: at an EVSE that was kept."""

    at: datetime
    charge: str
    place: Place
    token: Token
    order: str
    reference: str | None
    reserved: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """Plugged in and begun. `order` and `reference` as the start had them."""

    at: datetime
    charge: str
    place: Place
    token: Token
    meter: str
    reading: Reading
    order: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """The meter was read."""

    at: datetime
    charge: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class Steered:
    """What a charge may draw has changed by itself: a wish or a step of a profile."""

    at: datetime
    charge: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The charge is over; the reading is signed."""

    at: datetime
    charge: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A charge that never began."""

    at: datetime
    charge: str
    why: str


@dataclass(frozen=True, slots=True)
class Reserved:
    """An EVSE is kept for a driver; again when a reservation is given a new time."""

    at: datetime
    reservation: str
    place: Place
    token: Token
    until: datetime


@dataclass(frozen=True, slots=True)
class ReservationOver:
    """`how`: used (a charge began), expired or cancelled."""

    at: datetime
    reservation: str
    how: str


Happening = (
    Came
    | StatusChanged
    | Awaited
    | Begun
    | Read
    | Steered
    | Ended
    | Abandoned
    | Reserved
    | ReservationOver
)
