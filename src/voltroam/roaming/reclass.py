"""The version part of an object's class, judged anew.

It depends on the versions that we speak and on the bridge's rules, so what both were when the
stored objects were last judged is noted: `Basis`. Of some objects it depends on the clock.
"""

import msgspec

from voltroam.bridge.passage import basis, floor, floors_shown
from voltroam.bridge.terms import Relaxation
from voltroam.roaming.audience import FLOOR, bare, floored
from voltroam.roaming.platforms import Identity
from voltroam.roaming.received import received_in
from voltroam.standard.endpoints import Resource
from voltroam.standard.versions import VERSIONS
from voltroam.store.interface import HELD, PRIVATE, ObjectRow, RecordDraft, RecordKey, Store

BASIS = RecordKey("class_basis", "")


class Basis(msgspec.Struct, frozen=True, omit_defaults=True):
    """By which versions and rules all stored objects are judged, and which pass is under way."""

    versions: tuple[str, ...]
    rules: int
    next_versions: tuple[str, ...] = ()
    """Those of the pass; empty: none is under way."""
    next_rules: int = 0
    done: dict[str, int] = {}
    """Of that pass, by kind: objects with `created` up to this are judged."""


_BASIS = msgspec.json.Decoder(Basis)


async def basis_of(store: Store) -> Basis | None:
    """None: the database is new, or older than such a note."""
    record = await store.record(BASIS)
    return None if record is None else _BASIS.decode(record.document)


async def formerly(store: Store, versions: tuple[str, ...]) -> tuple[str, ...]:
    """Versions that we speak no more, by which classes may still be made: until all are judged."""
    held = await basis_of(store)
    if held is None:
        return ()
    return tuple(sorted({*held.versions, *held.next_versions} - set(versions)))


def wanted(held: Basis | None, identity: Identity) -> Basis | None:
    """The pass that is due, continued where it is under way; None: all is judged."""
    versions, rules = basis(identity.versions)
    if held is None:
        return Basis((), 0, versions, rules)
    if (held.next_versions, held.next_rules) == (versions, rules):
        return held
    if held.next_versions:  # another pass was cut off: what it judged is by neither
        both = tuple(sorted({*held.versions, *held.next_versions}))
        return Basis(both, 0, versions, rules)
    if (held.versions, held.rules) == (versions, rules):
        return None
    return Basis(held.versions, held.rules, versions, rules)


def finished(done: Basis) -> Basis:
    return Basis(done.next_versions, done.next_rules)


def noted(one: Basis) -> RecordDraft:
    return RecordDraft(BASIS, msgspec.json.encode(one))


def judged(resource: Resource, row: ObjectRow, identity: Identity, now: int) -> str:
    """The class that a stored object should have at `now` (µs)."""
    if row.audience in (HELD, PRIVATE):
        return row.audience
    foreign = received_in(row.sidecar) is not None
    kind = resource.object.__name__
    lowest = floor(kind, row.document, identity.versions, foreign=foreign, now=now)
    return floored(bare(row.audience), lowest)


def is_seen_alike(resource: Resource, before: str, after: str, pass_: Basis) -> bool:
    """Whether partners of the versions spoken before and after see an object by either class."""
    spoken = set(pass_.next_versions)
    if pass_.versions:
        spoken &= set(pass_.versions)
    ways = [(number, generous) for number in spoken for generous in (False, True)]
    return all(_is_shown(resource, before, *it) == _is_shown(resource, after, *it) for it in ways)


def _is_shown(resource: Resource, audience: str, number: str, generous: bool) -> bool:
    """To partners of that version, of which `generous` profiles allow all that can be."""
    lowest = audience.partition(FLOOR)[2]
    relaxations = tuple(Relaxation) if generous else ()
    kind = resource.object.__name__
    return not lowest or lowest in floors_shown(
        kind, VERSIONS[number], VERSIONS, relaxations, postal_code=generous
    )
