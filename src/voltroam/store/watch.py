"""The newest feed number, watched once for all who wait for it."""

import asyncio
from collections.abc import Awaitable, Callable

POLL_SECONDS = 0.2


class HeadWatch:
    """Writes of this process wake at once; those of others are seen by a poll while one waits."""

    def __init__(self, read: Callable[[], Awaitable[int]]) -> None:
        self._read = read
        self._head = 0
        self._moved = asyncio.Event()
        self._waiting = 0
        self._poller: asyncio.Task[None] | None = None

    def seen(self, head: int) -> None:
        if head > self._head:
            self._head = head
            self._moved.set()
            self._moved = asyncio.Event()

    async def wait(self, after: int, seconds: float) -> int:
        """The head as soon as it is > after, or as it stands after `seconds`."""
        if self._head <= after:
            self.seen(await self._read())
        self._waiting += 1
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                while self._head <= after:
                    await self._moved_or_failed(self._poll_while_awaited())
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1
        return self._head

    async def close(self) -> None:
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)

    def _poll_while_awaited(self) -> asyncio.Task[None]:
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        return self._poller

    async def _moved_or_failed(self, poller: asyncio.Task[None]) -> None:
        """A poll that fails must reach who waits, else it would wait in vain."""
        moved = asyncio.ensure_future(self._moved.wait())
        try:
            await asyncio.wait({moved, poller}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            moved.cancel()
        if poller.done() and not poller.cancelled() and (error := poller.exception()):
            raise error

    async def _poll(self) -> None:
        while self._waiting:
            await asyncio.sleep(POLL_SECONDS)
            self.seen(await self._read())
