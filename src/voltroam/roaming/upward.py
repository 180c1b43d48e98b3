"""`last_updated` rises upward: a location is never older than its newest EVSE or connector."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from voltroam.standard.endpoints import Part
from voltroam.wire.parts import get_part, put_part


def raised(
    document: bytes, parts: Sequence[Part], members: Mapping[str, object]
) -> tuple[bytes, object]:
    """The document with `last_updated` of each parent at least that of its parts, and its own.

    `members` is the typed view of the document. Without this a date filter would miss an object
    that only moved in a part (OCPI 2.2.1 §mod_locations, GET). The same bytes if all is in order.
    """
    newest = members.get("last_updated")
    if not parts or not isinstance(newest, datetime):
        return document, newest
    for ids, moment in _newer(parts, members.get(parts[0].member), newest):
        inner = get_part(document, parts, ids)
        if inner is not None:
            document = put_part(document, parts, ids, inner, moment)
            newest = max(newest, moment)
    return document, newest


def _newer(
    parts: Sequence[Part], children: Any, oldest: datetime, above: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], datetime]]:
    """Ids and times of the parts that are newer than something above them."""
    found: list[tuple[tuple[str, ...], datetime]] = []
    for child in children or ():
        ids = (*above, getattr(child, parts[0].key))
        moment = child.last_updated
        if moment > oldest:
            found.append((ids, moment))
        if len(parts) > 1:
            below = getattr(child, parts[1].member)
            found += _newer(parts[1:], below, min(oldest, moment), ids)
    return found
