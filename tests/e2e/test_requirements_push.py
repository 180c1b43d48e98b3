"""What the node does at its partners by itself: pushes, after every kind of answer."""

import re
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e import mock_http
from tests.e2e.mock_http import Recorded
from tests.e2e.mock_partner import MockPartner, refuses, timestamp
from tests.e2e.nodes import wait_until
from tests.e2e.stage import NODE, Stage, joined, pushed, wait_for_push

from voltroam.roaming.platforms import Profile

OCPI_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?")


@pytest.fixture(scope="module")
def registered(stage: Stage) -> Iterator[MockPartner]:
    """An eMSP of its own, at rest; unregistered afterwards."""
    party = doc.fresh("")[-3:].rjust(3, "P")
    with MockPartner(("PT", party, "EMSP"), name="Driver " + party) as made:
        joined(stage.node, made, name := doc.fresh("driver"))
        stage.load("tariffs", doc.tariff(NODE, mark := doc.fresh("T")))
        wait_for_push(made, "PUT", mark, seconds=60)
        yield made
        stage.node.run("partner", "remove", name)


@pytest.fixture
def driver(stage: Stage, registered: MockPartner) -> Iterator[MockPartner]:
    """It behaves well before and after each test, and its call ends any back-off."""
    yield registered
    registered.http.behave()
    registered.http.pause()  # cuts what still hangs
    registered.http.resume()
    registered.reply_routing = True
    assert registered.call("GET", "locations", "SENDER", limit=1).code == 1000


def equal(partner: MockPartner, module: str, body: Any) -> Callable[[], bool]:
    key = (module, *NODE, body["id"])
    return lambda: partner.held.get(key) == body


def change_status(stage: Stage, location: str, status: str = "CHARGING") -> str:
    stamp = doc.moment()
    line = {"location_id": location, "evse_uid": "E1", "status": status, "last_updated": stamp}
    stage.load("evse-status", line)
    return stamp


def shared(stage: Stage, driver: MockPartner) -> str:
    """A location that the driver holds."""
    name = doc.fresh("L")
    body = doc.location(NODE, name)
    stage.load("locations", body)
    wait_until(equal(driver, "locations", body), what="the location")
    driver.http.forget()
    return name


def has_status(driver: MockPartner, name: str, status: str) -> bool:
    return bool(driver.held["locations", *NODE, name]["evses"][0]["status"] == status)


def about(driver: MockPartner, name: str) -> list[Recorded]:
    return [request for request in driver.http.recorded if name in request.target]


def test_a_new_object_is_put_under_its_owner(stage: Stage, driver: MockPartner) -> None:
    """LOC-FLOW-01, LOC-PUT-07, CORE-COO-01, CORE-COO-02, GEN-OWN-02, CORE-BCAST-14"""
    name = doc.fresh("L")
    body = doc.location(NODE, name, x_extra={"kept": [1.10, "é"]})
    stage.load("locations", body)
    request = wait_for_push(driver, "PUT", name)
    assert request.segments[-3:] == (*NODE, name)
    assert request.json == body
    assert not pushed(driver, "POST", "/locations")


def test_a_status_change_is_a_patch_of_what_changed(stage: Stage, driver: MockPartner) -> None:
    """LOC-FLOW-02, LOC-PATCH-02, CORE-MUT-04"""
    name = shared(stage, driver)
    stamp = change_status(stage, name)
    request = wait_for_push(driver, "PATCH", name, "E1")
    assert request.json == {"status": "CHARGING", "last_updated": stamp}


def test_a_removed_member_is_pushed_by_put(stage: Stage, driver: MockPartner) -> None:
    """LOC-PATCH-05"""
    name = shared(stage, driver)
    less = doc.location(NODE, name, last_updated=doc.moment())
    del less["name"]
    stage.load("locations", less)
    wait_until(equal(driver, "locations", less), what="the change")
    assert "name" not in driver.held["locations", *NODE, name]


def test_pushes_have_ids_and_routing_headers(stage: Stage, driver: MockPartner) -> None:
    """CORE-MSGID-01, CORE-MSGID-02, CORE-MSGID-05, CORE-ROUTE-01, CORE-ROUTE-06, CORE-AUTH-01"""
    name = shared(stage, driver)
    for status in ("CHARGING", "BLOCKED", "AVAILABLE"):
        change_status(stage, name, status)
        wait_until(partial(has_status, driver, name, status), what=status)
    seen = about(driver, name)  # its first pulls may still run, that of hubclientinfo unrouted
    assert len(seen) >= 3
    ids = [request.headers["x-request-id"] for request in seen]
    assert len(set(ids)) == len(ids)
    for request in seen:
        assert uuid.UUID(request.headers["x-request-id"])
        assert request.headers["x-correlation-id"]
        assert request.headers["authorization"].startswith("Token ")
        pair = request.headers["ocpi-from-country-code"], request.headers["ocpi-from-party-id"]
        assert pair == NODE
        pair = request.headers["ocpi-to-country-code"], request.headers["ocpi-to-party-id"]
        assert pair == driver.party


def test_all_times_that_leave_are_ocpi_times(stage: Stage, driver: MockPartner) -> None:
    """CORE-TYPE-05, CORE-TYPE-08, CORE-TYPE-10"""
    name = shared(stage, driver)
    change_status(stage, name)
    request = wait_for_push(driver, "PATCH", name)
    assert OCPI_TIME.fullmatch(request.json["last_updated"])
    assert len(request.json["last_updated"]) <= 25


@pytest.mark.parametrize("answer", ["absent", None, {}, [], "x"])
@pytest.mark.parametrize("status", [200, 201])
def test_any_data_and_both_statuses_are_success(
    stage: Stage, driver: MockPartner, answer: object, status: int
) -> None:
    """CORE-RESP-08, CORE-HTTP-11, CORE-ROUTE-12, GEN-HTTP-05"""
    name = shared(stage, driver)
    driver.reply_routing = False
    body: dict[str, object] = {"status_code": 1000, "timestamp": timestamp()}
    if answer != "absent":
        body["data"] = answer
    driver.http.on("PATCH", name, mock_http.document(body, status=status))
    change_status(stage, name)
    wait_for_push(driver, "PATCH", name)
    time.sleep(0.4)
    assert [r.method for r in about(driver, name)] == ["PATCH"]


@pytest.mark.parametrize("code", [2001, 2942, 3000, 3977, 4999])
def test_a_refusal_is_no_success(stage: Stage, driver: MockPartner, code: int) -> None:
    """CORE-HTTP-12, CORE-STAT-02: the partner ends right once it accepts again."""
    name = shared(stage, driver)
    driver.http.on("PATCH", name, refuses(code), times=1)
    change_status(stage, name)
    wait_for_push(driver, "PATCH", name)
    change_status(stage, name, "BLOCKED")
    wait_until(partial(has_status, driver, name, "BLOCKED"), what="the next change")


def test_an_unknown_object_is_put_whole_after_the_patch(stage: Stage, driver: MockPartner) -> None:
    """CORE-MUT-07, CORE-MUT-08, GEN-PATCH-03"""
    name = shared(stage, driver)
    del driver.held["locations", *NODE, name]
    change_status(stage, name)
    put = wait_for_push(driver, "PUT", name)
    assert put.json["evses"][0]["status"] == "CHARGING"


@pytest.mark.parametrize(
    "fault",
    [
        mock_http.status(500),
        mock_http.status(503, b"<html>"),
        mock_http.status(429, b"{}", retry_after="1"),
        mock_http.text(b"{"),
        mock_http.text(b"[]"),
        mock_http.reset(),
        mock_http.reset(after_doing=True),
        mock_http.redirect("http://10.0.0.1/"),
        mock_http.huge(20_000_000),
        refuses(3000),
    ],
)
def test_a_fault_of_transport_is_made_good(
    stage: Stage, driver: MockPartner, fault: mock_http.Fault
) -> None:
    """CORE-OFF-01, GEN-OFF-01: never the old request again, but the state as it is then."""
    name = shared(stage, driver)
    rule = driver.http.on("*", name, fault, times=1)
    change_status(stage, name)
    wait_until(lambda: rule.used, what="the fault")
    wait_until(partial(has_status, driver, name, "CHARGING"), seconds=60, what="the change")
    ids = [request.headers["x-request-id"] for request in about(driver, name)]
    assert len(set(ids)) == len(ids)


def test_retry_after_is_obeyed(stage: Stage, driver: MockPartner) -> None:
    """CORE-OFF-01"""
    name = shared(stage, driver)
    driver.http.on("*", name, mock_http.status(429, b"{}", retry_after="3"), times=1)
    change_status(stage, name)
    wait_until(lambda: len(about(driver, name)) > 1, seconds=20, what="the second try")
    first, second = (request.at for request in about(driver, name)[:2])
    assert second - first >= 2.9


def test_a_hanging_partner_does_not_hold_up_others(stage: Stage, driver: MockPartner) -> None:
    """CORE-OFF-03"""
    driver.http.on("*", "/locations/", mock_http.hang())
    names = [doc.fresh("L") for _ in range(20)]
    stage.load("locations", *(doc.location(NODE, name) for name in names))
    begin = time.monotonic()
    for name in names:
        wait_for_push(stage.partner, "PUT", name)
    assert time.monotonic() - begin < Profile().timeout  # of the call that hangs


def test_a_partner_that_was_away_ends_with_the_current_state(
    stage: Stage, driver: MockPartner
) -> None:
    """CORE-OFF-01, CORE-HTTP-20: many changes are one push, and its call wakes the lane."""
    name = shared(stage, driver)
    driver.http.pause()
    for status in ("CHARGING", "BLOCKED", "OUTOFORDER"):
        change_status(stage, name, status)
    time.sleep(1)
    driver.http.resume()
    assert driver.call("GET", "locations", "SENDER", limit=1).code == 1000
    wait_until(partial(has_status, driver, name, "OUTOFORDER"), seconds=60, what="the state")
    assert len([r for r in about(driver, name) if r.method in ("PUT", "PATCH")]) == 1


def test_a_failed_push_is_visible(stage: Stage, driver: MockPartner) -> None:
    """CORE-OFF-04"""
    name = shared(stage, driver)
    driver.http.on("*", name, refuses(2001, message="no thanks"))
    change_status(stage, name)
    wait_for_push(driver, "PATCH", name)
    partners = stage.node.json("partner", "list")
    own = next(p["name"] for p in partners if driver.party[1] in str(p["roles"]))

    def met() -> bool:
        return name in str(stage.node.json("partner", "parked", own))

    wait_until(met, what="the parked object")


def test_tokens_never_reach_the_log(stage: Stage) -> None:
    """Nor anything else that would let somebody else in."""
    assert stage.partner.peer is not None
    secrets = [stage.partner.peer.token, *stage.partner.tokens, *stage.other.tokens]
    log = stage.node.log
    assert not [secret for secret in secrets if secret in log]
