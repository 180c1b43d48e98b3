"""Which row a path addresses, and our own URLs."""

import re
from collections.abc import Mapping

import pytest

from voltroam.standard.endpoints import LOCATIONS, Endpoint, Interface, Table
from voltroam.standard.errors import NotFound, WrongMethod
from voltroam.standard.versions import V2_2_1
from voltroam.wire.routes import KEPT, Match, Router, join

ROUTER = Router(Table(), [V2_2_1], "https://node.example")
BELOW = Router(Table(), [V2_2_1], "https://node.example/a/b/")
R = "/ocpi/2.2.1/receiver"
S = "/ocpi/2.2.1/sender"


def found(method: str, path: str) -> tuple[str, str, Mapping[str, str]]:
    match = ROUTER.locate(method, path)
    return match.endpoint.module.name, match.endpoint.path, match.keys


def test_versions_details_and_credentials_have_one_url_for_both_sides() -> None:
    assert found("GET", "/ocpi/versions") == ("versions", "", {})
    assert found("GET", "/ocpi/2.2.1") == ("versions", "{version}", {"version": "2.2.1"})
    assert found("PUT", "/ocpi/2.2.1/credentials")[0] == "credentials"
    assert ROUTER.locate("GET", "/ocpi/2.2.1").version is V2_2_1


def test_objects_are_found_on_both_interfaces() -> None:
    """GEN-OWN-01"""
    owner = {"country_code": "NL", "party_id": "AAA"}
    assert found("PUT", f"{R}/locations/NL/AAA/L1")[2] == {**owner, "location_id": "L1"}
    deep = {**owner, "location_id": "L1", "evse_uid": "E", "connector_id": "1"}
    assert found("PATCH", f"{R}/locations/NL/AAA/L1/E/1")[2] == deep
    assert found("GET", f"{S}/locations/L1/E")[2] == {"location_id": "L1", "evse_uid": "E"}
    assert found("GET", f"{S}/locations")[1] == ""


def test_a_path_that_was_asked_before_is_answered_alike_whatever_came_between() -> None:
    path = "/ocpi/2.2.1/receiver/locations/NL/AAA/LOC1"
    first = ROUTER.locate("PUT", path)
    for number in range(KEPT + 1):
        assert ROUTER.locate("PUT", f"{path}{number}").keys["location_id"] == f"LOC1{number}"
    again, patched = ROUTER.locate("PUT", path), ROUTER.locate("PATCH", path)
    assert (again.endpoint, again.keys, again.url) == (first.endpoint, first.keys, first.url)
    assert patched.endpoint.method == "PATCH"


def test_a_literal_segment_wins_over_a_key() -> None:
    assert found("POST", f"{R}/commands/START_SESSION") == ("commands", "START_SESSION", {})
    assert found("POST", f"{S}/commands/START_SESSION/7")[2] == {
        "command": "START_SESSION", "uid": "7",
    }  # fmt: skip
    assert found("POST", f"{S}/tokens/012/authorize")[2] == {"token_uid": "012"}
    assert found("PUT", f"{S}/sessions/1/charging_preferences")[2] == {"session_id": "1"}


@pytest.mark.parametrize("path", ["/ocpi/versions", "/ocpi/2.2.1", f"{S}/locations", f"{S}/cdrs"])
def test_a_trailing_slash_is_tolerated_without_redirect(path: str) -> None:
    """CORE-HTTP-15"""
    assert found("GET", path + "/") == found("GET", path)


def test_keys_are_percent_decoded_exactly_once() -> None:
    assert found("GET", f"{S}/locations/a%2Fb%20c%C3%BC")[2] == {"location_id": "a/b cü"}
    assert found("GET", f"{S}/locations/a%252Fb")[2] == {"location_id": "a%2Fb"}
    assert found("GET", f"{S}/locations/a+b")[2] == {"location_id": "a+b"}


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "/ocpi", "/ocpi/", "/ocpi//versions", "//ocpi/versions", "/versions",
        "/ocpi/9.9", "/ocpi/2.2.1/locations", "/ocpi/2.2.1/sender", "/ocpi/2.2.1/sender/nothing",
        f"{S}/locations//E", f"{S}/locations/a//", f"{R}/locations/NL/AAA", f"{R}/locations",
        f"{S}/locations/%FF", f"{R}/sessions/NL/AAA/1/charging_periods", "/OCPI/versions",
        f"{S}/locations/a/b/c/d", "/x/ocpi/versions",
    ],
)  # fmt: skip
def test_any_other_path_is_not_found(path: str) -> None:
    """SES-PATCH-04"""
    with pytest.raises(NotFound):
        ROUTER.locate("GET", path)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", "/ocpi/2.2.1/credentials", ("DELETE", "GET", "POST", "PUT")),
        ("POST", f"{R}/hubclientinfo/NL/AAA", ("GET", "PUT")),
        ("DELETE", f"{R}/hubclientinfo/NL/AAA", ("GET", "PUT")),
        ("DELETE", f"{R}/locations/NL/AAA/L1", ("GET", "PATCH", "PUT")),
        ("DELETE", f"{R}/sessions/NL/AAA/1", ("GET", "PATCH", "PUT")),
        ("PATCH", f"{R}/tariffs/NL/AAA/1", ("DELETE", "GET", "PUT")),
        ("PUT", f"{S}/locations", ("GET",)),
        ("PUT", f"{S}/locations/L1", ("GET",)),
        ("POST", f"{S}/hubclientinfo", ("GET",)),
        ("OPTIONS", "/ocpi/versions", ("GET",)),
        ("HEAD", "/ocpi/versions", ("GET",)),
        ("get", "/ocpi/versions", ("GET",)),
    ],
)
def test_a_method_that_the_path_does_not_offer_names_those_it_does(
    method: str, path: str, allow: tuple[str, ...]
) -> None:
    """CORE-HTTP-04, GEN-HTTP-04, LOC-SND-01, CORE-HCI-02, CORE-HCI-10, SES-FLOW-03"""
    with pytest.raises(WrongMethod) as caught:
        ROUTER.locate(method, path)
    assert caught.value.allow == allow
    assert caught.value.http_status == 405


def test_a_base_url_may_have_a_path_that_a_proxy_may_cut() -> None:
    for path in ("/a/b/ocpi/2.2.1/sender/locations/", "/ocpi/2.2.1/sender/locations"):
        match = BELOW.locate("GET", path)
        assert match.url == "https://node.example/a/b/ocpi/2.2.1/sender/locations"


def test_the_url_of_a_match_can_stand_in_a_link_header() -> None:
    """CORE-PAG-15, CORE-PAG-16"""
    assert located(f"{S}/locations/a%2Fb").url.endswith("/sender/locations/a%2Fb")
    assert located(f'{S}/locations/a>"ü').url.endswith("/sender/locations/a%3E%22%C3%BC")


def located(path: str) -> Match:
    return ROUTER.locate("GET", path)


def test_own_urls_are_absolute_and_carry_the_version() -> None:
    """CORE-AUTH-16, CORE-HTTP-16"""
    assert BELOW.versions_url == "https://node.example/a/b/ocpi/versions"
    assert BELOW.details_url(V2_2_1) == "https://node.example/a/b/ocpi/2.2.1"
    assert ROUTER.endpoint_url(V2_2_1, LOCATIONS, Interface.SENDER) == (
        "https://node.example/ocpi/2.2.1/sender/locations"
    )
    assert ROUTER.endpoint_url(V2_2_1, "credentials", Interface.RECEIVER) == (
        "https://node.example/ocpi/2.2.1/credentials"
    )


@pytest.mark.parametrize(
    "row", Table().at(V2_2_1), ids=lambda row: f"{row.module.name}-{row.method}-{row.path}"
)
def test_every_row_is_reached_by_the_url_that_we_advertise(row: Endpoint) -> None:
    if row.module.name == "versions":
        url = BELOW.details_url(V2_2_1) if row.segments else BELOW.versions_url
    else:
        url = BELOW.endpoint_url(V2_2_1, row.module, row.interface)
        url = join(url, (re.sub(r"\{(.*)\}", r"\1 ü/%", part) for part in row.segments))
    match = BELOW.locate(row.method, url.removeprefix("https://node.example"))
    assert match.endpoint is row
    assert match.url == url


def test_joining_gives_exactly_one_slash_between_segments() -> None:
    """CORE-HTTP-14"""
    for url in ("https://x.example/tokens", "https://x.example/tokens/"):
        assert join(url, ["NL", "a/b", "?#%"]) == "https://x.example/tokens/NL/a%2Fb/%3F%23%25"
    assert (
        join("https://x.example", ["..", "NL*AAA*E1:2"]) == "https://x.example/%2E%2E/NL*AAA*E1:2"
    )
