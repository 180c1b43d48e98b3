"""What a hub refuses, or answers itself (decision table, rows 1 to 3, 5, 7, 8 and 10 to 13)."""

from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e.hub.city import (
    CPO,
    FAR,
    HUB,
    MANY_CPO,
    MSP,
    City,
    Party,
    ask,
    ends,
    everywhere,
    guest,
    leave,
    platform,
    routing,
    send,
)

UNKNOWN: Party = ("XX", "XXX")


def test_a_stranger_is_401_whatever_the_headers_say(city: City) -> None:
    """CORE-AUTH-06: row 1."""
    headers = routing(CPO, MSP)
    url = city.msp.url("locations", "SENDER")
    for token in (None, "no such token"):
        assert city.msp.send("GET", url, headers=headers, token=token).status == 401


def test_a_token_for_registering_opens_no_functional_module(city: City) -> None:
    """CORE-AUTH-07: row 1."""
    invitation = city.hub.json("partner", "invite", doc.fresh("invited"))
    answer = city.msp.send(
        "GET", city.msp.url("locations", "SENDER"), headers=routing(CPO, MSP),
        token=invitation["token"],
    )  # fmt: skip
    assert answer.status == 401


@pytest.mark.parametrize("module", ["credentials"])
def test_configuration_is_answered_by_the_hub_itself(city: City, module: str) -> None:
    """CORE-ROUTE-08, CORE-VER-23: row 2; routing headers count for nothing there."""
    assert city.msp.peer is not None
    urls = [city.msp.peer.endpoints[module, "SENDER"], city.msp.peer.versions_url]
    for url in urls:
        asked = send(city.msp, "GET", url, to=CPO, sender=UNKNOWN)
        assert asked.answer.code == 1000
        assert asked.nowhere(city)
        assert not [name for name in asked.answer.headers if name.startswith("ocpi-")]


def test_a_party_of_another_platform_does_not_ask(city: City) -> None:
    """CORE-HUB-23: row 3."""
    asked = ask(city.msp, "GET", "SENDER/locations/L1", to=MANY_CPO, sender=CPO)
    assert (asked.answer.status, asked.answer.code) == (200, 2001)
    assert ends(asked.answer.headers)[1] == HUB
    assert asked.nowhere(city)


def test_a_platform_of_several_parties_says_which_one_asks(city: City) -> None:
    """CORE-HUB-24: row 3."""
    url = city.many.url("locations", "RECEIVER", *MANY_CPO, "L1")
    asked = send(city.many, "PUT", url, to=MSP, body=doc.location(MANY_CPO, "L1"))
    assert (asked.answer.status, asked.answer.code) == (200, 2001)
    assert ends(asked.answer.headers)[1] == HUB
    assert asked.nowhere(city)


def test_a_party_alone_on_its_platform_need_not_be_named(city: City) -> None:
    """CORE-HUB-24, CORE-HUB-02: the receiver gets the sender's name all the same."""
    url = city.msp.url("locations", "SENDER", "L1")
    asked = send(city.msp, "GET", url, to=CPO)
    (request,) = asked.at(city.cpo)
    assert ends(request.headers) == (CPO, MSP)


@pytest.mark.parametrize("missing", ["OCPI-from-party-id", "OCPI-to-country-code"])
def test_half_a_party_is_none(city: City, missing: str) -> None:
    """CORE-HUB-24: row 3."""
    headers = routing(CPO, MSP)
    del headers[missing]
    asked = send(city.msp, "GET", city.msp.url("locations", "SENDER", "L1"), headers=headers)
    assert (asked.answer.status, asked.answer.code) == (200, 2001)
    assert asked.nowhere(city)


@pytest.mark.parametrize("path", [
    "SENDER/locations/L1", "SENDER/locations/L1/E1", "RECEIVER/locations/NL/CPO/L1",
    "RECEIVER/tokens/DE/MSP/T1", "RECEIVER/cdrs/NL/CPO/C1",
])  # fmt: skip
def test_single_objects_are_not_the_hubs_to_give(city: City, path: str) -> None:
    """CORE-HUB-15: row 5."""
    asked = ask(city.msp, "GET", path, to=HUB)
    assert (asked.answer.status, asked.answer.code) == (200, 4000)
    assert ends(asked.answer.headers) == (MSP, HUB)
    assert asked.nowhere(city)


START = {"response_url": "http://127.0.0.1:1/x", "token": {}, "location_id": "L1"}


@pytest.mark.parametrize(("who", "method", "path", "body"), [
    ("cpo", "POST", "RECEIVER/cdrs", doc.cdr(CPO, "C1", MSP)),
    ("cpo", "PUT", "RECEIVER/sessions/NL/CPO/S1", doc.session(CPO, "S1", MSP)),
    ("cpo", "PATCH", "RECEIVER/sessions/NL/CPO/S1", {"kwh": 2, "last_updated": doc.LONG_AGO}),
    ("msp", "POST", "RECEIVER/commands/START_SESSION", START),
    ("msp", "PUT", "RECEIVER/chargingprofiles/S1", {}),
    ("msp", "PUT", "SENDER/sessions/S1/charging_preferences", {}),
])  # fmt: skip
def test_what_concerns_one_party_is_not_sent_to_all(
    city: City, who: str, method: str, path: str, body: Any
) -> None:
    """CORE-BCAST-16: row 7."""
    asked = ask(getattr(city, who), method, path, to=HUB, body=body)
    assert (asked.answer.status, asked.answer.code) == (200, 4000)
    assert ends(asked.answer.headers)[1] == HUB
    assert asked.nowhere(city)


@pytest.mark.parametrize("module", ["locations", "tariffs", "cdrs", "tokens"])
def test_a_list_of_nobody_in_particular_is_refused(city: City, module: str) -> None:
    """CORE-OPEN-05: row 8."""
    asked = ask(city.msp, "GET", f"SENDER/{module}")
    assert (asked.answer.status, asked.answer.code) == (200, 4001)
    assert ends(asked.answer.headers) == (MSP, HUB)
    assert asked.answer.data is None
    assert asked.nowhere(city)


def test_what_nobody_is_known_to_have_is_not_asked_of_all(city: City) -> None:
    """CORE-OPEN-07: row 10."""
    asked = ask(city.msp, "GET", "SENDER/locations/NOBODYS")
    assert (asked.answer.status, asked.answer.code) == (200, 4001)
    assert asked.nowhere(city)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
def test_an_unknown_party_is_4001(city: City, method: str) -> None:
    """CORE-HUB-11, CORE-HUB-16: row 11."""
    body = None if method == "GET" else doc.location(CPO, "L1")
    asked = ask(city.cpo, method, "RECEIVER/locations/NL/CPO/L1", to=UNKNOWN, body=body)
    assert (asked.answer.status, asked.answer.code) == (200, 4001)
    assert ends(asked.answer.headers) == (CPO, HUB)
    assert asked.nowhere(city)


@pytest.mark.parametrize("module", ["locations", "tariffs"])
def test_a_party_without_that_endpoint_is_4000(city: City, module: str) -> None:
    """CORE-HUB-15: row 13."""
    with guest(city, ("DE", "NOE", "EMSP"), hidden=(module,)) as bare:
        path = f"RECEIVER/{module}/NL/CPO/X1"
        asked = ask(city.cpo, "PUT", path, to=("DE", "NOE"), body={})
        assert (asked.answer.status, asked.answer.code) == (200, 4000)
        assert not asked.at(bare)


def test_a_party_whose_role_has_not_that_side_is_4000(city: City) -> None:
    """CORE-HUB-15, CORE-HUB-07: row 13; a CPO takes no locations."""
    asked = ask(
        city.many, "PUT", "RECEIVER/locations/BE/MAN/L1", to=CPO, sender=MANY_CPO,
        body=doc.location(MANY_CPO, "L1"),
    )  # fmt: skip
    assert (asked.answer.status, asked.answer.code) == (200, 4000)
    assert asked.nowhere(city)


def test_a_party_that_left_is_4003(city: City) -> None:
    """CORE-HUB-14: row 12, SUSPENDED."""
    with guest(city, ("DE", "GON", "EMSP")) as gone:
        path = "RECEIVER/locations/NL/CPO/L1"
        body = doc.location(CPO, "L1")
        assert ask(city.cpo, "PUT", path, to=("DE", "GON"), body=body).answer.code == 1000
        leave(gone)
        everywhere(city)
        asked = ask(city.cpo, "PUT", path, to=("DE", "GON"), body=body)
        assert (asked.answer.status, asked.answer.code) == (200, 4003)
        assert not asked.at(gone)


@pytest.mark.parametrize("status", ["PLANNED", "OFFLINE", "SUSPENDED"])
def test_a_party_that_is_not_connected_is_4003(city: City, status: str) -> None:
    """CORE-HUB-13, CORE-HUB-14: row 12; here as another hub tells it."""
    behind = ("SE", {"PLANNED": "PLA", "OFFLINE": "OFF", "SUSPENDED": "SUS"}[status])
    asked = ask(
        city.cpo, "PUT", "RECEIVER/locations/NL/CPO/L1", to=behind, body=doc.location(CPO, "L1")
    )
    assert (asked.answer.status, asked.answer.code) == (200, 4003)
    assert asked.nowhere(city)


def test_a_hub_may_not_speak_for_a_party_that_is_ours(city: City) -> None:
    """CORE-HUB-09, CORE-HUB-23: row 3; most likely it sends our own call back to us."""
    asked = ask(city.far, "GET", "SENDER/locations/L1", to=CPO, sender=MSP)
    assert (asked.answer.status, asked.answer.code) == (200, 4000)
    assert asked.nowhere(city)


def test_a_hub_speaks_for_the_parties_behind_it(city: City) -> None:
    """CORE-HUB-08"""
    asked = ask(city.far, "GET", "SENDER/locations/L1", to=CPO, sender=FAR)
    (request,) = asked.at(city.cpo)
    assert ends(request.headers) == (CPO, FAR)
    assert ends(asked.answer.headers) == (FAR, CPO)


def test_refusals_do_not_depend_on_the_spelling_of_a_party(city: City) -> None:
    """CORE-HUB-02: codes compare without case, and go on as they were spelled."""
    asked = ask(city.msp, "GET", "SENDER/locations/L1", to=("nl", "cpo"), sender=("de", "Msp"))
    (request,) = asked.at(city.cpo)
    assert ends(request.headers) == (("nl", "cpo"), ("de", "Msp"))
    assert ends(asked.answer.headers) == (("de", "Msp"), ("nl", "cpo"))


@pytest.mark.parametrize(("method", "path", "body", "status"), [
    ("GET", "SENDER/locations", {"date_from": "yesterday"}, 200),
    ("PUT", "RECEIVER/locations/NL/CPO/L1", {"id": "L1"}, 200),
    ("PUT", "RECEIVER/locations/NL/CPO/L1", b"{", 400),
    ("PATCH", "RECEIVER/locations/NL/CPO/NONE", {"last_updated": doc.LONG_AGO}, 404),
    ("POST", "RECEIVER/locations/NL/CPO/L1", {}, 405),
])  # fmt: skip
def test_what_is_wrong_with_the_call_itself_is_no_fault_of_routing(
    city: City, method: str, path: str, body: Any, status: int
) -> None:
    """CORE-STAT-12: what the hub itself is asked is answered as any node does."""
    given = {"body": body} if method != "GET" else body
    asked = ask(city.cpo, method, path, to=HUB, **given)
    assert asked.answer.status == status
    assert asked.answer.json["status_code"] in range(2000, 3000)
    assert asked.nowhere(city)


def test_a_party_in_one_role_is_on_one_platform(city: City) -> None:
    """CORE-HUB-07: a pair may have several roles on several platforms, but nobody takes a role that
    is somebody's; who tries is told which, and nothing changes."""
    name = doc.fresh("guest")
    with platform((*CPO, "CPO"), name=name) as other:
        invitation = city.hub.json("partner", "invite", name)
        answer = other.register(invitation["versions_url"], invitation["token"])
        assert (answer.status, answer.code) == (200, 2001)
        told = "NL/CPO as CPO is registered by another platform"
        assert answer.json["status_message"] == told
        assert city.hub.json("partner", "show", name)["status"] == "PLANNED"
    again = city.hub.run("partner", "invite", "cpo")
    assert again.code
    assert "cpo is registered already" in again.err
    city.hub.run("partner", "remove", name, "--yes")
