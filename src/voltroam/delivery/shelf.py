"""Documents as partners certainly have them, shared by all lanes: the base of a PATCH.

Bounded by bytes; what fell out is sent whole again.
"""

from collections import OrderedDict
from typing import NamedTuple

from voltroam.standard.endpoints import Resource
from voltroam.standard.versions import Version as Spoken
from voltroam.store.interface import ObjectKey, ObjectRow
from voltroam.wire.diff import PatchPlan, patch_between


class State(NamedTuple):
    """Which document a partner has: the state of a feed number, as the partner may see it."""

    changed: int
    view: str = ""
    """What was left out of it; empty: nothing."""


class Version(NamedTuple):
    key: ObjectKey
    state: State


class Shelf:
    """Each state of an object is kept once, however many partners have it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._documents: OrderedDict[Version, bytes] = OrderedDict()
        self._plans: OrderedDict[tuple[Version, State], PatchPlan | None] = OrderedDict()

    def put(self, row: ObjectRow, view: str = "") -> None:
        """`row` with the document as that view shows it."""
        at = Version(row.key, State(row.changed, view))
        if at in self._documents:
            self._documents.move_to_end(at)
            return
        self._documents[at] = row.document
        self._size += len(row.document)
        while self._size > self._limit:
            _, document = self._documents.popitem(last=False)
            self._size -= len(document)

    def find(self, key: ObjectKey, state: State) -> bytes | None:
        return self._documents.get(Version(key, state))

    def document(self, row: ObjectRow, base: State | None) -> bytes:
        """The document of the state `base`, or else the row's own."""
        if base is None:
            return row.document
        return self._documents.get(Version(row.key, base), row.document)

    def plan(
        self, resource: Resource, row: ObjectRow, base: State, view: str = "", *, spoken: Spoken
    ) -> PatchPlan | None:
        """What a partner that has the state `base` lacks of the row; None: send the whole.

        `spoken`: its version, whose views no partner of another version has.
        """
        step = (Version(row.key, base), State(row.changed, view))
        if step in self._plans:
            return self._plans[step]
        old = self._documents.get(step[0])
        if old is None:
            return None
        found = patch_between(old, row.document, resource, spoken)
        self._plans[step] = found
        if len(self._plans) > 4096:
            self._plans.popitem(last=False)
        return found
