"""Versions and endpoints, where 2.3.0 differs from 2.2.1 (§version_information_endpoint)."""

from voltroam.standard.types import OpenEnum
from voltroam.standard.v2_2_1.version_information import (
    Endpoint,
    InterfaceRole,
    VersionDetails,
    VersionInfo,
)

__all__ = [
    "Endpoint",
    "InterfaceRole",
    "ModuleID",
    "VersionDetails",
    "VersionInfo",
    "VersionNumber",
]


class VersionNumber(OpenEnum):
    """The versions that 2.3.0 knows of."""

    V2_0 = "2.0"
    V2_1 = "2.1"
    V2_1_1 = "2.1.1"
    V2_2 = "2.2"
    V2_2_1 = "2.2.1"
    V2_3_0 = "2.3.0"


class ModuleID(OpenEnum):
    """The modules of the chapter's table; those of the packages are missing there."""

    CDRS = "cdrs"
    CHARGING_PROFILES = "chargingprofiles"
    COMMANDS = "commands"
    CREDENTIALS = "credentials"
    HUB_CLIENT_INFO = "hubclientinfo"
    LOCATIONS = "locations"
    SESSIONS = "sessions"
    TARIFFS = "tariffs"
    TOKENS = "tokens"
