"""Every test runs on SQLite, in a soak on both back ends."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.counts import BACK_ENDS
from tests.roaming.charging.chargers import Clock, Operator
from tests.roaming.conftest import prepared

from voltroam.store.open import open_store


@pytest.fixture
def now() -> Clock:
    return Clock()


@pytest.fixture(params=BACK_ENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/node.db"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture
async def operator(url: str, now: Clock, empty_database: Path) -> AsyncIterator[Operator]:
    await prepared(url, empty_database)
    store = await open_store(url, now=now)
    yield Operator(store, now)
    await store.close()
