"""Documents as partners certainly have them, shared by all lanes: the base of a PATCH.

Bounded by bytes; what fell out is sent whole again.
"""

from collections import OrderedDict
from typing import NamedTuple

from voltroam.standard.endpoints import Resource
from voltroam.store.interface import ObjectKey, ObjectRow
from voltroam.wire.diff import PatchPlan, patch_between


class Version(NamedTuple):
    key: ObjectKey
    changed: int


class Shelf:
    """Each state of an object is kept once, however many partners have it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._documents: OrderedDict[Version, bytes] = OrderedDict()
        self._plans: OrderedDict[tuple[Version, int], PatchPlan | None] = OrderedDict()

    def put(self, row: ObjectRow) -> None:
        at = Version(row.key, row.changed)
        if at in self._documents:
            self._documents.move_to_end(at)
            return
        self._documents[at] = row.document
        self._size += len(row.document)
        while self._size > self._limit:
            _, document = self._documents.popitem(last=False)
            self._size -= len(document)

    def document(self, row: ObjectRow, base: int | None) -> bytes:
        """The document of the state of feed number `base`, or else the row's own."""
        if base is None:
            return row.document
        return self._documents.get(Version(row.key, base), row.document)

    def plan(self, resource: Resource, row: ObjectRow, base: int) -> PatchPlan | None:
        """What a partner that has the state of feed number `base` lacks; None: send the whole."""
        step = (Version(row.key, base), row.changed)
        if step in self._plans:
            return self._plans[step]
        old = self._documents.get(step[0])
        if old is None:
            return None
        found = patch_between(old, row.document, resource)
        self._plans[step] = found
        if len(self._plans) > 4096:
            self._plans.popitem(last=False)
        return found
