"""The quantities of each charging period (OCPI 2.2.1 §mod_cdrs, CdrDimension)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from voltroam.pricing.decimals import (
    EARLIEST,
    HIGHEST,
    HOUR,
    LATEST,
    LOWEST,
    ZERO,
    exact,
    instant,
    nearest,
    whole_seconds,
)
from voltroam.pricing.problem import PricingProblem
from voltroam.standard.v2_3_0 import CdrDimension, CdrDimensionType, ChargingPeriod

_ENERGY = CdrDimensionType.ENERGY
_TIME = CdrDimensionType.TIME
_PARKING = CdrDimensionType.PARKING_TIME
_RESERVATION = CdrDimensionType.RESERVATION_TIME
_OVERTIME = CdrDimensionType.RESERVATION_OVERTIME
LEAST = Decimal(1).scaleb(LOWEST)
MOST = Decimal(1).scaleb(HIGHEST)
NO_FLOWS: dict[str, Decimal] = {}
COARSEST = 3
"""Hours are taken to be printed with at least so many decimals: writers drop trailing zeros."""


class Measured:
    """One period: kWh, hours as stated, seconds as billed, flows by dimension."""

    __slots__ = (
        "at",
        "energy",
        "flows",
        "index",
        "overtime",
        "parking",
        "parking_hours",
        "reservation",
        "start",
        "tariff_id",
        "time",
        "time_hours",
    )

    def __init__(self, index: int, start: datetime, tariff_id: str | None) -> None:
        self.index = index
        self.start = start
        self.at = whole_seconds(start)
        self.tariff_id = tariff_id
        self.energy: Decimal | None = None
        self.time_hours: Decimal | None = None
        self.parking_hours: Decimal | None = None
        self.reservation: Decimal | int | None = None
        self.overtime: Decimal | int | None = None
        """After a booking's slot; the same time is charging or parking too."""
        self.time: Decimal | int | None = None
        self.parking: Decimal | int | None = None
        self.flows = NO_FLOWS

    @property
    def reserving(self) -> bool:
        """Nothing but a reservation happened here."""
        return self.reservation is not None and not (self.energy or self.time or self.parking)


def measure(
    periods: Sequence[ChargingPeriod], end: datetime | None, reading: str
) -> list[Measured]:
    """Every period in order of time, hours turned into seconds as policy A12 (`reading`) says."""
    found = [_period(index, period) for index, period in enumerate(periods)]
    until = None if end is None else whole_seconds(end)
    for period in reversed(found):
        if until is not None and until < period.at:
            _out_of_order(period.index, len(found))
        _seconds(period, until, reading)
        until = period.at
    return found


def _out_of_order(index: int, count: int) -> None:
    if index + 1 == count:
        raise PricingProblem("$.end_date_time", "earlier than the start of the last period")
    path = f"$.charging_periods[{index + 1}].start_date_time"
    raise PricingProblem(path, "earlier than the period before it")


def _period(index: int, period: ChargingPeriod) -> Measured:
    start = period.start_date_time
    if type(start) is not datetime or start.tzinfo is None or not EARLIEST <= start <= LATEST:
        start = instant(start, f"$.charging_periods[{index}].start_date_time")
    if type(period.dimensions) is not list:
        raise PricingProblem(f"$.charging_periods[{index}].dimensions", "not a list")
    if type(period.tariff_id) is not str and period.tariff_id is not None:
        raise PricingProblem(f"$.charging_periods[{index}].tariff_id", "not a text")
    found = Measured(index, start, period.tariff_id)
    for place, dimension in enumerate(period.dimensions):
        kind = dimension.type
        value = dimension.volume
        if type(value) is not Decimal or not LEAST < value < MOST:
            value = exact(value, f"$.charging_periods[{index}].dimensions[{place}].volume")
        if kind is _ENERGY:
            found.energy = value if found.energy is None else found.energy + value
        elif kind is _TIME:
            found.time_hours = value if found.time_hours is None else found.time_hours + value
        elif kind is _PARKING:
            found.parking_hours = value + (found.parking_hours or ZERO)
        elif kind is _RESERVATION or kind is _OVERTIME:
            name = "reservation" if kind is _RESERVATION else "overtime"
            setattr(found, name, value + (getattr(found, name) or ZERO))
        elif type(kind) is CdrDimensionType:
            if found.flows is NO_FLOWS:
                found.flows = {}
            found.flows[kind._value_] = value
        else:
            _refuse_kind(dimension, f"$.charging_periods[{index}].dimensions[{place}].type")
    return found


def _refuse_kind(dimension: CdrDimension, path: str) -> None:
    raise PricingProblem(path, "not a dimension of a charging period")


def _seconds(period: Measured, until: int | None, reading: str) -> None:
    clock = None if until is None or reading != "clock" else until - period.at
    time, parking, reservation = period.time_hours, period.parking_hours, period.reservation
    if period.overtime is not None:
        period.overtime = seconds(Decimal(period.overtime), clock, reading, period.index)
    if (parking or reservation) and bool(time) + bool(parking) + bool(reservation) > 1:
        clock = None  # the clock knows their sum only
    if time is not None:
        period.time = seconds(time, clock, reading, period.index)
    if parking is not None:
        period.parking = seconds(parking, clock, reading, period.index)
    if reservation is not None:
        period.reservation = seconds(Decimal(reservation), clock, reading, period.index)


def seconds(hours: Decimal, clock: int | None, reading: str, index: int) -> Decimal | int:
    """Hours in seconds: the clock's, where it rounds or is cut to the hours as printed (A12)."""
    if hours < 0:
        raise PricingProblem(f"$.charging_periods[{index}].dimensions", "a negative time")
    stated = hours * HOUR
    if reading == "exact":
        return stated
    if clock is not None:
        off = stated - clock
        if not off or (-4 < off < 2 and hours and _prints_as(hours, off)):
            return clock
    return nearest(stated)


def _prints_as(hours: Decimal, off: Decimal) -> bool:
    decimals = max(COARSEST, -int(hours.as_tuple().exponent))
    unit = Decimal(HOUR).scaleb(-decimals)
    return -unit < off <= unit / 2
