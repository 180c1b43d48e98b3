"""A node that speaks every version, as one partner after another calls it."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from tests.roaming.company import NOW, Answer, Clock, answer_of, role

from voltroam.roaming.accept import accept
from voltroam.roaming.bridging import Bridging
from voltroam.roaming.directory import Directory
from voltroam.roaming.dispatch import Dispatch
from voltroam.roaming.keys import object_key
from voltroam.roaming.platforms import Identity, Phase, Platform
from voltroam.roaming.serving import Serving
from voltroam.roaming.vault import Vault
from voltroam.standard.endpoints import LOCATION, Interface, Resource, Table
from voltroam.standard.parties import PartyId
from voltroam.standard.trees import Tree
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import VERSIONS, Version
from voltroam.store.interface import ObjectRow, Store
from voltroam.store.open import open_store
from voltroam.wire.call import Request
from voltroam.wire.calls import read_call, write_response
from voltroam.wire.routes import Router

_ENCODER = msgspec.json.Encoder(decimal_format="number")
AAA, MSP = PartyId("NL", "AAA"), PartyId("DE", "MSP")


class Ours:
    """The node."""

    def __init__(self, store: Store) -> None:
        clock = Clock()
        self.store = store
        versions = tuple(VERSIONS.values())
        table = Table()
        self.identity = identity = Identity(
            name="us", url="https://us.example",
            roles=(role("NL/OUR", Role.CPO), role("DE/OUR", Role.EMSP)),
            versions=tuple(VERSIONS),
        )  # fmt: skip
        self.router = Router(table, versions, identity.url)
        directory = Directory(store, Vault([b"0" * 32]), now=clock, spoken=versions)
        self.bridging = Bridging(store, identity, now=clock)
        serving = Serving(store, directory, identity, table, self.router, bridging=self.bridging)
        self.dispatch = Dispatch(serving, {})

    async def ask(
        self,
        who: Platform,
        method: str,
        path: str,
        body: Any = None,
        interface: Interface = Interface.RECEIVER,
    ) -> Answer:
        """`locations/NL/AAA/…` below the interface's URL of the partner's version and tree."""
        version = VERSIONS[who.version or ""]
        module, _, rest = path.partition("/")
        row = next(one for one in self.router.table.at(version) if one.module.name == module)
        url = self.router.endpoint_url(version, row.module, interface, who.tree or Tree.CPO)
        data = b"" if body is None else _ENCODER.encode(body)
        target = "/" + f"{url}/{rest}".split("/", 3)[3]
        call = read_call(Request(method, target, {}, data), self.router)
        return answer_of(write_response(await self.dispatch.answer(call, who), call, now=NOW))

    async def keep(self, resource: Resource, document: Any, version: Version) -> None:
        """An object of our own, written in that version."""
        data = _ENCODER.encode(document)
        inward = await self.bridging.inward(resource, version, None, [data])
        change = accept(
            resource, data, version=version, source=None, identity=self.identity, strict=True,
            inward=inward,
        )  # fmt: skip
        await self.store.apply(change)

    async def held(self, id_: str, resource: Resource = LOCATION) -> ObjectRow | None:
        return await self.store.get(object_key(resource, AAA, {"id": id_}))


CPO = Platform(
    id="old", name="old", phase=Phase.REGISTERED, version="2.1.1", we_are=Role.EMSP,
    roles=(role("NL/AAA", Role.CPO),),
)  # fmt: skip
EMSP = Platform(
    id="msp", name="msp", phase=Phase.REGISTERED, version="2.1.1", we_are=Role.CPO,
    roles=(role("DE/MSP", Role.EMSP),),
)  # fmt: skip


@asynccontextmanager
async def opened(database: Path, folder: Path) -> AsyncIterator[Ours]:
    """A node on a copy of a database."""
    file = folder / "node.db"
    shutil.copy(database, file)
    store = await open_store(f"sqlite:///{file}")
    yield Ours(store)
    await store.close()
