"""Random histories against a plain dictionary: the store and the model never differ."""

import asyncio
import itertools
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.counts import times
from tests.store.changes import draft, key, put

from voltroam.store.interface import ObjectDraft, PageQuery, Store
from voltroam.store.migrations import migrate
from voltroam.store.open import open_store

AUDIENCES = ("one", "two", "-")


@dataclass
class Put:
    name: str
    document: bytes
    audience: str
    last_updated: int
    deleted: bool


@dataclass
class Entry:
    put: Put
    created: int
    changed: int


@dataclass
class Model:
    """What the documentation of the store says, in the plainest form."""

    rows: dict[str, Entry] = field(default_factory=dict)
    head: int = 0

    def group(self, puts: list[Put]) -> None:
        """All in one change: the last write of each name counts."""
        numbered: dict[str, int] = {}
        for one in puts:
            held = self.rows.get(one.name)
            if held and held.put == one:
                continue
            if one.name not in numbered:
                self.head += 1
                numbered[one.name] = self.head
            number = numbered[one.name]
            new = held is None or (held.put.deleted and not one.deleted)
            self.rows[one.name] = Entry(
                one, number if new or held is None else held.created, number
            )

    def page(self, audiences: tuple[str, ...], start: int, end: int) -> list[bytes]:
        rows = [
            row
            for row in self.rows.values()
            if not row.put.deleted
            and row.put.audience in audiences
            and start <= row.put.last_updated < end
        ]
        return [row.put.document for row in sorted(rows, key=lambda row: row.created)]


puts = st.builds(
    Put,
    name=st.sampled_from("ABCDE"),
    document=st.sampled_from([b"1", b"2"]),
    audience=st.sampled_from(AUDIENCES),
    last_updated=st.integers(0, 5),
    deleted=st.booleans(),
)
histories = st.lists(st.lists(puts, min_size=1, max_size=4), max_size=8)


async def compare(store: Store, model: Model) -> None:
    assert await store.head() == model.head
    feed = [(row.key.id, row.changed, row.created) for row in await store.feed(0, 100)]
    rows = sorted(model.rows.items(), key=lambda item: item[1].changed)
    assert feed == [(name, row.changed, row.created) for name, row in rows]
    for name, entry in model.rows.items():
        row = await store.get(key(name))
        assert row is not None
        assert (row.document, row.deleted) == (entry.put.document, entry.put.deleted)
        assert (row.audience, row.last_updated) == (entry.put.audience, entry.put.last_updated)
    for count, (start, end) in itertools.product((1, 2), ((0, 9), (2, 4))):
        for audiences in itertools.combinations(AUDIENCES, count):
            dates: dict[str, int] = {} if end == 9 else {"date_from": start, "date_to": end}
            expected = model.page(audiences, start, end)
            page = await store.page(PageQuery("location", audiences, 2, offset=1, **dates))
            assert (page.documents, page.total) == (expected[1:3], len(expected))
            if page.next is None:
                assert len(expected) <= 3
                continue
            rest = await store.page(PageQuery("location", audiences, 9, cursor=page.next, **dates))
            assert rest.documents == expected[3:]


def as_draft(one: Put) -> ObjectDraft:
    return draft(
        one.name,
        one.document,
        audience=one.audience,
        last_updated=one.last_updated,
        deleted=one.deleted,
    )


async def replay(url: str, history: list[list[Put]]) -> None:
    await migrate(url)
    store = await open_store(url)
    model = Model()
    try:
        for group in history:
            # Alone in the queue together: one transaction, in this order.
            await asyncio.gather(*[store.apply(put(as_draft(one))) for one in group])
            model.group(group)
        await compare(store, model)
        assert (await store.check()).ok
    finally:
        await store.close()


ON_SQLITE = times(40, full=400)
ON_POSTGRESQL = times(20, full=200)


def modest(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.mark.soak(f"{ON_SQLITE} histories of writes")
@modest(ON_SQLITE)
@given(history=histories)
def test_sqlite_behaves_like_a_dictionary(history: list[list[Put]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(replay(f"sqlite:///{Path(directory)}/node.db", history))


@pytest.mark.soak(f"{ON_POSTGRESQL} histories of writes")
@modest(ON_POSTGRESQL)
@given(history=histories)
def test_postgresql_behaves_like_a_dictionary(postgres_url: str, history: list[list[Put]]) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(postgres_url)
        await connection.execute("drop schema public cascade; create schema public")
        await connection.close()
        await replay(postgres_url, history)

    asyncio.run(run())
