"""Real-time authorization over real HTTP: a node that is asked, and a node that asks."""

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import pytest
from tests.e2e import documents as doc
from tests.e2e import mock_http
from tests.e2e.conftest import Pair
from tests.e2e.mock_http import Answer, Fault, Recorded, Reply
from tests.e2e.mock_partner import Answered, MockPartner, envelope
from tests.e2e.nodes import Served, wait_until
from tests.e2e.stage import CPO, EMSP, NODE, OTHER, Stage, with_holdings

from voltroam import open_node
from voltroam.holdings import Holdings
from voltroam.node import Node
from voltroam.roaming.authorizing.authorizer import Authorization
from voltroam.roaming.authorizing.limiting import Bearer, Limiting
from voltroam.roaming.authorizing.limits import Mark, Place
from voltroam.roaming.authorizing.log import AuthorizationLog, Entry
from voltroam.roaming.platforms import Profile
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import LocationReferences, TokenType

T = TypeVar("T")
DEADLINE = "VOLTROAM_AUTHORIZATION__PARTNER_DEADLINE"
CALL_MS = 1000 * Profile().timeout
"""How long a call to a silent partner takes."""
HERE = LocationReferences(location_id="LOC1", evse_uids=["E1"])


def with_node(node: Served, work: Callable[[Node], Awaitable[T]]) -> T:
    """A further process of the node, embedded in this one."""

    async def run() -> T:
        async with open_node(node.config, work=False) as opened:
            return await work(opened)

    return asyncio.run(run())


def tap(node: Served, uid: str, **options: Any) -> Authorization:
    return with_node(node, lambda it: it.authorizer.authorize(uid, **options))


def logged(node: Served) -> list[Entry]:
    async def read(holdings: Holdings) -> list[Entry]:
        return await AuthorizationLog(holdings.store, holdings.vault, now=lambda: 0).newest()

    return with_holdings(node, read)


def permit(node: Served, uid: str, *places: Place) -> None:
    """The driver's contract is good at these places."""
    with_holdings(node, lambda it: Limiting(it.store, it.identity).permit(Bearer(uid), places))


def mark(node: Served, uid: str, word: Mark) -> None:
    with_holdings(node, lambda it: Limiting(it.store, it.identity).mark(Bearer(uid), word))


# --- the node is asked ---


def authorize(stage: Stage, uid: str, body: Any = None, **query: str) -> Answered:
    return stage.partner.call("POST", "tokens", "SENDER", uid, "authorize", body=body, **query)


@pytest.fixture
def uid(stage: Stage) -> str:
    uid = doc.fresh("CARD")
    stage.load("tokens", doc.token(NODE, uid, whitelist="NEVER", language="nl"))
    return uid


def allowed(answer: Answered) -> str:
    assert (answer.status, answer.code) == (200, 1000), answer
    word = answer.data["allowed"]
    assert isinstance(word, str)
    return word


def test_the_endpoint_is_there_and_needs_no_body(stage: Stage, uid: str) -> None:
    """TOK-AUTH-01, TOK-AUTH-02, TOK-AUTH-05, TOK-AUTH-13: no content type either"""
    for query in ({}, {"type": "RFID"}):
        answer = authorize(stage, uid, **query)
        assert allowed(answer) == "ALLOWED"
        assert answer.data["token"] == doc.token(NODE, uid, whitelist="NEVER", language="nl")
        assert len(answer.data["authorization_reference"]) <= 36
    url = stage.partner.url("tokens", "SENDER", uid, "authorize")
    assert stage.partner.send("GET", url).status == 405


def test_an_unknown_token_is_404_with_2004(stage: Stage, uid: str) -> None:
    """TOK-AUTH-03"""
    for answer in (authorize(stage, "NOBODY"), authorize(stage, uid, type="APP_USER")):
        assert (answer.status, answer.code) == (404, 2004)
        assert "data" not in answer.json


def test_a_refused_token_is_answered_in_full(stage: Stage, uid: str) -> None:
    """TOK-AUTH-05, TOK-AUTH-06: the text is in the token's language"""
    said = "ALLOWED"

    def has_changed() -> bool:
        return allowed(authorize(stage, uid)) != said

    for word in Mark:
        mark(stage.node, uid, word)
        wait_until(has_changed, what="the mark")
        said = allowed(authorize(stage, uid))
        assert said == word.value
    answer = authorize(stage, uid)
    assert answer.data["token"]["uid"] == uid
    assert answer.data["info"]["language"] == "nl"


def test_a_contract_for_some_places(stage: Stage, uid: str) -> None:
    """TOK-AUTH-04, TOK-AUTH-06, TOK-AUTH-07, TOK-AUTH-08"""
    permit(stage.node, uid, Place(location_id="LOC1", evse_uids=("E1", "E3")))
    wait_until(lambda: authorize(stage, uid).code == 2002, what="the limits")
    answer = authorize(stage, uid, {"location_id": "LOC1", "evse_uids": ["E1", "E2", "E3"]})
    assert allowed(answer) == "ALLOWED"
    assert answer.data["location"] == {"location_id": "LOC1", "evse_uids": ["E1", "E3"]}
    refused = authorize(stage, uid, {"location_id": "LOC2"})
    assert allowed(refused) == "NOT_ALLOWED"
    assert "location" not in refused.data


def test_files_about_the_place_are_no_reason(stage: Stage, uid: str) -> None:
    """TOK-AUTH-09, TOK-AUTH-10: out of order in our files, or in no file at all"""
    name = doc.fresh("L")
    place = doc.location(CPO, name, evses=[doc.evse(status="OUTOFORDER")])
    put = stage.partner.call("PUT", "locations", "RECEIVER", *CPO, name, body=place)
    assert put.code == 1000
    for where in (name, "NEVER-HEARD-OF"):
        body = {"location_id": where, "evse_uids": ["E1"]}
        answer = authorize(stage, uid, body)
        assert allowed(answer) == "ALLOWED"
        assert answer.data["location"] == body


@pytest.mark.parametrize("body", [{}, [], {"location_id": None}, {"location_id": "x" * 40}])
def test_a_faulty_body_is_2001(stage: Stage, uid: str, body: Any) -> None:
    """CORE-RESP-13"""
    answer = authorize(stage, uid, body)
    assert (answer.status, answer.code) == (200, 2001)
    assert authorize(stage, uid, b"{").status == 400


def test_authorization_is_answered_with_little_delay(stage: Stage, uid: str) -> None:
    """TOK-AUTH-11"""
    took = []
    for _ in range(100):
        begun = time.perf_counter()
        assert allowed(authorize(stage, uid)) == "ALLOWED"
        took.append(time.perf_counter() - begun)
    assert statistics.median(took) < 0.25


def test_who_asked_is_on_record_and_the_uid_is_nowhere(stage: Stage, uid: str) -> None:
    """TOK-AUTH-12"""
    reference = authorize(stage, uid, {"location_id": "LOC1"}).data["authorization_reference"]

    def found() -> list[Entry]:
        return [it for it in logged(stage.node) if it.authorization_reference == reference]

    entry = wait_until(found, what="the record")[0]
    assert (entry.answer, entry.asked_by, entry.location_id) == ("ALLOWED", "BE/BEC", "LOC1")
    assert entry.ms > 0
    assert uid not in json.dumps([it.token for it in logged(stage.node)])
    assert uid not in stage.node.log


# --- the node asks ---


def tells(partner: MockPartner, *tokens: doc.Json, word: str = "ALLOWED", **more: Any) -> Fault:
    """The eMSP knows these tokens."""
    known = {token["uid"]: token for token in tokens}

    async def fault(request: Recorded, _answer: Answer) -> Reply:
        uid = request.segments[-2]
        if uid not in known:
            return envelope(2004, status=404)
        return envelope(data={"allowed": word, "token": known[uid]} | more)

    partner.http.on("POST", r"/s/tokens/", fault)
    return fault


def asked(partner: MockPartner, uid: str) -> list[Recorded]:
    return [it for it in partner.http.recorded if it.method == "POST" and uid in it.target]


@pytest.fixture
def behaving(stage: Stage) -> Iterator[Stage]:
    partners = (stage.partner, stage.other, stage.hub)
    for partner in partners:
        tells(partner)
    yield stage
    for partner in partners:
        partner.http.behave()


def give(stage: Stage, uid: str, **changes: Any) -> doc.Json:
    token = doc.token(EMSP, uid, **changes)
    headers = stage.partner.routing() | {
        "OCPI-from-country-code": EMSP[0],
        "OCPI-from-party-id": EMSP[1],
    }
    url = stage.partner.url("tokens", "RECEIVER", *EMSP, uid)
    assert stage.partner.send("PUT", url, body=token, headers=headers).code == 1000
    return token


@pytest.mark.parametrize(
    ("whitelist", "valid", "up", "down"),
    [
        ("ALWAYS", True, "list", "list"),
        ("ALLOWED", True, "list", "list"),
        ("ALLOWED_OFFLINE", True, "emsp", "offline"),
        ("NEVER", True, "emsp", "unreachable"),
        ("NEVER", False, "emsp", "unreachable"),
    ],
)
def test_the_whitelist_decides_whom_a_tap_reaches(
    behaving: Stage, whitelist: str, valid: bool, up: str, down: str
) -> None:
    """TOK-WL-01, TOK-WL-03, TOK-WL-04, TOK-WL-05, TOK-FLOW-04, TOK-FLOW-06"""
    uid = doc.fresh("CARD")
    token = give(behaving, uid, whitelist=whitelist, valid=valid)
    tells(behaving.partner, token, authorization_reference="REF-1")
    found = tap(behaving.node, uid, location=HERE)
    assert (found.allowed, found.by) == ("ALLOWED", up)
    requests = asked(behaving.partner, uid)
    assert len(requests) == (up == "emsp")
    assert asked(behaving.other, uid) == []
    if requests:
        assert requests[0].path.endswith(f"/tokens/{uid}/authorize")
        assert requests[0].json == {"location_id": "LOC1", "evse_uids": ["E1"]}
        assert requests[0].headers["ocpi-to-party-id"] == EMSP[1]
        assert requests[0].headers["ocpi-from-party-id"] == NODE[1]
        assert found.authorization_reference == "REF-1"
    behaving.partner.http.on("POST", r"/s/tokens/", mock_http.status(503, b"busy"))
    gone = tap(behaving.node, uid, location=HERE)
    assert (gone.by, gone.is_allowed) == (down, down != "unreachable")
    if up == "emsp":
        tells(behaving.partner, token, word="BLOCKED")
        assert tap(behaving.node, uid, location=HERE).allowed == "BLOCKED"


@pytest.mark.parametrize(
    "fault",
    [
        mock_http.hang(),
        mock_http.reset(),
        mock_http.text(b"<html>"),
        mock_http.document([]),
        mock_http.huge(7_000_000),
        mock_http.redirect("http://127.0.0.1:9/"),
    ],
)
def test_an_emsp_that_misbehaves_is_not_reached(
    behaving: Stage, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TOK-WL-03"""
    monkeypatch.setenv(DEADLINE, "1.5")
    uid = doc.fresh("CARD")
    give(behaving, uid, whitelist="ALLOWED_OFFLINE")
    behaving.partner.http.on("POST", r"/s/tokens/", fault)
    found = tap(behaving.node, uid)
    assert found.by == "offline"
    assert found.ms < CALL_MS  # the driver's deadline, not that of a call


def test_a_token_that_nobody_gave_us_is_asked_about_everywhere_at_once(
    behaving: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TOK-WL-07, TOK-AUTH-14: the first permission wins; a hub is asked without OCPI-to"""
    monkeypatch.setenv(DEADLINE, "60")
    uid = doc.fresh("CARD")
    token = doc.token(OTHER, uid, whitelist="NEVER")

    async def when_all_are_asked(_request: Recorded, _answer: Answer) -> Reply:
        while not (asked(behaving.partner, uid) and asked(behaving.hub, uid)):
            await asyncio.sleep(0.01)
        return envelope(data={"allowed": "ALLOWED", "token": token})

    behaving.partner.http.on("POST", r"/s/tokens/", mock_http.hang())
    behaving.other.http.on("POST", r"/s/tokens/", when_all_are_asked)
    found = tap(behaving.node, uid)
    assert (found.allowed, found.by) == ("ALLOWED", "emsp")
    assert found.token is not None
    assert found.token.party_id == OTHER[1]
    assert found.ms < CALL_MS  # the silent one was not waited for
    for partner in (behaving.partner, behaving.other, behaving.hub):
        assert len(asked(partner, uid)) == 1, partner.name
    assert "ocpi-to-party-id" not in asked(behaving.hub, uid)[0].headers
    for partner in (behaving.partner, behaving.other):
        tells(partner)
    assert tap(behaving.node, "NOBODY-" + uid).by == "unknown"


def test_a_command_keeps_the_node_from_asking_in_every_process(behaving: Stage) -> None:
    """CMD-START-03, CMD-START-04, CMD-RES-05"""
    uid = doc.fresh("CARD")
    token = give(behaving, uid, whitelist="NEVER")
    tells(behaving.partner, token)

    async def command(node: Node) -> None:
        held = (await node.authorizer.authorize(uid)).token
        assert held is not None
        await node.authorizer.exempt(
            held, partner="p", location_id="LOC1", evse_uid="E1", authorization_reference="R"
        )

    with_node(behaving.node, command)
    behaving.partner.http.forget()
    found = tap(behaving.node, uid, location=HERE)
    assert (found.by, found.auth_method, found.authorization_reference) == (
        "command",
        "COMMAND",
        "R",
    )
    assert asked(behaving.partner, uid) == []


def test_a_group_stops_together(behaving: Stage) -> None:
    """TOK-GRP-01"""
    one, two = doc.fresh("CARD"), doc.fresh("FOB")
    started = give(behaving, one, whitelist="ALWAYS", group_id="HOME")
    give(behaving, two, whitelist="ALWAYS", group_id="HOME")

    async def stop(node: Node) -> bool:
        first = (await node.authorizer.authorize(started["uid"])).token
        assert first is not None
        return await node.authorizer.may_stop(first, two)

    assert with_node(behaving.node, stop)


def test_two_nodes_agree(shared_pair: Pair) -> None:
    """TOK-AUTH-07, TOK-AUTH-12, TOK-WL-04, TOK-WL-07: on each way to run a node"""
    pair = shared_pair
    before = len(logged(pair.emsp)), len(logged(pair.cpo))
    card, app = doc.token(("DE", "MOV"), "CARD"), doc.token(("DE", "MOV"), "APP", type="APP_USER")
    pair.emsp.load("tokens", [card | {"whitelist": "NEVER"}, app | {"whitelist": "NEVER"}])
    permit(pair.emsp, "CARD", Place(location_id="LOC1", evse_uids=("E1",), operator="NL/NOD"))
    narrow = LocationReferences(location_id="LOC1", evse_uids=["E1", "E2"])

    async def ask(node: Node) -> list[Authorization]:
        authorize = node.authorizer.authorize
        return [
            await authorize("CARD", location=narrow),
            await authorize("CARD"),
            await authorize("card", location=LocationReferences(location_id="LOC2")),
            await authorize("APP", type=TokenType.APP_USER, contract_party=PartyId("DE", "MOV")),
            await authorize("NOBODY"),
        ]

    here, nowhere, elsewhere, by_app, nobody = with_node(pair.cpo, ask)
    assert (here.allowed, here.by, here.location) == ("ALLOWED", "emsp", HERE)
    assert (nowhere.allowed, nowhere.by) == ("NOT_ALLOWED", "emsp")
    assert (elsewhere.allowed, elsewhere.by) == ("NOT_ALLOWED", "emsp")
    assert by_app.is_allowed
    assert nobody.by == "unknown"
    given = wait_until(
        lambda: found if len(found := logged(pair.emsp)) == before[0] + 5 else None,
        what="five entries",
    )[:5]
    taken = logged(pair.cpo)
    assert len(taken) == before[1] + 5
    taken = taken[:5]
    assert [it.answer for it in reversed(given)] == [
        "ALLOWED", "NEEDS_LOCATION", "NOT_ALLOWED", "ALLOWED", "UNKNOWN_TOKEN",
    ]  # fmt: skip
    assert {it.side for it in given} == {"given"}
    assert [it.answer for it in reversed(taken)] == [
        "ALLOWED", "NOT_ALLOWED", "NOT_ALLOWED", "ALLOWED", "UNKNOWN_TOKEN",
    ]  # fmt: skip
    references = [it.authorization_reference for it in reversed(given)]
    assert references[0] == here.authorization_reference


def test_what_was_answered_before_the_end_is_on_record(shared_pair: Pair) -> None:
    """TOK-AUTH-12: a node that is told to end writes what it still has"""
    pair, uid = shared_pair, doc.fresh("CARD")
    pair.emsp.load("tokens", [doc.token(("DE", "MOV"), uid, whitelist="NEVER")])
    allowed = tap(pair.cpo, uid)
    assert allowed.is_allowed
    assert pair.emsp.stop() == 0
    newest = logged(pair.emsp)[0]
    assert newest.answer == "ALLOWED"
    assert newest.authorization_reference == allowed.authorization_reference
    pair.emsp.serve()
