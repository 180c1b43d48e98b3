"""A hub, a CPO and an eMSP that are registered with it."""

from dataclasses import dataclass

import pytest_asyncio
from tests.roaming.company import Company, Pair, meet, role
from tests.roaming.conftest import Found
from tests.roaming.hub.scene import Hub

from voltroam.standard.v2_2_1 import Role


@dataclass(frozen=True)
class Trio:
    hub: Hub
    cpo: Pair
    emsp: Pair

    @property
    def company(self) -> Company:
        return self.hub.company


@pytest_asyncio.fixture
async def hub(found: Found) -> Hub:
    return Hub.of(await found("hub.example", role("EU/HUB", Role.HUB)))


@pytest_asyncio.fixture
async def trio(hub: Hub, cpo: Company, emsp: Company) -> Trio:
    """NL/AAA as CPO and DE/MSP as eMSP."""
    pairs = [await meet(hub.company, company) for company in (cpo, emsp)]
    hub.company.clock.forward(2)
    return Trio(hub, *pairs)
