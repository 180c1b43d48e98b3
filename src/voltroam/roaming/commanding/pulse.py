"""Whether a process that works at orders still lives, by a lease that it keeps."""

import asyncio
import contextlib
import secrets
from collections.abc import Iterator
from time import monotonic

from voltroam.standard.errors import NodeError
from voltroam.store.interface import Store


class Pulse:
    """One per process. `id` names it in the rows that it works at; `seconds` is the lease.

    It beats only while there is work, and a little longer than it was asked to.
    """

    def __init__(self, store: Store, seconds: float) -> None:
        self.id = secrets.token_hex(8)
        self._store = store
        self._seconds = seconds
        self._wanted = 0.0
        self._works = 0
        self._beaten = float("-inf")
        self._beating: asyncio.Task[None] | None = None

    async def keep(self) -> None:
        """From now on for one lease, and while there is work, we are alive."""
        self._wanted = monotonic() + self._seconds
        if monotonic() - self._beaten > self._seconds / 2:
            await self._beat()
        if self._beating is None or self._beating.done():
            self._beating = asyncio.create_task(self._go_on())

    @contextlib.contextmanager
    def work(self) -> Iterator[None]:
        """While this is open a lease that was taken is kept."""
        self._works += 1
        try:
            yield
        finally:
            self._works -= 1
            self._wanted = max(self._wanted, monotonic() + self._seconds / 3)

    async def is_alive(self, holder: str) -> bool:
        """Whether that process has beaten lately; ourselves always."""
        if holder == self.id:
            return True
        name = _name(holder)
        if not await self._store.lease(name, self.id, 0.05):
            return True
        await self._store.release(name, self.id)
        return False

    async def close(self) -> None:
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
        await self._store.release(_name(self.id), self.id)

    async def _go_on(self) -> None:
        while self._works or monotonic() < self._wanted:
            await asyncio.sleep(self._seconds / 3)
            with contextlib.suppress(NodeError):  # too late a beat only costs us orders
                await self._beat()

    async def _beat(self) -> None:
        if await self._store.lease(_name(self.id), self.id, self._seconds):
            self._beaten = monotonic()


def _name(holder: str) -> str:
    return f"orders/{holder}"
