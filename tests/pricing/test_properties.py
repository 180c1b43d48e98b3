"""What holds for every bill: sums, splitting, and more energy never costing less. CDR-PER-03"""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

import msgspec
import pytest
from tests.pricing.build import bill, component, element, tariff
from tests.pricing.chance import ZONES, a_start, a_tariff, periods, some_segments

from voltroam.pricing import Amount, Bill, price
from voltroam.pricing.components import TOTALS
from voltroam.standard.v2_3_0 import CdrDimension, ChargingPeriod, Tariff

SEEDS = range(1000, 1150)


class Pair:
    """A random tariff, a session, and the periods cut from it."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.zone, self.start = self.chance.choice(ZONES), a_start(self.chance)
        self.tariff = msgspec.convert(a_tariff(self.chance, self.start, self.zone), Tariff)
        self.segments, self.outcome = some_segments(self.chance)
        seconds = sum(segment.seconds for segment in self.segments)
        self.end = self.start + timedelta(seconds=seconds)
        self.periods = periods(self.tariff, self.start, self.segments, self.zone)

    def bill(self, given: list[ChargingPeriod]) -> Bill:
        return price(
            [self.tariff],
            given,
            start=self.start,
            end=self.end,
            zone=self.zone,
            reservation_outcome=self.outcome,
        )


def halves(one: ChargingPeriod, at: int, seconds: int) -> list[ChargingPeriod]:
    """Cut a period at a whole second; energy and hours in proportion."""
    timed = ("TIME", "PARKING_TIME", "RESERVATION_TIME")

    def share(dimension: CdrDimension, part: int) -> CdrDimension:
        if dimension.type in timed:
            return msgspec.structs.replace(dimension, volume=Decimal(part) / 3600)
        if dimension.type != "ENERGY":
            return dimension
        return msgspec.structs.replace(dimension, volume=dimension.volume * part / seconds)

    later = one.start_date_time + timedelta(seconds=at)
    return [
        msgspec.structs.replace(one, dimensions=[share(d, at) for d in one.dimensions]),
        msgspec.structs.replace(
            one,
            start_date_time=later,
            dimensions=[share(d, seconds - at) for d in one.dimensions],
        ),
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_lines_add_up_to_totals_and_totals_to_the_cost(seed: int) -> None:
    pair = Pair(seed)
    found = pair.bill(pair.periods)
    for dimension, name in TOTALS.items():
        costs = [line.cost.excl for line in found.lines if line.dimension is dimension]
        amount: Amount | None = getattr(found, name)
        assert (None if amount is None else amount.excl) == (sum(costs) if costs else None)
    if not found.bounds:
        parts = [getattr(found, name) for name in TOTALS.values()]
        net = sum((part.excl for part in parts if part is not None), Fraction(0))
        assert net == found.total_cost.excl


@pytest.mark.parametrize("seed", SEEDS)
def test_splitting_a_period_where_nothing_changes_changes_nothing(seed: int) -> None:
    pair = Pair(seed)
    index = pair.chance.randrange(len(pair.periods))
    one = pair.periods[index]
    following = [later.start_date_time for later in pair.periods[index + 1 :]]
    seconds = int(((following or [pair.end])[0] - one.start_date_time).total_seconds())
    if seconds < 2:
        index, seconds = 0, 0
    split = list(pair.periods)
    if seconds:
        split[index : index + 1] = halves(one, pair.chance.randrange(1, seconds), seconds)
    before, after = pair.bill(pair.periods), pair.bill(split)
    assert after.total_cost == before.total_cost
    for name in TOTALS.values():
        assert getattr(after, name) == getattr(before, name)


@pytest.mark.parametrize("seed", SEEDS)
def test_more_energy_at_the_end_never_costs_less(seed: int) -> None:
    pair = Pair(seed)
    last = pair.periods[-1]
    more = [
        msgspec.structs.replace(one, volume=one.volume + Decimal("0.7"))
        if one.type == "ENERGY"
        else one
        for one in last.dimensions
    ]
    richer = [*pair.periods[:-1], msgspec.structs.replace(last, dimensions=more)]
    before, after = pair.bill(pair.periods).total_cost, pair.bill(richer).total_cost
    assert after.excl >= before.excl


def test_every_line_has_a_reason_that_names_its_rounding() -> None:
    """A sentence for a person: what, why, since when, and what rounding added."""
    park = tariff(element(component("P", "6", 300), start_time="09:00"))
    (line,) = bill(park, (42, {"P": None})).lines
    assert line.why == (
        "6.00 EUR per hour of parking: element 1 of tariff T is the first with PARKING_TIME that"
        " applies at Wed 2026-06-03 10:00:00 (09:00 to 24:00); 3 min more than measured: the last"
        " of the dimension is rounded up to steps of 5 min."
    )
    assert (line.quantity, line.billed_quantity) == (Fraction(42, 60), Fraction(45, 60))
