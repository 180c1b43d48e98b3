"""What charging profiles allow at a moment: pure arithmetic (OCPI 2.2.1 §mod_charging_profiles).

Limits are ceilings, never targets: a car that takes less keeps the profile (CHP-SEM-01).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from msgspec import structs

from voltroam.standard.v2_2_1 import (
    ActiveChargingProfile,
    ChargingProfile,
    ChargingProfilePeriod,
    ChargingRateUnit,
    Connector,
    PowerType,
)

_TENTH = Decimal("0.1")
_PHASES = {
    PowerType.AC_1_PHASE: 1,
    PowerType.AC_2_PHASE: 2,
    PowerType.AC_2_PHASE_SPLIT: 2,
    PowerType.AC_3_PHASE: 3,
    PowerType.DC: 1,
}


@dataclass(frozen=True, slots=True)
class Supply:
    """What a connector can give: V between phase and neutral, A per phase, W in total."""

    volts: Decimal
    phases: int
    amperes: Decimal
    watts: Decimal
    direct: bool = False

    @classmethod
    def of(cls, connector: Connector) -> "Supply":
        volts, amperes = Decimal(connector.max_voltage), Decimal(connector.max_amperage)
        phases = _PHASES[connector.power_type]
        watts = connector.max_electric_power
        return cls(
            volts,
            phases,
            amperes,
            volts * amperes * phases if watts is None else Decimal(watts),
            connector.power_type is PowerType.DC,
        )

    @property
    def unit(self) -> ChargingRateUnit:
        """W is the convenient unit for direct current, A for alternating current."""
        return ChargingRateUnit.W if self.direct else ChargingRateUnit.A

    def most(self, unit: ChargingRateUnit) -> Decimal:
        """The capacity in that unit: the smaller of what current and power allow."""
        if unit is ChargingRateUnit.W:
            return one_decimal(min(self.watts, self.to_watts(self.amperes)))
        return one_decimal(min(self.amperes, self.to_amperes(self.watts)))

    def to_watts(self, amperes: Decimal) -> Decimal:
        """A per phase as W in total (CHP-SEM-05)."""
        return amperes * self.volts * self.phases

    def to_amperes(self, watts: Decimal) -> Decimal:
        """W in total as A per phase; a connector that names no voltage is not limited by power."""
        volts = self.volts * self.phases
        return watts / volts if volts else self.amperes

    def convert(self, limit: Decimal, unit: ChargingRateUnit, wanted: ChargingRateUnit) -> Decimal:
        """A limit in the other unit, cut to one decimal: never above what was allowed."""
        if unit is wanted:
            return one_decimal(limit)
        turned = self.to_watts if wanted is ChargingRateUnit.W else self.to_amperes
        return one_decimal(turned(limit))


def one_decimal(limit: Decimal) -> Decimal:
    """Cut to the one decimal that a limit has room for; a ceiling is never raised (CHP-SEM-06)."""
    return limit.quantize(_TENTH, rounding=ROUND_DOWN)


def is_relative(profile: ChargingProfile) -> bool:
    """Whether its time runs from the start of charging: OCPP's `Relative`, else `Absolute`."""
    return profile.start_date_time is None


def limit_at(
    profile: ChargingProfile,
    moment: datetime,
    *,
    began: datetime | None,
    ended: datetime | None = None,
) -> Decimal | None:
    """The ceiling in the profile's own unit; None where the profile says nothing.

    `began` and `ended` are when charging started and the transaction was over, if they were.
    """
    start = profile.start_date_time or began
    if start is None or moment < start:
        return None
    if is_relative(profile) and ended is not None and moment >= ended:
        return None
    offset = (moment - start).total_seconds()
    if profile.duration is not None and offset >= profile.duration:
        return None
    limit: Decimal | None = None
    for period in _in_order(profile):
        if period.start_period > offset:
            break
        limit = period.limit
    return limit


def ceiling_at(
    profiles: Iterable[ChargingProfile],
    moment: datetime,
    *,
    began: datetime | None,
    supply: Supply,
    unit: ChargingRateUnit,
    ended: datetime | None = None,
) -> Decimal:
    """What may flow at a moment: the least of all profiles and of the connector itself."""
    limits = [supply.most(unit)]
    for profile in profiles:
        limit = limit_at(profile, moment, began=began, ended=ended)
        if limit is not None:
            limits.append(supply.convert(limit, profile.charging_rate_unit, unit))
    return min(limits)


def composite(
    profiles: Sequence[ChargingProfile],
    at: datetime,
    seconds: int,
    *,
    began: datetime | None,
    supply: Supply,
    unit: ChargingRateUnit | None = None,
) -> ActiveChargingProfile:
    """The active profile for the next seconds; without profiles the connector's full capacity."""
    wanted = unit or supply.unit
    periods: list[ChargingProfilePeriod] = []
    for offset in _offsets(profiles, at, seconds, began):
        moment = at + timedelta(seconds=offset)
        limit = ceiling_at(profiles, moment, began=began, supply=supply, unit=wanted)
        if not periods or periods[-1].limit != limit:
            periods.append(ChargingProfilePeriod(start_period=offset, limit=limit))
    return ActiveChargingProfile(
        start_date_time=at,
        charging_profile=ChargingProfile(
            charging_rate_unit=wanted,
            start_date_time=at,
            duration=seconds,
            charging_profile_period=periods,
        ),
    )


def spanning(active: ActiveChargingProfile, *, least: int, most: int) -> ActiveChargingProfile:
    """The same profile over a useful span: its last limit runs on, or its end is cut (seconds)."""
    profile = active.charging_profile
    known = most if profile.duration is None else profile.duration
    span = min(most, max(least, known))
    kept = [period for period in _in_order(profile) if period.start_period < span]
    return structs.replace(
        active,
        charging_profile=structs.replace(profile, duration=span, charging_profile_period=kept),
    )


def rounded(profile: ChargingProfile) -> ChargingProfile:
    """The profile with one decimal everywhere, as chargers accept it (CHP-SEM-06)."""
    rate = profile.min_charging_rate
    periods = [
        structs.replace(period, limit=one_decimal(period.limit)) for period in _in_order(profile)
    ]
    return structs.replace(
        profile,
        min_charging_rate=None if rate is None else one_decimal(rate),
        charging_profile_period=periods or None,
    )


def fault_of(profile: ChargingProfile) -> str | None:
    """Why no charger could follow it, with the JSON path; None if it is sound."""
    if profile.duration is not None and profile.duration <= 0:
        return "$.charging_profile.duration: must be more than 0 seconds"
    if profile.min_charging_rate is not None and profile.min_charging_rate < 0:
        return "$.charging_profile.min_charging_rate: must not be negative"
    seen: set[int] = set()
    for index, period in enumerate(profile.charging_profile_period or ()):
        at = f"$.charging_profile.charging_profile_period[{index}]"
        if period.start_period < 0:
            return f"{at}.start_period: must not be negative"
        if period.start_period in seen:
            return f"{at}.start_period: stands twice"
        if period.limit < 0:
            return f"{at}.limit: must not be negative"
        seen.add(period.start_period)
    return None


def _in_order(profile: ChargingProfile) -> list[ChargingProfilePeriod]:
    """A period ends the one before it, in whatever order they are listed (CHP-SEM-04)."""
    return sorted(profile.charging_profile_period or (), key=lambda period: period.start_period)


def _offsets(
    profiles: Sequence[ChargingProfile], at: datetime, seconds: int, began: datetime | None
) -> list[int]:
    """Whole seconds after `at` at which a limit may change, the first is 0."""
    found = {0}
    for profile in profiles:
        start = profile.start_date_time or began
        if start is None:
            continue
        marks = [0, *(period.start_period for period in profile.charging_profile_period or ())]
        if profile.duration is not None:
            marks.append(profile.duration)
        for mark in marks:
            offset = -((at - start - timedelta(seconds=mark)) // timedelta(seconds=1))
            found.add(offset)
    return sorted(offset for offset in found if 0 <= offset < seconds)
