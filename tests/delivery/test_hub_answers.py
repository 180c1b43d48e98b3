"""What a hub answers itself: it keeps a broadcast at once, and lists what all gave."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.delivery.fakes import location, session, tariff, token
from tests.delivery.hub_node import HUB, HubNode, hub_node, of, party

from voltroam.roaming.hub.announcing import Announcing
from voltroam.roaming.hub.seats import Seat
from voltroam.roaming.hub.shared import Shared, sights
from voltroam.roaming.platforms import Identity, Platform, Status
from voltroam.roaming.serving import Serving
from voltroam.roaming.weigh import flow_of
from voltroam.standard.endpoints import (
    CLIENT_INFO,
    CORE,
    LOCATION,
    SESSION,
    TARIFF,
    TOKEN,
    Endpoint,
    Interface,
    Table,
)
from voltroam.standard.errors import NotFound
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import V2_2_1
from voltroam.store.interface import Store
from voltroam.wire.call import Call, Reply, Routing
from voltroam.wire.routes import Router

AAA, BBB, MSP = PartyId("NL", "AAA"), PartyId("NL", "BBB"), PartyId("DE", "MSP")
CPO = party("cpo", (Role.CPO, "NL/AAA"))
TWO = party("two", (Role.CPO, "NL/BBB"), (Role.CPO, "NL/CCC"))
EMSP = party("emsp", (Role.EMSP, "DE/MSP"))
MSX = party("msx", (Role.EMSP, "FR/MSX"))
T1 = "2026-01-01T01:00:00Z"


def row(kind: str, method: str, side: Interface = Interface.RECEIVER, path: str = "") -> Endpoint:
    return next(
        one
        for one in CORE
        if one.resource is not None
        and (one.resource.kind, one.method, one.interface) == (kind, method, side)
        and one.part is None
        and path in one.path
    )


class Answers:
    """The hub's own answers over one store."""

    def __init__(self, node: HubNode) -> None:
        table = Table()
        identity: Identity = node.identity
        self.node = node
        self.shared = Shared(
            Serving(
                node.store, node.directory, identity, table,
                Router(table, [V2_2_1], identity.url), sights=sights(node.sharings),
            )
        )  # fmt: skip

    async def push(
        self, who: Platform, kind: str, method: str, body: bytes | None, **keys: str
    ) -> Reply:
        sender = who.parties()[0]
        call = Call(
            V2_2_1, row(kind, method), keys, body=body, routing=Routing(HUB, sender),
            correlation_id="flow-1",
        )  # fmt: skip
        return await self.shared.broadcast(call, who, seat(who, sender))

    async def list(
        self, who: Platform, kind: str, party: PartyId | None = None, **query: str
    ) -> tuple[list[Any], Reply]:
        sender = party or who.parties()[0]
        call = Call(
            V2_2_1, row(kind, "GET", Interface.SENDER), query=query, routing=Routing(HUB, sender),
            url="https://hub.example/ocpi/2.2.1/sender/x",
        )  # fmt: skip
        reply = await self.shared.get_all(call, who, seat(who, sender))
        return [json.loads(item) for item in reply.items or ()], reply


def seat(who: Platform, sender: PartyId) -> Seat:
    return Seat(sender, who.roles[0].role, who.id, Status.CONNECTED, frozenset())


@pytest_asyncio.fixture
async def node(any_store: Store) -> AsyncIterator[HubNode]:
    async with hub_node(any_store) as made:
        for one in (CPO, TWO, EMSP, MSX):
            await made.join(one)
        yield made


@pytest_asyncio.fixture
async def answers(node: HubNode) -> Answers:
    return Answers(node)


async def test_a_broadcast_is_kept_and_answered_from_the_hub(answers: Answers) -> None:
    """CORE-BCAST-02, CORE-HUB-22"""
    body = of(location("L1"), "NL/AAA")
    keys = {"country_code": "NL", "party_id": "AAA", "location_id": "L1"}
    reply = await answers.push(CPO, "locations", "PUT", body, **keys)
    assert (reply.http_status, reply.status_code) == (201, 1000)
    assert reply.routing == Routing(to=AAA, sender=HUB)
    [kept] = [one async for one in answers.node.store.scan("locations")]
    assert (kept.document, kept.audience, kept.sources) == (body, "NL/AAA", frozenset({"cpo"}))
    assert flow_of(kept) == "flow-1"


async def test_a_broadcast_patch_and_delete_change_what_is_kept(answers: Answers) -> None:
    """CORE-BCAST-17"""
    keys = {"country_code": "NL", "party_id": "AAA", "tariff_id": "T1"}
    await answers.push(CPO, "tariffs", "PUT", of(tariff("T1"), "NL/AAA"), **keys)
    reply = await answers.push(CPO, "tariffs", "DELETE", None, **keys)
    assert (reply.status_code, reply.routing.sender) == (1000, HUB)
    assert [one async for one in answers.node.store.scan("tariffs")] == []
    where = {"country_code": "NL", "party_id": "AAA", "location_id": "L1"}
    await answers.push(CPO, "locations", "PUT", of(location("L1"), "NL/AAA"), **where)
    patch = json.dumps({"name": "New", "last_updated": T1}).encode()
    assert (await answers.push(CPO, "locations", "PATCH", patch, **where)).status_code == 1000
    [kept] = [one async for one in answers.node.store.scan("locations")]
    assert json.loads(kept.document)["name"] == "New"


async def test_nobody_broadcasts_what_is_not_theirs(answers: Answers) -> None:
    keys = {"country_code": "NL", "party_id": "AAA", "location_id": "L1"}
    with pytest.raises(NotFound):
        await answers.push(TWO, "locations", "PUT", of(location("L1"), "NL/AAA"), **keys)


async def test_a_list_of_all_holds_what_all_gave(node: HubNode, answers: Answers) -> None:
    """CORE-ALL-02, CORE-ALL-03, CORE-ALL-04, CORE-ALL-05"""
    for who, owner in ((CPO, "NL/AAA"), (TWO, "NL/BBB"), (TWO, "NL/CCC")):
        for number in (1, 2):
            await node.share(LOCATION, of(location(f"L{number}"), owner), who)
    found, reply = await answers.list(EMSP, "locations")
    assert reply.routing == Routing(to=MSP, sender=HUB)
    owners = [(one["country_code"], one["party_id"], one["id"]) for one in found]
    assert len(set(owners)) == len(owners) == 6
    crawled = []
    for offset in range(0, 6, 2):
        part, reply = await answers.list(EMSP, "locations", limit="2", offset=str(offset))
        crawled += [(one["country_code"], one["party_id"], one["id"]) for one in part]
        assert reply.headers["x-total-count"] == "6"
    assert crawled == owners
    later, _ = await answers.list(EMSP, "locations", date_from=T1)
    assert later == []


async def test_a_list_of_all_holds_nothing_of_the_asking_platform(
    node: HubNode, answers: Answers
) -> None:
    await node.share(TOKEN, of(token("T1"), "DE/MSP"), EMSP)
    await node.share(LOCATION, of(location("L1"), "NL/AAA"), CPO)
    assert [one["uid"] for one in (await answers.list(CPO, "tokens"))[0]] == ["T1"]
    assert (await answers.list(EMSP, "tokens"))[0] == []
    assert (await answers.list(TWO, "locations"))[0] == []


async def test_each_party_of_a_platform_sees_by_its_own_agreements(
    node: HubNode, answers: Answers
) -> None:
    """CORE-ALL-06"""
    await node.share(TOKEN, of(token("T1"), "DE/MSP"), EMSP)
    await node.agree("NL/BBB", "DE/MSP", allows=False)
    assert (await answers.list(TWO, "tokens", BBB))[0] == []
    [seen], _ = await answers.list(TWO, "tokens", PartyId("NL", "CCC"))
    assert seen["uid"] == "T1"


async def test_sessions_that_a_hub_collected_are_for_their_contract_party(
    node: HubNode, answers: Answers
) -> None:
    """CORE-ALL-06"""
    await node.share(SESSION, of(session("S1"), "NL/AAA"), CPO)
    since = "2025-01-01T00:00:00Z"
    [seen], _ = await answers.list(EMSP, "sessions", date_from=since)
    assert seen["id"] == "S1"
    assert (await answers.list(MSX, "sessions", date_from=since))[0] == []


async def test_the_list_of_client_info_shows_whom_one_may_deal_with(
    node: HubNode, answers: Answers
) -> None:
    """CORE-HCI-01, CORE-HCI-05, CORE-HUB-26"""
    await node.agree("DE/MSP", "NL/BBB", allows=False)
    await Announcing(node.store, node.directory).announce()
    found, reply = await answers.list(EMSP, CLIENT_INFO.kind)
    assert [(one["party_id"], one["role"], one["status"]) for one in found] == [
        ("AAA", "CPO", "CONNECTED"), ("MSX", "EMSP", "CONNECTED"), ("CCC", "CPO", "CONNECTED"),
    ]  # fmt: skip
    assert reply.headers["x-total-count"] == "3"


async def test_an_agreement_for_one_module_says_nothing_of_another(
    node: HubNode, answers: Answers
) -> None:
    await node.share(LOCATION, of(location("L1"), "NL/AAA"), CPO)
    await node.share(TARIFF, of(tariff("T1"), "NL/AAA"), CPO)
    await node.agree("NL/AAA", "DE/MSP", modules=("tariffs",), allows=False)
    assert len((await answers.list(EMSP, "locations"))[0]) == 1
    assert (await answers.list(EMSP, "tariffs"))[0] == []
    assert len((await answers.list(MSX, "tariffs"))[0]) == 1


async def test_another_hub_lists_what_those_behind_it_may_see(
    node: HubNode, answers: Answers
) -> None:
    far = party("far", (Role.HUB, "EU/FAR"))
    await node.join(far)
    await node.share(LOCATION, of(location("L1"), "NL/AAA"), CPO)
    info = {"country_code": "SE", "party_id": "FFF", "role": "CPO", "status": "CONNECTED"}
    await node.share(CLIENT_INFO, json.dumps(info | {"last_updated": T1}).encode(), far)
    await node.share(LOCATION, of(location("L2"), "SE/FFF"), far)
    found, _ = await answers.list(far, "locations", PartyId("EU", "FAR"))
    assert [one["id"] for one in found] == ["L1"]
    assert [one["id"] for one in (await answers.list(EMSP, "locations"))[0]] == ["L1", "L2"]
