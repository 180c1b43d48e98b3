"""Requests become calls and back; replies become responses (OCPI 2.2.1 §transport)."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltroam.standard.endpoints import Endpoint, Table
from voltroam.standard.errors import CallerError, InvalidBody, OcpiError
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import V2_2_1
from voltroam.wire.call import Call, Reply, Request, Routing
from voltroam.wire.calls import read_call, write_call, write_response
from voltroam.wire.envelope import fault_reply
from voltroam.wire.headers import Ids
from voltroam.wire.routes import Router

ROUTER = Router(Table(), [V2_2_1], "https://node.example")
LOCATION = "/ocpi/2.2.1/receiver/locations/NL/AAA/L1"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
ROUTED = {
    "ocpi-to-country-code": "DE", "ocpi-to-party-id": "MSP",
    "ocpi-from-country-code": "NL", "ocpi-from-party-id": "AAA",
}  # fmt: skip
ROUTING = Routing(to=PartyId("DE", "MSP"), sender=PartyId("NL", "AAA"))


def put(**headers: str) -> Call:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_call(Request("PUT", LOCATION, named, b"{}"), ROUTER)


def get(url: str, headers: dict[str, str] | None = None) -> Call:
    return read_call(Request("GET", url, headers or {}), ROUTER)


def row(module: str, method: str, path: str) -> Endpoint:
    return next(
        one
        for one in Table().rows
        if (one.module.name, one.method, one.path) == (module, method, path)
    )


def test_a_call_holds_what_the_request_says() -> None:
    headers = ROUTED | {"x-request-id": "r", "x-correlation-id": "c"}
    call = read_call(Request("PUT", LOCATION + "?a=1%202&b=", headers, b" {} "), ROUTER)
    assert call.owner == PartyId("NL", "AAA")
    assert call.query == {"a": "1 2", "b": ""}
    assert call.body == b" {} "
    assert call.routing == ROUTING
    assert (call.request_id, call.correlation_id) == ("r", "c")
    assert call.url == "https://node.example" + LOCATION


def test_a_query_parameter_is_known_by_its_other_name_too() -> None:
    """R211-085: token_type and type name the same; both may stand there if they agree."""
    aliased = replace(
        row("tokens", "POST", "{token_uid}/authorize"), query_aliases={"kind": "type"}
    )
    router = Router(Table((aliased,)), [V2_2_1], "https://node.example")
    url = "/ocpi/2.2.1/sender/tokens/T/authorize"

    def query(text: str) -> Mapping[str, str]:
        return read_call(Request("POST", f"{url}?{text}", {}, b""), router).query

    assert query("kind=OTHER") == query("type=OTHER") == query("kind=OTHER&type=OTHER")
    with pytest.raises(CallerError):
        query("kind=OTHER&type=RFID")


@pytest.mark.parametrize(
    "declared",
    ["application/json", "application/json; charset=utf-8", "Application/JSON ;charset=UTF-8", ""],
)
def test_json_with_parameters_or_undeclared_is_read(declared: str) -> None:
    """CORE-HTTP-01, CORE-HTTP-02"""
    assert put(content_type=declared).body == b"{}"


def test_a_body_declared_as_something_else_is_refused() -> None:
    for declared in ("text/xml", "application/jsonx", "json"):
        with pytest.raises(InvalidBody):
            put(content_type=declared)


def test_get_and_delete_need_no_content_type() -> None:
    """CORE-HTTP-03"""
    assert get("/ocpi/versions").body is None
    tariff = "/ocpi/2.2.1/receiver/tariffs/NL/AAA/T1"
    assert read_call(Request("DELETE", tariff), ROUTER).body is None


def test_an_empty_body_is_none_whatever_is_declared() -> None:
    """An authorize request without location references has no body."""
    url = "/ocpi/2.2.1/sender/tokens/012/authorize"
    assert read_call(Request("POST", url, {"content-type": "text/plain"}), ROUTER).body is None


def test_configuration_modules_ignore_routing_headers() -> None:
    """CORE-ROUTE-03, CORE-ROUTE-04"""
    half = {"ocpi-to-country-code": "NL"}
    for headers in (ROUTED, half):
        call = get("/ocpi/versions", headers)
        assert call.routing == Routing()
        response = write_response(Reply(data=b"[]"), call, now=NOW)
        assert not [name for name in response.headers if name.startswith("ocpi-")]


def test_half_a_routing_pair_gives_2001_on_a_functional_module() -> None:
    """CORE-ROUTE-08"""
    with pytest.raises(CallerError) as caught:
        put(ocpi_to_country_code="NL")
    assert caught.value.status_code == 2001


def test_a_missing_parameter_is_for_the_dispatch_to_judge() -> None:
    """CORE-AUTH-07: who may not call at all is not told what the call lacks."""
    assert not get("/ocpi/2.2.1/sender/sessions").query
    assert get("/ocpi/2.2.1/sender/sessions?date_from=2020-01-01T00:00:00Z").query


@pytest.mark.parametrize("key", ["a%00", "a%09", "%C3%BC", "a%7F"])
def test_an_identifier_in_the_url_that_is_no_printable_ascii_gives_2001(key: str) -> None:
    """CORE-TYPE-01"""
    with pytest.raises(CallerError) as caught:
        get(f"/ocpi/2.2.1/sender/locations/{key}")
    assert (caught.value.status_code, caught.value.http_status) == (2001, 200)


@pytest.mark.parametrize(
    "query", ["limit=1&limit=2", "a=%FF", "&".join(f"a{n}=" for n in range(101))]
)
def test_a_query_that_cannot_be_understood_gives_2001(query: str) -> None:
    with pytest.raises(CallerError) as caught:
        get(f"/ocpi/2.2.1/sender/locations?{query}")
    assert caught.value.status_code == 2001


def test_ids_are_echoed_with_the_routing_headers_swapped() -> None:
    """CORE-MSGID-03, CORE-MSGID-04, CORE-ROUTE-02"""
    call = put(x_request_id="774321", x_correlation_id="~c", **ROUTED)
    response = write_response(Reply(), call, now=NOW)
    assert response.headers["x-request-id"] == "774321"
    assert response.headers["x-correlation-id"] == "~c"
    assert response.headers["ocpi-to-country-code"] == "NL"
    assert response.headers["ocpi-to-party-id"] == "AAA"
    assert response.headers["ocpi-from-country-code"] == "DE"
    assert response.headers["ocpi-from-party-id"] == "MSP"


def test_a_reply_may_name_the_party_that_answered() -> None:
    """CORE-ROUTE-02"""
    reply = Reply(routing=Routing(to=PartyId("NL", "AAA"), sender=PartyId("DE", "HUB")))
    headers = write_response(reply, put(**ROUTED), now=NOW).headers
    assert headers["ocpi-from-party-id"] == "HUB"


def test_faults_before_there_is_a_call_echo_the_ids_too() -> None:
    """CORE-MSGID-03, CORE-MSGID-04, CORE-RESP-01"""
    response = write_response(Reply(2000, 404, message="x"), Ids("r", "c"), now=NOW)
    assert response.status == 404
    assert (response.headers["x-request-id"], response.headers["x-correlation-id"]) == ("r", "c")
    assert response.headers["content-type"] == "application/json"


def test_extra_headers_of_a_reply_are_sent() -> None:
    reply = Reply(headers={"X-Total-Count": "0", "Location": "https://x.example/1"})
    headers = write_response(reply, put(), now=NOW).headers
    assert (headers["x-total-count"], headers["location"]) == ("0", "https://x.example/1")


def test_a_written_call_is_what_the_partner_reads() -> None:
    """CORE-AUTH-01, CORE-AUTH-02, CORE-HTTP-01, CORE-MSGID-01, CORE-MSGID-02, CORE-ROUTE-01"""
    call = Call(
        version=V2_2_1,
        endpoint=row("locations", "PUT", "{country_code}/{party_id}/{location_id}/{evse_uid}"),
        keys={"country_code": "NL", "party_id": "AAA", "location_id": "a/b", "evse_uid": "E 1"},
        query={"type": "A&B"},
        body=b'{"x":1}',
        routing=ROUTING,
    )
    url = ROUTER.endpoint_url(V2_2_1, "locations", call.endpoint.interface)
    request = write_call(call, url + "/", token="abc", base64=True)
    assert request.method == "PUT"
    assert request.url == url + "/NL/AAA/a%2Fb/E%201?type=A%26B"
    assert request.headers["authorization"] == "Token YWJj"
    assert request.headers["content-type"] == "application/json"
    assert request.headers.items() >= ROUTED.items()
    again = write_call(call, url, token="abc", base64=True)
    assert again.headers["x-request-id"] != request.headers["x-request-id"]
    path = request.url.removeprefix("https://node.example")
    read = read_call(Request("PUT", path, request.headers, request.body), ROUTER)
    assert (read.keys, read.query, read.body) == (call.keys, call.query, call.body)
    assert (read.routing, read.endpoint) == (call.routing, call.endpoint)


def test_endpoint_urls_are_used_as_the_partner_names_them() -> None:
    """CORE-HTTP-13, CORE-HTTP-14"""
    call = Call(V2_2_1, row("tokens", "GET", ""), query={"limit": "5"})
    written = write_call(call, "https://p.example/x/?tenant=1", token="t", base64=True)
    assert written.url == "https://p.example/x/?tenant=1&limit=5"
    object_row = row("tokens", "GET", "{country_code}/{party_id}/{token_uid}")
    keys = {"country_code": "NL", "party_id": "AAA", "token_uid": "1"}
    call = Call(V2_2_1, object_row, keys, query={"type": "RFID"})
    written = write_call(call, "https://p.example/x/?tenant=1", token="t", base64=True)
    assert written.url == "https://p.example/x/NL/AAA/1?tenant=1&type=RFID"


def test_a_whole_url_is_called_as_it_is() -> None:
    """CORE-PAG-21"""
    keys = {"command": "START_SESSION", "uid": "1"}
    call = Call(V2_2_1, row("commands", "POST", "{command}/{uid}"), keys, body=b"{}")
    written = write_call(call, "https://p.example/x?y=1", token="t", base64=False, whole=True)
    assert written.url == "https://p.example/x?y=1"
    details = Call(V2_2_1, row("versions", "GET", "{version}"))
    assert write_call(details, "https://p.example/v/", token="t", base64=True).url == (
        "https://p.example/v/"
    )


def test_configuration_calls_carry_ids_but_no_routing_headers_and_no_content_type() -> None:
    """CORE-ROUTE-03, CORE-MSGID-02, CORE-HCI-17"""
    call = Call(V2_2_1, row("hubclientinfo", "GET", ""), routing=ROUTING, correlation_id="c")
    headers = write_call(call, "https://p.example/h", token="t", base64=True).headers
    assert headers.keys() == {"authorization", "x-request-id", "x-correlation-id"}
    assert headers["x-correlation-id"] == "c"


@settings(derandomize=True, max_examples=300)
@given(
    st.sampled_from(["GET", "PUT", "POST", "TRACE", ""]),
    st.text(alphabet="/ocpi2.1versnd%0?&=ü[]#:@\x00", max_size=60),
    st.dictionaries(st.sampled_from([*ROUTED, "content-type"]), st.text(max_size=5)),
    st.binary(max_size=10),
)  # fmt: skip
def test_no_request_raises_anything_but_an_ocpi_error(
    method: str, rest: str, headers: dict[str, str], body: bytes
) -> None:
    """CORE-STAT-08"""
    call: Call | None
    for url in (rest, "/ocpi/" + rest, LOCATION + rest):
        try:
            call = read_call(Request(method, url, headers, body), ROUTER)
            reply = Reply()
        except OcpiError as fault:
            call, reply = None, fault_reply(fault)
        response = write_response(reply, call or Ids("r", "c"), now=NOW)
        assert response.status < 500
        assert 1000 <= json.loads(response.body)["status_code"] < 3000
