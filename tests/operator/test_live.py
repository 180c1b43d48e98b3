"""Charging over the API: sessions and their CDRs, commands, authorizations, money, webhooks."""

import asyncio
from typing import Any

import pytest
from tests.e2e.documents import location, tariff, token
from tests.operator.conftest import Desk
from tests.roaming.company import Clock

AAA, MSP = ("NL", "AAA"), ("DE", "MSP")
CARD = {
    "country_code": "DE", "party_id": "MSP", "uid": "04A1B2C3", "type": "RFID",
    "contract_id": "DE-MSP-C00000001",
}  # fmt: skip


async def place(desk: Desk) -> None:
    evse: dict[str, Any] = location(AAA, "L1")["evses"][0]
    evse["connectors"][0]["tariff_ids"] = ["T1"]
    assert (await desk.ask("PUT", "/tariffs/NL/AAA/T1", tariff(AAA, "T1"))).status == 201
    told = await desk.ask("PUT", "/locations/NL/AAA/L1", location(AAA, "L1", evses=[evse]))
    assert told.status == 201


async def begin(desk: Desk) -> str:
    body = {
        "location_id": "L1", "evse_uid": "E1", "connector_id": "1", "token": CARD,
        "auth_method": "WHITELIST", "at": "2026-11-22T11:00:00Z", "operator": "NL/AAA",
        "reading": {"at": "2026-11-22T11:00:00Z", "kwh": 100},
    }  # fmt: skip
    told = await desk.ask("POST", "/sessions", body, scope="operate")
    assert told.status == 201, told.body
    return f"/sessions/NL/AAA/{told.json['session_id']}"


@pytest.mark.operations(
    "audit_cdrs", "begin_session", "correct_cdr", "end_session", "report_readings"
)
async def test_a_session_becomes_a_cdr(cpo: Desk) -> None:
    await place(cpo)
    at = await begin(cpo)
    readings = [{"at": "2026-11-22T11:30:00Z", "kwh": 105}]
    told = await cpo.ask("POST", f"{at}/readings", {"readings": readings}, scope="operate")
    assert (told.status, told.json["taken"], told.json["status"]) == (200, 1, "ACTIVE")
    again = await cpo.ask("POST", f"{at}/readings", {"readings": readings})
    assert again.json["repeated"] == 1
    last = {"at": "2026-11-22T12:00:00Z", "kwh": 110}
    ended = await cpo.ask("POST", f"{at}/end", {"at": "2026-11-22T12:00:00Z", "reading": last})
    assert (ended.status, ended.json["status"]) == (200, "COMPLETED")
    cdr = (await cpo.ask("GET", f"/cdrs/NL/AAA/{ended.json['cdr_id']}", scope="operate")).json
    assert (cdr["total_energy"], cdr["total_cost"]["excl_vat"]) == (10, 2.5)
    assert cdr["cdr_token"]["uid"] == "04A1B2C3"
    hidden = (await cpo.ask("GET", f"/cdrs/NL/AAA/{ended.json['cdr_id']}", scope="read")).json
    assert hidden["cdr_token"]["uid"].startswith("#")
    audited = (await cpo.ask("GET", "/audits/cdrs?month=2026-11", scope="read")).json
    assert (audited["verdict"], len(audited["audits"])) == ("OK", 1)
    body = {"void": True}
    taken = await cpo.ask("POST", f"/cdrs/NL/AAA/{ended.json['cdr_id']}/correct", body)
    assert (taken.status, taken.json["cdr_id"]) == (201, None)
    credit = (await cpo.ask("GET", f"/cdrs/NL/AAA/{taken.json['credit_id']}")).json
    assert credit["credit"] is True


@pytest.mark.operations("invalidate_session", "list_overdue_sessions")
async def test_a_report_that_cannot_be_true_is_refused_with_its_code(cpo: Desk) -> None:
    await place(cpo)
    at = await begin(cpo)
    readings = [{"at": "2026-11-22T11:30:00Z", "kwh": 90}]
    told = await cpo.ask("POST", f"{at}/readings", {"readings": readings})
    assert (told.status, told.json["detail"].split(":")[0]) == (422, "FALLING")
    told = await cpo.ask("POST", f"{at}/readings", {"readings": readings}, parties=("NL/BBB",))
    assert told.status == 404
    other = at.replace("NL/AAA", "NL/BBB")
    assert (await cpo.ask("GET", f"{other}/progress")).status == 404
    why = {"why": "a test of the charger"}
    told = await cpo.ask("POST", f"{at}/invalidate", why)
    assert (told.status, told.json["status"]) == (200, "INVALID")
    assert (await cpo.ask("GET", "/overdue-sessions")).json["items"] == []


async def test_a_contract_party_reads_the_sessions_of_its_drivers(cpo: Desk) -> None:
    await place(cpo)
    at = await begin(cpo)
    for party, status in (("DE/MSP", 200), ("NL/AAA", 200), ("DE/XXX", 404)):
        assert (await cpo.ask("GET", at, parties=(party,))).status == status
    assert (await cpo.ask("GET", f"{at}/progress", parties=("DE/MSP",))).status == 404


@pytest.mark.operations("quote")
async def test_a_quote_at_a_connector_and_by_a_tariff(cpo: Desk) -> None:
    await place(cpo)
    where = {
        "owner": "NL/AAA", "location_id": "L1", "evse_uid": "E1", "connector_id": "1",
        "energy": 10,
    }  # fmt: skip
    told = await cpo.ask("POST", "/quotes", where, scope="read")
    assert (told.status, told.json["tariff_id"]) == (200, "T1")
    assert told.json["bill"]["total_cost"]["excl_vat"] == 2.5
    given = {"tariffs": [tariff(AAA, "T9")], "energy": 4, "power": 11}
    assert (await cpo.ask("POST", "/quotes", given)).json["tariff_id"] == "T9"
    assert (await cpo.ask("POST", "/quotes", {"energy": 1})).status == 422
    assert (await cpo.ask("POST", "/quotes", given | {"power": -1})).status == 422
    assert (await cpo.ask("POST", "/quotes", where | {"location_id": "L9"})).status == 404


@pytest.mark.operations("authorize", "list_authorizations")
async def test_an_authorization_is_answered_and_logged_without_the_uid(cpo: Desk) -> None:
    body = {"token_uid": "04A1B2C3", "operator": "NL/AAA"}
    told = await cpo.ask("POST", "/authorizations", body, scope="operate")
    assert (told.status, told.json["by"], told.json["token"]) == (200, "unknown", None)
    lines: list[Any] = []
    while not lines:  # the log is written behind the answer
        await asyncio.sleep(0.02)
        told = await cpo.ask("GET", "/authorizations", scope="read")
        lines = told.json["items"]
    assert (lines[0]["answer"], lines[0]["side"]) == ("UNKNOWN_TOKEN", "taken")
    assert b"04A1B2C3" not in told.body
    hidden = (await cpo.ask("GET", "/authorizations", parties=("NL/BBB",))).json["items"]
    assert hidden == []


@pytest.mark.operations("list_audit", "list_commands", "start_session")
async def test_a_command_is_sent_kept_and_shown(met: Desk, emsp: Desk, clock: Clock) -> None:
    await place(met)
    await emsp.ask("PUT", "/tokens/DE/MSP/04A1B2C3", token(MSP, "04A1B2C3"))
    body = {"partner": "cpo.example", "location_id": "L1", "evse_uid": "E1"}
    body["operator"] = "NL/AAA"
    told = await emsp.ask("POST", "/commands/start-session", body)
    assert told.status == 422
    body["token_uid"] = "04A1B2C3"
    told = await emsp.ask("POST", "/commands/start-session", body, scope="operate")
    assert told.status == 201, told.body
    assert (told.json["command"], told.json["as_party"]) == ("START_SESSION", "DE/MSP")
    assert told.json["response"]["result"] == "NOT_SUPPORTED"
    orders = (await met.ask("GET", "/orders", scope="read")).json["items"]
    assert [(one["command"], one["asked_by"]) for one in orders] == [("START_SESSION", "DE/MSP")]
    assert orders[0]["body"]["token"]["uid"].startswith("#")
    order = (await met.ask("GET", f"/orders/{orders[0]['id']}", scope="operate")).json
    assert order["body"]["token"]["uid"] == "04A1B2C3"
    assert "response_url" not in order["body"]
    id_ = told.json["id"]
    assert (await emsp.ask("GET", f"/commands/{id_}", scope="read")).json["id"] == id_
    listed = (await emsp.ask("GET", "/commands")).json["items"]
    assert [one["id"] for one in listed] == [id_]
    assert (await emsp.ask("GET", "/commands/nothing")).status == 404
    assert (await emsp.ask("GET", f"/commands/{id_}", parties=("DE/XXX",))).status == 404
    strange = body | {"partner": "nobody"}
    assert (await emsp.ask("POST", "/commands/start-session", strange)).status == 404
    lines = (await emsp.ask("GET", "/audit")).json["items"]
    assert f"/commands/{id_}" in {one["target"] for one in lines}


async def test_a_charging_profile_for_an_unknown_session_is_refused(emsp: Desk) -> None:
    body = {"session_id": "S1", "profile": {"charging_rate_unit": "A", "min_charging_rate": 6}}
    assert (await emsp.ask("POST", "/profiles", body)).status == 422
    assert (await emsp.ask("GET", "/profiles")).json["items"] == []
    assert (await emsp.ask("GET", "/profile-orders/x")).status == 404
    assert (await emsp.ask("GET", "/orders/x")).status == 404
    report = {"result": "ACCEPTED"}
    assert (await emsp.ask("POST", "/orders/x/result", report)).status == 404
    assert (await emsp.ask("POST", "/profile-orders/x/result", report)).status == 404


@pytest.mark.operations(
    "add_webhook",
    "disable_webhook",
    "enable_webhook",
    "get_webhook",
    "list_dead_events",
    "list_waiting_events",
    "list_webhooks",
    "ping_webhook",
    "remove_webhook",
    "replay_dead_events",
    "rotate_webhook",
)
async def test_a_webhook_is_added_changed_and_removed(cpo: Desk) -> None:
    body = {"url": "https://hooks.example/in", "types": ["sessions.*"], "parties": ["NL/AAA"]}
    made = await cpo.ask("POST", "/webhooks", body)
    assert made.status == 201
    at = f"/webhooks/{made.json['id']}"
    shown = (await cpo.ask("GET", at)).json
    assert shown == {name: it for name, it in made.json.items() if name != "secret"}
    assert (await cpo.ask("GET", at, parties=("NL/BBB",))).status == 404
    assert (await cpo.ask("POST", f"{at}/disable", {})).json["active"] is False
    assert (await cpo.ask("POST", f"{at}/enable")).json["active"] is True
    assert (await cpo.ask("POST", f"{at}/rotate")).json["secret"] != made.json["secret"]
    assert (await cpo.ask("POST", f"{at}/ping")).json["ok"] is False
    listed = (await cpo.ask("GET", "/webhooks")).json["items"]
    assert [one["id"] for one in listed] == [made.json["id"]]
    for kind in ("dead", "waiting"):
        assert (await cpo.ask("GET", f"{at}/{kind}")).json == {"items": [], "next": None}
    assert (await cpo.ask("POST", f"{at}/replay", {})).json == {"count": 0}
    assert (await cpo.ask("DELETE", at)).status == 204
    assert (await cpo.ask("GET", at)).status == 404
    assert (await cpo.ask("POST", "/webhooks", {"url": "ftp://x"})).status == 422


@pytest.mark.operations("gdpr_erase", "gdpr_find")
async def test_a_driver_is_found_and_erased(emsp: Desk) -> None:
    await emsp.ask("PUT", "/tokens/DE/MSP/04A1B2C3", token(MSP, "04A1B2C3"))
    driver = {"token_uid": "04A1B2C3"}
    assert (await emsp.ask("POST", "/gdpr/find", driver, scope="operate")).status == 403
    assert (await emsp.ask("POST", "/gdpr/find", driver)).json["found"]["tokens"] == 1
    assert (await emsp.ask("POST", "/gdpr/erase", driver)).status == 200
    assert (await emsp.ask("POST", "/gdpr/find", driver)).json["found"].get("tokens", 0) == 0
    told = await emsp.ask("POST", "/gdpr/erase", driver, parties=("DE/MSP",))
    assert told.status == 403
