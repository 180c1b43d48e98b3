"""Opening a store: fast, from every released schema, behind a pooler."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from tests.store.changes import ALL, count_up, draft, happen, key, put

from voltroam.store.interface import PageQuery
from voltroam.store.migrations import check, current, migrate
from voltroam.store.open import open_store
from voltroam.store.schema import NEWEST

VERSIONS = Path(__file__).parents[2] / "src/voltroam/store/schema/versions"
RELEASED = sorted(file.name[1:5] for file in VERSIONS.glob("v*.py"))


def test_the_newest_schema_is_the_last_step() -> None:
    assert RELEASED[-1] == NEWEST


@pytest.mark.parametrize("schema", RELEASED)
async def test_every_released_schema_is_brought_up_to_date(empty_url: str, schema: str) -> None:
    await migrate(empty_url, target=schema)
    assert await current(empty_url) == schema
    assert await migrate(empty_url) == schema
    assert await current(empty_url) == NEWEST
    assert (await check(empty_url)).ok


async def test_several_processes_may_migrate_at_once(empty_url: str) -> None:
    code = (
        "import asyncio, sys\nfrom voltroam.store.migrations import migrate\n"
        "asyncio.run(migrate(sys.argv[1]))"
    )
    started = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", code, empty_url)
        for _ in range(3)
    ]
    assert [await process.wait() for process in started] == [0, 0, 0]
    assert (await check(empty_url)).ok


async def test_opening_a_current_store_does_not_load_what_only_migrations_need(url: str) -> None:
    code = (
        "import asyncio, sys\nfrom voltroam.store.open import open_store\n"
        "async def main():\n store = await open_store(sys.argv[1])\n await store.close()\n"
        "asyncio.run(main())\nassert not {'alembic', 'sqlalchemy'} & sys.modules.keys()"
    )
    assert subprocess.run([sys.executable, "-c", code, url], check=False).returncode == 0


async def test_a_transaction_pooler_may_stand_between(postgres_url: str) -> None:
    await migrate(postgres_url)
    store = await open_store(f"{postgres_url}?pooler=transaction")
    assert await store.apply(count_up("A")) == 1
    assert await store.apply(count_up("A")) == 2
    await store.apply(put(draft("B", b"b")))
    await store.apply(happen("one"))
    page = await store.page(PageQuery("location", (ALL,), 10))
    assert (page.documents, page.total) == ([b"2", b"b"], 2)
    dated = await store.page(PageQuery("location", (ALL,), 10, date_from=0))
    assert dated.documents == [b"2", b"b"]
    assert await store.lease("job", "me", 5)
    assert (await store.get(key("A"))) is not None
    assert len(await store.events(0, 5)) == 1
    assert (await store.check()).ok
    await store.close()
