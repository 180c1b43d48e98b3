"""Records that no answer waits for are written once, and only what there is no room for is lost."""

import asyncio
from typing import Any, cast

import pytest

from voltroam.roaming.later import Later
from voltroam.standard.errors import Overloaded
from voltroam.store.interface import RecordDraft, RecordKey, Store


class SlowStore:
    """Takes a change when it is let to, and refuses it when it is told to."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.begun = asyncio.Event()
        self.open = asyncio.Event()
        self.refuses = False

    async def apply(self, change: Any) -> None:
        self.begun.set()
        await self.open.wait()
        if self.refuses:
            raise Overloaded("full")
        self.written += [draft.key.id for draft in change.decide(None).records]


def draft(name: str) -> RecordDraft:
    return RecordDraft(RecordKey("log", name), b"{}", "", new=True)


async def begun(later: Later, store: SlowStore, *names: str) -> "asyncio.Task[bool]":
    for name in names:
        later.note(draft(name))
    flushing = asyncio.create_task(later.flush())
    await asyncio.wait_for(store.begun.wait(), 60)
    return flushing


@pytest.fixture
async def store() -> SlowStore:
    return SlowStore()


def gathering(store: SlowStore, most: int) -> Later:
    return Later(cast("Store", store), within=60, most=most)


async def test_what_comes_during_a_write_takes_the_place_of_nothing_that_waits(
    store: SlowStore,
) -> None:
    later = gathering(store, 3)
    flushing = await begun(later, store, "a", "b", "c")
    for name in "def":
        later.note(draft(name))
    store.open.set()
    assert await flushing
    await later.close()
    assert store.written == list("abcdef")
    assert later.lost == 0


async def test_what_was_refused_is_tried_again_as_far_as_there_is_room(store: SlowStore) -> None:
    """The oldest go first."""
    later = gathering(store, 3)
    store.refuses = True
    flushing = await begun(later, store, "a", "b")
    later.note(draft("c"))
    later.note(draft("d"))
    store.open.set()
    assert not await flushing
    assert later.lost == 1
    store.refuses = False
    await later.close()
    assert store.written == ["b", "c", "d"]


async def test_a_write_that_is_cancelled_is_not_forgotten(store: SlowStore) -> None:
    later = gathering(store, 9)
    flushing = await begun(later, store, "a", "b")
    flushing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await flushing
    store.open.set()
    await later.close()
    assert store.written == ["a", "b"]
    assert later.lost == 0
