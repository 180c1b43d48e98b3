"""hubclientinfo: whom a hub connects, and how they are, told to all who may know."""

import asyncio
from typing import Any

import msgspec
from tests.delivery.fakes import Mode
from tests.delivery.hub_node import WITH_INFO, HubNode, hub_node, party, statuses
from tests.delivery.node import until

from voltroam.delivery.alive import CONTACT
from voltroam.delivery.records import writing
from voltroam.roaming.client_info import info_of
from voltroam.roaming.platforms import Phase, Platform, Status
from voltroam.standard.endpoints import CLIENT_INFO
from voltroam.standard.v2_2_1 import Role
from voltroam.store.interface import Change, RecordDraft, RecordKey, Store
from voltroam.wire.times import format_datetime, from_micros

CPO = party("cpo", (Role.CPO, "NL/AAA"), modules=WITH_INFO)
EMSP = party("emsp", (Role.EMSP, "DE/MSP"), modules=WITH_INFO)
FAR = party("far", (Role.HUB, "EU/FAR"), modules=WITH_INFO)
SECOND = 1_000_000


def info(who: str, status: str, at: int, role: str = "CPO") -> bytes:
    country, code = who.split("/")
    members = {"country_code": country, "party_id": code, "role": role, "status": status}
    return msgspec.json.encode(members | {"last_updated": format_datetime(from_micros(at))})


async def open_hub(node: HubNode, *platforms: Platform) -> None:
    for one in platforms:
        await node.join(one)
    node.start()
    await node.settle()


async def told(node: HubNode) -> dict[tuple[str, str], str]:
    """What the hub's list says of each party in each role."""
    return {
        (row.key.owner, row.key.id): info_of(row).status.value
        async for row in node.store.scan(CLIENT_INFO.kind)
    }


async def test_a_party_that_joins_is_announced_to_the_others(any_store: Store) -> None:
    """CORE-HUB-26, CORE-HCI-06, CORE-HCI-09, CORE-HCI-21"""
    without = party("without", (Role.NSP, "FR/NSP"))
    async with hub_node(any_store) as node:
        await open_hub(node, EMSP, without)
        await node.join(CPO)
        await node.settle()
        assert statuses(node.calls.partners["emsp"]) == [
            ("FR/NSP", "NSP", "CONNECTED"),
            ("NL/AAA", "CPO", "CONNECTED"),
        ]
        first = statuses(node.calls.partners["cpo"])
        assert sorted(first) == [("DE/MSP", "EMSP", "CONNECTED"), ("FR/NSP", "NSP", "CONNECTED")]
        assert node.calls.partners["without"].sent == []


async def test_each_change_of_a_status_is_pushed(any_store: Store) -> None:
    """CORE-HCI-07, CORE-HCI-08"""
    async with hub_node(any_store) as node:
        await open_hub(node, CPO, EMSP)
        for change in (
            {"status": Status.OFFLINE},
            {"status": Status.CONNECTED},
            {"phase": Phase.REMOVED, "status": Status.SUSPENDED},
        ):
            await node.change(CPO, **change)
            await node.settle()
        emsp = node.calls.partners["emsp"]
        assert [status for _, _, status in statuses(emsp)] == [
            "CONNECTED", "OFFLINE", "CONNECTED", "SUSPENDED",
        ]  # fmt: skip
        assert not emsp.of("DELETE")
        assert (await told(node))["NL/AAA", "CPO"] == "SUSPENDED"
        moments = [sent.json["last_updated"] for sent in emsp.of("PUT")]
        assert moments == sorted(set(moments))


async def test_every_role_of_a_party_has_its_own_status(any_store: Store) -> None:
    """CORE-HCI-03, CORE-HCI-12"""
    away = party("away", (Role.EMSP, "NL/AAA"), modules=(), status=Status.OFFLINE)
    async with hub_node(any_store) as node:
        await open_hub(node, CPO, away, EMSP)
        found = await told(node)
        assert (found["NL/AAA", "CPO"], found["NL/AAA", "EMSP"]) == ("CONNECTED", "OFFLINE")


async def test_a_party_that_comes_back_on_another_platform_is_connected(any_store: Store) -> None:
    again = party("again", (Role.CPO, "NL/AAA"), modules=WITH_INFO)
    async with hub_node(any_store) as node:
        await open_hub(node, CPO, EMSP)
        await node.change(CPO, phase=Phase.REMOVED, status=Status.SUSPENDED)
        await node.settle()
        await node.join(again)
        await node.settle()
        assert (await told(node))["NL/AAA", "CPO"] == "CONNECTED"


async def test_only_parties_that_may_deal_with_each_other_know_each_other(
    any_store: Store,
) -> None:
    """CORE-HCI-05"""
    third = party("third", (Role.EMSP, "FR/MSX"), modules=WITH_INFO)
    async with hub_node(any_store, default="closed") as node:
        await open_hub(node, CPO, EMSP, third)
        agreed = await node.agree("NL/AAA", "DE/MSP", modules=("tokens",))
        await node.settle()
        assert statuses(node.calls.partners["emsp"]) == [("NL/AAA", "CPO", "CONNECTED")]
        assert statuses(node.calls.partners["cpo"]) == [("DE/MSP", "EMSP", "CONNECTED")]
        assert statuses(node.calls.partners["third"]) == []
        await node.book.remove(agreed.id)
        await node.settle()
        assert statuses(node.calls.partners["emsp"])[-1] == ("NL/AAA", "CPO", "SUSPENDED")


async def test_parties_behind_another_hub_are_announced_but_not_back_to_it(
    any_store: Store,
) -> None:
    async with hub_node(any_store) as node:
        await open_hub(node, EMSP, FAR)
        await node.share(CLIENT_INFO, info("SE/FFF", "CONNECTED", node.now()), FAR)
        await node.settle()
        assert statuses(node.calls.partners["emsp"]) == [("SE/FFF", "CPO", "CONNECTED")]
        assert statuses(node.calls.partners["far"]) == [("DE/MSP", "EMSP", "CONNECTED")]


async def test_a_party_that_another_hub_lists_no_more_is_suspended(any_store: Store) -> None:
    """CORE-HCI-14, CORE-HCI-08"""
    async with hub_node(any_store) as node:
        await open_hub(node, EMSP, FAR)
        both = [info(who, "CONNECTED", node.now()) for who in ("SE/FFF", "SE/GGG")]
        for listed in (both, both[:1]):
            node.calls.partners["far"].offers["hubclientinfo"] = listed
            await node.delivery.pull(FAR, "hubclientinfo", full=True)
            await node.settle()
        assert (await told(node))["SE/FFF", "CPO"] == "CONNECTED"
        assert (await told(node))["SE/GGG", "CPO"] == "SUSPENDED"
        assert statuses(node.calls.partners["emsp"])[-1] == ("SE/GGG", "CPO", "SUSPENDED")


async def test_parties_behind_a_hub_are_no_better_than_the_hub(any_store: Store) -> None:
    async with hub_node(any_store) as node:
        await open_hub(node, EMSP, FAR)
        before = node.now()
        await node.share(CLIENT_INFO, info("SE/FFF", "CONNECTED", before), FAR)
        await node.share(CLIENT_INFO, info("SE/PPP", "PLANNED", before), FAR)
        await node.settle()
        await node.change(FAR, status=Status.OFFLINE)
        await node.settle()
        assert (await told(node))["SE/FFF", "CPO"] == "OFFLINE"
        # Told between: later than what the hub said before, earlier than what we announced.
        await node.share(CLIENT_INFO, info("SE/PPP", "CONNECTED", before + SECOND), FAR)
        await node.change(FAR, status=Status.CONNECTED)
        await node.settle()
        found = await told(node)
        assert (found["SE/FFF", "CPO"], found["SE/PPP", "CPO"]) == ("CONNECTED", "CONNECTED")
        heard = [(one, status) for one, _, status in statuses(node.calls.partners["emsp"])]
        assert [status for one, status in heard if one == "SE/FFF"] == [
            "CONNECTED", "OFFLINE", "CONNECTED",
        ]  # fmt: skip
        await node.share(CLIENT_INFO, info("SE/PPP", "OFFLINE", before), FAR)
        assert (await told(node))["SE/PPP", "CPO"] == "CONNECTED"


async def test_a_direct_party_is_described_by_us_alone(any_store: Store) -> None:
    async with hub_node(any_store) as node:
        await open_hub(node, CPO, EMSP, FAR)
        later = node.now() + 60 * SECOND
        await node.share(CLIENT_INFO, info("NL/AAA", "OFFLINE", later), FAR)
        await node.settle()
        assert (await told(node))["NL/AAA", "CPO"] == "CONNECTED"
        [row] = [
            row async for row in node.store.scan(CLIENT_INFO.kind) if row.key.owner == "NL/AAA"
        ]
        assert row.sources == frozenset()


async def test_a_party_that_leaves_for_another_hub_is_reached_through_it(
    any_store: Store,
) -> None:
    async with hub_node(any_store) as node:
        await open_hub(node, CPO, EMSP, FAR)
        long_ago = node.now() - 3600 * SECOND
        await node.change(CPO, phase=Phase.REMOVED, status=Status.SUSPENDED)
        await node.settle()
        await node.share(CLIENT_INFO, info("NL/AAA", "CONNECTED", long_ago), FAR)
        await node.settle()
        last = node.calls.partners["emsp"].of("PUT")[-1]
        assert (last.path, last.json["status"]) == ("hubclientinfo/NL/AAA", "CONNECTED")
        moments = [sent.json["last_updated"] for sent in node.calls.partners["emsp"].of("PUT")]
        assert moments == sorted(moments)
        await node.change(CPO, phase=Phase.REGISTERED, status=Status.OFFLINE, endpoints=())
        await node.settle()
        assert (await told(node))["NL/AAA", "CPO"] == "OFFLINE"


async def test_when_a_hub_leaves_those_behind_it_are_suspended(any_store: Store) -> None:
    async with hub_node(any_store) as node:
        await open_hub(node, EMSP, FAR)
        await node.share(CLIENT_INFO, info("SE/FFF", "CONNECTED", node.now()), FAR)
        await node.settle()
        await node.change(FAR, phase=Phase.REMOVED, status=Status.SUSPENDED)
        await node.settle()
        assert (await told(node))["SE/FFF", "CPO"] == "SUSPENDED"


async def test_nothing_moves_while_nothing_moved(any_store: Store) -> None:
    async with hub_node(any_store) as node:
        await open_hub(node, CPO, EMSP, FAR)
        head = await node.store.head()
        await node.settle()
        assert await node.store.head() == head


class Silences:
    """Platforms whose versions were asked for."""

    def __init__(self, node: HubNode) -> None:
        self._node = node

    def of(self, name: str) -> list[Any]:
        return [one for one in self._node.calls.partners[name].sent if "versions" in one.path]


async def test_only_a_silent_party_is_asked_whether_it_is_there(any_store: Store) -> None:
    """CORE-HCI-18"""
    async with hub_node(any_store, after=1.0) as node:
        await node.join(CPO)
        await node.join(EMSP)
        node.start()
        asked = Silences(node)
        while not asked.of("emsp"):
            node.directory.contact("cpo")
            await asyncio.sleep(0.05)
        assert not asked.of("cpo")


async def test_who_does_not_answer_is_offline_until_it_does(any_store: Store) -> None:
    """CORE-HCI-19"""
    async with hub_node(any_store, after=0.5) as node:
        await node.join(CPO)
        await node.join(EMSP)
        node.calls.partners["cpo"].mode = Mode.DOWN
        node.start()
        emsp = node.calls.partners["emsp"]
        await until(lambda: ("NL/AAA", "CPO", "OFFLINE") in statuses(emsp), 10)
        node.calls.partners["cpo"].mode = Mode.UP
        await until(lambda: statuses(emsp)[-1] == ("NL/AAA", "CPO", "CONNECTED"), 10)


async def test_a_message_of_a_party_that_was_offline_connects_it(any_store: Store) -> None:
    """CORE-HCI-20"""
    async with hub_node(any_store) as node:
        away = party("cpo", (Role.CPO, "NL/AAA"), modules=WITH_INFO, status=Status.OFFLINE)
        await open_hub(node, away, EMSP)
        await node.delivery.contact(away.id)
        await node.settle()
        assert [status for _, _, status in statuses(node.calls.partners["emsp"])][-1] == "CONNECTED"


async def test_another_process_knows_whom_this_one_heard(any_store: Store) -> None:
    """CORE-HCI-18"""
    async with hub_node(any_store, after=1.0) as node:
        await node.join(CPO)
        await node.join(EMSP)
        await node.store.apply(_heard_elsewhere("cpo", node.now() + 3600 * SECOND))
        node.start()
        asked = Silences(node)
        while not asked.of("emsp"):
            await asyncio.sleep(0.05)
        assert not asked.of("cpo")


def _heard_elsewhere(platform_id: str, at: int) -> Change[None]:
    return writing(RecordDraft(RecordKey(CONTACT, platform_id), str(at).encode()))
