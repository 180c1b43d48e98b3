"""libcurl's transfers on the event loop: one selector, one timer, no thread.

libcurl says which sockets it waits for. They stand in a selector of their own, whose descriptor the
loop watches: a socket is waited for anew with each request, and telling the loop each time costs
a fifth of a request (docs/decisions/0002-http-client.md).
"""

import asyncio
from typing import NamedTuple

import pycurl

from voltroam.transport.readiness import readiness

DONE = 0
"""libcurl's number for no fault."""
NO_SOCKET = -1
_NOTHING = frozenset({pycurl.POLL_NONE, pycurl.POLL_REMOVE})
_AWAY = pycurl.E_ABORTED_BY_CALLBACK


class Ended(NamedTuple):
    """libcurl's number of what went wrong, and the socket of a connection that was kept."""

    number: int
    socket: int


class Transfers:
    """Runs prepared handles to their end; all calls come from one event loop.

    `connections` are kept open when idle.
    """

    def __init__(self, connections: int) -> None:
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._wait_for)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._wake_in)
        self._multi.setopt(pycurl.M_MAXCONNECTS, connections)
        self._sockets = readiness()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._new: list[pycurl.Curl] = []
        self._running: dict[pycurl.Curl, asyncio.Future[Ended]] = {}
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._soon = False
        self._closed = False

    async def finish(self, curl: pycurl.Curl) -> Ended:
        """What became of it; one that is cancelled hangs up, and after `close` nothing begins."""
        if self._closed:
            return Ended(_AWAY, NO_SOCKET)
        loop = self._loop or self._begin()
        ended = self._running[curl] = loop.create_future()
        self._new.append(curl)  # those of one turn of the loop start together
        self._step_soon(loop)
        try:
            result: Ended = await ended
            return result
        finally:
            if self._running.pop(curl, None) is not None:
                self._leave(curl)

    def waits_for(self, socket: int) -> bool:
        """Whether an exchange is under way at this socket."""
        return self._sockets.watches(socket)

    def close(self) -> None:
        """Hang up everywhere; what still runs ends as aborted."""
        self._closed = True
        for curl, ended in list(self._running.items()):
            if not ended.done():
                self._leave(curl)
                ended.set_result(Ended(_AWAY, NO_SOCKET))
        self._running.clear()
        if self._timer is not None:
            self._timer.cancel()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._sockets.fileno())
        self._multi.close()
        self._sockets.close()

    def _begin(self) -> asyncio.AbstractEventLoop:
        loop = self._loop = asyncio.get_running_loop()
        loop.add_reader(self._sockets.fileno(), self._sockets_ready)
        return loop

    def _leave(self, curl: pycurl.Curl) -> None:
        if curl in self._new:
            self._new.remove(curl)
            return
        self._multi.remove_handle(curl)

    # -- what libcurl asks for: never called but from within the steps below --

    def _wait_for(self, what: int, socket: int, _multi: object, _data: object) -> None:
        if what in _NOTHING:
            self._sockets.forget(socket)
        else:
            self._sockets.watch(socket, what)

    def _wake_in(self, milliseconds: int) -> None:
        loop = self._loop
        if loop is None or milliseconds < 0:
            self._due = None
        elif milliseconds == 0:
            self._step_soon(loop)
        else:
            due = self._due = loop.time() + milliseconds / 1000
            if self._timer is not None and self._timer.when() <= due:
                return  # it looks at what is due then
            if self._timer is not None:
                self._timer.cancel()
            self._timer = loop.call_at(due, self._timer_ends)

    # -- steps --

    def _step_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._soon:
            self._soon = True
            loop.call_soon(self._step)

    def _step(self) -> None:
        """Begin what is new, and let go on what libcurl wanted to go on now."""
        new, self._new = self._new, []
        for curl in new:
            self._multi.add_handle(curl)
        self._soon = False
        self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._collect()

    def _sockets_ready(self) -> None:
        for socket, what in self._sockets.ready():
            self._multi.socket_action(socket, what)
        self._collect()

    def _timer_ends(self) -> None:
        self._timer = None
        loop, due = self._loop, self._due
        if loop is None or due is None:
            return
        if due > loop.time():
            self._timer = loop.call_at(due, self._timer_ends)
            return
        self._due = None
        self._step_soon(loop)

    def _collect(self) -> None:
        queued = 1
        while queued:
            queued, done, failed = self._multi.info_read()
            for curl in done:
                self._ended(curl, DONE)
            for curl, number, _text in failed:
                self._ended(curl, number)

    def _ended(self, curl: pycurl.Curl, number: int) -> None:
        socket: int = curl.getinfo(pycurl.ACTIVESOCKET)  # unknown once it has left
        self._multi.remove_handle(curl)
        ended = self._running.pop(curl, None)
        if ended is not None and not ended.done():
            ended.set_result(Ended(number, socket))
