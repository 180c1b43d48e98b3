"""Lets pushes begin a few at a time, so that calls that come in are answered between them.

Hundreds of lanes may have something to send at the same moment. If all began at once the process
would do nothing else for as long as that takes, and again when the answers come.
"""

import asyncio
from collections import deque


class Turnstile:
    """First come, first served, over all lanes of a process; `few` in each turn of its loop."""

    def __init__(self, few: int) -> None:
        self._few = self._left = few
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._armed = False

    async def enter(self) -> None:
        """Returns when it is our turn."""
        self._arm()
        if self._left and not self._waiting:
            self._left -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def _arm(self) -> None:
        if not self._armed:
            self._armed = True
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        self._armed = False
        self._left = self._few
        while self._left and self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # its task was cancelled
                turn.set_result(None)
                self._left -= 1
        if self._waiting:
            self._arm()
