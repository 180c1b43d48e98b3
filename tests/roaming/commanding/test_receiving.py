"""Commands that reach us: checked, considered, answered, carried out, reported."""

import asyncio
import json
from typing import Any

import pytest
from tests.roaming import objects
from tests.roaming.commanding.scene import (
    CALLBACK,
    Json,
    Scene,
    cancel,
    reserve,
    start,
    stop,
    unlock,
)

from voltroam.roaming.host import Considered, Order, Outcome
from voltroam.standard.v2_2_1 import CommandResponseType, CommandResultType

BODIES: dict[str, Json] = {
    "START_SESSION": start(),
    "STOP_SESSION": stop(),
    "RESERVE_NOW": reserve(),
    "CANCEL_RESERVATION": cancel(),
    "UNLOCK_CONNECTOR": unlock(),
}


def is_response(data: Any) -> bool:
    """CMD-DT-03: two members that are always there."""
    return (
        set(data) <= {"result", "timeout", "message"}
        and data["result"] in {"NOT_SUPPORTED", "REJECTED", "ACCEPTED", "UNKNOWN_SESSION"}
        and type(data["timeout"]) is int
        and isinstance(data.get("message", []), list)
    )


@pytest.mark.parametrize("command", BODIES)
async def test_each_command_has_its_path(scene: Scene, command: str) -> None:
    """CMD-EP-01, CMD-RSP-02, CMD-DT-03, CMD-RSP-03"""
    answer = await scene.ask(command, BODIES[command])
    assert (answer.http, answer.code) == (200, 1000)
    assert is_response(answer.data)


async def test_no_other_command_and_no_other_method(scene: Scene) -> None:
    """CMD-EP-01, CMD-EP-03"""
    assert (await scene.ask("EXPLODE", start())).http == 404
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        answer = await scene.pair.ask(method, "receiver/commands/START_SESSION")
        assert answer.http == 405
        assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("command", "member"),
    [
        ("START_SESSION", "response_url"),
        ("START_SESSION", "token"),
        ("START_SESSION", "location_id"),
        ("STOP_SESSION", "session_id"),
        ("STOP_SESSION", "response_url"),
        ("RESERVE_NOW", "expiry_date"),
        ("RESERVE_NOW", "reservation_id"),
        ("RESERVE_NOW", "location_id"),
        ("RESERVE_NOW", "token"),
        ("CANCEL_RESERVATION", "reservation_id"),
        ("UNLOCK_CONNECTOR", "evse_uid"),
        ("UNLOCK_CONNECTOR", "connector_id"),
        ("UNLOCK_CONNECTOR", "location_id"),
    ],
)
async def test_a_missing_member_is_2001_with_its_path(
    scene: Scene, command: str, member: str
) -> None:
    """CMD-DT-01, CMD-DT-02"""
    body = {name: value for name, value in BODIES[command].items() if name != member}
    answer = await scene.ask(command, body)
    assert (answer.http, answer.code) == (200, 2001)
    assert f"$.{member}" in answer.message
    assert scene.cpo.host.considered == []


@pytest.mark.parametrize(
    "change",
    [
        {"connector_id": "1"},
        {"location_id": "x" * 37},
        {"token": {"uid": "1"}},
        {"response_url": "https://evil.example/x"},
        {"response_url": "https://emsp.example:444/x"},
        {"response_url": "https://emsp.example@evil.example/x"},
        {"response_url": "file:///etc/passwd"},
    ],
)
async def test_bad_members_are_2001_and_nobody_is_called(scene: Scene, change: Json) -> None:
    """CMD-START-07, CMD-DT-01: the URL must be at a host of the partner."""
    answer = await scene.ask("START_SESSION", start(**change))
    assert (answer.http, answer.code) == (200, 2001)
    assert scene.results() == []
    assert scene.cpo.host.considered == []


async def test_a_body_is_needed(scene: Scene) -> None:
    assert (await scene.pair.ask("POST", "receiver/commands/START_SESSION")).http == 400
    assert (await scene.pair.ask("POST", "receiver/commands/START_SESSION", b"{")).http == 400


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("START_SESSION", start(location_id="LOC9")),
        ("RESERVE_NOW", reserve(location_id="LOC9")),
        ("UNLOCK_CONNECTOR", unlock(location_id="LOC9")),
        ("START_SESSION", start(evse_uid="E9")),
        ("RESERVE_NOW", reserve(evse_uid="E9")),
        ("UNLOCK_CONNECTOR", unlock(evse_uid="E9")),
        ("UNLOCK_CONNECTOR", unlock(connector_id="9")),
        ("START_SESSION", start(evse_uid="E1", connector_id="9")),
    ],
)
async def test_an_unknown_place_is_2003_and_rejected(
    scene: Scene, command: str, body: Json
) -> None:
    """CMD-LOC-01: HTTP 200, for the path exists."""
    answer = await scene.ask(command, body)
    assert (answer.http, answer.code) == (200, 2003)
    assert answer.data["result"] == "REJECTED"
    assert is_response(answer.data)
    assert scene.cpo.host.considered == []


async def test_a_private_location_is_unknown(scene: Scene) -> None:
    """CMD-LOC-01: the same answer for absent and not yours."""
    cpo = scene.cpo.company
    await cpo.mark_private("locations", cpo.identity.parties()[0], "LOC1", private=True)
    answer = await scene.ask("START_SESSION", start())
    assert (answer.code, answer.data["result"]) == (2003, "REJECTED")


async def test_a_removed_evse_is_unknown(scene: Scene) -> None:
    await scene.cpo.company.import_(
        "locations",
        objects.location(
            evses=[objects.evse(status="REMOVED")], last_updated="2026-11-20T14:00:00Z"
        ),
    )
    assert (await scene.ask("START_SESSION", start(evse_uid="E1"))).code == 2003


async def test_an_unknown_session_is_unknown(scene: Scene) -> None:
    """CMD-LOC-02"""
    answer = await scene.ask("STOP_SESSION", stop(session_id="NONE"))
    assert (answer.code, answer.data["result"]) == (1000, "UNKNOWN_SESSION")


async def test_a_session_of_anothers_driver_is_rejected(scene: Scene) -> None:
    """CMD-LOC-03"""
    other = objects.cdr_token(party_id="OTH")
    await scene.cpo.company.import_("sessions", objects.session(cdr_token=other))
    answer = await scene.ask("STOP_SESSION", stop())
    assert (answer.code, answer.data["result"]) == (1000, "REJECTED")
    assert scene.cpo.host.considered == []


async def test_a_session_that_is_over_is_rejected(scene: Scene) -> None:
    await scene.cpo.company.import_("sessions", objects.session(status="COMPLETED"))
    assert (await scene.ask("STOP_SESSION", stop())).data["result"] == "REJECTED"


async def test_a_session_of_the_askers_driver_is_stopped(scene: Scene) -> None:
    """CMD-RSP-04"""
    await scene.cpo.company.import_("sessions", objects.session())
    assert (await scene.ask("STOP_SESSION", stop(session_id="s1"))).data["result"] == "ACCEPTED"
    assert await scene.one_result() == [{"result": "ACCEPTED"}]
    [order] = scene.cpo.host.orders
    assert order.session_id == "S1"


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("RESERVE_NOW", reserve(evse_uid="E2")),
        ("UNLOCK_CONNECTOR", unlock(evse_uid="E2")),
    ],
)
async def test_what_an_evse_cannot_do_is_not_supported(
    scene: Scene, command: str, body: Json
) -> None:
    """CMD-LOC-04, CMD-RSP-05"""
    answer = await scene.ask(command, body)
    assert (answer.code, answer.data["result"]) == (1000, "NOT_SUPPORTED")
    assert scene.cpo.host.considered == []
    assert scene.results() == []


@pytest.mark.parametrize(
    ("capabilities", "command", "body", "result"),
    [
        (None, "START_SESSION", start(evse_uid="E1"), "ACCEPTED"),
        (["RFID_READER"], "START_SESSION", start(evse_uid="E1"), "NOT_SUPPORTED"),
        (["RFID_READER"], "START_SESSION", start(), "NOT_SUPPORTED"),
        (None, "RESERVE_NOW", reserve(), "NOT_SUPPORTED"),
        (None, "RESERVE_NOW", reserve(evse_uid=None), "NOT_SUPPORTED"),
        (None, "UNLOCK_CONNECTOR", unlock(), "NOT_SUPPORTED"),
        (["RESERVABLE"], "RESERVE_NOW", reserve(evse_uid=None), "ACCEPTED"),
    ],
)
async def test_capabilities_decide(
    scene: Scene, capabilities: list[str] | None, command: str, body: Json, result: str
) -> None:
    """CMD-LOC-04, CMD-START-08, CMD-RES-06: who lists nothing may be started, no more."""
    changes = {} if capabilities is None else {"capabilities": capabilities}
    await scene.cpo.company.import_(
        "locations",
        objects.location(evses=[objects.evse(**changes)], last_updated="2026-11-20T14:00:00Z"),
    )
    assert (await scene.ask(command, body)).data["result"] == result


async def test_an_evse_that_needs_a_connector_gets_one(scene: Scene) -> None:
    """CMD-START-07"""
    needs = ["REMOTE_START_STOP_CAPABLE", "START_SESSION_CONNECTOR_REQUIRED"]
    await scene.cpo.company.import_(
        "locations",
        objects.location(
            evses=[objects.evse(capabilities=needs)], last_updated="2026-11-20T14:00:00Z"
        ),
    )
    assert (await scene.ask("START_SESSION", start(evse_uid="E1"))).code == 2001
    body = start(evse_uid="E1", connector_id="1")
    assert (await scene.ask("START_SESSION", body)).data["result"] == "ACCEPTED"


@pytest.mark.parametrize(
    "token",
    [
        objects.token(valid=False),
        objects.token(uid="NEVER-PUSHED", type="APP_USER", whitelist="NEVER"),
        objects.token(uid="NEVER-PUSHED", type="AD_HOC_USER", whitelist="NEVER"),
    ],
)
@pytest.mark.parametrize(("command", "make"), [("START_SESSION", start), ("RESERVE_NOW", reserve)])
async def test_the_token_is_not_judged(scene: Scene, token: Json, command: str, make: Any) -> None:
    """CMD-START-02, CMD-START-05, CMD-RES-05: also held as invalid, also never pushed."""
    await scene.pair.ask("PUT", "receiver/tokens/DE/MSP/012345678", objects.token(valid=False))
    answer = await scene.ask(command, make(token=token))
    assert answer.data["result"] == "ACCEPTED"
    await scene.one_result()
    [order] = scene.cpo.host.orders
    assert order.body.token.uid == token["uid"]  # type: ignore[union-attr]


async def test_another_emsps_token_is_rejected(scene: Scene) -> None:
    """CMD-START-01: who is named in it would pay."""
    answer = await scene.ask("START_SESSION", start(token=objects.token(party_id="OTH")))
    assert (answer.code, answer.data["result"]) == (1000, "REJECTED")
    assert scene.cpo.host.considered == []


async def test_the_order_tells_the_host_all(scene: Scene) -> None:
    """CMD-START-06: token and authorization_reference come along."""
    body = start(
        evse_uid="E1", connector_id="1", authorization_reference="AUTH-1",
        token=objects.token(uid="APP1", type="APP_USER", whitelist="NEVER", visual_number="V1"),
    )  # fmt: skip
    await scene.ask("START_SESSION", body)
    await scene.one_result()
    [order] = scene.cpo.host.orders
    assert order.command == "START_SESSION"
    assert (str(order.asked_by), str(order.operator)) == ("DE/MSP", "NL/AAA")
    assert order.partner == (await scene.cpo.company.partner("emsp.example")).id
    given = json.loads(json.dumps(body))
    assert order.body.authorization_reference == "AUTH-1"  # type: ignore[union-attr]
    assert order.body.token.visual_number == given["token"]["visual_number"]  # type: ignore[union-attr]
    assert order.body.connector_id == "1"  # type: ignore[union-attr]
    assert scene.cpo.host.considered == [order]


@pytest.mark.parametrize(("command", "make"), [("START_SESSION", start), ("RESERVE_NOW", reserve)])
async def test_the_token_is_exempt_from_questions_before_the_charger_acts(
    scene: Scene, command: str, make: Any
) -> None:
    """CMD-START-03, CMD-START-04, CMD-RES-05"""
    seen: list[int] = []

    async def look(_order: Order) -> Outcome:
        seen.append(len(scene.cpo.told.exempt))
        return Outcome(result=CommandResultType.ACCEPTED)

    scene.cpo.host.doing = look
    await scene.ask(command, make(evse_uid="E1"))
    await scene.one_result()
    [(token, about)] = scene.cpo.told.exempt
    assert (token.uid, about["evse_uid"], about["location_id"]) == ("012345678", "E1", "LOC1")
    assert about["id"] == (await scene.order()).id
    assert seen == [1]


async def test_other_commands_exempt_nobody(scene: Scene) -> None:
    await scene.ask("UNLOCK_CONNECTOR", unlock())
    await scene.one_result()
    assert scene.cpo.told.exempt == []


async def test_the_answer_does_not_wait_for_the_charger(scene: Scene) -> None:
    """CMD-RSP-01, CMD-RSP-04"""
    plugged = asyncio.Event()

    async def slow(_order: Order) -> Outcome:
        await plugged.wait()
        return Outcome(result=CommandResultType.EVSE_OCCUPIED, message="Busy")

    scene.cpo.host.doing = slow
    answer = await scene.ask("START_SESSION", start())
    assert answer.data == {"result": "ACCEPTED", "timeout": 3}
    assert scene.results() == []
    plugged.set()
    texts = [{"language": "en", "text": "Busy"}]
    assert await scene.one_result() == [{"result": "EVSE_OCCUPIED", "message": texts}]


async def test_the_result_goes_to_exactly_the_url(scene: Scene) -> None:
    """CMD-RSP-06: query included, with credentials, ids and routing."""
    await scene.ask("START_SESSION", start())
    await scene.one_result()
    [sent] = scene.cpo.company.network.sent("POST", "emsp.example/ocpi/2.2.1/sender/commands")
    assert sent.url == CALLBACK
    assert sent.headers["authorization"].startswith("Token ")
    assert sent.headers["x-request-id"]
    assert sent.headers["ocpi-to-party-id"] == "MSP"
    assert sent.headers["ocpi-from-party-id"] == "AAA"


async def test_a_failed_post_is_not_repeated(scene: Scene) -> None:
    """CMD-RSP-07"""
    scene.cpo.company.network.lose = lambda request: request.method == "POST"
    await scene.ask("START_SESSION", start())
    assert (await scene.settled("UNCERTAIN")).reason == "the answer was lost"
    scene.forward(600)
    await scene.cpo.orders.look()
    assert len(scene.results()) == 1


async def test_a_refused_result_is_refused(scene: Scene) -> None:
    """CMD-RSP-07: our stub's URL names no command, so it says 404."""
    await scene.ask("START_SESSION", start())
    entry = await scene.settled("REFUSED")
    assert entry.reason is not None
    assert "404" in entry.reason


@pytest.mark.parametrize("result", list(CommandResultType))
async def test_each_result_of_the_host_is_told(scene: Scene, result: CommandResultType) -> None:
    """CMD-START-10, CMD-DT-03: CANCELED with one L."""

    async def doing(_order: Order) -> Outcome:
        return Outcome(result=result)

    scene.cpo.host.doing = doing
    await scene.ask("START_SESSION", start())
    assert await scene.one_result() == [{"result": str(result)}]


async def test_without_a_host_nothing_is_supported_and_nothing_posted(scene: Scene) -> None:
    """CMD-LOC-04, CMD-RSP-05"""

    async def unable(_order: Order) -> Considered:
        return Considered(result=CommandResponseType.NOT_SUPPORTED)

    scene.cpo.host.consideration = unable
    answer = await scene.ask("START_SESSION", start())
    assert (answer.http, answer.code, answer.data["result"]) == (200, 1000, "NOT_SUPPORTED")
    await asyncio.sleep(0.1)
    assert scene.results() == []
    assert scene.cpo.host.orders == []


async def _late(_order: Order) -> None:
    await asyncio.sleep(30)


async def _deaf(_order: Order) -> None:
    """Does not let itself be cancelled."""
    for _ in range(20):
        try:
            await asyncio.sleep(0.2)
        except asyncio.CancelledError:
            continue


async def _broken(_order: Order) -> None:
    raise RuntimeError("secret inside")


async def _wrong(_order: Order) -> Any:
    return "ACCEPTED"


async def _odd(_order: Order) -> Any:
    return Considered(result="MAYBE")  # type: ignore[arg-type]


async def _foreign(_order: Order) -> Any:
    return Considered(result=CommandResponseType.UNKNOWN_SESSION)


@pytest.mark.parametrize("consideration", [_late, _deaf, _broken, _wrong, _odd, _foreign])
async def test_a_host_that_considers_badly_rejects(scene: Scene, consideration: Any) -> None:
    """CMD-RSP-01, CMD-RSP-05: the partner gets a legal answer at once."""
    scene.cpo.host.consideration = consideration
    async with asyncio.timeout(3):
        answer = await scene.ask("START_SESSION", start())
    assert answer.data["result"] == "REJECTED"
    assert is_response(answer.data)
    assert "secret" not in answer.text.decode()
    assert scene.cpo.host.orders == []
    assert scene.cpo.told.exempt == []


@pytest.mark.parametrize("doing", [_broken, _wrong, _odd])
async def test_a_host_that_fails_is_told_as_failed(scene: Scene, doing: Any) -> None:
    """CMD-RSP-04"""
    scene.cpo.host.doing = doing
    await scene.ask("START_SESSION", start())
    [result] = await scene.one_result()
    assert result["result"] == "FAILED"
    assert "secret" not in json.dumps(result)


@pytest.mark.parametrize("doing", [_late, _deaf])
async def test_a_silent_charger_is_a_timeout_before_the_announced_one(
    scene: Scene, doing: Any
) -> None:
    """CMD-RSP-09"""
    scene.cpo.host.doing = doing
    began = asyncio.get_running_loop().time()
    answer = await scene.ask("START_SESSION", start())
    [result] = await scene.one_result()
    assert result["result"] == "TIMEOUT"
    assert asyncio.get_running_loop().time() - began < answer.data["timeout"]
