"""Lists: order, totals, cursors, audiences, date windows, tombstones."""

import pytest
from tests.store.changes import ALL, delete, draft, key, put

from voltroam.store.interface import PageQuery, Store


async def fill(store: Store, count: int = 10) -> None:
    for n in range(count):
        audience = "even" if n % 2 == 0 else "odd"
        await store.apply(put(draft(f"L{n}", f"{n}".encode(), audience=audience, last_updated=n)))


async def test_a_page_is_in_order_of_creation_whatever_changed_since(store: Store) -> None:
    await fill(store)
    await store.apply(put(draft("L0", b"new", audience="even", last_updated=99)))
    page = await store.page(PageQuery("location", ("even", "odd"), 3))
    assert page.documents == [b"new", b"1", b"2"]
    assert page.total == 10
    assert page.versions == ("2.2.1",) * 3


async def test_cursors_lead_through_the_whole_list(store: Store) -> None:
    await fill(store)
    seen: list[bytes] = []
    cursor = None
    while True:
        page = await store.page(PageQuery("location", ("even", "odd"), 4, cursor=cursor))
        seen += page.documents
        assert page.total == 10
        if page.next is None:
            break
        cursor = page.next
    assert seen == [f"{n}".encode() for n in range(10)]


async def test_a_page_that_ends_the_list_exactly_has_no_next(store: Store) -> None:
    await fill(store, 4)
    page = await store.page(PageQuery("location", ("even", "odd"), 4))
    assert (len(page.documents), page.next) == (4, None)


async def test_offset_skips_and_cursor_wins_over_it(store: Store) -> None:
    await fill(store)
    query = PageQuery("location", ("even", "odd"), 2, offset=7)
    assert (await store.page(query)).documents == [b"7", b"8"]
    one = PageQuery("location", ("odd",), 2, offset=3)
    assert (await store.page(one)).documents == [b"7", b"9"]
    beyond = await store.page(PageQuery("location", ("even",), 2, offset=50))
    assert (beyond.documents, beyond.total, beyond.next) == ([], 5, None)
    both = PageQuery("location", ("even", "odd"), 2, offset=7, cursor=2)
    assert (await store.page(both)).documents == [b"2", b"3"]


async def test_only_the_asked_audiences_count(store: Store) -> None:
    await fill(store)
    page = await store.page(PageQuery("location", ("odd", "nobody"), 10))
    assert (page.documents, page.total) == ([b"1", b"3", b"5", b"7", b"9"], 5)
    none = await store.page(PageQuery("location", (), 10))
    assert (none.documents, none.total, none.next) == ([], 0, None)
    other = await store.page(PageQuery("session", ("odd",), 10))
    assert (other.documents, other.total) == ([], 0)


async def test_date_from_is_inclusive_and_date_to_exclusive(store: Store) -> None:
    """CORE-PAG: the window is on last_updated."""
    await fill(store)
    both = ("even", "odd")
    page = await store.page(PageQuery("location", both, 2, date_from=3, date_to=7))
    assert (page.documents, page.total) == ([b"3", b"4"], 4)
    rest = await store.page(
        PageQuery("location", both, 2, date_from=3, date_to=7, cursor=page.next)
    )
    assert (rest.documents, rest.total, rest.next) == ([b"5", b"6"], 4, None)
    late = await store.page(PageQuery("location", both, 5, date_from=8))
    assert (late.documents, late.total) == ([b"8", b"9"], 2)
    early = await store.page(PageQuery("location", both, 5, date_to=2, offset=1))
    assert (early.documents, early.total) == ([b"1"], 2)


async def test_a_rare_window_is_found_in_a_long_list(store: Store) -> None:
    drafts = [draft(f"L{n}", f"{n}".encode(), last_updated=n) for n in range(200)]
    await store.apply(put(*drafts))
    await store.apply(put(draft("L3", b"3", last_updated=900)))
    page = await store.page(PageQuery("location", (ALL,), 2, date_from=198))
    assert (page.documents, page.total) == ([b"3", b"198"], 3)
    rest = await store.page(PageQuery("location", (ALL,), 2, date_from=198, cursor=page.next))
    assert (rest.documents, rest.next) == ([b"199"], None)


async def test_a_wide_window_is_walked_through_in_order(store: Store) -> None:
    drafts = [
        draft(f"L{n}", f"{n}".encode(), last_updated=n % 10, audience=f"class {n % 2}")
        for n in range(500)
    ]
    await store.apply(put(*drafts))
    asked = PageQuery("location", ("class 0", "class 1"), 100, date_from=1, date_to=10)
    expected = [f"{n}".encode() for n in range(500) if n % 10]
    seen = (page := await store.page(asked)).documents
    while page.next is not None:
        assert page.total == 450
        page = await store.page(
            PageQuery(asked.kind, asked.audiences, 100, date_from=1, date_to=10, cursor=page.next)
        )
        seen = seen + page.documents
    assert seen == expected


async def test_tombstones_are_hidden_and_not_counted(store: Store) -> None:
    await fill(store, 4)
    await store.apply(put(draft("L9")))
    await store.apply(delete("L9"))
    page = await store.page(PageQuery("location", ("even", "odd", ALL), 10))
    assert (len(page.documents), page.total) == (4, 4)
    gone = await store.get(key("L9"))
    assert gone is not None
    assert gone.deleted


async def test_totals_follow_an_object_from_one_audience_to_another(store: Store) -> None:
    await fill(store, 4)
    await store.apply(put(draft("L0", b"0", audience="odd", last_updated=0)))
    assert (await store.page(PageQuery("location", ("odd",), 10))).total == 3
    assert (await store.page(PageQuery("location", ("even",), 10))).total == 1
    assert (await store.check()).ok


@pytest.mark.parametrize("dates", [False, True])
async def test_many_audiences_are_merged_in_order(store: Store, dates: bool) -> None:
    drafts = [
        draft(f"L{n}", f"{n}".encode(), audience=f"class {n % 120}", last_updated=n)
        for n in range(360)
    ]
    await store.apply(put(*drafts))
    asked = tuple(f"class {n}" for n in range(0, 120, 2))
    window = {"date_from": 0} if dates else {}
    page = await store.page(PageQuery("location", asked, 5, offset=58, **window))
    assert page.documents == [b"116", b"118", b"120", b"122", b"124"]
    assert page.total == 180
    rest = await store.page(PageQuery("location", asked, 2, cursor=page.next, **window))
    assert rest.documents == [b"126", b"128"]


async def test_scan_reads_all_live_rows_in_pieces(store: Store) -> None:
    own = [draft(f"L{n}", key=key(f"L{n}", owner=f"NL/{n % 2}")) for n in range(450)]
    await store.apply(put(*own))
    await store.apply(put(draft("T", key=key("T", kind="tariff"))))
    found = [row.key.id async for row in store.scan("location")]
    assert found == [f"L{n}" for n in range(450)]
    odd = [row.key.id async for row in store.scan("location", owner="NL/1")]
    assert odd == [f"L{n}" for n in range(1, 450, 2)]
    third = [row async for row in store.scan("location")][2]
    later = [row.key.id async for row in store.scan("location", after=third.created)]
    assert later == [f"L{n}" for n in range(3, 450)]


async def test_the_feed_gives_each_object_once_in_its_newest_state(store: Store) -> None:
    await fill(store, 3)
    await store.apply(put(draft("L0", b"new", audience="even", last_updated=5)))
    await store.apply(put(draft("X")))
    await store.apply(delete("X"))
    rows = await store.feed(1, 10)
    assert [(row.key.id, row.changed) for row in rows] == [
        ("L1", 2),
        ("L2", 3),
        ("L0", 4),
        ("X", 6),
    ]
    assert rows[-1].deleted
    assert [row.changed for row in await store.feed(3, 1)] == [4]
    assert await store.feed(6, 10) == []


async def test_a_scan_of_one_owner_gives_all_of_many_and_of_few(store: Store) -> None:
    """In their order, the deleted left out, on from any position."""
    many = [draft(f"L{n}", key=key(f"L{n}", owner="NL/1")) for n in range(230)]
    few = [draft(f"L{n}", key=key(f"L{n}", owner="NL/2")) for n in range(3)]
    for one in (few[:1], many[:120], few[1:2], many[120:], few[2:]):
        await store.apply(put(*one))
    names = [row.key.id async for row in store.scan("location", owner="NL/1")]
    assert names == [f"L{n}" for n in range(230)]
    rows = [row async for row in store.scan("location", owner="NL/2")]
    assert [row.key.id for row in rows] == ["L0", "L1", "L2"]
    after = rows[0].created
    assert [row async for row in store.scan("location", owner="NL/2", after=after)] == rows[1:]
    gone = [row async for row in store.scan("location", owner="NL/3")]
    assert gone == []
