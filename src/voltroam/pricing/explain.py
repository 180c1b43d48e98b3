"""The reason of a line, as a sentence."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from voltroam.pricing.components import Component, Dimension
from voltroam.pricing.currency import exponent
from voltroam.standard.v2_3_0 import TariffDimensionType, TariffRestrictions

_PER = {
    TariffDimensionType.ENERGY: " per kWh",
    TariffDimensionType.TIME: " per hour of charging",
    TariffDimensionType.PARKING_TIME: " per hour of parking",
    TariffDimensionType.FLAT: " once",
}


def why(
    component: Component, start: datetime, measured: Decimal | int, billed: Decimal | int
) -> str:
    """Which element, since when, under what, and what rounding did."""
    local = start.astimezone(ZoneInfo(component.tariff.zone_name))
    reserved = component.dimension is Dimension.RESERVATION
    unit = _PER[component.type]
    if reserved and component.type is TariffDimensionType.TIME:
        about = component.restrictions
        beyond = about is not None and about.booking is not None
        unit = " per hour beyond the booked slot" if beyond else " per hour of reservation"
    sentence = (
        f"{_price(component)} {component.tariff.currency}{unit}: element {component.element + 1} of"
        f" tariff {component.tariff.id} is the first with {component.type} that applies at"
        f" {local:%a %Y-%m-%d %H:%M:%S}"
    )
    limits = conditions(component.restrictions)
    sentence += f" ({limits})" if limits else " (it has no restrictions)"
    if billed != measured:
        sentence += (
            f"; {quantity(component, billed - measured)} more than measured: the last of the"
            f" dimension is rounded up to steps of {step(component)}"
        )
    return sentence + "."


def _price(component: Component) -> str:
    """With the decimals of the currency, more where the price has more."""
    digits = -int(component.price.normalize().as_tuple().exponent)
    return f"{component.price:.{max(digits, exponent(component.tariff.currency))}f}"


def quantity(component: Component, amount: Decimal | int) -> str:
    """`12.5 kWh` or `45 min`."""
    if component.type is TariffDimensionType.ENERGY:
        return f"{Decimal(amount).normalize():f} kWh"
    if component.type is TariffDimensionType.FLAT:
        return "1"
    minutes, left = divmod(Decimal(amount), 60)
    if not left:
        return f"{minutes:f} min"
    return f"{minutes:f} min {left.normalize():f} s" if minutes else f"{left.normalize():f} s"


def step(component: Component) -> str:
    if component.type is TariffDimensionType.ENERGY:
        return f"{component.step} Wh"
    return quantity(component, component.step)


def conditions(limits: TariffRestrictions | None) -> str:
    """Restrictions as a short list, in the order of the standard."""
    if limits is None:
        return ""
    found = []
    if limits.reservation is not None:
        found.append(str(limits.reservation))
    if limits.booking is not None:
        found.append(str(limits.booking))
    if limits.start_time is not None or limits.end_time is not None:
        found.append(f"{limits.start_time or '00:00'} to {limits.end_time or '24:00'}")
    if limits.start_date is not None:
        found.append(f"from {limits.start_date}")
    if limits.end_date is not None:
        found.append(f"before {limits.end_date}")
    if limits.day_of_week:
        found.append("/".join(str(day)[:2].title() for day in limits.day_of_week))
    for name, unit in (("kwh", "kWh"), ("current", "A"), ("power", "kW"), ("duration", "s")):
        low, high = getattr(limits, f"min_{name}"), getattr(limits, f"max_{name}")
        if low is not None:
            found.append(f"from {_bare(low)} {unit}")
        if high is not None:
            found.append(f"below {_bare(high)} {unit}")
    return ", ".join(found)


def _bare(bound: Decimal | int) -> str:
    """Without trailing zeros."""
    return f"{Decimal(bound).normalize():f}"
