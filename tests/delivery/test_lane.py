"""What a partner gets from its lane, over a real store and a partner in memory."""

from pathlib import Path

from tests.delivery.fakes import location, platform
from tests.delivery.node import node

from voltroam.standard.endpoints import LOCATION


async def test_a_new_location_is_put_to_a_connected_receiver(tmp_path: Path) -> None:
    """LOC-FLOW-01, LOC-PUT-07"""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        await ours.rest()
        await ours.put(LOCATION, location("L1"))
        await ours.rest()
        assert [(s.method, s.path) for s in partner.sent] == [("PUT", "locations/NL/OUR/L1")]
        assert partner.held["locations/NL/OUR/L1"] == location("L1")
