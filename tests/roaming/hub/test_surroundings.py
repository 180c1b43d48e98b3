"""The world of a hub as its platforms, other hubs and agreements make it."""

import pytest_asyncio
from msgspec import structs
from tests.roaming import objects
from tests.roaming.company import Company, meet, role
from tests.roaming.conftest import Found
from tests.roaming.hub.conftest import Trio
from tests.roaming.hub.scene import Hub

from voltroam.roaming.directory import Directory
from voltroam.roaming.hub.agreements import Agreement, Side
from voltroam.roaming.hub.seats import Seat
from voltroam.roaming.hub.surroundings import NextHubs, Surroundings
from voltroam.roaming.platforms import Phase, Platform, Status
from voltroam.standard.endpoints import Interface
from voltroam.standard.errors import Unreachable
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role

AAA, MSP, FAR = PartyId("NL", "AAA"), PartyId("DE", "MSP"), PartyId("SE", "FAR")


@pytest_asyncio.fixture
async def next_hub(hub: Hub, found: Found) -> Company:
    """A hub behind the hub."""
    company = await found("far.example", role("SE/HUB", Role.HUB))
    await meet(hub.company, company)
    hub.company.clock.forward(2)
    return company


def info(status: str = "CONNECTED", **more: object) -> objects.Json:
    told = {"country_code": "SE", "party_id": "FAR", "role": "EMSP", "status": status}
    return objects.client_info(**(told | more))


async def only(hub: Hub, party: PartyId) -> Seat:
    (seat,) = (await hub.surroundings.world()).of(party)
    return seat


async def test_a_registered_party_has_a_seat_with_its_endpoints(trio: Trio) -> None:
    seat = await only(trio.hub, AAA)
    platform = await trio.company.partner("cpo.example")
    assert (seat.role, seat.platform, seat.status) == (
        Role.CPO, platform.id, Status.CONNECTED,
    )  # fmt: skip
    assert ("locations", Interface.SENDER) in seat.offers
    assert ("locations", Interface.RECEIVER) not in seat.offers
    assert seat.behind is None


async def test_who_registered_a_moment_ago_at_another_process_is_there_when_it_calls(
    trio: Trio,
) -> None:
    """What a process read is up to a second old; a caller is read when it calls."""
    here = Directory(trio.company.store, trio.company.vault, clock=lambda: 0.0)
    around = Surroundings(
        trio.company.store, here, trio.company.identity, trio.hub.book, lambda: 0.0
    )
    platform = await trio.company.partner("cpo.example")
    gone = structs.replace(platform, phase=Phase.INVITED)
    await trio.company.directory.update(platform.id, lambda _: gone)
    assert not (await around.world()).at(platform.id)
    await trio.company.directory.update(platform.id, lambda _: platform)
    assert not (await around.world()).at(platform.id)
    assert (await around.world_with(platform)).at(platform.id)


async def test_who_is_only_invited_has_none(trio: Trio) -> None:
    await trio.company.registration.invite("third.example")
    trio.company.clock.forward(2)
    assert len((await trio.hub.surroundings.world()).seats) == 2


async def test_who_left_is_remembered_as_suspended(trio: Trio) -> None:
    """CORE-HCI-08"""
    await trio.company.registration.remove(await trio.company.partner("cpo.example"))
    trio.company.clock.forward(2)
    assert (await only(trio.hub, AAA)).status is Status.SUSPENDED


async def test_who_came_back_on_another_platform_is_not_away(trio: Trio, found: Found) -> None:
    await trio.company.registration.remove(await trio.company.partner("cpo.example"))
    again = await found("again.example", role("NL/AAA", Role.CPO))
    await meet(trio.company, again)
    trio.company.clock.forward(2)
    assert (await only(trio.hub, AAA)).status is Status.CONNECTED


async def test_the_same_world_is_given_while_nothing_moves(trio: Trio) -> None:
    before = await trio.hub.surroundings.world()
    trio.company.clock.forward(5)
    assert await trio.hub.surroundings.world() is before


async def test_a_changed_agreement_makes_another_world(trio: Trio) -> None:
    before = await trio.hub.surroundings.world()
    seats = before.of(AAA)[0], before.of(MSP)[0]
    assert before.allowed(*seats, "cdrs")
    agreement = Agreement(id="", one=Side.read("NL/AAA"), other=Side.read("*"), allows=False)
    await trio.hub.book.add(agreement)
    assert not (await trio.hub.surroundings.world()).allowed(*seats, "cdrs")


async def test_a_party_behind_a_hub_sits_there(hub: Hub, next_hub: Company) -> None:
    await hub.tell(next_hub, info())
    hub.company.clock.forward(2)
    seat = await only(hub, FAR)
    assert seat.platform == (await hub.company.partner("far.example")).id
    assert (seat.behind, seat.status) == (PartyId("SE", "HUB"), Status.CONNECTED)


async def test_what_a_hub_tells_counts_within_a_second(hub: Hub, next_hub: Company) -> None:
    await hub.tell(next_hub, info())
    hub.company.clock.forward(2)
    assert (await only(hub, FAR)).status is Status.CONNECTED
    await hub.tell(next_hub, info("OFFLINE", last_updated=objects.T3))
    hub.surroundings.forget()
    assert (await only(hub, FAR)).status is Status.OFFLINE


async def test_whoever_is_behind_a_hub_is_as_far_away_as_the_hub(
    hub: Hub, next_hub: Company
) -> None:
    await hub.tell(next_hub, info())
    platform = await hub.company.partner("far.example")

    def offline(held: Platform) -> Platform:
        return structs.replace(held, status=Status.OFFLINE)

    await hub.company.directory.update(platform.id, offline)
    hub.company.clock.forward(2)
    assert (await only(hub, FAR)).status is Status.OFFLINE


async def test_another_hub_does_not_tell_of_ourselves(hub: Hub, next_hub: Company) -> None:
    await hub.tell(next_hub, info(party_id="HUB", country_code="EU"))
    hub.company.clock.forward(2)
    assert not (await hub.surroundings.world()).of(PartyId("EU", "HUB"))


async def test_the_next_hubs_are_asked_once_in_a_while(hub: Hub, next_hub: Company) -> None:
    """CORE-HUB-11"""
    parts, asked = hub.company, list[str]()

    async def pull(platform: Platform) -> None:
        asked.append(platform.name)

    hubs = NextHubs(parts.directory, pull, clock=parts.clock.seconds)
    other = await parts.partner("far.example")
    stranger = Platform(id="x", name="x", phase=other.phase)
    assert not await hubs.ask(other)
    assert await hubs.ask(stranger)
    assert not await hubs.ask(stranger)
    parts.clock.forward(31)
    assert await hubs.ask(stranger)
    assert asked == ["far.example"] * 2


async def test_a_hub_that_does_not_answer_has_told_nothing(hub: Hub, next_hub: Company) -> None:
    async def pull(_platform: Platform) -> None:
        raise Unreachable("nobody there")

    hubs = NextHubs(hub.company.directory, pull, clock=hub.company.clock.seconds)
    assert not await hubs.ask(Platform(id="x", name="x", phase=Phase.REGISTERED))
