"""step_size: once per session and group, on the total, at the last price (§mod_cdrs, step_size)."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from voltroam.pricing.bill import Line
from voltroam.pricing.components import Dimension
from voltroam.pricing.policy import Policy
from voltroam.standard.v2_3_0 import TariffDimensionType

_WH = 1000


def round_up(
    energy: Sequence[Line],
    times: Sequence[Line],
    reserved: Sequence[Line],
    overtimes: Sequence[Line],
    policy: Policy,
) -> None:
    """Raise `billed` of the last line of each group to what its step_size asks for."""
    if policy.reservation_step == "shared":
        times, reserved = [*reserved, *times], ()
    for group in (energy, times, reserved, overtimes):
        if group:
            for lines in _by_tariff(group, policy):
                _round_group(lines, policy)


def _by_tariff(group: Sequence[Line], policy: Policy) -> Iterable[Sequence[Line]]:
    if policy.step_tariffs == "session":
        return (group,)
    found: dict[int, list[Line]] = {}
    for line in group:
        found.setdefault(line.component.tariff.index, []).append(line)
    return found.values()


def _round_group(lines: Sequence[Line], policy: Policy) -> None:
    last = last_priced(lines, policy)
    if last is None:
        return
    component = last.component
    together = policy.time_sum == "together"
    total: Decimal | int = 0
    for line in lines:
        if together or line.component.dimension is component.dimension:
            total += line.measured
    is_energy = component.type is TariffDimensionType.ENERGY
    units = total * _WH if is_energy else total
    if units > 0:
        more = excess(units, component.step, policy)
        last.billed += Decimal(more) / _WH if is_energy else more


def last_priced(lines: Sequence[Line], policy: Policy) -> Line | None:
    """The line whose step_size counts."""
    free = policy.zero_component == "inactive"
    eligible = [line for line in lines if line.component.price] if free else lines
    if policy.time_step == "parking":
        parked = [line for line in eligible if line.component.dimension is Dimension.PARKING]
        eligible = parked or eligible
    return eligible[-1] if eligible else None


def excess(units: Decimal | int, step: int, policy: Policy) -> Decimal | int:
    """What is missing to a multiple of the step; an exact multiple stays as it is (A05)."""
    over = units % step
    if over or policy.exact_multiple == "next":
        return step - over
    return 0
