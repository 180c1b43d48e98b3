"""One hub and its platforms for all tests of this folder.

`VOLTROAM_HUB_WORKERS=2` runs them against a hub of so many processes, on PostgreSQL.
"""

import asyncio
import os
from collections.abc import Iterator

import asyncpg
import pytest
from tests.e2e.hub.city import City, built

WORKERS = int(os.environ.get("VOLTROAM_HUB_WORKERS", "1"))


@pytest.fixture(scope="session")
def hub_database(request: pytest.FixtureRequest) -> str | None:
    """None: SQLite."""
    if WORKERS == 1:
        return None
    server = request.getfixturevalue("postgres_server")

    async def create() -> None:
        connection = await asyncpg.connect(server.url("postgres"))
        await connection.execute("create database hub")
        await connection.close()

    asyncio.run(create())
    url: str = server.url("hub")
    return url


@pytest.fixture(scope="session")
def whole_city(
    tmp_path_factory: pytest.TempPathFactory, hub_database: str | None
) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("hub") / "hub"
    with built(folder, database=hub_database, workers=WORKERS) as made:
        yield made


@pytest.fixture
def city(whole_city: City) -> Iterator[City]:
    """Its platforms misbehave for one test only."""
    yield whole_city
    for partner in whole_city.partners:
        partner.http.behave()
