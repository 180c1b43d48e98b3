"""A program that is interrupted: `asyncio.run` cancels every task and waits for all of them."""

import asyncio

import pytest
from tests.store.changes import count_up, draft, put

from voltroam.standard.errors import NodeError
from voltroam.store.interface import Store


async def test_who_waits_for_a_write_when_all_tasks_are_cancelled_is_answered(
    store: Store,
) -> None:
    """Else a lane that notes where it stands while it is cancelled would wait for ever."""
    ours = asyncio.current_task()

    async def notes_at_its_end() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            return await store.apply(count_up("A"))  # noqa: B012 - what the end of a job may do

    jobs = [asyncio.create_task(notes_at_its_end()) for _ in range(3)]
    await store.apply(put(draft("L1")))
    rest = asyncio.all_tasks() - {ours}
    for task in rest:
        task.cancel()
    done, pending = await asyncio.wait(rest, timeout=30)
    assert not pending
    assert done.issuperset(jobs)
    for job in jobs:
        if fault := job.exception():
            assert isinstance(fault, NodeError)
    with pytest.raises(NodeError):
        await store.apply(count_up("A"))
