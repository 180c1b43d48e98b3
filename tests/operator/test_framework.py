"""What holds for every operation: keys, scopes, problems, idempotency, rate, audit, headers."""

import json

import pytest
from tests.operator.conftest import Desk, Open, heard
from tests.roaming.company import Clock, role

from voltroam.operator.keys import local_key
from voltroam.operator.openapi import openapi
from voltroam.operator.operation import Scope
from voltroam.operator.operations import OPERATIONS
from voltroam.operator.page import page
from voltroam.roaming.vault import Vault
from voltroam.standard.v2_2_1 import Role

PROBLEM = "application/problem+json"


async def test_without_a_key_nothing_is_told_not_even_what_there_is(cpo: Desk) -> None:
    for path in ("/locations", "/nothing", "/partners/x"):
        for key in ("", "voltroam_unknown", "voltroam_local_9999999999_ab_cd.ef"):
            told = await cpo.ask("GET", path, key=key)
            assert (told.status, told.headers["content-type"]) == (401, PROBLEM)
            assert told.headers["www-authenticate"] == "Bearer"


async def test_every_operation_asks_for_its_scope(cpo: Desk) -> None:
    scopes = list(Scope)
    for one in cpo.app.operations:
        if one.scope is Scope.READ:
            continue
        below = scopes[scopes.index(one.scope) - 1]
        path = one.url(dict.fromkeys(one.parameters, "X"))
        told = await cpo.ask(one.method, path, {}, scope=below.value)
        assert told.status == 403, one.name
        assert told.json["type"] == "urn:voltroam:problem:forbidden"


async def test_unknown_paths_and_methods_are_problems(cpo: Desk) -> None:
    told = await cpo.ask("GET", "/nothing")
    assert (told.status, told.headers["content-type"]) == (404, PROBLEM)
    told = await cpo.ask("DELETE", "/locations")
    assert (told.status, told.headers["content-type"]) == (405, PROBLEM)
    assert "PUT" in told.headers["allow"]


async def test_bodies_are_judged_before_anything_is_done(cpo: Desk) -> None:
    plain = {"content-type": "text/plain"}
    assert (await cpo.ask("POST", "/keys", {"name": "x"}, headers=plain)).status == 415
    assert (await cpo.ask("POST", "/keys", b"{")).status == 400
    assert (await cpo.ask("POST", "/keys", b" " * 200_001)).status == 413
    told = await cpo.ask("POST", "/keys", {"name": 5, "scope": "all", "colour": "red"})
    assert told.status == 422
    assert {one["path"] for one in told.json["problems"]} == {"$.name", "$.scope"}
    told = await cpo.ask("POST", "/keys", {"name": "x", "colour": "red"})
    assert (told.status, "colour" in told.json["detail"]) == (422, True)


async def test_queries_are_judged_too(cpo: Desk) -> None:
    for query in ("limit=0", "limit=1001", "limit=x", "colour=red", "limit=1&limit=2", "cursor=!"):
        told = await cpo.ask("GET", f"/locations?{query}")
        assert (told.status, told.headers["content-type"]) == (422, PROBLEM), query


async def test_a_post_with_one_idempotency_key_is_done_once(cpo: Desk, clock: Clock) -> None:
    once = {"idempotency-key": "a-1"}
    first = await cpo.ask("POST", "/keys", {"name": "x"}, headers=once)
    again = await cpo.ask("POST", "/keys", {"name": "x"}, headers=once)
    assert (first.status, first.json) == (again.status, again.json)
    assert first.status == 201
    other = await cpo.ask("POST", "/keys", {"name": "y"}, headers=once)
    assert (other.status, other.json["type"]) == (422, "urn:voltroam:problem:reused-key")
    stored = await cpo.company.store.records("operator_request")
    assert first.json["secret"].encode() not in b"".join(one.document for one in stored)
    clock.forward(25 * 3600)
    assert (await cpo.ask("POST", "/keys", {"name": "x"}, headers=once)).status == 409


async def test_a_request_whose_end_nobody_saw_is_not_done_again(cpo: Desk) -> None:
    who = await cpo.keys.who(f"Bearer {await cpo.key()}")
    assert who is not None
    body = json.dumps({"name": "x"}).encode()
    await cpo.app._once.claim(who, "a-1", b"POST /v1/keys?\n" + body)
    told = await cpo.ask("POST", "/keys", {"name": "x"}, headers={"idempotency-key": "a-1"})
    assert (told.status, told.json["type"]) == (409, "urn:voltroam:problem:in-progress")


async def test_a_key_over_its_rate_is_told_when_to_come_back(opened: Open) -> None:
    desk = await opened("slow.example", role("NL/AAA", Role.CPO), rate=1.0)
    answers = [await desk.ask("GET", "/locations") for _ in range(4)]
    assert [one.status for one in answers][-1] == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert (await desk.ask("GET", "/locations", scope="read")).status == 200


async def test_every_act_leaves_a_line_without_secrets(emsp: Desk, clock: Clock) -> None:
    await emsp.ask("POST", "/tokens/DE/MSP/04A1B2C3/block")
    clock.forward(1)
    await emsp.ask("POST", "/keys", {"name": "x"})
    clock.forward(1)
    await emsp.ask("POST", "/keys", {"name": "y"}, scope="read")
    await emsp.ask("GET", "/locations")
    lines = (await emsp.ask("GET", "/audit")).json["items"]
    acts = [(one["who"], one["what"], one["status"]) for one in lines]
    assert acts == [
        ("read", "create_key", 403), ("admin", "create_key", 201), ("admin", "block_token", 404),
    ]  # fmt: skip
    assert "04A1B2C3" not in json.dumps(lines)
    page_one = (await emsp.ask("GET", "/audit?limit=2")).json
    page_two = (await emsp.ask("GET", f"/audit?limit=2&cursor={page_one['next']}")).json
    assert page_one["items"] + page_two["items"] == lines


async def test_answers_carry_security_headers(cpo: Desk) -> None:
    told = await cpo.ask("GET", "/locations")
    assert told.headers["cache-control"] == "no-store"
    assert told.headers["x-content-type-options"] == "nosniff"
    assert told.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.operations("create_key", "revoke_key")
async def test_a_key_ends_when_it_expires_or_is_revoked(cpo: Desk, clock: Clock) -> None:
    body = {"name": "x", "scope": "read", "expires": "2026-11-22T13:00:00Z"}
    secret = (await cpo.ask("POST", "/keys", body)).json["secret"]
    assert (await cpo.ask("GET", "/locations", key=secret)).status == 200
    clock.forward(3601)
    assert (await cpo.ask("GET", "/locations", key=secret)).status == 401
    other = (await cpo.ask("POST", "/keys", {"name": "z"})).json["secret"]
    assert (await cpo.ask("POST", "/keys", {"name": "Z"})).status == 409
    assert (await cpo.ask("DELETE", "/keys/z")).status == 204
    assert (await cpo.ask("DELETE", "/keys/z")).status == 404
    assert (await cpo.ask("GET", "/locations", key=other)).status == 401


async def test_secrets_of_keys_are_kept_as_hashes_only(cpo: Desk) -> None:
    secret = await cpo.key()
    records = await cpo.company.store.records("operator_key")
    assert secret.encode() not in b"".join(one.document for one in records)
    assert all(secret not in one.key.id for one in records)
    listed = (await cpo.ask("GET", "/keys")).json["items"]
    assert [one["name"] for one in listed] == ["admin"]
    assert listed[0]["last_used"] == "2026-11-22T12:00:00Z"


async def test_a_local_key_lasts_a_minute_and_needs_the_master_key(cpo: Desk, clock: Clock) -> None:
    key = local_key(cpo.company.vault, clock())
    assert (await cpo.ask("POST", "/keys", {"name": "x"}, key=key)).status == 201
    assert (await cpo.ask("GET", "/audit")).json["items"][0]["who"] == "local command line"
    told = await cpo.ask("POST", "/keys", {"name": "Local command line"})
    assert told.status == 422, "no key may pass for it"
    strange = local_key(Vault([b"x" * 32]), clock())
    assert (await cpo.ask("GET", "/keys", key=strange)).status == 401
    late = key.replace(key.split("_")[2], str(int(key.split("_")[2]) + 1000))
    assert (await cpo.ask("GET", "/keys", key=late)).status == 401
    clock.forward(61)
    assert (await cpo.ask("GET", "/keys", key=key)).status == 401


async def test_the_document_and_the_page_name_every_operation(cpo: Desk) -> None:
    told = await cpo.ask("GET", "/openapi.json", key="")
    named = {
        operation["operationId"]
        for methods in told.json["paths"].values()
        for operation in methods.values()
    }
    assert named == {one.name for one in cpo.app.operations}
    shown = await heard(cpo.app, "GET", "/operator/", {})
    assert (shown.status, shown.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert all(one.path.encode() in shown.body for one in cpo.app.operations)


def test_the_page_works_offline_in_both_themes() -> None:
    text = page(OPERATIONS)
    assert "http://" not in text
    assert "https://" not in text
    assert "prefers-color-scheme: dark" in text
    assert "<script" not in text


def test_names_and_paths_of_operations_are_unique() -> None:
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)
    assert len({(one.method, one.path) for one in OPERATIONS}) == len(OPERATIONS)
    assert openapi(OPERATIONS, "http://x")["openapi"] == "3.1.0"


async def test_the_prefix_of_the_url_is_respected(cpo: Desk) -> None:
    cpo.app._prefix = "/roaming"
    key = {"authorization": f"Bearer {await cpo.key()}"}
    for path in ("/roaming/operator/v1/locations", "/operator/v1/locations"):
        assert (await heard(cpo.app, "GET", path, key)).status == 200
    assert (await heard(cpo.app, "GET", "/other/operator/v1/locations", key)).status == 404
