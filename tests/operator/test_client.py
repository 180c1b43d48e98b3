"""The client asks by the same rows, over real HTTP, with the key of the node's own machine."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.documents import location
from tests.e2e.nodes import Served, free_port, make_node

from voltroam.cli.operating import open_client
from voltroam.operator.client import OperatorClient, OperatorRefusal
from voltroam.operator.operation import Page
from voltroam.operator.rows.admin import CREATE_KEY, LIST_AUDIT, LIST_KEYS, NewKey
from voltroam.operator.rows.objects import GETS, LISTS, PUTS, ObjectsQuery
from voltroam.settings import read_settings
from voltroam.standard.errors import Unreachable
from voltroam.wire.encode import encode


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = make_node(tmp_path_factory.mktemp("client") / "cpo", "NL/NOD/CPO", name="cpo")
    yield made.serve()
    made.kill()


def client(node: Served) -> OperatorClient:
    return open_client(read_settings(node.config), node.folder)


def test_the_client_writes_reads_and_lists(node: Served) -> None:
    documents = [location(("NL", "NOD"), f"L{n}") for n in range(5)]

    async def ask() -> None:
        async with client(node) as api:
            for document in documents:
                done = await api.ask(
                    PUTS["locations"], encode(document), country_code="NL", party_id="NOD",
                    location_id=document["id"],
                )  # fmt: skip
                assert done["id"] == document["id"]
            query = ObjectsQuery(limit=2, whose="own")
            listed = [one["id"] async for one in api.each(LISTS["locations"], query=query)]
            assert listed == [document["id"] for document in documents]
            with pytest.raises(OperatorRefusal) as refused:
                await api.ask(
                    GETS["locations"], country_code="NL", party_id="NOD", location_id="no/such"
                )
            assert refused.value.status == 404

    asyncio.run(ask())


def test_answers_have_types_and_acts_are_those_of_this_machine(node: Served) -> None:
    async def ask() -> None:
        async with client(node) as api:
            made = await api.ask(CREATE_KEY, NewKey(name="billing"), once="1")
            assert (await api.ask(CREATE_KEY, NewKey(name="billing"), once="1")) == made
            assert made.secret not in repr(made)
            listed = await api.ask(LIST_KEYS)
            assert isinstance(listed, Page)
            assert [one.name for one in listed.items] == ["billing"]
            lines = [line async for line in api.each(LIST_AUDIT)]
            assert (lines[0].who, lines[0].what) == ("local command line", "create_key")
        async with OperatorClient(node.url, made.secret) as api:
            with pytest.raises(OperatorRefusal) as refused:
                await api.ask(LIST_KEYS)
            assert refused.value.status == 403

    asyncio.run(ask())


def test_where_no_node_is_the_client_says_so() -> None:
    async def ask() -> None:
        async with OperatorClient(f"http://127.0.0.1:{free_port()}", "voltroam_x") as api:
            with pytest.raises(Unreachable):
                await api.ask(LIST_KEYS)

    asyncio.run(ask())


def test_keys_are_made_listed_and_revoked_on_the_command_line(tmp_path: Path) -> None:
    node = make_node(tmp_path / "cpo", "NL/NOD/CPO", name="cpo")
    made = node.json("key", "create", "desk", "--scope", "read", "--party", "nl/nod",
                     "--expires", "2099-01-31")  # fmt: skip
    assert made["secret"].startswith("voltroam_")
    assert node.json("key", "list") == [
        {name: value for name, value in made.items() if name != "secret"}
    ]
    assert (made["parties"], made["expires"]) == (["NL/NOD"], "2099-01-31T00:00:00Z")
    assert node.run("key", "create", "desk", "--scope", "read", "--json").code == 1
    assert node.run("key", "create", "x", "--scope", "all", "--json").code == 2
    assert node.json("key", "revoke", "desk") == {"name": "desk", "revoked": True}
    assert node.json("key", "list") == []
    assert node.run("key", "revoke", "desk", "--json").code == 1
