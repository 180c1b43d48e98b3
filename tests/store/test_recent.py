"""The feed of what was just committed comes from memory, and tells the same as the database."""

import random

import pytest
from tests.store.changes import count_up, delete, draft, put

from voltroam.store.interface import ObjectKey, ObjectRow, Store
from voltroam.store.open import open_store
from voltroam.store.recent import Recent


@pytest.mark.parametrize("seed", range(3))
async def test_the_feed_of_the_writer_is_that_of_every_other_process(
    store: Store, url: str, seed: int
) -> None:
    """One process writes and reads memory, the other reads the database."""
    chance = random.Random(seed)
    other = await open_store(url)
    for _ in range(40):
        name = f"L{chance.randrange(6)}"
        match chance.randrange(5):
            case 0 | 1:
                await store.apply(put(draft(name, b"%d" % chance.randrange(3))))
            case 2:
                await store.apply(put(draft(name, b"1", sources=frozenset("ab"), quiet=True)))
            case 3:
                await other.apply(put(draft(name, b"%d" % chance.randrange(3, 9))))
            case _:
                await store.apply(count_up("N"))
                await store.apply(delete("N"))
        head = await store.head()
        for after in range(max(0, head - 8), head + 1):
            limit = chance.choice([1, 2, 100])
            mine, theirs = await store.feed(after, limit), await other.feed(after, limit)
            rows = {row.key: row for row in await other.feed(0, 100)}
            assert [row.changed for row in mine] == sorted(row.changed for row in mine)
            assert mine[: len(theirs)] == theirs[: len(mine)] or _is_behind(mine, rows)
            assert bool(mine) == bool(theirs)
    await other.close()


def _is_behind(mine: list[ObjectRow], now: dict[ObjectKey, ObjectRow]) -> bool:
    """What another process wrote since comes with its own, later number."""
    return all(now[row.key] == row or now[row.key].changed > row.changed for row in mine)


async def test_what_was_forgotten_or_purged_is_not_remembered(store: Store) -> None:
    """Erasure reaches the memory too."""
    await store.apply(put(draft("A"), draft("B")))
    rows = await store.feed(0, 10)
    assert await store.forget([(row.key, row.revision) for row in rows[:1]]) == 1
    assert [row.key.id for row in await store.feed(0, 10)] == [rows[1].key.id]
    await store.apply(delete(rows[1].key.id))
    await store.purge(tombstones_before=await store.head(), events_before=0)
    assert await store.feed(0, 10) == []


async def test_memory_is_bounded_and_older_rows_come_from_the_database(store: Store) -> None:
    recent = Recent(most_bytes=100)
    assert recent.after(0, 1) is None
    for name in "ABCDEF":
        await store.apply(put(draft(name, b"x" * 40)))
    rows = await store.feed(0, 100)
    assert [row.key.id for row in rows] == list("ABCDEF")
    for row in rows:
        recent.remember(row.changed - 1, [row])
    assert recent.after(0, 10) is None
    kept = recent.after(rows[4].changed, 10)
    assert kept is not None
    assert [row.key.id for row in kept] == ["F"]
