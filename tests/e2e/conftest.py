"""Nodes on SQLite and on PostgreSQL, with one and with two workers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e.nodes import Served, introduce, make_node


@dataclass(frozen=True, slots=True)
class Backing:
    """What the nodes of a test stand on. `database` makes a new empty one for each node."""

    name: str
    workers: int
    database: Callable[[], str | None]


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
