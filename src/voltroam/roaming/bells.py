"""Who waits for a row to change is woken when this process changes it, and looks by itself too."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

POLL = 0.05
"""Seconds between two looks at what another process may have changed."""
T = TypeVar("T")


class Bells:
    """One for each row that somebody waits for, by its id."""

    def __init__(self) -> None:
        self._bells: dict[str, set[asyncio.Event]] = {}

    def ring(self, id_: str) -> None:
        """The row has changed."""
        for bell in self._bells.get(id_, ()):
            bell.set()

    async def until(
        self,
        id_: str,
        look: Callable[[], Awaitable[T]],
        settled: Callable[[T], bool],
        timeout: float | None,
    ) -> T:
        """The row as `look` reads it, once it is settled or `timeout` seconds are up."""
        loop = asyncio.get_running_loop()
        end = None if timeout is None else loop.time() + timeout
        bell = asyncio.Event()
        bells = self._bells.setdefault(id_, set())
        bells.add(bell)
        try:
            while True:
                bell.clear()
                found = await look()
                pause = POLL if end is None else min(POLL, end - loop.time())
                if settled(found) or pause <= 0:
                    return found
                try:
                    async with asyncio.timeout(pause):
                        await bell.wait()
                except TimeoutError:
                    continue
        finally:
            bells.discard(bell)
            if not bells:
                self._bells.pop(id_, None)
