"""Who sees what through a hub, worked out from what was known before."""

import random
from collections.abc import Sequence

from tests.delivery.fakes import TABLE
from tests.delivery.hub_node import party

from voltroam.roaming.hub.agreements import Agreements
from voltroam.roaming.hub.seats import Seat, World
from voltroam.roaming.hub.sharing import Sharing
from voltroam.roaming.platforms import Platform, Status
from voltroam.standard.endpoints import LOCATION, TOKEN
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role

HUB = PartyId("EU", "HUB")
FAR = party("far", (Role.HUB, "SE/HUB"))
ROLES = (Role.CPO, Role.EMSP, Role.NSP, Role.OTHER)
AGREEMENTS = Agreements((), "open", 0)
"""One and the same: what was worked out under others counts no more."""


def seat(name: str, role: Role, platform: str, status: Status = Status.CONNECTED) -> Seat:
    return Seat(PartyId("NL", name), role, platform, status, frozenset())


def sharing(
    seats: Sequence[Seat], before: Sharing | None = None, hubs: Sequence[Platform] = ()
) -> Sharing:
    return Sharing(World(HUB, seats, AGREEMENTS.allowed), hubs, TABLE, before)


def test_what_is_worked_out_from_before_is_what_it_would_be_anew() -> None:
    """Parties and another hub come, go, are suspended and move; not all is asked for between."""
    chance = random.Random(7)
    names = [f"P{n:02}" for n in range(12)]
    platforms = [f"p{n}" for n in range(6)] + [FAR.id]
    seats: dict[tuple[str, Role], Seat] = {}
    known: Sharing | None = None
    compared = 0
    for _ in range(120):
        for _ in range(chance.choice((1, 1, 3))):
            at = (chance.choice(names), chance.choice(ROLES))
            status = chance.choice((Status.CONNECTED, Status.CONNECTED, Status.SUSPENDED))
            if seats.pop(at, None) is None or chance.random() < 0.4:
                seats[at] = seat(*at, chance.choice(platforms), status)
        hubs = [FAR] if chance.random() < 0.8 else []
        known = sharing(tuple(seats.values()), known, hubs)
        fresh = sharing(tuple(seats.values()), None, hubs)
        for platform in platforms:
            for resource in TABLE.resources.values():
                if chance.random() < 0.6:
                    asked = known.receivers(platform, resource)
                    assert asked == fresh.receivers(platform, resource)
                    compared += bool(asked)
    assert compared > 1000


def test_who_does_not_deal_with_a_party_that_joins_sees_what_it_saw() -> None:
    """So nothing is worked out for its lane."""
    seats = [seat("CPO", Role.CPO, "cpo"), seat("MSP", Role.EMSP, "msp")]
    before = sharing(seats)
    seen = before.receivers("msp", LOCATION), before.receivers("cpo", TOKEN)
    after = sharing([*seats, seat("MSQ", Role.EMSP, "msq")], before)
    assert after.receivers("msp", LOCATION) is seen[0]
    assert after.receivers("cpo", TOKEN).keys() == {"NL/MSP", "NL/MSQ"}


def test_other_agreements_are_asked_anew() -> None:
    seats = [seat("CPO", Role.CPO, "cpo"), seat("MSP", Role.EMSP, "msp")]
    before = sharing(seats)
    assert before.receivers("msp", LOCATION)
    closed = Sharing(World(HUB, seats, Agreements((), "closed", 0).allowed), (), TABLE, before)
    assert not closed.receivers("msp", LOCATION)
