"""Reading a large object in pieces: a part that was read before and has no fault is not read again.

Most PUTs of a location repeat its EVSEs word for word, but for one, and all else but its time. What
counts is the very bytes: a part that differs in one of them is read anew, and whatever looks odd is
left to the reading of the whole.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar, cast

import msgspec
from msgspec import structs

from voltroam.wire.decode import Reading, read
from voltroam.wire.plain import DEEPEST
from voltroam.wire.quick import quick_of
from voltroam.wire.rules import breaks_own_rule, has_breach
from voltroam.wire.times import parse_datetime

T = TypeVar("T")
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_NAME = b'"last_updated"'
_TIME = re.compile(_NAME + rb'\s*:\s*"([0-9-]{10}T[0-9:]{8}(?:\.[0-9]{3})?Z)"')
_LONGEST = 4096
"""Bytes of a part that is remembered."""


class _Split(NamedTuple):
    own: bytes
    """The object with an empty list in place of its parts."""
    items: list[bytes]


class _Dated(NamedTuple):
    """An object taken apart once more."""

    timeless: bytes
    """Without its `last_updated`."""
    moment: datetime


class Pieces:
    """Remembers up to `most` parts and objects without their parts, some 3 kB each."""

    def __init__(self, most: int = 4096) -> None:
        self._most = most
        self._known: dict[tuple[type, bytes], object] = {}

    def read(self, shape: type[T], member: str, part: type, data: bytes) -> Reading[T]:
        """As `decode.read`. `member` is the list of the object that holds its parts."""
        split = _split(data, member)
        if split is None:
            return read(shape, data)
        items = split.items
        parts = [self._known.get((part, item)) for item in items]
        if 2 * parts.count(None) <= len(parts):
            value = self._together(shape, member, part, split, parts)
            if value is not None:
                return Reading(value, ())
        reading = read(shape, data)
        if reading.value is not None and not reading.problems:
            self._learn(part, items, getattr(reading.value, member))
        return reading

    def _together(
        self, shape: type[T], member: str, part: type, split: _Split, parts: list[object]
    ) -> T | None:
        """The object if nothing at all is wrong with it."""
        own, items = split
        is_new = None in parts
        for place, item in enumerate(items):
            if parts[place] is None:
                value = None if _may_be_deep(item) else quick_of(part).read(item)
                if value is None or has_breach(value):
                    return None
                parts[place] = value
        dated = _dated(own)
        known = self._known.get((shape, dated.timeless)) if dated is not None else None
        if dated is not None and known is not None:
            there: dict[str, object] = {member: parts, "last_updated": dated.moment}
            whole = structs.replace(cast("msgspec.Struct", known), **there)
            if breaks_own_rule(whole):
                return None
        else:
            bare = quick_of(cast("Any", shape)).read(own)
            if bare is None:
                return None
            whole = structs.replace(cast("msgspec.Struct", bare), **{member: parts})
            if has_breach(whole, known=member):
                return None
            if dated is not None and getattr(bare, "last_updated", None) == dated.moment:
                self._learn(shape, [dated.timeless], [bare])
        if is_new:
            self._learn(part, items, parts)
        return cast("T", whole)

    def _learn(self, part: type, items: Sequence[bytes], parts: Sequence[object]) -> None:
        known = self._known
        if len(known) + len(items) > self._most:
            for old in list(known)[: self._most // 2]:
                del known[old]
        for item, value in zip(items, parts, strict=True):
            if len(item) <= _LONGEST and not _may_be_deep(item):
                known[part, item] = value


def _split(data: bytes, member: str) -> _Split | None:
    """None if the object is better read whole."""
    try:
        raw = _MEMBERS.decode(data).get(member)
        found = _ITEMS.decode(raw) if raw is not None else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if not found or raw is None:
        return None
    items = [bytes(item) for item in found]
    listed = bytes(raw)
    place = data.find(listed)
    if data.find(listed, place + 1) >= 0:
        return None  # it stands twice: which one is meant?
    return _Split(b"%b[]%b" % (data[:place], data[place + len(listed) :]), items)


def _dated(own: bytes) -> _Dated | None:
    """None if the object is better read with its time: it is no usual one, or stands elsewhere too.

    Without escapes a member is written in one way, so what stands once is the object's own.
    """
    if own.count(_NAME) != 1 or b"\\" in own:
        return None
    found = _TIME.search(own)
    if found is None:
        return None
    try:
        moment = parse_datetime(found[1].decode())
    except ValueError:
        return None
    return _Dated(own[: found.start(1)] + own[found.end(1) :], moment)


def _may_be_deep(item: bytes) -> bool:
    """Alone it is less deep than in its object."""
    return item.count(b"[") + item.count(b"{") > DEEPEST - 2
