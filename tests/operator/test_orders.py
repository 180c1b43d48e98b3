"""Commands and charging profiles, sent by one desk and answered by the other."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from tests.e2e.documents import connector, evse, location, session, tariff, token
from tests.operator.conftest import Desk, Street, deliver

AAA, MSP = ("NL", "AAA"), ("DE", "MSP")
CAN = [
    "REMOTE_START_STOP_CAPABLE", "RESERVABLE", "UNLOCK_CAPABLE", "CHARGING_PROFILE_CAPABLE",
    "CHARGING_PREFERENCES_CAPABLE",
]  # fmt: skip
AT = {"partner": "cpo.example", "location_id": "L1", "evse_uid": "E1"}
PERIODS = [{"start_period": 0, "limit": 8}]
PROFILE = {"charging_rate_unit": "A", "charging_profile_period": PERIODS}
SESSION = "/sessions/NL/AAA/S1"


async def until(met: Callable[[], Any]) -> Any:
    async with asyncio.timeout(60):
        while not (found := met()):
            await asyncio.sleep(0.01)
    return found


def taken(host: Street, count: int) -> bool:
    return len(host.profiles) == count


async def furnish(street: Desk, emsp: Desk) -> Street:
    """A place where all can be ordered, a driver, and a session of hers that runs."""
    assert isinstance(street.host, Street)
    await emsp.ask("PUT", "/tokens/DE/MSP/04A1B2C3", token(MSP, "04A1B2C3"))
    await street.ask("PUT", "/tariffs/NL/AAA/T1", tariff(AAA, "T1"))
    await street.ask("PUT", "/tariffs/NL/AAA/T2", tariff(AAA, "T2", type="PROFILE_GREEN"))
    plug = connector(tariff_ids=["T1", "T2"])
    spot = location(AAA, "L1", evses=[evse(capabilities=CAN, connectors=[plug])])
    assert (await street.ask("PUT", "/locations/NL/AAA/L1", spot)).status == 201
    running = session(AAA, "S1", MSP, location_id="L1")
    assert (await street.ask("PUT", SESSION, running)).status == 201
    await deliver(street)
    return street.host


async def order(emsp: Desk, path: str, body: dict[str, Any]) -> dict[str, Any]:
    told = await emsp.ask("POST", f"/commands/{path}", body, scope="operate")
    assert told.status == 201, told.body
    assert told.json["response"]["result"] == "ACCEPTED"
    made: dict[str, Any] = told.json
    return made


@pytest.mark.operations(
    "reserve_now", "report_order", "cancel_reservation", "get_command", "list_orders", "get_order"
)
async def test_a_place_is_reserved_and_given_up(street: Desk, emsp: Desk) -> None:
    host = await furnish(street, emsp)
    wanted = AT | {"token_uid": "04A1B2C3", "expiry_date": "2026-11-22T13:00:00Z"}
    reserving = await order(emsp, "reserve-now", wanted)
    await until(lambda: host.orders)
    listed = (await street.ask("GET", "/orders", scope="read")).json["items"]
    assert [one["id"] for one in listed] == host.orders
    shown = (await street.ask("GET", f"/orders/{host.orders[0]}")).json
    assert (shown["command"], shown["asked_by"]) == ("RESERVE_NOW", "DE/MSP")
    report = {"result": "ACCEPTED", "message": "Bay 4"}
    told = await street.ask("POST", f"/orders/{host.orders[0]}/result", report, scope="operate")
    assert (told.status, told.json["result"]["result"]) == (200, "ACCEPTED")
    done = (await emsp.ask("GET", f"/commands/{reserving['id']}?wait=5")).json
    assert (done["succeeded"], done["result"]["message"][0]["text"]) == (True, "Bay 4")
    giving_up = {"partner": "cpo.example", "reservation_id": reserving["reservation_id"]}
    canceling = await order(emsp, "cancel-reservation", giving_up)
    await until(lambda: len(host.orders) == 2)
    await street.ask("POST", f"/orders/{host.orders[1]}/result", {"result": "ACCEPTED"})
    done = (await emsp.ask("GET", f"/commands/{canceling['id']}?wait=5")).json
    assert (done["command"], done["succeeded"]) == ("CANCEL_RESERVATION", True)


@pytest.mark.operations("take_back_reservation")
async def test_a_reservation_is_taken_back_by_the_operator(street: Desk, emsp: Desk) -> None:
    host = await furnish(street, emsp)
    wanted = AT | {"token_uid": "04A1B2C3", "expiry_date": "2026-11-22T13:00:00Z"}
    reserving = await order(emsp, "reserve-now", wanted)
    await until(lambda: host.orders)
    await street.ask("POST", f"/orders/{host.orders[0]}/result", {"result": "ACCEPTED"})
    await emsp.ask("GET", f"/commands/{reserving['id']}?wait=5")
    path = f"/orders/{host.orders[0]}/cancel-reservation"
    told = await street.ask("POST", path, {"message": "Works in the street"})
    assert told.status == 204
    async with asyncio.timeout(60):
        while True:
            held = (await emsp.ask("GET", f"/commands/{reserving['id']}")).json
            if held["canceled"] is not None:
                break
            await asyncio.sleep(0.02)
    assert held["canceled"]["result"] == "CANCELED_RESERVATION"


@pytest.mark.operations("unlock_connector", "stop_session")
async def test_a_connector_is_unlocked_and_a_session_stopped(street: Desk, emsp: Desk) -> None:
    """R211-096: a connector is opened by a help desk, never by who may only look."""
    host = await furnish(street, emsp)
    wish = AT | {"connector_id": "1"}
    looking = await emsp.ask(
        "POST", "/commands/unlock-connector", wish | {"desk": "Anna"}, scope="read"
    )
    assert looking.status == 403
    nobody = await emsp.ask("POST", "/commands/unlock-connector", wish, scope="operate")
    assert nobody.status in (400, 422)
    unlocking = await order(
        emsp, "unlock-connector", AT | {"connector_id": "1", "desk": "Anna, line 2"}
    )
    assert unlocking["desk"] == "Anna, line 2"
    stopping = await order(emsp, "stop-session", {"partner": "cpo.example", "session_id": "S1"})
    await until(lambda: len(host.orders) == 2)
    for id_, result in zip(host.orders, ("FAILED", "ACCEPTED"), strict=True):
        await street.ask("POST", f"/orders/{id_}/result", {"result": result})
    ended = [
        (await emsp.ask("GET", f"/commands/{one['id']}?wait=5")).json["result"]["result"]
        for one in (unlocking, stopping)
    ]
    assert ended == ["FAILED", "ACCEPTED"]


@pytest.mark.operations(
    "set_charging_profile", "ask_active_profile", "clear_charging_profile", "list_profiles",
    "get_profile", "list_profile_orders", "get_profile_order", "report_profile_order",
    "tell_active_profile",
)  # fmt: skip
async def test_a_session_is_steered(street: Desk, emsp: Desk) -> None:
    host = await furnish(street, emsp)
    active = {"start_date_time": "2026-11-22T12:00:00Z", "charging_profile": PROFILE}
    sent = []
    wanted: tuple[tuple[str, dict[str, Any]], ...] = (
        ("", {"profile": PROFILE}), ("/active", {"duration": 900}), ("/clear", {}),
    )  # fmt: skip
    for number, (path, more) in enumerate(wanted):
        told = await emsp.ask("POST", f"/profiles{path}", {"session_id": "S1", **more})
        assert told.status == 201, told.body
        assert told.json["response"]["result"] == "ACCEPTED"
        await until(partial(taken, host, number + 1))
        at = f"/profile-orders/{host.profiles[number]}"
        assert (await street.ask("GET", at, scope="read")).json["session_id"] == "S1"
        report = {"result": "ACCEPTED"} | ({"active": active} if path == "/active" else {})
        told = await street.ask("POST", f"{at}/result", report, scope="operate")
        assert (told.status, told.json["result"]) == (200, "ACCEPTED")
        host.released.release()  # it says UNKNOWN, which is too late
        sent.append(told.json["id"])
    listed = (await street.ask("GET", "/profile-orders")).json["items"]
    assert {one["id"] for one in listed} == set(sent)
    ours = (await emsp.ask("GET", "/profiles")).json["items"]
    assert len(ours) == 3
    for one in ours:
        done = (await emsp.ask("GET", f"/profiles/{one['id']}?wait=5")).json
        assert (done["settled"], done["result"]) == (True, "ACCEPTED")
    told = await street.ask("PUT", f"{SESSION}/active-profile", active)
    assert told.status == 204, told.body


@pytest.mark.operations("send_preferences", "get_preferences")
async def test_preferences_reach_the_charger(street: Desk, emsp: Desk) -> None:
    host = await furnish(street, emsp)
    wish = {"profile_type": "GREEN", "departure_time": "2026-11-22T18:00:00Z"}
    told = await emsp.ask("PUT", f"{SESSION}/preferences", wish, scope="operate")
    assert (told.status, told.json) == (200, {"response": "ACCEPTED"}), told.body
    assert host.wishes[0].session_id == "S1"
    held = (await street.ask("GET", f"{SESSION}/preferences", scope="read")).json
    assert held["profile_type"] == "GREEN"
    strange = await emsp.ask("PUT", f"{SESSION}/preferences", {"profile_type": "FAST?"})
    assert strange.status == 422


@pytest.mark.operations("list_grants", "grant_steering", "revoke_grant")
async def test_a_provider_is_let_in_and_out_again(street: Desk) -> None:
    grant = {"operator": "NL/AAA", "provider": "DE/SCS", "contract": "DE/MSP"}
    for _ in range(2):
        assert (await street.ask("PUT", "/grants", grant)).json == grant
    assert (await street.ask("PUT", "/grants", grant | {"operator": "NL/ZZZ"})).status == 422
    assert (await street.ask("PUT", "/grants", grant, parties=("DE/SCS",))).status == 403
    assert (await street.ask("PUT", "/grants", grant, scope="operate")).status == 403
    listed = (await street.ask("GET", "/grants", scope="read")).json
    assert listed == {"items": [grant], "next": None}
    assert (await street.ask("GET", "/grants", parties=("FR/XXX",))).json["items"] == []
    query = "operator=nl/aaa&provider=de/scs&contract=de/msp"
    assert (await street.ask("DELETE", f"/grants?{query}", parties=("DE/SCS",))).status == 404
    assert (await street.ask("DELETE", f"/grants?{query}")).status == 204
    assert (await street.ask("DELETE", f"/grants?{query}")).status == 404
    acts = (await street.ask("GET", "/audit")).json["items"]
    assert "/grants/NL/AAA>DE/SCS>DE/MSP" in {one["target"] for one in acts}


@pytest.mark.operations("get_group_limits", "set_group_limits")
async def test_a_group_of_tokens_is_limited(emsp: Desk) -> None:
    at = "/token-groups/DE/MSP/FLEET-7/limits"
    limits = {"mark": "NO_CREDIT", "places": [{"location_id": "L1", "operator": "nl/aaa"}]}
    told = await emsp.ask("PUT", at, limits, scope="operate")
    assert (told.status, told.json["mark"]) == (200, "NO_CREDIT")
    held = (await emsp.ask("GET", at, scope="operate")).json
    assert held["places"][0] == {"location_id": "L1", "evse_uids": None, "operator": "NL/AAA"}
    assert (await emsp.ask("GET", at.replace("DE/MSP", "NL/AAA"))).status == 404
    assert (await emsp.ask("GET", at, parties=("DE/XXX",))).status == 404
    lines = (await emsp.ask("GET", "/audit")).json["items"]
    assert lines[0]["what"] == "set_group_limits"
    assert "FLEET-7" not in lines[0]["target"], "it tells of a driver, as a token uid does"
