"""Which host a node has is a setting; a host lives with its node and cannot bring it down."""

import asyncio
from pathlib import Path

import pytest
from tests.e2e.nodes import Served, make_node

from voltroam.embedding import open_node
from voltroam.hosts import read_host
from voltroam.roaming.host import Unattended
from voltroam.settings import SettingsError, read_settings
from voltroam.simulator.world.faults import Fault
from voltroam.simulator.world.host import WorldHost

OWN = """
from voltroam import Unattended

class Chargers(Unattended):
    pass

HOST = Chargers()
NOTHING = 5

def broken():
    raise RuntimeError("no back end")
"""


@pytest.fixture
def node(tmp_path: Path) -> Served:
    made = make_node(tmp_path / "cpo", "NL/NOD/CPO", name="Noda")
    name = f"chargers_{tmp_path.name}"
    (made.folder / f"{name}.py").write_text(OWN)
    made.environment["module"] = name
    return made


def with_host(node: Served, host: str, more: str = "") -> Path:
    text = node.config.read_text("utf-8")
    module = node.environment["module"]
    node.config.write_text(f'host = "{host.replace("chargers", module)}"\n{text}{more}')
    return node.config


def test_without_a_host_there_is_none(node: Served) -> None:
    assert read_host(read_settings(node.config), node.folder) is None


@pytest.mark.parametrize("place", ["chargers:HOST", "chargers", "chargers:Chargers"])
def test_a_host_of_ones_own_is_named_or_made(node: Served, place: str) -> None:
    found = read_host(read_settings(with_host(node, place)), node.folder)
    assert type(found).__name__ == "Chargers"
    assert isinstance(found, Unattended)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("chargers:ABSENT", "cannot be loaded"),
        ("no_such_file:HOST", "cannot be loaded"),
        ("chargers:NOTHING", "no host"),
        ("chargers:broken", "no back end"),
    ],
)
def test_what_is_no_host_is_a_settings_fault(node: Served, place: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read_host(read_settings(with_host(node, place)), node.folder)


def test_the_world_is_a_host_with_settings_of_its_own(node: Served) -> None:
    more = '\n[world]\nscale = 60\nforced = {EVSE-1 = "OFFLINE"}\n'
    settings = read_settings(with_host(node, "world", more))
    assert isinstance(read_host(settings, node.folder), WorldHost)
    assert settings.world.forced == {"EVSE-1": Fault.OFFLINE}


@pytest.mark.parametrize(
    "more", ["[world]\nscale = 0.5\n", "[world]\nspeed = 5\n", '[world.forced]\nE = "SAD"\n']
)
def test_a_world_that_cannot_be_is_a_settings_fault(node: Served, more: str) -> None:
    with pytest.raises(SettingsError, match="world"):
        read_settings(with_host(node, "world", f"\n{more}"))


def test_the_world_and_several_workers_are_a_settings_fault(node: Served) -> None:
    with pytest.raises(SettingsError, match="one process"):
        read_settings(with_host(node, 'world"\nworkers = "2'))


class Living(Unattended):
    def __init__(self) -> None:
        self.node: object = None
        self.ended = False

    async def run(self, node: object) -> None:
        self.node = node
        try:
            await asyncio.Event().wait()
        finally:
            self.ended = True


async def test_a_host_lives_as_long_as_its_node(tmp_path: Path) -> None:
    made = await asyncio.to_thread(make_node, tmp_path / "cpo", "NL/NOD/CPO", name="Noda")
    host = Living()
    async with open_node(made.config, host) as node:
        await asyncio.sleep(0.05)
        assert host.node is node
        assert not host.ended
    assert host.ended


async def test_a_host_whose_life_fails_leaves_the_node_at_work(tmp_path: Path) -> None:
    made = await asyncio.to_thread(make_node, tmp_path / "cpo", "NL/NOD/CPO", name="Noda")

    class Failing(Unattended):
        async def run(self, node: object) -> None:
            raise RuntimeError

    async with open_node(made.config, Failing()) as node:
        await asyncio.sleep(0.05)
        assert await node.ready()
