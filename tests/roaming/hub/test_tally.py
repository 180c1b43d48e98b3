"""Counts of several processes, by five minutes, without the calls themselves."""

from typing import Any

from tests.roaming.company import Clock, Company

from voltroam.roaming.hub.tally import KEPT, TALLY, WINDOW, Tally
from voltroam.roaming.hub.trace import Hop
from voltroam.roaming.later import Later
from voltroam.roaming.platforms import Phase, Platform, Status
from voltroam.standard.status import StatusCode


def hop(platform: str | None = "p1", code: int = 1000, **more: Any) -> Hop:
    return Hop(
        id="1", at=1, correlation_id="c", request_id="r", caller="p0", call="GET", row="14",
        reason="", platform=platform, http=200, code=code, ms=2.0, **more,
    )  # fmt: skip


def tally(cpo: Company, clock: Clock) -> Tally:
    return Tally(cpo.store, cpo.directory, Later(cpo.store), clock)


async def test_what_two_processes_counted_is_added_up(cpo: Company, clock: Clock) -> None:
    one, other = tally(cpo, clock), tally(cpo, clock)
    one.note(hop(there_ms=3.0))
    one.note(hop(code=StatusCode.FORWARD_TIMEOUT, fault="too late"))
    other.note(hop(code=StatusCode.CONNECTION_PROBLEM, fault="nobody"))
    other.note(hop(code=StatusCode.HUB_ERROR, fault="HTTP 500"))
    other.note(hop(platform=None, code=StatusCode.UNKNOWN_RECEIVER))
    await other.since(0)
    count = (await one.since(0))["p1"]
    assert (count.calls, count.silent, count.unusable, sum(count.times)) == (4, 2, 1, 1)


async def test_an_error_that_the_receiver_gave_is_its_answer(cpo: Company, clock: Clock) -> None:
    one = tally(cpo, clock)
    one.note(hop(code=2001))
    one.note(hop(code=StatusCode.HUB_ERROR))
    count = (await one.since(0))["p1"]
    assert (count.calls, count.silent, count.unusable) == (2, 0, 0)


async def test_only_the_time_that_is_asked_about_counts(cpo: Company, clock: Clock) -> None:
    one = tally(cpo, clock)
    one.note(hop())
    one.write()
    clock.forward(WINDOW / 1_000_000)
    one.note(hop())
    one.note(hop())
    assert (await one.since(clock.micros))["p1"].calls == 2
    assert (await one.since(clock.micros - WINDOW))["p1"].calls == 3


async def test_who_is_connected_is_looked_at(cpo: Company, clock: Clock) -> None:
    for name, status, phase in (
        ("up", Status.CONNECTED, Phase.REGISTERED),
        ("down", Status.OFFLINE, Phase.REGISTERED),
        ("out", Status.SUSPENDED, Phase.REGISTERED),
        ("new", Status.PLANNED, Phase.INVITED),
    ):
        await cpo.directory.save(Platform(id=name, name=name, phase=phase, status=status))
    one = tally(cpo, clock)
    await one.look()
    await one.look()
    found = await one.since(0)
    assert {name: (it.looks, it.connected) for name, it in found.items()} == {
        "up": (2, 2), "down": (2, 0),
    }  # fmt: skip


async def test_counts_are_due_to_go_after_a_day(cpo: Company, clock: Clock) -> None:
    one = tally(cpo, clock)
    one.note(hop())
    await one.since(0)
    (record,) = await cpo.store.records(TALLY)
    assert record.due is not None
    assert clock.micros < record.due <= clock.micros + KEPT
