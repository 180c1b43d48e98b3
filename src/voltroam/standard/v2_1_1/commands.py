"""What an eMSP asks of a CPO's charger (OCPI 2.1.1 §mod_commands)."""

from enum import StrEnum

import msgspec

from voltroam.standard.types import URL, DateTime
from voltroam.standard.v2_1_1.tokens import Token
from voltroam.standard.v2_1_1.types import Identifier39, Name36, Name39


class CommandType(StrEnum):
    """The commands; each stands as a segment in the path."""

    RESERVE_NOW = "RESERVE_NOW"
    START_SESSION = "START_SESSION"
    STOP_SESSION = "STOP_SESSION"
    UNLOCK_CONNECTOR = "UNLOCK_CONNECTOR"


class CommandResponseType(StrEnum):
    """What the CPO says at once, and the charger later."""

    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    ACCEPTED = "ACCEPTED"
    TIMEOUT = "TIMEOUT"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"


class ReserveNow(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Keep an EVSE free until `expiry_date`; the same `reservation_id` again replaces it."""

    response_url: URL
    token: Token
    expiry_date: DateTime
    reservation_id: int
    location_id: Name39
    evse_uid: Identifier39 | None = None


class StartSession(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Start charging."""

    response_url: URL
    token: Token
    location_id: Name39
    evse_uid: Identifier39 | None = None


class StopSession(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Stop charging."""

    response_url: URL
    session_id: Name36


class UnlockConnector(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Unlock a connector that did not open by itself: for help desks only."""

    response_url: URL
    location_id: Name39
    evse_uid: Name39
    connector_id: Name36


class CommandResponse(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """The CPO's own answer, and the charger's that follows to the `response_url`."""

    result: CommandResponseType


CommandResult = CommandResponse
"""What later versions send to the `response_url` is the same object here."""

CommandResultType = CommandResponseType
