"""Ids of other objects that stand in a document: found, left out, and dated.

A connector names its tariffs. One that a partner may not see is left out of what it is given;
all other members keep their bytes (OCPI 2.2.1 §mod_locations, Connector).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from voltroam.standard.endpoints import Part, Resource
from voltroam.standard.parties import fold
from voltroam.wire.patch import Members, items_of, members_of, write_members
from voltroam.wire.times import format_datetime, parse_datetime

FEW = 1
"""Up to this many ids are looked for in the bytes; for more it is faster to read the ids."""
NONE: frozenset[str] = frozenset()
_TEXT = msgspec.json.Decoder(str)
_TEXTS = msgspec.json.Decoder(list[str])
Editing = Callable[[Members, Part], bool]
"""Changes the members of the object that lists ids; whether anything changed."""


class References:
    """How the documents of one kind refer to objects of another."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = tuple(parts)
        last = self._parts[-1]
        if last.refers is None:
            raise ValueError(f"{last.member} refers to nothing")
        self._member, self.kind = last.refers
        self._decoder = msgspec.json.Decoder(_shape(self._parts, self._member))

    def named(self, document: bytes, ids: frozenset[str]) -> frozenset[str]:
        """Those of the ids (folded) that the document names."""
        if not ids:
            return NONE
        if len(ids) <= FEW and b"\\" not in document:
            text = document.upper()
            if not any(f'"{one}"'.encode() in text for one in ids):
                return NONE
        return self._all(document) & ids

    def without(self, document: bytes, ids: frozenset[str]) -> bytes:
        """The document without these ids; a list that has no others is left out."""

        def edit(members: Members, _part: Part) -> bool:
            listed = members.get(self._member)
            before = [] if listed is None else _TEXTS.decode(listed)
            after = [one for one in before if fold(one) not in ids]
            if len(after) == len(before):
                return False
            if after:
                members[self._member] = msgspec.Raw(msgspec.json.encode(after))
            else:
                del members[self._member]
            return True

        return self._edited(document, self._parts, edit) or document

    def dated(self, document: bytes, ids: frozenset[str], moment: datetime) -> bytes:
        """The document with `last_updated` raised of all that names these ids, and above it."""

        def edit(members: Members, _part: Part) -> bool:
            listed = members.get(self._member)
            return listed is not None and any(fold(one) in ids for one in _TEXTS.decode(listed))

        return self._edited(document, self._parts, edit, moment) or document

    def _all(self, document: bytes) -> frozenset[str]:
        try:
            objects = [self._decoder.decode(document)]
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return NONE  # what cannot be read in this place names nothing
        for part in self._parts:
            objects = [one for parent in objects for one in getattr(parent, part.member) or ()]
        return frozenset(fold(text) for one in objects for text in getattr(one, self._member) or ())

    def _edited(
        self,
        document: bytes | msgspec.Raw,
        parts: Sequence[Part],
        edit: Editing,
        moment: datetime | None = None,
    ) -> bytes | None:
        """None if nothing changes."""
        members = members_of(document)
        part, below = parts[0], parts[1:]
        items = items_of(members.get(part.member))
        changed = False
        for place, item in enumerate(items):
            new = (
                self._edited(item, below, edit, moment)
                if below
                else _edited_item(item, part, edit, moment)
            )
            if new is not None:
                items[place], changed = msgspec.Raw(new), True
        if not changed:
            return None
        members[part.member] = msgspec.Raw(msgspec.json.encode(items))
        _raise(members, moment)
        return write_members(members)


@lru_cache(maxsize=64)
def _of(parts: tuple[Part, ...]) -> References | None:
    for depth, part in enumerate(parts, 1):
        if part.refers is not None:
            return References(parts[:depth])
    return None


def references_of(resource: Resource) -> References | None:
    """None for a kind whose objects name no others."""
    return _of(resource.parts)


def _edited_item(
    item: msgspec.Raw, part: Part, edit: Editing, moment: datetime | None
) -> bytes | None:
    members = members_of(item)
    if not edit(members, part):
        return None
    _raise(members, moment)
    return write_members(members)


def _raise(members: Members, moment: datetime | None) -> None:
    """Upward only: a later time stays."""
    if moment is None:
        return
    try:
        held = parse_datetime(_TEXT.decode(members["last_updated"]))
    except (KeyError, msgspec.MsgspecError, ValueError):
        held = None
    if held is None or held < moment:
        members["last_updated"] = msgspec.Raw(f'"{format_datetime(moment)}"'.encode())


def _shape(parts: Sequence[Part], member: str) -> type[Any]:
    """Reads the ids and skips all else."""
    shape: Any = msgspec.defstruct("Referring", [(member, list[str] | None, None)])
    for part in reversed(parts):
        shape = msgspec.defstruct("Referring", [(part.member, list[shape] | None, None)])
    found: type[Any] = shape
    return found
