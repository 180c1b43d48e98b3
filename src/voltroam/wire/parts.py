"""Nested objects with URLs of their own, read and written inside their document.

Untouched members keep their bytes; a change of a part raises `last_updated` of everything above
it, never lowers it (OCPI 2.2.1 §mod_locations, flow and lifecycle).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import msgspec

from voltroam.standard.endpoints import Part
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.parties import fold
from voltroam.wire.patch import Members, items_of, members_of, merge, write_members
from voltroam.wire.times import format_datetime, parse_datetime

_LAST_UPDATED = "last_updated"


class _Dated(msgspec.Struct):
    last_updated: str


_DATED = msgspec.json.Decoder(_Dated)
_TEXT = msgspec.json.Decoder(str)


def last_updated_of(document: bytes | msgspec.Raw) -> datetime:
    """The document's own `last_updated`; 2001 if it has none that is a DateTime."""
    try:
        return parse_datetime(_DATED.decode(document).last_updated)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        raise CallerError("$.last_updated must be a DateTime") from None


@dataclass(frozen=True, slots=True)
class _Level:
    """One object on the way to the nested one, split into its members."""

    part: Part
    members: Members
    items: list[msgspec.Raw]
    place: int | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A document with the place of one nested object: read it, then write another there."""

    levels: tuple[_Level, ...]
    complete: bool
    """False if an object between is absent (a connector of an unknown EVSE)."""

    @property
    def part(self) -> bytes | None:
        """The nested object as it stands in the document, or None."""
        last = self.levels[-1]
        return bytes(last.items[last.place]) if self.complete and last.place is not None else None

    def written(self, part_document: bytes, last_updated: datetime) -> tuple[bytes, datetime]:
        """The document with the object replaced, or appended if it is new; its own time then.

        NotFound if an object between is absent.
        """
        if not self.complete:
            raise NotFound("no such object")
        # As it is written: to the millisecond.
        last_updated = last_updated.replace(microsecond=last_updated.microsecond // 1000 * 1000)
        new, moment = part_document, last_updated
        for level in reversed(self.levels):
            members, items = dict(level.members), list(level.items)
            if level.place is None:
                items.append(msgspec.Raw(new))
            else:
                items[level.place] = msgspec.Raw(new)
            members[level.part.member] = msgspec.Raw(msgspec.json.encode(items))
            moment = _raise(members, last_updated)
            new = write_members(members)
        return new, moment


def open_part(
    document: bytes, parts: Sequence[Part], ids: Sequence[str], *, folded: bool = True
) -> Opened:
    """Find the nested object that `ids` name, at least one; compared without case if `folded`."""
    levels: list[_Level] = []
    held: bytes | msgspec.Raw | None = document
    for part, wanted in zip(parts, ids, strict=False):
        if held is None:
            return Opened(tuple(levels), complete=False)
        members = members_of(held)
        items = items_of(members.get(part.member))
        place = _place(items, part, wanted, folded=folded)
        levels.append(_Level(part, members, items, place))
        held = items[place] if place is not None else None
    return Opened(tuple(levels), complete=True)


def get_part(
    document: bytes, parts: Sequence[Part], ids: Sequence[str], *, folded: bool = True
) -> bytes | None:
    """The nested object as it stands in the document, or None; without `ids` the document."""
    return open_part(document, parts, ids, folded=folded).part if ids else document


def put_part(
    document: bytes,
    parts: Sequence[Part],
    ids: Sequence[str],
    part_document: bytes,
    last_updated: datetime,
) -> bytes:
    """The document with the nested object replaced, or appended if it is new.

    NotFound if an object between is absent (a connector of an unknown EVSE).
    """
    return open_part(document, parts, ids).written(part_document, last_updated)[0]


def patch_part(
    document: bytes,
    parts: Sequence[Part],
    ids: Sequence[str],
    patch: bytes,
    last_updated: datetime,
    *,
    appends: frozenset[str] = frozenset(),
) -> bytes:
    """The document with the nested object merged with a PATCH body; NotFound if it is absent."""
    opened = open_part(document, parts, ids)
    if opened.part is None:
        raise NotFound("no such object")
    return opened.written(merge(opened.part, patch, appends=appends), last_updated)[0]


def _raise(members: Members, last_updated: datetime) -> datetime:
    """Upward only: a later time of the whole stays. The time that then stands."""
    try:
        held = parse_datetime(_TEXT.decode(members[_LAST_UPDATED]))
    except (KeyError, msgspec.MsgspecError, ValueError):
        held = None
    if held is not None and held >= last_updated:
        return held
    members[_LAST_UPDATED] = msgspec.Raw(f'"{format_datetime(last_updated)}"'.encode())
    return last_updated


def _place(items: Sequence[msgspec.Raw], part: Part, wanted: str, *, folded: bool) -> int | None:
    """Where the object stands: by its exact spelling if there is one, else if `folded` without
    case."""
    key_of = _key_reader(part.key)
    needle = msgspec.json.encode(wanted)
    for place, item in enumerate(items):
        if needle in bytes(item) and key_of(item) == wanted:
            return place
    name = fold(wanted)
    for place, item in enumerate(items if folded else ()):
        key = key_of(item)
        if key is not None and fold(key) == name:
            return place
    return None


@lru_cache(maxsize=64)
def _key_reader(name: str) -> Callable[[msgspec.Raw], str | None]:
    """Reads one member of an object and skips the rest; None if it is no text."""
    shape = msgspec.defstruct("Keyed", [("key", str)], rename={"key": name})
    decoder = msgspec.json.Decoder(shape)

    def read(item: msgspec.Raw) -> str | None:
        try:
            return str(decoder.decode(item).key)  # type: ignore[attr-defined]  # made at run time
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None

    return read
