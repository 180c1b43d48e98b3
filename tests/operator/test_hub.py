"""A hub over the operator API: agreements, parties, routes, trace and health."""

from typing import Any

import pytest
import pytest_asyncio
from tests.operator.conftest import Desk, Open
from tests.roaming.company import Clock, role

from voltroam.delivery.hub_sight import HubSight
from voltroam.delivery.records import LaneNote, draft, lane_key, write
from voltroam.roaming.hub.trace import Hop
from voltroam.roaming.platforms import EndpointAt, Phase, Platform, Status
from voltroam.roaming.timed import timed_id
from voltroam.standard.endpoints import Interface
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import HOME
from voltroam.wire.call import Call

AT = "/hub/agreements"
SIDES = {"one": "nl/cpo", "other": "DE/MSP/EMSP"}


def sight(desk: Desk) -> HubSight:
    assert desk.hub is not None
    return desk.hub


@pytest_asyncio.fixture
async def hub(opened: Open) -> Desk:
    """It knows a CPO that is connected, and an eMSP that is away."""
    desk = await opened("hub.example", role("DE/HUB", Role.HUB))
    for name, party, status, side in (
        ("cpo", role("NL/CPO", Role.CPO), Status.CONNECTED, Interface.SENDER),
        ("msp", role("DE/MSP", Role.EMSP), Status.OFFLINE, Interface.RECEIVER),
    ):
        await desk.company.directory.save(
            Platform(
                id=name, name=name.upper(), phase=Phase.REGISTERED, status=status, roles=(party,),
                version="2.2.1",
                endpoints=(EndpointAt("locations", side, f"https://{name}.example/locations"),),
            )
        )  # fmt: skip
    return desk


def hop(clock: Clock, correlation: str = "flow-1", **more: object) -> Hop:
    values: dict[str, Any] = {
        "id": timed_id(clock()), "at": clock(), "correlation_id": correlation, "request_id": "r",
        "caller": "msp", "call": "GET sender/locations", "sender": "DE/MSP", "to": "NL/CPO",
        "row": "14", "reason": "it is named", "platform": "cpo", "receiver": "NL/CPO",
        "http": 200, "code": 1000, "ms": 4.5, "there_ms": 4.0,
    } | more  # fmt: skip
    return Hop(**values)


@pytest.mark.operations(
    "list_agreements", "get_agreement", "put_agreement", "delete_agreement", "suspend_agreement",
    "resume_agreement",
)  # fmt: skip
async def test_the_life_of_an_agreement(hub: Desk) -> None:
    terms = SIDES | {"modules": ["locations"], "until": "2099-01-01T00:00:00Z", "note": "trial"}
    made = await hub.ask("PUT", f"{AT}/a1", terms)
    assert made.status == 201
    assert made.json == {
        "id": "a1", "one": "NL/CPO/*", "other": "DE/MSP/EMSP", "modules": ["locations"],
        "allows": True, "since": None, "until": "2099-01-01T00:00:00Z", "suspended": False,
        "note": "trial", "counts": True,
    }  # fmt: skip
    assert (await hub.ask("PUT", f"{AT}/a1", SIDES | {"allows": False})).status == 200
    assert (await hub.ask("POST", f"{AT}/a1/suspend")).json["suspended"] is True
    assert (await hub.ask("POST", f"{AT}/a1/resume")).json["suspended"] is False
    assert (await hub.ask("GET", f"{AT}/a1", scope="read")).json["allows"] is False
    assert [it["id"] for it in (await hub.ask("GET", AT, scope="read")).json["items"]] == ["a1"]
    assert (await hub.ask("DELETE", f"{AT}/a1")).status == 204
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/suspend"), ("POST", "/resume")):
        assert (await hub.ask(method, f"{AT}/a1{path}")).status == 404
    audit = (await hub.ask("GET", "/audit")).json["items"]
    assert sorted((it["what"], it["target"]) for it in audit if it["status"] < 300) == [
        ("delete_agreement", f"{AT}/a1"),
        ("put_agreement", f"{AT}/a1"), ("put_agreement", f"{AT}/a1"),
        ("resume_agreement", f"{AT}/a1/resume"), ("suspend_agreement", f"{AT}/a1/suspend"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"one": "NLD/CPO"}, {"other": "NL/CPO/BOSS"}, {"modules": ["location"]},
        {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, {"note": "a\nb"},
        {"color": "red"},
    ],
)  # fmt: skip
async def test_what_is_no_agreement(hub: Desk, wrong: dict[str, Any]) -> None:
    assert (await hub.ask("PUT", f"{AT}/a1", SIDES | wrong)).status == 422
    assert (await hub.ask("GET", AT)).json["items"] == []


@pytest.mark.operations("import_agreements")
async def test_a_sheet_is_read_whole_or_not_at_all(hub: Desk) -> None:
    at = "/hub/import-agreements"
    await hub.ask("PUT", f"{AT}/old", SIDES)
    text = "id,one,other\na,NL/CPO,DE/MSP\nb,NL/CPO,*\n"
    tried = (await hub.ask("POST", at, {"csv": text, "whole": True, "dry_run": True})).json
    assert (tried["added"], tried["removed"], tried["written"]) == (["a", "b"], ["old"], False)
    bad = (await hub.ask("POST", at, {"csv": text + "c,NL/CPO,nobody\n"})).json
    assert (bad["problems"][0]["line"], bad["written"]) == (4, False)
    assert [it["id"] for it in (await hub.ask("GET", AT)).json["items"]] == ["old"]
    assert (await hub.ask("POST", at, {"csv": text, "whole": True})).json["written"] is True
    again = (await hub.ask("POST", at, {"csv": text})).json
    assert (again["added"], again["changed"], again["unchanged"]) == ([], [], 2)
    assert [it["id"] for it in (await hub.ask("GET", AT)).json["items"]] == ["a", "b"]


@pytest.mark.operations("list_hub_parties")
async def test_parties_and_how_fresh_is_what_is_held_of_them(hub: Desk, clock: Clock) -> None:
    sight(hub).freshness.pushed("cpo", "locations")
    await sight(hub).trace.of("nothing")
    found = (await hub.ask("GET", "/hub/parties", scope="read")).json["items"]
    assert [(it["party"], it["role"], it["partner"], it["status"]) for it in found] == [
        ("DE/MSP", "EMSP", "MSP", "OFFLINE"), ("NL/CPO", "CPO", "CPO", "CONNECTED"),
    ]  # fmt: skip
    assert found[1]["offers"] == ["locations/SENDER"]
    (fresh,) = found[1]["fresh"]
    assert (fresh["module"], fresh["pulled"]) == ("locations", None)
    assert fresh["pushed"].endswith("Z")


@pytest.mark.operations("explain_routes")
async def test_what_would_become_of_a_call_and_why(hub: Desk) -> None:
    async def told(query: str) -> dict[str, dict[str, Any]]:
        answer = await hub.ask("GET", f"/hub/routes?{query}", scope="read")
        assert answer.status == 200, answer.body
        return {it["call"]: it for it in answer.json["items"]}

    listed = "GET locations/SENDER list"
    found = await told("sender=DE/MSP&to=NL/CPO&module=locations")
    assert (found[listed]["decision"], found[listed]["partner"]) == ("forward", "CPO")
    pushes = await told("sender=NL/CPO&to=DE/MSP&module=locations")
    put = pushes["PUT locations/RECEIVER put"]
    assert (put["decision"], put["code"], put["reason"]) == ("refuse", 4003, "DE/MSP is OFFLINE")
    everybody = await told("sender=NL/CPO&to=DE/HUB&module=locations")
    assert everybody["PUT locations/RECEIVER put"]["decision"] == "broadcast"
    assert (await told("sender=DE/MSP&to=DE/HUB"))[listed]["decision"] == "get all"
    assert (await told("sender=DE/MSP"))[listed]["code"] == 4001
    await hub.ask("PUT", f"{AT}/no", SIDES | {"allows": False})
    forbidden = (await told("sender=DE/MSP&to=NL/CPO&module=locations"))[listed]
    assert (forbidden["code"], forbidden["agreement"]) == (4001, "no")
    assert (await hub.ask("GET", "/hub/routes?sender=XX/XXX")).status == 404
    assert (await hub.ask("GET", "/hub/routes?sender=NL/CPO&module=weather")).status == 422


@pytest.mark.operations("invite_partner")
async def test_parties_are_planned_by_a_hub_before_they_register(hub: Desk, opened: Open) -> None:
    wanted = {"name": "new", "parties": ["at/new/nsp"]}
    assert (await hub.ask("POST", "/partners/invite", wanted)).status == 201
    hub.company.clock.forward(2)
    found = (await hub.ask("GET", "/hub/parties")).json["items"]
    (new,) = [it for it in found if it["partner"] == "new"]
    assert (new["party"], new["role"], new["status"]) == ("AT/NEW", "NSP", "PLANNED")
    for text in ("AT/NEW/HUB", "AT/NEW/*"):
        answer = await hub.ask("POST", "/partners/invite", {"name": "x", "parties": [text]})
        assert answer.status == 422, answer.body
    cpo = await opened("cpo.example", role("NL/CPO", Role.CPO))
    answer = await cpo.ask("POST", "/partners/invite", wanted)
    assert (answer.status, "only a hub" in answer.body.decode()) == (422, True)


@pytest.mark.operations("explain_routes")
async def test_whom_a_call_finds_that_names_nobody(hub: Desk, clock: Clock) -> None:
    """By what the routing index has learnt of a session, or by the contract in the body."""
    world = await sight(hub).surroundings.world()
    cpo, msp = (next(it for it in world.seats if it.platform == name) for name in ("cpo", "msp"))
    (row,) = [
        it
        for it in hub.company.table.rows
        if (it.module.name, it.interface, it.method) == ("sessions", Interface.RECEIVER, "PUT")
        and not it.until
    ]
    keys = {"country_code": "NL", "party_id": "CPO", "session_id": "S1"}
    call = Call(HOME, row, keys)
    sight(hub).index.learn(call, cpo, msp)

    async def told(query: str) -> dict[str, dict[str, Any]]:
        answer = await hub.ask("GET", f"/hub/routes?{query}", scope="read")
        assert answer.status == 200, answer.body
        return {it["call"]: it for it in answer.json["items"]}

    found = await told("sender=DE/MSP&session=s1")
    stop = found["POST commands/RECEIVER STOP_SESSION"]
    assert (stop["row"], stop["code"], stop["reason"]) == (
        "13", 4000, "NL/CPO has no commands RECEIVER endpoint",
    )  # fmt: skip
    assert "POST commands/RECEIVER START_SESSION" not in found
    assert (await told("sender=DE/MSP&session=S2"))[stop["call"]]["code"] == 4001
    cdr = (await told("sender=NL/CPO&contract=DE/MSP"))["POST cdrs/RECEIVER create"]
    assert (cdr["row"], cdr["reason"]) == ("12", "DE/MSP is OFFLINE")
    assert (await hub.ask("GET", "/hub/routes?sender=NL/CPO&contract=XX")).status == 422


@pytest.mark.operations("read_trace")
async def test_what_became_of_calls(hub: Desk, clock: Clock) -> None:
    trace = sight(hub).trace
    for number in range(3):
        trace.note(hop(clock, f"flow-{number}"))
        clock.forward(1)
    trace.note(hop(clock, "flow-1", platform=None, receiver=None, row="11", code=4001))
    flow = (await hub.ask("GET", "/hub/trace?correlation_id=flow-1", scope="read")).json["items"]
    assert [(it["code"], it["caller"], it["partner"]) for it in flow] == [
        (1000, "MSP", "CPO"), (4001, "MSP", None),
    ]  # fmt: skip
    first = (await hub.ask("GET", "/hub/trace?limit=2")).json
    rest = (await hub.ask("GET", f"/hub/trace?cursor={first['next']}")).json
    ids = [it["correlation_id"] for it in (*first["items"], *rest["items"])]
    assert ids == ["flow-1", "flow-2", "flow-1", "flow-0"]
    assert rest["next"] is None
    assert (await hub.ask("GET", "/hub/trace?cursor=bm9uZQ")).status == 422


@pytest.mark.operations("hub_health")
async def test_how_each_partner_does(hub: Desk, clock: Clock) -> None:
    tally = sight(hub).tally
    await tally.look()
    for code in (1000, 1000, 1000, 4002):
        tally.note(hop(clock, code=code))
    note = LaneNote(cursor=await hub.company.store.head(), born=0, epoch=hub.company.store.epoch)
    await write(hub.company.store, draft(lane_key("cpo"), note))
    found = (await hub.ask("GET", "/hub/health?minutes=5", scope="read")).json["items"]
    cpo, msp = found
    assert (cpo["partner"], cpo["score"], cpo["availability"], cpo["calls"]) == ("CPO", 75, 0.75, 4)
    assert (cpo["lag"], cpo["oldest"], cpo["error_rate"]) == (0, None, 0.0)
    assert (msp["score"], msp["status"], msp["lag"]) == (0, "OFFLINE", None)


@pytest.mark.parametrize("path", ["agreements", "parties", "trace", "health"])
async def test_a_limited_key_sees_nothing_of_the_hub(hub: Desk, path: str) -> None:
    assert (await hub.ask("GET", f"/hub/{path}", parties=("NL/CPO",))).status == 403


async def test_only_admins_change_agreements(hub: Desk) -> None:
    assert (await hub.ask("PUT", f"{AT}/a1", SIDES, scope="operate")).status == 403


async def test_a_node_that_is_no_hub_has_none_of_it(cpo: Desk) -> None:
    assert (await cpo.ask("GET", AT)).status == 404
