"""The stage of the requirement tests: one real node and scripted partners, shared by all of them.

The node is a CPO and an eMSP (NL/NOD). `partner` (BE/BEC as CPO, DE/TNM as eMSP) registered with it
by POST; `other` (FR/OTH, both roles) was registered by the node; `hub` (NL/HUB) has the role HUB.
Tests use ids of their own (`documents.fresh`) and leave the partners registered and well-behaved.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from msgspec import structs
from tests.e2e.mock_http import Recorded
from tests.e2e.mock_partner import MockPartner
from tests.e2e.nodes import Served, make_node, wait_until

from voltroam.holdings import Holdings
from voltroam.roaming.platforms import Phase
from voltroam.settings import read_settings

T = TypeVar("T")

NODE = ("NL", "NOD")
CPO = ("BE", "BEC")
EMSP = ("DE", "TNM")
OTHER = ("FR", "OTH")
NAMES = ("partner", "other", "hub")
"""What the node calls the three."""


@dataclass(slots=True)
class Stage:
    node: Served
    partner: MockPartner
    other: MockPartner
    hub: MockPartner

    def load(self, module: str, *objects: Any, flags: tuple[str, ...] = ()) -> None:
        """Import own objects of the node; all must be accepted."""
        report = self.node.load(module, objects, *flags)
        assert report == {"accepted": len(objects), "refused": []}, report

    def held(self, module: str, identifier: str) -> Any:
        """What the node holds under this id (or uid), own or received; None when nothing."""
        for item in self.node.export(module):
            if item.get("id", item.get("uid")) == identifier:
                return item
        return None


def pushed(partner: MockPartner, method: str, *parts: str) -> list[Recorded]:
    """Requests of a method whose target holds all parts."""
    return [
        request
        for request in partner.http.recorded
        if request.method == method and all(part in request.target for part in parts)
    ]


def wait_for_push(partner: MockPartner, method: str, *parts: str, seconds: float = 60) -> Recorded:
    """The first such request, as soon as it has come."""

    def met() -> list[Recorded]:
        return pushed(partner, method, *parts)

    found = wait_until(met, seconds=seconds, what=f"{method} {parts} at {partner.name}")
    assert isinstance(found[0], Recorded)
    return found[0]


def joined(node: Served, partner: MockPartner, name: str) -> MockPartner:
    """Registered by the partner's POST."""
    invitation = node.json("partner", "invite", name)
    answer = partner.register(invitation["versions_url"], invitation["token"])
    assert answer.code == 1000, answer
    return partner


def joined_by_node(node: Served, partner: MockPartner, name: str) -> MockPartner:
    """Registered by the node's POST."""
    node.json("partner", "register", partner.versions_url, partner.invite(), "--name", name)
    return partner


def make_partner() -> MockPartner:
    return MockPartner((*CPO, "CPO"), (*EMSP, "EMSP"), name="Partner")


@contextmanager
def staged(folder: Path, *, serving: Callable[[Served], Served] = Served.serve) -> Iterator[Stage]:
    with ExitStack() as stack:
        node = make_node(folder, "NL/NOD/CPO", "NL/NOD/EMSP", name="node")
        stack.callback(node.kill)
        serving(node)
        partner = stack.enter_context(make_partner())
        other = stack.enter_context(MockPartner((*OTHER, "CPO"), (*OTHER, "EMSP"), name="Other"))
        hub = stack.enter_context(MockPartner(("NL", "HUB", "HUB"), name="Hub"))
        joined(node, partner, "partner")
        joined_by_node(node, other, "other")
        joined(node, hub, "hub")
        for name in NAMES:
            wait_for_pull(node, name)
        yield Stage(node, partner, other, hub)


def wait_for_pull(node: Served, name: str) -> None:
    """For a partner that is to push what it does not list."""
    wait_until(partial(is_pulled, node, name), what=f"the first pull of {name}")


def is_pulled(node: Served, name: str) -> bool:
    """What the partner lists was pulled in full: what it pushes later is not held to be gone."""
    pulled = node.json("partner", "show", name)["delivery"]["pulled"]
    return bool(pulled) and all(pulled.values())


def with_holdings(node: Served, work: Callable[[Holdings], Awaitable[T]]) -> T:
    """Work on the database of a node that runs, as a command does."""

    async def run() -> T:
        holdings = await Holdings.open(read_settings(node.config), node.folder)
        try:
            return await work(holdings)
        finally:
            await holdings.close()

    return asyncio.run(run())


@contextmanager
def guests(node: Served) -> Iterator[None]:
    """Whoever registers meanwhile is removed: one that is silent would be asked by later tests.

    They have gone by then, so nobody tells them.
    """

    async def partners(holdings: Holdings) -> set[str]:
        return {partner.id for partner in await holdings.partners()}

    async def remove(holdings: Holdings) -> None:
        for partner in await partners(holdings) - before:
            await holdings.directory.update(
                partner, lambda it: structs.replace(it, phase=Phase.REMOVED)
            )

    before = with_holdings(node, partners)
    yield
    with_holdings(node, remove)


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage") / "node") as made:
        yield made
