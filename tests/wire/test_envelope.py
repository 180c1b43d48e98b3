"""The response envelope, written and read (OCPI 2.2.1 §transport, response format)."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltroam.standard.errors import (
    CallerError,
    InvalidBody,
    NodeError,
    NotFound,
    OcpiError,
    Overloaded,
    Refused,
    TooMany,
    Unauthorized,
    Unusable,
    WrongMethod,
)
from voltroam.wire.call import Reply, Response
from voltroam.wire.envelope import fault_reply, read_code, read_reply, write_reply

NOW = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)


def answer(body: object, status: int = 200, **headers: str) -> Response:
    return Response(status, headers, json.dumps(body).encode())


def test_a_reply_is_json_with_code_and_timestamp() -> None:
    """CORE-RESP-01, CORE-RESP-02, CORE-RESP-03, CORE-RESP-10"""
    response = write_reply(Reply(data=b'[{"a":1.50}]', message='say "ü"'), now=NOW)
    assert response.headers["content-type"] == "application/json"
    assert response.body.decode() == (
        '{"data":[{"a":1.50}],"status_code":1000,"status_message":"say \\"ü\\"",'
        '"timestamp":"2026-11-22T10:00:00.123Z"}'
    )


def test_data_is_left_out_where_none_is_defined() -> None:
    """CORE-RESP-05, CORE-RESP-09, GEN-HTTP-05"""
    assert json.loads(write_reply(Reply(), now=NOW).body).keys() == {"status_code", "timestamp"}


@pytest.mark.parametrize(
    ("fault", "http", "code"),
    [
        (InvalidBody("x"), 400, 2001),
        (Unauthorized("x"), 401, 2000),
        (NotFound("x"), 404, 2000),
        (WrongMethod("x", ("GET", "PUT")), 405, 2000),
        (CallerError("x"), 200, 2001),
        (CallerError("x", status_code=2002), 200, 2002),
        (TooMany("x", 7), 429, 2000),
        (NodeError("x"), 200, 3000),
        (Overloaded("x"), 429, 3000),
    ],
)
def test_every_fault_has_its_envelope(fault: OcpiError, http: int, code: int) -> None:
    """CORE-AUTH-17, CORE-HTTP-05, CORE-HTTP-06, CORE-HTTP-22, CORE-STAT-01, CORE-STAT-03,
    CORE-STAT-04, CORE-STAT-08, CORE-STAT-12"""
    response = write_reply(fault_reply(fault), now=NOW)
    body = json.loads(response.body)
    assert response.status == http
    assert body["status_code"] == code
    assert body["status_message"] == "x"
    assert "data" not in body


def test_faults_carry_the_headers_that_belong_to_them() -> None:
    """CORE-HTTP-04"""
    assert fault_reply(WrongMethod("x", ("GET", "PUT"))).headers == {"allow": "GET, PUT"}
    assert fault_reply(TooMany("x", 7)).headers == {"retry-after": "7"}
    assert fault_reply(Unauthorized("x")).headers == {"www-authenticate": "Token"}


def test_a_message_that_quotes_half_a_surrogate_pair_can_be_sent() -> None:
    response = write_reply(Reply(message="bad \ud800"), now=NOW)
    assert json.loads(response.body)["status_message"] == "bad ?"


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("code", [1000, 1001, 1901])
def test_success_is_http_2xx_with_1xxx(status: int, code: int) -> None:
    """CORE-HTTP-11, CORE-STAT-02, CORE-REG-33"""
    reply = read_reply(answer({"status_code": code, "timestamp": "2020-01-01T00:00:00Z"}, status))
    assert (reply.http_status, reply.status_code) == (status, code)
    assert reply.timestamp == "2020-01-01T00:00:00Z"


@pytest.mark.parametrize("data", [None, {}, [], "x"])
def test_any_data_is_accepted(data: object) -> None:
    """CORE-RESP-08, GEN-HTTP-05"""
    reply = read_reply(answer({"data": data, "status_code": 1000}))
    assert reply.data == (None if data is None else json.dumps(data).encode())


def test_data_keeps_its_bytes() -> None:
    body = b'{"data": [ {"a":1.50,"a\\u0062":"\\u00fc"} ], "status_code": 1000}'
    assert read_reply(Response(200, {}, body)).data == b'[ {"a":1.50,"a\\u0062":"\\u00fc"} ]'


@pytest.mark.parametrize("code", [2000, 2001, 2942, 3000, 3977, 4001, 4999])
def test_http_200_with_another_code_is_a_failure(code: int) -> None:
    """CORE-HTTP-12, CORE-STAT-02, CORE-RESP-07"""
    with pytest.raises(Refused) as caught:
        read_reply(answer({"status_code": code, "data": {"x": 1}, "status_message": "no"}))
    assert (caught.value.http, caught.value.code) == (200, code)
    assert "no" in caught.value.message


@pytest.mark.parametrize("status", [301, 400, 404, 429, 500, 503])
def test_an_http_error_is_a_failure_whatever_the_envelope(status: int) -> None:
    for body in (b'{"status_code":1000}', b"<html>", b"", b"[]"):
        with pytest.raises(Refused) as caught:
            read_reply(Response(status, {}, body))
        assert caught.value.http == status


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b"{}", b"<html>", b'{"status_code":"1000"}', b'{"status_code":1000',
        b"[" * 100_000, b'{"data":' + b"[" * 100_000, b"\xff\xfe", b'{"status_code":1000.5}',
    ],
)  # fmt: skip
def test_a_2xx_without_envelope_is_unusable(body: bytes) -> None:
    """CORE-HTTP-19"""
    with pytest.raises(Unusable):
        read_reply(Response(200, {}, body))


def test_status_message_and_timestamp_of_the_wrong_type_spoil_nothing() -> None:
    reply = read_reply(answer({"status_code": 1000, "status_message": 5, "timestamp": None}))
    assert reply.message is None
    assert reply.timestamp == ""


def test_missing_or_broken_routing_headers_of_a_response_spoil_nothing() -> None:
    """CORE-ROUTE-12"""
    assert read_reply(answer({"status_code": 1000})).routing.to is None
    headers = {"ocpi-to-country-code": "NL"}
    response = Response(200, headers, b'{"status_code":1000}')
    assert read_reply(response).routing.to is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": " 0 "}, 0.0),
        (
            {
                "retry-after": "Sun, 22 Nov 2026 10:01:00 GMT",
                "date": "Sun, 22 Nov 2026 10:00:00 GMT",
            },
            60.0,
        ),
        ({"retry-after": "Sun, 22 Nov 2026 10:01:00 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_both_forms(headers: dict[str, str], seconds: float | None) -> None:
    with pytest.raises(Refused) as caught:
        read_reply(Response(429, headers, b""))
    assert caught.value.retry_after == seconds


def test_a_partners_message_is_shortened_and_made_printable() -> None:
    with pytest.raises(Refused) as caught:
        read_reply(answer({"status_code": 2000, "status_message": "a\n\x1b[31m" + "b" * 5000}))
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 600


@settings(derandomize=True, max_examples=300)
@given(st.binary(max_size=60), st.sampled_from([200, 404]))
def test_nothing_but_a_partner_error_comes_of_any_bytes(body: bytes, status: int) -> None:
    """CORE-HTTP-19"""
    try:
        read_reply(Response(status, {}, body))
    except (Refused, Unusable):
        return
    raise AssertionError("no random bytes are an envelope")


def test_a_ready_envelope_is_passed_on_byte_for_byte() -> None:
    """CORE-HUB-10, CORE-HUB-18"""
    raw = b'{"status_code" : 2003, "x": [1.50]}'
    response = write_reply(Reply(2003, 404, headers={"Link": "<x>"}, envelope=raw), now=NOW)
    assert (response.status, response.body) == (404, raw)
    assert response.headers == {"content-type": "application/json", "link": "<x>"}


@pytest.mark.parametrize("code", [1000, 1999, 2001, 3003, 4999])
def test_the_code_of_an_envelope_is_read_without_the_rest(code: int) -> None:
    body = b'{"data": [{"a": 1.50}, null], "status_code": %d}' % code
    assert read_code(body) == code


@pytest.mark.parametrize("body", [
    b"", b"[]", b"{}", b"<html>", b'{"status_code": "1000"}', b'{"status_code": 200}',
    b'{"status_code": 5000}', b'{"status_code": 1000', b'{"data": ], "status_code": 1000}',
    b"[" * 100_000, b'{"status_code": null}',
])  # fmt: skip
def test_what_is_no_envelope_has_no_code(body: bytes) -> None:
    """CORE-HUB-15"""
    with pytest.raises(Unusable):
        read_code(body)
