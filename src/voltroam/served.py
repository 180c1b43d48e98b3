"""The node as an ASGI application: what each process of `voltroam serve` runs."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from voltroam.application import ocpi_app
from voltroam.delivery.jobs import supervise
from voltroam.delivery.knobs import Knobs
from voltroam.hosts import read_host
from voltroam.hubbing import HubFigures
from voltroam.invoices import beside_later
from voltroam.logs import set_up_logs
from voltroam.modules import read_table
from voltroam.node import Node
from voltroam.roaming.platforms import Caller, Platform
from voltroam.settings import Settings, read_settings
from voltroam.standard.errors import Unauthorized
from voltroam.transport.metrics import Metrics
from voltroam.transport.server import OcpiApp
from voltroam.transport.serving import Listen
from voltroam.wire.call import Call, Reply
from voltroam.wire.routes import Router

FIGURES_EVERY = 1.0
"""Seconds between two looks at the lanes for `/metrics`."""
CONFIG = "VOLTROAM_CONFIG"
"""Where the processes of `serve` find the settings file."""


def listening(settings: Settings, folder: Path, workers: int) -> Listen:
    """Where and how `serve` listens."""
    host, port = settings.address
    tls = settings.tls

    def place(name: str | None) -> str | None:
        return None if name is None else str(folder / name)

    return Listen(
        host=host,
        port=port,
        workers=workers,
        certfile=place(tls.certificate),
        keyfile=place(tls.key),
        client_ca=place(tls.client_authorities),
        client_certificate_required=tls.client_authorities is not None,
    )


@dataclass(slots=True)
class _Served:
    """The node of this process, there from start-up to shutdown of its event loop."""

    file: Path
    settings: Settings
    metrics: Metrics
    node: Node | None = None

    @asynccontextmanager
    async def life(self) -> AsyncIterator[None]:
        host = read_host(self.settings, self.file.parent)
        self.node = await Node.open(self.settings, self.file.parent, host)
        self.node.start()
        figures = [asyncio.create_task(self._show_lanes(self.node))]
        if self.node.hubbing is not None:
            hub = HubFigures(self.node.hubbing, self.metrics.registry, self.node.delivery.stats)
            figures.append(asyncio.create_task(supervise("hub figures", hub.run, Knobs())))
        try:
            yield
        finally:
            for task in figures:
                task.cancel()
            await self.node.close()

    async def _show_lanes(self, node: Node) -> None:
        """Until cancelled: `/metrics` may be asked of any worker, so each tells its own."""
        while True:
            self.metrics.show_lanes(
                {
                    lane.platform: {
                        "lag": lane.lag,
                        "waiting_seconds": lane.waiting,
                        "pushed": lane.pushed,
                        "failed": lane.failed,
                        "parked": lane.parked,
                    }
                    for lane in node.delivery.stats()
                }
            )
            await asyncio.sleep(FIGURES_EVERY)

    async def authenticate(self, headers: Mapping[str, str]) -> Caller | None:
        return await self.here.authenticate(headers)

    async def answer(self, call: Call, caller: Platform) -> Reply:
        return await self.here.answer(call, caller)

    def recall(self, headers: Mapping[str, str]) -> Caller | None:
        return self.here.recall(headers)

    def at_once(self, call: Call, caller: Platform) -> Reply | None:
        return self.here.at_once(call, caller)

    async def ready(self) -> bool:
        return await self.here.ready()

    @property
    def here(self) -> Node:
        if self.node is None:
            raise Unauthorized("The node is not ready")
        return self.node


def serving_app() -> OcpiApp:
    """The ASGI application of one process; its settings file is named by VOLTROAM_CONFIG."""
    file = Path(os.environ[CONFIG])
    settings = read_settings(file)
    set_up_logs(settings)
    metrics = Metrics()
    served = _Served(file, settings, metrics)
    router = Router(read_table(settings, file.parent), settings.spoken, settings.url)
    return ocpi_app(
        served,
        settings,
        router,
        metrics=metrics,
        lifespan=served.life,
        beside=beside_later(settings, lambda: served.here),
    )
