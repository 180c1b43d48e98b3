"""Whether the far end hung up a connection that was kept for the next request."""

import select
from collections import OrderedDict
from collections.abc import Callable

from voltroam.transport.guard import Checked

_Origin = tuple[str, str, int, str]
_EACH = 8
"""Connections that are known of one origin, the last ones that were used."""


class KeptConnections:
    """The connections that rest, of so many origins; `busy` says which socket is at work.

    libcurl looks at its connections once a second. What it writes to one that broke meanwhile is
    lost, and nobody can tell whether it was read. So we look before each request: a connection
    that rests has nothing to read but its end. Which one libcurl would take, it does not say.
    """

    def __init__(self, origins: int, busy: Callable[[int], bool]) -> None:
        self._busy = busy
        self._most = origins
        self._origins: OrderedDict[_Origin, dict[int, None]] = OrderedDict()
        self._owners: dict[int, _Origin] = {}

    def note(self, to: Checked, socket: int) -> None:
        """An exchange ended well over this socket, -1 if the connection was not kept."""
        if socket < 0:
            return
        origin = _origin(to)
        if self._owners.get(socket, origin) != origin:
            self._forget(socket)  # a number that came again
        sockets = self._origins.setdefault(origin, {})
        sockets.pop(socket, None)
        sockets[socket] = None
        self._owners[socket] = origin
        if len(sockets) > _EACH:
            self._forget(next(iter(sockets)))
        self._origins.move_to_end(origin)
        if len(self._origins) > self._most:
            for gone in self._origins.popitem(last=False)[1]:
                del self._owners[gone]

    def broke(self, to: Checked) -> bool:
        """Whether the next request needs a connection of its own.

        Also if a number is by now that of another socket that has something to read: then a new
        connection is made without need, and does no harm.
        """
        sockets = self._origins.get(_origin(to))
        if not sockets:
            return False
        look = select.poll()
        for socket in sockets:
            if not self._busy(socket):
                look.register(socket, select.POLLIN)
        broke = False
        for socket, what in look.poll(0):
            if what & select.POLLNVAL:
                self._forget(socket)
            else:
                broke = True
        return broke

    def _forget(self, socket: int) -> None:
        self._origins[self._owners.pop(socket)].pop(socket)


def _origin(to: Checked) -> _Origin:
    return to.scheme, to.host, to.port, to.addresses[0]
