"""Chargers of the world keep what is booked: for their driver, in time, and for nobody else."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace as changed
from tests.simulator import worlds
from tests.simulator.worlds import NOW, of

from voltroam.simulator.world.booked import OVERSTAY, Slot
from voltroam.simulator.world.faults import Fault, Luck
from voltroam.simulator.world.happenings import Begun, Came, Ended, ReservationOver
from voltroam.simulator.world.spots import Spot
from voltroam.simulator.world.world import World
from voltroam.standard.v2_2_1 import CommandResultType, Status

HOUR = timedelta(hours=1)
DRIVER, OTHER = worlds.drivers()[0], worlds.drivers()[1]


def first(world: World) -> Spot:
    return next(spot for spot in world.spots if spot.free)


def slot(spot: Spot, start: float = 2, **changes: Any) -> Slot:
    """One hour from `start` hours on, from 10 minutes before; 15 minutes to wait, 5 to stop."""
    begin = NOW + start * HOUR
    members: dict[str, Any] = {
        "id": f"B{start}", "operator": spot.operator, "location_id": spot.location_id,
        "evse_uid": spot.uid, "opens": begin - timedelta(minutes=10), "start": begin,
        "end": begin + HOUR, "waits": begin + timedelta(minutes=15),
        "leaves": begin + timedelta(minutes=65), "reference": "A1", "tokens": (DRIVER,),
    }  # fmt: skip
    return Slot(**members | changes)


def start(world: World, spot: Spot, token: Any, reference: str | None = None) -> Any:
    done = world.start(
        "O1", token, spot.operator, spot.location_id, evse_uid=spot.uid, reference=reference
    )
    return done.result


def told(spot: Spot) -> str:
    return spot.status.value


def test_a_charger_is_kept_for_its_driver_and_refuses_others() -> None:
    """RBK-025, RBK-034"""
    world = worlds.quiet()
    spot = first(world)
    world.book(slot(spot))
    world.step(NOW + 1.8 * HOUR)
    assert told(spot) == "AVAILABLE"
    world.step(NOW + 1.9 * HOUR)
    assert told(spot) == "RESERVED"
    assert start(world, spot, OTHER) is CommandResultType.EVSE_OCCUPIED
    assert start(world, spot, changed(OTHER, group_id="G")) is CommandResultType.EVSE_OCCUPIED
    assert start(world, spot, DRIVER) is CommandResultType.ACCEPTED
    found = world.step(NOW + 6 * HOUR)
    (begun,), (ended,) = of(found, Begun), of(found, Ended)
    assert begun.token is DRIVER
    assert ended.at <= NOW + timedelta(minutes=185), "with the time of a late stop"
    assert spot.status is Status.AVAILABLE
    assert world.booked == {}


@pytest.mark.parametrize(("by_group", "answer"), [
    (True, CommandResultType.ACCEPTED), (False, CommandResultType.EVSE_OCCUPIED),
])  # fmt: skip
def test_a_card_of_the_group_counts_where_the_terms_allow_it(
    by_group: bool, answer: CommandResultType
) -> None:
    """RBK-034"""
    world = worlds.quiet()
    spot = first(world)
    booked = changed(DRIVER, group_id="G")
    world.book(slot(spot, tokens=(booked,), by_group=by_group))
    world.step(NOW + 2 * HOUR)
    assert start(world, spot, changed(OTHER, group_id="G")) is answer


def test_who_starts_with_the_reference_of_the_booking_needs_no_booked_token() -> None:
    world = worlds.quiet()
    spot = first(world)
    world.book(slot(spot, tokens=()))
    world.step(NOW + 2 * HOUR)
    assert start(world, spot, OTHER, "A2") is CommandResultType.EVSE_OCCUPIED
    assert start(world, spot, OTHER, "A1") is CommandResultType.ACCEPTED


def test_a_driver_with_a_card_comes_by_himself() -> None:
    """RBK-046: with the reference of the booking."""
    world = worlds.quiet()
    spot = first(world)
    world.book(slot(spot, driver=DRIVER))
    (came,) = of(world.step(NOW + 2.2 * HOUR), Came)
    assert NOW + 1.8 * HOUR <= came.at <= NOW + 2.05 * HOUR
    world.admit(came.charge)
    (begun,) = of(world.step(NOW + 2.2 * HOUR), Begun)
    assert (begun.token, begun.reference) == (DRIVER, "A1")
    world.book(slot(spot, driver=DRIVER))
    assert world.booked == {}, "it is used: nothing is kept for it again"


def test_some_drivers_stay_beyond_their_slot_and_a_late_stop() -> None:
    """RBK-047: what the node tells and prices as RESERVATION_OVERTIME."""
    world = worlds.quiet()
    world = worlds.quiet({first(world).uid: Fault.OVERSTAYED})
    spot = first(world)
    world.book(slot(spot, driver=DRIVER))
    (came,) = of(world.step(NOW + 2.2 * HOUR), Came)
    world.admit(came.charge)
    (ended,) = of(world.step(NOW + 6 * HOUR), Ended)
    assert ended.at == NOW + timedelta(minutes=180 + 5) + OVERSTAY
    # who comes for the next slot does not wait for it
    world.book(slot(spot, 8))
    world.book(slot(spot, 9.1))
    world.step(NOW + 8 * HOUR)
    assert start(world, spot, DRIVER) is CommandResultType.ACCEPTED
    (ended,) = of(world.step(NOW + 9.5 * HOUR), Ended)
    assert ended.at == NOW + 9.1 * HOUR


def test_as_many_overstay_as_meet_faults() -> None:
    names = [f"B{number}" for number in range(1000)]
    assert not any(Luck().overstays("E1", name) for name in names)
    assert 150 < sum(Luck(0.2).overstays("E1", name) for name in names) < 250
    assert not any(Luck(1, {"E1": Fault.NONE}).overstays("e1", name) for name in names)


@pytest.mark.parametrize("fault", [Fault.NO_CABLE, Fault.SLOW])
def test_who_never_comes_or_comes_too_late_leaves_the_charger_to_others(fault: Fault) -> None:
    """RBK-026"""
    world = worlds.quiet()
    world = worlds.quiet({first(world).uid: fault})
    spot = first(world)
    world.book(slot(spot, driver=DRIVER))
    found = world.step(NOW + 4 * HOUR)
    (over,) = of(found, ReservationOver)
    assert (over.how, over.at) == ("expired", NOW + 2.25 * HOUR)
    assert of(found, Came) == []
    assert spot.status is Status.AVAILABLE


def test_a_car_that_stands_there_leaves_for_the_booking() -> None:
    world = worlds.quiet()
    spot = first(world)
    assert start(world, spot, OTHER) is CommandResultType.ACCEPTED
    world.step(NOW + timedelta(minutes=2))
    world.charges[spot.charge or ""].leaves = NOW + 9 * HOUR
    world.book(slot(spot, driver=DRIVER))
    found = world.step(NOW + 2.2 * HOUR)
    (ended,) = of(found, Ended)
    assert ended.at <= NOW + 2 * HOUR
    assert [came.token for came in of(found, Came)] == [DRIVER]


def test_a_charger_is_booked_once_at_a_time() -> None:
    world = worlds.quiet()
    spot = first(world)
    world.book(slot(spot))
    assert not world.can_book(slot(spot, 2.5))
    assert not world.can_book(slot(spot, 3.05)), "the time of a late stop is taken too"
    assert world.can_book(slot(spot, 3.2))
    assert world.can_book(slot(spot)), "the same booking once more"
    beside = world.find(spot.operator, spot.location_id)
    for number in range(len(beside) - 1):
        anywhere = slot(spot, 2.1, id=f"X{number}", evse_uid=None)
        assert world.can_book(anywhere)
        world.book(anywhere)
    assert not world.can_book(slot(spot, 2.1, id="Y", evse_uid=None))


def test_what_is_given_up_is_free_again() -> None:
    world = worlds.quiet()
    spot = first(world)
    world.book(slot(spot))
    world.step(NOW + 2 * HOUR)
    world.unbook("B2")
    assert spot.status is Status.AVAILABLE
    assert world.can_book(slot(spot, 2.1))
