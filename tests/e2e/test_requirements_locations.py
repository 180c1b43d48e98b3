"""Locations, EVSEs and connectors: both interfaces of a real node."""

from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e.mock_partner import Answered
from tests.e2e.nodes import wait_until
from tests.e2e.stage import CPO, NODE, OTHER, Stage, wait_for_push

LATER = "2026-03-01T00:00:00Z"
LATEST = "2026-04-01T00:00:00Z"


def call(stage: Stage, method: str, *keys: str, body: Any = None) -> Answered:
    return stage.partner.call(method, "locations", "RECEIVER", *CPO, *keys, body=body)


def stored(stage: Stage, *keys: str) -> Any:
    answer = call(stage, "GET", *keys)
    assert answer.code == 1000, answer
    return answer.data


@pytest.fixture
def name(stage: Stage) -> str:
    """A stored location with two EVSEs, of two connectors and of one."""
    name = doc.fresh("L")
    first = doc.evse("E1", connectors=[doc.connector("1"), doc.connector("2")])
    whole = doc.location(CPO, name, evses=[first, doc.evse("E2")])
    assert call(stage, "PUT", name, body=whole).status == 201
    return name


# --- receiver ---


def test_all_three_levels_are_read_back(stage: Stage, name: str) -> None:
    """LOC-RCV-01, LOC-OBJ-02, GEN-OWN-01"""
    whole = stored(stage, name)
    assert stored(stage, name, "E1") == whole["evses"][0]
    assert stored(stage, name, "E1", "2") == whole["evses"][0]["connectors"][1]


def test_a_put_replaces_the_whole(stage: Stage, name: str) -> None:
    """LOC-PUT-01, GEN-PUT-01, CORE-MUT-02"""
    whole = doc.location(CPO, name, last_updated=LATER)
    del whole["name"]
    assert call(stage, "PUT", name, body=whole).status == 200
    assert stored(stage, name) == whole


def test_a_put_of_an_evse_adds_or_replaces_it_and_raises_the_location(
    stage: Stage, name: str
) -> None:
    """LOC-PUT-02, LOC-PUT-05"""
    new = doc.evse("E3", last_updated=LATER)
    assert call(stage, "PUT", name, "E3", body=new).code == 1000
    whole = stored(stage, name)
    assert [evse["uid"] for evse in whole["evses"]] == ["E1", "E2", "E3"]
    assert whole["last_updated"] == LATER
    assert whole["evses"][1]["last_updated"] == doc.LONG_AGO
    other = doc.evse("E1", status="BLOCKED", last_updated=LATEST)
    assert call(stage, "PUT", name, "E1", body=other).code == 1000
    assert stored(stage, name)["evses"][0] == other
    assert stored(stage, name)["last_updated"] == LATEST


def test_a_put_of_a_connector_raises_both_parents(stage: Stage, name: str) -> None:
    """LOC-PUT-03, LOC-PUT-04, LOC-EVSE-03"""
    new = doc.connector("2", max_amperage=32, last_updated=LATER)
    assert call(stage, "PUT", name, "E2", "2", body=new).code == 1000
    evse = stored(stage, name, "E2")
    assert [c["id"] for c in evse["connectors"]] == ["1", "2"]
    assert evse["last_updated"] == LATER
    assert stored(stage, name)["last_updated"] == LATER
    assert stored(stage, name, "E1", "2")["max_amperage"] == 16


@pytest.mark.parametrize(
    ("keys", "body"),
    [
        (("E1",), doc.connector("1")),
        (("E1", "1"), doc.evse("E1")),
        (("E1",), doc.evse("E9")),
        (("E1", "1"), doc.connector("9")),
    ],
)
def test_the_url_names_what_the_body_is(
    stage: Stage, name: str, keys: tuple[str, ...], body: doc.Json
) -> None:
    """LOC-PUT-06, GEN-OWN-04, CORE-COO-05"""
    before = stored(stage, name)
    answer = call(stage, "PUT", name, *keys, body=body | {"last_updated": LATER})
    assert (answer.status, answer.code) == (200, 2001)
    assert stored(stage, name) == before


def test_a_part_of_an_unknown_parent_is_refused(stage: Stage) -> None:
    """LOC-PUT-09"""
    unknown = doc.fresh("none")
    answer = call(stage, "PUT", unknown, "E1", body=doc.evse("E1"))
    assert answer.code >= 2000
    assert answer.status in (200, 404)
    assert call(stage, "GET", unknown).status == 404


def test_a_patch_works_on_all_levels_and_raises_upward(stage: Stage, name: str) -> None:
    """LOC-PATCH-01, LOC-PATCH-03, LOC-PATCH-04, GEN-PATCH-01, CORE-MUT-03"""
    before = stored(stage, name)
    patch = {"status": "CHARGING", "last_updated": LATER}
    assert call(stage, "PATCH", name, "E1", body=patch).code == 1000
    evse = before["evses"][0] | patch
    assert stored(stage, name, "E1") == evse
    expected = before | {"evses": [evse, before["evses"][1]], "last_updated": LATER}
    assert stored(stage, name) == expected
    tariffs = {"tariff_ids": ["T1"], "last_updated": LATEST}
    assert call(stage, "PATCH", name, "E1", "2", body=tariffs).code == 1000
    assert stored(stage, name, "E1", "2") == before["evses"][0]["connectors"][1] | tariffs
    assert stored(stage, name, "E1")["last_updated"] == LATEST
    assert stored(stage, name)["last_updated"] == LATEST
    patch = {"name": "Neude", "last_updated": "2026-05-01T00:00:00Z"}
    assert call(stage, "PATCH", name, body=patch).code == 1000
    assert stored(stage, name)["name"] == "Neude"


@pytest.mark.parametrize("keys", [(), ("E1",), ("E1", "1")])
def test_a_patch_without_last_updated_is_refused(
    stage: Stage, name: str, keys: tuple[str, ...]
) -> None:
    """GEN-PATCH-02, CORE-MUT-06"""
    before = stored(stage, name)
    answer = call(stage, "PATCH", name, *keys, body={"x_colour": "red"})
    assert (answer.status, answer.code) == (200, 2001)
    assert stored(stage, name) == before


def test_a_json_patch_document_is_refused(stage: Stage, name: str) -> None:
    """CORE-MUT-05"""
    body = [{"op": "replace", "path": "/name", "value": "X"}]
    answer = call(stage, "PATCH", name, body=body)
    assert (answer.status, answer.code) == (200, 2001)


def test_a_list_in_a_patch_replaces(stage: Stage, name: str) -> None:
    """LOC-PATCH-06"""
    body = {"evses": [doc.evse("E7")], "last_updated": LATER}
    assert call(stage, "PATCH", name, body=body).code == 1000
    assert [evse["uid"] for evse in stored(stage, name)["evses"]] == ["E7"]


@pytest.mark.parametrize("member", ["id", "country_code", "party_id"])
def test_a_patch_does_not_change_identity(stage: Stage, name: str, member: str) -> None:
    """LOC-PATCH-07"""
    answer = call(stage, "PATCH", name, body={member: "ZZ", "last_updated": LATER})
    assert (answer.status, answer.code) == (200, 2001)


def test_older_news_does_not_overwrite(stage: Stage, name: str) -> None:
    """LOC-PATCH-08, CORE-MUT-12, CORE-MUT-13"""
    assert call(stage, "PATCH", name, body={"name": "New", "last_updated": LATEST}).code == 1000
    call(stage, "PATCH", name, body={"name": "Old", "last_updated": LATER})
    call(stage, "PUT", name, body=doc.location(CPO, name, name="Older"))
    assert stored(stage, name)["name"] == "New"
    assert stored(stage, name)["last_updated"] == LATEST


def test_a_patch_of_an_unknown_object_creates_nothing(stage: Stage, name: str) -> None:
    """CORE-MUT-09, GEN-PATCH-04"""
    unknown = doc.fresh("none")
    body = {"name": "X", "last_updated": LATER}
    answer = call(stage, "PATCH", unknown, body=body)
    assert answer.status == 404 or answer.code >= 2000
    assert call(stage, "GET", unknown).status == 404
    assert call(stage, "PATCH", name, "none", body=body).status == 404


def test_null_in_a_patch_unsets_and_spoils_nothing_required(stage: Stage, name: str) -> None:
    """CORE-MUT-10, CORE-MUT-11"""
    assert call(stage, "PATCH", name, body={"name": None, "last_updated": LATER}).code == 1000
    assert stored(stage, name).get("name") is None
    answer = call(stage, "PATCH", name, body={"city": None, "last_updated": LATEST})
    assert (answer.status, answer.code) == (200, 2001)
    body = {"address": "New", "parking_type": "MOON", "last_updated": LATEST}
    assert call(stage, "PATCH", name, body=body).code == 2001
    assert stored(stage, name)["address"] == "Domplein 29"


def test_ids_have_no_case_and_keep_their_spelling(stage: Stage) -> None:
    """GEN-OWN-05, CORE-COO-07, CORE-COO-08"""
    name = doc.fresh("MiXed")
    body = doc.location(CPO, name)
    url = stage.partner.url("locations", "RECEIVER", "be", "bec", name.lower())
    assert stage.partner.send("PUT", url, body=body, headers=stage.partner.routing()).code == 1000
    assert stored(stage, name.upper()) == body
    held = [o for o in stage.node.export("locations") if o["id"].lower() == name.lower()]
    assert held == [body]


def test_same_ids_of_two_owners_are_two_objects(stage: Stage) -> None:
    """CORE-COO-09"""
    name = doc.fresh("L")
    call(stage, "PUT", name, body=doc.location(CPO, name, city="Gent"))
    url = stage.other.url("locations", "RECEIVER", *OTHER, name)
    stage.other.send("PUT", url, body=doc.location(OTHER, name, city="Lyon"))
    assert stored(stage, name)["city"] == "Gent"
    assert stage.other.send("GET", url).data["city"] == "Lyon"


@pytest.mark.parametrize("name", ["a b", "a*b", "a/b", "50%", "a+b", "?x=1#y"])
def test_ids_are_percent_decoded_once(stage: Stage, name: str) -> None:
    """CORE-COO-13"""
    body = doc.location(CPO, name)
    assert call(stage, "PUT", name, body=body).code == 1000
    assert stored(stage, name) == body


def test_an_owner_that_is_not_the_callers_is_404(stage: Stage) -> None:
    """CORE-COO-04, GEN-OWN-03, LOC-RCV-02: nothing is told and nothing is stored."""
    name = doc.fresh("L")
    stage.other.send(
        "PUT",
        stage.other.url("locations", "RECEIVER", *OTHER, name),
        body=doc.location(OTHER, name),
    )
    for identifier in (name, doc.fresh("none")):
        answer = stage.partner.call("GET", "locations", "RECEIVER", *OTHER, identifier)
        assert answer.status == 404
        assert answer.data is None
    body = doc.location(OTHER, name, city="Nantes", last_updated=LATER)
    assert stage.partner.call("PUT", "locations", "RECEIVER", *OTHER, name, body=body).status == 404
    assert stage.held("locations", name)["city"] == "Utrecht"


@pytest.mark.parametrize("change", [{"party_id": "BBB"}, {"country_code": "DE"}, {"id": "OTHER"}])
def test_url_and_body_must_agree(stage: Stage, change: doc.Json) -> None:
    """CORE-COO-05, CORE-COO-06, GEN-OWN-04"""
    name = doc.fresh("L")
    answer = call(stage, "PUT", name, body=doc.location(CPO, name) | change)
    assert (answer.status, answer.code) == (200, 2001)
    assert call(stage, "GET", name).status == 404


def test_numbers_and_times_are_kept_as_they_came(stage: Stage) -> None:
    """CORE-TYPE-06, CORE-TYPE-09, CORE-TYPE-11"""
    for stamp in (
        "2026-02-01T12:00:00Z",
        "2026-02-01T12:00:00",
        "2026-02-01T12:00:00.1Z",
        "2026-02-01T12:00:00.12",
        "2026-02-01T12:00:00.123Z",
        "2026-02-01T12:00:00.123",
    ):
        name = doc.fresh("L")
        assert (
            call(stage, "PUT", name, body=doc.location(CPO, name, last_updated=stamp)).code == 1000
        )
        assert stored(stage, name)["last_updated"] == stamp


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-02-01T12:00:00+00:00",
        "2026-02-01T12:00:00+02:00",
        "2026-02-01",
        "2026-02-01 12:00:00Z",
        "2026-W05-1T12:00:00Z",
        "20260201T120000Z",
    ],
)
def test_other_time_formats_are_refused(stage: Stage, stamp: str) -> None:
    """CORE-TYPE-08, CORE-TYPE-10"""
    name = doc.fresh("L")
    answer = call(stage, "PUT", name, body=doc.location(CPO, name, last_updated=stamp))
    assert (answer.status, answer.code) == (200, 2001)


def test_unicode_is_returned_unchanged(stage: Stage) -> None:
    """CORE-TYPE-03"""
    name = doc.fresh("L")
    body = doc.location(CPO, name, name="Zürich 充电站 ⚡")
    assert call(stage, "PUT", name, body=body).code == 1000
    assert stored(stage, name)["name"] == "Zürich 充电站 ⚡"


@pytest.mark.parametrize("identifier", ["a\tb", "a\nb", "ümlaut", "a\x00b"])
def test_identifiers_are_printable_ascii(stage: Stage, identifier: str) -> None:
    """CORE-TYPE-01"""
    answer = call(stage, "PUT", identifier, body=doc.location(CPO, identifier))
    assert answer.status in (200, 404)
    assert answer.code == 2001 or answer.status == 404


def test_evse_ids_of_other_operators_are_accepted(stage: Stage) -> None:
    """CORE-CRED-12"""
    name = doc.fresh("L")
    body = doc.location(CPO, name, evses=[doc.evse("E1", evse_id="FR*ZZZ*E99")])
    assert call(stage, "PUT", name, body=body).code == 1000


def test_the_receiver_does_not_follow_the_schedule_itself(stage: Stage) -> None:
    """LOC-EVSE-05"""
    name = doc.fresh("L")
    plan = [{"period_begin": "2026-01-02T00:00:00Z", "status": "REMOVED"}]
    call(stage, "PUT", name, body=doc.location(CPO, name, evses=[doc.evse(status_schedule=plan)]))
    assert stored(stage, name, "E1")["status"] == "AVAILABLE"


def test_an_add_evse_without_required_members_is_refused_whole(stage: Stage, name: str) -> None:
    """LOC-PUT-08"""
    incomplete = doc.evse("E5", last_updated=LATER)
    del incomplete["connectors"][0]["max_voltage"]
    answer = call(stage, "PUT", name, "E5", body=incomplete)
    assert (answer.status, answer.code) == (200, 2001)
    assert call(stage, "GET", name, "E5").status == 404


# --- sender ---


def own(stage: Stage, *keys: str) -> Answered:
    return stage.partner.call("GET", "locations", "SENDER", *keys)


def test_single_objects_of_the_sender(stage: Stage) -> None:
    """LOC-OBJ-01, LOC-OBJ-02, LOC-OBJ-03"""
    name = doc.fresh("O")
    whole = doc.location(NODE, name)
    stage.load("locations", whole)
    assert own(stage, name).data == whole
    assert own(stage, name, "E1").data == whole["evses"][0]
    assert own(stage, name, "E1", "1").data == whole["evses"][0]["connectors"][0]
    for keys in (("none",), (name, "none"), (name, "E1", "none")):
        assert own(stage, *keys).status == 404


def test_a_status_change_raises_the_location_and_is_found_by_date(stage: Stage) -> None:
    """LOC-LIST-03, LOC-LIST-04: also for connectors, by import of the whole."""
    name = doc.fresh("O")
    stage.load("locations", doc.location(NODE, name))
    stamp = doc.moment()
    line = {"location_id": name, "evse_uid": "E1", "status": "CHARGING", "last_updated": stamp}
    stage.load("evse-status", line)
    whole = own(stage, name).data
    assert whole["last_updated"] == whole["evses"][0]["last_updated"] == stamp
    answer = stage.partner.call("GET", "locations", "SENDER", date_from=stamp)
    assert name in [item["id"] for item in answer.data]


def test_the_connector_raises_its_parents_on_import(stage: Stage) -> None:
    """LOC-LIST-04"""
    name, stamp = doc.fresh("O"), doc.moment()
    new = doc.connector("1", tariff_ids=["T1"], last_updated=stamp)
    stage.load("locations", doc.location(NODE, name))
    stage.load("locations", doc.location(NODE, name, evses=[doc.evse(connectors=[new])]))
    whole = own(stage, name).data
    assert whole["evses"][0]["last_updated"] == stamp
    assert whole["last_updated"] == stamp


def test_a_removed_evse_stays_readable(stage: Stage) -> None:
    """LOC-OBJ-04, LOC-FLOW-03, LOC-FLOW-04: REMOVED is pushed, nothing is deleted."""
    name = doc.fresh("O")
    stage.load("locations", doc.location(NODE, name))
    wait_for_push(stage.partner, "PUT", name)
    stamp = doc.moment()
    line = {"location_id": name, "evse_uid": "E1", "status": "REMOVED", "last_updated": stamp}
    stage.load("evse-status", line)
    assert own(stage, name, "E1").data["status"] == "REMOVED"
    key = ("locations", *NODE, name)
    wait_until(
        lambda: stage.partner.held[key]["evses"][0]["status"] == "REMOVED", what="REMOVED pushed"
    )
    assert not [r for r in stage.partner.http.recorded if r.method == "DELETE" and name in r.target]


def test_publish_false_is_sent_and_private_is_not(stage: Stage) -> None:
    """LOC-FLOW-07, LOC-PUB-01: the eMSP decides whom to show the first; the second never leaves."""
    hidden, private = doc.fresh("O"), doc.fresh("O")
    allowed = [{"uid": "012345678", "type": "RFID"}]
    body = doc.location(NODE, hidden, publish=False, publish_allowed_to=allowed)
    stage.load("locations", doc.location(NODE, private), flags=("--private",))
    stage.load("locations", body)
    wait_for_push(stage.partner, "PUT", hidden)
    assert own(stage, hidden).data == body
    assert own(stage, private).status == 404
    assert not [r for r in stage.partner.http.recorded if private in r.target]
