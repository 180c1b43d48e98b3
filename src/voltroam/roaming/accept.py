"""The one way in for whole objects: a partner's push, a pull and an import obey the same rules.

What came is read before the transaction; what depends on the object as it stands is decided inside
the `Change` that each function returns. Documents are kept as received.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from voltroam.bridge.passage import Inward
from voltroam.roaming.audience import audience_of
from voltroam.roaming.client_info import hear
from voltroam.roaming.keys import object_key, owner_in, place_of
from voltroam.roaming.marks import mark_key, only
from voltroam.roaming.owners import owns
from voltroam.roaming.platforms import Identity, Platform
from voltroam.roaming.received import as_received, received_in
from voltroam.roaming.settle import (
    Target,
    Writer,
    conflict,
    event,
    older,
    settle,
    unchanged,
)
from voltroam.roaming.spelling import respelled
from voltroam.roaming.upward import raised
from voltroam.roaming.weigh import (
    Accepted,
    Outcome,
    addressee,
    check_final,
    is_older,
    is_private,
    marked,
    same,
)
from voltroam.standard.endpoints import Audience, Removal, Resource
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.shapes import shape
from voltroam.standard.versions import VERSIONS, Version
from voltroam.store.interface import Change, Decision, Held, ObjectDraft, ObjectKey, ObjectRow
from voltroam.wire.decode import Problem, Reading, read
from voltroam.wire.pieces import Pieces
from voltroam.wire.times import to_micros

__all__ = ["Writer", "accept", "mark_private", "read_object", "refuse_stranger", "remove"]

OWNER_MEMBERS = ("country_code", "party_id")


def accept(
    resource: Resource,
    document: bytes,
    *,
    version: Version,
    source: Platform | None,
    identity: Identity,
    strict: bool,
    owner: PartyId | None = None,
    ids: Mapping[str, str] | None = None,
    authoritative: bool = False,
    began: int | None = None,
    private: bool | None = None,
    flow: str = "",
    inward: Inward | None = None,
    to: PartyId | None = None,
    pieces: Pieces | None = None,
) -> Change[Accepted]:
    """Take one whole object. `owner` and `ids` are what the URL names, if it came by URL.

    `source` None: an import of our own. `private` sets or clears the operator's mark; None leaves
    it. `to`: the party that an own object is for, of a kind that is addressed. `inward` brings what
    came in another version home; `pieces` remembers what was read of such objects. Raises
    InvalidBody (no JSON), CallerError 2001 (unusable, or URL and body differ), NotFound (not the
    caller's). Whoever applies it must look at `Accepted.refusal`.
    """
    writer = Writer(identity, version, source, strict, authoritative, began, flow, to, inward)
    if owner is not None:
        refuse_stranger(resource, owner, source)
    document = respelled(resource.kind, document)
    members, problems = _read_whole(resource, version, document, strict, pieces)
    named = _owner(resource, version, members, owner, source)
    if named is None:
        raise CallerError("$.country_code, $.party_id: needed to identify the owner")
    if owner is not None:
        _same_owner(owner, named)
        defaults = resource.key_defaults if version.typed_tokens else {}
        _same_ids({**defaults, **(ids or {})}, members)
    elif source is not None and not source.is_hub and not owns(source, resource, named):
        raise CallerError("$.country_code, $.party_id: not a party of yours that owns such objects")
    moment = members.get("last_updated")
    key = object_key(resource, named, writer.ids(members))
    target = Target(resource, named, key, writer, place_of(resource, named, members))
    # Only what is needed later outlives this call: the typed view is large, and many wait at once.
    lift = partial(raised, document, resource.parts, members) if source is None else None

    if identity.is_hub and resource.audience is Audience.NOBODY:
        stamped = to_micros(moment) if isinstance(moment, datetime) else 0
        return target.change(
            lambda row, held: hear(target, row, document, held, stamp=stamped, problems=problems)
        )

    def decide(row: ObjectRow | None, held: Held) -> Decision[Accepted]:
        whole, when = document, moment
        if lift is not None and _differs(row, document):
            # What is new stays as its owner wrote it; what changes must show it to date filters.
            whole, when = lift()
        stamp = to_micros(when) if isinstance(when, datetime) else held.now
        moved = private is not None and private != is_private(row)
        moved = moved or (to is not None and addressee(row) != (to.folded,))
        if row is not None and not moved:
            kept = _kept(target, row, whole, stamp, now=held.now)
            if kept is not None:
                return kept
        at_home, received = writer.home(whole)
        return settle(
            target, row, at_home, held, last_updated=stamp, problems=problems, private=private,
            received=received,
        )  # fmt: skip

    return target.change(decide)


def named_owner(
    resource: Resource, members: Mapping[str, object], source: Platform | None
) -> PartyId | None:
    """The owner as the document names it; where it names none, the party that gave it to us."""
    if resource.owner_in_body and not _is_unsaid(source):
        return owner_in(members)
    parties = source.parties(*resource.owner_roles) if source is not None else ()
    return parties[0] if parties else None


def _is_unsaid(source: Platform | None) -> bool:
    """Whether its version's objects do not say whose they are (2.1.1)."""
    version = VERSIONS.get(source.version or "") if source is not None else None
    return version is not None and not version.owner_in_objects


def remove(
    resource: Resource,
    owner: PartyId,
    ids: Mapping[str, object],
    *,
    version: Version,
    source: Platform | None,
    identity: Identity,
    flow: str = "",
    key: ObjectKey | None = None,
) -> Change[Accepted]:
    """End an object that may be deleted; a tombstone tells the lanes. NotFound if it is absent."""
    refuse_stranger(resource, owner, source)
    key = key or object_key(resource, owner, ids)

    def decide(row: ObjectRow | None, _held: Held) -> Decision[Accepted]:
        if row is None or row.deleted or resource.removal is not Removal.DELETE:
            raise NotFound("No such object")
        draft = ObjectDraft(
            key, row.version, row.document, row.last_updated, row.audience, row.sources,
            row.notes, marked(row.sidecar, is_private(row), flow, received_in(row.sidecar)),
            deleted=True,
        )  # fmt: skip
        return Decision(
            Accepted(Outcome.REMOVED, row.document),
            objects=(draft,),
            events=(event(key, "deleted", row.document),),
        )

    return Target(resource, owner, key, Writer(identity, version, source)).change(decide)


def mark_private(
    resource: Resource, key: ObjectKey, owner: PartyId, identity: Identity, *, private: bool
) -> Change[bool]:
    """Set or clear the operator's mark on an own object; False if we hold no such object."""

    def decide(held: Held) -> Decision[bool]:
        row = held.objects.get(key)
        if row is None or row.deleted or not identity.holds(owner):
            return Decision(False)
        few = addressee(row) if resource.audience is Audience.ADDRESSED else only(held, key)
        audience = audience_of(
            resource, row.document, owner, identity, private=private, only=few,
            foreign=received_in(row.sidecar) is not None, now=held.now,
        )  # fmt: skip
        if audience == row.audience:
            return Decision(True)
        draft = ObjectDraft(
            key, row.version, row.document, row.last_updated, audience, row.sources, row.notes,
            marked(row.sidecar, private, received=received_in(row.sidecar)),
        )  # fmt: skip
        return Decision(True, objects=(draft,), events=(event(key, "changed"),))

    return Change(decide, objects=(key,), records=(mark_key(key),) if resource.narrowable else ())


def read_object(
    kind: type, document: bytes, *, strict: bool
) -> tuple[dict[str, object], tuple[Problem, ...]]:
    """The typed members of a document, and its problems; CallerError 2001 if it is unusable."""
    return _usable(read(kind, document), strict)


def _usable(reading: Reading[Any], strict: bool) -> tuple[dict[str, object], tuple[Problem, ...]]:
    if reading.value is None or not reading.usable(strict):
        raise CallerError(reading.message)
    return msgspec.structs.asdict(reading.value), reading.problems


def _read_whole(
    resource: Resource, version: Version, document: bytes, strict: bool, pieces: Pieces | None
) -> tuple[dict[str, object], tuple[Problem, ...]]:
    kind = shape(resource.object, version)
    if pieces is None or not resource.parts:
        return read_object(kind, document, strict=strict)
    part = resource.parts[0]
    return _usable(pieces.read(kind, part.member, shape(part.object, version), document), strict)


def refuse_stranger(resource: Resource, owner: PartyId, source: Platform | None) -> None:
    """NotFound before the body is looked at; a hub's claim is checked inside the transaction."""
    if source is not None and not source.is_hub and not owns(source, resource, owner):
        raise NotFound("No such object")


def _owner(
    resource: Resource,
    version: Version,
    members: Mapping[str, object],
    owner: PartyId | None,
    source: Platform | None,
) -> PartyId | None:
    """Who owns it: as the body says, else the URL, else the one party of the partner (2.1.1)."""
    if owner is not None and not (resource.owner_in_body and version.owner_in_objects):
        return owner
    return named_owner(resource, members, source)


def _differs(row: ObjectRow | None, document: bytes) -> bool:
    return row is not None and not row.deleted and not _as_held(row, document)


def _as_held(row: ObjectRow, document: bytes) -> bool:
    """Whether it says what we hold, in the version that it came in."""
    return same(as_received(row).document, document)


def _kept(
    target: Target, row: ObjectRow, document: bytes, stamp: int, *, now: int
) -> Decision[Accepted] | None:
    """The decision that leaves the held object as it is, or None if the new one shall stand."""
    if target.resource.immutable:
        identical = _as_held(row, document)
        return unchanged(row, target.writer) if identical else conflict(row, document)
    if not target.writer.wins_over(row) and is_older(stamp, row.last_updated, now):
        return older(row, target.writer)
    if row.deleted:
        return None
    if stamp == row.last_updated and _as_held(row, document):
        return unchanged(row, target.writer)
    check_final(target.resource, row.document, document)
    return None


def _same_owner(named: PartyId, inside: PartyId) -> None:
    for member, one, other in zip(OWNER_MEMBERS, named, inside, strict=True):
        if fold(one) != fold(other):
            raise CallerError(f"$.{member}: differs from the URL")


def _same_ids(ids: Mapping[str, str], members: Mapping[str, object]) -> None:
    """The URL's ids, with their defaults, against the body's (CORE-COO-05, TOK-RCV-05)."""
    for member, value in ids.items():
        if fold(str(members.get(member, ""))) != fold(value):
            raise CallerError(f"$.{member}: differs from the URL")
