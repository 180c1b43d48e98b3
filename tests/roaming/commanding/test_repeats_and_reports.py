"""The same request again, hosts that report later, and what the ledger tells."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from tests.roaming import objects
from tests.roaming.commanding.scene import (
    Host,
    Scene,
    equip,
    later,
    nothing,
    reserve,
    start,
    stop,
    until,
)
from tests.roaming.company import meet, role
from tests.roaming.conftest import Found

from voltroam.roaming.host import Order, Outcome
from voltroam.standard.errors import CallerError, NotFound
from voltroam.standard.v2_2_1 import CommandResultType, Role


async def never(_order: Order) -> None:
    await asyncio.Event().wait()


async def test_a_repeated_request_starts_once_and_gets_the_same_answer(scene: Scene) -> None:
    first = await scene.ask("START_SESSION", start(), request_id="REQ-1")
    await scene.one_result()
    again = await scene.ask("START_SESSION", start(), request_id="REQ-1")
    assert again.data == first.data
    assert len(scene.cpo.host.orders) == 1
    assert len(scene.results()) == 1
    assert (await scene.ask("START_SESSION", start(), request_id="REQ-2")).code == 1000
    await until(lambda: len(scene.cpo.host.orders) == 2)


async def test_a_turned_down_request_is_turned_down_again(scene: Scene) -> None:
    body = stop(session_id="S2")
    first = await scene.ask("STOP_SESSION", body, request_id="REQ-1")
    await scene.cpo.company.import_("sessions", objects.session(id="S2"))
    again = await scene.ask("STOP_SESSION", body, request_id="REQ-1")
    assert first.data == again.data
    assert again.data["result"] == "UNKNOWN_SESSION"


async def test_requests_at_once_in_several_processes_start_once(scene: Scene) -> None:
    """A load balancer repeats what it did not see answered."""
    begun = asyncio.Event()

    async def pondering(_order: Order) -> None:
        begun.set()
        await asyncio.sleep(0.1)

    scene.cpo.host.consideration = pondering
    other = scene.cpo.sibling()
    first = asyncio.create_task(scene.ask("START_SESSION", start(), request_id="REQ-1"))
    await begun.wait()
    handler = scene.cpo.company.dispatch
    scene.cpo.company.dispatch = equip_dispatch(other)
    more = [scene.ask("START_SESSION", start(), request_id="REQ-1") for _ in range(5)]
    answers = await asyncio.gather(first, *more)
    scene.cpo.company.dispatch = handler
    assert {answer.text.split(b'"timestamp"')[0] for answer in answers} == {
        answers[0].text.split(b'"timestamp"')[0]
    }
    await scene.one_result()
    assert len(scene.cpo.host.orders) == 1
    assert other.host.orders == []
    await other.close()


def equip_dispatch(live: Any) -> Any:
    from voltroam.roaming.dispatch import Dispatch
    from voltroam.roaming.serving import Serving

    company = live.company
    return Dispatch(
        Serving(company.store, company.directory, company.identity, company.table, company.router),
        {**company.registration.handlers(), **live.orders.handlers()},
    )


async def test_one_request_id_for_two_commands_is_refused(scene: Scene) -> None:
    await scene.ask("START_SESSION", start(), request_id="REQ-1")
    other = await scene.ask("START_SESSION", start(evse_uid="E1"), request_id="REQ-1")
    assert other.code == 2001
    await scene.one_result()
    assert len(scene.cpo.host.orders) == 1


async def test_equal_request_ids_of_two_partners_are_two_requests(
    scene: Scene, found: Found
) -> None:
    second = await found("second.example", role("FR/SEC", Role.EMSP))
    pair = await meet(scene.cpo.company, second)
    await scene.ask("START_SESSION", start(), request_id="REQ-1")
    body = start(token=objects.token(country_code="FR", party_id="SEC"))
    body["response_url"] = "https://second.example/x"
    headers = {"x-request-id": "REQ-1"}
    await pair.ask("POST", "receiver/commands/START_SESSION", body, headers=headers)
    await until(lambda: len(scene.cpo.host.orders) == 2)


async def test_request_ids_are_forgotten_after_a_while(scene: Scene) -> None:
    await scene.ask("START_SESSION", start(), request_id="REQ-1")
    await scene.settled("REFUSED")
    scene.forward(8 * 86_400)
    await scene.cpo.orders.look()
    assert await scene.cpo.company.store.records("order_request") == []


async def test_a_host_may_report_later(scene: Scene) -> None:
    """An answer by API: `carry_out` gives None, `report` tells."""
    scene.cpo.host.doing = nothing
    await scene.ask("START_SESSION", start())
    entry = await scene.settled("WAITING")
    assert scene.results() == []
    outcome = Outcome(result=CommandResultType.EVSE_INOPERATIVE)
    told = await scene.cpo.orders.report(entry.id, outcome)
    assert told.state == "RESULT_SENDING"
    assert await scene.one_result() == [{"result": "EVSE_INOPERATIVE"}]
    again = await scene.cpo.orders.report(entry.id, Outcome(result=CommandResultType.ACCEPTED))
    assert again.late is not None
    assert again.late.result == "ACCEPTED"
    await asyncio.sleep(0.05)
    assert len(scene.results()) == 1


async def test_a_report_may_reach_another_process(scene: Scene) -> None:
    scene.cpo.host.doing = nothing
    other = scene.cpo.sibling()
    await scene.ask("START_SESSION", start())
    entry = await scene.settled("WAITING")
    await other.orders.report(entry.id, Outcome(result=CommandResultType.ACCEPTED))
    assert await scene.one_result() == [{"result": "ACCEPTED"}]
    await asyncio.sleep(2.2)  # the deadline of the first process passes
    assert len(scene.results()) == 1
    final = await scene.order()
    assert final.late is None
    await other.close()


async def test_a_report_that_never_comes_is_a_timeout(scene: Scene) -> None:
    """CMD-RSP-09"""
    scene.cpo.host.doing = nothing
    answer = await scene.ask("START_SESSION", start())
    [result] = await scene.one_result()
    assert result["result"] == "TIMEOUT"
    order = await scene.order()
    assert order.deadline < order.received_at + timedelta(seconds=answer.data["timeout"])


async def test_reports_without_sense_are_refused(scene: Scene) -> None:
    outcome = Outcome(result=CommandResultType.ACCEPTED)
    with pytest.raises(NotFound):
        await scene.cpo.orders.report("none", outcome)
    await scene.ask("STOP_SESSION", stop())
    with pytest.raises(CallerError):
        await scene.cpo.orders.report((await scene.order()).id, outcome)
    with pytest.raises(CallerError):
        await scene.cpo.orders.report("none", "ACCEPTED")  # type: ignore[arg-type]


async def test_a_partner_that_left_gets_no_result(scene: Scene) -> None:
    plugged = asyncio.Event()

    async def slow(_order: Order) -> Outcome:
        await plugged.wait()
        return Outcome(result=CommandResultType.ACCEPTED)

    scene.cpo.host.doing = slow
    await scene.ask("START_SESSION", start())
    partner = await scene.cpo.company.partner("emsp.example")
    await scene.cpo.company.registration.remove(partner)
    scene.forward(2)
    plugged.set()
    assert (await scene.settled("REFUSED")).reason == "the partner is not registered any more"
    assert scene.results() == []


async def test_events_tell_of_orders_without_the_token(scene: Scene) -> None:
    await scene.ask("START_SESSION", start())
    await scene.settled("REFUSED")
    events = await scene.cpo.company.store.events(0, 1000)
    told = [event for event in events if event.key.startswith("orders/")]
    assert told[0].type == "command.received"
    states = [json.loads(event.document)["state"] for event in told]
    assert states == ["CONSIDERING", "ACCEPTED", "RESULT_SENDING", "REFUSED"]
    assert all(b"012345678" not in event.document for event in told)
    assert all(b"DE8ACC" not in event.document for event in told)


async def test_a_reservation_in_the_past_is_rejected(scene: Scene) -> None:
    answer = await scene.ask("RESERVE_NOW", reserve(expiry_date=later(-1)))
    assert answer.data["result"] == "REJECTED"


async def test_a_node_that_is_no_operator_takes_no_commands(found: Found) -> None:
    emsp = equip(await found("emsp.example", role("DE/MSP", Role.EMSP)), host=Host())
    other = await found("other.example", role("FR/OTH", Role.EMSP))
    pair = await meet(emsp.company, other)
    answer = await pair.ask("POST", "receiver/commands/START_SESSION", start())
    assert answer.http == 404
    await emsp.close()


async def test_one_process_goes_while_the_host_is_busy(scene: Scene) -> None:
    """An orderly end reports what it leaves."""
    scene.cpo.host.doing = never
    await scene.ask("START_SESSION", start())
    await scene.settled("ACCEPTED")
    await scene.cpo.orders.close()
    [result] = scene.results()
    assert result["result"] == "FAILED"
