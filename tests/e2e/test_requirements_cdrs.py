"""CDRs: both interfaces of a real node."""

from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e import mock_http
from tests.e2e.mock_partner import Answered, refuses
from tests.e2e.nodes import wait_until
from tests.e2e.stage import CPO, EMSP, NODE, OTHER, Stage, pushed, wait_for_push


def post(stage: Stage, cdr: Any) -> Answered:
    return stage.partner.call("POST", "cdrs", "RECEIVER", body=cdr)


def test_a_posted_cdr_is_served_at_its_location(stage: Stage) -> None:
    """CDR-POST-01, CDR-POST-02, CDR-GET-01, CDR-FLOW-03: also for a place never published."""
    cdr = doc.cdr(CPO, doc.fresh("C"), NODE)
    answer = post(stage, cdr)
    assert answer.status in (200, 201)
    assert answer.code == 1000
    place = answer.headers["location"]
    assert place.startswith(stage.node.url)
    got = stage.partner.send("GET", place, headers=stage.partner.routing())
    assert got.data == cdr


def test_only_the_cpo_reads_its_cdr(stage: Stage) -> None:
    """CDR-GET-03"""
    place = post(stage, doc.cdr(CPO, doc.fresh("C"), NODE)).headers["location"]
    answer = stage.other.send("GET", place, headers=stage.other.routing())
    assert answer.status == 404
    assert answer.data is None


def test_a_repeat_stores_nothing_twice_and_a_change_is_refused(stage: Stage) -> None:
    """CDR-POST-04, CDR-FLOW-01"""
    name = doc.fresh("C")
    cdr = doc.cdr(CPO, name, NODE)
    first, again = post(stage, cdr), post(stage, cdr)
    assert again.code == 1000
    assert again.headers["location"] == first.headers["location"]
    changed = post(stage, cdr | {"total_energy": 99})
    assert (changed.status, changed.code) == (200, 2001)
    assert [c for c in stage.node.export("cdrs") if c["id"] == name] == [cdr]


def test_equal_ids_of_two_cpos_are_two_cdrs(stage: Stage) -> None:
    """CDR-POST-05"""
    name = doc.fresh("C")
    assert post(stage, doc.cdr(CPO, name, NODE)).code == 1000
    theirs = doc.cdr(OTHER, name, NODE, total_energy=7)
    assert stage.other.call("POST", "cdrs", "RECEIVER", body=theirs).code == 1000
    assert len([c for c in stage.node.export("cdrs") if c["id"] == name]) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"charging_periods": []},
        {"charging_periods": None},
        {"total_cost": {}},
        {"total_energy": "1.5"},
        {"cdr_location": None},
        {"party_id": "ABCD"},
        {"id": "x" * 40},
    ],
)
def test_faulty_cdrs_are_2001(stage: Stage, change: doc.Json) -> None:
    """CDR-DT-01, CDR-POST-06, CORE-RESP-13: no charging period is no CDR."""
    answer = post(stage, doc.cdr(CPO, doc.fresh("C"), NODE) | change)
    assert (answer.status, answer.code) == (200, 2001)


def test_an_id_of_39_is_for_credits(stage: Stage) -> None:
    """CDR-DT-01, CDR-CRED-05: the receiver accepts the longest credit id."""
    name = doc.fresh("C").ljust(39, "x")
    credit = doc.cdr(
        CPO, name, NODE, credit=True, credit_reference_id="C1",
        total_cost={"excl_vat": -4.0, "incl_vat": -4.84},
    )  # fmt: skip
    assert post(stage, credit).code == 1000


def test_a_cdr_of_another_owner_is_refused(stage: Stage) -> None:
    """CORE-COO-04: the body names the owner here."""
    name = doc.fresh("C")
    answer = post(stage, doc.cdr(OTHER, name, NODE))
    assert answer.status == 404 or 2000 <= answer.code < 3000
    assert stage.held("cdrs", name) is None


def test_signed_data_is_kept_byte_by_byte(stage: Stage) -> None:
    """CDR-SIG-01"""
    text = '{"FV" : "1.0"}|\\u00e9 é €\n\t"'
    value = {"nature": "Start", "plain_data": "1", "signed_data": text}
    signed = {"encoding_method": "OCMF", "signed_values": [value]}
    cdr = doc.cdr(CPO, doc.fresh("C"), NODE, signed_data=signed)
    answer = post(stage, cdr)
    assert answer.code == 1000, answer
    place = answer.headers["location"]
    got = stage.partner.send("GET", place, headers=stage.partner.routing())
    assert got.data["signed_data"]["signed_values"][0]["signed_data"] == text


# --- the node as sender ---


def test_a_cdr_is_posted_once_to_the_party_of_its_token(stage: Stage) -> None:
    """CDR-FLOW-02, CDR-FLOW-04, CDR-POST-01, CORE-BCAST-15"""
    cdr = doc.cdr(NODE, doc.fresh("C"), EMSP)
    stage.load("cdrs", cdr)
    key = ("cdrs", *NODE, cdr["id"])
    wait_until(lambda: stage.partner.held.get(key) == cdr, what="the CDR")
    posted = [r for r in pushed(stage.partner, "POST", "/cdrs") if r.json["id"] == cdr["id"]]
    assert len(posted) == 1
    assert posted[0].segments[-1] == "cdrs"
    assert ("cdrs", *NODE, cdr["id"]) not in stage.other.held


def test_a_changed_cdr_is_refused_at_home(stage: Stage) -> None:
    """CDR-FLOW-01"""
    cdr = doc.cdr(NODE, doc.fresh("C"), EMSP)
    stage.load("cdrs", cdr)
    report = stage.node.load("cdrs", [cdr | {"total_energy": 2, "last_updated": doc.moment()}])
    assert report["accepted"] == 0
    assert len(report["refused"]) == 1


def test_a_lost_answer_is_followed_by_the_identical_cdr(stage: Stage) -> None:
    """CDR-GET-02: asked at the Location that was given, or the same bytes again, never new ones."""
    cdr = doc.cdr(NODE, doc.fresh("C"), EMSP)
    stage.partner.http.on("POST", "/cdrs", mock_http.reset(after_doing=True), times=1)
    stage.load("cdrs", cdr)
    key = ("cdrs", *NODE, cdr["id"])
    wait_until(lambda: stage.partner.held.get(key) == cdr, what="the CDR")
    posted = [r for r in pushed(stage.partner, "POST", "/cdrs") if r.json["id"] == cdr["id"]]
    assert {request.body for request in posted} == {posted[0].body}


def test_a_refused_cdr_is_not_sent_again_by_itself(stage: Stage) -> None:
    """CORE-HTTP-12, CORE-OFF-01"""
    cdr = doc.cdr(NODE, doc.fresh("C"), EMSP)
    rule = stage.partner.http.on("POST", "/cdrs", refuses(2001), times=1)
    stage.load("cdrs", cdr)
    wait_until(lambda: rule.used, what="the first POST")
    other = doc.cdr(NODE, doc.fresh("C"), EMSP)
    stage.load("cdrs", other)
    wait_until(lambda: ("cdrs", *NODE, other["id"]) in stage.partner.held, what="the next CDR")
    assert ("cdrs", *NODE, cdr["id"]) not in stage.partner.held


def test_the_list_shows_the_party_its_own_cdrs(stage: Stage) -> None:
    """CDR-LIST-01, CDR-LIST-02, CDR-LIST-04"""
    mine, theirs = doc.cdr(NODE, doc.fresh("C"), EMSP), doc.cdr(NODE, doc.fresh("C"), OTHER)
    stage.load("cdrs", mine, theirs)
    found = stage.partner.crawl(stage.partner.url("cdrs", "SENDER", limit=1000))
    assert mine in found
    assert theirs not in found
    assert stage.partner.call("GET", "cdrs", "SENDER", mine["id"]).status == 404


def test_a_cdr_list_is_pulled(stage: Stage) -> None:
    """CDR-LIST-03, CORE-HTTP-20: twice, without duplicates."""
    name = doc.fresh("C")
    stage.other.objects["cdrs"] = [doc.cdr(OTHER, name, NODE)]
    for _ in range(2):
        done = stage.node.json("pull", "cdrs", "--partner", "other", "--full")
        assert done == {"received": 1, "refused": 0}
    assert len([c for c in stage.node.export("cdrs") if c["id"] == name]) == 1


def test_posting_again_after_the_answer_was_503(stage: Stage) -> None:
    """CORE-HTTP-11: both 200 and 201 count as success afterwards."""
    cdr = doc.cdr(NODE, doc.fresh("C"), EMSP)
    stage.partner.http.on("POST", "/cdrs", mock_http.status(503, b"{}"), times=1)
    stage.load("cdrs", cdr)
    request = wait_for_push(stage.partner, "POST", "/cdrs")
    assert request.headers["content-type"].startswith("application/json")
    wait_until(lambda: ("cdrs", *NODE, cdr["id"]) in stage.partner.held, seconds=20, what="the CDR")
