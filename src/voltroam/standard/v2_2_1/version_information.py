"""Versions of a platform and the endpoints of each (OCPI 2.2.1 §version_information_endpoint)."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from voltroam.standard.types import URL, ModuleText, VersionText


class VersionNumber(StrEnum):
    """The versions that 2.2.1 knows of; newer ones appear in version lists all the same."""

    V2_0 = "2.0"
    V2_1 = "2.1"
    V2_1_1 = "2.1.1"
    V2_2 = "2.2"
    V2_2_1 = "2.2.1"


class ModuleID(StrEnum):
    """The modules of 2.2.1; custom ones may be agreed on."""

    CDRS = "cdrs"
    CHARGING_PROFILES = "chargingprofiles"
    COMMANDS = "commands"
    CREDENTIALS = "credentials"
    HUB_CLIENT_INFO = "hubclientinfo"
    LOCATIONS = "locations"
    SESSIONS = "sessions"
    TARIFFS = "tariffs"
    TOKENS = "tokens"


class InterfaceRole(StrEnum):
    """The two sides of a module: the owner of the data sends, the other receives."""

    SENDER = "SENDER"
    RECEIVER = "RECEIVER"


class VersionInfo(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One line of the versions list; the chapter calls this class Version."""

    version: VersionText
    url: URL


class Endpoint(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Where one interface of one module is; the role of `credentials` means nothing."""

    identifier: ModuleText
    role: InterfaceRole
    url: URL


class VersionDetails(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """The endpoints of one version."""

    version: VersionText
    endpoints: Annotated[list[Endpoint], Meta(min_length=1)]
