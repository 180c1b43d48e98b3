"""A receiver that does not answer is left alone for a while."""

import pytest
from tests.roaming.company import Clock

from voltroam.roaming.hub.breaker import Breaker


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock.seconds, after=3, pause=2, longest=5, most=2)


def call(breaker: Breaker, *, answered: bool | None, to: str = "a") -> bool:
    """Whether the call was let through."""
    if breaker.enter(to) is not None:
        return False
    breaker.leave(to, answered)
    return True


def test_some_silence_stops_nothing(breaker: Breaker) -> None:
    assert [call(breaker, answered=ok) for ok in (False, False, True, False, False, True)] == (
        [True] * 6
    )


def test_after_silences_in_a_row_nothing_goes_for_a_while(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        call(breaker, answered=False)
    assert not call(breaker, answered=True)
    assert breaker.is_open("a")
    clock.forward(1.9)
    assert not call(breaker, answered=True)
    clock.forward(0.2)
    assert call(breaker, answered=True)
    assert call(breaker, answered=True)


def test_others_go_on(breaker: Breaker) -> None:
    for _ in range(5):
        call(breaker, answered=False)
    assert call(breaker, answered=True, to="b")


def test_each_silent_trial_doubles_the_pause_up_to_the_longest(
    breaker: Breaker, clock: Clock
) -> None:
    for _ in range(3):
        call(breaker, answered=False)
    pauses = []
    for _ in range(4):
        waited = 0.0
        while not call(breaker, answered=False):
            clock.forward(0.5)
            waited += 0.5
        pauses.append(waited)
    assert pauses == [2, 4, 5, 5]


def test_only_one_call_tries_whether_it_is_back(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        call(breaker, answered=False)
    clock.forward(3)
    assert breaker.enter("a") is None
    assert breaker.enter("a") is not None
    breaker.leave("a", None)
    assert breaker.enter("a") is None


def test_no_receiver_holds_more_than_its_share(breaker: Breaker) -> None:
    assert breaker.enter("a") is None
    assert breaker.enter("a") is None
    assert breaker.enter("a") is not None
    assert breaker.enter("b") is None
    breaker.leave("a", True)
    assert breaker.enter("a") is None
    assert breaker.under_way("a") == 2


def test_what_nobody_waited_for_says_nothing(breaker: Breaker) -> None:
    for _ in range(10):
        assert call(breaker, answered=None)
