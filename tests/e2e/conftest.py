"""Nodes on SQLite with one worker and on PostgreSQL with two; a soak crosses them."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from tests.counts import SOAK
from tests.e2e.nodes import Served, introduce, make_node
from tests.e2e.stage import stage
from tests.e2e.versions_stage import versions, whole_versions
from tests.postgres_server import PostgresServer

__all__ = ["stage", "versions", "whole_versions"]


@dataclass(frozen=True, slots=True)
class Backing:
    """What the nodes of a test stand on. `database` makes a new empty one for each node."""

    name: str
    workers: int
    database: Callable[[], str | None]


@pytest.fixture(scope="session")
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


WAYS = [("sqlite", 1), ("postgres", 2)]
CROSSED = [("sqlite", 2), ("postgres", 1)]


@pytest.fixture(
    scope="module",
    params=WAYS + CROSSED if SOAK else WAYS,
    ids=lambda param: f"{param[0]}-{param[1]}",
)
def backing(request: pytest.FixtureRequest) -> Backing:
    """Each of the ways to run a node."""
    kind, workers = request.param
    if kind == "sqlite":
        return Backing(kind, workers, lambda: None)
    return Backing(kind, workers, request.getfixturevalue("new_postgres_database"))


MakeNode = Callable[..., Served]


@contextmanager
def nodes_in(folder: Path) -> Iterator[MakeNode]:
    """Makes and serves nodes in a folder; all are ended at the end."""
    made: list[Served] = []

    def make(
        name: str, *parties: str, backing: Backing | None = None, serve: bool = True
    ) -> Served:
        database = backing.database() if backing else None
        served = make_node(
            folder / name, *parties, name=name, database=database,
            workers=backing.workers if backing else 1,
        )  # fmt: skip
        made.append(served)
        return served.serve() if serve else served

    try:
        yield make
    finally:
        for served in made:
            served.kill()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[MakeNode]:
    """Nodes in the test's folder; all are ended with the test."""
    with nodes_in(tmp_path) as make:
        yield make


@dataclass(frozen=True, slots=True)
class Pair:
    """A CPO and an eMSP, registered with each other, each the other's partner `them`."""

    cpo: Served
    emsp: Served


def make_pair(node: MakeNode, backing: Backing) -> Pair:
    cpo = node("cpo", "NL/NOD/CPO", backing=backing)
    emsp = node("emsp", "DE/MOV/EMSP", backing=backing)
    introduce(cpo, emsp)
    return Pair(cpo, emsp)


@pytest.fixture
def pair(node: MakeNode, backing: Backing) -> Pair:
    """For a test that breaks something, or wants to be alone."""
    return make_pair(node, backing)


@pytest.fixture(scope="module")
def shared_pair(tmp_path_factory: pytest.TempPathFactory, backing: Backing) -> Iterator[Pair]:
    """For all tests of a module: each with ids of its own (`documents.fresh`)."""
    with nodes_in(tmp_path_factory.mktemp("pair")) as make:
        yield make_pair(make, backing)
