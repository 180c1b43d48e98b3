"""The way of a call through a hub: who asks, where it goes, what it is answered, and a note of it.

Configuration modules are the hub's own. The rest is routed: passed on to one party, broadcast,
answered from what all gave, or refused with HTTP 200 (OCPI 2.2.1 §transport, message routing).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from msgspec import structs

from voltroam.roaming.hub.crossings import Crossing, Crossings
from voltroam.roaming.hub.forward import Forwarding, Undelivered
from voltroam.roaming.hub.index import RoutingIndex
from voltroam.roaming.hub.route import (
    Asked,
    Broadcast,
    Decision,
    Forward,
    GetAll,
    Refuse,
    route,
)
from voltroam.roaming.hub.seats import Seat, World
from voltroam.roaming.hub.surroundings import Surroundings
from voltroam.roaming.hub.trace import LONGEST_ID, Hop, Trace, body_text, call_text
from voltroam.roaming.hub.urls import HubUrls, Passage
from voltroam.roaming.platforms import Platform
from voltroam.roaming.versions import STANDARD_MODULES
from voltroam.standard.errors import NotFound, OcpiError
from voltroam.standard.parties import PartyId
from voltroam.standard.status import is_success, within
from voltroam.wire.call import Call, Reply, Routing
from voltroam.wire.envelope import fault_reply

Own = Callable[[Call, Platform], Awaitable[Reply]]
"""Answers as a node without routing does."""
Shared = Callable[[Call, Platform, Seat], Awaitable[Reply]]
"""Answers a call of that party to the hub itself: a broadcast, or a list of all."""
Position = Callable[[Call, Platform], Awaitable[int | None]]
"""The number in the feed of what a broadcast left."""
Ask = Callable[[Platform], Awaitable[bool]]
"""Have the hubs behind us, but for the caller, tell whom they connect; whether any did."""


async def not_offered(_call: Call, _caller: Platform, _sender: Seat) -> Reply:
    """4000: this hub passes calls between two parties only."""
    raise Undelivered("this hub does not offer that: name the receiving party")


async def nowhere(_call: Call, _caller: Platform) -> int | None:
    return None


async def nobody_to_ask(_caller: Platform) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Ports:
    """What happens beside forwarding."""

    own: Own
    heard: Callable[[str], None]
    """Of each platform that calls."""
    broadcast: Shared = not_offered
    get_all: Shared = not_offered
    ask: Ask = nobody_to_ask
    position: Position = nowhere


class Front:
    """Stands before the node's own dispatch. `clock` gives monotonic seconds."""

    def __init__(
        self,
        surroundings: Surroundings,
        forwarding: Forwarding,
        urls: HubUrls,
        index: RoutingIndex,
        *,
        trace: Trace,
        ports: Ports,
        clock: Callable[[], float],
        crossings: Crossings | None = None,
    ) -> None:
        self._crossings = crossings
        self._surroundings = surroundings
        self._forwarding = forwarding
        self._urls = urls
        self._index = index
        self._trace = trace
        self._ports = ports
        self._clock = clock

    async def answer(self, call: Call, caller: Platform) -> Reply:
        """Faults become replies too; only what is no OcpiError is raised."""
        if not call.endpoint.module.functional or not caller.is_registered:
            return await self._ports.own(call, caller)
        self._ports.heard(caller.id)
        passing = _Passing(call, caller, self._clock())
        world = await self._surroundings.world_with(caller)
        try:
            _check_offered(call, caller)
            self._forwarding.check_circle(call, caller)
            passage = await self._urls.resolve(call, caller)
            passing.decision = await self._decide(call, caller, passage, world)
            reply = await self._act(passing, passage)
        except OcpiError as fault:
            reply = fault_reply(fault)
            passing.fault = fault.message
        code = within(reply.status_code, call.version.statuses)
        if code != reply.status_code and reply.envelope is None:
            reply = structs.replace(reply, status_code=code)
        if reply.routing == Routing():
            reply = structs.replace(reply, routing=_from_hub(call, world, passing.decision))
        self._note(passing, reply)
        return reply

    async def _decide(
        self, call: Call, caller: Platform, passage: Passage | None, world: World
    ) -> Decision:
        asked = Asked(caller.id, call.endpoint, call.routing, caller.is_hub)
        if passage is not None:
            asked = Asked(
                caller.id, call.endpoint, Routing(passage.party, call.routing.sender),
                caller.is_hub, way=passage.platform,
            )  # fmt: skip
        elif call.routing.to is None:
            unrouted = not call.version.routing_headers
            read = call
            if unrouted and self._crossings is not None:
                read = await self._crossings.readable(call, caller)
            found = await self._index.find(read, _speaker(call, caller), world)
            asked = Asked(
                caller.id, call.endpoint, call.routing, caller.is_hub, found, unrouted=unrouted
            )
        decision = route(asked, world)
        if isinstance(decision, Refuse) and decision.ask and await self._ports.ask(caller):
            decision = route(asked, await self._surroundings.world())
        return decision

    async def _act(self, passing: "_Passing", passage: Passage | None) -> Reply:
        call, caller, decision = passing.call, passing.caller, passing.decision
        match decision:
            case Forward():
                started = self._clock()
                try:
                    reply = await self._forwarding.forward(
                        call, caller, decision, passage, crossed=passing.cross
                    )
                finally:
                    passing.there = self._clock() - started
                if is_success(reply.status_code) and passage is None:
                    self._index.learn(call, decision.sender, decision.receiver)
                return reply
            case Broadcast():
                reply = await self._ports.broadcast(call, caller, decision.sender)
                passing.change = await self._ports.position(call, caller)
                return reply
            case GetAll():
                return await self._ports.get_all(call, caller, decision.sender)
            case Refuse():
                if decision.lacking is not None:
                    unknown = await self._forwarding.unknown_to(call, decision.lacking)
                    if unknown is not None:
                        return unknown
                return Reply(decision.code, message=decision.reason)
            case _:
                return await self._ports.own(call, caller)

    def _note(self, passing: "_Passing", reply: Reply) -> None:
        call, decision, trace = passing.call, passing.decision, self._trace
        at = trace.now()
        routing, forward = call.routing, decision if isinstance(decision, Forward) else None
        bodies, crossing = trace.bodies, passing.crossing
        trace.note(
            Hop(
                id=trace.new_id(at),
                at=at,
                correlation_id=call.correlation_id[:LONGEST_ID],
                request_id=call.request_id[:LONGEST_ID],
                caller=passing.caller.id,
                call=call_text(call),
                sender=_named(routing.sender),
                to=_named(routing.to),
                row=decision.row.value if decision else "-",
                reason=decision.reason if decision else "refused before it was routed",
                platform=forward.receiver.platform if forward else None,
                receiver=str(forward.receiver.party) if forward else None,
                http=reply.http_status,
                code=int(reply.status_code),
                ms=round(1000 * (self._clock() - passing.started), 3),
                there_ms=None if passing.there is None else round(1000 * passing.there, 3),
                change=passing.change,
                fault=passing.fault,
                bridged=crossing.way if crossing else None,
                notes=crossing.codes if crossing else (),
                asked=body_text(call, call.body) if bodies else None,
                answered=body_text(call, reply.envelope or reply.data) if bodies else None,
            )
        )


@dataclass(slots=True)
class _Passing:
    """One call on its way through, as far as it got."""

    call: Call
    caller: Platform
    started: float
    decision: Decision | None = None
    there: float | None = None
    change: int | None = None
    fault: str | None = None
    crossing: Crossing | None = None

    def cross(self, crossing: Crossing) -> None:
        self.crossing = crossing


def _check_offered(call: Call, caller: Platform) -> None:
    """Custom modules are for platforms whose profile lists them (CORE-VER-14)."""
    name = call.endpoint.module.name
    if name not in STANDARD_MODULES and name not in caller.profile.modules:
        raise NotFound("No such path")


def _speaker(call: Call, caller: Platform) -> PartyId | None:
    """The party that asks: named, or alone on its platform."""
    if call.routing.sender is not None:
        return call.routing.sender
    parties = caller.parties()
    return parties[0] if parties else None


def _from_hub(call: Call, world: World, decision: Decision | None) -> Routing:
    """To the requester, from us; what could not be forwarded comes from us too."""
    sender = decision.sender.party if isinstance(decision, _WITH_SENDER) else None
    return Routing(to=call.routing.sender or sender, sender=world.hub)


_WITH_SENDER = (Forward, Broadcast, GetAll)


def _named(party: PartyId | None) -> str | None:
    return None if party is None else str(party)
