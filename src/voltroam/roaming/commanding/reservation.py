"""A reservation that a partner made at one of our chargers, and how it may go on. Pure.

The partner's id never reaches a charger: each reservation has a number of its own, unique over all
partners (OCPI 2.2.1 §mod_commands, ReserveNow). PENDING -> LIVE -> ENDING -> OVER.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec import structs

from voltroam.standard.parties import PartyId, fold
from voltroam.wire.times import from_micros, to_micros

RESERVATION = "reservation"
"""Record kind of `Reservation`; the parent is the platform as long as it is not over."""
RESERVATION_NUMBER = "reservation_number"
"""Record kind: from the charger's number to the record of the reservation; `last` counts."""
EPOCH_SECONDS = 1_577_836_800
"""2020: numbers start at the seconds since then, so that a restored database reuses none."""


class ReservationState(StrEnum):
    """Where a reservation stands."""

    PENDING = "PENDING"
    """Asked for; the charger has not said yes."""
    LIVE = "LIVE"
    ENDING = "ENDING"
    """Over, and those who must know of it are being told."""
    OVER = "OVER"


class Ending(StrEnum):
    """Why a reservation is over."""

    USED = "USED"
    """Its driver charges: the session goes on."""
    EXPIRED = "EXPIRED"
    CANCELED = "CANCELED"
    """By who made it."""
    CANCELED_BY_OPERATOR = "CANCELED_BY_OPERATOR"
    NEVER_MADE = "NEVER_MADE"
    """The charger did not say yes."""


class Notice(StrEnum):
    """What became of the operator's CANCELED_RESERVATION, which is sent once."""

    SENDING = "SENDING"
    SENT = "SENT"
    REFUSED = "REFUSED"
    UNCERTAIN = "UNCERTAIN"


class Reservation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reservation. It names no token: that stands in its order."""

    id: str
    platform: str
    party: PartyId
    reservation_id: str
    """The partner's."""
    charger_reservation: int
    """Ours, for the charger."""
    location_id: str
    state: ReservationState
    order_id: str
    """The RESERVE_NOW that made it, or that asks for it while it is PENDING."""
    check_at: datetime | None = None
    expires: datetime | None = None
    announced: bool = False
    """Whether its session was opened."""
    session_id: str | None = None
    ending: Ending | None = None
    notice: Notice | None = None
    notice_reason: str | None = None

    @property
    def due(self) -> int | None:
        if self.state is ReservationState.OVER or self.check_at is None:
            return None
        return to_micros(self.check_at)

    @property
    def is_living(self) -> bool:
        return self.state in (ReservationState.PENDING, ReservationState.LIVE)


def reservation_key(platform_id: str, party: PartyId, reservation_id: str) -> str:
    """Record id: the same id of two eMSPs is two reservations (CMD-RES-03)."""
    return f"{platform_id}|{party.folded}|{fold(reservation_id)}"


def next_number(last: int, now: int) -> int:
    """Fits the 31 bits of the chargers' protocols until 2088."""
    return max(last + 1, now // 1_000_000 - EPOCH_SECONDS)


def made(held: Reservation, order_id: str, expires: datetime, now: int) -> Reservation:
    """The charger said yes; an earlier one of the same id is replaced (CMD-RES-02)."""
    if not held.is_living:
        return held
    return structs.replace(
        held, state=ReservationState.LIVE, order_id=order_id, expires=expires, announced=False,
        check_at=from_micros(now),
    )  # fmt: skip


def not_made(held: Reservation, order_id: str) -> Reservation:
    """The charger said no: one that lives already stays as it is."""
    if held.state is not ReservationState.PENDING or held.order_id != order_id:
        return held
    return over(held, Ending.NEVER_MADE)


def announced(held: Reservation, order_id: str, session_id: str | None) -> Reservation:
    """Its session is open."""
    if held.state is not ReservationState.LIVE or held.order_id != order_id:
        return held
    return structs.replace(
        held, announced=True, session_id=session_id or held.session_id, check_at=held.expires
    )


def ending(held: Reservation, why: Ending, now: int, notice: Notice | None = None) -> Reservation:
    """It is over for the driver; the rest is told next. Nobody was told of a PENDING one."""
    if held.state is ReservationState.PENDING:
        return over(held, why)
    if held.state is not ReservationState.LIVE:
        return held
    return structs.replace(
        held, state=ReservationState.ENDING, ending=why, check_at=from_micros(now), notice=notice
    )


def over(held: Reservation, why: Ending | None = None) -> Reservation:
    """Nothing remains to be done."""
    if held.state is ReservationState.OVER:
        return held
    return structs.replace(
        held, state=ReservationState.OVER, ending=held.ending or why, check_at=None
    )


def later(held: Reservation, now: int, seconds: float) -> Reservation:
    """Somebody could not be told: again after a while."""
    if held.state is ReservationState.OVER:
        return held
    return structs.replace(held, check_at=from_micros(now) + timedelta(seconds=seconds))
