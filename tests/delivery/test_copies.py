"""To which parties a hub's copies go, read from the classes of a lane."""

import random

from voltroam.delivery.copies import Copies
from voltroam.delivery.sight import Sight
from voltroam.standard.parties import PartyId
from voltroam.store.interface import ObjectKey, ObjectRow
from voltroam.wire.call import Routing

HUB = PartyId("EU", "HUB")
OWNERS = ("NL/AAA", "NL/BBB", "NL/CCC")
PARTIES = ("DE/MSP", "DE/MSQ", "FR/NSP")


def row(owner: str) -> ObjectRow:
    return ObjectRow(ObjectKey("locations", owner, "L1"), "2.2.1", b"{}", 0, owner)


def test_classes_that_move_lead_to_the_same_parties_as_read_anew() -> None:
    chance = random.Random(3)
    marks = [f"{owner}>{one}" for owner in OWNERS for one in PARTIES]
    copies, names = Copies(HUB), set[str]()
    for _ in range(200):
        names ^= {chance.choice([*marks, *OWNERS]) for _ in range(chance.choice((1, 2)))}
        sight = Sight("p1", {"locations": frozenset(names)})
        for owner in OWNERS:
            expected = [
                Routing(PartyId(*one.split("/")), HUB)
                for one in PARTIES
                if f"{owner}>{one}" in names
            ]
            assert list(copies.due(sight, row(owner))) == expected
            assert list(Copies(HUB).due(sight, row(owner))) == expected
