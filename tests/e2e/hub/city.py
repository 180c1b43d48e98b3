"""The stage of the hub's tests: one real hub and the platforms that it connects.

| platform | parties |
|---|---|
| `cpo` | NL/CPO as CPO |
| `msp` | DE/MSP as eMSP |
| `many` | BE/MAN as CPO, FR/MAN as eMSP |
| `first`, `second` | NL/AAA, as CPO on the one and as eMSP on the other |
| `others` | BE/OTH as OTHER, FR/NSP as NSP |
| `far` | SE/HUB, a hub; behind it SE/FAR (eMSP) and others that its hubclientinfo tells |

Tests use ids of their own (`documents.fresh`) and leave the platforms connected and well-behaved.
"""

import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e import documents as doc
from tests.e2e.mock_http import Answer, Fault, Recorded, Reply
from tests.e2e.mock_partner import MODULES, Answered, MockPartner, envelope
from tests.e2e.nodes import Served, make_node, wait_until
from tests.e2e.stage import joined

Party = tuple[str, str]
HUB: Party = ("DE", "HUB")
CPO: Party = ("NL", "CPO")
MSP: Party = ("DE", "MSP")
MANY_CPO: Party = ("BE", "MAN")
MANY_MSP: Party = ("FR", "MAN")
TWIN: Party = ("NL", "AAA")
OTHER: Party = ("BE", "OTH")
NSP: Party = ("FR", "NSP")
FAR_HUB: Party = ("SE", "HUB")
FAR: Party = ("SE", "FAR")
TIMEOUT = 1.5
"""Seconds that the hub gives a receiver."""
ALIVE_AFTER = 2.0
"""Seconds of silence after which the hub asks a platform for its versions."""
ALL_MODULES = (*MODULES, "commands", "chargingprofiles")


@dataclass(slots=True)
class City:
    hub: Served
    cpo: MockPartner
    msp: MockPartner
    many: MockPartner
    first: MockPartner
    second: MockPartner
    others: MockPartner
    far: MockPartner

    @property
    def partners(self) -> tuple[MockPartner, ...]:
        return self.cpo, self.msp, self.many, self.first, self.second, self.others, self.far


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it was sent to the hub, and the answer."""

    answer: Answered
    headers: Mapping[str, str]
    took: float

    @property
    def correlation(self) -> str:
        return self.headers["X-Correlation-ID"]

    def at(self, partner: MockPartner) -> list[Recorded]:
        """What of this flow reached a partner."""
        return [
            request
            for request in partner.http.recorded
            if request.headers.get("x-correlation-id") == self.correlation
        ]

    def one_at(self, partner: MockPartner) -> Recorded:
        """The copy of a broadcast, as soon as it has come."""
        found = wait_until(lambda: self.at(partner), seconds=60, what=f"a copy at {partner.name}")
        assert len(found) == 1
        request: Recorded = found[0]
        return request

    def nowhere(self, city: City) -> bool:
        return not any(self.at(partner) for partner in city.partners)


def routing(to: Party | None, sender: Party | None) -> dict[str, str]:
    headers = {}
    for name, party in (("to", to), ("from", sender)):
        if party is not None:
            headers[f"OCPI-{name}-country-code"], headers[f"OCPI-{name}-party-id"] = party
    return headers


def ends(headers: Mapping[str, str]) -> tuple[Party | None, Party | None]:
    """(to, from) of a request or response."""

    def party(name: str) -> Party | None:
        country = headers.get(f"ocpi-{name}-country-code")
        return None if country is None else (country, headers[f"ocpi-{name}-party-id"])

    return party("to"), party("from")


def send(
    partner: MockPartner,
    method: str,
    url: str,
    *,
    to: Party | None = None,
    sender: Party | None = None,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 30,
) -> Asked:
    ids = {"X-Request-ID": str(uuid.uuid4()), "X-Correlation-ID": str(uuid.uuid4())}
    given = ids | routing(to, sender) | dict(headers or {})
    began = time.monotonic()
    answer = partner.send(method, url, body=body, headers=given, timeout=timeout)
    return Asked(answer, given, time.monotonic() - began)


def ask(
    partner: MockPartner,
    method: str,
    path: str,
    *,
    to: Party | None = None,
    sender: Party | None = None,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 30,
    **query: object,
) -> Asked:
    """`path`: `RECEIVER/locations/NL/CPO/L1`, below the hub's endpoints; sent as it is.

    Without `sender` the platform's first party asks.
    """
    interface, module, *keys = path.split("/")
    url = "/".join([partner.url(module, interface), *keys])
    if query:
        url += "?" + "&".join(f"{name}={value}" for name, value in query.items())
    asking = sender if sender is not None else partner.party
    return send(
        partner, method, url, to=to, sender=asking, body=body, headers=headers, timeout=timeout
    )


def answers(**members: Any) -> Fault:
    """An honest success with this data, for modules that the mock does not act in."""

    async def fault(_request: Recorded, _answer: Answer) -> Reply:
        return envelope(data=members or None)

    return fault


def make_hub(
    folder: Path, *, database: str | None = None, workers: int = 1, **environment: str
) -> Served:
    hub = make_node(folder, "DE/HUB/HUB", name="hub", database=database, workers=workers)
    hub.environment |= {"VOLTROAM_HUB__TIMEOUT": str(TIMEOUT)} | environment
    return hub


def platform(*roles: tuple[str, str, str], name: str) -> MockPartner:
    return MockPartner(*roles, name=name, modules=ALL_MODULES, page=2)


def everywhere(city: City) -> None:
    """Every process of the hub knows what one of them learnt: that takes a second."""
    if city.hub.workers > 1:
        time.sleep(1.3)


def leave(partner: MockPartner) -> None:
    """It takes back its credentials."""
    assert partner.peer is not None
    answer = partner.send("DELETE", partner.peer.endpoints["credentials", "SENDER"])
    assert answer.code == 1000
    partner.peer = None


@contextmanager
def guest(
    city: City,
    *roles: tuple[str, str, str],
    hidden: tuple[str, ...] = (),
    objects: Mapping[str, list[doc.Json]] | None = None,
    **profile: str,
) -> Iterator[MockPartner]:
    """A further platform, for one test; `hidden`: modules that it does not receive; `objects`: what
    its lists hold from the start."""
    name = doc.fresh("guest")
    with platform(*roles, name=name) as partner:
        partner.hidden_endpoints |= {(module, "RECEIVER") for module in hidden}
        partner.objects |= objects or {}
        joined(city.hub, partner, name)
        if profile:
            changes = [f"{key}={value}" for key, value in profile.items()]
            city.hub.json("partner", "profile", name, *changes)
        everywhere(city)
        yield partner
        if partner.peer is not None:
            leave(partner)
            everywhere(city)


def far_parties() -> list[doc.Json]:
    """What the hub SE/HUB tells of those behind it."""
    told = {"FAR": "CONNECTED", "PLA": "PLANNED", "OFF": "OFFLINE", "SUS": "SUSPENDED"}
    return [
        doc.client_info((FAR[0], party), role="EMSP", status=status)
        for party, status in told.items()
    ]


@contextmanager
def built(folder: Path, *, database: str | None = None, workers: int = 1) -> Iterator[City]:
    with ExitStack() as stack:
        hub = make_hub(
            folder,
            database=database,
            workers=workers,
            VOLTROAM_HUB__ALIVE_AFTER=str(ALIVE_AFTER),
        )
        with hub.config.open("a", encoding="utf-8") as config:
            config.write('\n[hub]\ncollect = ["cdrs"]\n')
        stack.callback(hub.kill)
        hub.serve()

        def join(name: str, *roles: tuple[str, str, str]) -> MockPartner:
            partner = stack.enter_context(platform(*roles, name=name))
            if name == "far":
                partner.objects["hubclientinfo"] = far_parties()
            return joined(hub, partner, name)

        city = City(
            hub,
            join("cpo", (*CPO, "CPO")),
            join("msp", (*MSP, "EMSP")),
            join("many", (*MANY_CPO, "CPO"), (*MANY_MSP, "EMSP")),
            join("first", (*TWIN, "CPO")),
            join("second", (*TWIN, "EMSP")),
            join("others", (*OTHER, "OTHER"), (*NSP, "NSP")),
            join("far", (*FAR_HUB, "HUB")),
        )
        wait_until(lambda: _all_read(hub), every=0.2, what="the first reading of all lists")
        yield city


def _all_read(hub: Served) -> bool:
    """What a platform pushes before the hub has read its lists, and does not list, is gone then."""
    direct = [it for it in hub.json("hub", "parties") if it["behind"] is None]
    return all(it["fresh"].get("tokens", {}).get("pulled") for it in direct)
