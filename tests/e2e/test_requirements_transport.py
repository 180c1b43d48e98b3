"""Authorization, envelope, ids, routing headers and HTTP statuses of a real node."""

import base64
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from tests.e2e import documents as doc
from tests.e2e.mock_partner import Answered, MockPartner, encode_token, http_call
from tests.e2e.stage import CPO, EMSP, NODE, OTHER, Stage, joined

OCPI_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?$")
ROUTING = re.compile(r"^ocpi-(to|from)-(country-code|party-id)$")


def get(stage: Stage, module: str = "locations", **headers: str) -> Answered:
    """GET of a list as the eMSP that the partner is."""
    url = stage.partner.url(module, "SENDER")
    return stage.partner.send("GET", url, headers=as_emsp(stage) | headers)


def as_emsp(stage: Stage) -> dict[str, str]:
    return stage.partner.routing() | {
        "OCPI-from-country-code": EMSP[0],
        "OCPI-from-party-id": EMSP[1],
    }


def put(stage: Stage, body: object, identifier: str, **headers: str) -> Answered:
    url = stage.partner.url("locations", "RECEIVER", *CPO, identifier)
    return stage.partner.send("PUT", url, body=body, headers=stage.partner.routing() | headers)


def every_url(partner: MockPartner) -> list[str]:
    assert partner.peer is not None
    return [partner.peer.versions_url, *partner.peer.endpoints.values()]


# --- authorization ---


def test_the_base64_of_a_token_opens_the_versions(stage: Stage) -> None:
    """CORE-AUTH-04, CORE-VER-01"""
    assert stage.partner.peer is not None
    token = base64.b64encode(stage.partner.peer.token.encode()).decode()
    answer = http_call("GET", stage.node.versions_url, {"Authorization": f"Token {token}"})
    assert (answer.status, answer.code) == (200, 1000)


@pytest.mark.parametrize("module", ["versions", "credentials", "locations"])
def test_without_authorization_there_is_401(stage: Stage, module: str) -> None:
    """CORE-AUTH-05, CORE-AUTH-17"""
    assert stage.partner.peer is not None
    endpoints = stage.partner.peer.endpoints
    url = stage.node.versions_url if module == "versions" else endpoints[module, "SENDER"]
    answer = http_call("GET", url, {})
    assert answer.status == 401
    assert 2000 <= answer.code < 3000
    assert OCPI_TIME.match(answer.json["timestamp"])


def test_a_token_of_nobody_gets_401_everywhere(stage: Stage) -> None:
    """CORE-AUTH-06"""
    for url in every_url(stage.partner):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            body = b"{}" if method in ("POST", "PUT", "PATCH") else None
            answer = stage.partner.send(method, url, body=body, token="nobody-knows-this")
            assert answer.status in (401, 405), (method, url, answer)
            assert answer.code >= 2000
            if method in ("GET",):
                assert answer.status == 401


def test_token_a_opens_registration_and_nothing_else(stage: Stage) -> None:
    """CORE-AUTH-07, CORE-REG-01"""
    token = stage.node.json("partner", "invite", doc.fresh("invited"))["token"]
    again = stage.node.json("partner", "invite", doc.fresh("invited"))["token"]
    assert token != again
    assert stage.partner.peer is not None
    for (module, interface), url in stage.partner.peer.endpoints.items():
        if module != "credentials":
            keys = CPO if module == "hubclientinfo" else (*CPO, "X")
            place = "/".join([url, *keys]) if interface == "RECEIVER" else url
            answer = stage.partner.send("GET", place, token=token)
            assert answer.status == 401, (module, interface)
    versions = stage.partner.send("GET", stage.node.versions_url, token=token)
    assert versions.code == 1000
    assert stage.partner.send("GET", versions.data[0]["url"], token=token).code == 1000


def test_data_follows_the_token(stage: Stage) -> None:
    """CORE-AUTH-08, CORE-HTTP-17, SES-LIST-04: each platform sees its own sessions only."""
    mine, theirs = doc.fresh("S"), doc.fresh("S")
    stage.load("sessions", doc.session(NODE, mine, EMSP), doc.session(NODE, theirs, OTHER))
    for partner, seen, unseen in ((stage.partner, mine, theirs), (stage.other, theirs, mine)):
        url = partner.url("sessions", "SENDER", date_from="2000-01-01T00:00:00Z", limit=1000)
        ids = {item["id"] for item in partner.send("GET", url).data}
        assert seen in ids
        assert unseen not in ids


@pytest.mark.parametrize("change", [str.lower, str.upper, str.swapcase, str.title])
def test_header_names_have_no_case(stage: Stage, change: Callable[[str], str]) -> None:
    """CORE-AUTH-09"""
    assert stage.partner.peer is not None
    headers = {"Authorization": encode_token(stage.partner.peer.token), **as_emsp(stage)}
    headers |= {"X-Request-ID": "1", "X-Correlation-ID": "2"}
    url = stage.partner.url("locations", "SENDER", limit=1)
    answer = http_call("GET", url, {change(name): value for name, value in headers.items()})
    assert answer.code == 1000
    assert answer.headers["x-request-id"] == "1"


def test_a_partner_that_answers_in_lower_case_is_understood(stage: Stage) -> None:
    """CORE-AUTH-09"""
    stage.other.objects["tariffs"] = [doc.tariff(OTHER, doc.fresh("T")) for _ in range(3)]
    stage.other.http.lower_case_headers = True
    stage.other.page = 1
    try:
        done = stage.node.json("pull", "tariffs", "--partner", "other", "--full")
    finally:
        stage.other.http.lower_case_headers = False
        stage.other.page = 50
    assert done == {"received": 3, "refused": 0}


def test_tokens_have_case(stage: Stage) -> None:
    """CORE-AUTH-10"""
    assert stage.partner.peer is not None
    other = stage.partner.peer.token.swapcase()
    assert other != stage.partner.peer.token
    assert stage.partner.send("GET", stage.node.versions_url, token=other).status == 401


def test_a_line_break_after_the_token_does_no_harm(stage: Stage) -> None:
    """CORE-AUTH-13"""
    assert stage.partner.peer is not None
    token = stage.partner.peer.token + "\n"
    assert stage.partner.send("GET", stage.node.versions_url, token=token).code == 1000


def test_a_raw_token_is_refused(stage: Stage) -> None:
    """CORE-AUTH-11: off unless the partner's profile says otherwise."""
    assert stage.partner.peer is not None
    headers = {"Authorization": f"Token {stage.partner.peer.token}"}
    assert http_call("GET", stage.node.versions_url, headers).status == 401


@pytest.mark.parametrize(
    "value",
    ["", "Token", "Token ", "Bearer abc", "Basic YTpi", "Token %%%", "Token gICA", "Token  ", "x"],
)
def test_malformed_authorization_is_401(stage: Stage, value: str) -> None:
    """CORE-AUTH-14"""
    answer = http_call("GET", stage.node.versions_url, {"Authorization": value})
    assert answer.status == 401
    assert 2000 <= answer.code < 3000


# --- requests ---


def test_parameters_of_the_media_type_are_tolerated(stage: Stage) -> None:
    """CORE-HTTP-02"""
    name = doc.fresh("L")
    kind = {"Content-Type": "application/json; charset=utf-8"}
    assert put(stage, doc.location(CPO, name), name, **kind).code == 1000


def test_get_and_delete_need_no_content_type(stage: Stage) -> None:
    """CORE-HTTP-03"""
    name = doc.fresh("T")
    url = stage.partner.url("tariffs", "RECEIVER", *CPO, name)
    routing = stage.partner.routing()
    stage.partner.send("PUT", url, body=doc.tariff(CPO, name), headers=routing)
    assert stage.partner.send("GET", url, headers=routing).code == 1000
    assert stage.partner.send("DELETE", url, headers=routing).code == 1000


@pytest.mark.parametrize(
    ("module", "interface", "keys", "methods"),
    [
        ("credentials", "SENDER", (), ("PATCH",)),
        ("locations", "SENDER", (), ("POST", "PUT", "PATCH", "DELETE")),
        ("locations", "RECEIVER", (*CPO, "L1"), ("POST", "DELETE")),
        ("locations", "RECEIVER", (*CPO, "L1", "E1"), ("POST", "DELETE")),
        ("locations", "RECEIVER", (*CPO, "L1", "E1", "1"), ("POST", "DELETE")),
        ("sessions", "RECEIVER", (*CPO, "S1"), ("POST", "DELETE")),
        ("cdrs", "SENDER", (), ("POST", "PUT", "PATCH", "DELETE")),
        ("cdrs", "RECEIVER", (), ("PUT", "PATCH", "DELETE")),
        ("tariffs", "RECEIVER", (*CPO, "T1"), ("POST", "PATCH")),
        ("tokens", "RECEIVER", (*EMSP, "U1"), ("POST", "DELETE")),
        ("tokens", "SENDER", (), ("PUT", "PATCH", "DELETE")),
        ("hubclientinfo", "RECEIVER", CPO, ("POST", "PATCH", "DELETE")),
    ],
)
def test_methods_that_a_module_does_not_have_are_refused(
    stage: Stage, module: str, interface: str, keys: tuple[str, ...], methods: tuple[str, ...]
) -> None:
    """CORE-HTTP-04, GEN-HTTP-04, CORE-COO-03, LOC-FLOW-04, LOC-SND-01, SES-FLOW-03, CDR-FLOW-01,
    TOK-FLOW-03, TOK-LIST-02, CORE-CRED-16, CORE-HCI-10: 405, and the answer names what is allowed.
    """
    for method in methods:
        body: doc.Json | None = {} if method in ("POST", "PUT", "PATCH") else None
        answer = stage.partner.call(method, module, interface, *keys, body=body)
        assert answer.status in (404, 405), (method, answer)
        assert answer.code >= 2000
        if answer.status == 405:
            assert "GET" in answer.headers["allow"] or "POST" in answer.headers["allow"]


@pytest.mark.parametrize(
    "body", [b'{"id": ', b"", b"nonsense", b"\xff\xfe", b'{"id": "\xff"}', b"{'id': 1}"]
)
def test_broken_json_is_400(stage: Stage, body: bytes) -> None:
    """CORE-HTTP-05"""
    answer = put(stage, body, doc.fresh("L"))
    assert answer.status == 400
    assert 2000 <= answer.code < 3000


@pytest.mark.parametrize(
    "change",
    [
        {"name": 5},
        {"publish": "yes"},
        {"parking_type": "ON_THE_MOON"},
        {"parking_type": "on_street"},
        {"evses": {}},
        {"coordinates": None},
        {"last_updated": "yesterday"},
        {"last_updated": 1700000000},
        {"coordinates": {"latitude": 52.0907, "longitude": "5.121400"}},
    ],
)
def test_faults_of_content_are_2001_and_no_http_error(stage: Stage, change: doc.Json) -> None:
    """CORE-HTTP-06, CORE-HTTP-07, GEN-HTTP-03, CORE-STAT-04, CORE-TYPE-04, CORE-TYPE-10: the
    message names the place."""
    name = doc.fresh("L")
    answer = put(stage, doc.location(CPO, name, **change), name)
    assert (answer.status, answer.code) == (200, 2001)
    assert next(iter(change)) in answer.json["status_message"]
    assert stage.held("locations", name) is None


def test_an_over_long_id_is_2001(stage: Stage) -> None:
    """CORE-HTTP-07, CORE-TYPE-02: 36 characters are accepted, 37 are not."""
    longest, longer = "a" * 36, "b" * 37
    assert put(stage, doc.location(CPO, longest), longest).code == 1000
    answer = put(stage, doc.location(CPO, longer), longer)
    assert (answer.status, answer.code) == (200, 2001)


def test_an_unknown_object_is_404(stage: Stage) -> None:
    """CORE-HTTP-08, GEN-HTTP-02"""
    for module, owner in (
        ("locations", CPO),
        ("sessions", CPO),
        ("tariffs", CPO),
        ("tokens", EMSP),
    ):
        answer = stage.partner.call("GET", module, "RECEIVER", *owner, doc.fresh("none"))
        assert answer.status == 404, module
        assert 2000 <= answer.code < 3000


def test_new_is_201_and_known_is_200(stage: Stage) -> None:
    """CORE-HTTP-09, CORE-HTTP-10, CORE-HTTP-24, GEN-HTTP-01"""
    name = doc.fresh("L")
    assert put(stage, doc.location(CPO, name), name).status == 201
    assert put(stage, doc.location(CPO, name, name="New"), name).status == 200
    patch = {"name": "Newer", "last_updated": doc.moment()}
    answer = stage.partner.call("PATCH", "locations", "RECEIVER", *CPO, name, body=patch)
    assert (answer.status, answer.code) == (200, 1000)


def test_a_list_answers_with_and_without_slash(stage: Stage) -> None:
    """CORE-HTTP-15"""
    url = stage.partner.url("locations", "SENDER")
    for spelling in (url, url + "/"):
        answer = stage.partner.send("GET", spelling, headers=as_emsp(stage))
        assert (answer.status, answer.code) == (200, 1000)


def test_endpoints_carry_the_version(stage: Stage) -> None:
    """CORE-HTTP-16, CORE-AUTH-16: absolute, with the version in it."""
    assert stage.partner.peer is not None
    for url in stage.partner.peer.endpoints.values():
        assert url.startswith(stage.node.url)
        assert "2.2.1" in url


def test_unknown_members_are_kept(stage: Stage) -> None:
    """CORE-HTTP-23"""
    name = doc.fresh("L")
    whole = doc.location(CPO, name, x_colour="blue")
    assert put(stage, whole, name).code == 1000
    assert stage.held("locations", name) == whole


def test_an_unknown_path_is_404_in_the_envelope(stage: Stage) -> None:
    """CORE-HTTP-22"""
    answer = stage.partner.send("GET", f"{stage.node.url}/ocpi/2.2.1/sender/nothing")
    assert answer.status == 404
    assert 2000 <= answer.code < 3000


# --- the envelope ---


def test_every_answer_is_an_envelope(stage: Stage) -> None:
    """CORE-RESP-01, CORE-RESP-02, CORE-RESP-03, CORE-STAT-01, CORE-TYPE-05, CORE-TYPE-08"""
    answers = [stage.partner.send("GET", url) for url in every_url(stage.partner)]
    answers.append(put(stage, b"{", "X"))
    answers.append(put(stage, {}, "X"))
    for answer in answers:
        assert answer.headers["content-type"].split(";")[0] == "application/json"
        assert type(answer.json["status_code"]) is int
        assert answer.code // 1000 in (1, 2, 3)
        assert answer.code % 1000 < 900
        stamp = answer.json["timestamp"]
        assert OCPI_TIME.match(stamp)
        assert len(stamp) <= 25
        then = datetime.fromisoformat(stamp.rstrip("Z")).replace(tzinfo=UTC)
        assert abs((datetime.now(UTC) - then).total_seconds()) < 30


def test_lists_are_arrays_and_single_objects_are_objects(stage: Stage) -> None:
    """CORE-RESP-04, CORE-RESP-06"""
    assert stage.partner.peer is not None
    versions = stage.partner.send("GET", stage.node.versions_url)
    assert isinstance(versions.data, list)
    details = stage.partner.send("GET", versions.data[0]["url"])
    assert isinstance(details.data, dict)
    url = stage.partner.peer.endpoints["credentials", "SENDER"]
    assert isinstance(stage.partner.send("GET", url).data, dict)
    assert isinstance(get(stage).data, list)


def test_a_push_is_answered_without_data(stage: Stage) -> None:
    """CORE-RESP-09, GEN-HTTP-05"""
    name = doc.fresh("T")
    url = stage.partner.url("tariffs", "RECEIVER", *CPO, name)
    for method, body in (("PUT", doc.tariff(CPO, name)), ("DELETE", None)):
        answer = stage.partner.send(method, url, body=body, headers=stage.partner.routing())
        assert answer.code == 1000
        assert answer.data is None


def test_member_names_are_snake_case(stage: Stage) -> None:
    """CORE-RESP-10"""

    def names(value: object) -> list[str]:
        if isinstance(value, dict):
            return [*value, *(name for below in value.values() for name in names(below))]
        if isinstance(value, list):
            return [name for below in value for name in names(below)]
        return []

    for url in every_url(stage.partner):
        for name in names(stage.partner.send("GET", url).json):
            assert re.fullmatch(r"[a-z][a-z0-9_]*", name)


def test_absent_and_null_mean_the_same(stage: Stage) -> None:
    """CORE-RESP-11, CORE-RESP-12: optional members and lists as null, empty or left out."""
    changes: list[doc.Json] = [
        {},
        {"name": None},
        {"images": None},
        {"images": []},
        {"directions": []},
    ]
    for change in changes:
        name = doc.fresh("L")
        assert put(stage, doc.location(CPO, name, **change), name).code == 1000


# --- ids ---


def test_ids_are_echoed_on_success_and_on_every_error(stage: Stage) -> None:
    """CORE-MSGID-03, CORE-MSGID-04, CORE-MSGID-05"""
    ids = {"X-Request-ID": "774321", "X-Correlation-ID": "any-!~ text"}
    url = stage.partner.url("locations", "SENDER")
    answers = {
        200: get(stage, **ids),
        400: put(stage, b"{", "X", **ids),
        401: stage.partner.send("GET", url, headers=ids, token="nobody"),
        404: stage.partner.send("GET", f"{stage.node.url}/ocpi/2.2.1/none", headers=ids),
        405: stage.partner.send("DELETE", url, headers=ids),
    }
    for status, answer in answers.items():
        assert answer.status == status
        assert answer.headers["x-request-id"] == ids["X-Request-ID"]
        assert answer.headers["x-correlation-id"] == ids["X-Correlation-ID"]


def test_missing_ids_are_made_up(stage: Stage) -> None:
    """CORE-MSGID-06"""
    assert stage.partner.peer is not None
    headers = {"Authorization": encode_token(stage.partner.peer.token)}
    answer = http_call("GET", stage.node.versions_url, headers)
    assert answer.code == 1000
    assert answer.headers["x-request-id"]
    assert answer.headers["x-correlation-id"]


# --- routing headers ---


def routing_of(answer: Answered) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if ROUTING.match(name)}


def test_the_answer_has_the_routing_headers_swapped(stage: Stage) -> None:
    """CORE-ROUTE-01, CORE-ROUTE-02, CORE-ROUTE-06"""
    assert routing_of(get(stage)) == {
        "ocpi-to-country-code": EMSP[0],
        "ocpi-to-party-id": EMSP[1],
        "ocpi-from-country-code": NODE[0],
        "ocpi-from-party-id": NODE[1],
    }


def test_configuration_modules_ignore_and_omit_routing_headers(stage: Stage) -> None:
    """CORE-ROUTE-03, CORE-ROUTE-04"""
    assert stage.partner.peer is not None
    credentials = stage.partner.peer.endpoints["credentials", "SENDER"]
    for url in (stage.node.versions_url, credentials):
        answer = stage.partner.send("GET", url, headers=stage.partner.routing())
        assert answer.code == 1000
        assert routing_of(answer) == {}


def test_routing_headers_have_no_case(stage: Stage) -> None:
    """CORE-ROUTE-07"""
    headers = {name: value.lower() for name, value in as_emsp(stage).items()}
    answer = stage.partner.send("GET", stage.partner.url("locations", "SENDER"), headers=headers)
    assert answer.code == 1000


@pytest.mark.parametrize(
    "change",
    [
        {"OCPI-to-party-id": "ABCD"},
        {"OCPI-to-country-code": "NLD"},
        {"OCPI-from-party-id": ""},
        {"OCPI-from-party-id": "ZZZ"},
        {"OCPI-to-country-code": "DE", "OCPI-to-party-id": "XXX"},
    ],
)
def test_wrong_routing_is_refused_and_has_no_effect(stage: Stage, change: dict[str, str]) -> None:
    """CORE-ROUTE-08, CORE-ROUTE-09, CORE-ROUTE-10"""
    name = doc.fresh("L")
    answer = put(stage, doc.location(CPO, name), name, **change)
    assert 2000 <= answer.code < 3000
    assert answer.status < 500
    assert stage.held("locations", name) is None


def test_half_a_pair_is_2001(stage: Stage) -> None:
    """CORE-ROUTE-08"""
    headers = as_emsp(stage)
    del headers["OCPI-to-party-id"]
    answer = stage.partner.send("GET", stage.partner.url("locations", "SENDER"), headers=headers)
    assert answer.code == 2001


def test_a_link_of_two_parties_needs_no_routing_headers(stage: Stage) -> None:
    """CORE-ROUTE-05, CORE-ROUTE-12: neither asked for nor missed."""
    with MockPartner(("AT", "ONE", "EMSP"), name="one") as one:
        joined(stage.node, one, name := doc.fresh("one"))
        assert one.send("GET", one.url("locations", "SENDER")).code == 1000
        assert stage.node.run("partner", "remove", name).code == 0


def test_a_broadcast_copy_of_a_hub_is_answered_to_the_hub(stage: Stage) -> None:
    """CORE-BCAST-04, CORE-BCAST-06, CORE-COO-12, CORE-HCI-16: from=hub, the URL names the owner."""
    owner = ("BE", "BEH")
    info = stage.hub.url("hubclientinfo", "RECEIVER", *owner)
    stage.hub.send("PUT", info, body=doc.client_info(owner, last_updated=doc.moment()))
    name = doc.fresh("L")
    answer = stage.hub.call(
        "PUT", "locations", "RECEIVER", *owner, name, body=doc.location(owner, name)
    )
    assert answer.code == 1000, answer
    swapped = routing_of(answer)
    assert (swapped["ocpi-to-country-code"], swapped["ocpi-to-party-id"]) == ("NL", "HUB")
    assert (swapped["ocpi-from-country-code"], swapped["ocpi-from-party-id"]) == NODE


def test_versions_have_no_side_effects(stage: Stage) -> None:
    """CORE-VER-18"""
    first = stage.partner.send("GET", stage.node.versions_url)
    time.sleep(0.01)
    second = stage.partner.send("GET", stage.node.versions_url)
    assert first.data == second.data
