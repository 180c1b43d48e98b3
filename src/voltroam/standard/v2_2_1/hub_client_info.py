"""Which parties a hub connects, and how they are (OCPI 2.2.1 §mod_hub_client_info)."""

from enum import StrEnum

import msgspec

from voltroam.standard.types import CountryCode, DateTime, PartyCode
from voltroam.standard.v2_2_1.types import Role


class ConnectionStatus(StrEnum):
    """Whether a hub can reach a party; only CONNECTED ones get requests."""

    CONNECTED = "CONNECTED"
    OFFLINE = "OFFLINE"
    PLANNED = "PLANNED"
    SUSPENDED = "SUSPENDED"


class ClientInfo(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One party behind the hub, in one role."""

    party_id: PartyCode
    country_code: CountryCode
    role: Role
    status: ConnectionStatus
    last_updated: DateTime
