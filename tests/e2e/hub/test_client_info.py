"""hubclientinfo of a hub: the list, the pushes, and whether a silent party is still there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e.hub.city import ALIVE_AFTER, CPO, City, Party, ask, everywhere, guest, leave
from tests.e2e.mock_http import Recorded, status
from tests.e2e.mock_partner import MockPartner
from tests.e2e.nodes import wait_until
from tests.e2e.stage import pushed

SECONDS = 60


def told(partner: MockPartner, party: Party) -> list[Recorded]:
    """The pushes about a party, in order."""
    return pushed(partner, "PUT", f"/r/hubclientinfo/{party[0]}/{party[1]}")


def statuses(partner: MockPartner, party: Party) -> list[str]:
    return [request.json["status"] for request in told(partner, party)]


def wait_for_status(partner: MockPartner, party: Party, status: str) -> None:
    wait_until(
        lambda: statuses(partner, party)[-1:] == [status], seconds=SECONDS,
        what=f"{party} {status} at {partner.name}",
    )  # fmt: skip


def listed(partner: MockPartner, **query: object) -> list[doc.Json]:
    """The hub's whole list, by `Link`."""
    found: list[Any] = partner.crawl(partner.url("hubclientinfo", "SENDER", **query))
    return found


def status_of(partner: MockPartner, party: Party, role: str) -> str | None:
    for info in listed(partner):
        if (info["country_code"], info["party_id"], info["role"]) == (*party, role):
            return str(info["status"])
    return None


def test_the_list_names_every_other_party_in_every_role(city: City) -> None:
    """CORE-HUB-26, CORE-HCI-01, CORE-HCI-03, CORE-HCI-04, CORE-HCI-21"""
    wanted = {
        ("NL", "CPO", "CPO"), ("BE", "MAN", "CPO"), ("FR", "MAN", "EMSP"), ("NL", "AAA", "CPO"),
        ("NL", "AAA", "EMSP"), ("BE", "OTH", "OTHER"), ("FR", "NSP", "NSP"), ("SE", "FAR", "EMSP"),
    }  # fmt: skip

    def complete() -> bool:
        found = listed(city.msp, limit=2)
        keys = [(it["country_code"], it["party_id"], it["role"]) for it in found]
        assert len(set(keys)) == len(keys)
        assert {it["status"] for it in found} <= {"CONNECTED", "OFFLINE", "PLANNED", "SUSPENDED"}
        assert all(it["last_updated"] for it in found)
        return wanted <= set(keys) and ("DE", "HUB", "HUB") not in keys

    wait_until(complete, seconds=SECONDS, what="all parties in the list")
    answer = city.msp.send("GET", city.msp.url("hubclientinfo", "SENDER", limit=2))
    assert len(answer.data) == 2
    assert int(answer.headers["x-total-count"]) >= len(wanted)
    assert not [name for name in answer.headers if name.startswith("ocpi-")]


def test_the_list_is_filtered_by_date(city: City) -> None:
    """CORE-HCI-01: `date_from` counts in, `date_to` does not."""
    party = ("AT", "DAT")
    with guest(city, (*party, "CPO")):
        wait_for_status(city.msp, party, "CONNECTED")
        moment = told(city.msp, party)[-1].json["last_updated"]

        def has(**query: str) -> bool:
            return any(it["party_id"] == "DAT" for it in listed(city.msp, **query))

        assert has(date_from=moment)
        assert not has(date_to=moment)
        assert listed(city.msp, date_from=doc.moment(3600)) == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_the_list_is_read_only(city: City, method: str) -> None:
    """CORE-HCI-02"""
    body = doc.client_info(("XX", "XXX"))
    answer = city.msp.send(method, city.msp.url("hubclientinfo", "SENDER"), body=body)
    assert answer.status == 405
    assert "GET" in answer.headers["allow"]
    answer = city.msp.send(method, city.msp.url("hubclientinfo", "SENDER", "XX", "XXX"), body=body)
    assert answer.status in (404, 405)


def test_a_party_is_announced_when_it_comes_and_when_it_goes(city: City) -> None:
    """CORE-HCI-03, CORE-HCI-06, CORE-HCI-07, CORE-HCI-08, CORE-HCI-09, CORE-HCI-21"""
    party = ("AT", "NEW")
    receivers = (city.cpo, city.msp, city.many, city.others, city.far)
    with guest(city, (*party, "NSP")) as new:
        for partner in receivers:
            wait_for_status(partner, party, "CONNECTED")
        leave(new)
        for partner in receivers:
            wait_for_status(partner, party, "SUSPENDED")
        assert not told(new, party)
    for partner in receivers:
        assert statuses(partner, party) == ["CONNECTED", "SUSPENDED"]
        assert not pushed(partner, "DELETE", "hubclientinfo")
        for request in told(partner, party):
            assert tuple(request.segments[-2:]) == party
            body = request.json
            assert (body["country_code"], body["party_id"], body["role"]) == (*party, "NSP")
            assert body["last_updated"].endswith("Z")
            assert not [name for name in request.headers if name.startswith("ocpi-")]
            assert request.headers["x-request-id"]
            assert request.headers["x-correlation-id"]
    assert status_of(city.msp, party, "NSP") == "SUSPENDED"


def test_a_party_that_is_invited_is_planned(city: City) -> None:
    """CORE-HCI-07, CORE-HUB-14: row 12; told of before it registers, connected once it has."""
    party, name = ("AT", "PLA"), doc.fresh("planned")
    city.hub.json("partner", "invite", name, "--party", "AT/PLA/EMSP")
    wait_for_status(city.cpo, party, "PLANNED")
    assert status_of(city.msp, party, "EMSP") == "PLANNED"
    assert "AT/PLA" in {it["party"] for it in city.hub.json("hub", "parties")}
    path, body = "RECEIVER/locations/NL/CPO/L1", doc.location(CPO, "L1")
    everywhere(city)
    asked = ask(city.cpo, "PUT", path, to=party, body=body)
    assert (asked.answer.status, asked.answer.code) == (200, 4003)
    assert "PLANNED" in asked.answer.json["status_message"]
    with guest(city, (*party, "EMSP")):
        wait_for_status(city.cpo, party, "CONNECTED")
        assert ask(city.cpo, "PUT", path, to=party, body=body).answer.code == 1000
    city.hub.run("partner", "remove", name, "--yes")
    wait_for_status(city.cpo, party, "SUSPENDED")


@contextmanager
def agreed(city: City, identifier: str, *words: str) -> Iterator[None]:
    """An agreement for one test."""
    city.hub.json("hub", "agreements", "add", *words, "--id", identifier)
    try:
        yield
    finally:
        city.hub.json("hub", "agreements", "remove", identifier)


def test_a_party_sees_only_those_that_it_may_deal_with(city: City) -> None:
    """CORE-HCI-05: neither in the list nor by push, from the moment on that it is forbidden."""
    party = ("AT", "AGR")
    with guest(city, (*party, "CPO")):
        for partner in (city.msp, city.second):
            wait_for_status(partner, party, "CONNECTED")
        with agreed(city, "not-agr", "AT/AGR", "DE/MSP", "--forbid"):
            wait_for_status(city.msp, party, "SUSPENDED")
            everywhere(city)
            assert status_of(city.msp, party, "CPO") is None
            assert status_of(city.second, party, "CPO") == "CONNECTED"
        wait_for_status(city.msp, party, "CONNECTED")
        assert statuses(city.second, party) == ["CONNECTED"]


def test_a_silent_party_is_asked_and_told_to_be_offline(city: City) -> None:
    """CORE-HCI-07, CORE-HCI-18, CORE-HCI-19: OFFLINE when it does not answer, then CONNECTED."""
    party = ("AT", "SIL")
    with guest(city, (*party, "CPO")) as silent:
        wait_until(
            lambda: pushed(silent, "GET", "/versions"), seconds=SECONDS,
            what=f"a question after {ALIVE_AFTER} s",
        )  # fmt: skip
        wait_for_status(city.msp, party, "CONNECTED")
        silent.http.pause()
        wait_for_status(city.msp, party, "OFFLINE")
        assert status_of(city.second, party, "CPO") == "OFFLINE"
        silent.http.resume()
        wait_for_status(city.msp, party, "CONNECTED")
        moments = [it.json["last_updated"] for it in told(city.msp, party)]
        assert moments == sorted(set(moments))


def test_a_call_connects_a_party_again(city: City) -> None:
    """CORE-HCI-20: though its own server still answers nothing of use."""
    party = ("AT", "CAL")
    with guest(city, (*party, "CPO")) as away:
        away.http.on("*", "/", status(503))
        wait_for_status(city.msp, party, "OFFLINE")
        before = len(told(city.msp, party))
        ask(away, "GET", "SENDER/tokens", to=("DE", "MSP"))
        wait_until(
            lambda: "CONNECTED" in statuses(city.msp, party)[before:], seconds=SECONDS,
            what="the word that it is back",
        )  # fmt: skip
        away.http.behave()
