"""A command that a partner gave us, as the ledger keeps it, and how it may go on. Pure.

CONSIDERING -> TURNED_DOWN | ACCEPTED [-> WAITING] -> RESULT_SENDING -> SENT | REFUSED | UNCERTAIN.
A step that does not fit where the order stands leaves it as it is: whoever comes first decides.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec import structs

from voltroam.roaming.host import AnyCommand, Order
from voltroam.standard.parties import PartyId
from voltroam.standard.status import StatusCode
from voltroam.standard.v2_2_1 import (
    CancelReservation,
    CommandResponse,
    CommandResponseType,
    CommandResult,
    CommandType,
    ReserveNow,
    StartSession,
    StopSession,
    UnlockConnector,
)
from voltroam.wire.decode import Reading, read
from voltroam.wire.times import from_micros, to_micros

ORDER = "order"
"""Record kind of `OrderEntry`; the parent is the platform."""
GRACE = timedelta(seconds=1)
"""After its deadline an order is left for so long to the process that carries it out."""
BODIES: dict[CommandType, type[AnyCommand]] = {
    CommandType.START_SESSION: StartSession,
    CommandType.STOP_SESSION: StopSession,
    CommandType.RESERVE_NOW: ReserveNow,
    CommandType.CANCEL_RESERVATION: CancelReservation,
    CommandType.UNLOCK_CONNECTOR: UnlockConnector,
}


class OrderState(StrEnum):
    """Where an order stands."""

    CONSIDERING = "CONSIDERING"
    """The host is asked whether it can be passed on; the partner waits."""
    TURNED_DOWN = "TURNED_DOWN"
    """Answered with anything but ACCEPTED: no result follows."""
    ACCEPTED = "ACCEPTED"
    """The host carries it out."""
    WAITING = "WAITING"
    """The host will report what became of it."""
    RESULT_SENDING = "RESULT_SENDING"
    """The result is known and on its way, once."""
    SENT = "SENT"
    """The partner took the result."""
    REFUSED = "REFUSED"
    """The partner did not take it, or could not be reached; it is not sent again."""
    UNCERTAIN = "UNCERTAIN"
    """Nobody knows whether the result arrived; it is not sent again."""


UNDER_WAY = frozenset({OrderState.ACCEPTED, OrderState.WAITING})
"""A result may still be decided."""
FINAL = frozenset(
    {OrderState.TURNED_DOWN, OrderState.SENT, OrderState.REFUSED, OrderState.UNCERTAIN}
)


class OrderEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One order. `body` is the command as it came, the driver's token included."""

    id: str
    command: CommandType
    platform: str
    partner: str
    """The partner's name when it came."""
    asked_by: PartyId
    operator: PartyId
    state: OrderState
    received_at: datetime
    deadline: datetime
    """When the host's time ends."""
    body: msgspec.Raw
    response_url: str
    correlation_id: str = ""
    holder: str = ""
    """The process that works at it."""
    check_at: datetime | None = None
    """When somebody has to see whether that process lives, or time is up."""
    location_id: str | None = None
    evse_uid: str | None = None
    connector_id: str | None = None
    session_id: str | None = None
    charger_reservation: int | None = None
    reservation_id: str | None = None
    """The partner's."""
    reservation: str | None = None
    """Record id of the reservation that it is about."""
    response: CommandResponse | None = None
    code: int = StatusCode.SUCCESS
    """OCPI status code that went with the response."""
    answered_at: datetime | None = None
    result: CommandResult | None = None
    result_at: datetime | None = None
    late: CommandResult | None = None
    """What the host said when the partner had been told something else."""
    reason: str | None = None
    """Why the result did not arrive."""

    def __repr__(self) -> str:
        return f"OrderEntry({self.id}, {self.command.value}, {self.state.value})"

    @property
    def due(self) -> int | None:
        """When `look` has to turn to it (µs)."""
        if self.state in FINAL or self.check_at is None:
            return None
        return to_micros(self.check_at)

    def order(self) -> Order:
        """What the host gets."""
        reading: Reading[AnyCommand] = read(BODIES[self.command], bytes(self.body))
        if reading.value is None:
            raise ValueError(f"order {self.id} holds no {self.command.value}")
        return Order(
            id=self.id, command=self.command, body=reading.value, partner=self.platform,
            asked_by=self.asked_by, operator=self.operator, deadline=self.deadline,
            session_id=self.session_id, charger_reservation=self.charger_reservation,
        )  # fmt: skip


def answered(
    entry: OrderEntry, response: CommandResponse, now: int, *, code: int, check_at: datetime
) -> OrderEntry:
    """Our answer to the partner, given once."""
    if entry.state is not OrderState.CONSIDERING:
        return entry
    passed_on = response.result is CommandResponseType.ACCEPTED
    return structs.replace(
        entry,
        state=OrderState.ACCEPTED if passed_on else OrderState.TURNED_DOWN,
        response=response,
        code=code,
        answered_at=from_micros(now),
        check_at=check_at,
    )


def left_waiting(entry: OrderEntry) -> OrderEntry:
    """The host will report: no process works at it, only the deadline counts."""
    if entry.state is not OrderState.ACCEPTED:
        return entry
    return structs.replace(entry, state=OrderState.WAITING, check_at=entry.deadline, holder="")


def decided(
    entry: OrderEntry,
    result: CommandResult,
    now: int,
    *,
    holder: str,
    check_at: datetime,
    note: bool,
) -> OrderEntry:
    """What the partner will be told. The first decision stands; of a later one of the host's
    (`note`) the ledger keeps a word."""
    if entry.state in UNDER_WAY:
        return structs.replace(
            entry, state=OrderState.RESULT_SENDING, result=result, result_at=from_micros(now),
            holder=holder, check_at=check_at,
        )  # fmt: skip
    unheard = entry.late is None and entry.result not in (None, result)
    if not (note and unheard):
        return entry
    return structs.replace(entry, late=result)


def posted(entry: OrderEntry, state: OrderState, reason: str | None) -> OrderEntry:
    """What became of the one POST; who sent it knows better than who took it for dead."""
    if entry.state not in (OrderState.RESULT_SENDING, OrderState.UNCERTAIN):
        return entry
    return structs.replace(entry, state=state, reason=reason)


def postponed(entry: OrderEntry, now: int, lease: float) -> OrderEntry:
    """Its process lives: see again later, just after its deadline at the latest."""
    if entry.state in FINAL:
        return entry
    moment = from_micros(now)
    later = moment + timedelta(seconds=lease)
    if entry.deadline > moment:
        later = min(later, entry.deadline + GRACE)
    return structs.replace(entry, check_at=later)
