"""The way in for changes of an object: PATCH of a whole one, PUT and PATCH of a part inside it.

The object must be held already. Times are compared at the level addressed; a newer part raises
`last_updated` of everything above it (OCPI 2.2.1 §mod_locations, flow and lifecycle).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache

import msgspec

from voltroam.roaming.accept import OWNER_MEMBERS, read_object, refuse_stranger
from voltroam.roaming.keys import object_key, parts_of, place_of
from voltroam.roaming.received import Received, received_in
from voltroam.roaming.settle import Target, Writer, older, settle, unchanged
from voltroam.roaming.weigh import Accepted, Outcome, check_final, is_older, same
from voltroam.standard.endpoints import Part, Resource
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.shapes import shape
from voltroam.store.interface import Change, Decision, Held, ObjectKey, ObjectRow
from voltroam.wire.decode import Problem, read, read_patch
from voltroam.wire.parts import last_updated_of, open_part
from voltroam.wire.patch import merge
from voltroam.wire.times import from_micros, to_micros

Place = tuple[Sequence[Part], Sequence[str]]
"""Which nested object, by the members on the way and their ids."""
_LAST_UPDATED = "last_updated"
_ABSENT = "No such object"


def put_nested(
    resource: Resource,
    owner: PartyId,
    ids: Mapping[str, object],
    below: Sequence[str],
    document: bytes,
    *,
    writer: Writer,
    key: ObjectKey | None = None,
) -> Change[Accepted]:
    """Add or replace the nested object that `below` names inside the object that `ids` name.

    `key`: of the object, where the path alone does not tell it. Raises NotFound if what should
    hold it is absent (LOC-PUT-09), CallerError 2001 if its own id
    differs from the URL's.
    """
    refuse_stranger(resource, owner, writer.source)
    parts = resource.parts[: len(below)]
    form = shape(parts[-1].object, writer.version)
    members, problems = read_object(form, document, strict=writer.strict)
    if fold(str(members.get(parts[-1].key, ""))) != fold(below[-1]):
        raise CallerError(f"$.{parts[-1].key}: differs from the URL")
    moment = members.get(_LAST_UPDATED)
    whole_form = shape(resource.object, writer.version)
    target = Target(resource, owner, key or object_key(resource, owner, writer.ids(ids)), writer)

    def decide(row: ObjectRow | None, held: Held) -> Decision[Accepted]:
        row = _live(row)
        opened = open_part(writer.said(row), parts, below, folded=writer.version.folded_ids)
        before = opened.part
        when = moment if isinstance(moment, datetime) else from_micros(held.now)
        if before is not None:
            if _older(_stamp(before), when, writer, held.now):
                return older(row, writer)
            if same(before, document):
                return unchanged(row, writer)
        whole, now = opened.written(document, when)
        found = _problems(whole_form, row, whole, parts, problems)
        outcome = Outcome.CREATED if before is None else Outcome.CHANGED
        at_home, received = writer.home(whole)
        return settle(
            target, row, at_home, held, last_updated=to_micros(now), problems=found,
            outcome=outcome, received=received,
        )  # fmt: skip

    return target.change(decide)


def patch(
    resource: Resource,
    owner: PartyId,
    ids: Mapping[str, object],
    below: Sequence[str],
    body: bytes,
    *,
    writer: Writer,
    key: ObjectKey | None = None,
) -> Change[Accepted]:
    """Merge a PATCH into the object, or into the nested one that `below` names.

    Raises NotFound if it is absent (MUT-09), CallerError 2001 without `last_updated` (MUT-06), if
    it would change an identifier (LOC-PATCH-07), or if the outcome breaks the schema (MUT-11).
    """
    refuse_stranger(resource, owner, writer.source)
    parts = resource.parts[: len(below)]
    form = shape(parts[-1].object if parts else resource.object, writer.version)
    members = _read_patch(form, body, writer)
    moment = members.get(_LAST_UPDATED)
    appended = resource.appended(writer.version)
    key = key or object_key(resource, owner, writer.ids(ids))
    target = Target(resource, owner, key, writer, place_of(resource, owner, members))
    _refuse_new_ids(members, _fixed(target, ids, parts, below))
    whole_form = shape(resource.object, writer.version)

    def decide(row: ObjectRow | None, held: Held) -> Decision[Accepted]:
        row = _live(row)
        said = writer.said(row)
        folded = writer.version.folded_ids
        opened = open_part(said, parts, below, folded=folded) if parts else None
        before = opened.part if opened else said
        if before is None:
            raise NotFound(_ABSENT)
        when = moment if isinstance(moment, datetime) else from_micros(held.now)
        stamp = _stamp(before)
        if _older(stamp, when, writer, held.now):
            return older(row, writer)
        after = merge(before, body, appends=frozenset() if parts else appended)
        # Another time is another content; only within the same one it is worth a look.
        if (stamp == to_micros(when) or moment is None) and same(before, after):
            return unchanged(row, writer)
        problems = read_object(form, after, strict=writer.strict)[1]
        whole, now = opened.written(after, when) if opened else (after, last_updated_of(after))
        check_final(resource, said, whole)
        found = _problems(whole_form, row, whole, parts, problems)
        at_home, received = writer.home(whole)
        return settle(
            target, row, at_home, held, last_updated=to_micros(now), problems=found,
            outcome=Outcome.CHANGED,
            received=received or _beside(row, writer, (parts, below), body, when),
        )  # fmt: skip

    return target.change(decide)


def _beside(
    row: ObjectRow, writer: Writer, place: Place, body: bytes, when: datetime
) -> Received | None:
    """An own object that we keep in another version too: it changes there as it does at home.

    What a partner gave in another version is no picture of it any more.
    """
    received, (parts, below) = received_in(row.sidecar), place
    if received is None or writer.source is not None:
        return None
    if not parts:
        return Received(received.version, merge(received.document, body, appends=frozenset()))
    opened = open_part(received.document, parts, below)
    if opened.part is None:
        return received
    after = merge(opened.part, body, appends=frozenset())
    return Received(received.version, opened.written(after, when)[0])


def _live(row: ObjectRow | None) -> ObjectRow:
    if row is None or row.deleted:
        raise NotFound(_ABSENT)
    return row


def _stamp(document: bytes) -> int | None:
    """Its `last_updated` in microseconds; None if it has none."""
    try:
        return to_micros(last_updated_of(document))
    except CallerError:
        return None


def _older(stamp: int | None, when: datetime, writer: Writer, now: int) -> bool:
    if writer.authoritative or stamp is None:
        return False
    return is_older(to_micros(when), stamp, now)


def _problems(
    whole_form: type,
    row: ObjectRow,
    whole: bytes,
    parts: Sequence[Part],
    found: Sequence[Problem],
) -> Sequence[Problem]:
    """A fault-free part of a fault-free object needs no second look; else the whole is read."""
    if not parts or (row.notes is None and not found):
        return found
    return read(whole_form, whole).problems


@cache
def _is_dated(kind: type) -> bool:
    """Asking a type for its members is dear."""
    return any(field.encode_name == _LAST_UPDATED for field in msgspec.structs.fields(kind))


def _read_patch(kind: type, body: bytes, writer: Writer) -> Mapping[str, object]:
    """The typed members of a PATCH body, each by the rules of the whole object."""
    needed = writer.version.patch_needs_last_updated and _is_dated(kind)
    reading = read_patch(kind, body, needs_last_updated=needed)
    if reading.value is None or not reading.usable(writer.strict):
        raise CallerError(reading.message)
    return reading.value


def _fixed(
    target: Target, ids: Mapping[str, object], parts: Sequence[Part], below: Sequence[str]
) -> dict[str, object]:
    """The identifiers that stand in the URL, by the member that repeats them in the body.

    What the URL does not name is what the object has, that was found by it.
    """
    if parts:
        return {parts[-1].key: below[-1]}
    resource = target.resource
    owners = zip(OWNER_MEMBERS, target.owner, strict=True) if resource.owner_in_body else ()
    unsaid = {name: parts_of(resource, target.key)[name] for name in resource.key_defaults}
    return {**unsaid, **ids, **dict(owners)}


def _refuse_new_ids(members: Mapping[str, object], fixed: Mapping[str, object]) -> None:
    """Identifiers may be repeated in a PATCH, spelled as they like, but not changed."""
    for member, value in fixed.items():
        if member in members and fold(str(members[member])) != fold(str(value)):
            raise CallerError(f"$.{member}: a PATCH cannot change it")
