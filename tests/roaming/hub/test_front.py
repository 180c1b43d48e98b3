"""A call's way through the hub, without sockets: circles, the breaker, the trace, the index."""

import asyncio
import json

import pytest
from tests.roaming import objects
from tests.roaming.company import Company, meet, role
from tests.roaming.conftest import Found
from tests.roaming.hub.conftest import Trio
from tests.roaming.hub.scene import Hub, routing

from voltroam.roaming.accept import accept
from voltroam.roaming.hub.agreements import Agreement, Side
from voltroam.roaming.hub.index import BOND
from voltroam.roaming.hub.trace import Hop
from voltroam.roaming.hub.urls import HUB_URL
from voltroam.roaming.platforms import Status
from voltroam.standard.errors import Silent, Unreachable, Unusable
from voltroam.standard.v2_2_1 import Role
from voltroam.wire.call import Request, Response

LOC = "receiver/locations/NL/AAA/LOC1"
THERE = routing("DE/MSP", "NL/AAA")


async def test_an_object_goes_through_and_is_not_kept(trio: Trio, emsp: Company) -> None:
    """CORE-HUB-02"""
    answer = await trio.cpo.ask("PUT", LOC, objects.location(), headers=THERE)
    assert (answer.http, answer.code) == (201, 1000)
    held = [row.document async for row in emsp.store.scan("locations")]
    assert len(held) == 1
    assert not [row async for row in trio.company.store.scan("locations")]


async def test_three_hubs_that_send_in_a_circle_are_cut(found: Found, cpo: Company) -> None:
    """CORE-HUB-09: each takes the next one for the way."""
    companies = [
        await found(f"hub{number}.example", role(f"EU/HU{number}", Role.HUB)) for number in range(3)
    ]
    hubs = [Hub.of(company) for company in companies]
    pair = await meet(companies[0], cpo)
    for here, there in ((0, 1), (1, 2), (2, 0)):
        await meet(companies[here], companies[there])
    lost = objects.client_info(country_code="SE", party_id="FAR", role="EMSP")
    for here, there in ((0, 1), (1, 2), (2, 0)):
        await hubs[here].tell(companies[there], lost)
    companies[0].clock.forward(2)
    companies[0].network.log.clear()
    answer = await pair.ask("PUT", LOC, objects.location(), headers=routing("SE/FAR", "NL/AAA"))
    assert answer.http == 200
    assert 4000 <= answer.code < 5000
    assert len(companies[0].network.sent("PUT")) == 3


class Misbehaving:
    """The eMSP, as the network shows it."""

    def __init__(self, trio: Trio, fault: Exception) -> None:
        self.asked = 0
        self.fault = fault
        trio.company.network.hosts["emsp.example"] = self.serve

    async def serve(self, _request: Request) -> Response:
        self.asked += 1
        raise self.fault


@pytest.mark.parametrize(("fault", "code", "offline"), [
    (Silent("no answer within 5 s"), 4002, False),
    (Unreachable("lost connection"), 4003, False),
    (Unreachable("no connection", sent=False), 4003, True),
    (Unusable("the answer breaks off"), 4000, False),
])  # fmt: skip
async def test_each_fault_has_its_code(
    trio: Trio, fault: Exception, code: int, offline: bool
) -> None:
    """CORE-HUB-12, CORE-HUB-13, CORE-HUB-15, CORE-HUB-16"""
    far = Misbehaving(trio, fault)
    answer = await trio.cpo.ask("PUT", LOC, objects.location(), headers=THERE)
    assert (answer.http, answer.code) == (200, code)
    assert (answer.headers["ocpi-from-party-id"], answer.headers["ocpi-to-party-id"]) == (
        "HUB", "AAA",
    )  # fmt: skip
    assert far.asked == 1
    status = (await trio.company.partner("emsp.example")).status
    assert (status is Status.OFFLINE) is offline


async def test_a_silent_receiver_is_not_asked_again_and_again(trio: Trio) -> None:
    far = Misbehaving(trio, Silent("no answer within 5 s"))
    for _ in range(10):
        answer = await trio.cpo.ask("PUT", LOC, objects.location(), headers=THERE)
        assert (answer.http, answer.code) == (200, 4002)
    assert far.asked == 3
    trio.company.network.hosts["emsp.example"] = trio.emsp.sender.serve
    trio.company.clock.forward(3)
    answer = await trio.cpo.ask("PUT", LOC, objects.location(), headers=THERE)
    assert answer.code == 1000


async def test_a_dot_segment_is_not_passed_on(trio: Trio) -> None:
    answer = await trio.cpo.ask(
        "PUT", "receiver/locations/NL/AAA/%2E%2E", objects.location(), headers=THERE
    )
    assert (answer.http, answer.code) == (200, 2001)


async def hops(trio: Trio, correlation: str) -> list[Hop]:
    return await trio.hub.trace.of(correlation)


async def test_each_call_leaves_a_trace_that_tells_why(trio: Trio) -> None:
    headers = THERE | {"x-correlation-id": "flow-1", "x-request-id": "one"}
    await trio.cpo.ask("PUT", LOC, objects.location(), headers=headers)
    headers |= routing("XX/XXX", "NL/AAA")
    trio.company.clock.forward(0.1)
    await trio.cpo.ask("PUT", LOC, objects.location(), headers=headers)
    first, second = await hops(trio, "flow-1")
    emsp = await trio.company.partner("emsp.example")
    assert (first.row, first.receiver, first.platform) == ("14", "DE/MSP", emsp.id)
    assert (first.sender, first.to, first.code, first.http) == ("NL/AAA", "DE/MSP", 1000, 201)
    assert first.call == "PUT receiver/locations/{country_code}/{party_id}/{location_id}"
    assert first.there_ms is not None
    assert (second.row, second.code, second.platform) == ("11", 4001, None)
    assert "XX/XXX" in second.reason
    assert [it.id for it in await trio.hub.trace.newest()] == [second.id, first.id]


async def test_what_failed_on_the_way_is_in_the_trace(trio: Trio) -> None:
    Misbehaving(trio, Silent("no answer within 5 s"))
    await trio.cpo.ask("PUT", LOC, objects.location(), headers=THERE | {"x-correlation-id": "f"})
    (hop,) = await hops(trio, "f")
    assert (hop.row, hop.code) == ("14", 4002)
    assert hop.fault is not None


@pytest.mark.parametrize("bodies", [False, True])
async def test_a_trace_has_bodies_only_if_they_are_wanted(
    found: Found, cpo: Company, emsp: Company, bodies: bool
) -> None:
    hub = Hub.of(await found("hub.example", role("EU/HUB", Role.HUB)), bodies=bodies)
    pair = await meet(hub.company, cpo)
    other = await meet(hub.company, emsp)
    hub.company.clock.forward(2)
    token = objects.token(uid="0123456789AB", contract_id="DE-MSP-C0000001-X")
    path = "receiver/tokens/DE/MSP/0123456789AB"
    headers = routing("NL/AAA", "DE/MSP") | {"x-correlation-id": "f"}
    assert (await other.ask("PUT", path, token, headers=headers)).code == 1000
    await hub.later.flush()
    kept = b"".join(it.document for it in await hub.company.store.records("trace"))
    assert (b"whitelist" in kept) is bodies
    for secret in ("0123456789AB", "DE-MSP-C0000001-X", pair.token, other.token):
        assert secret.encode() not in kept


async def test_the_index_holds_no_id(trio: Trio) -> None:
    token = objects.token(uid="0123456789AB")
    path = "receiver/tokens/DE/MSP/0123456789AB"
    headers = routing("NL/AAA", "DE/MSP")
    assert (await trio.emsp.ask("PUT", path, token, headers=headers)).code == 1000
    await trio.hub.later.flush()
    records = await trio.company.store.records(BOND)
    assert len(records) == 1
    assert b"0123456789AB" not in records[0].document
    assert "0123456789AB" not in records[0].key.id


async def test_what_the_index_knows_is_written_once_a_day(trio: Trio) -> None:
    for _ in range(3):
        await trio.cpo.ask("PUT", LOC, objects.location(), headers=THERE)
    await trio.hub.later.flush()
    (before,) = await trio.company.store.records(BOND)
    trio.company.clock.forward(90_000)
    await trio.cpo.ask("PUT", LOC, objects.location(), headers=THERE)
    await trio.hub.later.flush()
    (after,) = await trio.company.store.records(BOND)
    assert before.due is not None
    assert after.due is not None
    assert after.due - before.due >= 90_000_000_000
    assert before.key == after.key


async def test_an_object_that_the_hub_holds_tells_its_owner(trio: Trio) -> None:
    """CORE-OPEN-02: by broadcast or pull, not by a call that went through."""
    parts = trio.company
    change = accept(
        parts.table.resources["locations"], _json(objects.location()),
        version=parts.router.versions[0], source=await parts.partner("cpo.example"),
        identity=parts.identity, strict=False,
    )  # fmt: skip
    await parts.store.apply(change)
    answer = await trio.emsp.ask("GET", "sender/locations/loc1", headers=routing(None, "DE/MSP"))
    assert answer.headers["ocpi-from-party-id"] == "AAA"


async def test_urls_are_given_up_after_their_time(trio: Trio) -> None:
    """CORE-HUB-20"""
    url = await _posted_cdr(trio)
    assert (await trio.cpo.ask("GET", url, headers=routing(None, "NL/AAA"))).code == 1000
    trio.company.clock.forward(401 * 86_400)
    answer = await trio.cpo.ask("GET", url, headers=routing(None, "NL/AAA"))
    assert (answer.http, answer.code) == (404, 2000)


async def test_a_repeated_post_writes_no_second_url(trio: Trio) -> None:
    assert await _posted_cdr(trio) == await _posted_cdr(trio)
    assert len(await trio.company.store.records(HUB_URL)) == 1


async def test_a_hub_under_load_keeps_its_flows_apart(trio: Trio) -> None:
    """CORE-MSGID-08, CORE-MSGID-09"""

    async def one(number: int) -> bool:
        path = f"receiver/locations/NL/AAA/L{number}"
        body = objects.location(id=f"L{number}")
        headers = THERE | {"x-request-id": f"r{number}", "x-correlation-id": f"c{number}"}
        answer = await trio.cpo.ask("PUT", path, body, headers=headers)
        return answer.code == 1000 and answer.headers["x-request-id"] == f"r{number}"

    assert all(await asyncio.gather(*(one(number) for number in range(50))))


async def _posted_cdr(trio: Trio) -> str:
    answer = await trio.cpo.ask("POST", "receiver/cdrs", objects.cdr(), headers=THERE)
    assert answer.code == 1000, answer
    return answer.headers["location"]


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


async def test_in_a_closed_hub_a_party_without_agreement_is_unknown(
    found: Found, cpo: Company, emsp: Company
) -> None:
    """CORE-HUB-11: as it is to whoever asks for a party that is not there."""
    hub = Hub.of(await found("hub.example", role("EU/HUB", Role.HUB)), default="closed")
    pair = await meet(hub.company, cpo)
    await meet(hub.company, emsp)
    hub.company.clock.forward(2)
    answer = await pair.ask("PUT", LOC, objects.location(), headers=THERE)
    absent = await pair.ask("PUT", LOC, objects.location(), headers=routing("DE/XXX", "NL/AAA"))
    assert (answer.http, answer.code) == (absent.http, absent.code) == (200, 4001)
    agreed = Agreement(id="", one=Side.read("NL/AAA"), other=Side.read("DE/MSP"))
    kept = await hub.book.add(agreed)
    assert (await pair.ask("PUT", LOC, objects.location(), headers=THERE)).code == 1000
    await hub.book.suspend(kept.id)
    assert (await pair.ask("PUT", LOC, objects.location(), headers=THERE)).code == 4001
