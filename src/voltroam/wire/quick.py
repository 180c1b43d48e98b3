"""The fast path: decode into the type, then prove by cheap scans that nothing is wrong.

Every scan may suspect too much, never too little: what it lets pass has no problem in the
thorough reading either (a property test holds both together). The scans rest on one fact: msgspec
writes a decoded object back with as many quotes as it read, unless the document has keys given
twice, members unknown to the type, explicit nulls, or numbers written as strings.
"""

import re
from collections.abc import Hashable, Iterator
from functools import lru_cache

import msgspec
from msgspec import inspect

from voltroam.wire.plain import DEEPEST, too_deep
from voltroam.wire.styles import STYLES, usual_form
from voltroam.wire.walk import IDENTIFIERS, has_control

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_PLAIN = msgspec.json.Decoder()
_ODD_MOMENT = re.compile(rb'-..(?:T..:..:..(?!(?:\.[0-9]{1,4})?Z")|[t ]..:)')
"""msgspec reads offsets, no zone, long fractions, a small t or a blank; a DateTime has none."""
_ODD_WRITTEN = re.compile(rb'T..:..:..(?!(?:\.[0-9]{3})?Z")')
"""The same in what msgspec wrote: always with a large T."""
_ASCII_ONLY = IDENTIFIERS | {"ascii"}
_EMPTY = b':""'
_EXPONENT = re.compile(rb"E[+-][0-9]+[,}\]]")
_MOST_TEXTS = 200
"""Strings with non-ASCII characters that are looked at one by one."""


class Quick:
    """The fast path of one type."""

    def __init__(self, shape: object) -> None:
        self._decoder: msgspec.json.Decoder[object] = msgspec.json.Decoder(shape)
        texts: set[bytes] = set()
        identifiers: set[bytes] = set()
        numbers: set[str] = set()
        styled: set[tuple[bytes, str]] = set()
        for name, kind, word in _leaves(inspect.type_info(shape)):
            key = name.encode()
            if isinstance(kind, inspect.DecimalType):
                numbers.add(name)
            elif isinstance(kind, inspect.StrType):
                (identifiers if word in _ASCII_ONLY else texts).add(key)
                if word in STYLES:
                    styled.add((key, word))
        self._texts = frozenset(texts - identifiers)
        self._styled = tuple(
            (b'%b":"' % key, re.compile(usual_form(word) + b'"')) for key, word in sorted(styled)
        )
        names = "|".join(map(re.escape, sorted(numbers)))
        self._numeric = _numeric_members(shape) if numbers else ()
        self._quoted_number = re.compile(f'"(?:{names})":["\\[]'.encode()) if numbers else None

    def read(self, data: bytes) -> object | None:
        """The typed value if it is certain that nothing is wrong, else None."""
        try:
            value = self._decoder.decode(data)
            written = _ENCODER.encode(value)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        if not (_is_copy(data, written) or self._same_members(data, written)):
            canonical = self._canonical(data, written)
            if canonical is None or _ODD_MOMENT.search(canonical):
                return None
        if not self._usual(value, written):
            return None
        if data.isascii() and written.isascii():
            return value
        return value if self._plain_text(data, written) else None

    def _same_members(self, data: bytes, written: bytes) -> bool:
        """Whether the document holds what was read from it and nothing else, DateTimes in order."""
        if b"\\" in data or _ODD_MOMENT.search(data):
            return False
        return data.count(b'"') == written.count(b'"')

    def _canonical(self, data: bytes, written: bytes) -> bytes | None:
        """The document without blanks and escapes; None if a key stands twice, or it is too deep.

        Numbers as strings would hide behind other differences in the count of quotes. What the
        type knows is shallow, so only brackets of unknown members can nest deep.
        """
        unknown = data.count(b"[") + data.count(b"{") - written.count(b"[") - written.count(b"{")
        if unknown > DEEPEST // 2 and too_deep(data):
            return None
        try:
            text = msgspec.json.encode(_PLAIN.decode(data))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        if text.count(b'"') != data.count(b'"'):
            return None
        if self._quoted_number is not None and self._quoted_number.search(text):
            return None
        return text

    def _usual(self, value: object, written: bytes) -> bool:
        """No control characters, no empty strings, markup, odd numbers or odd style."""
        if b"\\" in written or b"\x7f" in written or b"<" in written:
            return False
        if _EMPTY in written:
            return False
        if self._has_numbers(value) and _EXPONENT.search(written):
            return False
        return all(_follows(form, key, written) for key, form in self._styled)

    def _has_numbers(self, value: object) -> bool:
        if self._numeric is None:
            return True
        return any(getattr(value, name) is not None for name in self._numeric)

    def _plain_text(self, data: bytes, written: bytes) -> bool:
        """Non-ASCII characters stand in strings only, not in identifiers, and are no controls."""
        try:
            data.decode()
        except UnicodeDecodeError:
            return False
        at = 0
        for _ in range(_MOST_TEXTS):
            place = _first_non_ascii(written, at)
            if place is None:
                return True
            begin, at = written.rindex(b'"', 0, place), written.index(b'"', place)
            name = written[written.rfind(b'"', 0, max(begin - 2, 0)) + 1 : max(begin - 2, 0)]
            if written[begin - 2 : begin] != b'":' or name not in self._texts:
                return False
            if has_control(written[begin + 1 : at].decode()):
                return False
        return False


def _is_copy(data: bytes, written: bytes) -> bool:
    """Whether writing gave the very bytes that were read, but for milliseconds.

    msgspec writes six digits or none, and whatever time zone it read.
    """
    if data != written and data != written.replace(b'000Z"', b'Z"'):
        return False
    return _ODD_WRITTEN.search(data) is None


def _follows(form: re.Pattern[bytes], key: bytes, written: bytes) -> bool:
    """Whether every value of a member has its form: the search for bytes is the cheap one."""
    at = written.find(key)
    while at >= 0:
        at += len(key)
        if form.match(written, at) is None:
            return False
        at = written.find(key, at)
    return True


def _first_non_ascii(text: bytes, start: int) -> int | None:
    step = 4096
    for at in range(start, len(text), step):
        try:
            text[at : at + step].decode("ascii")
        except UnicodeDecodeError as fault:
            return at + fault.start
    return None


@lru_cache(maxsize=1024)
def quick_of(shape: Hashable) -> Quick:
    return Quick(shape)


def _numeric_members(shape: object) -> tuple[str, ...] | None:
    """Attributes with Decimals in or below them; None where that cannot be told by attribute."""
    kind = inspect.type_info(shape)
    if not isinstance(kind, inspect.StructType):
        return None
    return tuple(
        field.name
        for field in kind.fields
        if any(isinstance(leaf, inspect.DecimalType) for _, leaf, _ in _leaves(field.type))
    )


def _leaves(
    kind: inspect.Type, name: str = "", word: str = "string", seen: frozenset[type] = frozenset()
) -> Iterator[tuple[str, inspect.Type, str]]:
    """(member name, kind, OCPI word) of everything below that is no object or list."""
    match kind:
        case inspect.Metadata():
            extra = kind.extra or {}
            yield from _leaves(kind.type, name, str(extra.get("ocpi", word)), seen)
        case inspect.UnionType():
            for one in kind.types:
                yield from _leaves(one, name, word, seen)
        case inspect.ListType():
            yield from _leaves(kind.item_type, name, "string", seen)
        case inspect.StructType():
            if kind.cls not in seen:
                for field in kind.fields:
                    yield from _leaves(field.type, field.encode_name, "string", seen | {kind.cls})
        case _:
            yield name, kind, word
