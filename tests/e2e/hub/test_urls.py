"""Link, Location and response_url through the hub, both ways (rows 9 and 14)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e import documents as doc
from tests.e2e.hub.city import (
    CPO,
    HUB,
    MSP,
    City,
    answers,
    ask,
    ends,
    make_hub,
    platform,
    routing,
    send,
)
from tests.e2e.mock_http import Answer, Recorded, Reply, document
from tests.e2e.mock_partner import MockPartner
from tests.e2e.nodes import Served
from tests.e2e.stage import joined

ACCEPTED = {"result": "ACCEPTED", "timeout": 30}


@pytest.fixture
def five(city: City) -> Iterator[list[doc.Json]]:
    """Five locations at the CPO, whose pages hold two."""
    city.cpo.objects["locations"] = [doc.location(CPO, doc.fresh("F")) for _ in range(5)]
    yield city.cpo.objects["locations"]
    city.cpo.objects["locations"] = []


def test_a_list_is_read_page_by_page_through_the_hub(city: City, five: list[doc.Json]) -> None:
    """CORE-HUB-19"""
    asked = ask(city.msp, "GET", "SENDER/locations", to=CPO, date_from="2019-01-01T00:00:00Z")
    assert asked.answer.headers["x-total-count"] == "5"
    assert asked.answer.headers["x-limit"] == "2"
    found, link = list(asked.answer.data), asked.answer.next
    while link is not None:
        assert link.startswith(city.hub.url)
        page = send(city.msp, "GET", link, to=CPO, sender=MSP)
        assert ends(page.answer.headers) == (MSP, CPO)
        assert ends(page.at(city.cpo)[0].headers) == (CPO, MSP)
        found += page.answer.data
        link = page.answer.next
    assert found == five


@pytest.mark.parametrize("to", [None, HUB])
def test_a_link_leads_on_without_the_receivers_name(
    city: City, five: list[doc.Json], to: tuple[str, str] | None
) -> None:
    """CORE-HUB-19: whoever follows a Link may not repeat the headers."""
    link = ask(city.msp, "GET", "SENDER/locations", to=CPO).answer.next
    assert link is not None
    page = send(city.msp, "GET", link, to=to, sender=MSP)
    assert page.answer.data == five[2:4]


def test_a_link_is_for_the_platform_that_got_it(city: City, five: list[doc.Json]) -> None:
    link = ask(city.msp, "GET", "SENDER/locations", to=CPO).answer.next
    assert link is not None
    other = send(city.second, "GET", link, to=CPO, sender=("NL", "AAA"))
    assert other.answer.status == 404
    assert other.nowhere(city)
    forged = link[:-1] + ("0" if link[-1] != "0" else "1")
    assert send(city.msp, "GET", forged, sender=MSP).answer.code == 4001


def test_a_link_to_elsewhere_is_an_answer_that_cannot_be_used(city: City) -> None:
    """CORE-HUB-15: the rest of the list must not seem not to be there."""

    async def elsewhere(request: Recorded, answer: Answer) -> Reply:
        reply = await answer(request)
        reply.headers["Link"] = '<http://127.0.0.1:1/x>; rel="next"'
        return reply

    city.cpo.http.on("GET", "/s/locations", elsewhere)
    assert ask(city.msp, "GET", "SENDER/locations", to=CPO).answer.code == 4000


@pytest.mark.parametrize("to", [MSP, None])
@pytest.mark.parametrize("http", [200, 201])
def test_a_cdr_is_read_back_by_its_location(
    city: City, http: int, to: tuple[str, str] | None
) -> None:
    """CORE-HUB-20, CORE-OPEN-08, CDR-POST-03: also with HTTP 201, and when the body named it."""

    async def created(request: Recorded, answer: Answer) -> Reply:
        reply = await answer(request)
        reply.status = http
        return reply

    city.msp.http.on("POST", "/r/cdrs", created)
    body = doc.cdr(CPO, doc.fresh("C"), MSP)
    asked = ask(city.cpo, "POST", "RECEIVER/cdrs", to=to, body=body)
    assert (asked.answer.status, asked.answer.code) == (http, 1000)
    assert len(asked.at(city.msp)) == 1
    assert not asked.at(city.second)
    url = asked.answer.headers["location"]
    assert url.startswith(city.hub.url)
    assert len(url) <= 255
    read = send(city.cpo, "GET", url, to=to, sender=CPO)
    assert read.answer.data == body
    assert ends(read.answer.headers) == (CPO, MSP)
    again = ask(city.cpo, "POST", "RECEIVER/cdrs", to=to, body=body)
    assert again.answer.headers["location"] == url
    other = send(city.many, "GET", url, sender=("BE", "MAN"))
    assert other.answer.status == 404


def response_url(city: City) -> str:
    return f"{city.msp.base}/2.2.1/s/commands/mine/{doc.fresh('R')}?x=1"


def start(city: City, **changes: object) -> doc.Json:
    url = response_url(city)
    body = {"response_url": url, "token": doc.token(MSP, "T1"), "location_id": "L1"}
    return body | changes


def test_a_commands_result_comes_back_through_the_hub(city: City) -> None:
    """CORE-HUB-21, CORE-HUB-04, CMD-RSP-13"""
    city.cpo.http.on("POST", "/r/commands/", answers(**ACCEPTED))
    city.msp.http.on("POST", "/s/commands/", answers())
    body = start(city, price=1.50)
    asked = ask(city.msp, "POST", "RECEIVER/commands/START_SESSION", to=CPO, body=body)
    assert asked.answer.data == ACCEPTED
    (request,) = asked.at(city.cpo)
    url = request.json["response_url"]
    assert url.startswith(city.hub.url)
    assert len(url) <= 255
    assert {**request.json, "response_url": body["response_url"]} == body
    assert b'"price":1.5' in request.body

    result = {"result": "ACCEPTED", "message": []}
    told = send(city.cpo, "POST", url, to=MSP, sender=CPO, body=result)
    assert told.answer.code == 1000
    (posted,) = told.at(city.msp)
    assert f"http://{posted.headers['host']}{posted.target}" == body["response_url"]
    assert ends(posted.headers) == (MSP, CPO)
    assert posted.json == result


@pytest.mark.parametrize("to", [None, HUB])
def test_a_result_finds_its_way_without_the_receivers_name(
    city: City, to: tuple[str, str] | None
) -> None:
    """CORE-HUB-21: the URL is the hub's own, so its poster may take the hub for the receiver."""
    city.cpo.http.on("POST", "/r/commands/", answers(**ACCEPTED))
    city.msp.http.on("POST", "/s/commands/", answers())
    asked = ask(city.msp, "POST", "RECEIVER/commands/START_SESSION", to=CPO, body=start(city))
    url = asked.at(city.cpo)[0].json["response_url"]
    told = send(city.cpo, "POST", url, to=to, sender=CPO, body={"result": "ACCEPTED"})
    assert ends(told.at(city.msp)[0].headers) == (MSP, CPO)
    assert ends(told.answer.headers) == (CPO, MSP)


def test_only_the_receiver_of_a_command_may_tell_its_result(city: City) -> None:
    city.cpo.http.on("POST", "/r/commands/", answers(**ACCEPTED))
    asked = ask(city.msp, "POST", "RECEIVER/commands/START_SESSION", to=CPO, body=start(city))
    url = asked.at(city.cpo)[0].json["response_url"]
    told = send(city.first, "POST", url, to=MSP, sender=("NL", "AAA"), body={"result": "FAILED"})
    assert told.answer.status == 404
    assert told.nowhere(city)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "ftp://example.com/x", "no url", ""])
def test_a_response_url_that_is_not_the_requesters_goes_nowhere(city: City, url: str) -> None:
    body = start(city, response_url=url)
    asked = ask(city.msp, "POST", "RECEIVER/commands/START_SESSION", to=CPO, body=body)
    assert (asked.answer.status, asked.answer.code) == (200, 2001)
    assert asked.nowhere(city)


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"[]", 200)])
def test_a_command_that_is_no_object_goes_nowhere(city: City, body: bytes, status: int) -> None:
    asked = ask(city.msp, "POST", "RECEIVER/commands/START_SESSION", to=CPO, body=body)
    assert (asked.answer.status, asked.answer.code) == (status, 2001)
    assert asked.nowhere(city)


@pytest.mark.parametrize(("method", "result"), [
    ("GET", "activechargingprofile"), ("DELETE", "clearprofile"), ("PUT", "chargingprofile"),
])  # fmt: skip
def test_a_profiles_result_comes_back_through_the_hub(city: City, method: str, result: str) -> None:
    """CORE-HUB-21: in the query, or in the body."""
    city.cpo.http.on("*", "/r/chargingprofiles/", answers(**ACCEPTED))
    city.msp.http.on("POST", "/s/chargingprofiles/", answers())
    mine = f"{city.msp.base}/2.2.1/s/chargingprofiles/{doc.fresh('P')}"
    if method == "PUT":
        body = {"charging_profile": {}, "response_url": mine}
        asked = ask(city.msp, method, "RECEIVER/chargingprofiles/S1", to=CPO, body=body)
        url = asked.at(city.cpo)[0].json["response_url"]
    else:
        asked = ask(
            city.msp, method, "RECEIVER/chargingprofiles/S1", to=CPO, duration=900,
            response_url=mine,
        )  # fmt: skip
        url = asked.at(city.cpo)[0].query["response_url"]
        assert asked.at(city.cpo)[0].query["duration"] == "900"
    assert asked.answer.data == ACCEPTED
    assert url.startswith(f"{city.hub.url}/ocpi/2.2.1/sender/chargingprofiles/{result}/")
    told = send(city.cpo, "POST", url, to=MSP, sender=CPO, body={"result": "ACCEPTED"})
    assert told.answer.code == 1000
    assert told.at(city.msp)[0].target == mine.removeprefix(
        f"http://127.0.0.1:{city.msp.http.port}"
    )


def test_a_result_may_come_after_the_hub_was_restarted(tmp_path: Path) -> None:
    """CORE-HUB-21, CORE-HUB-20: with another process, and with another platform's eyes on it."""
    hub = make_hub(tmp_path / "hub")
    with platform((*CPO, "CPO"), name="cpo") as cpo, platform((*MSP, "EMSP"), name="msp") as msp:
        try:
            _through_a_restart(hub, cpo, msp)
        finally:
            hub.kill()


def _through_a_restart(hub: Served, cpo: MockPartner, msp: MockPartner) -> None:
    hub.serve()
    joined(hub, cpo, "cpo")
    joined(hub, msp, "msp")
    cpo.http.on("POST", "/r/commands/", answers(**ACCEPTED))
    mine = f"{msp.base}/2.2.1/s/commands/mine/1"
    command = {"response_url": mine, "token": {}, "location_id": "L1"}
    asked = ask(msp, "POST", "RECEIVER/commands/START_SESSION", to=CPO, body=command)
    cdr = doc.cdr(CPO, "C1", MSP)
    kept = ask(cpo, "POST", "RECEIVER/cdrs", to=MSP, body=cdr).answer.headers["location"]
    hub.kill()
    hub.serve()
    msp.http.on("POST", "/s/commands/", document({"status_code": 1000}))
    url = asked.at(cpo)[0].json["response_url"]
    told = send(cpo, "POST", url, to=MSP, sender=CPO, body={"result": "ACCEPTED"})
    assert told.answer.code == 1000
    assert told.at(msp)[0].target == "/ocpi/2.2.1/s/commands/mine/1"
    assert send(cpo, "GET", kept, headers=routing(None, CPO)).answer.data == cdr


def test_ids_of_ones_own_that_only_look_so_are_passed_on(city: City) -> None:
    """CORE-HUB-04: a query parameter of the name that the hub uses."""
    asked = ask(city.msp, "GET", "SENDER/locations", to=CPO, via="somewhere")
    assert asked.at(city.cpo)[0].query["via"] == "somewhere"
    assert json.loads(asked.answer.body)["status_code"] == 1000
