"""The modules that 2.3.0 brings, joined: invoice reconciliation, bookings, payments."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from uuid import uuid4

from voltroam.delivery.jobs import supervise
from voltroam.delivery.knobs import Knobs
from voltroam.holdings import Holdings, micros
from voltroam.roaming.exchange import Exchange
from voltroam.roaming.reconciling import Reconciling
from voltroam.roaming.serving import Answering
from voltroam.standard.packages import INVOICE_RECORD

LOOK = 0.5
"""Seconds between two looks at what changed or is due."""


class Packaged:
    """What is None belongs to a module that this node's versions do not have."""

    def __init__(self, holdings: Holdings, exchange: Exchange) -> None:
        store, directory, identity = holdings.store, holdings.directory, holdings.identity
        kinds = holdings.table.resources
        self._store, self._holder = store, uuid4().hex
        self.reconciling: Reconciling | None = None
        if INVOICE_RECORD.kind in kinds:
            self.reconciling = Reconciling(store, directory, identity, now=micros)
        self._jobs: list[asyncio.Task[None]] = []

    def handlers(self) -> Mapping[str, Answering]:
        """By the names that the table gives them."""
        return {}

    def start(self) -> None:
        """Begin to do what becomes due, in one process at a time."""
        looks: dict[str, Callable[[], Awaitable[object]]] = {}
        if self.reconciling is not None:
            looks["reconciling"] = self.reconciling.look
        for name, look in looks.items():
            run = supervise(name, self._alone(name, look), Knobs())
            self._jobs.append(asyncio.create_task(run, name=name))

    async def close(self) -> None:
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)

    def _alone(
        self, name: str, look: Callable[[], Awaitable[object]]
    ) -> Callable[[], Awaitable[None]]:
        async def for_ever() -> None:
            while True:
                if await self._store.lease(name, self._holder, 20 * LOOK):
                    await look()
                await asyncio.sleep(LOOK)

        return for_ever
