"""Objects written anew because something changed that others are told by them.

Our own get a later `last_updated`, so that whoever pulls finds them. Those of others stay as they
are: they are moved in the feed alone, so that lanes tell them again.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from voltroam.roaming.received import Received, received_in
from voltroam.roaming.references import References, references_of
from voltroam.roaming.settle import event
from voltroam.roaming.weigh import flow_of, is_private, marked
from voltroam.standard.endpoints import Table
from voltroam.store.interface import (
    Change,
    Decision,
    Held,
    ObjectDraft,
    ObjectKey,
    ObjectRow,
    Store,
)
from voltroam.wire.patch import merge
from voltroam.wire.times import format_datetime, from_micros, parse_datetime, to_micros

AT_ONCE = 100


def in_class(row: ObjectRow, audience: str, now: int) -> ObjectDraft:
    """The object in another class, its `last_updated` raised to now (µs) if it is earlier."""
    text = format_datetime(from_micros(max(now, row.last_updated)))
    body = msgspec.json.encode({"last_updated": text})

    def dated(document: bytes) -> bytes:
        return merge(document, body, appends=frozenset())

    return _draft(row, dated, to_micros(parse_datetime(text)), audience)


async def show_anew(store: Store, table: Table, key: ObjectKey, *, ours: bool = True) -> int:
    """Write anew what names an object, of the same owner; how many."""
    count = 0
    for resource in table.resources.values():
        references = references_of(resource)
        if references is not None and references.kind == key.kind:
            count += await _all_of(store, resource.kind, references, key, ours=ours)
    return count


async def _all_of(
    store: Store, kind: str, references: References, key: ObjectKey, *, ours: bool
) -> int:
    ids = frozenset({key.id})
    waiting: list[ObjectKey] = []
    count = 0
    async for row in store.scan(kind, owner=key.owner):
        if references.named(row.document, ids):
            waiting.append(row.key)
        if len(waiting) == AT_ONCE:
            count += await _write(store, references, waiting, ids, ours=ours)
            waiting = []
    return count + await _write(store, references, waiting, ids, ours=ours)


async def _write(
    store: Store,
    references: References,
    keys: Sequence[ObjectKey],
    ids: frozenset[str],
    *,
    ours: bool,
) -> int:
    change = _dated if ours else _again
    changes = [change(references, key, ids) for key in keys]
    return sum(await asyncio.gather(*(store.apply(change) for change in changes)))


def _dated(references: References, key: ObjectKey, ids: frozenset[str]) -> Change[bool]:
    """Later by at least a millisecond: the same time could be taken for the same content."""

    def decide(held: Held) -> Decision[bool]:
        row = held.objects.get(key)
        if row is None or row.deleted or not references.named(row.document, ids):
            return Decision(False)
        moment = from_micros(max(held.now, row.last_updated + 1000))
        moment = parse_datetime(format_datetime(moment))

        def dated(document: bytes) -> bytes:
            return references.dated(document, ids, moment)

        draft = _draft(row, dated, to_micros(moment), row.audience)
        return Decision(True, objects=(draft,), events=(event(key, "changed"),))

    return Change(decide, objects=(key,))


def _again(references: References, key: ObjectKey, ids: frozenset[str]) -> Change[bool]:
    """Another's object, as it is."""

    def decide(held: Held) -> Decision[bool]:
        row = held.objects.get(key)
        if row is None or row.deleted or not references.named(row.document, ids):
            return Decision(False)
        draft = ObjectDraft(
            key, row.version, row.document, row.last_updated, row.audience, row.sources,
            row.notes, row.sidecar, again=True,
        )  # fmt: skip
        return Decision(True, objects=(draft,))

    return Change(decide, objects=(key,))


def _draft(
    row: ObjectRow, dated: Callable[[bytes], bytes], stamp: int, audience: str
) -> ObjectDraft:
    """With its time raised, in the version that it came in too."""
    received, sidecar = received_in(row.sidecar), row.sidecar
    if received is not None:
        raised = Received(received.version, dated(received.document))
        sidecar = marked(sidecar, is_private(row), flow_of(row), raised)
    return ObjectDraft(
        row.key, row.version, dated(row.document), stamp, audience, row.sources, row.notes, sidecar
    )
