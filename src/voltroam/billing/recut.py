"""Charging periods of somebody else, cut anew where the price changes inside them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Context, Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from voltroam.pricing import boundaries
from voltroam.pricing.boundaries import kwh_bounds
from voltroam.standard.v2_3_0 import CdrDimension, CdrDimensionType, ChargingPeriod, Tariff

SPREAD = frozenset(
    {
        CdrDimensionType.ENERGY,
        CdrDimensionType.TIME,
        CdrDimensionType.PARKING_TIME,
        CdrDimensionType.RESERVATION_TIME,
        CdrDimensionType.RESERVATION_OVERTIME,
    }
)
"""Volumes that are shared out over the pieces of a period; the others hold in each of them."""
_QUOTIENT = Context(prec=50)
_PLACES = Decimal(1).scaleb(-9)
_MICRO = timedelta(microseconds=1)
_ZERO = Decimal(0)


def recut(
    periods: Sequence[ChargingPeriod],
    tariffs: Sequence[Tariff],
    end: datetime,
    zone: str | ZoneInfo,
) -> list[ChargingPeriod]:
    """The same session in smaller periods, as if energy had flowed evenly in each of them."""
    charging = next((one.start_date_time for one in periods if not _reserving(one)), None)
    cuts = boundaries(tariffs, periods[0].start_date_time, end, zone, charging_from=charging)
    bounds = kwh_bounds(tariffs)
    return list(_pieces(periods, cuts, bounds, end))


def _pieces(
    periods: Sequence[ChargingPeriod],
    cuts: Sequence[datetime],
    bounds: Sequence[Decimal],
    end: datetime,
) -> Iterator[ChargingPeriod]:
    kwh = _ZERO
    ends = [*(one.start_date_time for one in periods[1:]), end]
    for period, until in zip(periods, ends, strict=True):
        start = period.start_date_time
        if until <= start:
            yield period
            continue
        energy = volume(period, CdrDimensionType.ENERGY) or _ZERO
        inside = set(cuts[bisect_right(cuts, start) : bisect_left(cuts, until)])
        inside |= set(_reached(start, until, kwh, energy, bounds))
        kwh += energy
        for begin, finish in pairwise([start, *sorted(inside), until]):
            yield _piece(period, begin, finish, until - start)


def volume(period: ChargingPeriod, kind: CdrDimensionType) -> Decimal | None:
    """The sum of one dimension in a period, None where it is not stated."""
    found = [Decimal(one.volume) for one in period.dimensions if one.type is kind]
    return sum(found, _ZERO) if found else None


def _reserving(period: ChargingPeriod) -> bool:
    return all(
        one.type is CdrDimensionType.RESERVATION_TIME or not one.volume for one in period.dimensions
    )


def _reached(
    start: datetime, until: datetime, kwh: Decimal, energy: Decimal, bounds: Sequence[Decimal]
) -> Iterator[datetime]:
    seconds = int((until - start).total_seconds())
    for bound in bounds:
        if energy > 0 and kwh < bound < kwh + energy:
            share = _QUOTIENT.divide((bound - kwh) * seconds, energy)
            whole = int(share) + (share % 1 > 0)
            if 0 < whole < seconds:
                yield start + timedelta(seconds=whole)


def _piece(
    period: ChargingPeriod, begin: datetime, finish: datetime, whole: timedelta
) -> ChargingPeriod:
    if finish - begin == whole:
        return period
    part, full = Decimal((finish - begin) // _MICRO), Decimal(whole // _MICRO)
    dimensions = [
        CdrDimension(
            type=one.type,
            volume=_QUOTIENT.divide(Decimal(one.volume) * part, full).quantize(_PLACES),
        )
        if one.type in SPREAD
        else one
        for one in period.dimensions
    ]
    return ChargingPeriod(start_date_time=begin, dimensions=dimensions, tariff_id=period.tariff_id)
