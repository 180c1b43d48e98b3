"""Commands over real HTTP: an operator's node with chargers behind it, and scripted partners."""

import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e import mock_http
from tests.e2e.conftest import Backing, MakeNode
from tests.e2e.mock_http import Answer, Recorded, Reply
from tests.e2e.mock_partner import MODULES, Answered, MockPartner, envelope
from tests.e2e.nodes import Served, make_node, wait_until
from tests.e2e.stage import EMSP, NODE, Stage, joined, pushed

NOD = ("NL", "NOD")
ABLE = ["REMOTE_START_STOP_CAPABLE", "RESERVABLE", "UNLOCK_CAPABLE"]
CHARGERS = '''
"""Chargers that answer after half a second, or never; each order leaves a line in a file."""

import asyncio
from pathlib import Path

from voltroam.roaming.host import Outcome, Unattended
from voltroam.standard.v2_2_1 import CommandResultType

LINES = Path(__file__).with_name("orders.txt")


class Chargers(Unattended):
    async def consider(self, order):
        return None

    async def carry_out(self, order):
        with LINES.open("a") as lines:
            lines.write(f"{order.id} {order.command.value} {order.charger_reservation}\\n")
        if getattr(order.body, "location_id", "").startswith("NEVER"):
            await asyncio.Event().wait()
        await asyncio.sleep(0.5)
        return Outcome(result=CommandResultType.ACCEPTED)


HOST = Chargers()
'''


@dataclass
class Place:
    node: Served
    partner: MockPartner
    """DE/TNM, the eMSP of the drivers."""

    def location(self, prefix: str = "L") -> str:
        name = doc.fresh(prefix)
        item = doc.location(NOD, name, evses=[doc.evse(capabilities=ABLE)])
        report = self.node.load("locations", [item])
        assert report == {"accepted": 1, "refused": []}, report
        return name

    def url(self, name: str) -> str:
        return f"{self.partner.base}/2.2.1/s/commands/results?for={name}&then=%26"

    def start(self, name: str, **changes: Any) -> doc.Json:
        token = doc.token(EMSP, doc.fresh("T"), type="APP_USER", whitelist="NEVER")
        return {"response_url": self.url(name), "token": token, "location_id": name} | changes

    def ask(self, command: str, body: Any, **headers: str) -> Answered:
        partner = self.partner
        url = partner.url("commands", "RECEIVER", command)
        return partner.send("POST", url, body=body, headers=partner.routing() | headers)

    def results(self, name: str) -> list[Recorded]:
        return [
            one for one in self.partner.http.recorded
            if one.method == "POST" and f"for={name}&" in one.target
        ]  # fmt: skip

    def result(self, name: str, number: int = 1, *, seconds: float = 60.0) -> Recorded:
        found = wait_until(
            lambda: self.results(name)[number - 1 :], seconds=seconds, what=f"result of {name}"
        )
        assert isinstance(found[0], Recorded)
        return found[0]

    def carried_out(self) -> list[str]:
        file = self.node.folder / "orders.txt"
        return file.read_text("utf-8").splitlines() if file.exists() else []


async def takes(_request: Recorded, _answer: Answer) -> Reply:
    return envelope()


async def says_accepted(_request: Recorded, _answer: Answer) -> Reply:
    return envelope(data={"result": "ACCEPTED", "timeout": 30})


def with_chargers(node: Served) -> Served:
    (node.folder / "chargers.py").write_text(CHARGERS, "utf-8")
    text = node.config.read_text("utf-8")
    node.config.write_text(f'host = "chargers:HOST"\n{text}', "utf-8")
    return node


def emsp_of(stack: ExitStack, node: Served) -> MockPartner:
    partner = stack.enter_context(
        MockPartner((*EMSP, "EMSP"), name="E", modules=(*MODULES, "commands"))
    )
    partner.http.on("POST", "/s/commands/", takes)
    return joined(node, partner, "partner")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("commands") / "node"
        node = with_chargers(make_node(folder, "NL/NOD/CPO", name="node"))
        stack.callback(node.kill)
        node.serve()
        yield Place(node, emsp_of(stack, node))


def test_there_are_five_commands_and_they_are_posted(place: Place) -> None:
    """CMD-EP-01, CMD-EP-03, CMD-RSP-02, CMD-LOC-02, CMD-CAN-01"""
    name = place.location()
    url = place.url(name)
    at = {"location_id": name, "evse_uid": "E1", "response_url": url}
    reserve = place.start(name) | at | {"expiry_date": doc.moment(600), "reservation_id": name}
    said = {
        command: place.ask(command, body).data["result"]
        for command, body in (
            ("START_SESSION", place.start(name)),
            ("STOP_SESSION", {"response_url": url, "session_id": "NOSUCH"}),
            ("CANCEL_RESERVATION", {"response_url": url, "reservation_id": "NOSUCH"}),
            ("RESERVE_NOW", reserve),
            ("UNLOCK_CONNECTOR", at | {"connector_id": "1"}),
        )
    }
    assert said == {
        "START_SESSION": "ACCEPTED",
        "STOP_SESSION": "UNKNOWN_SESSION",
        "CANCEL_RESERVATION": "REJECTED",
        "RESERVE_NOW": "ACCEPTED",
        "UNLOCK_CONNECTOR": "ACCEPTED",
    }
    assert place.ask("EXPLODE", {}).status == 404
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        answer = place.partner.call(method, "commands", "RECEIVER", "START_SESSION", body={})
        assert answer.status == 405


def test_the_result_is_posted_to_exactly_the_url(place: Place) -> None:
    """CMD-RSP-01, CMD-RSP-04, CMD-RSP-06, CMD-START-05, CMD-START-09: ACCEPTED, and no session
    as long as no car charges."""
    name = place.location()
    before = time.time()
    answer = place.ask("START_SESSION", place.start(name))
    assert (answer.status, answer.code) == (200, 1000)
    assert answer.data == {"result": "ACCEPTED", "timeout": 30}
    posted = place.result(name)
    assert posted.at - before >= 0.5
    assert f"http://127.0.0.1:{place.partner.http.port}{posted.target}" == place.url(name)
    assert posted.json == {"result": "ACCEPTED"}
    assert posted.headers["authorization"].startswith("Token ")
    assert posted.headers["x-request-id"]
    assert posted.headers["ocpi-to-party-id"] == "TNM"
    assert posted.headers["ocpi-from-party-id"] == "NOD"
    assert states(place, name) == []


def test_unknown_places_and_foreign_urls(place: Place) -> None:
    """CMD-LOC-01, CMD-RSP-05, CMD-DT-01: 2003 with REJECTED; 2001 for a URL elsewhere."""
    name = place.location()
    unknown = place.ask("START_SESSION", place.start("NOSUCH"))
    assert (unknown.status, unknown.code, unknown.data["result"]) == (200, 2003, "REJECTED")
    elsewhere = place.start(name, response_url="http://127.0.0.1:9/x")
    faulty = place.ask("START_SESSION", elsewhere)
    assert (faulty.status, faulty.code) == (200, 2001)
    assert place.ask("START_SESSION", place.start(name, connector_id="1")).code == 2001
    time.sleep(1)
    assert place.results(name) == place.results("NOSUCH") == []


def test_a_failed_result_is_posted_once(place: Place) -> None:
    """CMD-RSP-07"""
    name = place.location()
    place.partner.http.on("POST", f"for={name}&", mock_http.status(500))
    place.ask("START_SESSION", place.start(name))
    place.result(name)
    time.sleep(2)
    assert len(place.results(name)) == 1


def test_a_repeated_request_starts_once(place: Place) -> None:
    """CMD-RSP-04: the load balancer's repeat hears the same."""
    name, before = place.location(), len(place.carried_out())
    body, request_id = place.start(name), str(uuid.uuid4())
    answers = [
        place.ask("START_SESSION", body, **{"X-Request-ID": request_id}) for _ in range(3)
    ]  # fmt: skip
    assert {one.data["result"] for one in answers} == {"ACCEPTED"}
    place.result(name)
    time.sleep(1)
    assert len(place.results(name)) == 1
    assert len(place.carried_out()) == before + 1


def test_a_reservation_has_a_session_a_number_and_an_end(place: Place) -> None:
    """CMD-RES-01, CMD-RES-02, CMD-RES-03, CMD-RES-07"""
    name = place.location()
    body = place.start(name, evse_uid="E1", reservation_id=f"R{name}")

    def reserve(seconds: float) -> None:
        answer = place.ask("RESERVE_NOW", body | {"expiry_date": doc.moment(seconds)})
        assert answer.data["result"] == "ACCEPTED"

    reserve(600)
    place.result(name)
    wait_until(lambda: states(place, name) == ["RESERVATION"], what="the session")
    reserve(3)
    place.result(name, 2)
    mine = [line.split()[2] for line in place.carried_out() if "RESERVE_NOW" in line][-2:]
    assert mine[0] == mine[1]
    assert f"R{name}" not in mine
    wait_until(lambda: states(place, name) == ["COMPLETED"], what="the end of the reservation")


def states(place: Place, name: str) -> list[str]:
    """Of the sessions at a location."""
    sessions = place.node.export("sessions")
    return [one["status"] for one in sessions if one["location_id"] == name]


def test_without_a_host_nothing_is_supported(stage: Stage) -> None:
    """CMD-LOC-04, CMD-RSP-05: and nothing is posted."""
    name = doc.fresh("L")
    stage.load("locations", doc.location(NODE, name, evses=[doc.evse(capabilities=ABLE)]))
    partner = stage.partner
    partner.read_details(partner.peer)  # type: ignore[arg-type]
    url = {"response_url": f"{partner.base}/2.2.1/s/commands/{name}"}
    token = {"token": doc.token(EMSP, name), "location_id": name}
    soon = (datetime.now(UTC) + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    evse = doc.evse()
    socket = {"evse_uid": evse["uid"], "connector_id": evse["connectors"][0]["id"]}
    given: dict[str, Any] = {
        "START_SESSION": token,
        "RESERVE_NOW": {**token, "expiry_date": soon, "reservation_id": name},
        "CANCEL_RESERVATION": {"reservation_id": name},
        "UNLOCK_CONNECTOR": {"location_id": name, **socket},
    }
    for command, body in given.items():
        answer = partner.call("POST", "commands", "RECEIVER", command, body={**url, **body})
        assert (answer.status, answer.code, answer.data["result"]) == (200, 1000, "NOT_SUPPORTED")
    # What the caller got wrong is still said.
    stop = partner.call(
        "POST", "commands", "RECEIVER", "STOP_SESSION", body=url | {"session_id": "?"}
    )
    assert (stop.code, stop.data["result"]) == (1000, "UNKNOWN_SESSION")
    body = url | token | {"location_id": "NONE"}
    lost = partner.call("POST", "commands", "RECEIVER", "START_SESSION", body=body)
    assert (lost.status, lost.code, lost.data["result"]) == (200, 2003, "REJECTED")
    time.sleep(1)
    assert pushed(partner, "POST", f"/s/commands/{name}") == []


@pytest.mark.parametrize("slash", ["", "/"])
def test_one_slash_joins_the_url_and_the_command(node: MakeNode, slash: str) -> None:
    """CMD-EP-02, CMD-RSP-10, CMD-RSP-11, CMD-RSP-12, CMD-START-01"""
    emsp = node("emsp", "DE/MOV/EMSP")
    emsp.load("tokens", [doc.token(("DE", "MOV"), "T1")])
    modules = (*MODULES, "commands")
    with MockPartner(("BE", "BEC", "CPO"), name="C", modules=modules) as operator:
        operator.endpoint_slash = slash
        operator.http.on("POST", "/r/commands", says_accepted)
        joined(emsp, operator, "them")
        start = ("command", "start", "--partner", "them", "--location", "L1", "--token", "T1")
        for _ in range(2):
            emsp.run(*start, "--no-wait", "--json")
        sent = pushed(operator, "POST", "/commands")
        assert [one.path for one in sent] == ["/ocpi/2.2.1/r/commands/START_SESSION"] * 2
        first, second = (one.json["response_url"] for one in sent)
        assert first != second
        assert operator.send("POST", first, body={"result": "ACCEPTED"}).code == 1000
        made_up = operator.send("POST", first[:-4] + "0000", body={"result": "ACCEPTED"})
        assert made_up.status == 404
        assert operator.send("POST", second, body={"result": "PERHAPS"}).code == 2001


def test_killed_in_the_middle_the_order_is_failed_and_never_repeated(
    node: MakeNode, backing: Backing
) -> None:
    """CMD-RSP-04, CMD-RSP-09: kill -9 between acceptance and result."""
    served = with_chargers(node("cpo", "NL/NOD/CPO", backing=backing, serve=False)).serve()
    with ExitStack() as stack:
        place = Place(served, emsp_of(stack, served))
        name = place.location("NEVER")
        request_id, body = str(uuid.uuid4()), place.start(name)
        answer = place.ask("START_SESSION", body, **{"X-Request-ID": request_id})
        assert answer.data["result"] == "ACCEPTED"
        began = time.time()
        wait_until(place.carried_out, what="the order at the chargers")
        served.kill()
        served.serve()
        again = place.ask("START_SESSION", body, **{"X-Request-ID": request_id})
        assert again.data == answer.data
        posted = place.result(name, seconds=60)
        assert posted.json["result"] == "FAILED"
        assert posted.at - began < answer.data["timeout"]
        time.sleep(1)
        assert len(place.results(name)) == 1
        assert len(place.carried_out()) == 1
