"""Reading the bodies and queries of this module's calls: 2001 with a path for what is wrong."""

from typing import TypeVar

from voltroam.roaming.platforms import Platform
from voltroam.standard.errors import CallerError, InvalidBody
from voltroam.wire.call import Call
from voltroam.wire.decode import read

T = TypeVar("T")
LONGEST_URL = 255
"""Characters of a URL (OCPI 2.2.1 §types, URL)."""


def usable(shape: type[T], call: Call, caller: Platform) -> T:
    """The body as that type. Raises InvalidBody without any, CallerError if it cannot be used."""
    if call.body is None:
        raise InvalidBody("A JSON body is needed")
    reading = read(shape, call.body)
    if reading.value is None or not reading.usable(caller.profile.strict):
        raise CallerError(reading.message)
    return reading.value


def response_url_in(call: Call) -> str:
    """`response_url` of a query, percent-decoded."""
    url = call.query["response_url"]
    if not url or len(url) > LONGEST_URL:
        raise CallerError(f"query parameter response_url: 1 to {LONGEST_URL} characters")
    return url


def seconds_in(call: Call, longest: int) -> int:
    """`duration` of a query: whole seconds, more than 0, at most `longest`."""
    text = call.query["duration"]
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):
        raise CallerError("query parameter duration: must be a number of seconds, more than 0")
    return min(int(text), longest)
