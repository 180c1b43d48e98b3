"""Tariffs made ready for pricing: per dimension the components in order, with their checks."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import lcm

from voltroam.pricing.context import Moment
from voltroam.pricing.decimals import DIGITS, EXACT, HOUR, ZERO, exact, instant
from voltroam.pricing.policy import Policy
from voltroam.pricing.problem import PricingProblem
from voltroam.pricing.restrictions import Check, checks
from voltroam.standard.v2_3_0 import (
    BookingRestrictionType,
    PriceComponent,
    PriceLimit,
    ReservationRestrictionType,
    Tariff,
    TariffDimensionType,
    TariffElement,
    TariffRestrictions,
    TaxIncluded,
)


class Dimension(StrEnum):
    """Where a cost goes: `total_fixed_cost` and so on (OCPI 2.3.0 §mod_cdrs, CDR)."""

    FIXED = "FIXED"
    ENERGY = "ENERGY"
    TIME = "TIME"
    PARKING = "PARKING"
    RESERVATION = "RESERVATION"


TOTALS = {
    Dimension.FIXED: "total_fixed_cost",
    Dimension.ENERGY: "total_energy_cost",
    Dimension.TIME: "total_time_cost",
    Dimension.PARKING: "total_parking_cost",
    Dimension.RESERVATION: "total_reservation_cost",
}
_GOES_TO = {
    TariffDimensionType.FLAT: Dimension.FIXED,
    TariffDimensionType.ENERGY: Dimension.ENERGY,
    TariffDimensionType.TIME: Dimension.TIME,
    TariffDimensionType.PARKING_TIME: Dimension.PARKING,
}


MOST_COMPONENTS = 1000
"""Of one tariff: a price for each quarter of an hour of a week is 672."""
FLAT = TariffDimensionType.FLAT
OF_BOOKINGS = frozenset({FLAT, TariffDimensionType.TIME})
"""All that a booking can have a price for (RBK-043)."""
PER = {
    FLAT: 1,
    TariffDimensionType.ENERGY: 1,
    TariffDimensionType.TIME: HOUR,
    TariffDimensionType.PARKING_TIME: HOUR,
}


@dataclass(frozen=True, slots=True, eq=False)
class Component:
    """One price of one element: what a line is charged by. Compared by identity."""

    tariff: "Prepared"
    element: int
    type: TariffDimensionType
    dimension: Dimension
    price: Decimal
    vat: Decimal | None
    step: int
    checks: tuple[Check, ...]
    restrictions: TariffRestrictions | None

    per: int
    """Counted units to one priced unit: 3600 seconds to the hour."""
    net_factor: int
    gross_factor: Decimal | None
    """Price x quantity in counted units times this is money, in parts of `tariff.scale`."""
    rate: Decimal | None
    """The tax in percent, 0 where none applies; None if taxes are unknown."""
    total: str
    """The total that its cost goes to, by its name in a bill and a CDR."""
    beside_parking: bool
    """Its element has a PARKING_TIME component too."""


@dataclass(slots=True, eq=False)
class Prepared:
    """A tariff checked once and laid out for lookups."""

    index: int
    id: str
    currency: str
    taxes: TaxIncluded
    min_price: PriceLimit | None
    max_price: PriceLimit | None
    source: Tariff
    zone_name: str
    scale: int = HOUR
    """The divisor of its amounts: seconds to the hour, times the divisors of included taxes."""
    flat: list[Component] = field(default_factory=list)
    energy: list[Component] = field(default_factory=list)
    time: list[Component] = field(default_factory=list)
    parking: list[Component] = field(default_factory=list)
    reserved: dict[TariffDimensionType, list[Component]] = field(default_factory=dict)
    expired: dict[TariffDimensionType, list[Component]] = field(default_factory=dict)
    overtime: dict[TariffDimensionType, list[Component]] = field(default_factory=dict)
    """Of going on after a booking's slot: on top of what charging costs."""
    size: int = 0
    """How many components and restrictions of components it has."""
    by_clock: bool = False
    """Some restriction is about local time or dates."""
    by_flow: bool = False
    """Some restriction is about current or power."""
    by_power: bool = False
    by_duration: bool = False
    odd_windows: set[str] = field(default_factory=set)
    """A06 and A07, where an element is open to them."""


def find(candidates: Sequence[Component], now: Moment) -> Component | None:
    """The first whose restrictions all hold (§mod_tariffs: per dimension, in list order)."""
    for component in candidates:
        for check in component.checks:
            if not check(now):
                break
        else:
            return component
    return None


def prepare(tariff: Tariff, index: int, zone: str, policy: Policy) -> Prepared:
    """Check one tariff and lay it out; PricingProblem names the place of a fault."""
    path = f"$.tariffs[{index}]"
    prepared = Prepared(
        index=index,
        id=tariff.id,
        currency=_currency(tariff, path),
        taxes=_taxes(tariff, path),
        min_price=_limit(tariff.min_price, f"{path}.min_price"),
        max_price=_limit(tariff.max_price, f"{path}.max_price"),
        source=tariff,
        zone_name=zone,
    )
    for name in ("start_date_time", "end_date_time"):
        if getattr(tariff, name) is not None:
            instant(getattr(tariff, name), f"{path}.{name}")
    if not isinstance(tariff.elements, list) or not tariff.elements:
        raise PricingProblem(f"{path}.elements", "a tariff has at least one element")
    if sum(len(one.price_components or ()) for one in tariff.elements) > MOST_COMPONENTS:
        raise PricingProblem(f"{path}.elements", f"more than {MOST_COMPONENTS} components")
    if prepared.taxes is TaxIncluded.YES:
        prepared.scale = _divisor(tariff, path)
    for number, element in enumerate(tariff.elements):
        if not prices_booking(element) or _prices_overtime(element):
            _element(prepared, element, number, policy)
    return prepared


def prices_booking(element: TariffElement) -> bool:
    """Whether it is about a booking: such prices are never those of a session without (RBK-044)."""
    limits = element.restrictions
    return limits is not None and limits.booking is not None


def _prices_overtime(element: TariffElement) -> bool:
    """A booking's other prices are no part of a session; one about a reservation too is lint."""
    limits = element.restrictions
    return (
        limits is not None
        and limits.booking == BookingRestrictionType.BOOKING_OVERTIME
        and limits.reservation is None
    )


def _element(prepared: Prepared, element: TariffElement, number: int, policy: Policy) -> None:
    path = f"$.tariffs[{prepared.index}].elements[{number}]"
    limits = element.restrictions
    conditions = checks(limits, f"{path}.restrictions", policy)
    kind = _reservation(limits, f"{path}.restrictions.reservation")
    overtime = prices_booking(element)
    if limits is not None:
        _remember(prepared, limits)
    if not isinstance(element.price_components, list) or not element.price_components:
        raise PricingProblem(f"{path}.price_components", "an element has at least one component")
    beside_parking = any(
        one.type == TariffDimensionType.PARKING_TIME for one in element.price_components
    )
    for place, component in enumerate(element.price_components):
        where = f"{path}.price_components[{place}]"
        type_ = _type(component, where)
        if overtime and type_ not in OF_BOOKINGS:
            continue
        if kind is not None or overtime:
            dimension = Dimension.RESERVATION
        elif type_ is FLAT and beside_parking and policy.parking_flat == "parking":
            dimension = Dimension.PARKING
        else:
            dimension = _GOES_TO[type_]
        vat = _vat(component, where)
        rate, net, gross = _factors(prepared, type_, vat)
        made = Component(
            tariff=prepared,
            element=number,
            type=type_,
            dimension=dimension,
            price=exact(component.price, f"{where}.price"),
            vat=vat,
            step=_step(component, where),
            checks=conditions,
            restrictions=limits,
            per=PER[type_],
            net_factor=net,
            gross_factor=gross,
            rate=rate,
            total=TOTALS[dimension],
            beside_parking=beside_parking and dimension is not Dimension.RESERVATION,
        )
        prepared.size += 1 + len(conditions)
        if overtime:
            prepared.overtime.setdefault(type_, []).append(made)
            continue
        _enlist(prepared, made, kind, policy)


def _enlist(
    prepared: Prepared,
    made: Component,
    kind: ReservationRestrictionType | None,
    policy: Policy,
) -> None:
    if kind is ReservationRestrictionType.RESERVATION:
        prepared.reserved.setdefault(made.type, []).append(made)
    elif kind is ReservationRestrictionType.RESERVATION_EXPIRES:
        prepared.expired.setdefault(made.type, []).append(made)
    else:
        lists = {
            TariffDimensionType.FLAT: prepared.flat,
            TariffDimensionType.ENERGY: prepared.energy,
            TariffDimensionType.TIME: prepared.time,
            TariffDimensionType.PARKING_TIME: prepared.parking,
        }
        lists[made.type].append(made)
        if policy.plain_reservation == "priced":
            prepared.reserved.setdefault(made.type, []).append(_as_reservation(made))


def _as_reservation(made: Component) -> Component:
    return replace(made, dimension=Dimension.RESERVATION, total=TOTALS[Dimension.RESERVATION])


def _divisor(tariff: Tariff, path: str) -> int:
    """What included taxes divide by: 100 of 121 is 100/121 of the price."""
    found = HOUR
    for number, element in enumerate(tariff.elements):
        for place, component in enumerate(element.price_components):
            vat = _vat(component, f"{path}.elements[{number}].price_components[{place}]")
            if vat is not None:
                found = lcm(found, HOUR * (100 / (100 + Fraction(vat))).denominator)
    if found > 10**DIGITS:
        raise PricingProblem(path, "too many different taxes included in its prices")
    return found


def _factors(
    prepared: Prepared, kind: TariffDimensionType, vat: Decimal | None
) -> tuple[Decimal | None, int, Decimal | None]:
    """Rate, and what price x quantity is multiplied by on each side of the tax."""
    unit = prepared.scale // PER[kind]
    if prepared.taxes is TaxIncluded.NOT_APPLICABLE:
        return ZERO, unit, Decimal(unit)
    if prepared.taxes is TaxIncluded.YES:
        if vat is None:
            return ZERO, unit, Decimal(unit)
        return vat, int(unit * 100 / (100 + Fraction(vat))), Decimal(unit)
    if vat is None:
        return None, unit, None
    return vat, unit, EXACT.multiply(Decimal(unit), EXACT.scaleb(EXACT.add(vat, 100), -2))


def _remember(prepared: Prepared, limits: TariffRestrictions) -> None:
    timed = limits.start_time is not None or limits.end_time is not None
    dated = limits.start_date is not None or limits.end_date is not None
    prepared.by_clock |= timed or dated or bool(limits.day_of_week)
    flows = (limits.min_current, limits.max_current, limits.min_power, limits.max_power)
    prepared.by_flow |= any(bound is not None for bound in flows)
    prepared.by_power |= limits.min_power is not None or limits.max_power is not None
    prepared.by_duration |= limits.min_duration is not None or limits.max_duration is not None
    start, end = limits.start_time, limits.end_time
    if start is not None and end is not None and end != "00:00":
        if start == end:
            prepared.odd_windows.add("A06")
        elif end < start and limits.day_of_week:
            prepared.odd_windows.add("A07")


def _type(component: PriceComponent, path: str) -> TariffDimensionType:
    try:
        return TariffDimensionType(component.type)
    except ValueError:
        raise PricingProblem(f"{path}.type", "not a dimension that can be priced") from None


def _reservation(limits: TariffRestrictions | None, path: str) -> ReservationRestrictionType | None:
    if limits is None or limits.reservation is None:
        return None
    try:
        return ReservationRestrictionType(limits.reservation)
    except ValueError:
        raise PricingProblem(path, "neither RESERVATION nor RESERVATION_EXPIRES") from None


def _step(component: PriceComponent, path: str) -> int:
    step = component.step_size
    if not isinstance(step, int) or isinstance(step, bool) or not 0 <= step <= 10**9:
        raise PricingProblem(f"{path}.step_size", "not a whole number from 0 on")
    return max(step, 1)


def _vat(component: PriceComponent, path: str) -> Decimal | None:
    if component.vat is None:
        return None
    vat = exact(component.vat, f"{path}.vat")
    if not 0 <= vat <= 1000:
        raise PricingProblem(f"{path}.vat", "not a percentage")
    return vat


def _limit(limit: PriceLimit | None, path: str) -> PriceLimit | None:
    if limit is None:
        return None
    after = limit.after_taxes
    return PriceLimit(
        before_taxes=exact(limit.before_taxes, f"{path}.before_taxes"),
        after_taxes=None if after is None else exact(after, f"{path}.after_taxes"),
    )


def _currency(tariff: Tariff, path: str) -> str:
    code = tariff.currency
    if not isinstance(code, str) or len(code) != 3 or not code.isascii() or not code.isalpha():
        raise PricingProblem(f"{path}.currency", "not a currency code of three letters")
    return code.upper()


def _taxes(tariff: Tariff, path: str) -> TaxIncluded:
    try:
        return TaxIncluded(tariff.tax_included)
    except ValueError:
        raise PricingProblem(f"{path}.tax_included", "not YES, NO or N/A") from None
