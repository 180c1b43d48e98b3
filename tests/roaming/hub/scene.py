"""A hub and the companies that it connects, in one process, and the seats of the unit tests."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from msgspec import structs
from tests.roaming.company import Company

from voltroam.roaming.accept import accept
from voltroam.roaming.dispatch import Dispatch
from voltroam.roaming.hub.agreements import Default
from voltroam.roaming.hub.book import AgreementBook
from voltroam.roaming.hub.breaker import Breaker
from voltroam.roaming.hub.forward import Forwarding
from voltroam.roaming.hub.front import Front, Ports
from voltroam.roaming.hub.index import RoutingIndex
from voltroam.roaming.hub.surroundings import Surroundings
from voltroam.roaming.hub.trace import Trace
from voltroam.roaming.hub.urls import HubUrls
from voltroam.roaming.interactive import stand_ins
from voltroam.roaming.later import Later
from voltroam.roaming.platforms import Platform, Status
from voltroam.roaming.serving import Serving
from voltroam.standard.endpoints import CLIENT_INFO
from voltroam.wire.call import Call, Reply

Answer = Callable[[Call, Platform], Awaitable[Reply]]


@dataclass(frozen=True)
class Answering:
    """In the place of a company's dispatch."""

    answer: Answer


@dataclass
class Hub:
    """A company that routes what it is asked."""

    company: Company
    book: AgreementBook
    surroundings: Surroundings
    front: Front
    trace: Trace
    index: RoutingIndex
    later: Later
    urls: HubUrls
    offline: list[str] = field(default_factory=list)
    """Names of the platforms to which there was no connection."""

    @classmethod
    def of(cls, company: Company, *, default: Default = "open", bodies: bool = False) -> "Hub":
        parts = company
        offer_all(company)
        later = Later(parts.store, within=0.01)
        book = AgreementBook(parts.store, default, parts.clock, parts.clock.seconds)
        around = Surroundings(
            parts.store, parts.directory, parts.identity, book, parts.clock.seconds
        )
        urls = HubUrls(parts.store, parts.vault, parts.router, parts.table, parts.clock)
        trace = Trace(parts.store, later, now=parts.clock, bodies=bodies)
        index = RoutingIndex(parts.store, parts.vault, later, now=parts.clock)
        offline: list[str] = []

        async def gone(platform_id: str) -> None:
            def change(platform: Platform) -> Platform:
                return structs.replace(platform, status=Status.OFFLINE)

            platform = await parts.directory.update(platform_id, change)
            assert platform is not None
            offline.append(platform.name)

        forwarding = Forwarding(
            parts.exchange, parts.directory, urls, Breaker(parts.clock.seconds, after=3),
            timeout=5, offline=gone,
        )  # fmt: skip
        own = parts.dispatch.answer
        front = Front(
            around, forwarding, urls, index, trace=trace,
            ports=Ports(own, parts.directory.contact), clock=parts.clock.seconds,
        )  # fmt: skip
        parts.dispatch = Answering(front.answer)  # type: ignore[assignment]  # only `answer` is used
        return cls(company, book, around, front, trace, index, later, urls, offline)

    async def tell(self, by: Company, info: object) -> None:
        """What another hub's hubclientinfo says, as a pull would bring it."""
        parts = self.company
        change = accept(
            CLIENT_INFO, json.dumps(info).encode(), version=parts.router.versions[0],
            source=await parts.partner(by.host), identity=parts.identity, strict=False,
        )  # fmt: skip
        await parts.store.apply(change)


def offer_all(company: Company) -> None:
    """Commands and profiles too, as a whole node does: they stand in its version details."""
    parts = company
    serving = Serving(parts.store, parts.directory, parts.identity, parts.table, parts.router)
    handlers = stand_ins(parts.table) | dict(parts.registration.handlers())
    parts.dispatch = Dispatch(serving, handlers)


def routing(to: str | None, sender: str | None) -> dict[str, str]:
    """Headers: `routing("NL/AAA", "DE/MSP")`."""
    headers = {}
    for name, text in (("to", to), ("from", sender)):
        if text is not None:
            country, party = text.split("/")
            headers[f"ocpi-{name}-country-code"] = country
            headers[f"ocpi-{name}-party-id"] = party
    return headers
