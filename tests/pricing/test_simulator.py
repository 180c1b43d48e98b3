"""The engine and a naive second-by-second reading agree on random tariffs and sessions.

CDR-PER-01, CDR-STEP-01/02/03/04, TAR-OBJ-01/02/03/06/07, TAR-RES-01..11, TAR-RSV-03/04/05/06
"""

from datetime import timedelta
from fractions import Fraction
from random import Random

import msgspec
import pytest
from tests.counts import times
from tests.pricing.chance import (
    ZONES,
    a_span,
    a_start,
    a_tariff,
    periods,
    some_segments,
    steps_up,
)
from tests.pricing.simulator import simulate

from voltroam.pricing import Bill, price
from voltroam.pricing.components import TOTALS
from voltroam.standard.v2_3_0 import Tariff

PAIRS = times(1_000, full=100_000)
QUARTERS = 4


def disagreement(seed: int) -> str | None:
    """What differs for one random pair, None if nothing does."""
    chance = Random(seed)
    zone, start = chance.choice(ZONES), a_start(chance)
    span = a_span(chance)
    plain = a_tariff(chance, start, zone, span)
    segments, outcome = some_segments(chance, span)
    tariff = msgspec.convert(plain, Tariff)
    end = start + timedelta(seconds=sum(segment.seconds for segment in segments))
    cut = periods(tariff, start, segments, zone)
    bill = price([tariff], cut, start=start, end=end, zone=zone, reservation_outcome=outcome)
    told = simulate(steps_up(plain), start, segments, zone, outcome)
    if (bill.total_cost.excl, bill.total_cost.incl) != told.total:
        return f"total {bill.total_cost} against {told.total}"
    return next((fault for fault in _parts(bill, told.net) if fault), None)


def _parts(bill: Bill, net: dict[str, Fraction]) -> list[str | None]:
    found: list[str | None] = []
    for dimension, name in TOTALS.items():
        amount = getattr(bill, name)
        mine = None if amount is None else amount.excl
        if mine != net.get(dimension):
            found.append(f"{name} {mine} against {net.get(dimension)}")
    return found


@pytest.mark.soak("100,000 random tariffs and sessions against the second-by-second simulator")
@pytest.mark.parametrize("quarter", range(QUARTERS))
def test_engine_and_simulator_agree(quarter: int) -> None:
    size = PAIRS // QUARTERS
    faults = {
        seed: fault
        for seed in range(quarter * size, (quarter + 1) * size)
        if (fault := disagreement(seed)) is not None
    }
    assert faults == {}
