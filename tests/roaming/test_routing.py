"""Routing headers on direct links, and versions with their details."""

import pytest
from tests.roaming import objects
from tests.roaming.company import Company, Pair, meet, role, token_of
from tests.roaming.conftest import Found

from voltroam.roaming.platforms import Profile
from voltroam.standard import endpoints
from voltroam.standard.endpoints import CORE, Behaviour, Endpoint, Interface, Module
from voltroam.standard.v2_2_1 import Role

AAA = {"ocpi-to-country-code": "NL", "ocpi-to-party-id": "AAA"}
FROM_MSP = {"ocpi-from-country-code": "de", "ocpi-from-party-id": "msp"}


def routing_of(headers: object) -> dict[str, str]:
    assert isinstance(headers, dict)
    return {name: value for name, value in headers.items() if name.startswith("ocpi-")}


async def test_a_reply_goes_back_to_the_requester_from_the_party_that_answered(
    to_cpo: Pair,
) -> None:
    """CORE-ROUTE-02, CORE-ROUTE-07"""
    for path in ("sender/locations", "sender/locations/NONE"):
        answer = await to_cpo.ask("GET", path, headers={**AAA, **FROM_MSP})
        assert routing_of(answer.headers) == {
            "ocpi-to-country-code": "de",
            "ocpi-to-party-id": "msp",
            "ocpi-from-country-code": "NL",
            "ocpi-from-party-id": "AAA",
        }


async def test_a_request_that_names_no_receiver_is_answered_by_our_party(to_cpo: Pair) -> None:
    """CORE-ROUTE-02"""
    answer = await to_cpo.ask("GET", "sender/locations", headers=FROM_MSP)
    assert answer.headers["ocpi-from-party-id"] == "AAA"
    assert answer.headers["ocpi-to-party-id"] == "msp"


async def test_a_simple_link_may_leave_the_headers_out(to_cpo: Pair) -> None:
    """CORE-ROUTE-05"""
    answer = await to_cpo.ask("GET", "sender/locations")
    assert (answer.code, routing_of(answer.headers)) == (1000, {})


@pytest.mark.parametrize(
    "headers",
    [
        {**AAA, "ocpi-from-country-code": "DE", "ocpi-from-party-id": "XXX"},
        {"ocpi-to-country-code": "NL", "ocpi-to-party-id": "ZZZ", **FROM_MSP},
        {"ocpi-to-country-code": "NL"},
        {"ocpi-from-party-id": "MSP"},
        {"ocpi-to-country-code": "NLD", "ocpi-to-party-id": "AAA"},
        {"ocpi-to-country-code": "NL", "ocpi-to-party-id": ""},
    ],
    ids=str,
)
async def test_headers_of_strangers_or_halves_are_refused(
    to_cpo: Pair, headers: dict[str, str]
) -> None:
    """CORE-ROUTE-08, CORE-ROUTE-09, CORE-ROUTE-10"""
    answer = await to_cpo.ask("GET", "sender/locations", headers=headers)
    assert (answer.http, answer.code) == (200, 2001)


async def test_a_push_under_a_foreign_sender_has_no_effect(to_emsp: Pair) -> None:
    """CORE-ROUTE-09"""
    headers = {"ocpi-from-country-code": "NL", "ocpi-from-party-id": "BBB"}
    path = "receiver/locations/NL/AAA/LOC1"
    answer = await to_emsp.ask("PUT", path, objects.location(), headers=headers)
    assert (answer.http, answer.code) == (200, 2001)
    assert (await to_emsp.ask("GET", path)).http == 404


async def test_configuration_modules_ignore_routing_headers(to_cpo: Pair) -> None:
    """CORE-ROUTE-03, CORE-ROUTE-04"""
    wrong = {"ocpi-from-country-code": "XX", "ocpi-to-party-id": "Y" * 9}
    for path in ("credentials", to_cpo.receiver.versions_url):
        answer = await to_cpo.ask("GET", path, headers=wrong)
        assert (answer.code, routing_of(answer.headers)) == (1000, {})


# -- versions ---------------------------------------------------------------------------------


async def test_versions_list_what_we_speak_and_where(to_cpo: Pair) -> None:
    """CORE-VER-01, CORE-VER-02, CORE-VER-03, CORE-VER-06, CORE-VER-22"""
    answer = await to_cpo.ask("GET", to_cpo.receiver.versions_url)
    assert answer.data == [{"version": "2.2.1", "url": "https://cpo.example/ocpi/2.2.1"}]
    details = await to_cpo.ask("GET", answer.data[0]["url"])
    assert details.data["version"] == "2.2.1"


async def sides(company: Company, pair: Pair) -> set[tuple[str, str]]:
    details = await pair.ask("GET", "https://" + company.host + "/ocpi/2.2.1")
    lines = [(one["identifier"], one["role"]) for one in details.data["endpoints"]]
    assert len(lines) == len(set(lines))
    for one in details.data["endpoints"]:
        assert one["url"].startswith(f"https://{company.host}/ocpi/2.2.1/")
        assert len(one["url"]) <= 255
    return set(lines)


async def test_details_list_the_sides_that_our_roles_play(cpo: Company, emsp: Company) -> None:
    """CORE-VER-07, CORE-VER-08, CORE-VER-09, CORE-VER-17"""
    to_cpo = await meet(cpo, emsp)
    to_emsp = Pair(emsp, cpo, token_of(cpo, await cpo.partner("emsp.example")))
    assert await sides(cpo, to_cpo) == {
        ("credentials", "SENDER"),
        ("locations", "SENDER"),
        ("sessions", "SENDER"),
        ("cdrs", "SENDER"),
        ("tariffs", "SENDER"),
        ("tokens", "RECEIVER"),
        ("hubclientinfo", "RECEIVER"),
    }
    assert await sides(emsp, to_emsp) == {
        ("credentials", "SENDER"),
        ("locations", "RECEIVER"),
        ("sessions", "RECEIVER"),
        ("cdrs", "RECEIVER"),
        ("tariffs", "RECEIVER"),
        ("tokens", "SENDER"),
        ("hubclientinfo", "RECEIVER"),
    }


async def test_a_node_with_both_roles_lists_both_sides(found: Found, emsp: Company) -> None:
    """CORE-VER-11, CORE-VER-12"""
    both = await found("both.example", role("NL/AAA", Role.CPO), role("NL/AAA", Role.EMSP))
    pair = await meet(both, emsp)
    lines = await sides(both, pair)
    for module in ("locations", "sessions", "cdrs", "tariffs", "tokens"):
        assert {(module, "SENDER"), (module, "RECEIVER")} <= lines
    partner = await emsp.partner("both.example")
    assert partner.endpoint("locations", Interface.SENDER) == both.url("sender/locations")
    assert partner.endpoint("locations", Interface.RECEIVER) == both.url("receiver/locations")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "receiver/commands/START_SESSION"),
        ("GET", "sender/tokens"),
        ("PUT", "receiver/locations/NL/AAA/LOC1"),
        ("GET", "sender/hubclientinfo"),
    ],
)
async def test_what_is_not_listed_is_not_there(to_cpo: Pair, method: str, path: str) -> None:
    """CORE-VER-07"""
    assert (await to_cpo.ask(method, path, {} if method != "GET" else None)).http == 404


async def test_versions_have_no_side_effects(to_cpo: Pair) -> None:
    """CORE-VER-18"""
    store = to_cpo.receiver.store
    before = (await store.head(), await store.records("platform"), len(await store.events(0, 99)))
    for _ in range(20):
        await to_cpo.ask("GET", to_cpo.receiver.versions_url)
    after = (await store.head(), await store.records("platform"), len(await store.events(0, 99)))
    assert after == before


BIKES = Module("nl-aaa-bikes", "", frozenset({Role.CPO}), frozenset({Role.EMSP}))
BIKE_LIST = Endpoint(
    BIKES, Interface.SENDER, "GET", "", Behaviour.LIST,
    endpoints.Resource(
        "bikes", endpoints.TARIFF.object, ("id",), frozenset({Role.CPO}),
        endpoints.Audience.PARTNERS,
    ),
    query=endpoints.PAGING,
)  # fmt: skip


async def test_a_custom_module_is_for_partners_that_agreed_on_it(
    found: Found, emsp: Company
) -> None:
    """CORE-VER-14"""
    cpo = await found("custom.example", role("NL/AAA", Role.CPO), rows=(*CORE, BIKE_LIST))
    pair = await meet(cpo, emsp)
    line = ("nl-aaa-bikes", "SENDER")
    assert line not in await sides(cpo, pair)
    assert (await pair.ask("GET", "sender/nl-aaa-bikes")).http == 404
    await cpo.set_profile("emsp.example", Profile(modules=("nl-aaa-bikes",)))
    cpo.clock.forward(2)
    assert line in await sides(cpo, pair)
    await cpo.import_("bikes", objects.tariff(id="BIKE"))
    assert [one["id"] for one in (await pair.ask("GET", "sender/nl-aaa-bikes")).data] == ["BIKE"]
