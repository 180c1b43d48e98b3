"""The commands about charging, between two served nodes: chargers here, drivers there.

The chargers are the charger world, at real pace, where nobody comes by himself.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.e2e import documents as doc
from tests.e2e.nodes import Served, introduce, make_node, wait_until

from voltroam.cli.outcome import Exit
from voltroam.simulator import city
from voltroam.standard.parties import PartyId

CPO, EMSP = PartyId("NL", "NOD"), PartyId("DE", "MOV")
ENCODER = msgspec.json.Encoder(decimal_format="number")
WORLD = {
    "VOLTROAM_HOST": "world",
    "VOLTROAM_WORLD__ARRIVALS": "0",
    "VOLTROAM_WORLD__FAULTS": "0",
}


def plain(documents: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ENCODER.encode(list(documents)))
    return found


@dataclass
class Stage:
    cpo: Served
    emsp: Served
    places: list[tuple[str, str]]
    """Location and EVSE with a free AC socket."""
    users: list[str]
    taken: int = 0

    def place(self) -> tuple[str, str]:
        """One that no test has used."""
        self.taken += 1
        return self.places[self.taken - 1]

    def user(self) -> str:
        return self.users[self.taken]

    def start(self) -> tuple[str, str, str]:
        """A charge that runs: its session, location and EVSE."""
        location, evse = self.place()
        done = self.emsp.json(
            "command", "start", "--partner", "them", "--location", location, "--evse", evse,
            "--token", self.user(),
        )  # fmt: skip
        session = done["session_id"]
        assert session, done
        wait_until(
            lambda: [
                one for one in self.emsp.export("sessions")
                if one["id"] == session and one["status"] == "ACTIVE"
            ],
            seconds=40, what="the session is ACTIVE",
        )  # fmt: skip
        return session, location, evse


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("live")
    past = datetime.now(UTC) - timedelta(hours=1)
    locations = plain(city.locations(CPO, count=20, seed=3, now=past))
    tokens = plain(city.tokens(EMSP, count=60, seed=3, now=past))
    cpo = make_node(folder / "cpo", "NL/NOD/CPO", name="Noda")
    emsp = make_node(folder / "emsp", "DE/MOV/EMSP", name="Movia")
    cpo.environment = dict(WORLD)
    cpo.load("tariffs", plain(city.tariffs(CPO, now=past)))
    cpo.load("locations", locations)
    emsp.load("tokens", tokens)
    try:
        cpo.serve()
        emsp.serve()
        introduce(cpo, emsp)
        wait_until(lambda: len(emsp.export("locations")) == 20, what="the locations arrive")
        yield Stage(
            cpo,
            emsp,
            [
                (location["id"], evse["uid"])
                for location in locations
                for evse in location["evses"]
                if evse["status"] == "AVAILABLE" and "UNLOCK_CAPABLE" in evse["capabilities"]
            ],
            [it["uid"] for it in tokens if it["type"] == "APP_USER" and it["valid"]],
        )
    finally:
        cpo.kill()
        emsp.kill()


def test_a_charge_from_start_to_signed_cdr(stage: Stage) -> None:
    """CMD-RSP-04, SES-FLOW-01, CDR-SIG-01"""
    session, _, _ = stage.start()
    limited = stage.emsp.json("charging-profile", "set", session, "--limit", "6", "--limit", "9:16")
    assert limited["result"] == "ACCEPTED"
    active = stage.emsp.json("charging-profile", "active", session, "--duration", "600")
    periods = active["active"]["charging_profile"]["charging_profile_period"]
    assert periods[0]["limit"] <= 16
    assert stage.emsp.json("charging-profile", "clear", session)["result"] == "ACCEPTED"
    wish = stage.emsp.json(
        "prefer", session, "--profile", "CHEAP", "--departure", "600", "--energy", "5"
    )
    assert wish == {"response": "ACCEPTED"}
    stopped = stage.emsp.json("command", "stop", "--partner", "them", "--session", session)
    assert stopped["result"]["result"] == "ACCEPTED"
    watched = stage.emsp.run("watch", "--session", session, "--seconds", "20", "--json")
    assert watched.code == 0
    last = watched.lines[-1]["data"]
    assert last["kind"] == "cdrs"
    assert last["object"]["session_id"] == session
    cdr = stage.emsp.folder / "cdr.json"
    cdr.write_text(json.dumps(last["object"]))
    assert stage.emsp.json("verify", str(cdr))["verdict"] == "VALID"
    assert stage.emsp.run("cdr", "audit", cdr, "--json").code == 0


def test_what_the_charger_refuses_ends_with_one(stage: Stage) -> None:
    _, location, evse = stage.start()
    ran = stage.emsp.run(
        "command", "start", "--partner", "them", "--location", location, "--evse", evse,
        "--token", stage.users[-1], "--type", "APP_USER", "--json",
    )  # fmt: skip
    assert ran.code == Exit.FAILED
    assert ran.json["result"]["result"] == "EVSE_OCCUPIED"
    spoken = stage.emsp.run(
        "command", "start", "--partner", "them", "--location", location, "--evse", evse,
        "--token", stage.users[-1], "--type", "APP_USER",
    )  # fmt: skip
    assert spoken.code == Exit.FAILED
    assert "EVSE_OCCUPIED" in spoken.out


def test_a_reservation_needs_no_more_than_a_place_and_a_token(stage: Stage) -> None:
    location, evse = stage.place()
    made = stage.emsp.json(
        "command", "reserve", "--partner", "them", "--location", location, "--evse", evse,
        "--token", stage.user(), "--reservation", "MINE-1",
    )  # fmt: skip
    assert (made["result"]["result"], made["reservation_id"]) == ("ACCEPTED", "MINE-1")
    sent, ends = (datetime.fromisoformat(made[name]) for name in ("sent_at", "expiry_date"))
    assert timedelta(minutes=29) < ends - sent < timedelta(minutes=31)


def test_a_reservation_is_made_and_given_up(stage: Stage) -> None:
    """CMD-CAN-01"""
    location, evse = stage.place()
    made = stage.emsp.json(
        "command", "reserve", "--partner", "them", "--location", location, "--evse", evse,
        "--token", stage.user(), "--type", "APP_USER", "--expiry", "15",
    )  # fmt: skip
    assert made["result"]["result"] == "ACCEPTED"

    def status() -> str:
        found = next(it for it in stage.emsp.export("locations") if it["id"] == location)
        return next(str(it["status"]) for it in found["evses"] if it["uid"] == evse)

    wait_until(lambda: status() == "RESERVED", what="the EVSE is RESERVED")
    given_up = stage.emsp.json(
        "command", "cancel", "--partner", "them", "--reservation", made["reservation_id"]
    )
    assert given_up["result"]["result"] == "ACCEPTED"
    wait_until(lambda: status() == "AVAILABLE", what="the EVSE is AVAILABLE")


def test_unlocking_and_the_list_of_what_was_sent(stage: Stage) -> None:
    session, location, evse = stage.start()
    unlocked = stage.emsp.json(
        "command", "unlock", "--partner", "them", "--location", location, "--evse", evse,
        "--connector", "1", "--desk", "anna",
    )  # fmt: skip
    assert unlocked["result"]["result"] == "ACCEPTED"
    assert unlocked["desk"] == "anna"
    wait_until(
        lambda: [it for it in stage.emsp.export("cdrs") if it["session_id"] == session],
        what="the CDR comes",
    )
    shortest = stage.emsp.json(
        "command", "unlock", "--partner", "them", "--location", location, "--evse", evse
    )
    assert (shortest["result"]["result"], shortest["connector_id"]) == ("ACCEPTED", "1")
    (newest,) = stage.emsp.json("command", "list", "--limit", "1")
    assert newest["command"] == "UNLOCK_CONNECTOR"
    assert newest["desk"]  # who is logged in
    assert "\tACCEPTED" in stage.emsp.run("command", "list", "--limit", "1").out
    assert stage.user() not in json.dumps(stage.emsp.json("command", "list"))


def test_without_waiting_the_partners_word_counts(stage: Stage) -> None:
    location, evse = stage.place()
    ran = stage.emsp.run(
        "command", "start", "--partner", "them", "--location", location, "--evse", evse,
        "--token", stage.user(), "--type", "APP_USER", "--no-wait", "--json",
    )  # fmt: skip
    assert ran.code == 0
    assert ran.json["response"]["result"] == "ACCEPTED"
    assert ran.json["result"] is None


def test_a_driver_is_authorized_or_not(stage: Stage) -> None:
    location, _ = stage.place()
    ran = stage.cpo.run(
        "authorize", stage.user(), "--type", "APP_USER", "--location", location, "--json"
    )
    assert (ran.code, ran.json["allowed"]) == (0, "ALLOWED")
    assert ran.json["partner"] == "them"
    nobody = stage.cpo.run("authorize", "NOBODY", "--json")
    assert nobody.code == Exit.FAILED


def test_what_cannot_be_is_said_before_anything_is_sent(stage: Stage) -> None:
    location, _ = stage.place()
    wrong = [
        ("command", "start", "--partner", "none", "--location", location, "--token", "X"),
        ("command", "start", "--partner", "them", "--location", location, "--token", "NOBODY"),
        ("command", "stop", "--partner", "none", "--session", "X"),
        ("charging-profile", "clear", "NO-SESSION"),
        ("prefer", "NO-SESSION", "--profile", "FAST"),
    ]
    before = len(stage.emsp.json("command", "list", "--limit", "1000"))
    for arguments in wrong:
        ran = stage.emsp.run(*arguments, "--json")
        assert (ran.code, set(ran.json)) == (Exit.FAILED, {"error"}), arguments
    assert len(stage.emsp.json("command", "list", "--limit", "1000")) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("command", "start", "--partner", "p", "--location", "L", "--token", "T", "--type", "FOB"),
        ("command", "reserve", "--partner", "p", "--location", "L", "--token", "T", "--expiry",
         "soon"),
        ("charging-profile", "set", "S"),
        ("charging-profile", "set", "S", "--limit", "much"),
        ("prefer", "S", "--profile", "SLOW"),
        ("authorize", "T", "--evse", "E"),
    ],
)  # fmt: skip
def test_wrong_use_is_two(stage: Stage, arguments: tuple[str, ...]) -> None:
    assert stage.emsp.run(*arguments, "--json").code == Exit.USAGE


@pytest.mark.parametrize(
    "arguments",
    [
        ("command", "stop", "--partner", "p", "--session", "S"),
        ("command", "list"),
        ("charging-profile", "clear", "S"),
        ("authorize", "T"),
        ("prefer", "S", "--profile", "FAST"),
        ("watch", "--seconds", "1"),
    ],
)
def test_a_node_that_does_not_run_is_named(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    node = make_node(tmp_path / "emsp", "DE/MOV/EMSP", name="Movia")
    ran = node.run(*arguments, "--json")
    assert ran.code == Exit.UNREACHABLE
    assert "voltroam serve" in ran.json["error"]
    assert node.url in ran.json["error"]


def test_who_reads_no_further_ends_the_watching_in_silence(stage: Stage) -> None:
    """`watch | head` ends without a word, and at the next line: none waits in a buffer."""
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    watching = subprocess.Popen(
        [sys.executable, "-m", "voltroam", "-c", str(stage.emsp.config), "watch"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=plain,
    )  # fmt: skip
    assert watching.stdout is not None
    assert watching.stderr is not None
    watching.stdout.close()
    loads, end = 0, time.monotonic() + 120
    while watching.poll() is None and time.monotonic() < end:
        stage.emsp.load("tokens", [doc.token(("DE", "MOV"), doc.fresh("PIPE"))])
        loads += 1
    assert watching.wait(60) == Exit.FAILED
    assert loads < 100  # a buffer holds the lines of more
    assert watching.stderr.read() == b""
    watching.stderr.close()


def test_the_charger_world_has_one_process(tmp_path: Path) -> None:
    node = make_node(tmp_path / "cpo", "NL/NOD/CPO", name="Noda")
    ran = node.run("serve", "--host", "world", "--workers", "2")
    assert ran.code == Exit.USAGE
    assert "one process" in ran.err
    lost = node.run("serve", "--host", "nowhere:HOST")
    assert lost.code == Exit.SETUP
    assert "nowhere" in lost.err
