"""Sessions: both interfaces of a real node."""

from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e.mock_partner import Answered
from tests.e2e.nodes import wait_until
from tests.e2e.stage import CPO, EMSP, NODE, OTHER, Stage, wait_for_push

LATER = "2026-03-01T00:00:00Z"
FIRST, SECOND = "2026-01-01T10:00:00Z", "2026-01-01T10:15:00Z"


def call(stage: Stage, method: str, *keys: str, body: Any = None) -> Answered:
    return stage.partner.call(method, "sessions", "RECEIVER", *CPO, *keys, body=body)


def stored(stage: Stage, name: str) -> Any:
    answer = call(stage, "GET", name)
    assert answer.code == 1000, answer
    return answer.data


@pytest.fixture
def name(stage: Stage) -> str:
    name = doc.fresh("S")
    assert call(stage, "PUT", name, body=doc.session(CPO, name, NODE)).status == 201
    return name


def starts(session: Any) -> list[str]:
    return [period["start_date_time"] for period in session.get("charging_periods") or []]


def test_a_session_is_read_back(stage: Stage, name: str) -> None:
    """SES-RCV-01"""
    assert stored(stage, name) == doc.session(CPO, name, NODE)


def test_a_put_replaces_the_session_and_its_periods(stage: Stage, name: str) -> None:
    """SES-PUT-01, SES-PUT-02: omitted and empty both remove the periods."""
    ways: list[doc.Json] = [{}, {"charging_periods": []}]
    for periods in ways:
        body = doc.session(CPO, name, NODE, kwh=2.5, last_updated=doc.moment())
        del body["charging_periods"]
        assert call(stage, "PUT", name, body=body | periods).code == 1000
        assert starts(stored(stage, name)) == []
        assert stored(stage, name)["kwh"] == 2.5
        body["charging_periods"] = [doc.period(FIRST)]
        call(stage, "PUT", name, body=body | {"last_updated": doc.moment()})
        assert starts(stored(stage, name)) == [FIRST]


def test_periods_in_a_patch_are_appended_once(stage: Stage, name: str) -> None:
    """SES-PATCH-01, SES-PATCH-06"""
    patch = {"charging_periods": [doc.period(SECOND)], "kwh": 3.0, "last_updated": LATER}
    for _ in range(2):
        assert call(stage, "PATCH", name, body=patch).code == 1000
        assert starts(stored(stage, name)) == [FIRST, SECOND]
    assert stored(stage, name)["kwh"] == 3.0


@pytest.mark.parametrize("periods", [{}, {"charging_periods": []}])
def test_a_patch_without_periods_leaves_them(stage: Stage, name: str, periods: doc.Json) -> None:
    """SES-PATCH-02"""
    patch = {"kwh": 4, "last_updated": LATER} | periods
    assert call(stage, "PATCH", name, body=patch).code == 1000
    assert starts(stored(stage, name)) == [FIRST]


def test_there_is_no_url_below_a_session(stage: Stage, name: str) -> None:
    """SES-PATCH-04"""
    answer = call(stage, "PATCH", name, "charging_periods", body={"last_updated": LATER})
    assert answer.status in (404, 405)


def test_a_patch_needs_last_updated(stage: Stage, name: str) -> None:
    """GEN-PATCH-02, CORE-MUT-06"""
    answer = call(stage, "PATCH", name, body={"kwh": 9})
    assert (answer.status, answer.code) == (200, 2001)
    assert stored(stage, name)["kwh"] == 1.5


def test_na_is_accepted_where_data_cannot_be_known(stage: Stage) -> None:
    """CORE-TYPE-16"""
    name = doc.fresh("S")
    body = doc.session(CPO, name, NODE, status="RESERVATION", evse_uid="#NA", connector_id="#NA")
    assert call(stage, "PUT", name, body=body).code == 1000
    assert stored(stage, name) == body


@pytest.mark.parametrize(
    "change",
    [
        {"status": "RESERVED"},
        {"kwh": "1.5"},
        {"cdr_token": None},
        {"auth_method": "whitelist"},
        {"charging_periods": [{"start_date_time": FIRST, "dimensions": []}]},
        {"total_cost": {"incl_vat": 1}},
    ],
)
def test_faulty_sessions_are_2001(stage: Stage, change: doc.Json) -> None:
    """CORE-MUT-01, CORE-RESP-13, CORE-TYPE-14, SES-DT-01, SES-DT-03: nothing is stored."""
    name = doc.fresh("S")
    answer = call(stage, "PUT", name, body=doc.session(CPO, name, NODE) | change)
    assert (answer.status, answer.code) == (200, 2001)
    assert call(stage, "GET", name).status == 404


def test_prices_and_decimals_are_kept(stage: Stage) -> None:
    """CORE-TYPE-11, CORE-TYPE-14"""
    name = doc.fresh("S")
    body = doc.session(CPO, name, NODE, kwh=0.12345678, total_cost={"excl_vat": 0.1})
    assert call(stage, "PUT", name, body=body).code == 1000
    url = stage.partner.url("sessions", "RECEIVER", *CPO, name)
    raw = stage.partner.send("GET", url, headers=stage.partner.routing()).body
    assert b"0.12345678" in raw


# --- the node as sender ---


def test_a_new_session_goes_to_the_owner_of_the_token_alone(stage: Stage) -> None:
    """SES-FLOW-01, SES-PUT-03, CORE-COO-01, CORE-COO-02"""
    name = doc.fresh("S")
    stage.load("sessions", doc.session(NODE, name, EMSP))
    request = wait_for_push(stage.partner, "PUT", name)
    assert request.segments[-3:] == (*NODE, name)
    assert request.json == doc.session(NODE, name, EMSP)
    assert not [r for r in stage.other.http.recorded if name in r.target]


def test_a_reservation_is_pushed(stage: Stage) -> None:
    """SES-FLOW-07"""
    name = doc.fresh("S")
    body = doc.session(NODE, name, OTHER, status="RESERVATION", evse_uid="#NA", connector_id="#NA")
    stage.load("sessions", body)
    assert wait_for_push(stage.other, "PUT", name).json["status"] == "RESERVATION"


def test_changes_arrive_and_carry_last_updated(stage: Stage) -> None:
    """SES-FLOW-02, SES-PATCH-03, SES-PATCH-05: whatever the method, the partner ends equal."""
    name = doc.fresh("S")
    first = doc.session(NODE, name, EMSP)
    stage.load("sessions", first)
    key = ("sessions", *NODE, name)
    wait_until(lambda: stage.partner.held.get(key) == first, what="the session")
    more = first | {
        "kwh": 3.25,
        "charging_periods": [doc.period(FIRST), doc.period(SECOND)],
        "last_updated": doc.moment(),
    }
    stage.load("sessions", more)
    wait_until(lambda: stage.partner.held[key] == more, what="the growth")
    fewer = more | {"charging_periods": [doc.period(SECOND)], "last_updated": doc.moment(1)}
    stage.load("sessions", fewer)
    wait_until(lambda: stage.partner.held[key] == fewer, what="the replacement")
    requests = [r for r in stage.partner.http.recorded if name in r.target and r.method != "GET"]
    assert all("last_updated" in request.json for request in requests)
    assert requests[-1].method == "PUT"


def test_the_node_asks_for_sessions_with_date_from(stage: Stage) -> None:
    """SES-LIST-03"""
    name = doc.fresh("S")
    stage.other.objects["sessions"] = [doc.session(OTHER, name, NODE)]
    stage.other.http.forget()
    for flags in ((), ("--full",)):
        stage.node.json("pull", "sessions", "--partner", "other", *flags)
    asked = [r for r in stage.other.http.recorded if "/sessions" in r.target]
    assert asked
    assert all("date_from" in request.query for request in asked)
    assert stage.held("sessions", name) == doc.session(OTHER, name, NODE)
