"""A node's ASGI application: OCPI and what stands beside it on the same port."""

from collections.abc import Mapping
from typing import Protocol

from voltroam.roaming.platforms import Caller, Platform
from voltroam.settings import Settings
from voltroam.transport.limits import Limits
from voltroam.transport.metrics import Metrics
from voltroam.transport.server import AsgiApp, Lifespan, OcpiApp
from voltroam.wire.call import Call, Reply
from voltroam.wire.routes import Router


class Answers(Protocol):
    """What the application asks of the node behind it."""

    async def authenticate(self, headers: Mapping[str, str]) -> Caller | None: ...

    async def answer(self, call: Call, caller: Platform) -> Reply: ...

    def recall(self, headers: Mapping[str, str]) -> Caller | None: ...

    def at_once(self, call: Call, caller: Platform) -> Reply | None: ...

    async def ready(self) -> bool: ...


def ocpi_app(
    node: Answers,
    settings: Settings,
    router: Router,
    *,
    metrics: Metrics | None = None,
    lifespan: Lifespan | None = None,
    beside: AsgiApp | None = None,
) -> OcpiApp:
    """Without `lifespan` the node is taken to be open for as long as the application lives."""
    return OcpiApp(
        router=router,
        authenticate=node.authenticate,
        answer=node.answer,
        recall=node.recall,
        at_once=node.at_once,
        ready=node.ready,
        lifespan=lifespan,
        limits=server_limits(settings),
        metrics=metrics,
        beside=beside,
    )


def server_limits(settings: Settings) -> Limits:
    """What one partner may ask of the node."""
    return Limits(body=settings.limits.body_bytes, rate=settings.limits.rate)
