"""Documents as partners certainly have them, shared by all lanes: the base of a PATCH.

Bounded by bytes; what fell out is sent whole again.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from voltroam.delivery.diff import Partial
from voltroam.standard.endpoints import Resource
from voltroam.store.interface import ObjectKey, ObjectRow

Differ = Callable[[Resource, bytes, bytes], Partial | None]


class Version(NamedTuple):
    key: ObjectKey
    changed: int


class Shelf:
    """Each state of an object is kept once, however many partners have it."""

    def __init__(self, limit: int, differ: Differ) -> None:
        self._limit = limit
        self._differ = differ
        self._size = 0
        self._documents: OrderedDict[Version, bytes] = OrderedDict()
        self._partials: OrderedDict[tuple[Version, int], Partial | None] = OrderedDict()

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

    def partial(self, resource: Resource, row: ObjectRow, base: int) -> Partial | None:
        """What a partner that has the state of feed number `base` lacks; None: send the whole."""
        step = (Version(row.key, base), row.changed)
        if step in self._partials:
            return self._partials[step]
        old = self._documents.get(step[0])
        if old is None:
            return None
        found = self._differ(resource, old, row.document)
        self._partials[step] = found
        if len(self._partials) > 4096:
            self._partials.popitem(last=False)
        return found
