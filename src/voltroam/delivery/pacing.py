"""How often a partner wants to hear of an object that changes all the time (a running session).

While its status stays as it is, an update waits until the partner's interval has passed since the
last; a change of status goes at once. What waits is in the lane, so the last state is never lost.
"""

from collections import OrderedDict
from collections.abc import Callable

import msgspec

from voltroam.standard.endpoints import Table
from voltroam.store.interface import ObjectKey, ObjectRow

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Pacing:
    """Of one lane. `interval` in seconds, None: everything at once."""

    def __init__(
        self, table: Table, interval: Callable[[], float | None], clock: Callable[[], float]
    ) -> None:
        self._table = table
        self._interval = interval
        self._clock = clock
        self._sent: OrderedDict[ObjectKey, tuple[bytes, float]] = OrderedDict()
        """Status and moment of the last delivery of what may be held back."""

    def until(self, row: ObjectRow) -> float:
        """When it may be sent, by the lane's clock; 0: now."""
        interval, last = self._interval(), self._sent.get(row.key)
        if interval is None or last is None or row.deleted or self._status(row) != last[0]:
            return 0.0
        due = last[1] + interval
        return due if due > self._clock() else 0.0

    def sent(self, row: ObjectRow) -> None:
        """The partner has this state now."""
        interval = self._interval()
        status = None if interval is None or row.deleted else self._status(row)
        if interval is None or status is None:
            self._sent.pop(row.key, None)
            return
        now = self._clock()
        self._sent[row.key] = (status, now)
        self._sent.move_to_end(row.key)
        while self._sent and next(iter(self._sent.values()))[1] + interval < now:
            self._sent.popitem(last=False)

    def _status(self, row: ObjectRow) -> bytes | None:
        """What the object's end shows in; None for a kind without."""
        resource = self._table.resources.get(row.key.kind)
        if resource is None or not resource.finals:
            return None
        members = _MEMBERS.decode(row.document)
        return b",".join(bytes(members.get(name, b"")) for name in resource.finals)
