"""The newest feed number, watched once for all who wait for it."""

import asyncio
from collections.abc import Awaitable, Callable

POLL_SECONDS = 0.2


class HeadWatch:
    """Writes of this process wake at once; those of others are seen by a poll while one waits."""

    def __init__(self, read: Callable[[], Awaitable[int]]) -> None:
        self._read = read
        self._head = 0
        self._waiting: set[asyncio.Future[None]] = set()
        self._poller: asyncio.Task[None] | None = None

    def seen(self, head: int) -> None:
        if head > self._head:
            self._head = head
            self._wake(None)

    async def wait(self, after: int, seconds: float) -> int:
        """The head as soon as it is > after, or as it stands after `seconds`."""
        if self._head <= after and not self._is_seen_in(seconds):
            self.seen(await self._read())
        if self._head > after:
            return self._head
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                while self._head <= after:
                    await self._moved()
        except TimeoutError:
            pass
        return self._head

    async def close(self) -> None:
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)

    def _is_seen_in(self, seconds: float) -> bool:
        """Whether a poll that is under way looks before that time is over."""
        return self._poller is not None and not self._poller.done() and seconds >= POLL_SECONDS

    async def _moved(self) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(woken)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            await woken
        finally:
            self._waiting.discard(woken)

    def _wake(self, fault: Exception | None) -> None:
        for woken in self._waiting:
            if woken.done():
                continue
            if fault is None:
                woken.set_result(None)
            else:
                woken.set_exception(fault)

    async def _poll(self) -> None:
        """A look that fails must reach who waits, else it would wait in vain."""
        while self._waiting:
            await asyncio.sleep(POLL_SECONDS)
            try:
                self.seen(await self._read())
            except Exception as fault:
                self._wake(fault)
                return
