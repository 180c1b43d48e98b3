"""What changed between two documents, as the smallest PATCH that OCPI allows.

PATCH replaces lists and cannot remove a member, so it is used where exactly one thing moved: a
status of one EVSE, plain members, appended periods. Everything else is a PUT (LOC-PATCH-05,
SES-PATCH-03).
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from voltroam.standard.endpoints import Part, Resource
from voltroam.wire.times import parse_datetime

STAMP = "last_updated"
_JSON = msgspec.json.Decoder(float_hook=Decimal)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Partial:
    """Body of a PATCH and the ids of the nested object that it addresses, outermost first."""

    ids: tuple[str, ...]
    body: bytes


def same_json(one: bytes, other: bytes) -> bool:
    """Equal as JSON, decimal by decimal, whatever the order of members and the white space."""
    try:
        return bool(_JSON.decode(one) == _JSON.decode(other))
    except msgspec.DecodeError:
        return False


def patch_between(resource: Resource, old: bytes, new: bytes) -> Partial | None:
    """The PATCH that makes the new document of the old one; None: send the whole.

    Only values that differ as JSON count, and `last_updated` is always in it (LOC-PATCH-02).
    """
    return _between(resource.parts, resource.appends, _MEMBERS.decode(old), _MEMBERS.decode(new))


def _between(
    parts: Sequence[Part],
    appends: frozenset[str],
    old: Mapping[str, msgspec.Raw],
    new: Mapping[str, msgspec.Raw],
) -> Partial | None:
    if old.keys() - new.keys() or STAMP not in new:
        return None
    moved = {name for name, value in new.items() if name not in old or _differ(old[name], value)}
    own = moved - {STAMP}
    nested = parts[0].member if parts else None
    if own == {nested}:
        return _nested(parts, old, new)
    if nested in own or len(own) > len(new) // 2:
        return None
    return _members(own, appends, old, new)


def _members(
    own: Set[str],
    appends: frozenset[str],
    old: Mapping[str, msgspec.Raw],
    new: Mapping[str, msgspec.Raw],
) -> Partial | None:
    """Plain members that moved, lists that only grew, and `last_updated`."""
    body: dict[str, Any] = {name: new[name] for name in new if name in own}
    if any(bytes(value) == b"null" for value in body.values()):
        return None
    for name in own & appends:
        tail = _appended(old.get(name), new[name])
        if tail is None:
            return None
        body[name] = tail
    body[STAMP] = new[STAMP]
    return Partial((), msgspec.json.encode(body))


def _nested(
    parts: Sequence[Part], old: Mapping[str, msgspec.Raw], new: Mapping[str, msgspec.Raw]
) -> Partial | None:
    """The one nested object that differs; added, removed or moved ones need the whole."""
    part = parts[0]
    before, after = _ITEMS.decode(old.get(part.member, b"[]")), _ITEMS.decode(new[part.member])
    if len(before) != len(after):
        return None
    changed = [
        (one, other) for one, other in zip(before, after, strict=True) if _differ(one, other)
    ]
    if len(changed) != 1:
        return None
    was, now = (_MEMBERS.decode(item) for item in changed[0])
    if part.key not in was or part.key not in now or _differ(was[part.key], now[part.key]):
        return None
    inner = _between(parts[1:], frozenset(), was, now)
    if inner is None or not _raises(old, now, new):
        return None
    return Partial((str(msgspec.json.decode(now[part.key])), *inner.ids), inner.body)


def _raises(
    outer: Mapping[str, msgspec.Raw],
    inner: Mapping[str, msgspec.Raw],
    wanted: Mapping[str, msgspec.Raw],
) -> bool:
    """Does the receiver's own upward propagation give our `last_updated` (LOC-PATCH-04)?"""
    if STAMP not in outer or STAMP not in inner:
        return False
    return max(_stamp(outer), _stamp(inner)) == _stamp(wanted)


def _stamp(members: Mapping[str, msgspec.Raw]) -> datetime:
    return parse_datetime(str(msgspec.json.decode(members[STAMP])))


def _appended(old: msgspec.Raw | None, new: msgspec.Raw) -> list[msgspec.Raw] | None:
    before = [] if old is None or bytes(old) == b"null" else _ITEMS.decode(old)
    after = _ITEMS.decode(new)
    if len(after) < len(before):
        return None
    if any(_differ(one, other) for one, other in zip(before, after, strict=False)):
        return None
    return after[len(before) :]


def _differ(one: msgspec.Raw, other: msgspec.Raw) -> bool:
    return bytes(one) != bytes(other) and not same_json(bytes(one), bytes(other))
