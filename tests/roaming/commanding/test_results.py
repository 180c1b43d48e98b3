"""Results that come to our own URLs: in time, late, twice, or to the wrong place."""

import asyncio
import json
from typing import Any

import pytest
from tests.roaming.commanding.scene import Live, Scene, equip, eventually, nothing
from tests.roaming.commanding.scripted import (
    ACCEPTED,
    CPO,
    RFID,
    SOON,
    Scripted,
    post,
    started,
)
from tests.roaming.company import Pair, answer_of

from voltroam.roaming.commanding import Command, CommandState
from voltroam.roaming.host import Order, Outcome
from voltroam.roaming.timed import timed_id
from voltroam.standard.errors import NotFound
from voltroam.standard.v2_2_1 import CommandResultType
from voltroam.wire.call import Response


async def test_a_result_may_overtake_the_answer(scene: Scene, script: Scripted) -> None:
    async def early() -> None:
        answer = await post(scene, script.body["response_url"], {"result": "ACCEPTED"})
        assert answer.code == 1000

    script.during, script.answer = early, ACCEPTED
    sent = await started(scene)
    assert sent.state is CommandState.RESULT
    assert sent.response is not None


async def test_no_result_in_time_is_a_time_out_and_a_late_one_is_shown(
    scene: Scene, script: Scripted
) -> None:
    """CMD-RSP-08"""
    script.answer = ACCEPTED
    sent = await started(scene)
    scene.forward(19)
    assert (await scene.emsp.commands.await_result(sent.id, 0)).state == "ANSWERED"
    scene.forward(1)
    assert (await scene.emsp.commands.await_result(sent.id)).state == "TIMED_OUT"
    answer = await post(scene, script.body["response_url"], {"result": "EVSE_OCCUPIED"})
    assert answer.code == 1000
    late = await scene.emsp.commands.get(sent.id)
    assert late is not None
    assert late.state is CommandState.LATE
    assert late.result is not None
    assert late.result.result == "EVSE_OCCUPIED"


async def test_a_result_before_anybody_looked_is_late_all_the_same(
    scene: Scene, script: Scripted
) -> None:
    """CMD-RSP-08"""
    script.answer = ACCEPTED
    sent = await started(scene)
    scene.forward(21)
    await post(scene, script.body["response_url"], {"result": "ACCEPTED"})
    late = await scene.emsp.commands.get(sent.id)
    assert late is not None
    assert late.state is CommandState.LATE


async def test_a_process_that_dies_while_sending_leaves_an_uncertain_command(
    scene: Scene, script: Scripted
) -> None:
    """CMD-RSP-08: never sent again."""
    hanging = asyncio.Event()

    async def hang() -> None:
        hanging.set()
        await asyncio.sleep(60)

    script.during = hang
    task = asyncio.create_task(started(scene))
    await hanging.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    [left] = await scene.emsp.commands.newest(10)
    assert left.state is CommandState.SENDING
    scene.forward(76)
    await scene.emsp.commands.look()
    [left] = await scene.emsp.commands.newest(10)
    assert left.state is CommandState.UNCERTAIN
    script.during = None
    scene.forward(61)
    await scene.emsp.commands.look()
    [left] = await scene.emsp.commands.newest(10)
    assert left.state is CommandState.TIMED_OUT
    assert len(script.asked) == 1


async def test_an_unknown_url_is_404(scene: Scene, script: Scripted, stranger: Pair) -> None:
    """CMD-RSP-12: also for everybody but the platform that got the command."""
    script.answer = ACCEPTED
    sent = await started(scene)
    url = script.body["response_url"]
    for wrong in (
        url.replace(sent.id, timed_id(5)),
        url.replace(sent.id, "guess"),
        url.replace("START_SESSION", "STOP_SESSION"),
    ):
        answer = await post(scene, wrong, {"result": "ACCEPTED"})
        assert answer.http == 404
    partner = await stranger.sender.partner("emsp.example")
    assert partner.token_sealed is not None
    token = stranger.sender.vault.open(partner.token_sealed)
    assert (await post(scene, url, {"result": "ACCEPTED"}, token=token)).http == 404
    held = await scene.emsp.commands.get(sent.id)
    assert held == sent
    assert (await post(scene, url, {"result": "ACCEPTED"})).code == 1000


@pytest.mark.parametrize("body", [{}, {"result": "PERHAPS"}, {"result": None}, []])
async def test_a_result_that_is_none_is_2001(scene: Scene, script: Scripted, body: Any) -> None:
    """CMD-DT-03: CANCELED has one L."""
    script.answer = ACCEPTED
    sent = await started(scene)
    url = script.body["response_url"]
    assert (await post(scene, url, body)).code == 2001
    assert (await post(scene, url, {"result": "CANCELLED_RESERVATION"})).code == 2001
    assert (await post(scene, url, b"{")).http == 400
    assert (await post(scene, url, b"")).http == 400
    held = await scene.emsp.commands.get(sent.id)
    assert held == sent


async def test_a_repeated_result_changes_nothing_and_another_is_refused(
    scene: Scene, script: Scripted
) -> None:
    """CMD-RSP-11"""
    script.answer = ACCEPTED
    sent = await started(scene)
    url = script.body["response_url"]
    assert (await post(scene, url, {"result": "ACCEPTED"})).code == 1000
    first = await scene.emsp.commands.get(sent.id)
    for _ in range(2):
        scene.forward(1)
        assert (await post(scene, url, {"result": "ACCEPTED"})).code == 1000
    assert (await post(scene, url, {"result": "FAILED"})).code == 2001
    held = await scene.emsp.commands.get(sent.id)
    assert held == first
    assert held is not None
    assert held.succeeded


async def reserved(scene: Scene, script: Scripted) -> tuple[Command, str]:
    script.answer = ACCEPTED
    made = await scene.emsp.commands.reserve_now(
        CPO, token=RFID, location_id="LOC1", expiry_date=SOON
    )
    url = script.body["response_url"]
    assert (await post(scene, url, {"result": "ACCEPTED"})).code == 1000
    return made, url


async def test_the_url_of_a_reservation_lives_as_long_as_it(scene: Scene, script: Scripted) -> None:
    """CMD-RES-09, CMD-RES-08: long after the first result."""
    made, url = await reserved(scene, script)
    scene.forward(3000)
    await scene.emsp.commands.look()
    said = {"result": "CANCELED_RESERVATION", "message": [{"language": "en", "text": "Defect"}]}
    for _ in range(2):
        assert (await post(scene, url, said)).code == 1000
    held = await scene.emsp.commands.get(made.id)
    assert held is not None
    assert held.state is CommandState.CANCELED
    assert held.result is not None
    assert held.canceled is not None
    assert (held.result.result, held.canceled.result) == ("ACCEPTED", "CANCELED_RESERVATION")
    assert not held.succeeded
    told = await scene.emsp.company.store.events(0, 1000)
    last = [event for event in told if event.key == f"commands/{made.id}"][-1]
    assert json.loads(last.document)["state"] == "CANCELED"


async def test_after_a_reservation_its_url_is_gone(scene: Scene, script: Scripted) -> None:
    """CMD-RES-09"""
    made, url = await reserved(scene, script)
    scene.forward(3601)
    assert (await post(scene, url, {"result": "CANCELED_RESERVATION"})).http == 404
    held = await scene.emsp.commands.get(made.id)
    assert held is not None
    assert held.state is CommandState.RESULT


async def test_a_result_in_another_process_is_seen_at_once(scene: Scene) -> None:
    """Two processes: one sent, the other got the result."""
    pressed = asyncio.Event()

    async def slow(_order: Order) -> Outcome:
        await pressed.wait()
        return Outcome(result=CommandResultType.ACCEPTED)

    scene.cpo.host.doing = slow
    other: Live = equip(scene.emsp.company, install=False)
    sent = await other.commands.start_session(CPO, token=RFID, location_id="LOC1")
    waiting = asyncio.create_task(other.commands.await_result(sent.id, 60))
    await asyncio.sleep(0.05)
    pressed.set()
    await eventually(lambda: scene.emsp.commands.get(sent.id), lambda held: held.state == "RESULT")
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await waiting).succeeded
    assert loop.time() - began < 5
    await other.close()


async def test_waiting_ends_with_its_own_time(scene: Scene) -> None:
    scene.cpo.host.doing = nothing
    sent = await started(scene)
    assert (await scene.emsp.commands.await_result(sent.id, 0.1)).state == "ANSWERED"
    with pytest.raises(NotFound):
        await scene.emsp.commands.await_result("none")


async def test_the_newest_come_first(scene: Scene, script: Scripted) -> None:
    script.answer = ACCEPTED
    sent = []
    for _ in range(5):
        sent.append((await started(scene)).id)
        scene.forward(1)
    first = await scene.emsp.commands.newest(2)
    rest = await scene.emsp.commands.newest(10, before=first[-1].id)
    assert [command.id for command in (*first, *rest)] == sent[::-1]


async def test_the_ledger_names_no_token(scene: Scene, script: Scripted) -> None:
    """A partner that says the token back does not get it into the ledger either."""
    text = "no such token 012345678 of DE8ACC12E46L89"
    body = {"status_code": 2004, "status_message": text, "timestamp": "2026-11-22T12:00:00Z"}
    script.answer = Response(200, {}, json.dumps(body).encode())
    sent = await started(scene)
    assert sent.state is CommandState.REFUSED
    kept = await scene.emsp.company.store.records("command")
    events = await scene.emsp.company.store.events(0, 100)
    for document in [record.document for record in kept] + [event.document for event in events]:
        assert b"012345678" not in document
        assert b"DE8ACC12E46L89" not in document


async def test_a_bad_http_answer_is_read(scene: Scene) -> None:
    """The scripted envelope is one that our own reader takes: the tests above mean something."""
    assert answer_of(ACCEPTED).data == {"result": "ACCEPTED", "timeout": 20}
