"""Our nodes on SQLite, in a soak on both back ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from tests.counts import BACK_ENDS
from tests.postgres_server import PostgresServer
from tests.roaming.authorizing.scene import Ours, equip
from tests.roaming.company import Clock, Company, Network, Pair, meet, role
from tests.roaming.conftest import Found

from voltroam.standard.v2_2_1 import CredentialsRole, Role
from voltroam.store.interface import Store
from voltroam.store.migrations import migrate
from voltroam.store.open import open_store


@pytest.fixture(scope="session")
def postgres_copy(postgres_server: PostgresServer) -> Callable[[], str]:
    """Makes a migrated empty database each time and gives its URL."""
    template = f"authorizing_{uuid4().hex}"

    async def create(name: str, source: str) -> None:
        connection = await asyncpg.connect(postgres_server.url("postgres"))
        await connection.execute(f'create database "{name}" template "{source}"')
        await connection.close()

    async def prepare() -> None:
        await create(template, "template1")
        await migrate(postgres_server.url(template))

    def run(work: Any) -> None:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, work).result()

    def make() -> str:
        name = f"authorizing_{uuid4().hex}"
        run(create(name, template))
        return postgres_server.url(name)

    run(prepare())
    return make


@pytest.fixture(params=BACK_ENDS)
def new_database(
    request: pytest.FixtureRequest, empty_database: Path, tmp_path: Path
) -> Callable[[], str]:
    if request.param == "postgresql":
        made: Callable[[], str] = request.getfixturevalue("postgres_copy")
        return made

    def make() -> str:
        file = tmp_path / f"{uuid4().hex}.db"
        file.write_bytes(empty_database.read_bytes())
        return f"sqlite:///{file}"

    return make


@pytest_asyncio.fixture
async def found(
    new_database: Callable[[], str], network: Network, clock: Clock
) -> AsyncIterator[Found]:
    stores: list[Store] = []

    async def make(host: str, *roles: CredentialsRole, **options: Any) -> Company:
        store = await open_store(new_database(), now=clock)
        stores.append(store)
        return Company(host, roles, store, network, clock, **options)

    yield make
    for store in stores:
        await store.close()


@pytest_asyncio.fixture
async def emsp_side(emsp: Company) -> AsyncIterator[Ours]:
    ours = equip(emsp)
    yield ours
    await ours.log.close()


@pytest_asyncio.fixture
async def cpo_side(cpo: Company) -> AsyncIterator[Ours]:
    ours = equip(cpo)
    yield ours
    await ours.log.close()


@pytest_asyncio.fixture
async def asking(emsp_side: Ours, cpo: Company) -> Pair:
    """A CPO that registered with our eMSP, and asks it."""
    return await meet(emsp_side.company, cpo)


@pytest_asyncio.fixture
async def both(found: Found) -> AsyncIterator[Ours]:
    """One node that is CPO and eMSP."""
    company = await found("both.example", role("NL/AAA", Role.CPO), role("NL/AAA", Role.EMSP))
    ours = equip(company, own=True)
    yield ours
    await ours.log.close()
