"""What a change writes, alone and in a group with others."""

import asyncio

import pytest
from tests.store.changes import ALL, count_up, delete, draft, happen, key, note, put, refuse

from voltroam.standard.errors import CallerError, NodeError, Overloaded
from voltroam.store.interface import (
    Change,
    Decision,
    Former,
    Held,
    PageQuery,
    RecordDraft,
    RecordKey,
    Store,
)
from voltroam.store.open import open_store


async def test_what_is_applied_can_be_read(store: Store) -> None:
    wanted = draft(
        "LOC1",
        b'{"a": 1.10}',
        last_updated=7,
        sources=frozenset({"p2", "p1"}),
        notes=b"[]",
        sidecar=b'{"x":1}',
    )
    await store.apply(put(wanted))
    row = await store.get(key("LOC1"))
    assert row is not None
    assert (row.document, row.last_updated, row.version) == (b'{"a": 1.10}', 7, "2.2.1")
    assert (row.audience, row.sources) == (ALL, frozenset({"p1", "p2"}))
    assert (row.notes, row.sidecar, row.deleted) == (b"[]", b'{"x":1}', False)
    assert (row.created, row.changed, row.revision, row.former) == (1, 1, 1, ())
    assert row.stored_at > 1_700_000_000_000_000


async def test_created_stays_and_changed_moves(store: Store) -> None:
    await store.apply(put(draft("A")))
    await store.apply(put(draft("B")))
    await store.apply(put(draft("A", b"2")))
    row = await store.get(key("A"))
    assert row is not None
    assert (row.created, row.changed, row.revision) == (1, 3, 2)


async def test_a_write_that_changes_nothing_moves_nothing(store: Store) -> None:
    """CORE-MUT-12"""
    await store.apply(put(draft("A", sources=frozenset({"p"}))))
    await store.apply(put(draft("A", sources=frozenset({"p"}))))
    await store.apply(Change(lambda _: Decision(None), [key("A")]))
    row = await store.get(key("A"))
    assert row is not None
    assert (row.changed, row.revision, await store.head()) == (1, 1, 1)


async def test_a_quiet_draft_keeps_changed(store: Store) -> None:
    await store.apply(put(draft("A")))
    await store.apply(put(draft("A", sources=frozenset({"p"}), quiet=True)))
    row = await store.get(key("A"))
    assert row is not None
    assert (row.changed, row.sources, row.revision) == (1, frozenset({"p"}), 2)
    assert await store.head() == 1


async def test_a_quiet_draft_that_changes_who_may_see_it_moves_the_feed(store: Store) -> None:
    await store.apply(put(draft("A")))
    await store.apply(put(draft("A", audience="other", quiet=True)))
    assert [row.changed for row in await store.feed(0, 10)] == [2]


async def test_a_class_that_the_same_partners_see_moves_neither_the_feed_nor_its_arrival(
    store: Store,
) -> None:
    await store.apply(put(draft("A")))
    before = await store.get(key("A"))
    await store.apply(put(draft("A", audience="other", alike=True)))
    row = await store.get(key("A"))
    assert row is not None
    assert before is not None
    assert (row.audience, row.changed, row.stored_at) == ("other", 1, before.stored_at)
    assert [row.changed for row in await store.feed(0, 10)] == [1]
    page = await store.page(PageQuery("location", ("other",), limit=10))
    assert (page.total, len(page.documents)) == (1, 1)


async def test_a_lost_audience_is_kept_with_the_number_of_its_loss(store: Store) -> None:
    await store.apply(put(draft("A", audience="one")))
    await store.apply(put(draft("A", audience="two")))
    await store.apply(put(draft("A", b"x", audience="two")))
    row = await store.get(key("A"))
    assert row is not None
    assert row.former == (Former("one", 2),)
    await store.apply(put(draft("A", audience="three")))
    await store.apply(put(draft("A", audience="one")))
    row = await store.get(key("A"))
    assert row is not None
    assert row.former == (Former("two", 4), Former("three", 5))


async def test_a_deleted_object_that_comes_again_is_new(store: Store) -> None:
    await store.apply(put(draft("A")))
    await store.apply(put(draft("B")))
    await store.apply(delete("A"))
    gone = await store.get(key("A"))
    assert gone is not None
    assert (gone.deleted, gone.created, gone.changed) == (True, 1, 3)
    await store.apply(put(draft("A", b"again")))
    row = await store.get(key("A"))
    assert row is not None
    assert (row.deleted, row.created, row.changed) == (False, 4, 4)
    page = await store.page(PageQuery("location", (ALL,), 10))
    assert page.documents == [b"{}", b"again"]


async def test_a_group_shares_numbers_without_gaps_and_sees_its_own_writes(store: Store) -> None:
    results = await asyncio.gather(*[store.apply(count_up(f"L{n % 3}")) for n in range(9)])
    assert results == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    rows = await store.feed(0, 100)
    assert [row.document for row in rows] == [b"3", b"3", b"3"]
    numbers = [row.changed for row in rows]
    assert numbers == sorted(set(numbers))
    assert await store.head() == numbers[-1]


async def test_who_raises_fails_alone_and_writes_nothing(store: Store) -> None:
    results = await asyncio.gather(
        store.apply(count_up("A")),
        store.apply(refuse("A", CallerError("no"))),
        store.apply(count_up("A")),
        return_exceptions=True,
    )
    assert results[0] == 1
    assert isinstance(results[1], CallerError)
    assert results[2] == 2


@pytest.mark.parametrize("bad", ["lone \ud800 surrogate", "too \ud800"])
async def test_a_statement_that_fails_takes_only_its_own_change(store: Store, bad: str) -> None:
    drafts = [draft(f"L{n}", audience=bad if n == 5 else ALL) for n in range(12)]
    results = await asyncio.gather(
        *[store.apply(put(one)) for one in drafts], return_exceptions=True
    )
    assert [n for n, result in enumerate(results) if result is not None] == [5]
    assert isinstance(results[5], NodeError)
    assert (await store.page(PageQuery("location", (ALL,), 100))).total == 11
    assert [row.changed for row in await store.feed(0, 100)] == list(range(1, 12))


async def test_a_key_that_the_change_did_not_name_can_be_written(store: Store) -> None:
    await store.apply(put(draft("A")))
    name = RecordKey("note", "x")

    def decide(_: Held) -> Decision[str]:
        return Decision("done", [draft("A", b"new"), draft("B")], [RecordDraft(name, b"r")])

    assert await store.apply(Change(decide)) == "done"
    row = await store.get(key("A"))
    assert row is not None
    assert (row.document, row.created, row.changed) == (b"new", 1, 2)
    assert await store.record(name) is not None


async def test_a_change_sees_only_what_it_named(store: Store) -> None:
    await store.apply(put(draft("A"), draft("B")))

    def decide(held: Held) -> Decision[int]:
        return Decision(len(held.objects) + len(held.records))

    changes = [Change(decide, [key("A"), key("missing")]), Change(decide, [key("A"), key("B")])]
    assert await asyncio.gather(*map(store.apply, changes)) == [1, 2]


async def test_a_full_queue_says_so(url: str) -> None:
    store = await open_store(url, queue_limit=5)
    results = await asyncio.gather(
        *[store.apply(count_up("A")) for _ in range(8)], return_exceptions=True
    )
    assert results[:5] == [1, 2, 3, 4, 5]
    assert all(isinstance(result, Overloaded) for result in results[5:])
    assert await store.apply(count_up("A")) == 6
    await store.close()


async def test_closing_writes_what_is_queued(url: str) -> None:
    store = await open_store(url)
    waiting = [asyncio.create_task(store.apply(count_up("A"))) for _ in range(300)]
    await asyncio.sleep(0)
    await store.close()
    assert await asyncio.gather(*waiting) == list(range(1, 301))
    with pytest.raises(NodeError):
        await store.apply(count_up("A"))


async def test_a_caller_that_gave_up_in_the_queue_writes_nothing(store: Store) -> None:
    first = asyncio.create_task(store.apply(count_up("A")))
    await asyncio.sleep(0)
    second = asyncio.create_task(store.apply(count_up("B")))
    await asyncio.sleep(0)
    second.cancel()
    assert await first == 1
    assert await store.apply(count_up("A")) == 2
    assert await store.get(key("B")) is None


async def test_records_are_put_found_and_removed(store: Store) -> None:
    await store.apply(note("b", b"2", parent="p", due=20))
    await store.apply(note("a", b"1", parent="p", due=30))
    await store.apply(note("c", b"3", parent="q"))
    assert [r.key.id for r in await store.records("note")] == ["a", "b", "c"]
    assert [r.key.id for r in await store.records("note", after="a", limit=1)] == ["b"]
    assert [r.key.id for r in await store.records("note", parent="p")] == ["a", "b"]
    assert [r.key.id for r in await store.records("note", due_before=30)] == ["b", "a"]
    assert [r.key.id for r in await store.records("note", due_before=29)] == ["b"]
    assert [r.key.id for r in await store.records("note", due_before=99, parent="q")] == []
    await store.apply(note("a", b"1 again", parent="p"))
    record = await store.record(RecordKey("note", "a"))
    assert record is not None
    assert (record.document, record.due, record.revision) == (b"1 again", None, 2)
    await store.apply(note("a", None))
    assert await store.record(RecordKey("note", "a")) is None
    await store.apply(note("never", None))


async def test_events_keep_their_order_and_end_with_their_change(store: Store) -> None:
    await asyncio.gather(
        store.apply(happen("one", "two")),
        store.apply(refuse("A", CallerError("no"))),
        store.apply(happen("three")),
        return_exceptions=True,
    )
    found = await store.events(0, 10)
    assert [(event.sequence, event.key) for event in found] == [
        (1, "one"),
        (2, "two"),
        (3, "three"),
    ]
    assert [event.key for event in await store.events(2, 10)] == ["three"]
    assert await store.head() == 0


async def test_purge_drops_old_tombstones_and_events_only(store: Store) -> None:
    await store.apply(put(draft("A"), draft("B"), draft("C")))
    await store.apply(delete("A"))
    await store.apply(delete("B"))
    await store.apply(happen("one"))
    assert await store.oldest_event() == 0
    later = (await store.events(0, 1))[0].at + 1
    assert await store.purge(tombstones_before=4, events_before=0) == 1
    assert await store.get(key("A")) is None
    assert await store.get(key("B")) is not None
    assert await store.get(key("C")) is not None
    assert await store.purge(tombstones_before=0, events_before=later) == 1
    await store.apply(happen("two"))
    assert [event.sequence for event in await store.events(0, 10)] == [2]
    assert await store.oldest_event() == 2
    assert (await store.check()).ok
