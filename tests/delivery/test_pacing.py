"""A running session goes to each partner as often as it wants, and its end at once."""

import asyncio
from pathlib import Path

from tests.delivery.fakes import platform, session
from tests.delivery.node import Node, node, until

from voltroam.delivery.wanted import Entry, Wanted
from voltroam.roaming.platforms import Profile
from voltroam.standard.endpoints import SESSION
from voltroam.store.interface import ObjectKey, ObjectRow

S1 = "sessions/NL/OUR/S1"


def at(second: int) -> str:
    return f"2026-01-01T00:01:{second:02}Z"


async def grow(ours: Node, *seconds: int) -> None:
    for second in seconds:
        await ours.put(SESSION, session("S1", at=at(second), kwh=float(second)))
        await asyncio.sleep(0.02)


async def test_updates_within_the_interval_become_one(tmp_path: Path) -> None:
    """SES-FLOW-02, SES-OBJ-04"""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1", profile=Profile(session_interval=0.4)))
        ours.start()
        await grow(ours, 1)
        await until(lambda: partner.sent)
        await grow(ours, 2, 3, 4, 5)
        assert len(partner.sent) == 1
        await until(lambda: len(partner.sent) == 2)
        assert partner.sent[1].json == {"kwh": 5.0, "last_updated": at(5)}
        await ours.rest()
        assert len(partner.sent) == 2


async def test_a_change_of_status_goes_at_once(tmp_path: Path) -> None:
    """SES-FLOW-02: and takes what was held back with it."""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1", profile=Profile(session_interval=60.0)))
        ours.start()
        await grow(ours, 1)
        await until(lambda: partner.sent)
        await grow(ours, 2)
        ended = session("S1", at=at(3), kwh=3.0, status="COMPLETED", end_date_time=at(3))
        await ours.put(SESSION, ended)
        await ours.rest()
        assert len(partner.sent) == 2
        assert partner.holds(S1)["status"] == "COMPLETED"


async def test_without_an_interval_each_change_goes(tmp_path: Path) -> None:
    """SES-FLOW-02"""
    async with node(tmp_path) as ours:
        partner = await ours.join(platform("p1"))
        ours.start()
        for second in (1, 2, 3):
            await grow(ours, second)
            await ours.rest()
        assert len(partner.sent) == 3


def entry(name: str, changed: int, *, oldest: int | None = None) -> Entry:
    row = ObjectRow(ObjectKey("k", "o", name), "2.2.1", b"", 0, "a", changed=changed)
    return Entry(row, 0, changed if oldest is None else oldest, 0.0)


async def test_what_is_held_back_keeps_the_cursor_and_its_newest_state() -> None:
    """After a crash the lane reads it anew: the last state is never lost."""
    wanted = Wanted(lambda _entry: 10.0)
    wanted.add(entry("A", 5))
    wanted.add(entry("A", 7))
    assert (len(wanted), wanted.ready, wanted.settled(9)) == (1, False, 4)
    assert wanted.release(9.0) == 10.0
    assert wanted.take() is None
    assert wanted.release(10.0) is None
    taken = wanted.take()
    assert taken is not None
    assert taken.row.changed == 7
    wanted.land(taken)
    assert wanted.settled(9) == 9


async def test_what_may_go_now_takes_along_what_was_held() -> None:
    hold = 10.0
    wanted = Wanted(lambda _entry: hold)
    wanted.add(entry("A", 5))
    hold = 0.0
    wanted.add(entry("A", 6))
    taken = wanted.take()
    assert taken is not None
    assert (taken.row.changed, taken.oldest) == (6, 5)
    assert wanted.release(11.0) is None
    assert wanted.take() is None
