"""Periods in which the price changes midway: the sender should have cut there (§mod_cdrs)."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from voltroam.pricing.boundaries import boundaries, kwh_bounds
from voltroam.pricing.components import Component
from voltroam.pricing.decimals import QUOTIENT, ZERO, instant
from voltroam.pricing.plan import Plan
from voltroam.pricing.policy import Policy
from voltroam.standard.v2_3_0 import (
    CdrDimension,
    CdrDimensionType,
    ChargingPeriod,
    Tariff,
    TariffDimensionType,
)

QUANTITIES = {
    CdrDimensionType.ENERGY: TariffDimensionType.ENERGY,
    CdrDimensionType.TIME: TariffDimensionType.TIME,
    CdrDimensionType.PARKING_TIME: TariffDimensionType.PARKING_TIME,
    CdrDimensionType.RESERVATION_TIME: TariffDimensionType.TIME,
}
_PLACES = Decimal(1).scaleb(-12)


class Straddle(msgspec.Struct, frozen=True):
    """Inside this period another component comes into force for a dimension.

    `element` and `then` are indexes in the tariff, None where the dimension is free.
    """

    period: int
    at: datetime
    dimension: TariffDimensionType
    element: int | None
    then: int | None


class _Piece(msgspec.Struct):
    origin: int
    period: ChargingPeriod


def straddles(
    tariffs: Sequence[Tariff],
    periods: Sequence[ChargingPeriod],
    *,
    end: datetime,
    zone: str | ZoneInfo,
    policy: Policy | None = None,
    reservation_outcome: str | None = None,
) -> tuple[Straddle, ...]:
    """The first change of each dimension inside each period; energy is taken to flow evenly."""
    end = instant(end, "$.end_date_time")
    plan = Plan(tariffs, zone, policy or Policy())
    plan.price(
        periods, end=end, reservation_outcome=reservation_outcome
    )  # so that a fault is told by its place in what was given
    pieces = list(_cut(tariffs, periods, end, zone))
    if len(pieces) == len(periods):
        return ()
    bill = plan.price(
        [piece.period for piece in pieces], end=end, reservation_outcome=reservation_outcome
    )
    # charging comes before what a booking costs beside it
    picked = {(line.period, line.type): line.component for line in reversed(bill.lines)}
    return tuple(_changes(pieces, picked))


def _changes(
    pieces: Sequence[_Piece], picked: dict[tuple[int, TariffDimensionType], Component]
) -> Iterator[Straddle]:
    first: dict[tuple[int, TariffDimensionType], Component | None] = {}
    told: set[tuple[int, TariffDimensionType]] = set()
    for number, piece in enumerate(pieces):
        for dimension in piece.period.dimensions:
            kind = QUANTITIES.get(dimension.type)
            if kind is None or not dimension.volume:
                continue
            key = (piece.origin, kind)
            now = picked.get((number, kind))
            before = first.setdefault(key, now)
            if now is not before and key not in told:
                told.add(key)
                yield Straddle(
                    period=piece.origin,
                    at=piece.period.start_date_time,
                    dimension=kind,
                    element=None if before is None else before.element,
                    then=None if now is None else now.element,
                )


def _cut(
    tariffs: Sequence[Tariff],
    periods: Sequence[ChargingPeriod],
    end: datetime,
    zone: str | ZoneInfo,
) -> Iterator[_Piece]:
    bounds, kwh = kwh_bounds(tariffs), ZERO
    charging_from = next((one.start_date_time for one in periods if not _reserving(one)), None)
    cuts: Sequence[datetime] = ()
    if periods:
        start = periods[0].start_date_time
        cuts = boundaries(tariffs, start, end, zone, charging_from=charging_from)
    for index, period in enumerate(periods):
        start = period.start_date_time
        until = periods[index + 1].start_date_time if index + 1 < len(periods) else end
        energy = _volume(period, CdrDimensionType.ENERGY)
        inside = list(cuts[bisect_right(cuts, start) : bisect_left(cuts, until)])
        inside += _crossings(start, until, kwh, energy, bounds)
        kwh += energy
        edges = [start, *sorted(set(inside)), until]
        for begin, finish in pairwise(edges):
            yield _Piece(index, _share(period, begin, finish, until - start))


def _reserving(period: ChargingPeriod) -> bool:
    return all(
        dimension.type == CdrDimensionType.RESERVATION_TIME or not dimension.volume
        for dimension in period.dimensions
    )


def _volume(period: ChargingPeriod, kind: CdrDimensionType) -> Decimal:
    return sum((Decimal(one.volume) for one in period.dimensions if one.type == kind), ZERO)


def _crossings(
    start: datetime, until: datetime, kwh: Decimal, energy: Decimal, bounds: Sequence[Decimal]
) -> list[datetime]:
    """The first whole second at which the counter has reached a bound inside the period."""
    seconds = int((until - start).total_seconds())
    found = []
    for bound in bounds:
        if energy > 0 and kwh < bound < kwh + energy:
            share = QUOTIENT.divide((bound - kwh) * seconds, energy)
            whole = int(share) + (share % 1 > 0)
            if 0 < whole < seconds:
                found.append(start + timedelta(seconds=whole))
    return found


def _share(
    period: ChargingPeriod, begin: datetime, finish: datetime, whole: timedelta
) -> ChargingPeriod:
    part = Decimal((finish - begin) / timedelta(microseconds=1))
    full = Decimal(whole / timedelta(microseconds=1))
    if part == full:
        return period
    dimensions = [
        CdrDimension(type=one.type, volume=_part(Decimal(one.volume), part, full))
        if one.type in QUANTITIES
        else one
        for one in period.dimensions
    ]
    return ChargingPeriod(start_date_time=begin, dimensions=dimensions, tariff_id=period.tariff_id)


def _part(volume: Decimal, part: Decimal, full: Decimal) -> Decimal:
    return QUOTIENT.divide(volume * part, full).quantize(_PLACES)
