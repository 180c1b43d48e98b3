"""The parties that a hub of 2.3.0 lists in its credentials: R230-014, CORE-HUB-01."""

import json
from typing import Any

import pytest
from tests.roaming import objects
from tests.roaming.company import Company, Network, meet, role
from tests.roaming.conftest import Found
from tests.roaming.hub.scene import offer_all
from tests.roaming.profiling.cast import Actor, Charger

from voltroam.roaming.accept import accept
from voltroam.roaming.client_info import info_of, told_status
from voltroam.roaming.described import beside
from voltroam.roaming.directory import client_info_key
from voltroam.roaming.platforms import Platform
from voltroam.roaming.profiling import ProfileKnobs
from voltroam.roaming.profiling.places import held_session
from voltroam.standard.endpoints import CLIENT_INFO, SESSION
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import ConnectionStatus, Role
from voltroam.standard.versions import V2_2_1, V2_3_0
from voltroam.store.interface import HELD, ObjectRow
from voltroam.wire.call import Request, Response

AAA, BBB = PartyId("NL", "AAA"), PartyId("NL", "BBB")
HUB, EMSP = role("DE/HUB", Role.HUB), role("DE/MSP", Role.EMSP)


class Lister:
    """A hub whose credentials list whom we say; the rest is honest."""

    def __init__(self, hub: Company, network: Network) -> None:
        self.company = hub
        self.network = network
        self.lists: list[tuple[str, str]] = []
        network.hosts[hub.host] = self.serve

    async def serve(self, request: Request) -> Response:
        response = await self.company.serve(request)
        if b"hub_party_id" not in response.body:
            return response
        reply = json.loads(response.body)
        reply["data"]["roles"] = [_listed(*one) for one in self.lists]
        return Response(response.status, response.headers, json.dumps(reply).encode())


def _listed(party: str, plays: str) -> dict[str, Any]:
    country, code = party.split("/")
    return {"country_code": country, "party_id": code, "role": plays,
            "business_details": {"name": party}}  # fmt: skip


@pytest.fixture
async def hub(found: Found, network: Network) -> Lister:
    made = await found("hub.example", HUB, versions=(V2_2_1, V2_3_0))
    lister = Lister(made, network)
    lister.lists = [("NL/AAA", "CPO"), ("NL/BBB", "CPO"), ("DE/HUB", "OTHER")]
    return lister


async def joined(hub: Lister, company: Company) -> Platform:
    await meet(hub.company, company)
    return await company.partner(hub.company.host)


async def learn_anew(hub: Lister, company: Company, *lists: tuple[str, str]) -> None:
    hub.lists = list(lists)
    await company.registration.rotate(await company.partner(hub.company.host))
    company.clock.forward(2)


async def behind(company: Company) -> list[PartyId]:
    partner = await company.partner("hub.example")
    return sorted(await company.directory.behind(partner, tuple(Role)))


async def row_of(company: Company, party: PartyId) -> ObjectRow:
    row = await company.store.get(client_info_key(party, Role.CPO))
    assert row is not None
    return row


async def tell(company: Company, party: PartyId, status: str, at: str) -> None:
    """What the hub's hubclientinfo says."""
    said = {"country_code": party.country_code, "party_id": party.party_id, "role": "CPO",
            "status": status, "last_updated": at}  # fmt: skip
    change = accept(
        CLIENT_INFO, json.dumps(said).encode(), version=V2_3_0, strict=False,
        source=await company.partner("hub.example"), identity=company.identity,
    )  # fmt: skip
    await company.store.apply(change)


async def test_whom_a_hub_lists_is_reached_by_it(found: Found, hub: Lister) -> None:
    emsp = await found("emsp.example", EMSP, versions=(V2_3_0,))
    partner = await joined(hub, emsp)
    assert [(one.role, one.party_id) for one in partner.roles] == [(Role.HUB, "HUB")]
    assert await behind(emsp) == [AAA, BBB]
    route = await emsp.directory.route_to(AAA, (Role.CPO,))
    assert route is not None
    assert route.id == partner.id
    assert (await row_of(emsp, AAA)).audience == HELD


async def test_who_is_listed_no_more_is_not_behind_it_any_more(found: Found, hub: Lister) -> None:
    """And again, once it is on the list again."""
    emsp = await found("emsp.example", EMSP, versions=(V2_3_0,))
    await joined(hub, emsp)
    await learn_anew(hub, emsp, ("NL/BBB", "CPO"))
    assert await behind(emsp) == [BBB]
    await learn_anew(hub, emsp, ("NL/AAA", "CPO"))
    assert await behind(emsp) == [AAA]


async def test_a_hub_that_tells_of_a_change_is_heard(found: Found, hub: Lister) -> None:
    """Its PUT brings the list too: here an honest one, of nobody but itself."""
    emsp = await found("emsp.example", EMSP, versions=(V2_3_0,))
    await joined(hub, emsp)
    partner = await hub.company.partner("emsp.example")
    await hub.company.registration.rotate(partner)
    assert await behind(emsp) == []


async def test_what_hubclientinfo_tells_stands_over_the_list(found: Found, hub: Lister) -> None:
    """R230-054: it has a time and a status, which the list has not."""
    emsp = await found("emsp.example", EMSP, versions=(V2_3_0,))
    await joined(hub, emsp)
    await tell(emsp, AAA, "OFFLINE", "2020-01-01T00:00:00Z")
    await learn_anew(hub, emsp, ("NL/AAA", "CPO"))
    assert info_of(await row_of(emsp, AAA)).status is ConnectionStatus.OFFLINE
    await learn_anew(hub, emsp, ("NL/CCC", "CPO"))
    assert await behind(emsp) == [AAA, PartyId("NL", "CCC")]


async def test_a_party_of_ours_is_not_behind_a_hub(found: Found, hub: Lister) -> None:
    emsp = await found("emsp.example", EMSP, versions=(V2_3_0,))
    hub.lists = [("DE/MSP", "EMSP"), ("NL/AAA", "CPO")]
    await joined(hub, emsp)
    assert await behind(emsp) == [AAA]


async def test_a_hub_of_2_2_1_lists_nobody(found: Found, hub: Lister) -> None:
    """R230-018"""
    emsp = await found("emsp.example", EMSP, versions=(V2_2_1,))
    await joined(hub, emsp)
    assert await behind(emsp) == []


async def test_a_hub_tells_on_whom_another_hub_lists(found: Found, hub: Lister) -> None:
    """With a time of its own; what that hub says with a time, however old, is taken for newer."""
    one = await found("one.example", role("EU/ONE", Role.HUB), versions=(V2_3_0,))
    await joined(hub, one)
    row = await row_of(one, AAA)
    assert (row.audience, info_of(row).status) == ("NL/AAA", ConnectionStatus.CONNECTED)
    assert row.last_updated > 1_000_000_000_000_000
    await tell(one, AAA, "OFFLINE", "2020-01-01T00:00:00Z")
    assert told_status(await row_of(one, AAA)) is ConnectionStatus.OFFLINE
    await learn_anew(hub, one, ("NL/CCC", "CPO"))
    gone = await row_of(one, BBB)
    assert (gone.sources, beside(gone).left) == (frozenset(), True)
    assert (await row_of(one, AAA)).sources
    await learn_anew(hub, one, ("NL/BBB", "CPO"))
    assert (await row_of(one, BBB)).sources


async def test_a_party_that_is_connected_directly_stays_so(found: Found, hub: Lister) -> None:
    """Two hubs that know the same one: a direct way comes first."""
    cpo = await found("cpo.example", role("NL/AAA", Role.CPO), versions=(V2_3_0,))
    emsp = await found("emsp.example", EMSP, versions=(V2_3_0,))
    await meet(cpo, emsp)
    await joined(hub, emsp)
    assert await behind(emsp) == [BBB]


async def test_operators_behind_a_hub_are_steered_like_others(found: Found, hub: Lister) -> None:
    """A session's id tells whose it is, or the hub does where it connects one operator."""
    offer_all(hub.company)
    emsp = await found("emsp.example", EMSP, versions=(V2_3_0,))
    await joined(hub, emsp)
    assert sorted(await emsp.directory.operators()) == [AAA, BBB]
    session = objects.session()
    await emsp.store.apply(
        accept(
            SESSION, json.dumps(session).encode(), version=V2_2_1, strict=False,
            source=await emsp.partner("hub.example"), identity=emsp.identity,
        )
    )  # fmt: skip
    held = await held_session(emsp.store, emsp.directory, session["id"])
    assert held.operator == AAA
    actor = Actor(emsp, Charger(), ProfileKnobs())
    with pytest.raises(CallerError, match="connects 2 operators"):
        await actor.profiles.clear("S9", partner="hub.example")
    await learn_anew(hub, emsp, ("NL/BBB", "CPO"))
    await actor.profiles.clear("S9", partner="hub.example")
    (sent,) = hub.network.sent("DELETE", "chargingprofiles/S9")
    assert sent.headers["ocpi-to-party-id"] == "BBB"
    await actor.close()
