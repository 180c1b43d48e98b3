"""A call from one party to another through the hub (decision table, rows 14 to 14c)."""

import asyncio

import pytest
from tests.e2e import documents as doc
from tests.e2e.hub.city import (
    CPO,
    FAR,
    HUB,
    MANY_CPO,
    MANY_MSP,
    MSP,
    TIMEOUT,
    TWIN,
    City,
    answers,
    ask,
    ends,
    guest,
)
from tests.e2e.mock_http import (
    Answer,
    Fault,
    Recorded,
    Reply,
    document,
    reset,
    slow,
    status,
    text,
)
from tests.e2e.mock_partner import encode_token, refuses
from tests.e2e.nodes import wait_until
from tests.e2e.stage import pushed


def location(party: tuple[str, str] = CPO) -> doc.Json:
    return doc.location(party, doc.fresh("L"))


def test_a_push_reaches_the_party_that_it_names(city: City) -> None:
    """CORE-HUB-02, CORE-HUB-03, CORE-MSGID-07, CORE-MSGID-08, CORE-MSGID-09: row 14."""
    body = location()
    asked = ask(city.cpo, "PUT", f"RECEIVER/locations/NL/CPO/{body['id']}", to=MSP, body=body)
    (request,) = asked.at(city.msp)
    assert asked.answer.code == 1000
    assert ends(request.headers) == (MSP, CPO)
    assert ends(asked.answer.headers) == (CPO, MSP)
    assert request.headers["x-request-id"] != asked.headers["X-Request-ID"]
    assert asked.answer.headers["x-request-id"] == asked.headers["X-Request-ID"]
    assert asked.answer.headers["x-correlation-id"] == asked.correlation
    assert not asked.at(city.many)


def test_path_query_and_body_go_through_as_they_are(city: City) -> None:
    """CORE-HUB-04, CORE-HUB-22: spelling of the path, unknown members, white space, old times."""
    body = (
        b'{ "country_code":"nl",  "x-unknown": [1.50, null], "last_updated":"2019-01-01T00:00:00Z"}'
    )
    asked = ask(
        city.msp, "PUT", "RECEIVER/tokens/DE/MSP/A%2DB%20c*(1)", to=CPO, body=body, type="APP_USER"
    )
    (request,) = asked.at(city.cpo)
    assert request.target.endswith("/2.2.1/r/tokens/DE/MSP/A%2DB%20c*(1)?type=APP_USER")
    assert request.body == body


def test_each_connection_has_its_own_token(city: City) -> None:
    """CORE-HUB-05"""
    asked = ask(city.msp, "GET", "SENDER/locations/NONE", to=CPO)
    (request,) = asked.at(city.cpo)
    presented = request.headers["authorization"]
    assert city.msp.peer is not None
    assert presented in {encode_token(token) for token in city.cpo.tokens}
    assert presented != encode_token(city.msp.peer.token)


@pytest.mark.parametrize(("path", "seen"), [
    ("RECEIVER/tokens/DE/MSP/T1", "first"), ("RECEIVER/locations/NL/CPO/L1", "second"),
])  # fmt: skip
def test_module_and_side_decide_which_platform_of_a_party(city: City, path: str, seen: str) -> None:
    """CORE-HUB-06, CORE-HUB-07: NL/AAA is a CPO on one platform and an eMSP on another."""
    partner, party = (city.msp, MSP) if "tokens" in path else (city.cpo, CPO)
    body = doc.token(party, "T1") if "tokens" in path else doc.location(party, "L1")
    asked = ask(partner, "PUT", path, to=TWIN, body=body)
    assert asked.answer.code == 1000
    assert [len(asked.at(it)) for it in (city.first, city.second)] == (
        [1, 0] if seen == "first" else [0, 1]
    )


def test_two_parties_of_one_platform_reach_each_other(city: City) -> None:
    body = location(MANY_CPO)
    path = f"RECEIVER/locations/BE/MAN/{body['id']}"
    asked = ask(city.many, "PUT", path, to=MANY_MSP, sender=MANY_CPO, body=body)
    (request,) = asked.at(city.many)
    assert ends(request.headers) == (MANY_MSP, MANY_CPO)


@pytest.mark.parametrize(
    ("code", "http"), [(1000, 200), (2003, 200), (3000, 200), (2004, 404), (1001, 201), (2001, 400)]
)
def test_what_the_receiver_says_is_passed_on_unchanged(city: City, code: int, http: int) -> None:
    """CORE-HUB-10, CORE-HUB-18: row 14a."""
    city.cpo.http.on("GET", "/s/locations/", refuses(code, status=http, message="own words é"))
    asked = ask(city.msp, "GET", "SENDER/locations/L1", to=CPO)
    assert (asked.answer.status, asked.answer.code) == (http, code)
    assert asked.answer.json["status_message"] == "own words é"
    assert ends(asked.answer.headers) == (MSP, CPO)


def test_the_envelope_is_the_receivers_own_bytes(city: City) -> None:
    raw = b'{"data" :{"kwh":1.50},"status_code": 1000 ,"timestamp":"2026-01-01T00:00:00Z","x":1}'
    city.cpo.http.on("GET", "/s/locations/", text(raw))
    asked = ask(city.msp, "GET", "SENDER/locations/L1", to=CPO)
    assert asked.answer.body == raw


def test_a_receiver_without_an_answer_in_time_is_4002(city: City) -> None:
    """CORE-HUB-12, CORE-HUB-16, CORE-HUB-28: row 14b; asked once, and not again later."""
    city.msp.http.on("PUT", "/r/locations/", slow(TIMEOUT + 1))
    body = location()
    asked = ask(city.cpo, "PUT", f"RECEIVER/locations/NL/CPO/{body['id']}", to=MSP, body=body)
    assert (asked.answer.status, asked.answer.code) == (200, 4002)
    assert TIMEOUT <= asked.took < TIMEOUT + 10
    assert ends(asked.answer.headers) == (CPO, HUB)
    city.msp.http.behave()
    assert ask(city.cpo, "GET", f"RECEIVER/locations/NL/CPO/{body['id']}", to=MSP).answer.status
    assert len([it for it in asked.at(city.msp) if it.method == "PUT"]) == 1


def test_each_receiver_has_a_time_of_its_own(city: City) -> None:
    """CORE-HUB-12: row 14b; the lesser of the hub's and the profile's."""
    body = location()
    path = f"RECEIVER/locations/NL/CPO/{body['id']}"
    with (
        guest(city, ("AT", "PAT", "EMSP")) as patient,
        guest(city, ("AT", "HUR", "EMSP"), timeout="0.1") as hurried,
    ):
        for partner in (patient, hurried):
            partner.http.on("PUT", "/r/locations/", slow(0.3))
        codes = [
            ask(city.cpo, "PUT", path, to=partner.party, body=body).answer.code
            for partner in (patient, hurried)
        ]
        assert codes == [1000, 4002]


def test_a_receiver_that_never_answers_is_left_alone_for_a_moment(city: City) -> None:
    """CORE-HUB-12, CORE-HUB-16: row 14b; after five silences nobody waits for it any more."""
    body = location()
    path = f"RECEIVER/locations/NL/CPO/{body['id']}"
    with guest(city, ("AT", "SIL", "EMSP"), timeout="0.1") as silent:
        silent.http.on("PUT", "/r/locations/", slow(0.3))
        for _ in range(5):
            assert ask(city.cpo, "PUT", path, to=silent.party, body=body).answer.code == 4002
        asked = ask(city.cpo, "PUT", path, to=silent.party, body=body)
        assert (asked.answer.status, asked.answer.code) == (200, 4002)
        assert "left alone" in str(asked.answer.body)
        assert not asked.at(silent)
        silent.http.behave()

        def reached() -> bool:
            return ask(city.cpo, "PUT", path, to=silent.party, body=body).answer.code == 1000

        wait_until(reached, seconds=60, what="another try")


@pytest.mark.parametrize("fault", [
    status(401), status(403), status(500), status(503), status(429), text(b"<html>no</html>"),
    text(b'{"status_code":1000'), document({"data": []}), document({"status_code": 77}),
    status(302, location="http://127.0.0.1:1/x"), status(204, b""),
])  # fmt: skip
def test_an_answer_that_says_nothing_to_the_requester_is_4000(city: City, fault: Fault) -> None:
    """CORE-HUB-15, CORE-HUB-17: row 14c; above all not a 401, for the requester's own token is
    fine."""
    city.cpo.http.on("POST", "/s/tokens/|/r/commands/", fault)
    city.cpo.http.on("PUT", "/r/tokens/", fault)
    body = doc.token(MSP, "T9")
    asked = ask(city.msp, "PUT", "RECEIVER/tokens/DE/MSP/T9", to=CPO, body=body)
    assert (asked.answer.status, asked.answer.code) == (200, 4000)
    assert len(asked.at(city.cpo)) == 1


def test_a_connection_that_breaks_is_4003_and_not_tried_again(city: City) -> None:
    """CORE-HUB-13, CORE-HUB-28"""
    city.cpo.http.on("PUT", "/r/tokens/", reset())
    asked = ask(city.msp, "PUT", "RECEIVER/tokens/DE/MSP/T9", to=CPO, body=doc.token(MSP, "T9"))
    assert (asked.answer.status, asked.answer.code) == (200, 4003)
    assert len(asked.at(city.cpo)) == 1
    city.cpo.http.behave()
    asked = ask(city.msp, "PUT", "RECEIVER/tokens/DE/MSP/T9", to=CPO, body=doc.token(MSP, "T9"))
    assert asked.answer.code == 1000


def test_a_refused_connection_is_4003_and_makes_the_party_offline(city: City) -> None:
    """CORE-HUB-13, CORE-HUB-16, CORE-HCI-07: row 12; the others are told."""

    def told() -> list[str]:
        pushes = pushed(city.cpo, "PUT", "/r/hubclientinfo/NL/AAA")
        return [it.json["status"] for it in pushes if it.json["role"] == "EMSP"]

    city.second.http.pause()
    try:
        body = location()
        path = f"RECEIVER/locations/NL/CPO/{body['id']}"
        asked = ask(city.cpo, "PUT", path, to=TWIN, body=body)
        assert (asked.answer.status, asked.answer.code) == (200, 4003)
        assert ends(asked.answer.headers)[0] == CPO
        shown = city.hub.json("partner", "show", "second")
        assert shown["status"] == "OFFLINE"
        wait_until(lambda: told()[-1:] == ["OFFLINE"], seconds=60, what="the word to the others")
    finally:
        city.second.http.resume()
    ask(city.cpo, "PUT", path, to=TWIN, body=body)
    assert city.second.peer is not None
    city.second.send("GET", city.second.peer.versions_url)

    def reached() -> bool:
        return ask(city.cpo, "PUT", path, to=TWIN, body=body).answer.code == 1000

    wait_until(reached, seconds=60, what="the way back")


def test_a_party_that_its_hub_tells_of_is_reached_through_it(city: City) -> None:
    """CORE-HUB-08: the pairs stay those of the end parties."""
    body = location()
    path = f"RECEIVER/locations/NL/CPO/{body['id']}"
    asked = ask(city.cpo, "PUT", path, to=FAR, body=body)
    (request,) = asked.at(city.far)
    assert asked.answer.code == 1000
    assert ends(request.headers) == (FAR, CPO)


def test_a_party_not_known_yet_costs_one_question_to_the_next_hub(city: City) -> None:
    """CORE-HUB-11: then it is reached, or refused."""
    body = location()
    path = f"RECEIVER/locations/NL/CPO/{body['id']}"

    def asked_far() -> int:
        return len([it for it in city.far.http.recorded if "/s/hubclientinfo" in it.target])

    assert ask(city.cpo, "PUT", path, to=FAR, body=body).answer.code == 1000
    assert ask(city.cpo, "PUT", path, to=("XX", "XXX"), body=body).answer.code == 4001
    told = asked_far()
    assert told >= 1
    assert ask(city.cpo, "PUT", path, to=("XX", "XXY"), body=body).answer.code == 4001
    assert asked_far() <= told * city.hub.workers


def test_a_call_in_a_circle_of_hubs_is_cut(city: City) -> None:
    """CORE-HUB-09: the next hub sends back to us what we sent to it."""
    hops: list[Recorded] = []

    async def back(request: Recorded, _answer: Answer) -> Reply:
        hops.append(request)
        again = await asyncio.to_thread(
            ask, city.far, "PUT", "RECEIVER/locations/NL/CPO/L1", to=FAR, sender=CPO,
            body=request.json, headers={"X-Correlation-ID": request.headers["x-correlation-id"]},
        )  # fmt: skip
        return Reply(again.answer.status, again.answer.body)

    city.far.http.on("PUT", "/r/locations/", back)
    asked = ask(
        city.cpo, "PUT", "RECEIVER/locations/NL/CPO/L1", to=FAR,
        body=doc.location(CPO, "L1"),
    )  # fmt: skip
    assert 4000 <= asked.answer.code < 5000
    assert len(hops) == 1


def test_answers_of_modules_that_the_hub_has_not_itself(city: City) -> None:
    """CORE-HUB-27: both sides of each functional module are offered, hubclientinfo as SENDER."""
    assert city.msp.peer is not None
    offered = set(city.msp.peer.endpoints)
    functional = (
        "locations", "sessions", "cdrs", "tariffs", "tokens", "commands", "chargingprofiles",
    )  # fmt: skip
    assert {(name, side) for name in functional for side in ("SENDER", "RECEIVER")} <= offered
    assert ("hubclientinfo", "SENDER") in offered
    assert ("hubclientinfo", "RECEIVER") not in offered
    city.cpo.http.on("PUT", "/r/chargingprofiles/", answers(result="ACCEPTED", timeout=5))
    asked = ask(
        city.msp, "PUT", "RECEIVER/chargingprofiles/S1", to=CPO,
        body={"charging_profile": {}, "response_url": f"{city.msp.base}/2.2.1/s/x"},
    )  # fmt: skip
    assert asked.answer.data["result"] == "ACCEPTED"


def test_the_hub_lists_itself_alone(city: City) -> None:
    """CORE-HUB-25"""
    for partner in city.partners:
        assert partner.peer is not None
        roles = [(it["country_code"], it["party_id"], it["role"]) for it in partner.peer.roles]
        assert roles == [("DE", "HUB", "HUB")]
