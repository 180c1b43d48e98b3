"""One call passed on to one party, and its reply passed back (OCPI 2.2.1 §transport, via a hub).

Bytes go through undecoded, but for rows that carry a URL and between two versions, which are
bridged. A call is never queued or repeated.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote

from msgspec import structs

from voltroam.roaming.directory import Directory
from voltroam.roaming.exchange import Exchange, version_of
from voltroam.roaming.hub.breaker import Breaker
from voltroam.roaming.hub.crossings import Answered, Crossing, Crossings, Ends
from voltroam.roaming.hub.route import Forward
from voltroam.roaming.hub.urls import HubUrls, Passage
from voltroam.roaming.one_party import TAKEN, OneParty
from voltroam.roaming.platforms import Platform
from voltroam.standard.endpoints import Behaviour, Endpoint, Interface, UrlPlace
from voltroam.standard.errors import (
    CallerError,
    ForbiddenUrl,
    OcpiError,
    Silent,
    Unreachable,
    Unusable,
)
from voltroam.standard.parties import PartyId
from voltroam.standard.status import StatusCode
from voltroam.wire.call import NOTHING, Call, Reply, Response, Routing
from voltroam.wire.envelope import read_code

KEPT_HEADERS = ("x-total-count", "x-limit", "allow")
"""Of the receiver's answer, beside the URLs that are rewritten."""
KEPT_STATUS = frozenset({400, 404, 405, 409, 410, 413, 414, 415, 422})
"""Beyond 2xx: what is wrong with the caller's own request. Never a 401: that is about our token."""

OWNER_KEYS = ("{country_code}", "{party_id}")

_Flight = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Leg:
    """One call on its way: from whom, to whom, and by which URL if it is not the endpoint's."""

    call: Call
    caller: Platform
    there: Platform
    decision: Forward
    passage: Passage | None
    crossing: Crossing | None = None
    """Where the receiver's platform speaks another version."""

    @property
    def party(self) -> PartyId:
        return self.decision.receiver.party

    @property
    def way(self) -> Passage:
        """To where it went, for the caller to come back to."""
        row = self.call.endpoint
        if self.passage is not None:
            url = self.passage.url
        else:
            url = self.there.endpoint(row.module.name, row.interface or Interface.SENDER) or ""
        return Passage(self.caller.id, self.there.id, url, *self.party)

    @property
    def parties(self) -> Routing:
        """Those at both ends, spelled as the caller did; the same on every hop."""
        asked, decision = self.call.routing, self.decision
        to, sender = decision.receiver.party, decision.sender.party
        return Routing(
            to=asked.to if asked.to is not None and to.same(asked.to) else to,
            sender=asked.sender or sender,
        )


class Undelivered(OcpiError):
    """A 4xxx, with HTTP 200: the call did not reach the party, or its answer not us."""

    status_code = StatusCode.HUB_ERROR


class Forwarding:
    """`offline` hears of a platform that cannot be connected to; `hub` is our own party."""

    def __init__(
        self,
        exchange: Exchange,
        directory: Directory,
        urls: HubUrls,
        breaker: Breaker,
        *,
        timeout: float,
        offline: Callable[[str], Awaitable[None]],
        crossings: Crossings | None = None,
        hub: PartyId | None = None,
        one_party: OneParty | None = None,
    ) -> None:
        self._exchange = exchange
        self._directory = directory
        self._urls = urls
        self._breaker = breaker
        self._timeout = timeout
        self._offline = offline
        self._crossings = crossings
        self._hub = hub
        self._one_party = one_party
        self._flights: dict[_Flight, int] = {}

    async def forward(
        self,
        call: Call,
        caller: Platform,
        decision: Forward,
        passage: Passage | None = None,
        *,
        crossed: Callable[[Crossing], None] = lambda _crossing: None,
    ) -> Reply:
        """The receiver's reply as it came, routing headers apart. Raises Undelivered.

        `passage`: the call goes to the URL that it stands for. CallerError for what of the call
        itself cannot be passed on. `crossed` is told of a call between two versions.
        """
        there = await self._directory.platform(decision.receiver.platform)
        if there is None or not there.is_registered:
            raise Undelivered(
                f"{decision.receiver.party} is not connected",
                status_code=StatusCode.CONNECTION_PROBLEM,
            )
        try:
            crossing = self._crossing(call, caller, there, decision)
            if crossing is not None:
                crossed(crossing)
            return await self._flown(_Leg(call, caller, there, decision, passage, crossing))
        except Answered as answer:
            return answer.reply

    def _crossing(
        self, call: Call, caller: Platform, there: Platform, decision: Forward
    ) -> Crossing | None:
        if self._crossings is None:
            return None
        one, other = decision.sender, decision.receiver
        ends = Ends(one.party, one.role, other.party, other.role)
        return self._crossings.open(call, caller, there, ends)

    async def unknown_to(self, call: Call, platform_id: str) -> Reply | None:
        """What is said for a platform whose version has no such call; None if it has."""
        there = await self._directory.platform(platform_id)
        if self._crossings is None or there is None or not there.is_registered:
            return None
        return self._crossings.lacked(call, there)

    async def _flown(self, leg: _Leg) -> Reply:
        call, there = leg.call, leg.there
        flight = _flight(call, leg.party)
        reason = self._breaker.enter(there.id)
        if reason is not None:
            raise Undelivered(
                f"{leg.party} is left alone for a moment: {reason}",
                status_code=StatusCode.FORWARD_TIMEOUT,
            )
        self._flights[flight] = self._flights.get(flight, 0) + 1
        answered: bool | None = None
        try:
            response = await self._sent(leg)
            answered = True
        except Undelivered as fault:
            answered = fault.status_code not in _SILENT
            raise
        finally:
            self._breaker.leave(there.id, answered)
            self._land(flight)
        return await self._passed_back(leg, response)

    def check_circle(self, call: Call, caller: Platform) -> None:
        """Undelivered for a call that we wait for ourselves: hubs send it in a circle.

        Hubs keep the correlation id and name the receiver, so the same one is under way here.
        """
        to = call.routing.to
        if caller.is_hub and to is not None and _flight(call, to) in self._flights:
            raise Undelivered("the call came back: hubs send it in a circle")

    async def _sent(self, leg: _Leg) -> Response:
        try:
            call = await self._outgoing(leg)
        except Unusable as fault:
            raise Undelivered(f"{leg.party}: {fault.message}") from None
        return await self._asked(leg, call)

    async def _asked(self, leg: _Leg, call: Call) -> Response:
        try:
            return await self._exchange.forward(
                leg.there, call, tail=await self._tail(leg),
                url=leg.passage.url if leg.passage else None, timeout=self._timeout,
            )  # fmt: skip
        except Silent:
            raise Undelivered(
                f"{leg.party} did not answer in time", status_code=StatusCode.FORWARD_TIMEOUT
            ) from None
        except Unreachable as fault:
            if not fault.sent:
                await self._offline(leg.there.id)
            raise Undelivered(
                f"no connection to {leg.party}", status_code=StatusCode.CONNECTION_PROBLEM
            ) from None
        except (Unusable, ForbiddenUrl) as fault:
            raise Undelivered(f"{leg.party}: {fault.message}") from None

    async def _tail(self, leg: _Leg) -> str:
        """The path below the endpoint, with the names that the receiver has.

        Who knows the hub as the one party of its credentials gets all as that party's (2.1.1).
        CallerError if another party's has the name there.
        """
        call = leg.call
        tail = raw_tail(leg.call)
        if leg.crossing is not None and self._crossings is not None:
            tail = await self._crossings.tail(leg.crossing) or tail
        if self._hub is None or version_of(leg.there).credentials_roles:
            return tail
        if call.endpoint.segments[: len(OWNER_KEYS)] != OWNER_KEYS:
            return tail
        resource, owner = call.endpoint.resource, call.owner
        if self._one_party is not None and resource is not None and owner is not None:
            name = list(call.keys.values())[len(OWNER_KEYS)]
            if not await self._one_party.gives(leg.there, resource, owner, name):
                raise CallerError(f"not carried: {TAKEN}", status_code=StatusCode.CLIENT_ERROR)
        return "/".join((*self._hub, *tail.split("/")[len(OWNER_KEYS) :]))

    async def _outgoing(self, leg: _Leg) -> Call:
        """A new request id, the same correlation id; URLs for results are ours."""
        call, parties, crossing = leg.call, leg.parties, leg.crossing
        if crossing is not None and self._crossings is not None:

            async def held(row: Endpoint) -> Response:
                asked = structs.replace(
                    call, version=crossing.there.version, endpoint=row, body=None, request_id="",
                    routing=parties,
                )  # fmt: skip
                response = await self._asked(leg, asked)
                _check_status(leg, response)
                return response

            call = await self._crossings.said(crossing, held)
        if call.endpoint.urls in (UrlPlace.BODY, UrlPlace.QUERY):
            asking = parties.sender or leg.decision.sender.party
            call = await self._urls.outward(call, asking, leg.caller, leg.there)
        return structs.replace(
            call, version=version_of(leg.there), routing=parties, request_id="",
            query=NOTHING if leg.passage else call.query,
        )  # fmt: skip

    async def _passed_back(self, leg: _Leg, response: Response) -> Reply:
        _check_status(leg, response)
        try:
            if leg.crossing is not None and self._crossings is not None:
                reply = await self._crossings.heard(leg.crossing, response)
                headers = await self._headers(leg, response)
                return structs.replace(reply, headers=headers, routing=leg.parties.swapped())
            code = read_code(response.body)
            headers = await self._headers(leg, response)
        except Unusable as fault:
            raise Undelivered(f"{leg.party}: the answer cannot be used: {fault.message}") from None
        return Reply(
            code, response.status, headers=headers, envelope=response.body,
            routing=leg.parties.swapped(),
        )  # fmt: skip

    async def _headers(self, leg: _Leg, response: Response) -> dict[str, str]:
        """Counts as they came, URLs through us."""
        row, given = leg.call.endpoint, response.headers
        headers = {name: given[name] for name in KEPT_HEADERS if name in given}
        if row.behaviour is Behaviour.LIST and "link" in given:
            link = self._urls.next_page(leg.call, leg.way, leg.there, given)
            if link is not None:
                headers["link"] = link
        elif row.urls is UrlPlace.RESPONSE_HEADER and "location" in given:
            location = await self._urls.location(
                leg.call, leg.decision.sender.party, leg.way, leg.there, given["location"]
            )
            if location is not None:
                headers["location"] = location
        return headers

    def _land(self, flight: _Flight) -> None:
        left = self._flights[flight] - 1
        if left:
            self._flights[flight] = left
        else:
            del self._flights[flight]


_SILENT = frozenset({StatusCode.FORWARD_TIMEOUT, StatusCode.CONNECTION_PROBLEM})


def _check_status(leg: _Leg, response: Response) -> None:
    if not (200 <= response.status < 300 or response.status in KEPT_STATUS):
        raise Undelivered(f"{leg.party} answered with HTTP {response.status}")


def _flight(call: Call, to: PartyId) -> _Flight:
    row = call.endpoint
    return (
        call.correlation_id, row.method, row.path, row.module.name, row.interface, to.folded,
        *call.keys.values(),
    )  # fmt: skip


def raw_tail(call: Call) -> str:
    """The path below the endpoint's URL as the caller spelled it (CORE-HUB-04).

    CallerError for a dot segment, which would lead to another path at the receiver's.
    """
    count = len(call.endpoint.segments)
    if not count:
        return ""
    segments = call.url.rsplit("/", count)[1:]
    if any(unquote(segment) in (".", "..") for segment in segments):
        raise CallerError("a dot segment in the path is not passed on")
    return "/".join(segments)
