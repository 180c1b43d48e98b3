"""Backup and restore: one file for both back ends, all or nothing."""

import gzip
import stat
from pathlib import Path

import pytest
from tests.store.changes import ALL, delete, draft, happen, key, note, put

from voltroam.standard.errors import NodeError
from voltroam.store.interface import PageQuery, Store
from voltroam.store.migrations import backup, check, current, migrate, restore
from voltroam.store.open import open_store


async def fill(store: Store) -> None:
    await store.apply(put(draft("A", b"\xff\x00 as received", notes=b"[]", audience="old")))
    await store.apply(put(draft("B"), draft("C", sources=frozenset({"p", "q"}))))
    await store.apply(put(draft("A", b"\xff\x00 as received", notes=b"[]", audience=ALL)))
    await store.apply(delete("B"))
    await store.apply(note("n", b"r", parent="p", due=5))
    await store.apply(happen("one", "two"))
    await store.lease("job", "me", 60)


async def everything(store: Store) -> list[object]:
    return [
        await store.feed(0, 100),
        await store.records("note"),
        await store.events(0, 100),
        await store.head(),
        await store.page(PageQuery("location", (ALL,), 10)),
    ]


@pytest.mark.parametrize("other", ["sqlite", "postgresql"])
async def test_a_backup_restores_into_either_back_end(
    url: str, other: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    store = await open_store(url)
    await fill(store)
    before, epoch = await everything(store), store.epoch
    await store.close()
    file = tmp_path / "node.backup"
    assert await backup(url, file) == 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    target = f"sqlite:///{tmp_path}/other.db"
    if other == "postgresql":
        target = request.getfixturevalue("postgres_url")
    assert await restore(target, file) == epoch
    assert (await check(target)).ok
    restored = await open_store(target)
    assert await everything(restored) == before
    assert restored.epoch != epoch
    assert await restored.lease("job", "another", 60)
    await restored.apply(put(draft("D")))
    row = await restored.get(key("D"))
    assert row is not None
    assert row.created == 6
    await restored.apply(happen("three"))
    assert [event.sequence for event in await restored.events(2, 9)] == [3]
    await restored.close()


async def test_a_restore_replaces_what_is_there(url: str, tmp_path: Path) -> None:
    store = await open_store(url)
    await fill(store)
    await backup(url, tmp_path / "file")  # while the store is open
    before = await everything(store)
    await store.apply(put(draft("after the backup")))
    epoch = store.epoch
    await store.close()
    await restore(url, tmp_path / "file")
    again = await open_store(url)
    assert await everything(again) == before
    assert again.epoch != epoch
    await again.close()


@pytest.mark.parametrize("damage", ["cut", "flipped", "other file", "empty", "missing"])
async def test_a_damaged_file_changes_nothing(url: str, tmp_path: Path, damage: str) -> None:
    store = await open_store(url)
    await fill(store)
    file = tmp_path / "file"
    await backup(url, file)
    before = await everything(store)
    whole = file.read_bytes()
    if damage == "cut":
        file.write_bytes(gzip.compress(gzip.decompress(whole)[:-20]))
    elif damage == "flipped":
        middle = len(whole) // 2
        file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    elif damage == "other file":
        file.write_bytes(gzip.compress(b"\x00\x00\x00\x01\x80"))
    elif damage == "empty":
        file.write_bytes(b"")
    else:
        file.unlink()
    await store.close()
    with pytest.raises(NodeError):
        await restore(url, file)
    again = await open_store(url)
    assert await everything(again) == before
    assert again.epoch == store.epoch
    await again.close()


async def test_a_backup_that_cannot_be_written_leaves_nothing(url: str, tmp_path: Path) -> None:
    with pytest.raises(NodeError):
        await backup(url, tmp_path / "no such directory" / "file")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NodeError):
        await backup(f"sqlite:///{tmp_path}/nothing.db", tmp_path / "empty" / "file")
    assert list((tmp_path / "empty").iterdir()) == []


async def test_migrate_makes_an_empty_database_and_then_has_nothing_to_do(empty_url: str) -> None:
    assert await current(empty_url) is None
    with pytest.raises(NodeError, match="db migrate"):
        await open_store(empty_url)
    assert not (await check(empty_url)).ok
    assert await migrate(empty_url) is None
    assert await current(empty_url) == "0001"
    assert await migrate(empty_url) == "0001"
    assert (await check(empty_url)).ok
