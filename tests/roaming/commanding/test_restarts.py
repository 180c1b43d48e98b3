"""A process dies in the middle: what it left is finished or reported as failed, never repeated."""

import asyncio

from tests.roaming.commanding.scene import Live, Scene, nothing, reserve, start, until

from voltroam.roaming.commanding import OrderEntry
from voltroam.roaming.host import Order, Outcome
from voltroam.standard.v2_2_1 import CommandResultType

LEASE = 0.6
"""Seconds: that of the scene."""


def kill(live: Live) -> None:
    """As a crash would: nothing more is written, nothing sent, no lease kept."""
    for task in asyncio.all_tasks():
        name = getattr(task.get_coro(), "__qualname__", "")
        if name.startswith(("Carrying.", "Pulse.")):
            task.cancel()


async def never(_order: Order) -> None:
    await asyncio.Event().wait()


async def looked(live: Live, scene: Scene, state: str) -> OrderEntry:
    """What another process makes of it in the end."""
    for _ in range(100):
        await live.orders.look()
        entry = await scene.order()
        if entry.state == state:
            return entry
        await asyncio.sleep(0.05)
    raise AssertionError(f"it is {entry.state}")


async def test_an_order_whose_process_died_is_reported_as_failed(scene: Scene) -> None:
    """CMD-RSP-04, CMD-RSP-09: as soon as its lease is over, and before the timeout."""
    scene.cpo.host.doing = never
    await scene.ask("START_SESSION", start())
    await scene.settled("ACCEPTED")
    kill(scene.cpo)
    other = scene.cpo.sibling()
    await asyncio.sleep(LEASE + 0.1)
    scene.forward(LEASE + 0.1)
    entry = await looked(other, scene, "REFUSED")  # the stub's URL is no command of the eMSP
    assert entry.result is not None
    assert entry.result.result == "FAILED"
    assert [result["result"] for result in scene.results()] == ["FAILED"]
    assert len(scene.cpo.host.orders) == 1
    assert other.host.orders == []
    await other.close()


async def test_an_order_whose_process_lives_is_left_to_it(scene: Scene) -> None:
    plugged = asyncio.Event()

    async def slow(_order: Order) -> Outcome:
        await plugged.wait()
        return Outcome(result=CommandResultType.ACCEPTED)

    scene.cpo.host.doing = slow
    await scene.ask("START_SESSION", start())
    await scene.settled("ACCEPTED")
    other = scene.cpo.sibling()
    for _ in range(8):
        await asyncio.sleep(0.15)
        scene.forward(0.15)
        await other.orders.look()
    assert scene.results() == []
    plugged.set()
    assert await scene.one_result() == [{"result": "ACCEPTED"}]
    await other.close()


async def test_a_process_that_slept_is_overtaken_once(scene: Scene) -> None:
    """Taken for dead and yet alive: its outcome is noted, not sent."""
    plugged = asyncio.Event()

    async def slow(_order: Order) -> Outcome:
        await plugged.wait()
        return Outcome(result=CommandResultType.ACCEPTED)

    scene.cpo.host.doing = slow
    await scene.ask("START_SESSION", start())
    await scene.settled("ACCEPTED")
    other = scene.cpo.sibling()
    scene.forward(10)  # its clock stood still: the deadline is over
    entry = await looked(other, scene, "REFUSED")
    assert entry.result is not None
    assert entry.result.result == "TIMEOUT"
    plugged.set()
    for _ in range(100):
        entry = await scene.order()
        if entry.late is not None:
            break
        await asyncio.sleep(0.02)
    assert entry.late is not None
    assert entry.late.result == "ACCEPTED"
    assert len(scene.results()) == 1
    await other.close()


async def test_a_result_that_was_on_its_way_is_uncertain(scene: Scene) -> None:
    """CMD-RSP-07: it may have arrived, so it is not sent again."""
    sending = asyncio.Event()
    serve = scene.emsp.company.network.hosts["emsp.example"]

    async def hang(request: object) -> object:
        sending.set()
        await asyncio.Event().wait()
        return request

    scene.emsp.company.network.hosts["emsp.example"] = hang  # type: ignore[assignment]
    await scene.ask("START_SESSION", start())
    await sending.wait()
    kill(scene.cpo)
    scene.emsp.company.network.hosts["emsp.example"] = serve
    other = scene.cpo.sibling()
    await asyncio.sleep(LEASE + 0.1)
    scene.forward(LEASE + 0.1)
    await looked(other, scene, "UNCERTAIN")
    scene.forward(600)
    await other.orders.look()
    assert len(scene.results()) == 1
    await other.close()


async def test_an_order_that_was_being_considered_is_turned_down(scene: Scene) -> None:
    """CMD-RSP-05: nobody was told ACCEPTED, so nothing is posted; a repeat hears the same."""
    asked = asyncio.Event()

    async def ponder(_order: Order) -> None:
        asked.set()
        await asyncio.Event().wait()

    scene.cpo.host.consideration = ponder
    first = asyncio.create_task(scene.ask("START_SESSION", start(), request_id="REQ-1"))
    await asked.wait()
    kill(scene.cpo)
    first.cancel()
    other = scene.cpo.sibling()
    scene.forward(2)
    await looked(other, scene, "TURNED_DOWN")
    again = await scene.ask("START_SESSION", start(), request_id="REQ-1")
    assert again.data["result"] == "REJECTED"
    assert scene.results() == []
    assert scene.cpo.host.orders == other.host.orders == []
    await other.close()


async def test_a_repeat_after_the_restart_starts_nothing(scene: Scene) -> None:
    scene.cpo.host.doing = never
    first = await scene.ask("START_SESSION", start(), request_id="REQ-1")
    await scene.settled("ACCEPTED")
    kill(scene.cpo)
    again = await scene.ask("START_SESSION", start(), request_id="REQ-1")
    assert again.data == first.data
    await asyncio.sleep(0.05)
    assert len(scene.cpo.host.orders) == 1


async def test_a_report_may_come_after_a_restart(scene: Scene) -> None:
    """An order that waits for a report needs no process."""
    scene.cpo.host.doing = nothing
    await scene.ask("START_SESSION", start())
    entry = await scene.settled("WAITING")
    kill(scene.cpo)
    other = scene.cpo.sibling()
    await asyncio.sleep(LEASE + 0.1)
    scene.forward(LEASE + 0.1)
    await other.orders.look()
    assert scene.results() == []
    await other.orders.report(entry.id, Outcome(result=CommandResultType.ACCEPTED))
    assert await scene.one_result() == [{"result": "ACCEPTED"}]
    await other.close()


async def test_a_report_that_never_came_is_a_timeout_after_a_restart(scene: Scene) -> None:
    """CMD-RSP-09"""
    scene.cpo.host.doing = nothing
    await scene.ask("START_SESSION", start())
    await scene.settled("WAITING")
    kill(scene.cpo)
    other = scene.cpo.sibling()
    scene.forward(2.5)
    await looked(other, scene, "REFUSED")
    assert [result["result"] for result in scene.results()] == ["TIMEOUT"]
    await other.close()


async def test_a_reservation_of_a_process_that_died_is_opened_by_another(scene: Scene) -> None:
    """CMD-RES-01: its session begins although the process died between result and session."""
    scene.cpo.told.fault = RuntimeError("killed")
    await scene.ask("RESERVE_NOW", reserve())
    await scene.settled("REFUSED")
    kill(scene.cpo)
    other = scene.cpo.sibling()
    scene.forward(6)
    await other.orders.look()
    assert len(other.told.reserved) == 1
    await other.close()


async def test_many_that_look_post_once(scene: Scene) -> None:
    scene.cpo.host.doing = nothing
    await scene.ask("START_SESSION", start())
    await scene.settled("WAITING")
    kill(scene.cpo)
    others = [scene.cpo.sibling() for _ in range(4)]
    scene.forward(3)
    await asyncio.gather(*(other.orders.look() for other in others))
    await until(lambda: len(scene.results()) >= 1)
    await asyncio.gather(*(other.orders.look() for other in others))
    await asyncio.sleep(0.05)
    assert len(scene.results()) == 1
    for other in others:
        await other.close()


async def test_looking_at_what_is_done_does_nothing(scene: Scene) -> None:
    await scene.ask("START_SESSION", start())
    done = await scene.settled("REFUSED")
    scene.forward(3600)
    await scene.cpo.orders.look()
    assert await scene.order() == done
