"""Nodes on SQLite and on PostgreSQL, with one and with two workers."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from tests.e2e.nodes import Served, introduce, make_node
from tests.e2e.stage import stage
from tests.postgres_server import PostgresServer

__all__ = ["stage"]


@dataclass(frozen=True, slots=True)
class Backing:
    """What the nodes of a test stand on. `database` makes a new empty one for each node."""

    name: str
    workers: int
    database: Callable[[], str | None]


@pytest.fixture
def new_postgres_database(postgres_server: PostgresServer) -> Callable[[], str]:
    """Makes an empty database each time and gives its URL."""

    async def create(name: str) -> None:
        connection = await asyncpg.connect(postgres_server.url("postgres"))
        await connection.execute(f'create database "{name}"')
        await connection.close()

    def make() -> str:
        name = f"e2e_{uuid4().hex}"
        asyncio.run(create(name))
        return postgres_server.url(name)

    return make


@pytest.fixture(
    params=[("sqlite", 1), ("sqlite", 2), ("postgres", 1), ("postgres", 2)],
    ids=lambda param: f"{param[0]}-{param[1]}",
)
def backing(request: pytest.FixtureRequest) -> Backing:
    """Each of the four ways to run a node."""
    kind, workers = request.param
    if kind == "sqlite":
        return Backing(kind, workers, lambda: None)
    return Backing(kind, workers, request.getfixturevalue("new_postgres_database"))


MakeNode = Callable[..., Served]


@pytest.fixture
def node(tmp_path: Path) -> Iterator[MakeNode]:
    """Makes and serves nodes in the test's folder; all are ended with the test."""
    made: list[Served] = []

    def make(
        name: str, *parties: str, backing: Backing | None = None, serve: bool = True
    ) -> Served:
        database = backing.database() if backing else None
        served = make_node(
            tmp_path / name, *parties, name=name, database=database,
            workers=backing.workers if backing else 1,
        )  # fmt: skip
        made.append(served)
        return served.serve() if serve else served

    yield make
    for served in made:
        served.kill()


@dataclass(frozen=True, slots=True)
class Pair:
    """A CPO and an eMSP, registered with each other, each the other's partner `them`."""

    cpo: Served
    emsp: Served


@pytest.fixture
def pair(node: MakeNode, backing: Backing) -> Pair:
    cpo = node("cpo", "NL/NOD/CPO", backing=backing)
    emsp = node("emsp", "DE/MOV/EMSP", backing=backing)
    introduce(cpo, emsp)
    return Pair(cpo, emsp)
