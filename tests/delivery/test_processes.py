"""Two processes on one PostgreSQL: each lane runs once, and outlives its process."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tests.delivery.fakes import FakeCalls, identity, location, platform, role
from tests.delivery.node import QUICK, Node, until

from voltroam.standard.endpoints import LOCATION
from voltroam.standard.v2_2_1 import Role
from voltroam.store.migrations import migrate
from voltroam.store.open import open_store

PARTNERS = 4
CHANGES = 60


@contextlib.asynccontextmanager
async def process(url: str, calls: FakeCalls) -> AsyncIterator[Node]:
    store = await open_store(url)
    one = Node(store, identity(), QUICK, calls)
    try:
        yield one
    finally:
        await one.stop()
        await store.close()


async def test_lanes_are_shared_out_and_taken_over(postgres_url: str) -> None:
    """Processes: no partner gets a change twice, none waits for the dead for 10 s."""
    await migrate(postgres_url)
    calls = FakeCalls()
    async with process(postgres_url, calls) as first, process(postgres_url, calls) as second:
        partners = [
            await first.join(platform(f"p{n}", role(Role.EMSP, "DE", f"M0{n}")))
            for n in range(PARTNERS)
        ]
        first.start()
        second.start()
        await until(lambda: len(lanes(first)) + len(lanes(second)) == PARTNERS)
        assert not lanes(first) & lanes(second)
        await asyncio.gather(
            *((first, second)[n % 2].put(LOCATION, location(f"L{n}")) for n in range(CHANGES))
        )
        await until(lambda: all(len(partner.held) == CHANGES for partner in partners))
        assert [len(partner.sent) for partner in partners] == [CHANGES] * PARTNERS
        dead, heir = (first, second) if lanes(first) else (second, first)
        await dead.kill()
        await heir.put(LOCATION, location("NEW"))
        await until(
            lambda: all("locations/NL/OUR/NEW" in partner.held for partner in partners), 5.0
        )
        assert len(lanes(heir)) == PARTNERS


def lanes(one: Node) -> set[str]:
    return {stats.platform for stats in one.delivery.stats()}
