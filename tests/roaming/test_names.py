"""The tables of names that conversions need are durable and the same for every process."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from voltroam.bridge.named import reservation_down
from voltroam.roaming.names import NameTables, NameTaken, Pair, forget, rewritten
from voltroam.store.interface import Change, Decision, Held, RecordDraft, Store
from voltroam.store.open import open_store


@pytest_asyncio.fixture
async def store(empty_database: Path, tmp_path: Path) -> AsyncIterator[Store]:
    file = tmp_path / "node.db"
    shutil.copy(empty_database, file)
    store = await open_store(f"sqlite:///{file}")
    yield store
    await store.close()


async def test_what_is_kept_is_known_to_every_process_and_to_no_other_partner(
    store: Store,
) -> None:
    """R211-049, R211-094"""
    here, there = NameTables(store), NameTables(store)
    names = await here.of("p1")
    names.pair("Location", "short", "long")
    names.pair("Location", "short", "long")
    assert (await there.of("p1")).home("Location", "long") is None
    await here.keep(names)
    known = await there.of("p1")
    assert known.home("Location", "long") == "short"
    assert known.theirs("Location", "short") == "long"
    assert known.home("EVSE", "long") is None
    assert (await there.of("p2")).home("Location", "long") is None


async def test_processes_that_name_at_once_read_each_other(store: Store) -> None:
    here, there = NameTables(store), NameTables(store)
    mine, yours = await here.of("p1"), await there.of("p1")
    mine.pair("EVSE", "a", "A" * 39)
    yours.pair("EVSE", "b", "B" * 39)
    yours.pair("EVSE", "a", "A" * 39)
    await here.keep(mine)
    await there.keep(yours)
    assert yours.fresh == []
    found = await NameTables(store).of("p1")
    assert found.count == 2
    assert (found.home("EVSE", "A" * 39), found.home("EVSE", "B" * 39)) == ("a", "b")
    await here.keep(mine)


async def test_a_number_that_another_process_gave_away_is_not_given_twice(store: Store) -> None:
    """R211-094, R211-095"""
    here, there = NameTables(store), NameTables(store)
    mine, yours = await here.of("p1"), await there.of("p1")
    mine.pair("reservation", "one", "7")
    yours.pair("reservation", "two", "7")
    await here.keep(mine)
    with pytest.raises(NameTaken):
        await there.keep(yours)
    assert yours.home("reservation", "7") == "one"
    assert reservation_down("two", yours) != 7
    assert reservation_down("7", yours) == 8
    await there.keep(yours)
    assert (await here.of("p1")).home("reservation", "8") == "7"


async def test_many_names_are_read_in_pieces(store: Store) -> None:
    names = await NameTables(store).of("p1")
    for number in range(1100):
        names.pair("token-type NL/AAA", f"APP_USER|{number}", str(number))
    await NameTables(store).keep(names)
    found = await NameTables(store).of("p1")
    assert found.count == 1100
    assert found.home("token-type NL/AAA", "1099") == "APP_USER|1099"


async def test_a_partner_that_is_gone_leaves_no_names(store: Store) -> None:
    tables = NameTables(store)
    names = await tables.of("p1")
    names.pair("EVSE", "a", "A" * 39)
    await tables.keep(names)
    elsewhere = NameTables(store)
    assert (await elsewhere.of("p1")).home("EVSE", "A" * 39) == "a"
    await forget(store, "p1")
    await forget(store, "nobody")
    assert (await tables.of("p1")).home("EVSE", "A" * 39) is None
    assert await store.records("bridge_name", parent="p1") == []
    assert (await NameTables(store).of("p1")).count == 0
    new = await tables.of("p1")
    new.pair("EVSE", "b", "A" * 39)
    new.pair("EVSE", "c", "C" * 39)
    await tables.keep(new)
    assert (await elsewhere.of("p1")).home("EVSE", "A" * 39) == "b"
    assert (await elsewhere.of("p1")).theirs("EVSE", "a") is None


async def test_names_that_were_rewritten_are_read_again(store: Store) -> None:
    here, there = NameTables(store), NameTables(store)
    names = await here.of("p1")
    names.pair("Token", "short", "UID" * 13)
    await here.keep(names)
    assert (await there.of("p1")).theirs("Token", "short") == "UID" * 13
    (pair,) = await store.records("bridge_name", parent="p1")

    def decide(_held: Held) -> Decision[None]:
        gone = msgspec.json.encode(Pair("Token", "short", "pseudonym"))
        return Decision(None, records=(RecordDraft(pair.key, gone, pair.parent),))

    await store.apply(Change(decide))
    await rewritten(store, "p1")
    for tables in (here, there):
        read = await tables.of("p1")
        assert read.theirs("Token", "short") == "pseudonym"
        assert read.home("Token", "UID" * 13) is None


async def test_a_name_that_another_task_found_taken_is_known_to_who_gave_it(store: Store) -> None:
    """Both converted with the same tables: who did not look must not go on with the name."""
    here, there = NameTables(store), NameTables(store)
    mine, yours = await here.of("p1"), await there.of("p1")
    mine.pair("reservation", "one", "7")
    await here.keep(mine)
    yours.pair("reservation", "two", "7")
    before = len(yours.taken)
    await there.of("p1")
    await there.keep(yours)
    assert len(yours.taken) == before + 1
