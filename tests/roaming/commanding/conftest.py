"""The scene on both back ends."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from tests.roaming import objects
from tests.roaming.authorizing.conftest import new_database, postgres_copy
from tests.roaming.commanding.scene import ABLE, Scene, equip
from tests.roaming.commanding.scripted import Scripted
from tests.roaming.company import Clock, Company, Network, Pair, meet, role
from tests.roaming.conftest import Found

from voltroam.standard.v2_2_1 import CredentialsRole, Role
from voltroam.store.interface import Store
from voltroam.store.open import open_store

__all__ = ["new_database", "postgres_copy"]


@pytest_asyncio.fixture
async def found(
    new_database: Callable[[], str],
    network: Network,
    clock: Clock,
) -> AsyncIterator[Found]:
    stores: list[Store] = []

    async def make(host: str, *roles: CredentialsRole, **options: Any) -> Company:
        store = await open_store(new_database(), now=clock)
        stores.append(store)
        return Company(host, roles, store, network, clock, **options)

    yield make
    for store in stores:
        await store.close()


@pytest_asyncio.fixture
async def scene(found: Found) -> AsyncIterator[Scene]:
    """The CPO has LOC1 with EVSEs E1 (can all) and E2 (only started), the eMSP one token."""
    emsp = equip(await found("emsp.example", role("DE/MSP", Role.EMSP)))
    cpo = equip(await found("cpo.example", role("NL/AAA", Role.CPO)))
    pair = await meet(cpo.company, emsp.company)
    location = objects.location(
        evses=[
            objects.evse(capabilities=ABLE),
            objects.evse(uid="E2", capabilities=["REMOTE_START_STOP_CAPABLE"]),
        ]
    )
    await cpo.company.import_("locations", location)
    await emsp.company.import_("tokens", objects.token())
    yield Scene(emsp, cpo, pair)
    await cpo.close()
    await emsp.close()


@pytest.fixture
def script(scene: Scene) -> Scripted:
    return Scripted(scene.cpo.company)


@pytest_asyncio.fixture
async def stranger(scene: Scene, found: Found) -> AsyncIterator[Pair]:
    """Another operator that our eMSP knows."""
    yield await meet(scene.emsp.company, await found("other.example", role("FR/OTH", Role.CPO)))
