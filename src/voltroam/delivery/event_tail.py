"""One reader of the log of events for all receivers and streams of a process."""

import asyncio
from bisect import bisect_right

from voltroam.store.interface import Event, Store

POLL = 0.2
"""Seconds after which an event of another process is seen at the latest."""
READ = 1_000


class EventTail:
    """Keeps the newest events in memory, so that a hundred receivers cost one reader.

    It polls only while somebody waits; what this process wrote to the feed wakes it at once.
    """

    def __init__(self, store: Store, keep: int) -> None:
        self._store = store
        self._keep = keep
        self._events: list[Event] = []
        self._floor = -1
        """Events after this one are in memory, all of them; -1: nothing was read yet."""
        self._moved = asyncio.Event()
        self._waiting = 0
        self._poller: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    @property
    def head(self) -> int:
        """The newest event that this process has seen."""
        return self._events[-1].sequence if self._events else self._floor

    async def read(self, after: int, limit: int = READ) -> list[Event]:
        """Events after a sequence number in order, from memory if they are there."""
        if 0 <= self._floor <= after:
            start = bisect_right(self._events, after, key=lambda event: event.sequence)
            return self._events[start : start + limit]
        return await self._store.events(after, limit)

    async def wait(self, after: int, seconds: float) -> None:
        """Until there are events after that number, or the time is up."""
        self._waiting += 1
        try:
            async with asyncio.timeout(seconds):
                while self.head <= after:
                    poller = self._poll_while_awaited()
                    moved = asyncio.ensure_future(self._moved.wait())
                    try:
                        await asyncio.wait({moved, poller}, return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        moved.cancel()
                    if poller.done() and not poller.cancelled() and (error := poller.exception()):
                        raise error
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)

    def _poll_while_awaited(self) -> asyncio.Task[None]:
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        return self._poller

    async def _poll(self) -> None:
        feed = await self._store.head()
        while self._waiting:
            await self._advance()
            feed = await self._store.wait_for_change(feed, POLL)

    async def _advance(self) -> None:
        async with self._turn:
            newest = await self._store.newest_event()
            if self._floor < 0 or newest - self.head > self._keep:
                self._events, self._floor = [], newest
                self._ring()
                return
            while self.head < newest:
                found = await self._store.events(self.head, READ)
                if not found:
                    break
                self._events.extend(found)
                self._trim()
                self._ring()

    def _trim(self) -> None:
        if len(self._events) > 2 * self._keep:
            gone = len(self._events) - self._keep
            self._floor = self._events[gone - 1].sequence
            del self._events[:gone]

    def _ring(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
