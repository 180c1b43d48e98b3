"""Whose trouble an answer is, decided from the error alone."""

import random

import pytest

from voltroam.delivery.knobs import Knobs
from voltroam.delivery.outcome import Fault, delay, judge
from voltroam.delivery.pulse import Pulse
from voltroam.standard.errors import ForbiddenUrl, PartnerError, Refused, Unreachable, Unusable


@pytest.mark.parametrize(
    ("error", "fault", "certain"),
    [
        (Unreachable("x"), Fault.UNREACHABLE, False),
        (Unreachable("x", sent=False), Fault.UNREACHABLE, True),
        (Unusable("x"), Fault.SERVER, False),
        (ForbiddenUrl("x"), Fault.STOPPED, True),
        (Refused("x", http=200, code=2001), Fault.OBJECT, True),
        (Refused("x", http=200, code=2999), Fault.OBJECT, True),
        (Refused("x", http=400, code=2000), Fault.OBJECT, True),
        (Refused("x", http=404), Fault.OBJECT, True),
        (Refused("x", http=405), Fault.OBJECT, True),
        (Refused("x", http=401, code=2000), Fault.STOPPED, True),
        (Refused("x", http=403), Fault.STOPPED, True),
        (Refused("x", http=429), Fault.BUSY, True),
        (Refused("x", http=408), Fault.SERVER, False),
        (Refused("x", http=500), Fault.SERVER, False),
        (Refused("x", http=503, code=3000), Fault.SERVER, False),
        (Refused("x", http=200, code=3001), Fault.SERVER, True),
        (Refused("x", http=200, code=4001), Fault.ROUTE, True),
        (Refused("x", http=302), Fault.SERVER, True),
    ],
)
def test_each_answer_has_one_meaning(error: PartnerError, fault: Fault, certain: bool) -> None:
    """CORE-OFF-04"""
    verdict = judge(error)
    assert (verdict.fault, verdict.certain) == (fault, certain)


@pytest.mark.parametrize("error", [Refused("x", http=404), Refused("x", http=200, code=2003)])
def test_unknown_is_heard(error: Refused) -> None:
    """CORE-MUT-08, TAR-DEL-01"""
    assert judge(error).unknown
    assert not judge(Refused("x", http=200, code=2001)).unknown


def test_delays_double_are_bounded_and_differ() -> None:
    """CORE-OFF-03"""
    knobs, chance = Knobs(backoff_first=1.0, backoff_limit=60.0), random.Random(7)
    firsts = [delay(1, knobs, chance) for _ in range(20)]
    assert len(set(firsts)) == 20
    assert all(0.75 <= seconds <= 1.0 for seconds in firsts)
    assert 3.0 <= delay(3, knobs, chance) <= 4.0
    assert delay(500, knobs, chance) <= 60.0


def test_faults_of_one_moment_are_one_failure() -> None:
    """CORE-OFF-03: eight requests in flight when the line broke do not mean 2**8 seconds."""
    clock = [100.0]
    pulse = Pulse(Knobs(), random.Random(1), lambda: clock[0])
    turn = pulse.round
    for _ in range(8):
        pulse.failed(judge(Unreachable("x")), turn)
    assert (pulse.failures, pulse.unreachable) == (1, 1)
    assert not pulse.may_send(0)
    clock[0] += 1.0
    assert pulse.may_send(0)
    assert not pulse.may_send(1)
    pulse.arrived()
    assert pulse.may_send(5)
