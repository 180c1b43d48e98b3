"""The whole of a charge at another company's charger, over real HTTP between two served nodes.

The chargers are the charger world, which stands where an operator's own back end would; the eMSP
does everything by its own command line. `two workers` are not for the world: it is one process.
"""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.e2e.conftest import Backing, MakeNode, Pair
from tests.e2e.nodes import introduce, wait_until
from tests.e2e.story import encoded, quiet_world

from voltroam.simulator import city
from voltroam.standard.parties import PartyId

CPO, EMSP = PartyId("NL", "NOD"), PartyId("DE", "MOV")


@pytest.fixture(params=["sqlite", "postgres"])
def charging(request: pytest.FixtureRequest, node: MakeNode) -> Pair:
    """A CPO whose chargers are a quiet world, and an eMSP with drivers."""
    postgres = request.param == "postgres"
    database = request.getfixturevalue("new_postgres_database") if postgres else lambda: None
    backing = Backing(request.param, 1, database)
    cpo = node("cpo", f"{CPO}/CPO", backing=backing, serve=False)
    quiet_world(cpo)
    emsp = node("emsp", f"{EMSP}/EMSP", backing=backing)
    now = datetime.now(UTC)
    cpo.load("tariffs", encoded(city.tariffs(CPO, now=now)))
    cpo.load("locations", encoded(city.locations(CPO, count=3, seed=7, now=now)))
    emsp.load("tokens", encoded(city.tokens(EMSP, count=5, seed=7, now=now)))
    cpo.serve()
    introduce(cpo, emsp)
    return Pair(cpo, emsp)


def place(pair: Pair) -> tuple[str, str]:
    """A location and an EVSE there that can be started, reserved and steered."""
    wanted = {"REMOTE_START_STOP_CAPABLE", "RESERVABLE", "CHARGING_PROFILE_CAPABLE"}
    for location in pair.emsp.export("locations"):
        for evse in location["evses"]:
            able = wanted <= set(evse.get("capabilities", ()))
            if able and evse["status"] == "AVAILABLE":
                return location["id"], evse["uid"]
    raise AssertionError("no EVSE of the city can do it all")


def session(pair: Pair, session_id: str | None = None) -> dict[str, Any] | None:
    """As the eMSP holds it."""
    held = [it for it in pair.emsp.export("sessions") if session_id in (None, it["id"])]
    return held[0] if held else None


def test_from_authorization_to_an_audited_and_signed_cdr(charging: Pair) -> None:
    """SES-FLOW-06, SES-FLOW-08, CMD-START-06: reserve, start, steer, stop, and what it cost."""
    cpo, emsp = charging.cpo, charging.emsp
    wait_until(lambda: len(emsp.export("locations")) == 3, what="the locations")
    wait_until(lambda: len(cpo.export("tokens")) == 5, what="the tokens")
    location, evse = place(charging)
    token = next(it for it in emsp.export("tokens") if it["type"] == "RFID" and it["valid"])["uid"]

    asked = cpo.run("authorize", token, "--location", location, "--evse", evse, "--json")
    assert (asked.code, asked.json["allowed"]) == (0, "ALLOWED"), asked.out + asked.err

    at = ("--partner", "them", "--location", location, "--evse", evse, "--token", token)
    reserved = emsp.run("command", "reserve", *at, "--expiry", "30", "--json")
    assert reserved.code == 0, reserved.out + reserved.err
    waiting = wait_until(lambda: session(charging), what="the reservation's session")
    assert (waiting["status"], waiting["evse_uid"]) == ("RESERVATION", evse)

    started = emsp.run("command", "start", *at, "--reference", "REF-1", "--json")
    assert started.code == 0, started.out + started.err
    name = waiting["id"]

    def active() -> dict[str, Any] | None:
        held = session(charging, name)
        return held if held and held["status"] == "ACTIVE" else None

    running = wait_until(active, seconds=60, what="the session")
    assert running["auth_method"] == "COMMAND"
    assert running["authorization_reference"] == "REF-1"
    assert running["cdr_token"]["uid"] == token
    assert started.json["session_id"] == name
    listed = emsp.json("command", "list")
    assert [one["session_id"] for one in listed if one["command"] == "START_SESSION"] == [name]

    held = reserved.json["reservation_id"]
    late = emsp.run("command", "cancel", "--partner", "them", "--reservation", held, "--json")
    assert late.code != 0
    said = late.json["response"]  # the ledger knows that the driver came: no charger is asked
    assert (said["result"], said["message"][0]["text"]) == (
        "REJECTED", "The reservation is not known",
    )  # fmt: skip

    steered = emsp.run("charging-profile", "set", name, "--limit", "10", "--unit", "A", "--json")
    assert steered.code == 0, steered.out + steered.err
    wait_until(lambda: (active() or running)["kwh"] > 0.2, seconds=45, what="energy")

    stopped = emsp.run("command", "stop", "--partner", "them", "--session", name, "--json")
    assert stopped.code == 0, stopped.out + stopped.err
    ended = wait_until(
        lambda: (held := session(charging, name)) and held["status"] == "COMPLETED" and held,
        seconds=60, what="the end",
    )  # fmt: skip
    cdr = wait_until(lambda: emsp.export("cdrs"), seconds=60, what="the CDR")[0]
    assert cdr["session_id"] == name
    assert (cdr["total_energy"], cdr["total_cost"]) == (ended["kwh"], ended["total_cost"])
    assert cdr["authorization_reference"] == "REF-1"
    assert cdr["cdr_token"]["uid"] == token
    assert cdr["cdr_location"]["evse_uid"] == evse

    audit = emsp.run("cdr", "audit", "--json")
    assert audit.code == 0, audit.out + audit.err
    assert [one["verdict"] for one in audit.json["cdrs"]] == ["OK"]
    checked = emsp.run("verify", "-", "--json", stdin=json.dumps(cdr))
    assert checked.json["verdict"] == "VALID", checked.out
