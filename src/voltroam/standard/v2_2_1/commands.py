"""What an eMSP asks of a CPO's charger (OCPI 2.2.1 §mod_commands)."""

from enum import StrEnum

import msgspec

from voltroam.standard.types import URL, CiString36, DateTime, Id36
from voltroam.standard.v2_2_1.tokens import Token
from voltroam.standard.v2_2_1.types import DisplayText


class CommandType(StrEnum):
    """The commands; each stands as a segment in the path."""

    CANCEL_RESERVATION = "CANCEL_RESERVATION"
    RESERVE_NOW = "RESERVE_NOW"
    START_SESSION = "START_SESSION"
    STOP_SESSION = "STOP_SESSION"
    UNLOCK_CONNECTOR = "UNLOCK_CONNECTOR"


class CommandResponseType(StrEnum):
    """What the CPO says at once."""

    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    ACCEPTED = "ACCEPTED"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"


class CommandResultType(StrEnum):
    """What the charger says later."""

    ACCEPTED = "ACCEPTED"
    CANCELED_RESERVATION = "CANCELED_RESERVATION"
    EVSE_OCCUPIED = "EVSE_OCCUPIED"
    EVSE_INOPERATIVE = "EVSE_INOPERATIVE"
    FAILED = "FAILED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    TIMEOUT = "TIMEOUT"
    UNKNOWN_RESERVATION = "UNKNOWN_RESERVATION"


class CancelReservation(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Give up a reservation; it may cost something all the same."""

    response_url: URL
    reservation_id: Id36


class ReserveNow(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Keep an EVSE free until `expiry_date`; the same `reservation_id` again replaces it."""

    response_url: URL
    token: Token
    expiry_date: DateTime
    reservation_id: Id36
    location_id: Id36
    evse_uid: CiString36 | None = None
    authorization_reference: CiString36 | None = None


class StartSession(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Start charging; a connector needs its EVSE."""

    response_url: URL
    token: Token
    location_id: Id36
    evse_uid: CiString36 | None = None
    connector_id: CiString36 | None = None
    authorization_reference: CiString36 | None = None


class StopSession(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Stop charging."""

    response_url: URL
    session_id: Id36


class UnlockConnector(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Unlock a connector that did not open by itself: for help desks only."""

    response_url: URL
    location_id: Id36
    evse_uid: Id36
    connector_id: Id36


class CommandResponse(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """The CPO's own answer; after `timeout` seconds no result is to be expected."""

    result: CommandResponseType
    timeout: int
    message: list[DisplayText] | None = None


class CommandResult(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """The charger's answer, sent to the `response_url` of the command."""

    result: CommandResultType
    message: list[DisplayText] | None = None
