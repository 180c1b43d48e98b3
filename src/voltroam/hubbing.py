"""A node with the role HUB: what stands before its dispatch, joined."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from msgspec import structs

from voltroam.delivery.connecting import Connecting
from voltroam.delivery.freshness import Freshness
from voltroam.holdings import Holdings, micros
from voltroam.roaming.dispatch import Dispatch
from voltroam.roaming.exchange import Exchange
from voltroam.roaming.hub.announcing import Announcing
from voltroam.roaming.hub.book import AgreementBook
from voltroam.roaming.hub.breaker import Breaker
from voltroam.roaming.hub.forward import Forwarding
from voltroam.roaming.hub.front import Front, Ports
from voltroam.roaming.hub.index import RoutingIndex
from voltroam.roaming.hub.knobs import HubKnobs
from voltroam.roaming.hub.later import Later
from voltroam.roaming.hub.shared import Shared, sights
from voltroam.roaming.hub.sharing import Sharings
from voltroam.roaming.hub.surroundings import NextHubs, Surroundings
from voltroam.roaming.hub.trace import Trace
from voltroam.roaming.hub.urls import HubUrls
from voltroam.roaming.platforms import Platform, Status
from voltroam.roaming.serving import Answering, Serving
from voltroam.wire.call import Call, Reply


class Hubbing:
    """Routes what `own` does not answer itself. `pull` reads the hubclientinfo of another hub."""

    def __init__(
        self,
        holdings: Holdings,
        exchange: Exchange,
        serving: Serving,
        handlers: Mapping[str, Answering],
        knobs: HubKnobs,
        *,
        pull: Callable[[Platform], Awaitable[object]],
    ) -> None:
        self._directory = directory = holdings.directory
        self._later = Later(holdings.store)
        self._next = NextHubs(directory, pull)
        self.breaker = Breaker(time.monotonic)
        self.book = AgreementBook(holdings.store, knobs.default, micros)
        self.surroundings = Surroundings(holdings.store, directory, holdings.identity, self.book)
        self.trace = Trace(holdings.store, self._later, now=micros, bodies=knobs.trace_bodies)
        urls = HubUrls(holdings.store, holdings.vault, holdings.router, holdings.table, micros)
        forwarding = Forwarding(
            exchange, directory, urls, self.breaker, timeout=knobs.timeout, offline=self._offline
        )
        self.sharings = Sharings(self.surroundings, directory, holdings.table)
        self.freshness = Freshness(holdings.store, self._later, micros)
        self.connecting = Connecting(
            self.sharings,
            Announcing(holdings.store, directory),
            knobs.alive_after,
            frozenset(knobs.collect),
            self.freshness.pushes,
        )
        serving = replace(serving, sights=sights(self.sharings))
        self.dispatch = Dispatch(serving, handlers)
        shared = Shared(serving, self.freshness.pushed)
        self.front = Front(
            self.surroundings,
            forwarding,
            urls,
            RoutingIndex(holdings.store, holdings.vault, self._later, now=micros),
            trace=self.trace,
            ports=Ports(
                self.dispatch.answer, directory.contact, shared.broadcast, shared.get_all, self._ask
            ),
            clock=time.monotonic,
        )

    async def answer(self, call: Call, caller: Platform) -> Reply:
        return await self.front.answer(call, caller)

    async def close(self) -> None:
        """Write what is still to be written."""
        await self._later.close()

    async def _ask(self, caller: Platform) -> bool:
        told = await self._next.ask(caller)
        if told:
            self.surroundings.forget()
        return told

    async def _offline(self, platform_id: str) -> None:
        """Nobody answered there: until it is heard of again it gets nothing."""

        def change(platform: Platform) -> Platform:
            if platform.status is not Status.CONNECTED:
                return platform
            return structs.replace(platform, status=Status.OFFLINE)

        await self._directory.update(platform_id, change)
