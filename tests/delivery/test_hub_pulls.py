"""What parties of a hub do not push it pulls; how fresh it is can be seen."""

from dataclasses import replace

from tests.delivery.fakes import TABLE, location, session
from tests.delivery.hub_node import WITH_INFO, HubNode, hub_node, of, party, routed
from tests.delivery.node import until

from voltroam.delivery.freshness import STEP, Freshness
from voltroam.delivery.pulling import Pulling
from voltroam.delivery.records import SYNC, SyncNote, read
from voltroam.delivery.timetable import always
from voltroam.roaming.later import Later
from voltroam.standard.endpoints import SESSION
from voltroam.standard.v2_2_1 import Role
from voltroam.store.interface import Store

CPO = party("cpo", (Role.CPO, "NL/AAA"), modules=WITH_INFO)
EMSP = party("emsp", (Role.EMSP, "DE/MSP"))
FAR = party("far", (Role.HUB, "EU/FAR"), modules=WITH_INFO)
HOUR = 3_600_000_000


def pulling(node: HubNode, freshness: Freshness | None = None, *collect: str) -> Pulling:
    return Pulling(
        node.store, node.directory, node.calls, node.identity, TABLE, now=node.now,
        knobs=replace(node.knobs, splay=0.0), collect=collect,
        pushes=freshness.pushes if freshness else always,
    )  # fmt: skip


async def test_a_hub_pulls_what_is_for_all_and_from_hubs_whom_they_connect(
    any_store: Store,
) -> None:
    async with hub_node(any_store) as node:
        shared = ["locations", "tariffs", "tokens"]
        assert pulling(node).modules(CPO) == shared
        assert pulling(node).modules(FAR) == [*shared, "hubclientinfo"]
        assert pulling(node, None, "sessions").modules(CPO) == [
            "locations",
            "sessions",
            *shared[1:],
        ]


async def test_what_was_pulled_reaches_the_others(any_store: Store) -> None:
    async with hub_node(any_store) as node:
        cpo = await node.join(CPO)
        await node.join(EMSP)
        cpo.offers["locations"] = [of(location("L1"), "NL/AAA")]
        node.start()
        await node.delivery.pull(CPO, "locations", full=True)
        emsp = node.calls.partners["emsp"]
        await until(lambda: emsp.sent)
        assert (emsp.sent[0].path, routed(emsp.sent[0])) == (
            "locations/NL/AAA/L1", ("EU/HUB", "DE/MSP"),
        )  # fmt: skip
        assert emsp.sent[0].flow == ""


async def test_sessions_that_are_collected_have_the_class_of_their_party(
    any_store: Store,
) -> None:
    """CORE-ALL-06"""
    async with hub_node(any_store) as node:
        cpo = await node.join(CPO)
        cpo.offers["sessions"] = [of(session("S1"), "NL/AAA")]
        await pulling(node, None, "sessions").pull(CPO, "sessions", full=True)
        [row] = [row async for row in node.store.scan(SESSION.kind)]
        assert row.audience == "NL/AAA>DE/MSP"


async def test_who_does_not_push_is_pulled_every_hour_and_the_others_every_day(
    any_store: Store,
) -> None:
    async with hub_node(any_store) as node:
        await node.join(CPO)
        await node.join(EMSP)
        later = Later(node.store, within=0.0)
        freshness = Freshness(node.store, later, node.now)
        freshness.pushed("cpo", "locations")
        await later.close()
        started = node.now()
        for who in (CPO, EMSP):
            await pulling(node, freshness).pull(who, "locations")
        due = {
            read(record, SyncNote).platform: round(((record.due or 0) - started) / HOUR)
            for record in await node.store.records(SYNC)
        }
        assert due == {"cpo": 24, "emsp": 1}


async def test_freshness_tells_of_pushes_and_pulls(any_store: Store) -> None:
    async with hub_node(any_store) as node:
        await node.join(CPO)
        later = Later(node.store, within=0.0)
        freshness = Freshness(node.store, later, node.now)
        assert await freshness.of("cpo") == {}
        freshness.pushed("cpo", "locations")
        node.shift += STEP // 2
        freshness.pushed("cpo", "locations")
        await later.close()
        await pulling(node, freshness).pull(CPO, "tariffs")
        found = await freshness.of("cpo")
        assert found["tariffs"].pushed is None
        assert found["tariffs"].newest == found["tariffs"].pulled is not None
        assert found["locations"].pulled is None
        first = found["locations"].pushed
        assert first is not None
        assert first <= node.now() - STEP // 2
        assert await freshness.pushes("cpo", "locations")
        node.shift += 48 * HOUR
        assert not await freshness.pushes("cpo", "locations")
