"""Flags of versions, and the few helpers that stand beside the data."""

import pytest

from voltroam.standard.parties import PartyId, fold
from voltroam.standard.status import StatusCode
from voltroam.standard.versions import V2_2_1, VERSIONS


def test_2_2_1_sends_its_token_in_base64() -> None:
    """CORE-AUTH-01"""
    assert V2_2_1.base64_token


def test_2_2_1_routes_by_header_and_names_interfaces_and_roles() -> None:
    assert V2_2_1.routing_headers
    assert V2_2_1.endpoint_roles
    assert V2_2_1.credentials_roles
    assert V2_2_1.patch_needs_last_updated


def test_enums_of_2_2_1_are_closed() -> None:
    assert not V2_2_1.open_enums


def test_every_version_is_found_by_its_number_and_ranked_by_it() -> None:
    for number, version in VERSIONS.items():
        assert str(version) == version.number == number
        assert version.rank == tuple(int(part) for part in number.split("."))


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("SUCCESS", 1000),
        ("CLIENT_ERROR", 2000),
        ("INVALID_PARAMETERS", 2001),
        ("NOT_ENOUGH_INFORMATION", 2002),
        ("UNKNOWN_LOCATION", 2003),
        ("UNKNOWN_TOKEN", 2004),
        ("SERVER_ERROR", 3000),
        ("UNUSABLE_CLIENT_API", 3001),
        ("UNSUPPORTED_VERSION", 3002),
        ("NO_MATCHING_ENDPOINTS", 3003),
        ("HUB_ERROR", 4000),
        ("UNKNOWN_RECEIVER", 4001),
        ("FORWARD_TIMEOUT", 4002),
        ("CONNECTION_PROBLEM", 4003),
    ],
)
def test_status_codes_have_the_numbers_of_the_standard(code: str, number: int) -> None:
    assert StatusCode[code] == number


def test_identifiers_compare_without_case() -> None:
    assert fold("nl-Abc") == fold("NL-aBC")
    assert PartyId("nl", "tnm").same(PartyId("NL", "TNM"))
    assert not PartyId("NL", "TNM").same(PartyId("BE", "TNM"))
    assert not PartyId("NL", "TNM").same(None)
    assert str(PartyId("nl", "tnm")) == "nl/tnm"
