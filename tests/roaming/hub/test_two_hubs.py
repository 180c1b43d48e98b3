"""Two hubs in a row: a command with its result, a list with its pages, a CDR with its Location."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest_asyncio
from tests.roaming import objects
from tests.roaming.company import Company, Pair, meet, role
from tests.roaming.conftest import Found
from tests.roaming.hub.scene import Hub, offer_all, routing

from voltroam.standard.v2_2_1 import Role
from voltroam.wire.call import Request, Response

DOWN, UP = routing("DE/MSP", "NL/AAA"), routing("NL/AAA", "DE/MSP")


@dataclass
class Script:
    """A far end that answers everything alike, and remembers what it was asked."""

    data: object = None
    http: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)

    async def serve(self, request: Request) -> Response:
        self.asked.append(request)
        envelope = {"data": self.data, "status_code": 1000, "timestamp": objects.T1}
        return Response(self.http, self.headers, json.dumps(envelope).encode())

    @property
    def last(self) -> Request:
        return self.asked[-1]


@dataclass(frozen=True)
class Row:
    """cpo - near hub - far hub - emsp."""

    near: Pair
    far: Pair
    cpo: Script
    emsp: Script


@pytest_asyncio.fixture
async def row(found: Found, cpo: Company, emsp: Company) -> Row:
    for company in (cpo, emsp):
        offer_all(company)
    near, far = [
        Hub.of(await found(f"{name}.example", role(f"EU/{name.upper()}", Role.HUB)))
        for name in ("one", "two")
    ]
    ends = await meet(near.company, cpo), await meet(far.company, emsp)
    await meet(near.company, far.company)
    await near.tell(
        far.company, objects.client_info(country_code="DE", party_id="MSP", role="EMSP")
    )
    await far.tell(near.company, objects.client_info(role="CPO"))
    near.company.clock.forward(2)
    scripts = Script(), Script()
    near.company.network.hosts["cpo.example"] = scripts[0].serve
    near.company.network.hosts["emsp.example"] = scripts[1].serve
    return Row(*ends, *scripts)


def parties(request: Request) -> tuple[str, str]:
    headers = request.headers
    return headers["ocpi-to-party-id"], headers["ocpi-from-party-id"]


async def test_the_ends_stay_the_same_on_every_hop(row: Row) -> None:
    """CORE-HUB-08, CORE-MSGID-07, CORE-MSGID-08, CORE-MSGID-09"""
    network = row.near.receiver.network
    network.log.clear()
    ids = {"x-request-id": "mine", "x-correlation-id": "flow"}
    body = objects.location()
    answer = await row.near.ask("PUT", "receiver/locations/NL/AAA/LOC1", body, headers=DOWN | ids)
    assert answer.code == 1000
    assert answer.headers["x-request-id"] == "mine"
    hops = network.sent("PUT")
    assert [request.url.split("/")[2] for request in hops] == ["two.example", "emsp.example"]
    assert {parties(request) for request in hops} == {("MSP", "AAA")}
    assert {request.headers["x-correlation-id"] for request in hops} == {"flow"}
    assert len({request.headers["x-request-id"] for request in hops} | {"mine"}) == 3
    assert [request.body for request in hops] == [json.dumps(body).encode()] * 2


async def test_a_command_and_its_result_cross_both(row: Row) -> None:
    """CORE-HUB-21"""
    mine = "https://emsp.example/results/42?x=1"
    row.cpo.data = {"result": "ACCEPTED", "timeout": 30}
    body = {"response_url": mine, "session_id": "S1"}
    answer = await row.far.ask("POST", "receiver/commands/STOP_SESSION", body, headers=UP)
    assert answer.data == row.cpo.data
    url = json.loads(row.cpo.last.body)["response_url"]
    assert url.startswith("https://one.example/")
    assert parties(row.cpo.last) == ("AAA", "MSP")
    told = await row.near.ask("POST", url, {"result": "ACCEPTED"}, headers=DOWN)
    assert told.code == 1000
    assert row.emsp.last.url == mine
    assert parties(row.emsp.last) == ("MSP", "AAA")
    assert json.loads(row.emsp.last.body) == {"result": "ACCEPTED"}


async def test_a_list_is_read_on_across_both(row: Row) -> None:
    """CORE-HUB-19"""
    row.cpo.data = [1, 2]
    row.cpo.headers = {
        "link": '<https://cpo.example/odd?page=2>; rel="next"',
        "x-total-count": "4",
        "x-limit": "2",
    }
    first = await row.far.ask("GET", "sender/locations", headers=UP)
    assert first.headers["x-total-count"] == "4"
    url = first.headers["link"].partition(">")[0].lstrip("<")
    assert url.startswith("https://two.example/")
    row.cpo.data, row.cpo.headers = [3, 4], {"x-total-count": "4"}
    second = await row.far.ask("GET", url, headers=UP)
    assert row.cpo.last.url == "https://cpo.example/odd?page=2"
    assert (second.data, second.headers.get("link")) == ([3, 4], None)


async def test_a_cdr_is_read_back_across_both(row: Row) -> None:
    """CORE-HUB-20"""
    row.emsp.http, row.emsp.headers = 201, {"location": "/cdrs/9"}
    answer = await row.near.ask("POST", "receiver/cdrs", objects.cdr(), headers=DOWN)
    assert (answer.http, answer.code) == (201, 1000)
    url = answer.headers["location"]
    assert url.startswith("https://one.example/ocpi/2.2.1/receiver/cdrs/NL/AAA/")
    row.emsp.http, row.emsp.data = 200, objects.cdr()
    read = await row.near.ask("GET", url, headers=DOWN)
    assert row.emsp.last.url == "https://emsp.example/cdrs/9"
    assert read.data == objects.cdr()
