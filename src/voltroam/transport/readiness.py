"""Which sockets are ready, apart from the event loop's own: in libcurl's words for it."""

import select
import selectors
from collections.abc import Iterable
from typing import Final, Protocol

READ: Final = 1
WRITE: Final = 2
BROKEN: Final = 4
"""libcurl's bits: what it waits for, and what it is told."""


class Readiness(Protocol):
    """Its own descriptor is readable as long as one of its sockets is ready."""

    def fileno(self) -> int: ...

    def watch(self, socket: int, what: int) -> None:
        """Wait for `READ`, `WRITE` or both at a socket, instead of what was waited for there."""
        ...

    def forget(self, socket: int) -> None: ...

    def watches(self, socket: int) -> bool: ...

    def ready(self) -> Iterable[tuple[int, int]]: ...

    def close(self) -> None: ...


def readiness() -> Readiness:
    """The system's own where it is Linux: sockets come and go with every request."""
    return Polled() if hasattr(select, "epoll") else Selected()


class Polled:
    """Linux."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._watched: set[int] = set()
        self._meant = {
            READ: select.EPOLLIN,
            WRITE: select.EPOLLOUT,
            READ | WRITE: select.EPOLLIN | select.EPOLLOUT,
        }

    def fileno(self) -> int:
        return self._epoll.fileno()

    def watch(self, socket: int, what: int) -> None:
        if socket in self._watched:
            self._epoll.modify(socket, self._meant[what])
        else:
            self._epoll.register(socket, self._meant[what])
            self._watched.add(socket)

    def forget(self, socket: int) -> None:
        if socket in self._watched:
            self._watched.remove(socket)
            self._epoll.unregister(socket)

    def watches(self, socket: int) -> bool:
        return socket in self._watched

    def ready(self) -> Iterable[tuple[int, int]]:
        return [(socket, _told(events)) for socket, events in self._epoll.poll(0)]

    def close(self) -> None:
        self._epoll.close()


def _told(events: int) -> int:
    if events == select.EPOLLIN:
        return READ
    return (
        (READ if events & select.EPOLLIN else 0)
        | (WRITE if events & select.EPOLLOUT else 0)
        | (BROKEN if events & (select.EPOLLERR | select.EPOLLHUP) else 0)
    )


class Selected:
    """Everywhere else: what the standard library finds."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def fileno(self) -> int:
        return self._selector.fileno()

    def watch(self, socket: int, what: int) -> None:
        """The selector's bits are the same."""
        if socket in self._selector.get_map():
            self._selector.modify(socket, what)
        else:
            self._selector.register(socket, what)

    def forget(self, socket: int) -> None:
        if socket in self._selector.get_map():
            self._selector.unregister(socket)

    def watches(self, socket: int) -> bool:
        return socket in self._selector.get_map()

    def ready(self) -> Iterable[tuple[int, int]]:
        return [(key.fd, events) for key, events in self._selector.select(0)]

    def close(self) -> None:
        self._selector.close()
