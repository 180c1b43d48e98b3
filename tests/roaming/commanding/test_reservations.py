"""Reservations at our chargers: made, replaced, used, cancelled, expired."""

import asyncio
from typing import Any

import pytest
from tests.roaming import objects
from tests.roaming.commanding.scene import (
    ABLE,
    Scene,
    cancel,
    eventually,
    later,
    nothing,
    reserve,
    start,
    until,
)
from tests.roaming.company import Pair, meet, role
from tests.roaming.conftest import Found

from voltroam.roaming.host import Order, Outcome
from voltroam.standard.errors import NotFound
from voltroam.standard.v2_2_1 import CommandResultType, Role


async def made(scene: Scene, **changes: Any) -> Order:
    """A reservation that the charger took."""
    before = len(scene.cpo.told.reserved)
    answer = await scene.ask("RESERVE_NOW", reserve(**changes))
    assert answer.data["result"] == "ACCEPTED", answer
    await until(lambda: len(scene.cpo.told.reserved) > before)
    await scene.settled("REFUSED")  # the stub's URL is no command of the eMSP
    return scene.cpo.told.reserved[-1]


async def second(scene: Scene, found: Found) -> Pair:
    """Another eMSP."""
    return await meet(scene.cpo.company, await found("second.example", role("FR/SEC", Role.EMSP)))


def theirs(**changes: Any) -> dict[str, Any]:
    token = objects.token(country_code="FR", party_id="SEC")
    return reserve(token=token, response_url="https://second.example/x", **changes)


async def refuse(_order: Order) -> Outcome:
    return Outcome(result=CommandResultType.REJECTED)


async def gone(scene: Scene, number: int) -> bool:
    try:
        await scene.cpo.orders.reservation(number)
    except NotFound:
        return True
    return False


async def test_a_reservation_begins_a_session(scene: Scene) -> None:
    """CMD-RES-01, CMD-RES-05"""
    order = await made(scene)
    assert order.charger_reservation is not None
    held = await scene.cpo.orders.reservation(order.charger_reservation)
    assert (held.state, held.session_id, held.reservation_id) == ("LIVE", "S-RES", "R1")


async def test_the_charger_gets_a_number_of_ours(scene: Scene) -> None:
    """CMD-RES-03: it fits 31 bits."""
    order = await made(scene)
    assert order.charger_reservation is not None
    assert 0 < order.charger_reservation < 2**31


async def test_equal_ids_of_two_emsps_are_two_reservations(scene: Scene, found: Found) -> None:
    """CMD-RES-03, CMD-CAN-01"""
    pair = await second(scene, found)
    ours = await made(scene)
    await pair.ask("POST", "receiver/commands/RESERVE_NOW", theirs())
    await until(lambda: len(scene.cpo.told.reserved) == 2)
    other = scene.cpo.told.reserved[1]
    assert other.charger_reservation != ours.charger_reservation
    body = cancel(response_url="https://second.example/x")
    answer = await pair.ask("POST", "receiver/commands/CANCEL_RESERVATION", body)
    assert answer.data["result"] == "ACCEPTED"
    await until(lambda: len(scene.cpo.told.over) == 1)
    [(order, why)] = scene.cpo.told.over
    assert (order.id, why) == (other.id, "CANCELED")
    assert ours.charger_reservation is not None
    assert (await scene.cpo.orders.reservation(ours.charger_reservation)).state == "LIVE"
    again = await pair.ask("POST", "receiver/commands/CANCEL_RESERVATION", body)
    assert again.data["result"] == "REJECTED"


async def test_the_same_id_replaces(scene: Scene) -> None:
    """CMD-RES-02: one remains, with the later expiry."""
    first = await made(scene)
    then = await made(scene, reservation_id="r1", expiry_date=later(7200))
    assert then.charger_reservation == first.charger_reservation
    assert then.id != first.id
    scene.forward(3700)
    await scene.cpo.orders.look()
    assert scene.cpo.told.over == []
    scene.forward(3600)
    await scene.cpo.orders.look()
    assert [(order.id, why) for order, why in scene.cpo.told.over] == [(then.id, "EXPIRED")]


async def test_a_refused_replacement_leaves_the_first(scene: Scene) -> None:
    """CMD-RES-02"""
    first = await made(scene)
    scene.cpo.host.doing = refuse
    await scene.ask("RESERVE_NOW", reserve(expiry_date=later(60)))
    await until(lambda: len(scene.results()) == 2)
    assert first.charger_reservation is not None
    held = await scene.cpo.orders.reservation(first.charger_reservation)
    assert (held.state, held.order_id) == ("LIVE", first.id)


async def test_an_id_in_use_at_another_location_is_rejected(scene: Scene) -> None:
    """CMD-RES-02: cancelling it must stay unambiguous."""
    other = objects.location(id="LOC2", evses=[objects.evse(capabilities=ABLE)])
    await scene.cpo.company.import_("locations", other)
    first = await made(scene)
    answer = await scene.ask("RESERVE_NOW", reserve(location_id="LOC2"))
    assert answer.data["result"] == "REJECTED"
    assert len(scene.cpo.host.orders) == 1
    await scene.cpo.orders.cancel_reservation(first.id)
    assert (await made(scene, location_id="LOC2")).charger_reservation != first.charger_reservation


async def test_a_replacement_is_for_the_same_token(scene: Scene) -> None:
    """CMD-RES-02: the reservation has a session, and that has a driver."""
    await made(scene)
    answer = await scene.ask("RESERVE_NOW", reserve(token=objects.token(uid="OTHER")))
    assert answer.data["result"] == "REJECTED"
    assert len(scene.cpo.host.orders) == 1


async def test_a_reservation_whose_session_cannot_be_opened_ends_all_the_same(
    scene: Scene,
) -> None:
    """CMD-RES-07"""
    scene.cpo.told.fault = RuntimeError("never")
    await scene.ask("RESERVE_NOW", reserve())
    await scene.settled("REFUSED")
    scene.forward(3700)
    scene.cpo.told.fault = None
    await scene.cpo.orders.look()
    assert scene.cpo.told.reserved == []
    assert [why for _, why in scene.cpo.told.over] == ["EXPIRED"]


async def test_a_reservation_that_the_charger_refused_is_none(scene: Scene) -> None:
    """CMD-RES-01, CMD-CAN-01"""
    scene.cpo.host.doing = refuse
    await scene.ask("RESERVE_NOW", reserve())
    await scene.one_result()
    assert scene.cpo.told.reserved == []
    answer = await scene.ask("CANCEL_RESERVATION", cancel())
    assert answer.data["result"] == "REJECTED"
    number = scene.cpo.host.orders[0].charger_reservation
    assert number is not None
    assert await gone(scene, number)


@pytest.mark.parametrize("answer", ["turned down", "never reported"])
async def test_a_reservation_that_never_came_about_is_given_up(scene: Scene, answer: str) -> None:
    if answer == "turned down":

        async def broken(_order: Order) -> None:
            raise RuntimeError

        scene.cpo.host.consideration = broken
    scene.cpo.host.doing = nothing
    await scene.ask("RESERVE_NOW", reserve())
    await scene.settled("TURNED_DOWN" if answer == "turned down" else "WAITING")
    number = scene.cpo.host.considered[0].charger_reservation
    assert number is not None
    scene.forward(120)
    await scene.cpo.orders.look()
    await eventually(lambda: gone(scene, number), bool)
    assert (scene.cpo.told.reserved, scene.cpo.told.over) == ([], [])


async def test_a_reservation_lapses_at_its_expiry(scene: Scene) -> None:
    """CMD-RES-07"""
    order = await made(scene)
    scene.forward(3500)
    await scene.cpo.orders.look()
    assert scene.cpo.told.over == []
    scene.forward(100)
    await scene.cpo.orders.look()
    await scene.cpo.orders.look()
    assert [(over.id, why) for over, why in scene.cpo.told.over] == [(order.id, "EXPIRED")]
    assert scene.cpo.told.over[0][0].session_id == "S-RES"
    assert order.charger_reservation is not None
    assert await gone(scene, order.charger_reservation)


async def test_what_could_not_be_told_is_told_later(scene: Scene) -> None:
    """CMD-RES-01, CMD-RES-07: also over a restart, for it stands in the database."""
    scene.cpo.told.fault = RuntimeError("no database")
    await scene.ask("RESERVE_NOW", reserve())
    await scene.settled("REFUSED")
    other = scene.cpo.sibling()
    scene.forward(6)
    await other.orders.look()
    assert len(other.told.reserved) == 1
    scene.forward(3700)
    await scene.cpo.orders.look()
    assert scene.cpo.told.over == []
    scene.forward(6)
    await other.orders.look()
    assert [why for _, why in other.told.over] == ["EXPIRED"]
    await other.close()


async def test_a_start_with_the_same_token_goes_on_with_the_session(scene: Scene) -> None:
    """CMD-RES-01: the reservation is used, not expired."""
    order = await made(scene)
    await scene.ask("START_SESSION", start(evse_uid="E1"))
    await until(lambda: len(scene.cpo.host.orders) == 2)
    begun = scene.cpo.host.orders[1]
    assert (begun.session_id, begun.charger_reservation) == ("S-RES", order.charger_reservation)
    assert order.charger_reservation is not None
    await scene.cpo.orders.reservation_used(order.charger_reservation)
    scene.forward(7200)
    await scene.cpo.orders.look()
    assert scene.cpo.told.over == []
    assert await gone(scene, order.charger_reservation)


@pytest.mark.parametrize(
    ("status", "goes_on"), [("RESERVATION", True), ("ACTIVE", False), ("COMPLETED", False)]
)
async def test_a_reservation_whose_driver_came_is_not_started_from_again(
    scene: Scene, status: str, goes_on: bool
) -> None:
    """CMD-RES-01: a second charge within the time of the first reservation is a session of its own,
    though no host said that the reservation was used."""
    await made(scene)
    held = objects.session(id="S-RES", status=status)
    await scene.cpo.company.import_("sessions", held)
    await scene.ask("START_SESSION", start(evse_uid="E1"))
    await until(lambda: len(scene.cpo.host.orders) == 2)
    begun = scene.cpo.host.orders[1]
    assert begun.session_id == ("S-RES" if goes_on else None)
    assert (begun.charger_reservation is not None) is goes_on


@pytest.mark.parametrize("body", [start(token=objects.token(uid="OTHER")), start(evse_uid="E2")])
async def test_another_start_has_nothing_to_do_with_it(scene: Scene, body: Any) -> None:
    await made(scene)
    await scene.ask("START_SESSION", body)
    await until(lambda: len(scene.cpo.host.orders) == 2)
    begun = scene.cpo.host.orders[1]
    assert (begun.session_id, begun.charger_reservation) == (None, None)


async def test_the_operator_takes_a_reservation_back(scene: Scene) -> None:
    """CMD-RES-08: a second POST on the same URL, long after the first."""
    order = await made(scene)
    scene.forward(1800)
    assert order.charger_reservation is not None
    held = await scene.cpo.orders.cancel_reservation(order.charger_reservation, "Road works")
    assert (held.state, held.ending) == ("OVER", "CANCELED_BY_OPERATOR")
    texts = [{"language": "en", "text": "Road works"}]
    assert scene.results() == [
        {"result": "ACCEPTED"},
        {"result": "CANCELED_RESERVATION", "message": texts},
    ]
    posts = scene.cpo.company.network.sent("POST", "sender/commands")
    assert posts[0].url == posts[1].url
    assert [why for _, why in scene.cpo.told.over] == ["CANCELED_BY_OPERATOR"]
    with pytest.raises(NotFound):
        await scene.cpo.orders.cancel_reservation(order.charger_reservation)
    assert len(scene.results()) == 2


async def test_only_one_of_two_operators_takes_it_back(scene: Scene) -> None:
    order = await made(scene)
    other = scene.cpo.sibling()
    done = await asyncio.gather(
        *(orders.cancel_reservation(order.id) for orders in (scene.cpo.orders, other.orders)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in done) == ["NotFound", "Reservation"]
    assert len(scene.results()) == 2
    await other.close()


@pytest.mark.parametrize("name", [123456, "no-order"])
async def test_what_there_is_not_cannot_be_taken_back(scene: Scene, name: int | str) -> None:
    with pytest.raises(NotFound):
        await scene.cpo.orders.cancel_reservation(name)
    with pytest.raises(NotFound):
        await scene.cpo.orders.reservation_used(name)


async def test_one_that_the_charger_has_not_confirmed_cannot_be_taken_back(scene: Scene) -> None:
    scene.cpo.host.doing = nothing
    await scene.ask("RESERVE_NOW", reserve())
    entry = await scene.settled("WAITING")
    with pytest.raises(NotFound):
        await scene.cpo.orders.cancel_reservation(entry.id)
    await scene.cpo.orders.report(entry.id, Outcome(result=CommandResultType.ACCEPTED))
    await until(lambda: len(scene.cpo.told.reserved) == 1)


async def test_a_cancelled_reservation_ends_its_session(scene: Scene) -> None:
    """CMD-CAN-01, CMD-CAN-02: who bills is told how it ended."""
    order = await made(scene)
    answer = await scene.ask("CANCEL_RESERVATION", cancel())
    assert answer.data["result"] == "ACCEPTED"
    await until(lambda: len(scene.cpo.told.over) == 1)
    given = scene.cpo.host.orders[1]
    assert given.charger_reservation == order.charger_reservation
    assert given.session_id == "S-RES"
    assert [(over.id, why) for over, why in scene.cpo.told.over] == [(order.id, "CANCELED")]


async def test_a_cancellation_that_the_charger_refuses_changes_nothing(scene: Scene) -> None:
    order = await made(scene)
    scene.cpo.host.doing = refuse
    await scene.ask("CANCEL_RESERVATION", cancel())
    await until(lambda: len(scene.results()) == 2)
    assert order.charger_reservation is not None
    assert (await scene.cpo.orders.reservation(order.charger_reservation)).state == "LIVE"


async def test_numbers_never_come_again(scene: Scene) -> None:
    """CMD-RES-03"""
    numbers = set()
    for index in range(5):
        order = await made(scene, reservation_id=f"R{index}")
        numbers.add(order.charger_reservation)
        await scene.cpo.orders.cancel_reservation(order.id)
    assert len(numbers) == 5


async def test_reservations_at_once_get_numbers_of_their_own(scene: Scene) -> None:
    """CMD-RES-03"""
    await asyncio.gather(
        *(scene.ask("RESERVE_NOW", reserve(reservation_id=f"R{index}")) for index in range(8))
    )
    await until(lambda: len(scene.cpo.host.orders) == 8)
    assert len({order.charger_reservation for order in scene.cpo.host.orders}) == 8


async def test_the_emsp_hears_of_it_at_its_own_url(scene: Scene) -> None:
    """CMD-RES-08, CMD-RES-09: both sides together."""
    from datetime import timedelta

    from tests.roaming.company import NOW

    from voltroam.standard.v2_2_1 import TokenType

    sent = await scene.emsp.commands.reserve_now(
        "cpo.example", token=("012345678", TokenType.RFID), location_id="LOC1", evse_uid="E1",
        expiry_date=NOW + timedelta(hours=1),
    )  # fmt: skip
    assert (await scene.emsp.commands.await_result(sent.id, 5)).succeeded
    entry = await scene.settled("SENT")
    await until(lambda: len(scene.cpo.told.reserved) == 1)
    held = await scene.cpo.orders.cancel_reservation(entry.id, "Defect")
    assert held.notice == "SENT"
    told = await scene.emsp.commands.get(sent.id)
    assert told is not None
    assert told.state == "CANCELED"
    assert told.canceled is not None
    assert told.canceled.message is not None
    assert told.canceled.message[0].text == "Defect"
