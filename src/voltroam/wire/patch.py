"""PATCH merges top-level members and leaves all others alone (OCPI 2.2.1 §transport)."""

from decimal import Decimal

import msgspec

from voltroam.standard.errors import CallerError, InvalidBody
from voltroam.wire.times import parse_datetime

Members = dict[str, msgspec.Raw]

_MEMBERS = msgspec.json.Decoder(Members)
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_EXACT = msgspec.json.Decoder(float_hook=Decimal)
_SORTED = msgspec.json.Encoder(decimal_format="number", order="sorted")
_NULL = b"null"


class _Period(msgspec.Struct):
    start_date_time: str


_PERIOD = msgspec.json.Decoder(_Period)


def members_of(document: bytes | msgspec.Raw) -> Members:
    """The top-level members as raw JSON, in order; 2001 if it is no object, 400 if no JSON."""
    try:
        return _MEMBERS.decode(document)
    except msgspec.ValidationError:
        raise CallerError("$ must be a JSON object") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise InvalidBody(f"the body is not valid JSON: {fault}") from None


def merge(document: bytes, patch: bytes, *, appends: frozenset[str]) -> bytes:
    """The document with the patch's members in place of its own.

    Lists and objects are replaced whole, null removes a member, members not named stay as they
    are, unknown ones too. The lists in `appends` grow instead: entries whose `start_date_time`
    is there already are left out, so a repeated PATCH changes nothing
    (OCPI 2.2.1 §mod_sessions, PATCH).
    """
    members = members_of(document)
    for name, value in members_of(patch).items():
        if name in appends:
            grown = _append(members.get(name), value)
            if grown is not None:
                members[name] = grown
        elif bytes(value) == _NULL:
            members.pop(name, None)
        else:
            members[name] = value
    return write_members(members)


def write_members(members: Members) -> bytes:
    return msgspec.json.encode(members)


def items_of(value: msgspec.Raw | None) -> list[msgspec.Raw]:
    """Entries of a list member; absent and null are the empty list. 2001 if it is no list."""
    if value is None or bytes(value) == _NULL:
        return []
    try:
        return _ITEMS.decode(value)
    except msgspec.ValidationError:
        raise CallerError("a list is expected where the document has none") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise InvalidBody(f"the body is not valid JSON: {fault}") from None


def _append(held: msgspec.Raw | None, added: msgspec.Raw) -> msgspec.Raw | None:
    """None: nothing to add."""
    old = items_of(held)
    starts = {_start(item) for item in old}
    new: list[msgspec.Raw] = []
    for item in items_of(added):
        start = _start(item)
        if start not in starts:
            starts.add(start)
            new.append(item)
    if not new:
        return None
    return msgspec.Raw(msgspec.json.encode([*old, *new]))


def append_only(held: msgspec.Raw | None, grown: msgspec.Raw) -> msgspec.Raw | None:
    """The entries that `grown` has after all of `held`; None if a merge would not give `grown`."""
    merged = _append(held, grown)
    old, new = items_of(held), items_of(grown)
    if merged is None or len(items_of(merged)) != len(new):
        return None
    if any(not same_json(*pair) for pair in zip(old, new, strict=False)):
        return None
    return msgspec.Raw(msgspec.json.encode(new[len(old) :]))


def same_json(one: msgspec.Raw, other: msgspec.Raw) -> bool:
    """Equal as JSON, order of members aside; numbers must have the same digits."""
    if bytes(one) == bytes(other):
        return True
    try:
        return _SORTED.encode(_EXACT.decode(one)) == _SORTED.encode(_EXACT.decode(other))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False


def _start(item: msgspec.Raw) -> object:
    """The instant that tells an entry from another; its bytes where it names none."""
    try:
        return parse_datetime(_PERIOD.decode(item).start_date_time)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError):
        return bytes(item)
