"""What will it cost: a session that has not happened yet, cut into periods and priced."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from zoneinfo import ZoneInfo

import msgspec

from voltroam.pricing.bill import Bill
from voltroam.pricing.boundaries import boundaries, kwh_bounds
from voltroam.pricing.decimals import HOUR, QUOTIENT, ZERO, exact, instant
from voltroam.pricing.plan import Plan
from voltroam.pricing.policy import Policy
from voltroam.pricing.problem import PricingProblem
from voltroam.standard.v2_3_0 import (
    CdrDimension,
    CdrDimensionType,
    ChargingPeriod,
    Connector,
    PowerType,
    Tariff,
)

_PHASES = {
    PowerType.AC_1_PHASE: 1,
    PowerType.AC_2_PHASE: 2,
    PowerType.AC_2_PHASE_SPLIT: 2,
    PowerType.AC_3_PHASE: 3,
    PowerType.DC: 1,
}
LONGEST = timedelta(days=31)
"""Nobody asks for the price of a longer stay."""
_WATT_HOUR = Decimal("0.000001")


class Quote(msgspec.Struct, frozen=True):
    """The bill of the session as asked for, and the session it was reckoned with."""

    bill: Bill
    periods: tuple[ChargingPeriod, ...]
    energy: Decimal
    """kWh: less than asked for where the stay is too short."""
    power: Decimal
    """kW: less than asked for where the connector gives no more."""
    charged_until: datetime
    end: datetime


def quote(  # noqa: PLR0917 - the question in the order in which it is asked
    tariff: Tariff,
    connector: Connector | None,
    energy: Decimal,
    power: Decimal,
    start: datetime,
    stay: timedelta | None,
    zone: str | ZoneInfo,
    *,
    policy: Policy | None = None,
) -> Quote:
    """Charge `energy` kWh at an even `power` kW from `start`, then park until `stay` is over.

    Without `stay` the driver leaves when charged. The connector bounds the power and tells the
    current. PricingProblem for amounts that no session can have.
    """
    plan = Plan([tariff], zone, policy or Policy())
    start = instant(start, "$.start").astimezone(UTC).replace(microsecond=0)
    power = min([exact(power, "$.power"), *limits_of(connector)])
    energy = exact(energy, "$.energy")
    if power <= 0 or energy < 0:
        raise PricingProblem("$.power" if power <= 0 else "$.energy", "not above zero")
    charging = _seconds(energy, power)
    if timedelta(seconds=charging) > LONGEST or (stay is not None and stay > LONGEST):
        raise PricingProblem("$.stay", f"longer than {LONGEST.days} days")
    whole = charging if stay is None else int(stay.total_seconds())
    if whole < 0:
        raise PricingProblem("$.stay", "negative")
    if whole < charging:
        energy = QUOTIENT.divide(energy * whole, Decimal(charging)).quantize(_WATT_HOUR)
        charging = whole
    flows = _flows(connector, power)
    course = _Course(tariff, start, charging=charging, whole=whole, energy=energy, zone=plan.zone)
    periods = course.periods(flows)
    end = start + timedelta(seconds=whole)
    bill = plan.price(periods, start=start, end=end)
    return Quote(bill, tuple(periods), energy, power, start + timedelta(seconds=charging), end)


def _seconds(energy: Decimal, power: Decimal) -> int:
    hours = QUOTIENT.divide(energy * HOUR, power)
    return int(hours.to_integral_value(ROUND_CEILING))


def limits_of(connector: Connector | None) -> list[Decimal]:
    """kW that a connector gives at most: stated, and by volts, amperes and phases."""
    if connector is None:
        return []
    phases = _PHASES.get(connector.power_type, 1)
    found = [Decimal(connector.max_voltage * connector.max_amperage * phases) / 1000]
    if connector.max_electric_power:
        found.append(Decimal(connector.max_electric_power) / 1000)
    return [limit for limit in found if limit > 0]


def _flows(connector: Connector | None, power: Decimal) -> list[CdrDimension]:
    """Power, and amperes summed over the phases where the voltage is known."""
    found = [
        CdrDimension(type=CdrDimensionType.MIN_POWER, volume=power),
        CdrDimension(type=CdrDimensionType.MAX_POWER, volume=power),
    ]
    if connector is not None and connector.max_voltage > 0:
        current = QUOTIENT.divide(power * 1000, Decimal(connector.max_voltage))
        amperes = current.quantize(Decimal("0.0001"))
        found.append(CdrDimension(type=CdrDimensionType.MIN_CURRENT, volume=amperes))
        found.append(CdrDimension(type=CdrDimensionType.MAX_CURRENT, volume=amperes))
    return found


class _Course:
    """Seconds from the start at which a period begins, and the kWh reached there."""

    def __init__(
        self,
        tariff: Tariff,
        start: datetime,
        *,
        charging: int,
        whole: int,
        energy: Decimal,
        zone: ZoneInfo,
    ) -> None:
        self.tariff_id = tariff.id
        self.start = start
        self.charging = charging
        self.whole = whole
        self.energy = energy
        self.reached: dict[int, Decimal] = {}
        self.edges = {0, charging}
        for bound in kwh_bounds([tariff]):
            if 0 < bound < energy:
                at = _seconds(bound * charging, energy * HOUR)
                self.reached[at] = bound
                self.edges.add(at)
        for moment in boundaries([tariff], start, start + timedelta(seconds=whole), zone):
            self.edges.add(int((moment - start).total_seconds()))

    def periods(self, flows: Sequence[CdrDimension]) -> list[ChargingPeriod]:
        edges = sorted(edge for edge in self.edges if edge < self.whole) or [0]
        return [
            ChargingPeriod(
                start_date_time=self.start + timedelta(seconds=begin),
                dimensions=self._dimensions(begin, finish, flows),
                tariff_id=self.tariff_id,
            )
            for begin, finish in zip(edges, [*edges[1:], self.whole], strict=True)
        ]

    def _dimensions(
        self, begin: int, finish: int, flows: Sequence[CdrDimension]
    ) -> list[CdrDimension]:
        hours = QUOTIENT.divide(Decimal(finish - begin), Decimal(HOUR)).quantize(_WATT_HOUR)
        if begin >= self.charging:
            return [CdrDimension(type=CdrDimensionType.PARKING_TIME, volume=hours)]
        energy = self._kwh(finish) - self._kwh(begin)
        return [
            CdrDimension(type=CdrDimensionType.TIME, volume=hours),
            CdrDimension(type=CdrDimensionType.ENERGY, volume=energy),
            *flows,
        ]

    def _kwh(self, at: int) -> Decimal:
        if at >= self.charging:
            return self.energy
        if at in self.reached:
            return self.reached[at]
        if not self.charging:
            return ZERO
        return QUOTIENT.divide(self.energy * at, Decimal(self.charging)).quantize(_WATT_HOUR)
