"""An operator and an eMSP that steer over the made-up network, on SQLite and on PostgreSQL."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from tests.counts import BACK_ENDS
from tests.postgres_server import PostgresServer
from tests.roaming import objects
from tests.roaming.company import Clock, Company, Network, meet, role
from tests.roaming.profiling.cast import Actor, Charger, Stage, listening

from voltroam.roaming.host import Host
from voltroam.roaming.profiling import ProfileKnobs
from voltroam.standard.v2_2_1 import CredentialsRole, Role
from voltroam.store.interface import Store
from voltroam.store.migrations import migrate
from voltroam.store.open import open_store

MakeActor = Callable[..., Awaitable[Actor]]
MakeStage = Callable[..., Awaitable[Stage]]


@pytest.fixture(params=BACK_ENDS)
def backing(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest_asyncio.fixture
async def actor(
    backing: str,
    request: pytest.FixtureRequest,
    empty_database: Path,
    tmp_path: Path,
    network: Network,
    clock: Clock,
) -> AsyncIterator[MakeActor]:
    """Found a company that steers and is steered: `await actor("cpo.example", role(...))`."""
    stores: list[Store] = []
    actors: list[Actor] = []

    async def url_for(host: str) -> str:
        if backing == "sqlite":
            shutil.copy(empty_database, tmp_path / f"{host}.db")
            return f"sqlite:///{tmp_path}/{host}.db"
        server: PostgresServer = request.getfixturevalue("postgres_server")
        name = f"profiles_{uuid4().hex}"
        connection = await asyncpg.connect(server.url("postgres"))
        await connection.execute(f'create database "{name}"')
        await connection.close()
        await migrate(server.url(name))
        return server.url(name)

    async def make(
        host: str, *roles: CredentialsRole, behind: Host | None = None,
        knobs: ProfileKnobs | None = None, **options: Any,
    ) -> Actor:  # fmt: skip
        store = await open_store(await url_for(host), now=clock)
        stores.append(store)
        company = Company(host, roles, store, network, clock, **options)
        actors.append(Actor(company, behind or Charger(), knobs or ProfileKnobs(head_start=0)))
        return actors[-1]

    yield make
    for one in actors:
        await one.close()
    for store in stores:
        await store.close()


@pytest.fixture
def stage(actor: MakeActor, network: Network) -> MakeStage:
    """An operator NL/AAA and an eMSP DE/MSP; both hold session S1 of a driver of the latter."""

    async def make(
        *, behind: Host | None = None, knobs: ProfileKnobs | None = None,
        capabilities: tuple[str, ...] = ("CHARGING_PROFILE_CAPABLE",),
    ) -> Stage:  # fmt: skip
        cpo = await actor("cpo.example", role("NL/AAA", Role.CPO), behind=behind, knobs=knobs)
        emsp = await actor("emsp.example", role("DE/MSP", Role.EMSP), knobs=knobs)
        pair = await meet(cpo.company, emsp.company)
        network.hosts["emsp.example"] = listening(network.hosts["emsp.example"])
        evse = objects.evse(capabilities=list(capabilities))
        made = Stage(cpo, emsp, pair)
        await made.hold("locations", objects.location(evses=[evse]), "LOC1")
        await made.hold("sessions", objects.session(), "S1")
        return made

    return make
