"""One node in one process: the only place where the floors are joined.

It grows in three steps, so that a command loads no more than it needs: `Calling` calls partners,
`Answering` answers them and registers, `Node` works in the background on top. `served.py` makes
an ASGI application of it.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Self
from uuid import uuid4

from voltroam.answering import Answering
from voltroam.application import ocpi_app
from voltroam.calling import opened
from voltroam.delivery.deliver import Delivery
from voltroam.delivery.jobs import supervise
from voltroam.delivery.keeping import Keeping
from voltroam.delivery.knobs import Knobs
from voltroam.delivery.webhooks import Webhooks
from voltroam.holdings import Holdings, micros
from voltroam.hosts import ended, living
from voltroam.hubbing import Hubbing
from voltroam.invoices import beside
from voltroam.live import Live
from voltroam.roaming.host import Host, Unattended
from voltroam.roaming.platforms import Platform, Status
from voltroam.roaming.serving import Answering as Handler
from voltroam.settings import Settings
from voltroam.standard.endpoints import CLIENT_INFO
from voltroam.transport.metrics import Metrics
from voltroam.transport.server import OcpiApp
from voltroam.tuning import read_tuning
from voltroam.wire.call import Call, Reply

DAY = 86_400.0
"""Seconds."""


class Node(Answering):
    """The parts of one node, joined. `start` begins the background work, `close` ends all."""

    def __init__(self, holdings: Holdings, host: Host | None = None) -> None:
        self.host = host or Unattended()
        self.tuning = read_tuning(holdings.settings)
        super().__init__(holdings)
        self.hubbing = self._hubbing() if holdings.identity.is_hub else None
        self.delivery = Delivery(
            holdings.store,
            holdings.directory,
            self.exchange,
            holdings.identity,
            holdings.table,
            now=micros,
            knobs=Knobs(events_kept=self.tuning.retention.events * DAY),
            rotate=self.registration.rotate,
            is_behind=self.registration.is_behind,
            connecting=self.hubbing.connecting if self.hubbing else None,
            bridging=holdings.bridging,
        )
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
        self.authorizer, self.authorizations = self.live.authorizer, self.live.authorizations
        self._jobs: list[asyncio.Task[None]] = []
        self._background: asyncio.Task[None] | None = None
        self._hosting: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, settings: Settings, folder: Path, host: Host | None = None) -> Self:
        """Open the database and join the parts; `host` are the company's own systems.

        Raises SettingsError, or NodeError when the database cannot be used.
        """
        return await opened(settings, folder, lambda holdings: cls(holdings, host))

    def _interactive(self) -> Mapping[str, Handler]:
        self.live = Live(self.holdings, self.exchange, self.sender.send, self.host, self.tuning)
        self.packaged = self.live.packaged
        self._prompt = self.live.prompt()
        return self.live.handlers()

    def _hubbing(self) -> Hubbing:
        hubbing = Hubbing(
            self.holdings, self.exchange, self._serving, self._handlers, self.tuning.hub,
            pull=self._clients_of,
        )  # fmt: skip
        self._dispatch = hubbing.dispatch
        return hubbing

    def app(self, metrics: Metrics | None = None) -> OcpiApp:
        """OCPI and operator API as an ASGI application, to mount at the path of the node's URL."""
        settings = self.holdings.settings
        return ocpi_app(
            self, settings, self.holdings.router, metrics=metrics, beside=beside(settings, self)
        )

    def start(self) -> None:
        """Begin to deliver, synchronise and tidy up in the background."""
        self._background = asyncio.create_task(self.delivery.run())
        for name, run in (("webhooks", self.webhooks.run), ("keeping", self._keeping.run)):
            self._jobs.append(asyncio.create_task(supervise(name, run, Knobs()), name=name))
        if self.hubbing is not None:
            counting = supervise("hub", self.hubbing.run, Knobs())
            self._jobs.append(asyncio.create_task(counting, name="hub"))
        self.live.start()
        self.packaged.start()
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
        await self.packaged.close()
        await self.live.close()
        if self.hubbing is not None:
            await self.hubbing.close()
        await super().close()

    async def answer(self, call: Call, caller: Platform) -> Reply:
        """A call's reply; a partner that was silent is tried again at once."""
        if caller.status is Status.OFFLINE:
            await self.delivery.contact(caller.id)
        else:
            self.delivery.heard(caller.id)
        if self.hubbing is not None:
            return await self.hubbing.answer(call, caller)
        return await super().answer(call, caller)

    def at_once(self, call: Call, caller: Platform) -> Reply | None:
        """`answer` where nothing must be waited for. None: ask it."""
        if caller.status is Status.OFFLINE or self.hubbing is not None:
            return None
        reply = super().at_once(call, caller)
        if reply is not None:
            self.delivery.heard(caller.id)
        return reply

    async def _clients_of(self, hub: Platform) -> None:
        await self.delivery.pull(hub, CLIENT_INFO.kind)

    async def ready(self) -> bool:
        await self.store.head()
        return True
