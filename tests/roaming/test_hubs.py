"""A partner that is a hub: hub client info, parties behind it, and the one route to a party."""

import pytest
import pytest_asyncio
from tests.roaming import objects
from tests.roaming.company import Company, Pair, meet, role
from tests.roaming.conftest import Found

from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role

INFO = "receiver/hubclientinfo/NL/AAA"
LOC = "receiver/locations/NL/AAA/LOC1"


@pytest_asyncio.fixture
async def hub(found: Found) -> Company:
    return await found("hub.example", role("EU/HUB", Role.HUB))


@pytest_asyncio.fixture
async def by_hub(emsp: Company, hub: Company) -> Pair:
    """A hub that registered with the eMSP."""
    return await meet(emsp, hub)


async def test_a_hub_tells_about_a_party_and_reads_it_back(by_hub: Pair) -> None:
    """CORE-HCI-10, CORE-HCI-21"""
    assert (await by_hub.ask("GET", INFO)).http == 404
    assert (await by_hub.ask("PUT", INFO, objects.client_info())).http == 201
    answer = await by_hub.ask("GET", INFO)
    assert answer.data == objects.client_info()
    assert not [name for name in answer.headers if name.startswith("ocpi-")]
    assert "x-request-id" in answer.headers
    for method in ("POST", "PATCH", "DELETE"):
        assert (await by_hub.ask(method, INFO, objects.client_info())).http == 405


async def test_two_roles_of_one_party_are_two_entries_and_the_newest_is_shown(
    by_hub: Pair,
) -> None:
    """CORE-HCI-12"""
    await by_hub.ask("PUT", INFO, objects.client_info(last_updated=objects.T2))
    other = objects.client_info(role="EMSP", status="OFFLINE", last_updated=objects.T1)
    assert (await by_hub.ask("PUT", INFO, other)).http == 201
    assert (await by_hub.ask("GET", INFO)).data["role"] == "CPO"
    newer = objects.client_info(role="EMSP", status="CONNECTED", last_updated=objects.T3)
    assert (await by_hub.ask("PUT", INFO, newer)).http == 200
    assert (await by_hub.ask("GET", INFO)).data == newer


@pytest.mark.parametrize("member", ["party_id", "country_code", "role", "status", "last_updated"])
async def test_client_info_needs_all_its_members(by_hub: Pair, member: str) -> None:
    """CORE-HCI-03"""
    broken = objects.client_info()
    del broken[member]
    answer = await by_hub.ask("PUT", INFO, broken)
    assert (answer.http, answer.code) == (200, 2001)


@pytest.mark.parametrize(
    ("status", "code"),
    [("CONNECTED", 1000), ("OFFLINE", 1000), ("PLANNED", 1000), ("SUSPENDED", 1000), ("FOO", 2001)],
)
async def test_client_info_has_one_of_four_statuses(by_hub: Pair, status: str, code: int) -> None:
    """CORE-HCI-04"""
    assert (await by_hub.ask("PUT", INFO, objects.client_info(status=status))).code == code


async def test_the_url_names_the_party_that_is_described(by_hub: Pair) -> None:
    """CORE-HCI-10"""
    answer = await by_hub.ask("PUT", INFO, objects.client_info(party_id="BBB"))
    assert (answer.http, answer.code) == (200, 2001)


async def test_only_a_hub_tells_about_others(to_emsp: Pair) -> None:
    """CORE-HCI-13"""
    answer = await to_emsp.ask("PUT", INFO, objects.client_info())
    assert (answer.http, answer.code) == (404, 2000)


async def test_a_hub_that_tells_nothing_is_believed(by_hub: Pair) -> None:
    """CORE-COO-12"""
    assert (await by_hub.ask("PUT", LOC, objects.location())).http == 201
    assert (await by_hub.ask("GET", LOC)).data == objects.location()


async def test_whom_a_hub_that_tells_nothing_gives_something_of_is_behind_it(by_hub: Pair) -> None:
    """CORE-COO-12: its operator can be commanded, its drivers found, its sessions sent."""
    directory, aaa = by_hub.receiver.directory, PartyId("NL", "AAA")
    hub = await by_hub.receiver.partner("hub.example")
    assert await directory.behind(hub, [Role.CPO]) == ()
    await by_hub.ask("PUT", LOC, objects.location())
    assert await directory.behind(hub, [Role.CPO]) == (aaa,)
    assert await directory.route_to(aaa, [Role.CPO]) == hub
    assert await directory.operators() == (aaa,)
    head = await by_hub.receiver.store.head()
    changed = objects.location(last_updated=objects.T2)
    assert (await by_hub.ask("PUT", LOC, changed)).code == 1000
    assert await by_hub.receiver.store.head() == head + 1


async def test_what_a_hub_tells_stands_over_what_it_only_gave(by_hub: Pair) -> None:
    """CORE-COO-12, CORE-HCI-10"""
    await by_hub.ask("PUT", LOC, objects.location())
    told = objects.client_info(status="OFFLINE", last_updated=objects.T1)
    assert (await by_hub.ask("PUT", INFO, told)).code == 1000
    assert (await by_hub.ask("GET", INFO)).data == told
    other = objects.location(party_id="BBB")
    assert (await by_hub.ask("PUT", LOC.replace("AAA", "BBB"), other)).http == 404


async def test_whom_two_silent_hubs_give_something_of_is_behind_both(
    by_hub: Pair, found: Found
) -> None:
    emsp = by_hub.receiver
    second = await meet(emsp, await found("second.example", role("EU/TWO", Role.HUB)))
    for pair in (by_hub, second, second):
        assert (await pair.ask("PUT", LOC, objects.location())).code == 1000
    (info,) = [row async for row in emsp.store.scan("hubclientinfo")]
    hubs = {(await emsp.partner(name)).id for name in ("hub.example", "second.example")}
    assert info.sources == hubs


async def test_a_hub_that_tells_whom_it_connects_brings_only_those(by_hub: Pair) -> None:
    """CORE-COO-12, CORE-HCI-16"""
    await by_hub.ask("PUT", "receiver/hubclientinfo/NL/BBB", objects.client_info(party_id="BBB"))
    assert (await by_hub.ask("PUT", LOC, objects.location())).http == 404
    await by_hub.ask("PUT", INFO, objects.client_info(role="EMSP"))
    assert (await by_hub.ask("PUT", LOC, objects.location())).http == 404
    await by_hub.ask("PUT", INFO, objects.client_info())
    assert (await by_hub.ask("PUT", LOC, objects.location())).http == 201
    patch = {"status": "CHARGING", "last_updated": objects.T2}
    assert (await by_hub.ask("PATCH", f"{LOC}/E1", patch)).code == 1000


async def test_our_own_objects_do_not_come_in_through_a_hub(by_hub: Pair) -> None:
    """CORE-COO-12"""
    path = "receiver/locations/DE/MSP/LOC1"
    body = objects.location(country_code="DE", party_id="MSP")
    assert (await by_hub.ask("PUT", path, body)).http == 404


async def test_the_same_object_has_two_sources_when_it_comes_both_ways(
    by_hub: Pair, cpo: Company
) -> None:
    direct = await meet(by_hub.receiver, cpo)
    await by_hub.ask("PUT", LOC, objects.location())
    head = await by_hub.receiver.store.head()
    assert (await direct.ask("PUT", LOC, objects.location())).code == 1000
    [row] = [row async for row in by_hub.receiver.store.scan("locations")]
    expected = {(await by_hub.receiver.partner(name)).id for name in ("hub.example", "cpo.example")}
    assert row.sources == expected
    assert await by_hub.receiver.store.head() == head
    assert (await direct.ask("GET", LOC)).http == (await by_hub.ask("GET", LOC)).http == 200
    changed = objects.location(name="New", last_updated=objects.T2)
    assert (await direct.ask("PUT", LOC, changed)).code == 1000
    [row] = [row async for row in by_hub.receiver.store.scan("locations")]
    assert row.sources == expected
    assert (await by_hub.ask("GET", LOC)).data == changed


async def test_a_hub_may_speak_for_others_but_not_for_us(by_hub: Pair) -> None:
    """CORE-ROUTE-09"""
    other = {"ocpi-from-country-code": "NL", "ocpi-from-party-id": "AAA"}
    ours = {"ocpi-from-country-code": "DE", "ocpi-from-party-id": "MSP"}
    assert (await by_hub.ask("PUT", LOC, objects.location(), headers=other)).http == 201
    answer = await by_hub.ask("PUT", LOC, objects.location(), headers=ours)
    assert (answer.http, answer.code) == (200, 2001)


async def test_a_party_has_one_route_direct_before_hub(by_hub: Pair, cpo: Company) -> None:
    emsp, aaa = by_hub.receiver, PartyId("nl", "aaa")
    assert await emsp.directory.route_to(aaa, [Role.CPO]) is None
    await by_hub.ask("PUT", INFO, objects.client_info())
    hub = await emsp.directory.route_to(aaa, [Role.CPO])
    assert hub is not None
    assert hub.name == "hub.example"
    assert await emsp.directory.route_to(aaa, [Role.EMSP]) is None
    assert await emsp.directory.behind(hub, [Role.CPO]) == (PartyId("NL", "AAA"),)
    await meet(emsp, cpo)
    direct = await emsp.directory.route_to(aaa, [Role.CPO])
    assert direct is not None
    assert direct.name == "cpo.example"
    assert await emsp.directory.behind(hub, [Role.CPO]) == ()
    await emsp.registration.remove(direct)
    again = await emsp.directory.route_to(aaa, [Role.CPO])
    assert again is not None
    assert again.name == "hub.example"


async def test_parties_behind_a_hub_find_their_sessions_on_its_list(
    cpo: Company, hub: Company
) -> None:
    """SES-LIST-04"""
    pair = await meet(cpo, hub)
    await cpo.import_("sessions", objects.session())
    path = "sender/sessions?date_from=2020-01-01T00:00:00Z"
    assert (await pair.ask("GET", path)).data == []
    told = objects.client_info(country_code="DE", party_id="MSP", role="EMSP")
    await pair.ask("PUT", "receiver/hubclientinfo/DE/MSP", told)
    assert [one["id"] for one in (await pair.ask("GET", path)).data] == ["S1"]
