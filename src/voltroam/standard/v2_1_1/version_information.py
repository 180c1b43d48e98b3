"""Versions of a platform and the endpoints of each (OCPI 2.1.1 §version_information_endpoint)."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from voltroam.standard.types import URL, ModuleText, VersionText
from voltroam.standard.v2_2_1.version_information import VersionInfo

__all__ = ["Endpoint", "ModuleID", "VersionDetails", "VersionInfo", "VersionNumber"]


class VersionNumber(StrEnum):
    """The versions that 2.1.1 knows of; newer ones appear in version lists all the same."""

    V2_0 = "2.0"
    V2_1 = "2.1"
    V2_1_1 = "2.1.1"


class ModuleID(StrEnum):
    """The modules of 2.1.1; custom ones may be agreed on."""

    CDRS = "cdrs"
    COMMANDS = "commands"
    CREDENTIALS = "credentials"
    LOCATIONS = "locations"
    SESSIONS = "sessions"
    TARIFFS = "tariffs"
    TOKENS = "tokens"


class Endpoint(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """Where a module is; its side follows from the tree that lists it."""

    identifier: ModuleText
    url: URL


class VersionDetails(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """The endpoints of one version in one tree."""

    version: VersionText
    endpoints: Annotated[list[Endpoint], Meta(min_length=1)]
