"""Disks that fill up or turn read-only, servers that drop us, schemas that we do not know."""

import asyncio
import resource
import sqlite3
from pathlib import Path

import asyncpg
import pytest
from tests.store.changes import ALL, count_up, draft, key, put

from voltroam.standard.errors import NodeError
from voltroam.store import sqlite_sql
from voltroam.store.interface import PageQuery
from voltroam.store.migrations import check, migrate
from voltroam.store.open import open_store


async def test_a_full_disk_fails_writes_until_there_is_room(tmp_path: Path) -> None:
    """HTTP 200 with 3000 comes from NodeError; nothing acknowledged is lost."""
    url = f"sqlite:///{tmp_path}/node.db"
    await migrate(url)
    store = await open_store(url)
    await store.apply(count_up("first"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    try:
        results = await asyncio.gather(
            *[store.apply(put(draft(f"L{n}", b"x" * 8000))) for n in range(400)],
            return_exceptions=True,
        )
        failed = [n for n, result in enumerate(results) if result is not None]
        assert failed
        assert all(isinstance(results[n], NodeError) for n in failed)
        assert (await store.get(key("first"))) is not None  # reading goes on
        with pytest.raises(NodeError):
            await store.apply(put(draft("big", b"x" * 500_000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert await store.apply(count_up("first")) == 2
    acknowledged = {f"L{n}" for n, result in enumerate(results) if result is None}
    rows = {row.key.id for row in await store.feed(0, 1000)}
    assert rows == acknowledged | {"first"}
    assert (await store.check()).ok
    await store.close()


async def test_a_read_only_disk_fails_writes_until_it_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/node.db"
    await migrate(url)
    with monkeypatch.context() as patch:
        # Root may write to any file: SQLite itself is told to refuse, with the same error code.
        patch.setattr(sqlite_sql, "WRITER", ("pragma query_only = on",))
        store = await open_store(url)
        for _ in range(2):
            with pytest.raises(NodeError):
                await store.apply(count_up("A"))
        with pytest.raises(NodeError):
            await store.lease("job", "me", 5)
        assert await store.head() == 0
    assert await store.apply(count_up("A")) == 1
    await store.close()


async def test_a_lock_that_is_never_released_ends_in_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/node.db"
    await migrate(url)
    monkeypatch.setattr("voltroam.store.sqlite_writer.BUSY_SECONDS", 0.2)
    store = await open_store(url)
    thief = sqlite3.connect(tmp_path / "node.db", isolation_level=None)
    thief.execute("begin immediate")
    with pytest.raises(NodeError):
        await store.apply(count_up("A"))
    thief.execute("rollback")
    thief.close()
    assert await store.apply(count_up("A")) == 1
    await store.close()


async def test_a_read_only_server_fails_writes_until_it_is_not(postgres_url: str) -> None:
    await migrate(postgres_url)
    store = await open_store(postgres_url)
    await store.apply(count_up("A"))
    name = postgres_url.rsplit("/", 1)[1]
    admin = await asyncpg.connect(postgres_url.replace(name, "postgres"))
    drop = (
        "select pg_terminate_backend(pid) from pg_stat_activity"
        f" where datname = '{name}' and pid <> pg_backend_pid()"
    )
    await admin.execute(f"alter database {name} set default_transaction_read_only = on")
    await admin.execute(drop)
    with pytest.raises(NodeError):
        await store.apply(count_up("A"))
    assert (await store.page(PageQuery("location", (ALL,), 1))).documents == [b"1"]
    await admin.execute(f"alter database {name} set default_transaction_read_only = off")
    assert await store.apply(count_up("A")) == 2
    await admin.close()
    await store.close()


async def test_a_dropped_connection_is_replaced_without_a_fault(postgres_url: str) -> None:
    await migrate(postgres_url)
    store = await open_store(postgres_url)
    name = postgres_url.rsplit("/", 1)[1]
    admin = await asyncpg.connect(postgres_url.replace(name, "postgres"))
    for number in range(1, 6):
        assert await store.apply(count_up("A")) == number
        assert await store.head() == number
        assert await store.lease("job", "me", 5)
        await admin.execute(
            f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
        )
    await admin.close()
    await store.close()


async def test_a_server_that_is_not_there_is_our_own_fault(tmp_path: Path) -> None:
    with pytest.raises(NodeError) as caught:
        await open_store("postgresql://user:hunter2@127.0.0.1:1/none")
    assert "hunter2" not in str(caught.value)
    with pytest.raises(NodeError):
        await open_store("mysql://localhost/x")
    with pytest.raises(NodeError):
        await migrate(f"sqlite:///{tmp_path}/missing/node.db")
    (tmp_path / "text.db").write_text("no database at all, but long enough to be read as one")
    with pytest.raises(NodeError):
        await open_store(f"sqlite:///{tmp_path}/text.db")


async def set_schema(url: str, schema: str, readable_by: str) -> None:
    words = (
        f"update alembic_version set version_num = '{schema}'",
        f"update meta set value = '{readable_by}' where name = 'readable_by'",
    )
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            for text in words:
                connection.execute(text)
        connection.close()
        return
    admin = await asyncpg.connect(url)
    for text in words:
        await admin.execute(text)
    await admin.close()


async def test_a_newer_schema_is_served_only_if_it_says_that_we_can(url: str) -> None:
    await set_schema(url, "0999", "0998")
    with pytest.raises(NodeError, match="0999"):
        await open_store(url)
    with pytest.raises(NodeError, match="0999"):
        await migrate(url)
    assert not (await check(url)).ok
    await set_schema(url, "0999", "0001")
    store = await open_store(url)
    assert await store.apply(count_up("A")) == 1
    await store.close()


async def test_an_older_schema_asks_for_the_migration(url: str) -> None:
    await set_schema(url, "0000", "0000")
    with pytest.raises(NodeError, match="db migrate"):
        await open_store(url)
