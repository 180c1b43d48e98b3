"""Tariffs and tokens: both interfaces of a real node."""

from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e.mock_partner import Answered
from tests.e2e.nodes import wait_until
from tests.e2e.stage import CPO, EMSP, NODE, Stage, pushed, wait_for_push

LATER = "2026-03-01T00:00:00Z"


def tariffs(stage: Stage, method: str, name: str, body: Any = None) -> Answered:
    return stage.partner.call(method, "tariffs", "RECEIVER", *CPO, name, body=body)


def tokens(stage: Stage, method: str, uid: str, body: Any = None, **query: str) -> Answered:
    headers = stage.partner.routing() | {
        "OCPI-from-country-code": EMSP[0],
        "OCPI-from-party-id": EMSP[1],
    }
    url = stage.partner.url("tokens", "RECEIVER", *EMSP, uid, **query)
    return stage.partner.send(method, url, body=body, headers=headers)


# --- tariffs ---


def test_a_tariff_is_put_read_replaced_and_deleted(stage: Stage) -> None:
    """TAR-PUT-01, TAR-RCV-01, TAR-DEL-01"""
    name = doc.fresh("T")
    first = doc.tariff(CPO, name, type="REGULAR")
    assert tariffs(stage, "PUT", name, first).status == 201
    assert tariffs(stage, "GET", name).data == first
    second = doc.tariff(CPO, name, currency="SEK", last_updated=LATER)
    assert tariffs(stage, "PUT", name, second).status == 200
    assert tariffs(stage, "GET", name).data == second
    assert tariffs(stage, "DELETE", name).code == 1000
    assert tariffs(stage, "GET", name).status == 404
    assert tariffs(stage, "DELETE", name).status == 404
    assert (
        tariffs(stage, "PUT", name, doc.tariff(CPO, name, last_updated=doc.moment())).code == 1000
    )
    assert tariffs(stage, "GET", name).code == 1000


@pytest.mark.parametrize(
    "change",
    [
        {"elements": []},
        {"elements": [{"price_components": []}]},
        {"currency": None},
        {"elements": [{"price_components": [{"type": "ENERGY", "price": "0.25", "step_size": 1}]}]},
        {"tariff_alt_text": [{"language": "en", "text": 5}]},
    ],
)
def test_faulty_tariffs_are_2001(stage: Stage, change: doc.Json) -> None:
    """TAR-DT-01, TAR-DT-02, CORE-RESP-13, CORE-MUT-01"""
    name = doc.fresh("T")
    answer = tariffs(stage, "PUT", name, doc.tariff(CPO, name) | change)
    assert (answer.status, answer.code) == (200, 2001)
    assert tariffs(stage, "GET", name).status == 404


def test_texts_against_the_standard_are_told_apart_from_unusable_ones(stage: Stage) -> None:
    """CORE-TYPE-12, CORE-TYPE-13, CORE-TYPE-15: never an HTTP error, whatever the profile."""
    for change in (
        {"tariff_alt_text": [{"language": "en", "text": "x" * 513}]},
        {"tariff_alt_text": [{"language": "eng", "text": "x"}]},
        {"tariff_alt_text": [{"language": "en", "text": "<b>x</b>"}]},
        {"tariff_alt_url": "https://example.com/" + "x" * 255},
    ):
        name = doc.fresh("T")
        answer = tariffs(stage, "PUT", name, doc.tariff(CPO, name) | change)
        assert answer.status in (200, 201)
        assert answer.code in (1000, 2001)
        strict = stage.node.load("tariffs", [doc.tariff(NODE, name) | change])
        expected = 1 if "<b>" in str(change) else 0
        assert strict["accepted"] == expected


def test_own_tariffs_are_put_whole_at_partners(stage: Stage) -> None:
    """TAR-FLOW-01, TAR-PUT-02, CORE-COO-01"""
    name = doc.fresh("T")
    body = doc.tariff(NODE, name)
    stage.load("tariffs", body)
    request = wait_for_push(stage.partner, "PUT", name)
    assert request.segments[-3:] == (*NODE, name)
    assert request.json == body
    changed = doc.tariff(NODE, name, currency="SEK", last_updated=doc.moment())
    stage.load("tariffs", changed)
    key = ("tariffs", *NODE, name)
    wait_until(lambda: stage.partner.held[key] == changed, what="the change")
    assert not pushed(stage.partner, "PATCH", name)


# --- tokens ---


def test_a_token_is_put_patched_and_read(stage: Stage) -> None:
    """TOK-RCV-01, TOK-PUT-01, TOK-PATCH-02"""
    uid = doc.fresh("U")
    body = doc.token(EMSP, uid, visual_number="V1")
    assert tokens(stage, "PUT", uid, body).status == 201
    assert tokens(stage, "GET", uid).data == body
    patch = {"valid": False, "last_updated": LATER}
    assert tokens(stage, "PATCH", uid, patch).code == 1000
    assert tokens(stage, "GET", uid).data == body | patch
    replaced = doc.token(EMSP, uid, last_updated=doc.moment())
    assert tokens(stage, "PUT", uid, replaced).status == 200
    assert tokens(stage, "GET", uid).data == replaced


def test_type_is_part_of_the_key_and_defaults_to_rfid(stage: Stage) -> None:
    """TOK-RCV-02, TOK-RCV-03"""
    uid = doc.fresh("U")
    rfid, app = doc.token(EMSP, uid), doc.token(EMSP, uid, type="APP_USER", issuer="App")
    assert tokens(stage, "PUT", uid, rfid).code == 1000
    assert tokens(stage, "PUT", uid, app, type="APP_USER").code == 1000
    assert tokens(stage, "GET", uid).data == rfid
    assert tokens(stage, "GET", uid, type="RFID").data == rfid
    assert tokens(stage, "GET", uid, type="APP_USER").data == app
    patch = {"valid": False, "last_updated": LATER}
    assert tokens(stage, "PATCH", uid, patch).code == 1000
    assert tokens(stage, "GET", uid, type="APP_USER").data == app
    assert tokens(stage, "GET", uid, type="OTHER").status == 404


def test_a_type_against_the_query_is_refused(stage: Stage) -> None:
    """TOK-RCV-05"""
    uid = doc.fresh("U")
    for query in ({}, {"type": "OTHER"}):
        answer = tokens(stage, "PUT", uid, doc.token(EMSP, uid, type="APP_USER"), **query)
        assert (answer.status, answer.code) == (200, 2001)
    assert tokens(stage, "PUT", uid, doc.token(EMSP, uid), type="MOON").code == 2001


def test_a_token_patch_needs_last_updated(stage: Stage) -> None:
    """GEN-PATCH-02, CORE-MUT-06"""
    uid = doc.fresh("U")
    tokens(stage, "PUT", uid, doc.token(EMSP, uid))
    answer = tokens(stage, "PATCH", uid, {"valid": False})
    assert (answer.status, answer.code) == (200, 2001)
    assert tokens(stage, "GET", uid).data["valid"] is True


def test_own_tokens_are_put_at_cpos_and_invalidated_not_deleted(stage: Stage) -> None:
    """TOK-FLOW-01, TOK-FLOW-02, TOK-PUT-02, TOK-PATCH-01"""
    uid = doc.fresh("U")
    body = doc.token(NODE, uid)
    stage.load("tokens", body)
    request = wait_for_push(stage.partner, "PUT", uid)
    assert request.segments[-3:] == (*NODE, uid)
    assert request.json == body
    stage.load("tokens", body | {"valid": False, "last_updated": doc.moment()})
    key = ("tokens", *NODE, uid, "RFID")
    wait_until(lambda: stage.partner.held[key]["valid"] is False, what="the invalidation")
    assert not pushed(stage.partner, "DELETE", uid)
    for patch in pushed(stage.partner, "PATCH", uid):
        assert "last_updated" in patch.json


def test_pushes_of_other_token_types_name_the_type(stage: Stage) -> None:
    """TOK-RCV-04"""
    uid = doc.fresh("U")
    stage.load("tokens", doc.token(NODE, uid, type="APP_USER"))
    assert wait_for_push(stage.partner, "PUT", uid).query["type"] == "APP_USER"


def test_the_token_list(stage: Stage) -> None:
    """TOK-LIST-01"""
    uid = doc.fresh("U")
    body = doc.token(NODE, uid)
    stage.load("tokens", body)
    assert body in stage.partner.crawl(stage.partner.url("tokens", "SENDER", limit=1000))
