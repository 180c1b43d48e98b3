"""The thorough reading: a plain value against a type, listing every problem with its path.

A reader takes (value, path, findings) and returns what the typed view holds, or FAULT. Readers are
built once per type from what msgspec knows of it, so a new object of the standard needs no code.
"""

import re
import unicodedata
from collections.abc import Callable, Hashable
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Final

import msgspec
from msgspec import inspect

from voltroam.standard.types import NOT_AVAILABLE, OpenEnum
from voltroam.wire.mended import MENDS
from voltroam.wire.plain import OUT_OF_RANGE
from voltroam.wire.problems import Findings
from voltroam.wire.styles import MEMBER_STYLES, STYLES, Style
from voltroam.wire.times import MAX_LENGTH, parse_datetime

FAULT: Final = object()
"""Nothing usable was read."""

Reader = Callable[[object, str, Findings], object]

_WRONG_TYPE = "CORE-HTTP-07"
IDENTIFIERS = frozenset({"CiString", "identifier"})
"""OCPI words of texts that name something: ASCII, and unusable when too long."""
_DIGITS = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)
_LARGEST_EXPONENT = 30
"""Numbers beyond are no amounts, and their arithmetic could exhaust memory."""


def json_type(value: object) -> str:
    """JSON's own word for what a value is."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int() | Decimal():
            return "number"
        case list():
            return "array"
        case _:
            return "object"


def _mismatch(wanted: str, value: object, path: str, findings: Findings) -> object:
    findings.fatal(path, _WRONG_TYPE, f"must be {wanted}, not {json_type(value)}")
    return FAULT


@lru_cache(maxsize=1024)
def reader_of(shape: Hashable) -> Reader:
    """The reader of a type, as annotated: pure, therefore cached."""
    return _reader(inspect.type_info(shape), {}, required=True)


def _reader(kind: inspect.Type, extra: dict[str, object], *, required: bool) -> Reader:  # noqa: C901, PLR0911, PLR0912 - one line for each kind
    match kind:
        case inspect.Metadata():
            return _reader(kind.type, kind.extra or {}, required=required)
        case inspect.UnionType():
            inner = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
            if len(inner) != 1:
                raise TypeError(f"OCPI knows no union but with null: {kind.types}")
            return _reader(inner[0], extra, required=False)
        case inspect.StrType():
            return _text(kind, str(extra.get("ocpi", "string")), required=required)
        case inspect.EnumType():
            return _enum(kind.cls)
        case inspect.StructType():
            return reader_of_struct(kind.cls)
        case inspect.ListType():
            return _list(kind)
        case inspect.DateTimeType():
            return _moment
        case inspect.DecimalType():
            return _number_or_text if extra.get("ocpi") == "number or text" else _number
        case inspect.FloatType():
            return _binary_number
        case inspect.IntType():
            return _integer(kind)
        case inspect.BoolType():
            return _boolean
        case inspect.AnyType():
            return lambda value, path, findings: value
    raise TypeError(f"no reader for {kind}")


def _text(kind: inspect.StrType, word: str, *, required: bool) -> Reader:
    identifier, ascii_only = word in IDENTIFIERS, word == "ascii"
    least, most = kind.min_length or 0, kind.max_length
    pattern = re.compile(kind.pattern) if kind.pattern else None
    style = STYLES.get(word)

    def read(value: object, path: str, findings: Findings) -> object:
        if not isinstance(value, str):
            return _mismatch("string", value, path, findings)
        if not least <= len(value) <= (len(value) if most is None else most):
            limits = f"{least} to {most}" if least != most else f"{most}"
            if identifier:
                findings.fatal(path, "CORE-TYPE-02", f"must have {limits} characters")
                return FAULT
            if not (required and value == NOT_AVAILABLE):
                findings.error(path, "CORE-TYPE-02", f"must have {limits} characters")
        if identifier and not (value.isascii() and value.isprintable()):
            findings.fatal(path, "CORE-TYPE-01", "must be printable ASCII")
            return FAULT
        _characters(value, path, findings, ascii_only=ascii_only)
        if required and value == NOT_AVAILABLE:
            return value
        if pattern is not None and pattern.search(value) is None:
            findings.error(path, word, f"has not the form of a {word}: {kind.pattern}")
        elif not value and not required and not least:
            findings.warning(path, "CORE-RESP-11", "is empty: leave it out")
        elif style is not None:
            style(value, path, findings)
        return value

    return read


def _characters(value: str, path: str, findings: Findings, *, ascii_only: bool) -> None:
    if ascii_only and not value.isascii():
        findings.error(path, "types", "must be ASCII in this version")
    if has_control(value):
        findings.error(path, "CORE-TYPE-03", "must not hold control characters")


def has_control(text: str) -> bool:
    """C0, DEL and C1; other characters that do not print (a byte order mark) are none."""
    return not text.isprintable() and any(unicodedata.category(char) == "Cc" for char in text)


def _enum(cls: type[Enum]) -> Reader:
    members = {member.value: member for member in cls}
    is_open = issubclass(cls, OpenEnum)

    def read(value: object, path: str, findings: Findings) -> object:
        if not isinstance(value, str):
            return _mismatch("string", value, path, findings)
        member = members.get(value)
        if member is None and is_open:
            member = _another_word(cls, value)
        if member is None:
            findings.fatal(path, "CORE-TYPE-04", f"is no value of {cls.__name__}")
            return FAULT
        return member

    return read


def _another_word(cls: type[Enum], value: str) -> Enum | None:
    try:
        return cls(value)
    except ValueError:
        return None  # empty, or not printable


def _moment(value: object, path: str, findings: Findings) -> datetime | object:
    if not isinstance(value, str):
        return _mismatch("string", value, path, findings)
    try:
        moment = parse_datetime(value)
    except ValueError:
        findings.fatal(path, "CORE-TYPE-05", "must be a DateTime: YYYY-MM-DDThh:mm:ss[.fff]Z")
        return FAULT
    if len(value) > MAX_LENGTH:
        findings.error(path, "CORE-TYPE-05", f"must have at most {MAX_LENGTH} characters")
    return moment


def _number(value: object, path: str, findings: Findings) -> object:
    if isinstance(value, str):
        findings.fatal(path, "CORE-TYPE-11", "must be a JSON number, not string")
        return FAULT
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return _mismatch("number", value, path, findings)
    number = Decimal(value)
    if not number.is_finite() or (
        "E" in str(number) and abs(number.adjusted()) > _LARGEST_EXPONENT
    ):
        findings.fatal(path, "CORE-TYPE-11", "is out of range")
        return FAULT
    return number


def _number_or_text(value: object, path: str, findings: Findings) -> object:
    """Where the text's own example writes a number in quotes (R211-071)."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        findings.error(path, "CORE-TYPE-11", "must be a JSON number, not string")
        return Decimal(value)
    return _number(value, path, findings)


def _binary_number(value: object, path: str, findings: Findings) -> object:
    """For modules of an operator's own: no object of the standard has a binary float."""
    number = _number(value, path, findings)
    return float(number) if isinstance(number, Decimal) else number


def _integer(kind: inspect.IntType) -> Reader:
    def read(value: object, path: str, findings: Findings) -> object:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return _mismatch("integer", value, path, findings)
        if isinstance(value, Decimal):
            if value is OUT_OF_RANGE or abs(value.adjusted()) > _LARGEST_EXPONENT:
                findings.fatal(path, _WRONG_TYPE, "is out of range")
                return FAULT
            if value != value.to_integral_value():
                return _mismatch("integer", value, path, findings)
            findings.warning(path, _WRONG_TYPE, "is an integer: write it without a fraction")
            value = int(value)
        if (kind.ge is not None and value < kind.ge) or (kind.le is not None and value > kind.le):
            findings.error(path, "types/int", f"must be between {kind.ge} and {kind.le}")
        return value

    return read


def _boolean(value: object, path: str, findings: Findings) -> object:
    return value if isinstance(value, bool) else _mismatch("boolean", value, path, findings)


def _list(kind: inspect.ListType) -> Reader:
    # an entry is never null, and never empty by negligence alone: it is read as required
    item = _reader(kind.item_type, {}, required=True)
    least = kind.min_length or 0

    def read(value: object, path: str, findings: Findings) -> object:
        if not isinstance(value, list):
            return _mismatch("array", value, path, findings)
        if len(value) < least:
            findings.fatal(path, "CORE-RESP-13", f"must have at least {least} entry")
            return FAULT
        entries = [item(one, f"{path}[{index}]", findings) for index, one in enumerate(value)]
        kept = [entry for entry in entries if entry is not FAULT]
        return kept if len(kept) >= least else FAULT

    return read


class Member:
    """One member of an object, ready to be read."""

    __slots__ = ("name", "read", "required")

    def __init__(self, cls: type, field: inspect.Field) -> None:
        self.name = field.encode_name
        self.required = field.required
        self.read = _reader(field.type, {}, required=field.required)
        style = MEMBER_STYLES.get((cls, field.name))
        if style is not None:
            self.read = _styled(self.read, style)


def _styled(read: Reader, style: Style) -> Reader:
    def read_styled(value: object, path: str, findings: Findings) -> object:
        if isinstance(value, str):
            style(value, path, findings)
        return read(value, path, findings)

    return read_styled


@lru_cache(maxsize=1024)
def members_of_struct(cls: type[msgspec.Struct]) -> tuple[tuple[str, Member], ...]:
    """(attribute, member) of a Struct, in the order of the standard."""
    kind = inspect.type_info(cls)
    if not isinstance(kind, inspect.StructType):
        raise TypeError(f"{cls} is no Struct")
    return tuple((field.name, Member(cls, field)) for field in kind.fields)


@lru_cache(maxsize=1024)
def reader_of_struct(cls: type[msgspec.Struct]) -> Reader:
    members, mend = members_of_struct(cls), MENDS.get(cls)

    def read(value: object, path: str, findings: Findings) -> object:
        if not isinstance(value, dict):
            return _mismatch("object", value, path, findings)
        if mend is not None:
            value = mend(value, path, findings)
        read_members: dict[str, object] = {}
        whole = True
        for attribute, member in members:
            given = value.get(member.name)
            if given is None:
                if member.required:
                    said = "must not be null" if member.name in value else "is missing"
                    findings.fatal(f"{path}.{member.name}", "CORE-MUT-01", said)
                    whole = False
                continue
            typed = member.read(given, f"{path}.{member.name}", findings)
            if typed is not FAULT:
                read_members[attribute] = typed
            elif member.required:
                whole = False
        return cls(**read_members) if whole else FAULT

    return read
