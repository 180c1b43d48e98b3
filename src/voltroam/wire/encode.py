"""Writing our own objects: Decimal as JSON numbers, DateTime in the form of the standard."""

import re
from datetime import datetime
from decimal import Decimal

import msgspec

from voltroam.wire.times import format_datetime

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_OTHER_MOMENT = re.compile(rb'-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?!Z")')


def encode(value: object) -> bytes:
    """JSON of an object of the standard; DateTimes have at most milliseconds and end in Z.

    ValueError for numbers that JSON does not have (NaN, infinity).
    """
    data = _ENCODER.encode(value)
    if _OTHER_MOMENT.search(data):
        plain = msgspec.to_builtins(value, builtin_types=(datetime, Decimal))
        data = _ENCODER.encode(_with_texts(plain))
    if b"NaN" in data or b"Infinity" in data:
        msgspec.json.decode(data)  # tells a number from a word in a string
    return data


def _with_texts(plain: object) -> object:
    """msgspec writes microseconds and offsets, which a DateTime has no room for."""
    if isinstance(plain, datetime):
        return format_datetime(plain)
    if isinstance(plain, dict):
        return {name: _with_texts(member) for name, member in plain.items()}
    if isinstance(plain, list | tuple):
        return [_with_texts(item) for item in plain]
    return plain
