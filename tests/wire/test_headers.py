"""Credentials token, message ids and routing headers (OCPI 2.2.1 §transport)."""

import uuid

import pytest

from voltroam.standard.errors import CallerError, Unauthorized
from voltroam.standard.parties import PartyId
from voltroam.wire.call import Routing
from voltroam.wire.headers import (
    new_id,
    read_authorization,
    read_ids,
    read_routing,
    write_authorization,
    write_routing,
)

AAA, MSP = PartyId("NL", "AAA"), PartyId("DE", "MSP")


def test_the_token_is_written_as_padded_standard_base64() -> None:
    """CORE-AUTH-02, CORE-AUTH-03"""
    # by hand after RFC 4648 §4: tokens whose encoding needs padding, `+` and `/`
    assert write_authorization("example-token", base64=True) == "Token ZXhhbXBsZS10b2tlbg=="
    assert write_authorization("~~>?", base64=True) == "Token fn4+Pw=="
    assert write_authorization("a??", base64=True) == "Token YT8/"
    assert write_authorization("ü/", base64=True) == "Token w7wv"


def test_the_token_is_written_raw_for_old_platforms() -> None:
    """CORE-AUTH-12"""
    assert write_authorization("example-token", base64=False) == "Token example-token"


@pytest.mark.parametrize("value", ["ZXhhbXBsZS10b2tlbg==", "ZXhhbXBsZS10b2tlbgo="])
def test_a_newline_at_the_end_of_the_token_is_ignored(value: str) -> None:
    """CORE-AUTH-04, CORE-AUTH-13"""
    assert read_authorization(f"Token {value}").decoded == "example-token"


def test_the_decoded_token_keeps_its_case() -> None:
    """CORE-AUTH-10"""
    assert read_authorization("Token QWJD").decoded == "AbC"
    assert read_authorization("Token YWJj").decoded == "abc"


@pytest.mark.parametrize("raw", ["example-token", "abc", "ZXhhbXBsZS10b2tlbg=", "gIA=", "Cg=="])
def test_what_is_no_base64_of_a_token_is_reported_raw_only(raw: str) -> None:
    """CORE-AUTH-11, CORE-AUTH-14"""
    presented = read_authorization(f"Token {raw}")
    assert presented.decoded is None
    assert presented.raw == raw


@pytest.mark.parametrize(
    "value",
    [None, "", "Token", "Token ", "TokenZXhhbXBsZS10b2tlbg==", "Bearer ZXg=", "Basic dTpw",
     "Token a b", "Token \x00", "Token ü", "ZXhhbXBsZS10b2tlbg=="],
)  # fmt: skip
def test_a_missing_or_malformed_header_is_unauthorized(value: str | None) -> None:
    """CORE-AUTH-05, CORE-AUTH-14"""
    with pytest.raises(Unauthorized) as caught:
        read_authorization(value)
    assert caught.value.http_status == 401
    assert 2000 <= caught.value.status_code < 3000


def test_a_presented_token_is_not_in_its_repr() -> None:
    assert "secret" not in repr(read_authorization("Token secret-token"))
    assert "example" not in repr(read_authorization("Token ZXhhbXBsZS10b2tlbg=="))


def test_ids_are_taken_as_they_come() -> None:
    """CORE-MSGID-03, CORE-MSGID-04, CORE-MSGID-05"""
    ids = read_ids({"x-request-id": "774321", "x-correlation-id": " ~id/%41 "})
    assert ids == ("774321", " ~id/%41 ")


def test_missing_ids_are_made_up() -> None:
    """CORE-MSGID-06"""
    ids = read_ids({})
    assert uuid.UUID(ids.request_id)
    assert uuid.UUID(ids.correlation_id)


def test_own_ids_are_uuids_and_never_repeat() -> None:
    """CORE-MSGID-01, CORE-MSGID-05"""
    made = {new_id() for _ in range(100)}
    assert len(made) == 100
    assert all(str(uuid.UUID(one)) == one for one in made)
    assert {uuid.UUID(one).version for one in made} == {4}


def test_routing_headers_round_trip() -> None:
    """CORE-ROUTE-01, CORE-ROUTE-06"""
    routing = Routing(to=AAA, sender=MSP)
    headers = write_routing(routing)
    assert headers == {
        "ocpi-to-country-code": "NL",
        "ocpi-to-party-id": "AAA",
        "ocpi-from-country-code": "DE",
        "ocpi-from-party-id": "MSP",
    }
    assert read_routing(headers) == routing
    assert routing.swapped() == Routing(to=MSP, sender=AAA)


def test_routing_headers_keep_their_spelling_and_compare_without_case() -> None:
    """CORE-ROUTE-07"""
    routing = read_routing({"ocpi-to-country-code": "nl", "ocpi-to-party-id": "aaa"})
    assert routing.to == PartyId("nl", "aaa")
    assert AAA.same(routing.to)


def test_no_routing_headers_are_no_fault() -> None:
    """CORE-ROUTE-05"""
    assert read_routing({}) == Routing()


@pytest.mark.parametrize(
    "headers",
    [
        {"ocpi-to-country-code": "NL"},
        {"ocpi-to-party-id": "AAA"},
        {"ocpi-from-country-code": "NL"},
        {"ocpi-to-country-code": "NL", "ocpi-to-party-id": "ABCD"},
        {"ocpi-to-country-code": "NLD", "ocpi-to-party-id": "AAA"},
        {"ocpi-to-country-code": "", "ocpi-to-party-id": "AAA"},
        {"ocpi-to-country-code": "NL", "ocpi-to-party-id": " "},
        {"ocpi-to-country-code": "NL", "ocpi-to-party-id": "ÄÖ"},
    ],
)
def test_half_empty_or_long_routing_headers_give_2001(headers: dict[str, str]) -> None:
    """CORE-ROUTE-08"""
    with pytest.raises(CallerError) as caught:
        read_routing(headers)
    assert (caught.value.status_code, caught.value.http_status) == (2001, 200)
