"""Rows that go for good: forgotten objects, purged events, erased words."""

import asyncio
import sqlite3
from pathlib import Path

import asyncpg
from tests.store.changes import draft, happen, key, note, put

from voltroam.store import postgres, sqlite
from voltroam.store.interface import Event, PageQuery, Store
from voltroam.store.open import open_store

ALL = PageQuery("location", ("NL/AAA",), 100)


async def test_a_forgotten_object_leaves_no_tombstone_and_the_total_counts_on(
    store: Store,
) -> None:
    await store.apply(put(draft("a"), draft("b")))
    head = await store.head()
    row = await store.get(key("a"))
    assert row is not None
    assert await store.forget([(key("a"), row.revision), (key("none"), 1)]) == 1
    assert await store.get(key("a")) is None
    page = await store.page(ALL)
    assert (len(page.documents), page.total) == (1, 1)
    assert [row.key.id for row in await store.feed(0, 10)] == ["b"]
    assert await store.head() == head
    assert (await store.check()).ok


async def test_an_object_that_changed_meanwhile_is_not_forgotten(store: Store) -> None:
    await store.apply(put(draft("a")))
    await store.apply(put(draft("a", b'{"n":2}')))
    assert await store.forget([(key("a"), 1)]) == 0
    assert await store.get(key("a")) is not None


async def test_a_forgotten_tombstone_does_not_count(store: Store) -> None:
    await store.apply(put(draft("a")))
    await store.apply(put(draft("a", deleted=True)))
    row = await store.get(key("a"))
    assert row is not None
    assert await store.forget([(key("a"), row.revision)]) == 1
    assert (await store.check()).ok


async def test_a_forgotten_object_that_comes_again_is_new(store: Store) -> None:
    await store.apply(put(draft("a")))
    await store.forget([(key("a"), 1)])
    await store.apply(put(draft("a")))
    row = await store.get(key("a"))
    assert row is not None
    assert (row.created, row.revision) == (2, 1)
    assert (await store.check()).ok


async def test_writers_of_the_same_object_see_that_it_was_forgotten(url: str) -> None:
    one, other = await open_store(url), await open_store(url)
    try:
        await one.apply(put(draft("a")))
        await asyncio.gather(
            *(other.apply(put(draft(f"n{n}"), draft("a", b"%d" % n))) for n in range(30)),
            *(one.forget([(key("a"), n)]) for n in range(1, 30)),
        )
        assert (await one.check()).ok
    finally:
        await one.close()
        await other.close()


async def test_the_newest_event_is_known_even_when_all_are_purged(store: Store) -> None:
    assert await store.newest_event() == 0
    await store.apply(happen("x", "y"))
    assert await store.newest_event() == 2
    await store.purge(tombstones_before=0, events_before=2**60)
    assert (await store.newest_event(), await store.oldest_event()) == (2, 3)


async def test_a_long_purge_goes_in_pieces(store: Store) -> None:
    pieces = 2 * sqlite.PURGE_PIECE + 1
    assert sqlite.PURGE_PIECE == postgres.PURGE_PIECE
    await store.apply(happen(*(str(n) for n in range(pieces))))
    await store.apply(put(*(draft(f"d{n}") for n in range(pieces))))
    await store.apply(put(*(draft(f"d{n}", deleted=True) for n in range(pieces))))
    await store.apply(put(draft("stays")))
    head = await store.head()
    assert await store.purge(tombstones_before=head, events_before=2**60) == 2 * pieces
    assert [row.key.id for row in await store.feed(0, 10)] == ["stays"]
    assert await store.events(0, 10) == []


async def test_events_can_be_reworded(store: Store) -> None:
    await store.apply(happen("secret", "other"))
    first, second = await store.events(0, 10)
    await store.rewrite_events([Event(first.sequence, first.at, "seen", "hidden", b"[]")])
    assert [event.key for event in await store.events(0, 10)] == ["hidden", second.key]
    assert (await store.events(0, 1))[0].document == b"[]"


async def test_the_kinds_of_records_are_known(store: Store) -> None:
    assert await store.record_kinds() == []
    for name in ("a", "b"):
        await store.apply(note(name, b"{}"))
    assert await store.record_kinds() == ["note"]


async def test_nothing_that_was_removed_is_found_on_disk(url: str, store: Store) -> None:
    secret = b"CANARY0123456789"
    await store.apply(put(draft("a", b'{"uid":"%s"}' % secret), draft("b", secret * 5000)))
    await store.apply(put(draft("a", b'{"uid":"?"}')))
    await store.forget([(key("b"), 1)])
    await store.scrub()
    assert secret not in await _whole(url)
    await store.apply(put(draft("c", b'{"n":1}')))
    assert b'{"n":1}' in await _whole(url)
    assert (await store.check()).ok


async def _whole(url: str) -> bytes:
    """Every byte of a SQLite store's files, every row of a PostgreSQL one."""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        with sqlite3.connect(path) as file_store:
            assert file_store.execute("pragma integrity_check").fetchone()[0] == "ok"
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    connection = await asyncpg.connect(url)
    try:
        rows = [
            row
            for table in ("objects", "records", "events")
            for row in await connection.fetch(f"select * from {table}")
        ]
    finally:
        await connection.close()
    return b"".join(
        value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row
    )
