"""Any order of answers, results, time-outs and restarts ends in a legal state."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.counts import times
from tests.roaming.company import NOW

from voltroam.roaming.commanding.command import (
    OPEN,
    Command,
    CommandState,
    Conflict,
    Gone,
    answered,
    doubted,
    lapsed,
    refused,
    resulted,
)
from voltroam.roaming.commanding.order import (
    FINAL,
    UNDER_WAY,
    OrderEntry,
    OrderState,
    decided,
    left_waiting,
    posted,
    postponed,
)
from voltroam.roaming.commanding.order import answered as order_answered
from voltroam.roaming.commanding.reservation import (
    Ending,
    Reservation,
    ReservationState,
    announced,
    ending,
    later,
    made,
    not_made,
    over,
)
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import (
    CommandResponse,
    CommandResponseType,
    CommandResult,
    CommandResultType,
    CommandType,
)
from voltroam.wire.times import to_micros

COUNT = times(400, full=20_000)
START = to_micros(NOW)
SECOND = 1_000_000
RESULTS = st.sampled_from(list(CommandResultType))
RESPONSES = st.sampled_from(list(CommandResponseType))
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["answer", "refuse", "doubt", "lapse", "result", "result", "restart"]),
        st.integers(0, 30),
        RESPONSES,
        RESULTS,
    ),
    max_size=12,
)
NEXT = {
    CommandState.SENDING: set(CommandState),
    CommandState.ANSWERED: {
        CommandState.ANSWERED, CommandState.RESULT, CommandState.TIMED_OUT, CommandState.LATE,
        CommandState.REFUSED,
    },
    CommandState.UNCERTAIN: {
        CommandState.UNCERTAIN, CommandState.ANSWERED, CommandState.REFUSED, CommandState.RESULT,
        CommandState.TIMED_OUT, CommandState.LATE,
    },
    CommandState.REFUSED: {CommandState.REFUSED, CommandState.CANCELED},
    CommandState.TIMED_OUT: {CommandState.TIMED_OUT, CommandState.LATE},
    CommandState.LATE: {CommandState.LATE, CommandState.CANCELED},
    CommandState.RESULT: {CommandState.RESULT, CommandState.CANCELED},
    CommandState.CANCELED: {CommandState.CANCELED},
}  # fmt: skip


def fresh(kind: CommandType) -> Command:
    return Command(
        id="C", command=kind, partner="P", platform="p", state=CommandState.SENDING, sent_at=NOW,
        as_party=PartyId("DE", "MSP"), expiry_date=NOW + timedelta(seconds=100),
        wait_until=NOW + timedelta(seconds=20),
    )  # fmt: skip


@pytest.mark.soak(f"{COUNT:,} courses")
@settings(max_examples=COUNT, derandomize=True, deadline=None)
@given(st.sampled_from([CommandType.START_SESSION, CommandType.RESERVE_NOW]), STEPS)
def test_a_command_always_ends_legally(
    kind: CommandType,
    steps: list[tuple[str, int, CommandResponseType, CommandResultType]],
) -> None:
    """CMD-RSP-08, CMD-RES-09"""
    command, now = fresh(kind), START
    for step, seconds, response, result in steps:
        now += seconds * SECOND
        before = command
        match step:
            case "answer":
                answer = CommandResponse(result=response, timeout=10)
                command = answered(command, answer, now, 3600)
            case "refuse":
                command = refused(command, now, "no", 2000)
            case "doubt":
                command = doubted(command, now, 60, "lost")
            case "lapse":
                command = lapsed(command, now, 60)
            case "result":
                told = CommandResult(result=result)
                try:
                    command = resulted(command, told, now)
                except (Conflict, Gone):
                    assert command.result is not None
                else:
                    assert resulted(command, told, now) == command
            case "restart":
                command = msgspec.json.decode(msgspec.json.encode(command), type=Command)
                assert command == before
        assert command.state in NEXT[before.state], (before.state, command.state)
        if before.result is not None:
            assert command.result == before.result
        if before.is_settled:
            assert command.is_settled
        assert (command.due is None) == command.is_settled
    for _ in range(3):
        now += 3601 * SECOND
        command = lapsed(command, now, 60)
    assert command.is_settled
    assert command.state not in OPEN
    if command.state is CommandState.CANCELED:
        assert kind is CommandType.RESERVE_NOW
        assert command.canceled is not None
        assert not command.succeeded


ORDER_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["answer", "wait", "decide", "time", "post", "postpone", "restart"]),
        st.integers(0, 30),
        RESPONSES,
        RESULTS,
        st.sampled_from([OrderState.SENT, OrderState.REFUSED, OrderState.UNCERTAIN]),
    ),
    max_size=14,
)


def entry() -> OrderEntry:
    return OrderEntry(
        id="O", command=CommandType.STOP_SESSION, platform="p", partner="P",
        asked_by=PartyId("DE", "MSP"), operator=PartyId("NL", "AAA"),
        state=OrderState.CONSIDERING, received_at=NOW, deadline=NOW + timedelta(seconds=20),
        body=msgspec.Raw(b'{"response_url":"https://x","session_id":"S"}'),
        response_url="https://x", check_at=NOW,
    )  # fmt: skip


@pytest.mark.soak(f"{COUNT:,} courses")
@settings(max_examples=COUNT, derandomize=True, deadline=None)
@given(ORDER_STEPS)
def test_an_order_is_answered_decided_and_posted_once(
    steps: list[tuple[str, int, CommandResponseType, CommandResultType, OrderState]],
) -> None:
    """CMD-RSP-04, CMD-RSP-05, CMD-RSP-07: whoever moves it to RESULT_SENDING posts."""
    order, now, posts = entry(), START, 0
    for step, seconds, response, result, state in steps:
        now += seconds * SECOND
        before = order
        match step:
            case "answer":
                answer = CommandResponse(result=response, timeout=30)
                order = order_answered(order, answer, now, code=1000, check_at=NOW)
            case "wait":
                order = left_waiting(order)
            case "decide" | "time":
                order = decided(
                    order, CommandResult(result=result), now, holder="h", check_at=NOW,
                    note=step == "decide",
                )  # fmt: skip
                posts += order.state is OrderState.RESULT_SENDING and order.state != before.state
            case "post":
                order = posted(order, state, None)
            case "postpone":
                order = postponed(order, now, 6)
            case "restart":
                order = msgspec.json.decode(msgspec.json.encode(order), type=OrderEntry)
                assert order == before
        if before.response is not None:
            assert order.response == before.response
        if before.result is not None:
            assert order.result == before.result
        if before.state in FINAL and before.state is not OrderState.UNCERTAIN:
            assert order.state is before.state
        assert (order.result is not None) == (
            order.state
            in {
                OrderState.RESULT_SENDING,
                OrderState.SENT,
                OrderState.REFUSED,
                OrderState.UNCERTAIN,
            }
        )
        if order.state is OrderState.TURNED_DOWN:
            assert order.result is None
        if order.state in UNDER_WAY:
            assert order.response is not None
            assert order.response.result is CommandResponseType.ACCEPTED
        assert (order.due is None) == (order.state in FINAL)
    assert posts <= 1


RESERVATION_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["made", "not made", "announce", "end", "over", "later"]),
        st.sampled_from(["O1", "O2"]),
        st.sampled_from(list(Ending)),
    ),
    max_size=12,
)
RANK = list(ReservationState)


@pytest.mark.soak(f"{COUNT:,} courses")
@settings(max_examples=COUNT, derandomize=True, deadline=None)
@given(RESERVATION_STEPS)
def test_a_reservation_never_comes_back(steps: list[tuple[str, str, Ending]]) -> None:
    """CMD-RES-02, CMD-RES-07"""
    held = Reservation(
        id="r", platform="p", party=PartyId("DE", "MSP"), reservation_id="R",
        charger_reservation=7, location_id="L", state=ReservationState.PENDING, order_id="O1",
        check_at=NOW,
    )  # fmt: skip
    for step, order, why in steps:
        before = held
        match step:
            case "made":
                held = made(held, order, NOW + timedelta(hours=1), START)
            case "not made":
                held = not_made(held, order)
            case "announce":
                held = announced(held, order, "S")
            case "end":
                held = ending(held, why, START)
            case "over":
                held = over(held, why)
            case "later":
                held = later(held, START, 5)
        assert RANK.index(held.state) >= RANK.index(before.state)
        assert held.charger_reservation == 7
        assert (held.due is None) == (held.state is ReservationState.OVER)
        if held.state in (ReservationState.ENDING, ReservationState.OVER):
            assert held.ending is not None
            assert before.ending in (None, held.ending)
        if held.state is ReservationState.LIVE:
            assert held.expires is not None
