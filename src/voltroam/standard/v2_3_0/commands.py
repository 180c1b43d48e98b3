"""Commands, where 2.3.0 differs from 2.2.1: their tokens and types (OCPI 2.3.0 §mod_commands)."""

import msgspec

from voltroam.standard.types import URL, CiString36, DateTime, Id36, OpenEnum
from voltroam.standard.v2_2_1.commands import (
    CancelReservation,
    CommandResponse,
    CommandResponseType,
    CommandResult,
    CommandResultType,
    StopSession,
    UnlockConnector,
)
from voltroam.standard.v2_3_0.tokens import Token

__all__ = [
    "CancelReservation",
    "CommandResponse",
    "CommandResponseType",
    "CommandResult",
    "CommandResultType",
    "CommandType",
    "ReserveNow",
    "StartSession",
    "StopSession",
    "UnlockConnector",
]


class CommandType(OpenEnum):
    """The commands; each stands as a segment in the path."""

    CANCEL_RESERVATION = "CANCEL_RESERVATION"
    RESERVE_NOW = "RESERVE_NOW"
    START_SESSION = "START_SESSION"
    STOP_SESSION = "STOP_SESSION"
    UNLOCK_CONNECTOR = "UNLOCK_CONNECTOR"


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
