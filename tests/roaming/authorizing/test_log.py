"""The log behind the answers: durable soon, bounded, and never in the way."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.roaming.company import Company

from voltroam.roaming.authorizing.log import AuthorizationLog, Entry, Side
from voltroam.standard.errors import NodeError
from voltroam.store.interface import Change, Store


class Refusing:
    """A store whose disk is full for as long as `full` says."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.full = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def apply(self, change: Change[Any]) -> Any:
        if self.full:
            raise NodeError("disk full")
        return await self._store.apply(change)


@pytest.fixture
def make(emsp: Company) -> Callable[..., AuthorizationLog]:
    def build(store: Any = None, **options: Any) -> AuthorizationLog:
        return AuthorizationLog(
            store or emsp.store, emsp.vault, now=emsp.clock, **{"within": 0.01} | options
        )

    return build


def entry(log: AuthorizationLog, emsp: Company, answer: str = "ALLOWED") -> Entry:
    emsp.clock.forward(0.001)
    return Entry(
        id=log.new_id(), at=emsp.clock(), side=Side.GIVEN, token=log.fingerprint("A"), type="RFID",
        answer=answer, by="tokens", ms=0.1, partner="p",
    )  # fmt: skip


async def test_entries_reach_the_disk_by_themselves(
    emsp: Company, make: Callable[..., AuthorizationLog]
) -> None:
    log = make()
    noted = [entry(log, emsp) for _ in range(450)]
    for one in noted:
        log.note(one)
    async with asyncio.timeout(60):
        while len(await emsp.store.records("authorization")) < 450:
            await asyncio.sleep(0.01)
    first = await log.newest(10)
    assert first == noted[:-11:-1]
    assert (await log.newest(10, before=first[-1].id))[0] == noted[-11]
    assert len(await emsp.store.events(0, 1000)) == 450
    await log.close()


async def test_closing_writes_the_rest(
    emsp: Company, make: Callable[..., AuthorizationLog]
) -> None:
    log = make(within=60)
    log.note(entry(log, emsp))
    assert await emsp.store.records("authorization") == []
    await log.close()
    assert len(await emsp.store.records("authorization")) == 1


async def test_a_disk_that_comes_back_loses_nothing(
    emsp: Company, make: Callable[..., AuthorizationLog]
) -> None:
    store, heard = Refusing(emsp.store), list[NodeError]()
    log = make(store, report=heard.append)
    log.note(entry(log, emsp))
    async with asyncio.timeout(60):
        while not heard:
            await asyncio.sleep(0.01)
        store.full = False
        while not await emsp.store.records("authorization"):
            await asyncio.sleep(0.01)
    assert log.lost == 0
    await log.close()


async def test_a_disk_that_stays_full_costs_the_oldest_entries_only(
    emsp: Company, make: Callable[..., AuthorizationLog]
) -> None:
    store = Refusing(emsp.store)
    log = make(store, within=60, most=3)
    for number in range(5):
        log.note(entry(log, emsp, str(number)))
    assert log.lost == 2
    store.full = False
    await log.close()
    assert [it.answer for it in await log.newest()] == ["4", "3", "2"]


async def test_what_the_disk_refuses_at_the_end_is_counted(
    emsp: Company, make: Callable[..., AuthorizationLog]
) -> None:
    log = make(Refusing(emsp.store), within=60)
    log.note(entry(log, emsp))
    await log.close()
    assert log.lost == 1


async def test_fingerprints_compare_without_case(
    make: Callable[..., AuthorizationLog],
) -> None:
    log = make()
    assert log.fingerprint("04a1") == log.fingerprint("04A1")
    assert log.fingerprints("04a1") == (log.fingerprint("04A1"),)
    assert log.fingerprint("04a2") != log.fingerprint("04a1")


async def test_what_comes_while_a_group_is_written_waits_for_the_next_one(
    emsp: Company, make: Callable[..., AuthorizationLog]
) -> None:
    """Else a busy node would commit without a pause, a few entries each time."""

    class Busy(Refusing):
        groups = 0

        async def apply(self, change: Change[Any]) -> Any:
            self.groups += 1
            assert self.groups < 100
            log.note(entry(log, emsp))
            return await self._store.apply(change)

    busy = Busy(emsp.store)
    log = make(busy, within=60)
    log.note(entry(log, emsp))
    assert await log.flush()
    assert (busy.groups, len(await emsp.store.records("authorization"))) == (1, 1)
    busy.full = False
    await log.close()
    assert busy.groups == 2
