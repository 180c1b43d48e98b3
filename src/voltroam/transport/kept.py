"""Whether the far end hung up a connection that was kept for the next request."""

import select
from collections import OrderedDict

from voltroam.transport.guard import Checked

_Origin = tuple[str, str, int, str]


class KeptConnections:
    """The last one of each of so many origins.

    libcurl looks at its connections once a second. What it writes to one that broke meanwhile is
    lost, and nobody can tell whether it was read. So we look before each request: a connection
    that rests has nothing to read but its end.
    """

    def __init__(self, origins: int) -> None:
        self._origins = origins
        self._sockets: OrderedDict[_Origin, int] = OrderedDict()

    def note(self, to: Checked, socket: int) -> None:
        """An exchange ended well over this socket, -1 if the connection was not kept."""
        origin = _origin(to)
        self._sockets[origin] = socket
        self._sockets.move_to_end(origin)
        if len(self._sockets) > self._origins:
            self._sockets.popitem(last=False)

    def broke(self, to: Checked) -> bool:
        """Whether the next request needs a new connection.

        Also if the number is by now that of another socket that has something to read: then a new
        connection is made without need, and does no harm.
        """
        socket = self._sockets.get(_origin(to), -1)
        if socket < 0:
            return False
        look = select.poll()
        look.register(socket, select.POLLIN)
        return bool(look.poll(0))


def _origin(to: Checked) -> _Origin:
    return to.scheme, to.host, to.port, to.addresses[0]
