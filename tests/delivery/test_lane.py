"""What a partner gets from its lane, over a real store and a partner in memory."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
from tests.delivery.fakes import (
    MODULE_NAMES,
    contract,
    identity,
    location,
    platform,
    role,
    session,
    tariff,
    token,
)
from tests.delivery.node import node, until

from voltroam.roaming.platforms import Profile
from voltroam.standard.endpoints import LOCATION, SESSION, TARIFF, TOKEN
from voltroam.standard.errors import Refused
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role
from voltroam.store.interface import ObjectRow

L1, E1 = "locations/NL/OUR/L1", "locations/NL/OUR/L1/L1-E1"
T1, T2 = "2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z"


async def test_a_new_location_is_put_to_a_connected_receiver(tmp_path: Path) -> None:
    """LOC-FLOW-01, LOC-PUT-07"""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.rest()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        assert [(s.method, s.path) for s in partner.sent] == [("PUT", L1)]
        assert partner.held[L1] == location("L1")


async def test_a_status_change_is_one_patch_of_the_evse(tmp_path: Path) -> None:
    """LOC-FLOW-02, LOC-PATCH-02"""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.rest()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        await ours.put(LOCATION, location("L1", status="CHARGING", at=T1))
        await ours.rest()
        patch = partner.sent[-1]
        assert (patch.method, patch.path) == ("PATCH", E1)
        assert patch.json == {"status": "CHARGING", "last_updated": T1}
        assert partner.holds(L1) == msgspec.json.decode(location("L1", status="CHARGING", at=T1))


async def test_a_removed_member_needs_a_put(tmp_path: Path) -> None:
    """LOC-PATCH-05"""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.put(LOCATION, location("L1", name="Plaza"))
        await ours.rest()
        await ours.put(LOCATION, location("L1", at=T1))
        await ours.rest()
        assert [s.method for s in partner.sent] == ["PUT", "PUT"]
        assert "name" not in partner.holds(L1)


async def test_a_partner_whose_profile_says_put_gets_no_patch(tmp_path: Path) -> None:
    """LOC-FLOW-02"""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1", profile=Profile(push="put")))
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        await ours.put(LOCATION, location("L1", status="CHARGING", at=T1))
        await ours.rest()
        assert partner.of("PATCH") == []
        assert partner.holds(L1)["evses"][0]["status"] == "CHARGING"


async def test_a_tariff_is_always_put_and_its_end_is_a_delete(tmp_path: Path) -> None:
    """TAR-FLOW-01, TAR-FLOW-02, TAR-PUT-02"""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.put(TARIFF, tariff("T"))
        await ours.rest()
        await ours.put(TARIFF, tariff("T", price=0.5, at=T1))
        await ours.rest()
        await ours.delete(TARIFF, id="T")
        await ours.rest()
        assert [s.method for s in partner.sent] == ["PUT", "PUT", "DELETE"]
        assert {s.path for s in partner.sent} == {"tariffs/NL/OUR/T"}
        assert partner.held == {}


async def test_deleting_what_the_partner_never_had_is_done_all_the_same(tmp_path: Path) -> None:
    """TAR-DEL-01: DELETE of unknown gives 404, and that settles it."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.put(TARIFF, tariff("T"))
        await ours.rest()
        partner.held.clear()
        await ours.delete(TARIFF, id="T")
        await ours.rest()
        assert partner.sent[-1].method == "DELETE"
        assert await ours.delivery.parked(platform("p1")) == []


async def test_the_first_fill_goes_by_kind(tmp_path: Path) -> None:
    """A tariff is there before the location that names it; sessions come last."""
    both = identity(role(Role.CPO, "NL", "OUR"), role(Role.EMSP, "NL", "OUR"))
    async with node(tmp_path, ident=both) as ours:
        await ours.put(SESSION, session("S"))
        await ours.put(TOKEN, token("K"))
        for n in range(40):
            await ours.put(LOCATION, location(f"L{n}"))
        await ours.put(TARIFF, tariff("T"))
        partner = await ours.join(
            platform("p1", role(Role.EMSP, "DE", "MSP"), role(Role.CPO, "DE", "MSP"))
        )
        ours.start()
        await ours.rest()
        kinds = [s.path.split("/")[0] for s in partner.sent]
        assert kinds == ["tariffs", *["locations"] * 40, "tokens", "sessions"]


async def test_a_fill_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """CORE-OFF-01: after a restart nothing that arrived for sure is sent again."""
    async with node(tmp_path, lease=5.0) as ours:
        for n in range(60):
            await ours.put(LOCATION, location(f"L{n:02}"))
        partner = await ours.join(platform("p1", profile=Profile(concurrency=2)))
        partner.delay = 0.005
        ours.start()
        await until(lambda: len(partner.sent) > 25)
        await ours.stop()
        before = len(partner.sent)
        await ours.rise()
        await ours.rest()
        assert len(partner.held) == 60
        assert len(partner.sent) <= 60 + 2  # those in flight when it stopped
        assert before > 25


async def test_a_change_is_delivered_while_a_fill_runs(tmp_path: Path) -> None:
    """An imported change is at a healthy partner in well under a second."""
    async with node(tmp_path) as ours:
        for n in range(200):
            await ours.put(LOCATION, location(f"L{n}"))
        partner = await ours.join(platform("p1", profile=Profile(concurrency=1)))
        partner.delay = 0.01
        ours.start()
        await until(lambda: len(partner.sent) > 10)
        await ours.put(TARIFF, tariff("NEW"))
        await until(lambda: "tariffs/NL/OUR/NEW" in partner.held, 0.5)
        assert len(partner.held) < 150


async def test_what_a_fill_read_before_a_change_is_not_sent_after_it(tmp_path: Path) -> None:
    """CORE-OFF-01: the partner would keep its newer state, and the next PATCH say too little."""
    async with node(tmp_path) as ours:
        await ours.put(LOCATION, location("L1"))
        read, go = asyncio.Event(), asyncio.Event()

        async def scan(kind: str, **where: Any) -> AsyncIterator[ObjectRow]:
            rows = [row async for row in ours.store.scan(kind, **where)]
            if rows and where.get("owner"):  # a fill names the owner, who looks at all does not
                read.set()
                await go.wait()
            for row in rows:
                yield row

        ours.mortal.scan = scan
        partner = await ours.join(platform("p1"))
        ours.start()
        await asyncio.wait_for(read.wait(), 30)
        await ours.put(LOCATION, location("L1", status="CHARGING", at=T1))
        await until(lambda: L1 in partner.held)
        go.set()
        await ours.rest()
        await ours.put(LOCATION, location("L1", at=T2))
        await ours.rest()
        assert [s.json["last_updated"] for s in partner.sent] == [T1, T2]
        assert partner.sent[-1].json == {"status": "AVAILABLE", "last_updated": T2}


async def test_a_burst_becomes_few_pushes_with_the_newest_state(tmp_path: Path) -> None:
    """SES-FLOW-02, CORE-OFF-01"""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        partner.delay = 0.5
        ours.start()
        await ours.rest()
        for n in range(50):
            await ours.put(SESSION, session("S", kwh=n, at=f"2026-01-01T00:00:{n:02}Z"))
        partner.delay = 0.0
        await ours.rest()
        assert partner.holds("sessions/NL/OUR/S")["kwh"] == 49
        assert len(partner.sent) < 25


async def test_a_session_goes_only_to_the_party_in_its_token(tmp_path: Path) -> None:
    """SES-FLOW-01, TOK-FLOW-06, SES-PUT-03"""
    async with node(tmp_path) as ours:
        theirs = await ours.join(platform("p1", role(Role.EMSP, "DE", "MSP")))
        others = await ours.join(platform("p2", role(Role.EMSP, "FR", "OTH")))
        ours.start()
        await ours.put(SESSION, session("S"))
        await ours.rest()
        assert [(s.method, s.path) for s in theirs.sent] == [("PUT", "sessions/NL/OUR/S")]
        assert theirs.sent[0].routing.to == PartyId("DE", "MSP")
        assert theirs.sent[0].routing.sender == PartyId("NL", "OUR")
        assert others.sent == []


async def test_new_charging_periods_are_appended_and_corrected_ones_put(tmp_path: Path) -> None:
    """SES-FLOW-02, SES-PATCH-01, SES-PATCH-03, SES-PATCH-05"""
    first, second, fixed = (
        {"start_date_time": at, "dimensions": [{"type": "ENERGY", "volume": volume}]}
        for at, volume in (("2026-01-01T00:00:00Z", 1), ("2026-01-01T00:10:00Z", 2),
                           ("2026-01-01T00:00:00Z", 9))
    )  # fmt: skip
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.put(SESSION, session("S", charging_periods=[first]))
        await ours.rest()
        await ours.put(SESSION, session("S", charging_periods=[first, second], at=T1))
        await ours.rest()
        assert partner.sent[-1].json == {"charging_periods": [second], "last_updated": T1}
        await ours.put(SESSION, session("S", charging_periods=[fixed, second], at=T2))
        await ours.rest()
        assert [s.method for s in partner.sent] == ["PUT", "PATCH", "PUT"]
        assert partner.holds("sessions/NL/OUR/S")["charging_periods"] == [fixed, second]


async def test_a_token_that_is_no_rfid_carries_its_type(tmp_path: Path) -> None:
    """TOK-RCV-04, TOK-FLOW-01, TOK-PUT-02"""
    ours_msp = identity(role(Role.EMSP, "NL", "OUR"))
    async with node(tmp_path, ident=ours_msp) as ours:
        partner = await ours.join(platform("p1", role(Role.CPO, "DE", "CPO")))
        ours.start()
        await ours.put(TOKEN, token("K", kind="APP_USER"))
        await ours.put(TOKEN, token("K"))
        await ours.rest()
        assert partner.held.keys() == {"tokens/NL/OUR/K", "tokens/NL/OUR/K/APP_USER"}
        assert [s.query for s in partner.sent if s.query] == [{"type": "APP_USER"}]


async def test_an_invalid_token_is_pushed_as_such_and_never_deleted(tmp_path: Path) -> None:
    """TOK-FLOW-02, TOK-PATCH-01"""
    ours_msp = identity(role(Role.EMSP, "NL", "OUR"))
    async with node(tmp_path, ident=ours_msp) as ours:
        partner = await ours.join(platform("p1", role(Role.CPO, "DE", "CPO")))
        ours.start()
        await ours.put(TOKEN, token("K"))
        await ours.rest()
        await ours.put(TOKEN, token("K", valid=False, at=T1))
        await ours.rest()
        assert partner.sent[-1].json == {"valid": False, "last_updated": T1}
        assert partner.of("DELETE") == []


async def test_what_others_own_is_not_pushed(tmp_path: Path) -> None:
    """Echo: a node that is no hub pushes only what its own parties own."""
    async with node(tmp_path) as ours:
        theirs = platform("p1", role(Role.CPO, "DE", "CPO"), role(Role.EMSP, "DE", "CPO"))
        await ours.join(theirs)
        other = await ours.join(platform("p2"))
        ours.start()
        foreign = location("L1").replace(b'"NL","party_id":"OUR"', b'"DE","party_id":"CPO"')
        await ours.put(LOCATION, foreign, source=theirs)
        await ours.rest()
        assert other.sent == []


async def test_a_partner_without_the_endpoint_gets_nothing_of_that_module(tmp_path: Path) -> None:
    async with node(tmp_path) as ours:
        modules = tuple(name for name in MODULE_NAMES if name != "tariffs")
        partner = await ours.join(platform("p1", modules=modules))
        ours.start()
        await ours.put(TARIFF, tariff("T"))
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        assert list(partner.held) == [L1]


async def test_a_private_location_never_leaves(tmp_path: Path) -> None:
    """LOC-FLOW-06, LOC-FLOW-07"""
    async with node(tmp_path) as ours:
        await ours.put(LOCATION, location("L0"), private=True)
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.put(LOCATION, location("L1"), private=True)
        await ours.put(LOCATION, location("L1", at=T1, name="still private"))
        await ours.rest()
        assert partner.sent == []


async def test_a_location_that_becomes_private_is_taken_back(tmp_path: Path) -> None:
    """LOC-FLOW-03, LOC-FLOW-04: unpublished, all EVSEs REMOVED, no DELETE."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        await ours.hide(LOCATION, id="L1")
        await ours.rest()
        held = partner.holds(L1)
        assert held["publish"] is False
        assert [evse["status"] for evse in held["evses"]] == ["REMOVED"]
        count = len(partner.sent)
        await ours.put(LOCATION, location("L1", at=T1, name="secret"))
        await ours.rest()
        assert len(partner.sent) == count
        await ours.hide(LOCATION, private=False, id="L1")
        await ours.rest()
        assert partner.holds(L1)["name"] == "secret"
        assert partner.of("DELETE") == []


async def test_a_partner_that_loses_its_role_loses_the_objects(tmp_path: Path) -> None:
    """Lost sight: DELETE of the tariff, the location's end; it is back with the role."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.put(TARIFF, tariff("T"))
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        cpo, emsp = role(Role.CPO, "DE", "MSP"), role(Role.EMSP, "DE", "MSP")
        await ours.join(platform("p1", cpo))
        await ours.rest()
        assert "tariffs/NL/OUR/T" not in partner.held
        assert partner.holds(L1)["publish"] is False
        await ours.join(platform("p1", emsp))
        await ours.rest()
        assert partner.held[L1] == location("L1")
        assert partner.held["tariffs/NL/OUR/T"] == tariff("T")


async def test_a_partner_that_registers_later_gets_everything(tmp_path: Path) -> None:
    """Within a second of its registration its lane runs."""
    async with node(tmp_path) as ours:
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await asyncio.sleep(0.05)
        partner = await ours.join(platform("p1"))
        await until(lambda: L1 in partner.held, 1.0)


async def test_a_resync_sends_everything_once_more(tmp_path: Path) -> None:
    """LOC-FLOW-08: whatever the partner did to its copy is repaired."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        partner.held[L1] = b"{}"
        await ours.delivery.resync(platform("p1"))
        await until(lambda: partner.held[L1] == location("L1"))


async def test_a_paused_partner_gets_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.rest()
        await ours.delivery.pause(platform("p1"))
        await ours.rest()
        await ours.put(LOCATION, location("L1"))
        await asyncio.sleep(0.1)
        assert partner.sent == []
        await ours.delivery.resume(platform("p1"))
        await until(lambda: L1 in partner.held)


async def test_one_process_delivers_and_another_takes_over_when_it_dies(tmp_path: Path) -> None:
    """Processes: a lane is a lease; after kill -9 another process has it soon."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        second = ours.make()
        running = asyncio.create_task(second.run())
        await asyncio.sleep(0.3)
        assert second.stats() == []
        assert len(partner.sent) == 1
        await second.stop()
        await running
        await ours.kill()
        await ours.put(LOCATION, location("L2"))
        await ours.rise()
        await until(lambda: "locations/NL/OUR/L2" in partner.held, 3.0)
        await ours.rest()
        assert len(partner.held) == 2


async def test_the_direct_route_wins(tmp_path: Path) -> None:
    """Route: a destination party has one route; a second platform with it gets no sessions."""
    async with node(tmp_path) as ours:
        first = await ours.join(platform("p1", role(Role.EMSP, "DE", "MSP")))
        second = await ours.join(platform("p2", role(Role.EMSP, "DE", "MSP")))
        ours.start()
        await ours.put(SESSION, session("S", to=contract()))
        await ours.rest()
        assert [len(first.sent), len(second.sent)] == [1, 0]


async def test_the_reason_of_a_parked_object_does_not_name_its_driver(tmp_path: Path) -> None:
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.rest()
        await ours.put(SESSION, session("S1", to=contract("RFCAFE")))
        await ours.rest()
        partner.refuse = lambda sent: Refused("no kWh for rfcafe", http=200, code=2001)
        later = session("S1", to=contract("RFCAFE"), kwh=2.0, at="2026-01-01T00:01:00Z")
        await ours.put(SESSION, later)
        await ours.rest()
        (parked,) = await ours.delivery.parked(platform("p1"))
        assert parked["reason"] == "no kWh for [hidden]"
