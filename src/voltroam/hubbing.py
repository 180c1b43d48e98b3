"""A node with the role HUB: what stands before its dispatch, joined."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from msgspec import structs
from prometheus_client import CollectorRegistry

from voltroam.delivery.connecting import Connecting
from voltroam.delivery.gear import LaneStats
from voltroam.holdings import Holdings, micros
from voltroam.roaming.dispatch import Dispatch
from voltroam.roaming.exchange import Exchange
from voltroam.roaming.hub.announcing import Announcing
from voltroam.roaming.hub.breaker import Breaker
from voltroam.roaming.hub.crossings import Crossings
from voltroam.roaming.hub.forward import Forwarding
from voltroam.roaming.hub.front import Front, Ports
from voltroam.roaming.hub.knobs import HubKnobs
from voltroam.roaming.hub.shared import Shared, sights
from voltroam.roaming.hub.sharing import Sharings
from voltroam.roaming.hub.surroundings import NextHubs
from voltroam.roaming.hub.trace import Hop, decided
from voltroam.roaming.hub.urls import HubUrls
from voltroam.roaming.later import Later
from voltroam.roaming.one_party import OneParty
from voltroam.roaming.platforms import Platform, Status
from voltroam.roaming.serving import Answering, Serving
from voltroam.seeing import sight_of
from voltroam.standard.v2_2_1 import Role
from voltroam.transport.hub_metrics import HubMetrics
from voltroam.wire.call import Call, Reply

SCORES_EVERY = 10
"""Looks, one a second, between two countings of the scores."""
FIRST_REFUSAL = 2000


class HubFigures:
    """A hub's part of `/metrics`, for as long as `run` is not cancelled."""

    def __init__(
        self, hubbing: "Hubbing", registry: CollectorRegistry, lanes: Callable[[], list[LaneStats]]
    ) -> None:
        self._hubbing = hubbing
        self._lanes = lanes
        self._metrics = HubMetrics(registry)
        hubbing.listeners.append(self._note)

    async def run(self) -> None:
        """Until cancelled."""
        looks = 0
        while True:
            lanes = self._lanes()
            self._metrics.show_backlog(
                sum(lane.lag for lane in lanes), max((lane.waiting for lane in lanes), default=0.0)
            )
            if looks % SCORES_EVERY == 0:
                seen = await self._hubbing.sight.health()
                scores = {it.platform.id: it.health.score for it in seen if it.health}
                self._metrics.show_scores(scores)
            looks += 1
            await asyncio.sleep(1.0)

    def _note(self, hop: Hop) -> None:
        self._metrics.observe(
            decided(hop),
            hop.code,
            hop.ms / 1000,
            None if hop.there_ms is None else hop.there_ms / 1000,
            refused=(hop.platform is None and hop.code >= FIRST_REFUSAL) or hop.fault is not None,
        )


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
        self.sight = sight = sight_of(holdings, knobs, self._later)
        self.book, self.trace, self.tally = sight.book, sight.trace, sight.tally
        self.surroundings, self.freshness = sight.surroundings, sight.freshness
        self.trace.listeners.append(self.tally.note)
        urls = HubUrls(holdings.store, holdings.vault, holdings.router, holdings.table, micros)
        crossings = Crossings(holdings.bridging, holdings.table)
        one_party = OneParty(holdings.store)
        forwarding = Forwarding(
            exchange, directory, urls, self.breaker, timeout=knobs.timeout, offline=self._offline,
            crossings=crossings, hub=holdings.identity.parties(Role.HUB)[0], one_party=one_party,
        )  # fmt: skip
        self.sharings = Sharings(self.surroundings, directory, holdings.table)
        self.connecting = Connecting(
            self.sharings,
            Announcing(holdings.store, directory),
            knobs.alive_after,
            frozenset(knobs.collect),
            self.freshness.pushes,
            one_party,
        )
        serving = replace(serving, sights=sights(self.sharings), one_party=one_party)
        self.dispatch = Dispatch(serving, handlers)
        shared = Shared(serving, self.freshness.pushed)
        self.front = Front(
            self.surroundings,
            forwarding,
            urls,
            sight.index,
            trace=self.trace,
            ports=Ports(
                self.dispatch.answer,
                directory.contact,
                shared.broadcast,
                shared.get_all,
                self._ask,
                shared.position,
            ),
            clock=time.monotonic,
            crossings=crossings,
        )

    @property
    def listeners(self) -> list[Callable[[Hop], None]]:
        """Told of each call that was answered."""
        return self.trace.listeners

    async def run(self) -> None:
        """Until cancelled: count what health is made of."""
        await self.tally.run()

    async def answer(self, call: Call, caller: Platform) -> Reply:
        return await self.front.answer(call, caller)

    async def close(self) -> None:
        """Write what is still to be written."""
        self.tally.write()
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
