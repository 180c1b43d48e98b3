"""OCPI DateTime: RFC 3339 in UTC, `YYYY-MM-DDThh:mm:ss` with optional fraction and optional `Z`.

At most 25 characters, no numeric offsets; no designator means UTC (OCPI 2.2.1 §types).
"""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import msgspec

MAX_LENGTH = 25
"""Characters of a DateTime."""

_USUAL = frozenset({20, 24})
"""Characters of a time with Z, to the second and to the millisecond."""
_write = msgspec.json.Encoder().encode
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PATTERN = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.([0-9]{1,12}))?Z?"
)


def parse_datetime(text: str) -> datetime:
    """Read an OCPI DateTime as aware UTC; ValueError for any other pattern (OCPI 2.2.1 §types).

    A longer fraction than the 25 characters leave room for is read too (its length is a matter
    for validation); what is below a microsecond is cut off.
    """
    if len(text) in _USUAL and text[10] == "T" and text[-1] == "Z" and text.isprintable():
        with suppress(msgspec.ValidationError):
            return msgspec.convert(text, datetime)
    return parse_thoroughly(text)


@lru_cache(maxsize=4096)
def parse_thoroughly(text: str) -> datetime:
    """The same for every form that is legal: the two that all write take a tenth of the time."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError("not a DateTime of the form YYYY-MM-DDThh:mm:ss[.fff][Z] in UTC")
    moment = datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
    fraction = match[1]
    if fraction is None:
        return moment
    return moment.replace(microsecond=int(fraction[:6].ljust(6, "0")))


def format_datetime(moment: datetime) -> str:
    """Write at most milliseconds and `Z`, never an offset: 20 or 24 characters (OCPI 2.2.1 §types).

    A naive datetime is UTC. Microseconds are cut off, never rounded into the future.
    """
    if moment.tzinfo is not None and moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    text = _write(moment)[1:24].decode()  # a tenth of the time that isoformat takes
    return f"{text}Z" if moment.microsecond >= 1000 else f"{text[:19]}Z"


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC; a naive datetime is UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC datetime of microseconds since 1970; OverflowError outside years 1 to 9999."""
    return _EPOCH + timedelta(microseconds=micros)
