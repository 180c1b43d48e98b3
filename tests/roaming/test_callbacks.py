"""Response URLs: ours, theirs, and the ids that they are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.roaming.company import Company, Pair

from voltroam.roaming.callbacks import check_response_url, post_result, response_url, row_of
from voltroam.roaming.platforms import EndpointAt, Phase, Platform
from voltroam.roaming.timed import before, is_timed, time_of, timed_id
from voltroam.standard.endpoints import Interface, Table
from voltroam.standard.errors import CallerError, Refused
from voltroam.standard.versions import V2_2_1
from voltroam.wire.routes import Router

PARTNER = Platform(
    id="p", name="P", phase=Phase.REGISTERED, hosts=("emsp.example:443", "emsp.example:8443")
)


@given(st.integers(0, 2**62), st.integers(0, 2**62))
def test_newer_ids_sort_first_and_tell_their_time(one: int, other: int) -> None:
    earlier, later = sorted((one, other))
    first, second = timed_id(earlier), timed_id(later)
    assert time_of(first) == earlier
    assert is_timed(first)
    assert len(first) == 36
    if earlier != later:
        assert second < first
        assert second < before(later) < first
        assert first < before(earlier)


def test_two_ids_of_one_moment_differ() -> None:
    assert len({timed_id(5) for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "../../x", "7FFFFFFFFFFFFFFE-15B6FE0267B965CEE38G",
        "7ffffffffffffffe-0f1fd2c2a130e87abe9\n",
    ],
)  # fmt: skip
def test_what_has_another_form_is_no_id(text: str) -> None:
    assert not is_timed(text)


@pytest.mark.parametrize("base", ["https://n.example", "https://n.example/some/prefix/"])
def test_our_response_urls_are_found_again_by_our_router(base: str) -> None:
    """CMD-RSP-10: the URL of a call is its own."""
    table = Table()
    router = Router(table, [V2_2_1], base)
    row = row_of(table, V2_2_1, "command_result")
    url = response_url(router, V2_2_1, row, command="START_SESSION", uid="a-1")
    assert url == f"{base.rstrip('/')}/ocpi/2.2.1/sender/commands/START_SESSION/a-1"
    found = router.locate("POST", url.removeprefix("https://n.example"))
    assert found.endpoint is row
    assert found.keys == {"command": "START_SESSION", "uid": "a-1"}


def test_a_row_is_found_by_handler_and_path() -> None:
    table = Table()
    row = row_of(table, V2_2_1, "charging_profile_result", "clearprofile/{uid}")
    assert row.path == "clearprofile/{uid}"
    with pytest.raises(KeyError):
        row_of(table, V2_2_1, "charging_profile_result", "other/{uid}")


@pytest.mark.parametrize(
    "url",
    [
        "https://emsp.example/x?y=%2F",
        "https://EMSP.example:443/x",
        "https://emsp.example:8443",
    ],
)
def test_a_response_url_at_the_partners_host_is_taken(url: str) -> None:
    check_response_url(PARTNER, url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "emsp.example/x",
        "ftp://emsp.example/x",
        "https://emsp.example.evil.example/x",
        "https://evil.example/?https://emsp.example/",
        "https://emsp.example:444/x",
        "https://emsp.example@evil.example/x",
        "https://user:word@emsp.example/x",
        "https://169.254.169.254/latest",
        "https://[::1",
        "https://emsp.example:99999/",
        "https://emsp.example/x y",
        "https://emsp.example/x\r\nHost: evil.example",
        "https://emsp.example/\u00e4",
        "https://evil.example\\@emsp.example/",
    ],
)
def test_a_response_url_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(CallerError) as refused:
        check_response_url(PARTNER, url)
    assert refused.value.status_code == 2001
    assert "response_url" in refused.value.message


def test_a_response_url_keeps_to_the_scheme_that_the_partner_registered() -> None:
    """A token never goes in the clear to whoever registered with https, other port or not."""
    at = EndpointAt("commands", Interface.SENDER, "https://emsp.example:8443/commands")
    registered = structs.replace(PARTNER, endpoints=(at,))
    check_response_url(registered, "https://emsp.example:8443/results/1")
    with pytest.raises(CallerError, match="scheme"):
        check_response_url(registered, "http://emsp.example:8443/results/1")


async def test_a_result_goes_to_exactly_the_url_once(to_cpo: Pair) -> None:
    """CMD-RSP-06, CMD-RSP-07: query and slash included, with credentials and ids, not repeated."""
    cpo: Company = to_cpo.receiver
    partner = await cpo.partner("emsp.example")
    row = row_of(cpo.table, V2_2_1, "command_result")
    url = "https://emsp.example/ocpi/callbacks/?a=b%2Fc&d="
    with pytest.raises(Refused):
        await post_result(cpo.exchange, partner, row, url, b'{"result":"ACCEPTED"}')
    [sent] = cpo.network.sent("POST", "callbacks")
    assert sent.url == url
    assert sent.body == b'{"result":"ACCEPTED"}'
    assert sent.headers["authorization"].startswith("Token ")
    assert sent.headers["x-request-id"]
    assert sent.headers["x-correlation-id"]
