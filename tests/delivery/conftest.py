"""A store of each kind, for what must hold on both."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from voltroam.store.interface import Store
from voltroam.store.migrations import migrate
from voltroam.store.open import open_store


@pytest.fixture(params=["sqlite", "postgresql"])
def any_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is, on each back end."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/node.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest_asyncio.fixture
async def any_store(any_url: str) -> AsyncIterator[Store]:
    await migrate(any_url)
    opened = await open_store(any_url)
    yield opened
    await opened.close()
