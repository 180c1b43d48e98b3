"""A network, a clock, and companies that live as long as the test."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.roaming.company import Clock, Company, Network, Pair, meet, role
from tests.roaming.far_end import FarEnd

from voltroam.standard.v2_2_1 import CredentialsRole, Role
from voltroam.store.interface import Store
from voltroam.store.migrations import migrate
from voltroam.store.open import open_store

Found = Callable[..., Awaitable[Company]]


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated once; each company gets a copy."""
    import asyncio

    file = tmp_path_factory.mktemp("empty") / "node.db"
    asyncio.run(migrate(f"sqlite:///{file}"))
    return file


async def prepared(url: str, empty_database: Path) -> None:
    """Migrate an empty database; on SQLite by a copy, which is much faster."""
    kind, _, path = url.partition(":///")
    if kind == "sqlite":
        shutil.copy(empty_database, path)
    else:
        await migrate(url)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def network() -> Network:
    return Network()


@pytest_asyncio.fixture
async def found(
    empty_database: Path, tmp_path: Path, network: Network, clock: Clock
) -> AsyncIterator[Found]:
    """Found a company: `await found("cpo.example", role("NL/AAA", Role.CPO))`."""
    stores: list[Store] = []

    async def make(host: str, *roles: CredentialsRole, **options: Any) -> Company:
        file = tmp_path / f"{host}.db"
        shutil.copy(empty_database, file)
        store = await open_store(f"sqlite:///{file}", now=clock)
        stores.append(store)
        return Company(host, roles, store, network, clock, **options)

    yield make
    for store in stores:
        await store.close()


@pytest_asyncio.fixture
async def cpo(found: Found) -> Company:
    return await found("cpo.example", role("NL/AAA", Role.CPO))


@pytest_asyncio.fixture
async def emsp(found: Found) -> Company:
    return await found("emsp.example", role("DE/MSP", Role.EMSP))


@pytest_asyncio.fixture
async def to_emsp(emsp: Company, cpo: Company) -> Pair:
    """A CPO that registered with the eMSP: requests go to the eMSP."""
    return await meet(emsp, cpo)


@pytest_asyncio.fixture
async def to_cpo(cpo: Company, emsp: Company) -> Pair:
    """An eMSP that registered with the CPO: requests go to the CPO."""
    return await meet(cpo, emsp)


@pytest.fixture
def far(network: Network) -> FarEnd:
    return FarEnd(network)
