"""Several stores and processes on one database."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import pytest
from tests.counts import times
from tests.store.changes import count_up, draft, happen, key, note, put

from voltroam.store.interface import ObjectRow, RecordKey, Store
from voltroam.store.open import open_store
from voltroam.store.watch import POLL_SECONDS, HeadWatch

WRITER = Path(__file__).parent / "writer_process.py"
WRITES = times(250, full=12_500)
LIVES = times(2, full=20)


@pytest.fixture
async def other(url: str) -> AsyncIterator[Store]:
    opened = await open_store(url)
    yield opened
    await opened.close()


async def start(url: str, name: str, count: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, str(WRITER), url, name, str(count), stdout=asyncio.subprocess.PIPE
    )


async def followed(store: Store) -> list[ObjectRow]:
    """As a reader does that goes on from its last."""
    rows: list[ObjectRow] = []
    while page := await store.feed(rows[-1].changed if rows else 0, 10):
        rows += page
    return rows


async def test_two_stores_never_lose_a_write_of_each_other(store: Store, other: Store) -> None:
    both = [one.apply(count_up(f"L{n % 4}")) for n in range(200) for one in (store, other)]
    results = await asyncio.gather(*both)
    assert sorted(results) == sorted(list(range(1, 101)) * 4)
    for one in (store, other):
        rows = await followed(one)
        assert {row.key.id: row.document for row in rows} == {f"L{n}": b"100" for n in range(4)}
        numbers = [row.changed for row in rows]
        assert numbers == sorted(set(numbers))
    assert (await store.check()).ok


async def test_records_and_events_of_two_stores_keep_their_numbers(
    store: Store, other: Store
) -> None:
    await asyncio.gather(
        *[one.apply(happen(f"{n}", "x")) for n in range(40) for one in (store, other)],
        *[one.apply(note("same", f"{n}".encode())) for n in range(40) for one in (store, other)],
    )
    events = await store.events(0, 1000)
    assert [event.sequence for event in events] == list(range(1, 161))
    record = await other.record(RecordKey("note", "same"))
    assert record is not None
    assert record.revision > 1


@pytest.mark.soak(f"{8 * WRITES:,} changes of 4 processes")
async def test_no_feed_reader_skips_what_four_processes_write(url: str) -> None:
    """Numbers are dense and follow commits, so a reader that goes on from its last never misses."""
    each = WRITES  # two changes per write: 100,000 in all with the full count
    writers = [await start(url, f"P{n}", each) for n in range(4)]
    ended = asyncio.gather(*[writer.communicate() for writer in writers])
    store = await open_store(url)
    seen: dict[str, int] = {}
    after = 0
    while True:
        finished = ended.done()
        rows = await store.feed(after, 100)
        for row in rows:
            assert row.changed > after
            after = row.changed
            seen[row.key.id] = row.changed
        if not rows and finished:
            break
        await asyncio.sleep(0.002)
    assert all(writer.returncode == 0 for writer in writers)
    assert seen.keys() == {f"P{n}-{m}" for n in range(4) for m in range(each)} | {"shared"}
    assert await store.head() <= 8 * each
    shared = await store.get(key("shared"))
    assert shared is not None
    assert shared.document == str(4 * each).encode()
    assert (await store.check()).ok
    await store.close()


@pytest.mark.soak(f"{LIVES} times kill -9 of a writer")
async def test_what_was_acknowledged_survives_kill_9(url: str) -> None:
    for life in range(LIVES):
        writer = await start(url, f"K{life}", 1_000_000)
        assert writer.stdout is not None
        acknowledged = [await writer.stdout.readline() for _ in range(60)]
        writer.send_signal(signal.SIGKILL)
        acknowledged += (await writer.stdout.read()).splitlines(keepends=True)
        await writer.wait()
        store = await open_store(url)
        for line in acknowledged:
            if line.endswith(b"\n"):  # the last line may be cut off by the kill
                assert await store.get(key(line.decode().strip())) is not None
        assert (await store.check()).ok
        await store.apply(put(draft(f"after {life}")))
        await store.close()


async def test_a_lease_has_one_holder_until_it_ends(store: Store, other: Store) -> None:
    assert await store.lease("job", "one", 60)
    assert not await other.lease("job", "two", 60)
    assert await store.lease("job", "one", 60)  # kept
    assert await other.lease("another job", "two", 60)
    await other.release("job", "two")  # not its own: nothing
    assert not await other.lease("job", "two", 60)
    assert await store.lease("job", "one", 0.1)
    await asyncio.sleep(0.2)
    assert await other.lease("job", "two", 5)
    assert not await store.lease("job", "one", 5)
    await other.release("job", "two")
    assert await store.lease("job", "one", 5)


async def test_one_of_many_gets_a_lease(store: Store, other: Store) -> None:
    tries = [one.lease("job", f"holder {n}", 5) for n in range(10) for one in (store, other)]
    # Both stores ask under the same ten names: one name wins, with each of its asks.
    assert sum(await asyncio.gather(*tries)) == 2


async def test_leases_of_many_names_are_taken_and_kept_together(store: Store, other: Store) -> None:
    assert await other.lease("b", "two", 60)
    assert await store.leases(["a", "b", "c"], "one", 60) == {"a", "c"}
    assert await other.leases(["c", "b", "a", "d"], "two", 60) == {"b", "d"}
    assert await store.leases(["a", "c"], "one", 60) == {"a", "c"}  # kept
    assert await store.leases([], "one", 60) == frozenset()


async def test_a_write_of_the_same_store_wakes_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the poll, which is for writes of others."""
    monkeypatch.setattr("voltroam.store.watch.POLL_SECONDS", 3600.0)
    waiting = asyncio.create_task(store.wait_for_change(0, 60))
    await asyncio.sleep(0.05)
    start_time = monotonic()
    await store.apply(count_up("A"))
    assert await waiting == 1
    assert monotonic() - start_time < 30


async def test_a_write_of_another_store_is_seen_by_a_poll(store: Store, other: Store) -> None:
    assert POLL_SECONDS <= 0.25
    waiting = [asyncio.create_task(store.wait_for_change(0, 60)) for _ in range(3)]
    await asyncio.sleep(0.05)
    await other.apply(count_up("A"))
    start_time = monotonic()
    assert await asyncio.gather(*waiting) == [1, 1, 1]
    assert monotonic() - start_time < 30
    assert await store.wait_for_change(0, 5) == 1
    assert await store.wait_for_change(1, 0.05) == 1


async def test_a_poll_that_fails_reaches_who_waits_and_the_next_one_looks_again() -> None:
    looks = iter([0, -1, 7])

    async def read() -> int:
        look = next(looks)
        if look < 0:
            raise OSError("gone")
        return look

    watch = HeadWatch(read)
    waiting = [asyncio.create_task(watch.wait(0, 60)) for _ in range(2)]
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert [str(fault) for fault in found] == ["gone", "gone"]
    assert await watch.wait(0, 60) == 7
    await watch.close()


async def test_a_watch_looks_itself_where_no_poll_would_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a poll that is under way is enough: it looks before the time is over."""
    monkeypatch.setattr("voltroam.store.watch.POLL_SECONDS", 30.0)
    looks = 0

    async def read() -> int:
        nonlocal looks
        looks += 1
        return looks - 1

    watch = HeadWatch(read)
    assert await watch.wait(0, 0.01) == 0
    assert looks == 1
    assert await watch.wait(0, 0.01) == 1
    assert looks == 2
    watch.seen(50)
    long = asyncio.create_task(watch.wait(50, 60))
    await asyncio.sleep(0)
    watch.seen(51)
    assert await long == 51
    assert looks == 2
    await watch.close()
