"""Several processes of one hub on one PostgreSQL: they share the lanes, and one may die."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
from tests.e2e import documents as doc
from tests.e2e.hub.city import CPO, HUB, Asked, ask, make_hub, platform
from tests.e2e.mock_partner import MockPartner
from tests.e2e.nodes import Served, free_port, wait_until
from tests.e2e.stage import joined

from voltroam.delivery.knobs import Knobs

RECEIVERS, MOST = 4, 40


@pytest.fixture
def database(new_postgres_database: Callable[[], str]) -> str:
    return new_postgres_database()


@pytest.fixture
def hub(tmp_path: Path, database: str) -> Iterator[tuple[Served, Served]]:
    """Two processes of one folder; partners call the first one."""
    first = make_hub(tmp_path / "hub", database=database)
    port = free_port()
    second = replace(first, url=f"http://127.0.0.1:{port}", environment=dict(first.environment))
    second.environment["VOLTROAM_LISTEN"] = f"127.0.0.1:{port}"
    try:
        first.serve()
        second.serve()
        yield first, second
    finally:
        first.kill()
        second.kill()


def lanes(database: str) -> dict[str, str]:
    """Who holds the lane of each platform now."""

    async def read() -> dict[str, str]:
        connection = await asyncpg.connect(database)
        try:
            rows = await connection.fetch(
                "select name, holder from leases where name like 'lane:%'"
                " and until > clock_timestamp()"
            )
        finally:
            await connection.close()
        return {row["name"]: row["holder"] for row in rows}

    return asyncio.run(read())


def share(cpo: MockPartner) -> Asked:
    body = doc.location(CPO, doc.fresh("P"))
    asked = ask(cpo, "PUT", f"RECEIVER/locations/NL/CPO/{body['id']}", to=HUB, body=body)
    assert asked.answer.code == 1000
    return asked


def test_lanes_are_shared_and_those_of_a_killed_process_move(
    hub: tuple[Served, Served], database: str
) -> None:
    """CORE-BCAST-03: each copy comes once, whichever process sends it; after `kill -9` the other
    one takes the lanes as soon as their lease is over, which with the look-out is under 10 s."""
    assert 1.5 * Knobs().lease + Knobs().watch < 10
    first, second = hub
    with ExitStack() as stack:
        cpo = joined(first, stack.enter_context(platform((*CPO, "CPO"), name="cpo")), "cpo")
        emsps: list[MockPartner] = []

        def holders() -> int:
            """Of all lanes; 0 as long as one of them is nobody's."""
            held = lanes(database)
            return len(set(held.values())) if len(held) == len(emsps) + 1 else 0

        while len(emsps) < RECEIVERS or holders() < 2:  # who sees a new platform first takes it
            assert len(emsps) < MOST, "one process takes all lanes"
            name = f"emsp{len(emsps)}"
            made = stack.enter_context(platform(("DE", f"M{len(emsps):02}", "EMSP"), name=name))
            emsps.append(joined(first, made, name))
            wait_until(holders, seconds=60, what="a lane for each")
        asked = share(cpo)
        for emsp in emsps:
            asked.one_at(emsp)
        second.kill()
        later = share(cpo)
        for emsp in emsps:
            later.one_at(emsp)
        wait_until(lambda: holders() == 1, seconds=60, what="all lanes in the other process")
