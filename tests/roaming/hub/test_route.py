"""The hub's decision table, row by row, without a socket."""

import pytest

from voltroam.roaming.hub.route import (
    Asked,
    Broadcast,
    Forward,
    GetAll,
    Local,
    Refuse,
    Row,
    route,
)
from voltroam.roaming.hub.seats import Allowed, Seat, World
from voltroam.roaming.platforms import Status
from voltroam.standard.endpoints import CORE, Endpoint, Interface
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role
from voltroam.wire.call import Routing

HUB = PartyId("DE", "HUB")
CPO, OTHER_CPO = PartyId("NL", "CPO"), PartyId("BE", "CPO")
MSP, OTHER_MSP = PartyId("DE", "MSP"), PartyId("FR", "MSP")
FAR = PartyId("SE", "FAR")
FAR_HUB = PartyId("SE", "HUB")
EVERYTHING = frozenset(
    (row.module.name, row.interface) for row in CORE if row.interface is not None
)


def seat(
    party: PartyId,
    role: Role,
    platform: str,
    status: Status = Status.CONNECTED,
    offers: frozenset[tuple[str, Interface]] = EVERYTHING,
    behind: PartyId | None = None,
) -> Seat:
    return Seat(party, role, platform, status, offers, behind)


SEATS = (
    seat(CPO, Role.CPO, "p-cpo"),
    seat(OTHER_CPO, Role.CPO, "p-many"),
    seat(OTHER_MSP, Role.EMSP, "p-many"),
    seat(MSP, Role.EMSP, "p-msp"),
    seat(FAR, Role.EMSP, "p-hub", behind=FAR_HUB),
)


def world(*more: Seat, seats: tuple[Seat, ...] = SEATS, allowed: Allowed | None = None) -> World:
    return World(HUB, (*seats, *more), allowed or (lambda _one, _other, _module: True))


def row(module: str, interface: Interface, method: str, path: str | None = None) -> Endpoint:
    return next(
        row
        for row in CORE
        if (row.module.name, row.interface, row.method) == (module, interface, method)
        and (path is None or row.path == path)
    )


LIST = row("locations", Interface.SENDER, "GET", "")
ONE = row("locations", Interface.SENDER, "GET", "{location_id}")
HELD = row("locations", Interface.RECEIVER, "GET")
PUT = row("locations", Interface.RECEIVER, "PUT")
PATCH = row("locations", Interface.RECEIVER, "PATCH")
WITHDRAWN = row("tariffs", Interface.RECEIVER, "DELETE")
CDR = row("cdrs", Interface.RECEIVER, "POST")
SESSION = row("sessions", Interface.RECEIVER, "PUT")
TOKEN = row("tokens", Interface.RECEIVER, "PUT")
AUTHORIZE = row("tokens", Interface.SENDER, "POST")
START = row("commands", Interface.RECEIVER, "POST", "START_SESSION")
PROFILE = row("chargingprofiles", Interface.RECEIVER, "PUT")
CREDENTIALS = row("credentials", None, "GET")  # type: ignore[arg-type]  # one URL for both sides
CLIENTS = row("hubclientinfo", Interface.SENDER, "GET")


def asked(
    endpoint: Endpoint,
    platform: str = "p-cpo",
    *,
    sender: PartyId | None = CPO,
    to: PartyId | None = MSP,
    found: PartyId | None = None,
    from_hub: bool = False,
) -> Asked:
    return Asked(platform, endpoint, Routing(to, sender), from_hub, (found,) if found else ())


@pytest.mark.parametrize("endpoint", [CREDENTIALS, CLIENTS])
def test_configuration_modules_are_the_hubs_own_whatever_the_headers_say(
    endpoint: Endpoint,
) -> None:
    decided = route(asked(endpoint, sender=OTHER_MSP), world())
    assert isinstance(decided, Local)
    assert decided.row is Row.CONFIGURATION


def test_a_sender_of_another_platform_is_refused() -> None:
    """CORE-HUB-23"""
    decided = route(asked(PUT, "p-msp", sender=CPO), world())
    assert isinstance(decided, Refuse)
    assert (decided.row, decided.code) == (Row.SENDER, 2001)


def test_a_platform_of_several_parties_must_name_the_sender() -> None:
    """CORE-HUB-24"""
    decided = route(asked(PUT, "p-many", sender=None), world())
    assert isinstance(decided, Refuse)
    assert (decided.row, decided.code) == (Row.SENDER, 2001)


def test_a_party_that_is_alone_on_its_platform_is_known_without_a_name() -> None:
    decided = route(asked(PUT, sender=None), world())
    assert isinstance(decided, Forward)
    assert decided.sender.party == CPO


@pytest.mark.parametrize("endpoint", [LIST, row("cdrs", Interface.SENDER, "GET", "")])
def test_a_list_asked_of_the_hub_is_a_list_of_all(endpoint: Endpoint) -> None:
    decided = route(asked(endpoint, "p-msp", sender=MSP, to=HUB), world())
    assert isinstance(decided, GetAll)
    assert decided.sender.party == MSP


@pytest.mark.parametrize("endpoint", [ONE, HELD])
def test_a_single_object_is_not_asked_of_the_hub(endpoint: Endpoint) -> None:
    decided = route(asked(endpoint, "p-msp", sender=MSP, to=HUB), world())
    assert isinstance(decided, Refuse)
    assert (decided.row, decided.code) == (Row.NOT_FROM_HUB, 4000)


@pytest.mark.parametrize("endpoint", [PUT, PATCH, WITHDRAWN, TOKEN])
def test_what_is_for_all_is_broadcast_when_the_hub_is_the_receiver(endpoint: Endpoint) -> None:
    """CORE-BCAST-17, GEN-HUB-03"""
    decided = route(asked(endpoint, to=PartyId("de", "hub")), world())
    assert isinstance(decided, Broadcast)
    assert decided.row is Row.BROADCAST


@pytest.mark.parametrize("endpoint", [CDR, SESSION, START, PROFILE])
def test_what_concerns_one_party_is_never_broadcast(endpoint: Endpoint) -> None:
    """CORE-BCAST-16, GEN-HUB-03"""
    decided = route(asked(endpoint, to=HUB), world())
    assert isinstance(decided, Refuse)
    assert (decided.row, decided.code) == (Row.PRIVATE, 4000)


def test_a_list_without_a_receiver_is_refused() -> None:
    """CORE-OPEN-05"""
    decided = route(asked(LIST, "p-msp", sender=MSP, to=None), world())
    assert isinstance(decided, Refuse)
    assert (decided.row, decided.code, decided.ask) == (Row.OPEN_LIST, 4001, False)


@pytest.mark.parametrize(("endpoint", "platform", "sender", "found"), [
    (CDR, "p-cpo", CPO, MSP),
    (START, "p-msp", MSP, CPO),
    (AUTHORIZE, "p-cpo", CPO, OTHER_MSP),
    (ONE, "p-msp", MSP, OTHER_CPO),
])  # fmt: skip
def test_open_routing_goes_to_the_party_that_was_found(
    endpoint: Endpoint, platform: str, sender: PartyId, found: PartyId
) -> None:
    """CORE-OPEN-02, CORE-OPEN-04"""
    call = asked(endpoint, platform, sender=sender, to=None, found=found)
    decided = route(call, world())
    assert isinstance(decided, Forward)
    assert (decided.row, decided.receiver.party) == (Row.OPEN, found)


def test_a_push_for_which_nobody_is_found_is_broadcast() -> None:
    """CORE-OPEN-06"""
    decided = route(asked(PUT, to=None), world())
    assert isinstance(decided, Broadcast)
    assert decided.row is Row.OPEN_NOT_FOUND


@pytest.mark.parametrize("endpoint", [ONE, START, CDR, AUTHORIZE])
def test_anything_else_for_which_nobody_is_found_is_refused(endpoint: Endpoint) -> None:
    """CORE-OPEN-07"""
    decided = route(asked(endpoint, to=None), world())
    assert isinstance(decided, Refuse)
    assert (decided.row, decided.code, decided.ask) == (Row.OPEN_NOT_FOUND, 4001, False)


def test_an_unknown_receiver_is_refused_and_hubs_further_on_may_be_asked() -> None:
    """CORE-HUB-11"""
    decided = route(asked(PUT, to=PartyId("XX", "XXX")), world())
    assert isinstance(decided, Refuse)
    assert (decided.row, decided.code, decided.ask) == (Row.UNKNOWN, 4001, True)


def test_a_receiver_without_agreement_is_as_unknown_as_one_that_is_not_there() -> None:
    closed = world(allowed=lambda one, other, _: not other.party.same(MSP))
    decided = route(asked(PUT), closed)
    absent = route(asked(PUT, to=PartyId("XX", "XXX")), closed)
    assert isinstance(decided, Refuse)
    assert isinstance(absent, Refuse)
    assert (decided.row, decided.code) == (absent.row, absent.code)
    assert decided.reason.replace("DE/MSP", "") == absent.reason.replace("XX/XXX", "")


@pytest.mark.parametrize("status", [Status.OFFLINE, Status.PLANNED, Status.SUSPENDED])
def test_a_receiver_that_is_not_connected_gets_nothing(status: Status) -> None:
    """CORE-HUB-13, CORE-HUB-14"""
    seats = (seat(CPO, Role.CPO, "p-cpo"), seat(MSP, Role.EMSP, "p-msp", status))
    decided = route(asked(PUT), world(seats=seats))
    assert isinstance(decided, Refuse)
    assert (decided.row, decided.code) == (Row.NOT_CONNECTED, 4003)


def test_a_receiver_without_the_endpoint_gets_nothing() -> None:
    """CORE-HUB-15"""
    seats = (seat(CPO, Role.CPO, "p-cpo"), seat(MSP, Role.EMSP, "p-msp", offers=frozenset()))
    decided = route(asked(PUT), world(seats=seats))
    assert isinstance(decided, Refuse)
    assert (decided.row, decided.code) == (Row.NO_ENDPOINT, 4000)


def test_a_receiver_whose_role_has_not_that_side_gets_nothing() -> None:
    decided = route(asked(PUT, to=OTHER_CPO), world())
    assert isinstance(decided, Refuse)
    assert (decided.row, decided.code) == (Row.NO_ENDPOINT, 4000)


def test_a_connected_receiver_gets_the_call() -> None:
    """CORE-HUB-02"""
    decided = route(asked(PUT, to=PartyId("de", "msp")), world())
    assert isinstance(decided, Forward)
    assert (decided.row, decided.receiver.platform) == (Row.FORWARD, "p-msp")


def test_module_and_side_decide_between_two_platforms_of_one_pair() -> None:
    """CORE-HUB-07"""
    twin = PartyId("NL", "AAA")
    here = world(seat(twin, Role.CPO, "p1"), seat(twin, Role.EMSP, "p2"))
    tokens = route(asked(TOKEN, "p-msp", sender=MSP, to=twin), here)
    locations = route(asked(PUT, to=twin), here)
    assert isinstance(tokens, Forward)
    assert isinstance(locations, Forward)
    assert (tokens.receiver.platform, locations.receiver.platform) == ("p1", "p2")


def test_parties_of_one_platform_reach_each_other() -> None:
    decided = route(asked(PUT, "p-many", sender=OTHER_CPO, to=OTHER_MSP), world())
    assert isinstance(decided, Forward)
    assert decided.receiver.platform == "p-many"


def test_a_direct_way_comes_before_one_behind_a_hub() -> None:
    far_first = world(seat(FAR, Role.EMSP, "p-far"))
    decided = route(asked(PUT, to=FAR), far_first)
    assert isinstance(decided, Forward)
    assert decided.receiver.platform == "p-far"


def test_a_party_behind_the_next_hub_is_reached_through_it() -> None:
    """CORE-HUB-08"""
    decided = route(asked(PUT, to=FAR), world())
    assert isinstance(decided, Forward)
    assert (decided.receiver.platform, decided.receiver.behind) == ("p-hub", FAR_HUB)


def test_a_call_is_never_sent_back_to_the_hub_that_it_came_from() -> None:
    """CORE-HUB-09"""
    call = asked(PUT, "p-hub", sender=PartyId("SE", "CPX"), to=FAR, from_hub=True)
    decided = route(call, world())
    assert isinstance(decided, Refuse)
    assert (decided.row, decided.code) == (Row.UNKNOWN, 4001)


def test_a_hub_speaks_for_the_parties_behind_it_but_not_for_ours() -> None:
    own = route(asked(PUT, "p-hub", sender=PartyId("SE", "CPX"), from_hub=True), world())
    ours = route(asked(PUT, "p-hub", sender=CPO, from_hub=True), world())
    assert isinstance(own, Forward)
    assert isinstance(ours, Refuse)
    assert (ours.row, ours.code) == (Row.SENDER, 4000)


def test_a_url_that_the_hub_gave_out_needs_no_endpoint() -> None:
    """CORE-HUB-20, CORE-HUB-21"""
    here = world(seats=(
        seat(CPO, Role.CPO, "p-cpo"), seat(MSP, Role.EMSP, "p-msp", offers=frozenset()),
        seat(MSP, Role.EMSP, "p-other"),
    ))  # fmt: skip
    result = row("commands", Interface.SENDER, "POST")
    call = Asked("p-cpo", result, Routing(MSP, CPO), way="p-msp")
    decided = route(call, here)
    assert isinstance(decided, Forward)
    assert decided.receiver.platform == "p-msp"
    gone = route(Asked("p-cpo", result, Routing(MSP, CPO), way="p-gone"), here)
    assert isinstance(gone, Refuse)
    assert (gone.row, gone.ask) == (Row.UNKNOWN, False)


def test_of_several_that_may_be_meant_the_only_possible_one_is() -> None:
    """CORE-OPEN-02, CORE-OPEN-07"""
    profile = Asked("p-msp", PROFILE, Routing(None, MSP), found=(CPO, OTHER_CPO))
    both = route(profile, world())
    assert isinstance(both, Refuse)
    assert (both.row, both.code) == (Row.OPEN_NOT_FOUND, 4001)
    one = route(profile, world(allowed=lambda _one, other, _: other.party.same(CPO)))
    assert isinstance(one, Forward)
    assert (one.row, one.receiver.party) == (Row.OPEN, CPO)


def test_a_connected_seat_without_the_endpoint_does_not_hide_one_that_is_away() -> None:
    """CORE-HUB-13, CORE-HUB-15"""
    seats = (
        seat(CPO, Role.CPO, "p-cpo"), seat(MSP, Role.EMSP, "p-old", offers=frozenset()),
        seat(MSP, Role.EMSP, "p-msp", Status.OFFLINE),
    )  # fmt: skip
    decided = route(asked(PUT), world(seats=seats))
    assert isinstance(decided, Refuse)
    assert (decided.row, decided.code) == (Row.NOT_CONNECTED, 4003)


def test_what_names_no_receiver_for_want_of_headers_is_the_hubs_own() -> None:
    """2.1.1: a list is one of all, what was given is read back, what is for all is broadcast."""

    def decided(platform: str, endpoint: Endpoint) -> object:
        return route(Asked(platform, endpoint, unrouted=True), world())

    assert isinstance(decided("p-msp", LIST), GetAll)
    assert isinstance(decided("p-cpo", HELD), Local)
    assert isinstance(decided("p-cpo", PUT), Broadcast)
    one = decided("p-msp", ONE)
    assert isinstance(one, Refuse)
    assert one.row is Row.OPEN_NOT_FOUND
