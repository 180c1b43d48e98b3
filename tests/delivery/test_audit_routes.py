"""Which platform gets what when a hub is among the partners."""

from pathlib import Path

import msgspec
from tests.delivery.fakes import T0, cdr, contract, location, platform, role, session
from tests.delivery.node import Node, node, until

from voltroam.roaming.platforms import Platform
from voltroam.standard.endpoints import CDR, CLIENT_INFO, LOCATION, SESSION
from voltroam.standard.errors import Refused, Unreachable
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role

HUB = platform("h1", role(Role.HUB, "EU", "HUB"))
DIRECT = platform("p1", role(Role.EMSP, "DE", "MSP"))


async def connects(ours: Node, hub: Platform, country: str, party: str) -> None:
    """The hub tells that it connects this eMSP."""
    info = msgspec.json.encode(
        {
            "country_code": country,
            "party_id": party,
            "role": "EMSP",
            "status": "CONNECTED",
            "last_updated": T0,
        }
    )
    await ours.put(CLIENT_INFO, info, source=hub)


async def test_only_what_is_meant_for_everybody_is_broadcast(tmp_path: Path) -> None:
    """CORE-BCAST-15: locations to the hub itself, sessions and CDRs to the one party behind it."""
    async with node(tmp_path) as ours:
        hub = await ours.join(HUB)
        await connects(ours, HUB, "FR", "BEH")
        ours.start()
        await ours.rest()
        behind, stranger = contract(country="FR", party="BEH"), contract(country="IT", party="NOB")
        await ours.put(LOCATION, location("L1"))
        for name, driver in (("1", behind), ("2", stranger)):
            await ours.put(SESSION, session(f"S{name}", to=driver))
            await ours.put(CDR, cdr(f"C{name}", to=driver))
        await ours.rest()
        await until(lambda: len(hub.cdrs) == 1)
        to = {sent.path.split("/")[0]: sent.routing.to for sent in hub.sent}
        assert to == {
            "locations": PartyId("EU", "HUB"),
            "sessions": PartyId("FR", "BEH"),
            "cdrs": PartyId("FR", "BEH"),
        }
        assert len(hub.sent) == 3


async def test_a_party_with_two_ways_is_reached_by_the_direct_one_only(tmp_path: Path) -> None:
    """TOK-FLOW-06, SES-FLOW-01: the party in the token decides, and it has exactly one route."""
    async with node(tmp_path) as ours:
        hub, direct = await ours.join(HUB), await ours.join(DIRECT)
        await connects(ours, HUB, "DE", "MSP")
        ours.start()
        await ours.rest()
        await ours.put(SESSION, session("S1"))
        await ours.put(CDR, cdr("C1"))
        await ours.rest()
        await until(lambda: len(direct.cdrs) == 1)
        assert sorted(sent.path.split("/")[0] for sent in direct.sent) == ["cdrs", "sessions"]
        assert hub.sent == []


async def test_a_hub_is_not_asked_about_what_was_broadcast(tmp_path: Path) -> None:
    """CORE-BCAST-14: a GET to the hub reaches no receiver; after a doubt the whole is put again."""
    async with node(tmp_path) as ours:
        hub = await ours.join(HUB)
        ours.start()
        await ours.rest()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        lost = [Unreachable("timed out")]
        hub.refuse = lambda sent: lost.pop() if sent.method == "PATCH" and lost else None
        later = location("L1", at="2026-01-01T00:01:00Z", status="CHARGING")
        await ours.put(LOCATION, later)
        await until(lambda: hub.held.get("locations/NL/OUR/L1") == later)
        assert [sent.method for sent in hub.sent] == ["PUT", "PATCH", "PUT"]
        hub.refuse = lambda sent: Refused("odd", http=200, code=2001) if sent.body else None
        await ours.hide(LOCATION, id="L1")
        await ours.rest()
        assert "GET" not in {sent.method for sent in hub.sent}
