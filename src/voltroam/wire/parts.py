"""Nested objects with URLs of their own, read and written inside their document.

Untouched members keep their bytes; a change of a part raises `last_updated` of everything above
it, never lowers it (OCPI 2.2.1 §mod_locations, flow and lifecycle).
"""

from collections.abc import Callable, Sequence
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


def get_part(document: bytes, parts: Sequence[Part], ids: Sequence[str]) -> bytes | None:
    """The nested object as it stands in the document, or None. `ids` are compared without case."""
    held: bytes | msgspec.Raw = document
    for part, wanted in zip(parts, ids, strict=False):
        items = items_of(_member(held, part.member))
        place = _place(items, part, wanted)
        if place is None:
            return None
        held = items[place]
    return bytes(held)


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
    return _change(document, parts, ids, lambda _: part_document, last_updated)


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

    def merged(held: msgspec.Raw | None) -> bytes:
        if held is None:
            raise NotFound("no such object")
        return merge(bytes(held), patch, appends=appends)

    return _change(document, parts, ids, merged, last_updated)


def _change(
    document: bytes | msgspec.Raw,
    parts: Sequence[Part],
    ids: Sequence[str],
    changed: Callable[[msgspec.Raw | None], bytes],
    last_updated: datetime,
) -> bytes:
    part, wanted = parts[0], ids[0]
    members = members_of(document)
    items = items_of(members.get(part.member))
    place = _place(items, part, wanted)
    held = items[place] if place is not None else None
    if len(ids) == 1:
        new = changed(held)
    elif held is None:
        raise NotFound("no such object")
    else:
        new = _change(held, parts[1:], ids[1:], changed, last_updated)
    if place is None:
        items.append(msgspec.Raw(new))
    else:
        items[place] = msgspec.Raw(new)
    members[part.member] = msgspec.Raw(msgspec.json.encode(items))
    _raise(members, last_updated)
    return write_members(members)


def _raise(members: Members, last_updated: datetime) -> None:
    """Upward only: a later time of the whole stays."""
    try:
        held = parse_datetime(_TEXT.decode(members[_LAST_UPDATED]))
    except (KeyError, msgspec.MsgspecError, ValueError):
        held = None
    if held is None or held < last_updated:
        members[_LAST_UPDATED] = msgspec.Raw(f'"{format_datetime(last_updated)}"'.encode())


def _place(items: Sequence[msgspec.Raw], part: Part, wanted: str) -> int | None:
    """Where the object stands: by its exact spelling if there is one, else without case."""
    key_of = _key_reader(part.key)
    needle = msgspec.json.encode(wanted)
    for place, item in enumerate(items):
        if needle in bytes(item) and key_of(item) == wanted:
            return place
    folded = fold(wanted)
    for place, item in enumerate(items):
        key = key_of(item)
        if key is not None and fold(key) == folded:
            return place
    return None


def _member(document: bytes | msgspec.Raw, name: str) -> msgspec.Raw | None:
    return members_of(document).get(name)


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
