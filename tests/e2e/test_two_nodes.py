"""The main story: two companies register and one sees the other's locations, over real HTTP."""

import json
import time
from copy import deepcopy
from pathlib import Path
from typing import Any

from tests.e2e.conftest import MakeNode, Pair
from tests.e2e.documents import fresh, moment
from tests.e2e.nodes import Served, introduce, process, wait_until

LOCATION: dict[str, Any] = {
    "country_code": "NL",
    "party_id": "NOD",
    "id": "LOC1",
    "publish": True,
    "name": "Dom",
    "address": "Domplein 29",
    "city": "Utrecht",
    "postal_code": "3512 JE",
    "country": "NLD",
    "coordinates": {"latitude": "52.090700", "longitude": "5.121400"},
    "time_zone": "Europe/Amsterdam",
    "evses": [
        {
            "uid": "EVSE-1",
            "evse_id": "NL*NOD*E1",
            "status": "AVAILABLE",
            "connectors": [
                {
                    "id": "1",
                    "standard": "IEC_62196_T2",
                    "format": "SOCKET",
                    "power_type": "AC_3_PHASE",
                    "max_voltage": 230,
                    "max_amperage": 16,
                    "last_updated": "2026-01-01T00:00:00Z",
                }
            ],
            "last_updated": "2026-01-01T00:00:00Z",
        }
    ],
    "x_house_colour": "blue",
    "last_updated": "2026-01-01T00:00:00Z",
}


def location(identifier: str, **changes: Any) -> dict[str, Any]:
    return deepcopy(LOCATION) | {"id": identifier} | changes


def held(pair: Pair, module: str = "locations") -> dict[str, Any]:
    return at(pair.emsp, module)


def at(node: Served, module: str = "locations") -> dict[str, Any]:
    return {item["id"]: item for item in node.export(module)}


def test_imported_locations_reach_the_partner_as_they_were(shared_pair: Pair) -> None:
    """CORE-CRED-01: after one registration objects flow without another command."""
    wanted = {name: location(name) for name in (fresh("LOC"), fresh("LOC"))}
    report = shared_pair.cpo.load("locations", list(wanted.values()))
    assert report == {"accepted": 2, "refused": []}

    def is_there(node: Served) -> bool:
        there = at(node)
        return all(there.get(name) == document for name, document in wanted.items())

    wait_until(lambda: is_there(shared_pair.emsp), seconds=60, what="the push")
    assert is_there(shared_pair.cpo)


def test_a_status_change_arrives_and_raises_last_updated(shared_pair: Pair) -> None:
    pair, name = shared_pair, fresh("LOC")
    pair.cpo.load("locations", [location(name)])
    wait_until(lambda: name in held(pair), seconds=60, what="the push of the location")
    changed = moment()
    line = {
        "location_id": name, "evse_uid": "EVSE-1", "status": "CHARGING", "last_updated": changed,
    }  # fmt: skip
    ran = pair.cpo.run("import", "evse-status", "-", "--json", stdin=json.dumps(line))
    assert ran.json == {"accepted": 1, "refused": []}
    wait_until(
        lambda: held(pair)[name]["evses"][0]["status"] == "CHARGING", seconds=60, what="the status"
    )
    here = held(pair)[name]
    assert here["evses"][0]["last_updated"] == here["last_updated"] == changed
    assert here["x_house_colour"] == "blue"


def test_what_was_there_before_registration_is_pulled(node: MakeNode) -> None:
    cpo = node("cpo", "NL/NOD/CPO")
    emsp = node("emsp", "DE/MOV/EMSP")
    cpo.load("locations", [location(f"LOC{number}") for number in range(3)])
    invitation = cpo.json("partner", "invite", "movia")
    assert set(invitation) == {"name", "versions_url", "token"}
    registered = emsp.json(
        "partner", "register", invitation["versions_url"], invitation["token"], "--name", "noda"
    )
    assert registered == {
        "name": "noda", "status": "CONNECTED", "version": "2.2.1", "roles": ["NL/NOD/CPO"],
    }  # fmt: skip
    wait_until(lambda: len(emsp.export("locations")) == 3, what="the first exchange")
    pulled = emsp.json("pull", "locations", "--partner", "noda", "--full")
    assert pulled == {"received": 3, "refused": 0}
    assert [it["id"] for it in emsp.json("get", "noda", "locations?limit=2")] == ["LOC0", "LOC1"]
    assert emsp.json("get", "noda", "locations/LOC2") == location("LOC2")
    unknown = emsp.run("get", "noda", "locations/NONE", "--json")
    assert (unknown.code, set(unknown.json)) == (1, {"error"})
    facts = cpo.json("partner", "show", "movia")["delivery"]
    assert (facts["parked"], facts["stopped"]) == (0, None)
    assert emsp.json("quarantine", "list") == []
    second = process("-c", cpo.config, "serve")
    assert second.code == 4
    assert "listen" in second.err
    assert emsp.json("partner", "rotate", "noda")["status"] == "CONNECTED"
    (partner,) = cpo.json("partner", "list")
    assert (partner["name"], partner["status"]) == ("movia", "CONNECTED")
    cpo.stop()
    failed = emsp.run("pull", "locations", "--partner", "noda", "--json")
    assert failed.code == 3
    assert "reached" in failed.json["error"]


def test_a_spent_token_a_is_refused(shared_pair: Pair) -> None:
    """CORE-CRED: TOKEN_A is single use; the command says so and exits non-zero."""
    pair = shared_pair
    invitation = pair.cpo.json("partner", "invite", "other")
    first = pair.emsp.run(
        "partner", "register", invitation["versions_url"], "not-the-token", "--name", "x", "--json"
    )
    assert first.code == 1
    assert "error" in first.json
    assert first.err.strip()


def test_tokens_flow_the_other_way(shared_pair: Pair) -> None:
    pair = shared_pair
    token = {
        "country_code": "DE", "party_id": "MOV", "uid": "04A1B2C3", "type": "RFID",
        "contract_id": "DE-MOV-C00000001", "issuer": "Movia", "valid": True,
        "whitelist": "ALLOWED", "last_updated": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    assert pair.emsp.load("tokens", [token])["accepted"] == 1
    wait_until(lambda: pair.cpo.export("tokens") == [token], seconds=60, what="the token")


def test_a_restart_keeps_everything_and_catches_up(shared_pair: Pair) -> None:
    pair, first, second = shared_pair, fresh("LOC"), fresh("LOC")
    pair.cpo.load("locations", [location(first)])
    wait_until(lambda: first in held(pair), seconds=60, what="the first push")
    assert pair.emsp.stop() == 0
    pair.cpo.load("locations", [location(second)])
    time.sleep(0.5)
    pair.emsp.serve()
    wait_until(lambda: {first, second} <= held(pair).keys(), seconds=60, what="catching up")


def test_refused_objects_are_named_with_index_and_path(node: MakeNode, tmp_path: Path) -> None:
    cpo = node("cpo", "NL/NOD/CPO", serve=False)
    good, bad = (
        location("LOC1"),
        location("LOC2", coordinates={"latitude": "52.1", "longitude": "5"}),
    )
    file = tmp_path / "two.json"
    file.write_text(json.dumps({"items": [good, bad, {"id": 7}]}))
    ran = cpo.run("import", "locations", file, "--json")
    assert ran.code == 1
    assert ran.json["accepted"] == 1
    assert [refused["index"] for refused in ran.json["refused"]] == [1, 2]
    problems = ran.json["refused"][0]["problems"]
    assert {problem["path"] for problem in problems} >= {"$.coordinates.latitude"}
    assert {"path", "severity", "rule", "message"} <= set(problems[0])
    lenient = cpo.run("import", "locations", file, "--json", "--lenient")
    assert lenient.json["accepted"] == 2


def test_an_object_of_somebody_else_is_refused(node: MakeNode) -> None:
    cpo = node("cpo", "NL/NOD/CPO", serve=False)
    report = cpo.load("locations", [location("LOC1", party_id="XXX")])
    assert report["accepted"] == 0
    assert report["refused"][0]["index"] == 0


def test_a_withdrawn_tariff_is_deleted_at_the_partner(node: MakeNode) -> None:
    """TAR-FLOW-02: tariffs are deleted; locations end by the status of their EVSEs."""
    cpo = node("cpo", "NL/NOD/CPO")
    emsp = node("emsp", "DE/MOV/EMSP")
    introduce(cpo, emsp)
    tariff = {
        "country_code": "NL", "party_id": "NOD", "id": "T1", "currency": "EUR",
        "elements": [{"price_components": [{"type": "ENERGY", "price": 0.3, "step_size": 1}]}],
        "last_updated": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    cpo.load("tariffs", [tariff])
    wait_until(lambda: emsp.export("tariffs") == [tariff], what="the tariff")
    assert cpo.json("withdraw", "tariffs", "T1") == {"module": "tariffs", "id": "T1"}
    wait_until(lambda: emsp.export("tariffs") == [], what="the DELETE")
    assert cpo.export("tariffs") == []
    again = cpo.run("withdraw", "tariffs", "T1", "--json")
    assert (again.code, again.json["error"]) == (1, "there is no T1 of NL/NOD.")
    never = cpo.run("withdraw", "locations", "LOC1", "--json")
    assert never.code == 1
    assert "REMOVED" in never.json["error"]
