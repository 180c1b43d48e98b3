"""OCPI status codes: the first digit says whose fault it is (OCPI 2.2.1 §status_codes)."""

from collections.abc import Collection
from enum import IntEnum


class StatusCode(IntEnum):
    """The codes that the standard defines; partners may send others of the same ranges."""

    SUCCESS = 1000
    CLIENT_ERROR = 2000
    INVALID_PARAMETERS = 2001
    NOT_ENOUGH_INFORMATION = 2002
    UNKNOWN_LOCATION = 2003
    UNKNOWN_TOKEN = 2004
    SERVER_ERROR = 3000
    UNUSABLE_CLIENT_API = 3001
    UNSUPPORTED_VERSION = 3002
    NO_MATCHING_ENDPOINTS = 3003
    HUB_ERROR = 4000
    UNKNOWN_RECEIVER = 4001
    FORWARD_TIMEOUT = 4002
    CONNECTION_PROBLEM = 4003


def is_success(code: int) -> bool:
    """Unknown codes are judged by their range: 1xxx is success (OCPI 2.2.1 §status_codes)."""
    return 1000 <= code < 2000


def within(code: int, known: Collection[StatusCode]) -> int:
    """The code itself where a version knows it or it is custom, else the general one of its fault.

    What a hub could not do is a server's fault to a partner that knows no hubs.
    """
    if code in known or code not in _ALL:
        return code
    return StatusCode.CLIENT_ERROR if code < StatusCode.SERVER_ERROR else StatusCode.SERVER_ERROR


_ALL = frozenset(StatusCode)
