"""JSON text to plain values, strictly: what msgspec passes over silently is found here.

Invalid UTF-8, a byte order mark, lone surrogates, NaN, and nesting below 64 levels are broken JSON
(HTTP 400). Keys given twice are reported with their path, for the caller could mean either value.
Numbers with a fraction or exponent become Decimal.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import NoReturn

from voltroam.standard.errors import InvalidBody

DEEPEST = 64
"""Levels of objects and lists in one document."""

MOST_DIGITS = 4300
"""Digits of an integer: conversion costs their square, more of them stay a Decimal."""

OUT_OF_RANGE = Decimal("NaN")
"""Stands for a number that no Decimal can hold."""

_CURLY = bytes.maketrans(b"[]", b"{}")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class Twice(dict[str, object]):
    """An object in which some keys stand more than once; the last value counts."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        counts = Counter(name for name, _ in pairs)
        self.repeated = tuple(name for name, count in counts.items() if count > 1)


def parse(data: bytes) -> tuple[object, tuple[str, ...]]:
    """The plain value of a document, and the paths of keys that stand twice.

    InvalidBody if it is no JSON that others could read too.
    """
    twice: list[Twice] = []

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        read = dict(pairs)
        if len(read) == len(pairs):
            return read
        read = Twice(pairs)
        twice.append(read)
        return read

    decoder = json.JSONDecoder(
        object_pairs_hook=members,
        parse_int=_integer,
        parse_float=_fraction,
        parse_constant=_constant,
    )
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise InvalidBody("the body is not valid UTF-8") from None
    if too_deep(data):
        raise InvalidBody(f"the body is nested deeper than {DEEPEST} levels")
    try:
        value: object = decoder.decode(text)
    except ValueError as fault:
        raise InvalidBody(f"the body is not valid JSON: {fault}") from None
    except RecursionError:
        raise InvalidBody("the body is nested too deep") from None
    if _SURROGATE.search(text) and not all(_encodable(part) for part in _texts(value)):
        raise InvalidBody("the body holds half a surrogate pair")
    return value, tuple(_duplicates(value)) if twice else ()


def too_deep(data: bytes) -> bool:
    """Whether brackets nest below the limit; counted before anything recurses.

    Each round takes the innermost pairs away. Unbalanced brackets are left to the parser.
    """
    if data.count(b"[") + data.count(b"{") <= DEEPEST:
        return False
    outside = data.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2]
    pairs = b"".join(outside).translate(_CURLY, _NO_BRACKETS)
    for _ in range(DEEPEST):
        shorter = pairs.replace(b"{}", b"")
        if len(shorter) in (0, len(pairs)):
            return False
        pairs = shorter
    return True


def _duplicates(value: object, path: str = "$") -> Iterator[str]:
    """The paths of all keys that stand twice."""
    if isinstance(value, dict):
        if isinstance(value, Twice):
            yield from (f"{path}.{name}" for name in value.repeated)
        for name, member in value.items():
            yield from _duplicates(member, f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _duplicates(item, f"{path}[{index}]")


def _integer(digits: str) -> object:
    return int(digits) if len(digits) <= MOST_DIGITS else Decimal(digits)


def _fraction(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        return OUT_OF_RANGE


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from _texts(member)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
