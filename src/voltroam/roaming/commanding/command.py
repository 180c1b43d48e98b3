"""A command that we sent, as the ledger keeps it, and how it may go on. Pure.

SENDING -> ANSWERED | REFUSED | UNCERTAIN -> RESULT | TIMED_OUT. A result may overtake the answer;
one after the time-out makes it LATE; the operator may take a reservation back later: CANCELED.
"""

from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec import structs

from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import (
    CommandResponse,
    CommandResponseType,
    CommandResult,
    CommandResultType,
    CommandType,
)
from voltroam.wire.times import from_micros, to_micros

COMMAND = "command"
"""Record kind of `Command`; the id is that of the response URL, the parent the platform."""
SECOND = 1_000_000


class CommandState(StrEnum):
    """Where a command stands."""

    SENDING = "SENDING"
    """Written down; it is on its way, or this process died with it."""
    ANSWERED = "ANSWERED"
    """The partner passed it on; its result is awaited."""
    REFUSED = "REFUSED"
    """The partner did not take it, or it never got there."""
    UNCERTAIN = "UNCERTAIN"
    """Nobody knows whether it arrived; a result may still come."""
    RESULT = "RESULT"
    """The charger answered; `result` tells what."""
    TIMED_OUT = "TIMED_OUT"
    """No result within the partner's timeout: taken for lost."""
    LATE = "LATE"
    """The result came after that."""
    CANCELED = "CANCELED"
    """A reservation that was made and that the operator took back."""


OPEN = frozenset({CommandState.SENDING, CommandState.ANSWERED, CommandState.UNCERTAIN})
"""What a result is still awaited for."""


class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One command. It names no token: the ledger outlives the driver's consent."""

    id: str
    command: CommandType
    partner: str
    """The partner's name when it was sent."""
    platform: str
    state: CommandState
    sent_at: datetime
    as_party: PartyId
    operator: PartyId | None = None
    """The party it went to."""
    location_id: str | None = None
    evse_uid: str | None = None
    connector_id: str | None = None
    session_id: str | None = None
    reservation_id: str | None = None
    expiry_date: datetime | None = None
    """Until when the reservation shall last."""
    authorization_reference: str | None = None
    desk: str | None = None
    """Who at the help desk asked for it."""
    response: CommandResponse | None = None
    """The partner's own answer."""
    answered_at: datetime | None = None
    wait_until: datetime | None = None
    """When it is taken for lost."""
    result: CommandResult | None = None
    """The charger's answer."""
    result_at: datetime | None = None
    canceled: CommandResult | None = None
    """What the operator said when it took the reservation back."""
    canceled_at: datetime | None = None
    code: int | None = None
    """OCPI status code of a refusal."""
    reason: str | None = None
    """Why it was refused or is uncertain."""

    @property
    def is_settled(self) -> bool:
        """Whether waiting any longer is of no use."""
        return self.state not in OPEN

    @property
    def succeeded(self) -> bool:
        """Whether the charger said yes, and has not taken it back."""
        return (
            self.state in (CommandState.RESULT, CommandState.LATE)
            and self.result is not None
            and self.result.result is CommandResultType.ACCEPTED
        )

    @property
    def due(self) -> int | None:
        """When `look` has to turn to it (µs)."""
        if self.is_settled or self.wait_until is None:
            return None
        return to_micros(self.wait_until)


def answered(command: Command, response: CommandResponse, now: int, longest: int) -> Command:
    """The partner answered. A result that was faster stands."""
    moment = from_micros(now)
    told = structs.replace(command, response=response, answered_at=moment, reason=None)
    if command.state not in OPEN:
        return told
    if response.result is not CommandResponseType.ACCEPTED:
        return structs.replace(told, state=CommandState.REFUSED, wait_until=None)
    seconds = min(max(response.timeout, 1), longest)
    return structs.replace(
        told, state=CommandState.ANSWERED, wait_until=from_micros(now + seconds * SECOND)
    )


def refused(command: Command, now: int, reason: str, code: int | None) -> Command:
    """It was not taken, for certain."""
    told = structs.replace(command, answered_at=from_micros(now), reason=reason, code=code)
    if command.state not in OPEN:
        return told
    return structs.replace(told, state=CommandState.REFUSED, wait_until=None)


def doubted(command: Command, now: int, wait: int, reason: str) -> Command:
    """Nobody knows whether it arrived. It is never sent again (OCPI 2.2.1 §mod_commands)."""
    if command.state is not CommandState.SENDING:
        return command
    return structs.replace(
        command, state=CommandState.UNCERTAIN, reason=reason,
        wait_until=from_micros(now + wait * SECOND),
    )  # fmt: skip


def lapsed(command: Command, now: int, wait: int) -> Command:
    """What the clock alone makes of it."""
    if command.due is None or now < command.due:
        return command
    if command.state is CommandState.SENDING:
        return doubted(command, now, wait, "the process ended while it was being sent")
    return structs.replace(command, state=CommandState.TIMED_OUT)


class Conflict(Exception):
    """Another result than the one that came before."""


class Gone(Exception):
    """Its response URL is no longer in use."""


def resulted(command: Command, result: CommandResult, now: int) -> Command:
    """A result came to the response URL. Raises Conflict, Gone; a repeat changes nothing."""
    moment = from_micros(now)
    if command.result is None:
        late = command.state is CommandState.TIMED_OUT or (
            command.due is not None
            and command.state is not CommandState.SENDING
            and now >= command.due
        )
        state = CommandState.LATE if late else CommandState.RESULT
        if command.state is CommandState.REFUSED:
            state = CommandState.REFUSED
        return structs.replace(command, result=result, result_at=moment, state=state)
    if _takes_back(command, result):
        if command.state is CommandState.CANCELED:
            return command
        if command.expiry_date is not None and moment > command.expiry_date:
            raise Gone
        return structs.replace(
            command, canceled=result, canceled_at=moment, state=CommandState.CANCELED
        )
    if result.result is command.result.result:
        return command
    raise Conflict


def _takes_back(command: Command, result: CommandResult) -> bool:
    """A reservation that was made, and is no more (OCPI 2.2.1 §mod_commands, flow)."""
    return (
        command.command is CommandType.RESERVE_NOW
        and result.result is CommandResultType.CANCELED_RESERVATION
        and command.result is not None
        and command.result.result is not CommandResultType.CANCELED_RESERVATION
    )
