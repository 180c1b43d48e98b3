"""Every test of the store runs on both back ends."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from voltroam.store.interface import Store
from voltroam.store.migrations import migrate
from voltroam.store.open import open_store


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/node.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
async def url(empty_url: str) -> str:
    await migrate(empty_url)
    return empty_url


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    opened = await open_store(url)
    yield opened
    await opened.close()
