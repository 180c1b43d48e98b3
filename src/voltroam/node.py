"""One node in one process: the only place where the floors are joined.

It grows in three steps, so that a command loads no more than it needs: `Calling` calls partners,
`Answering` answers them and registers, `Node` works in the background on top. `served.py` makes
an ASGI application of it.
"""

import asyncio
from uuid import uuid4

from voltroam.answering import Answering
from voltroam.application import ocpi_app
from voltroam.delivery.deliver import Delivery
from voltroam.delivery.jobs import supervise
from voltroam.delivery.keeping import Keeping
from voltroam.delivery.knobs import Knobs
from voltroam.delivery.webhooks import Webhooks
from voltroam.holdings import Holdings, micros
from voltroam.hosts import ended, living
from voltroam.roaming.host import Host
from voltroam.roaming.platforms import Platform, Status
from voltroam.standard.endpoints import CLIENT_INFO
from voltroam.transport.metrics import Metrics
from voltroam.transport.server import OcpiApp
from voltroam.wire.call import Call, Reply


class Node(Answering):
    """The parts of one node, joined. `start` begins the background work, `close` ends all."""

    def __init__(self, holdings: Holdings, host: Host | None = None) -> None:
        super().__init__(holdings, host)
        self.delivery = Delivery(
            holdings.store,
            holdings.directory,
            self.exchange,
            holdings.identity,
            holdings.table,
            now=micros,
            rotate=self.registration.rotate,
            is_behind=self.registration.is_behind,
            connecting=self.hubbing.connecting if self.hubbing else None,
        )
        if self.hubbing is not None:
            self.hubbing.pull = self._clients_of
        self.webhooks = Webhooks(
            holdings.store, holdings.vault, holdings.table, self.sender.send, now=micros,
            knobs=self.tuning.webhooks,
        )  # fmt: skip
        self._keeping = Keeping(
            holdings.store, self.delivery.retention.passed, now=micros, holder=uuid4().hex,
            knobs=self.tuning.retention,
        )  # fmt: skip
        self.charging, self.commands, self.orders = (
            self.live.charging, self.live.commands, self.live.orders,
        )  # fmt: skip
        self.profiles, self.steering, self.preferences = (
            self.live.profiles, self.live.steering, self.live.preferences,
        )  # fmt: skip
        self._jobs: list[asyncio.Task[None]] = []
        self._background: asyncio.Task[None] | None = None
        self._hosting: asyncio.Task[None] | None = None

    def app(self, metrics: Metrics | None = None) -> OcpiApp:
        """OCPI as an ASGI application, to mount at the path of the node's URL."""
        settings = self.holdings.settings
        return ocpi_app(self, settings, self.holdings.router, metrics=metrics)

    def start(self) -> None:
        """Begin to deliver, synchronise and tidy up in the background."""
        self._background = asyncio.create_task(self.delivery.run())
        for name, run in (("webhooks", self.webhooks.run), ("keeping", self._keeping.run)):
            self._jobs.append(asyncio.create_task(supervise(name, run, Knobs()), name=name))
        self.live.start()
        self._hosting = living(self.host, self)

    async def close(self) -> None:
        """End the background work, then let go of connections and database."""
        if self._hosting is not None:
            await ended(self._hosting)
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        if self._background is not None:
            await self.delivery.stop()
            await self._background
        await super().close()

    async def answer(self, call: Call, caller: Platform) -> Reply:
        """A call's reply; a partner that was silent is tried again at once."""
        if caller.status is Status.OFFLINE:
            await self.delivery.contact(caller.id)
        else:
            self.delivery.heard(caller.id)
        return await super().answer(call, caller)

    async def _clients_of(self, hub: Platform) -> None:
        await self.delivery.pull(hub, CLIENT_INFO.kind)

    async def ready(self) -> bool:
        await self.store.head()
        return True
