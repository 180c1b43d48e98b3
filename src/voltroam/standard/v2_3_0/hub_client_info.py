"""Parties behind a hub, where 2.3.0 differs from 2.2.1: roles (OCPI 2.3.0 §mod_hub_client_info)."""

import msgspec

from voltroam.standard.types import CountryCode, DateTime, PartyCode
from voltroam.standard.v2_2_1.hub_client_info import ConnectionStatus
from voltroam.standard.v2_3_0.types import Role

__all__ = ["ClientInfo", "ConnectionStatus"]


class ClientInfo(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One party behind the hub, in one role."""

    party_id: PartyCode
    country_code: CountryCode
    role: Role
    status: ConnectionStatus
    last_updated: DateTime
