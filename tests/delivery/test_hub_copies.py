"""Broadcast push: what one party gives a hub reaches all who may have it, each as one copy."""

import asyncio

import msgspec
import pytest
from msgspec import structs
from tests.delivery.fakes import TABLE, Mode, cdr, location, session, tariff, token
from tests.delivery.hub_node import PULLED, HubNode, hub_node, of, party, routed
from tests.delivery.node import until

from voltroam.delivery.standing import DELIVERED, NOT_SHOWN, PARKED, Standings
from voltroam.roaming.platforms import Phase, Platform, Status
from voltroam.standard.endpoints import LOCATION, TARIFF, TOKEN
from voltroam.standard.errors import Refused
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role
from voltroam.store.interface import Store

AAA, MSP, NSP, OTH = "NL/AAA", "DE/MSP", "FR/NSP", "BE/OTH"
CPO = party("cpo", (Role.CPO, AAA))
CPO2 = party("cpo2", (Role.CPO, "NL/BBB"))
EMSP = party("emsp", (Role.EMSP, MSP))
NSP_ = party("nsp", (Role.NSP, NSP))
OTHER = party("other", (Role.OTHER, OTH))
ALL = (CPO, CPO2, EMSP, NSP_, OTHER)
LOC = "locations/NL/AAA/L1"
L1 = of(location("L1"), AAA)
T1 = "2026-01-01T01:00:00Z"
L1_LATER = of(location("L1", at=T1, status="CHARGING"), AAA)


async def open_hub(node: HubNode, *platforms: Platform) -> None:
    for one in platforms or ALL:
        await node.join(one)
    node.start()


async def test_a_location_goes_to_emsps_nsps_and_others_only(any_store: Store) -> None:
    """CORE-BCAST-03, CORE-BCAST-05, CORE-BCAST-07, CORE-BCAST-11, GEN-HUB-01, GEN-HUB-02"""
    async with hub_node(any_store) as node:
        await open_hub(node)
        await node.share(LOCATION, L1, CPO, flow="flow-1")
        await node.settle()
        partners = node.calls.partners
        assert [name for name, one in partners.items() if one.sent] == ["emsp", "nsp", "other"]
        for name, to in (("emsp", MSP), ("nsp", NSP), ("other", OTH)):
            [sent] = partners[name].sent
            assert (sent.method, sent.path, sent.body) == ("PUT", LOC, L1)
            assert routed(sent) == ("EU/HUB", to)
            assert sent.flow == "flow-1"


async def test_a_hub_of_several_versions_sends_one_copy_too(any_store: Store) -> None:
    """CORE-BCAST-11: what only some versions are shown is a class of its own, not a way."""
    async with hub_node(any_store) as node:
        node.identity = structs.replace(node.identity, versions=("2.1.1", "2.2.1", "2.3.0"))
        node.delivery = node.make()
        await open_hub(node, CPO, EMSP)
        limited = msgspec.json.decode(of(tariff("T1"), AAA)) | {"max_price": {"excl_vat": 5}}
        await node.share(LOCATION, L1, CPO)
        await node.share(TARIFF, msgspec.json.encode(limited), CPO)
        await node.settle()
        sent = [(one.method, one.path) for one in node.calls.partners["emsp"].sent]
        assert sorted(sent) == [("PUT", LOC), ("PUT", "tariffs/NL/AAA/T1")]


async def test_a_token_goes_to_cpos_only_also_that_of_an_other_party(any_store: Store) -> None:
    """CORE-BCAST-08, CORE-BCAST-09"""
    async with hub_node(any_store) as node:
        await open_hub(node)
        await node.share(TOKEN, of(token("T1"), MSP), EMSP)
        await node.share(TOKEN, of(token("T2"), OTH), OTHER)
        await node.settle()
        for name in ("cpo", "cpo2"):
            paths = sorted(sent.path for sent in node.calls.partners[name].sent)
            assert paths == ["tokens/BE/OTH/T2", "tokens/DE/MSP/T1"]
        assert not any(node.calls.partners[name].sent for name in ("emsp", "nsp", "other"))


async def test_only_platforms_with_the_endpoint_get_a_copy(any_store: Store) -> None:
    """CORE-BCAST-10"""
    without = party("without", (Role.EMSP, "DE/WIT"), modules=("tariffs", "cdrs"))
    async with hub_node(any_store) as node:
        await open_hub(node, CPO, EMSP, without)
        await node.share(LOCATION, L1, CPO)
        await node.share(TARIFF, of(tariff("T1"), AAA), CPO)
        await node.settle()
        assert [one.path for one in node.calls.partners["without"].sent] == ["tariffs/NL/AAA/T1"]
        assert len(node.calls.partners["emsp"].sent) == 2


async def test_each_party_of_a_platform_gets_a_copy_of_its_own(any_store: Store) -> None:
    """CORE-BCAST-03, CORE-MSGID-10"""
    both = party("both", (Role.EMSP, MSP), (Role.EMSP, "AT/MSX"), (Role.CPO, "AT/CCC"))
    async with hub_node(any_store) as node:
        await open_hub(node, CPO, both)
        await node.share(LOCATION, L1, CPO, flow="flow-1")
        await node.settle()
        sent = node.calls.partners["both"].sent
        assert sorted(routed(one)[1] for one in sent) == ["AT/MSX", MSP]
        await node.share(LOCATION, L1_LATER, CPO, flow="flow-2")
        await node.settle()
        again = node.calls.partners["both"].sent[2:]
        assert {one.method for one in again} == {"PATCH"}
        assert sorted(routed(one)[1] for one in again) == ["AT/MSX", MSP]
        assert {one.flow for one in again} == {"flow-2"}


async def test_what_one_party_refuses_the_next_one_still_gets(any_store: Store) -> None:
    """CORE-BCAST-12"""
    both = party("both", (Role.EMSP, MSP), (Role.EMSP, "AT/MSX"))
    async with hub_node(any_store) as node:
        await open_hub(node, CPO, both, NSP_)
        partner = node.calls.partners["both"]
        partner.refuse = lambda sent: (
            Refused("not for me", http=200, code=2001) if routed(sent)[1] == "AT/MSX" else None
        )
        await node.share(LOCATION, L1, CPO)
        await node.settle()
        assert sorted(routed(one)[1] for one in partner.sent) == ["AT/MSX", MSP]
        assert len(node.calls.partners["nsp"].sent) == 1
        [parked] = await node.delivery.parked(both)
        assert (parked["object"], parked["code"]) == (LOC, 2001)


async def test_what_comes_before_its_owner_is_known_is_sent_again(any_store: Store) -> None:
    """Client info and copies are on their way side by side: the first few may be refused."""
    async with hub_node(any_store, known_soon=0.1) as node:
        await open_hub(node, CPO, EMSP)
        partner = node.calls.partners["emsp"]
        stranger = Refused("not a party of yours", http=200, code=2001)
        partner.refuse = lambda sent: stranger if len(partner.of("PUT")) < 4 else None
        await node.share(LOCATION, L1, CPO)
        await until(lambda: LOC in partner.held, 30)
        assert partner.held[LOC] == L1


async def test_what_became_of_each_copy_can_be_seen(any_store: Store) -> None:
    async with hub_node(any_store) as node:
        await open_hub(node, CPO, EMSP, NSP_)
        refused = Refused("not for me", http=200, code=2001)
        node.calls.partners["nsp"].refuse = lambda sent: refused
        await node.share(LOCATION, L1, CPO)
        await node.settle()
        [row] = [row async for row in node.store.scan(LOCATION.kind)]
        standings = Standings(node.store, node.directory, node.identity, TABLE)

        async def states() -> dict[str, str]:
            return {one.platform.name: one.state for one in await standings.of(row)}

        async with asyncio.timeout(60):
            while (await states())["emsp"] != DELIVERED:
                await asyncio.sleep(0.02)
        assert await states() == {"cpo": NOT_SHOWN, "emsp": DELIVERED, "nsp": PARKED}


async def test_a_slow_or_dead_receiver_holds_no_other_one_up(any_store: Store) -> None:
    """CORE-BCAST-12, CORE-BCAST-13"""
    async with hub_node(any_store) as node:
        await open_hub(node)
        node.calls.partners["emsp"].mode = Mode.DOWN
        node.calls.partners["nsp"].delay = 30.0
        await node.share(LOCATION, L1, CPO)
        await until(lambda: node.calls.partners["other"].sent)


async def test_a_deleted_tariff_is_deleted_everywhere(any_store: Store) -> None:
    """CORE-BCAST-17"""
    async with hub_node(any_store) as node:
        await open_hub(node)
        await node.share(TARIFF, of(tariff("T1"), AAA), CPO)
        await node.settle()
        await node.unshare(TARIFF, PartyId("NL", "AAA"), CPO, flow="end", id="T1")
        await node.settle()
        for name in ("emsp", "nsp", "other"):
            last = node.calls.partners[name].sent[-1]
            assert (last.method, last.path, last.flow) == ("DELETE", "tariffs/NL/AAA/T1", "end")
            assert routed(last)[0] == "EU/HUB"


async def test_who_was_away_gets_the_state_of_now_once(any_store: Store) -> None:
    """CORE-OFF-01"""
    async with hub_node(any_store) as node:
        await open_hub(node, CPO, EMSP)
        partner = node.calls.partners["emsp"]
        partner.mode = Mode.DOWN
        await node.share(LOCATION, L1, CPO)
        await node.share(LOCATION, L1_LATER, CPO)
        partner.mode = Mode.UP
        await node.settle()
        assert [sent.body for sent in partner.of("PUT")] == [L1_LATER]


async def test_who_pulls_gets_nothing_late(any_store: Store) -> None:
    """CORE-BCAST-18"""
    async with hub_node(any_store) as node:
        await open_hub(node, CPO, EMSP)
        await node.settle()
        await node.change(EMSP, status=Status.OFFLINE, profile=PULLED)
        await node.settle()
        await node.share(LOCATION, L1, CPO)
        await node.settle()
        await node.change(EMSP, status=Status.CONNECTED)
        await node.settle()
        assert node.calls.partners["emsp"].sent == []
        await node.share(LOCATION, L1_LATER, CPO)
        await node.settle()
        assert [sent.body for sent in node.calls.partners["emsp"].sent] == [L1_LATER]


async def test_a_closed_hub_delivers_by_agreement_and_takes_back_without(
    any_store: Store,
) -> None:
    async with hub_node(any_store, default="closed") as node:
        await open_hub(node, CPO, EMSP, NSP_)
        await node.share(LOCATION, L1, CPO)
        await node.share(TARIFF, of(tariff("T1"), AAA), CPO)
        await node.settle()
        assert not any(one.sent for one in node.calls.partners.values())
        agreed = await node.agree(AAA, MSP)
        await node.settle()
        emsp = node.calls.partners["emsp"]
        assert [sent.path for sent in emsp.sent] == ["tariffs/NL/AAA/T1", LOC]
        await node.book.suspend(agreed.id)
        await node.settle()
        back = emsp.sent[2:]
        assert {(sent.method, routed(sent)) for sent in back} == {
            ("DELETE", ("EU/HUB", MSP)),
            ("PUT", ("EU/HUB", MSP)),
        }
        withdrawn = next(sent.json for sent in back if sent.method == "PUT")
        assert withdrawn["publish"] is False
        assert {evse["status"] for evse in withdrawn["evses"]} == {"REMOVED"}
        await node.book.suspend(agreed.id, suspended=False)
        await node.settle()
        assert emsp.held[LOC] == L1
        assert node.calls.partners["nsp"].sent == []


async def test_an_agreement_of_one_party_moves_nothing_for_its_neighbour(
    any_store: Store,
) -> None:
    both = party("both", (Role.EMSP, MSP), (Role.EMSP, "AT/MSX"))
    async with hub_node(any_store) as node:
        await open_hub(node, CPO, both)
        await node.share(LOCATION, L1, CPO)
        await node.settle()
        partner = node.calls.partners["both"]
        before = len(partner.sent)
        forbidden = await node.agree(AAA, "AT/MSX", modules=("locations",), allows=False)
        await node.settle()
        taken = [one for one in partner.sent[before:] if not one.json["publish"]]
        assert [routed(one)[1] for one in taken] == ["AT/MSX"]
        before = len(partner.sent)
        await node.share(LOCATION, L1_LATER, CPO)
        await node.settle()
        assert {routed(one)[1] for one in partner.sent[before:]} == {MSP}
        before = len(partner.sent)
        await node.book.remove(forbidden.id)
        await node.settle()
        shown = [one for one in partner.sent[before:] if routed(one)[1] == "AT/MSX"]
        assert [one.body for one in shown] == [L1_LATER]


async def test_agreements_that_change_while_we_are_down_count_afterwards(
    any_store: Store,
) -> None:
    both = party("both", (Role.EMSP, MSP), (Role.EMSP, "AT/MSX"))
    async with hub_node(any_store) as node:
        await open_hub(node, CPO, both)
        await node.share(LOCATION, L1, CPO)
        await node.settle()
        await node.stop()
        await node.agree(AAA, "AT/MSX", allows=False)
        before = len(node.calls.partners["both"].sent)
        await node.rise()
        await node.settle()
        back = [one for one in node.calls.partners["both"].sent[before:] if not one.json["publish"]]
        assert [routed(one)[1] for one in back] == ["AT/MSX"]


async def test_a_party_that_joins_gets_all_that_was_shared(any_store: Store) -> None:
    async with hub_node(any_store) as node:
        await open_hub(node, CPO)
        await node.share(LOCATION, L1, CPO)
        await node.share(TARIFF, of(tariff("T1"), AAA), CPO)
        await node.join(EMSP)
        await node.settle()
        emsp = node.calls.partners["emsp"]
        assert [sent.path for sent in emsp.sent] == ["tariffs/NL/AAA/T1", LOC]


async def test_what_a_party_gave_that_left_is_taken_back(any_store: Store) -> None:
    async with hub_node(any_store) as node:
        await open_hub(node, CPO, EMSP)
        await node.share(LOCATION, L1, CPO)
        await node.settle()
        await node.change(CPO, phase=Phase.REMOVED, status=Status.SUSPENDED)
        await node.settle()
        last = node.calls.partners["emsp"].sent[-1]
        assert last.json["publish"] is False


async def test_a_copy_goes_once_to_another_hub_and_never_back_to_it(any_store: Store) -> None:
    """CORE-HUB-08"""
    far = party("far", (Role.HUB, "EU/FAR"))
    async with hub_node(any_store) as node:
        await open_hub(node, CPO, EMSP, far)
        await node.share(LOCATION, L1, CPO)
        await node.settle()
        [sent] = node.calls.partners["far"].sent
        assert routed(sent) == ("EU/HUB", "EU/FAR")
        await node.share(LOCATION, of(location("L2"), "NL/BBB"), far)
        await node.settle()
        assert len(node.calls.partners["far"].sent) == 1


@pytest.mark.parametrize("kind", ["sessions", "cdrs"])
async def test_what_is_for_one_party_is_never_copied(any_store: Store, kind: str) -> None:
    """CORE-BCAST-16, GEN-HUB-03"""
    document = {"sessions": session, "cdrs": cdr}[kind]("X1")
    async with hub_node(any_store) as node:
        await open_hub(node)
        await node.share(TABLE.resources[kind], of(document, AAA), CPO)
        await node.settle()
        assert not any(one.sent for one in node.calls.partners.values())
