"""A hub's delivery over a real store, its parties in memory."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
from msgspec import structs
from tests.delivery.fakes import (
    MODULE_NAMES,
    TABLE,
    FakeCalls,
    Partner,
    Sent,
    identity,
    platform,
    role,
)
from tests.delivery.node import QUICK, Node

from voltroam.delivery.connecting import Connecting
from voltroam.delivery.deliver import Delivery
from voltroam.delivery.knobs import Knobs
from voltroam.roaming.accept import accept, remove
from voltroam.roaming.bridging import Bridging
from voltroam.roaming.directory import Directory
from voltroam.roaming.hub.agreements import Agreement, Default, Side
from voltroam.roaming.hub.announcing import Announcing
from voltroam.roaming.hub.book import AgreementBook
from voltroam.roaming.hub.sharing import Sharings
from voltroam.roaming.hub.surroundings import Surroundings
from voltroam.roaming.platforms import Phase, Platform, Profile, Status
from voltroam.roaming.vault import Vault
from voltroam.roaming.weigh import Accepted
from voltroam.standard.endpoints import CLIENT_INFO, Resource
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import V2_2_1
from voltroam.store.interface import Store

HUB = PartyId("EU", "HUB")
WITH_INFO = (*MODULE_NAMES, "hubclientinfo")
PULLED = Profile(catch_up="wait_for_pull")


class HubNode(Node):
    """`announced` counts the times that client info moved."""

    versions: tuple[str, ...] = identity().versions

    def __init__(
        self, store: Store, calls: FakeCalls, knobs: Knobs, default: Default, after: float
    ) -> None:
        self.default: Default = default
        self.after = after
        self.ahead = 0.0
        ident = structs.replace(identity(role(Role.HUB, *HUB)), versions=self.versions)
        super().__init__(store, ident, knobs, calls)

    def clock(self) -> float:
        """What was read of agreements and platforms counts for a second of this clock."""
        return time.monotonic() + self.ahead

    def make(self, epoch: str | None = None, *, sync: bool = False) -> Delivery:
        self.directory = Directory(self.store, Vault([b"0" * 32]), now=self.now, clock=self.clock)
        self.book = AgreementBook(self.store, self.default, self.now, self.clock)
        around = Surroundings(self.store, self.directory, self.identity, self.book, self.clock)
        self.sharings = Sharings(around, self.directory, TABLE)
        self.announcing = Announcing(self.store, self.directory)
        return Delivery(
            self.store, self.directory, self.calls, self.identity, TABLE,
            now=self.now, knobs=self.knobs, chance=random.Random(1), sync=sync,
            connecting=Connecting(self.sharings, self.announcing, self.after),
            bridging=Bridging(self.store, self.identity, now=self.now),
        )  # fmt: skip

    async def share(
        self, resource: Resource, document: bytes, source: Platform, flow: str = ""
    ) -> Accepted:
        """A broadcast of that platform."""
        change = accept(
            resource, document, version=V2_2_1, source=source, identity=self.identity,
            strict=False, flow=flow,
        )  # fmt: skip
        return await self.store.apply(change)

    async def unshare(
        self, resource: Resource, owner: PartyId, source: Platform, flow: str = "", **ids: str
    ) -> None:
        change = remove(
            resource, owner, ids, version=V2_2_1, source=source, identity=self.identity, flow=flow
        )
        await self.store.apply(change)

    async def agree(self, one: str, other: str, **more: Any) -> Agreement:
        return await self.book.add(
            Agreement(id="", one=Side.read(one), other=Side.read(other), **more)
        )

    async def change(self, who: Platform, **members: Any) -> Platform:
        changed = await self.directory.update(who.id, lambda held: structs.replace(held, **members))
        assert changed is not None
        return changed

    async def settle(self, seconds: float = 60.0) -> None:
        """Until agreements and platforms are read anew, client info is written, all is sent."""
        async with asyncio.timeout(seconds):
            self.ahead += 1.1
            await asyncio.sleep(5 * self.knobs.watch)  # until each lane has read them anew
            while await self.announcing.announce():
                pass
            await self.rest()


@contextlib.asynccontextmanager
async def hub_node(
    store: Store, *, default: Default = "open", after: float = 300.0, **knobs: Any
) -> AsyncIterator[HubNode]:
    made = HubNode(store, FakeCalls(), replace(QUICK, **knobs), default, after)
    try:
        yield made
    finally:
        await made.stop()


def party(
    name: str, *roles: tuple[Role, str], modules: tuple[str, ...] = MODULE_NAMES, **more: Any
) -> Platform:
    """A platform with parties `DE/MSP` in those roles."""
    listed = [role(one, *text.split("/")) for one, text in roles]
    more.setdefault("versions_url", f"https://{name}.example/versions")
    return platform(name, *listed, modules=modules, **more)


def of(document: bytes, owner: str) -> bytes:
    """The same object as another party's."""
    country, code = owner.split("/")
    members = msgspec.json.decode(document) | {"country_code": country, "party_id": code}
    return msgspec.json.encode(members)


def routed(sent: Sent) -> tuple[str, str]:
    """From whom to whom."""
    return str(sent.routing.sender), str(sent.routing.to)


def statuses(partner: Partner) -> list[tuple[str, str, str]]:
    """What it was told of the others: party, role, status, in order."""
    return [
        (sent.path.removeprefix("hubclientinfo/"), sent.json["role"], sent.json["status"])
        for sent in partner.of("PUT")
        if sent.path.startswith("hubclientinfo/")
    ]


__all__ = [
    "CLIENT_INFO", "HUB", "PULLED", "WITH_INFO", "HubNode", "Phase", "Status", "hub_node", "of",
    "party", "routed", "statuses",
]  # fmt: skip
