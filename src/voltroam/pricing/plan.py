"""Tariffs compiled once, to price many sessions: `compile(tariffs, zone)` then `plan.price`."""

import decimal
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from voltroam.pricing.ambiguities import warn
from voltroam.pricing.amount import Amount, total
from voltroam.pricing.bill import Bill, Line, worth
from voltroam.pricing.bounds import NOTHING, Bounded, Share, bound
from voltroam.pricing.components import Component, Dimension, Prepared, prepare
from voltroam.pricing.currency import exponent
from voltroam.pricing.decimals import EXACT, ZERO, instant, rounded
from voltroam.pricing.measure import Measured, measure
from voltroam.pricing.policy import Policy
from voltroam.pricing.problem import PricingProblem
from voltroam.pricing.reservation import outcome_of
from voltroam.pricing.step import round_up
from voltroam.pricing.walk import Walk
from voltroam.standard.parties import fold
from voltroam.standard.v2_3_0 import ChargingPeriod, Tariff

MOST_TARIFFS = 1_000
MOST_PERIODS = 3_000
MOST_LOOKUPS = 2_000_000
"""Periods times components and their restrictions: what is looked at within a second."""


def zone_of(name: str | ZoneInfo) -> ZoneInfo:
    """A zone of the IANA database; PricingProblem for any other text."""
    if isinstance(name, ZoneInfo):
        return name
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        raise PricingProblem("$.time_zone", "not a name of the IANA time zone database") from None


class Plan:
    """Tariffs ready for pricing in one zone under one policy; holds no state between sessions."""

    def __init__(self, tariffs: Sequence[Tariff], zone: str | ZoneInfo, policy: Policy) -> None:
        self.zone = zone_of(zone)
        self.policy = policy
        self.tariffs: list[Prepared] = []
        self._by_id: dict[str, Prepared] = {}
        if len(tariffs) > MOST_TARIFFS:
            raise PricingProblem("$.tariffs", f"more than {MOST_TARIFFS} tariffs")
        for index, tariff in enumerate(tariffs):
            if not isinstance(tariff.id, str):
                raise PricingProblem(f"$.tariffs[{index}].id", "not a text")
            known = self._by_id.get(fold(tariff.id))
            if known is not None and known.source != tariff:
                raise PricingProblem(f"$.tariffs[{index}].id", "two tariffs of one id")
            prepared = prepare(tariff, index, self.zone.key, policy)
            if known is None:
                self.tariffs.append(prepared)
                self._by_id[fold(tariff.id)] = prepared
                self._by_id[tariff.id] = prepared

    def price(
        self,
        periods: Sequence[ChargingPeriod],
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        reservation_outcome: str | None = None,
        currency: str | None = None,
    ) -> Bill:
        """The bill of one session; PricingProblem names what cannot be priced.

        Without `end` the hours of the last period are taken as printed, for no clock can
        confirm them. `reservation_outcome` is USED, EXPIRED or CANCELLED.
        """
        if len(periods) > MOST_PERIODS:
            raise PricingProblem("$.charging_periods", f"more than {MOST_PERIODS} periods")
        if len(periods) * max((one.size for one in self.tariffs), default=0) > MOST_LOOKUPS:
            raise PricingProblem("$.charging_periods", "too many periods for so many restrictions")
        if start is not None:
            start = instant(start, "$.start_date_time")
        if end is not None:
            end = instant(end, "$.end_date_time")
            if start is not None and end < start:
                raise PricingProblem("$.end_date_time", "earlier than start_date_time")
        try:
            with decimal.localcontext(EXACT):
                return self._price(periods, end, reservation_outcome, currency)
        except decimal.DecimalException:
            raise PricingProblem("$.charging_periods", "numbers of too many digits") from None

    def _price(
        self,
        periods: Sequence[ChargingPeriod],
        end: datetime | None,
        outcome: str | None,
        currency: str | None,
    ) -> Bill:
        measured = measure(periods, end, self.policy.seconds)
        known = self._by_id.get
        tariffs = [known(one.tariff_id or "") or self._tariff_of(one) for one in measured]
        used = list(dict.fromkeys(one for one in tariffs if one is not None))
        money = self._currency(used, currency)
        charged = any(not period.reserving for period in measured)
        walk = Walk(self.zone, self.policy, outcome_of(outcome, charged=charged))
        walk.run(measured, tariffs)
        round_up(walk.energy, walk.times, walk.reserved, walk.overtimes, self.policy)
        sums = self._sums(walk.lines, money)
        parts = _totals(sums)
        if any(one.min_price is not None or one.max_price is not None for one in used):
            bounded = bound(
                _shares(sums),
                walk.last,
                charged=walk.charged,
                ratio=lambda: _ratio(sums),
                policy=self.policy,
            )
        else:
            bounded = Bounded(total(parts.values()) or NOTHING)
        amount = self._with_vat(bounded.amount)
        if amount.gross is not None:
            parts = {name: _grossed(part) for name, part in parts.items()}
        energy, hours, parking = _measured_totals(measured)
        return Bill(
            currency=money,
            total_cost=amount,
            total_fixed_cost=parts.get("total_fixed_cost"),
            total_energy_cost=parts.get("total_energy_cost"),
            total_time_cost=parts.get("total_time_cost"),
            total_parking_cost=parts.get("total_parking_cost"),
            total_reservation_cost=parts.get("total_reservation_cost"),
            total_energy=energy,
            total_time=hours,
            total_parking_time=parking,
            bounds=bounded.moved,
            lines=tuple(walk.lines),
            warnings=warn(
                policy=self.policy,
                measured=measured,
                used=used,
                untariffed=None in tariffs,
                walk=walk,
                bounded=bounded,
                priced=sums,
                outcome=outcome,
            ),
        )

    def _tariff_of(self, period: Measured) -> Prepared | None:
        name = period.tariff_id
        if name is None:
            lenient = self.policy.missing_tariff == "only" and len(self.tariffs) == 1
            return self.tariffs[0] if lenient else None
        found = self._by_id.get(fold(name))
        if found is None:
            path = f"$.charging_periods[{period.index}].tariff_id"
            raise PricingProblem(path, f"{name!r} is not the id of one of the tariffs")
        return found

    def _currency(self, used: Sequence[Prepared], given: str | None) -> str:
        found = given.upper() if given else None
        for tariff in used:
            if found is not None and tariff.currency != found:
                path = f"$.tariffs[{tariff.index}].currency"
                raise PricingProblem(path, f"{tariff.currency}, but the session is in {found}")
            found = tariff.currency
        if found is None and self.tariffs:
            found = self.tariffs[0].currency
        if found is None:
            raise PricingProblem("$.currency", "neither a currency nor a tariff is given")
        return found

    def _sums(self, lines: Sequence[Line], currency: str) -> dict[Component, Amount]:
        """Money per component: exact quantities first, the price once."""
        if self.policy.rounding == "lines":
            return _rounded_sums(lines, exponent(currency))
        counted: dict[Component, Decimal | int] = {}
        for line in lines:
            component = line.component
            counted[component] = counted.get(component, 0) + line.billed
        return {component: worth(component, amount) for component, amount in counted.items()}

    def _with_vat(self, amount: Amount) -> Amount:
        if amount.gross is None and self.policy.without_vat == "excl":
            return Amount(amount.net, amount.net, amount.scale)
        return amount


def _rounded_sums(lines: Sequence[Line], digits: int) -> dict[Component, Amount]:
    found: dict[Component, Amount] = {}
    for line in lines:
        cost = line.cost
        incl = None if cost.incl is None else Fraction(rounded(cost.incl, digits))
        one = Amount.of(Fraction(rounded(cost.excl, digits)), incl)
        known = found.get(line.component)
        found[line.component] = one if known is None else known.plus(one)
    return found


def _totals(sums: dict[Component, Amount]) -> dict[str, Amount]:
    found: dict[str, Amount] = {}
    for component, amount in sums.items():
        known = found.get(component.total)
        found[component.total] = amount if known is None else known.plus(amount)
    return found


def _shares(sums: dict[Component, Amount]) -> list[Share]:
    """What each tariff contributes, for its bounds."""
    shares: dict[int, Share] = {}
    for component, amount in sums.items():
        share = shares.get(component.tariff.index)
        if share is None:
            share = shares[component.tariff.index] = Share(component.tariff, None, None)
        if component.dimension is Dimension.RESERVATION:
            share.reservation = amount.plus(share.reservation) if share.reservation else amount
        else:
            share.charging = amount.plus(share.charging) if share.charging else amount
    return list(shares.values())


def _grossed(part: Amount) -> Amount:
    """If any line of the session knows its tax, every total has both amounts (A14)."""
    return part if part.gross is not None else Amount(part.net, part.net, part.scale)


def _ratio(sums: dict[Component, Amount]) -> Fraction:
    """Gross to net of the session; of a session that costs nothing, of its only rate."""
    amount = total(sums.values())
    if amount is not None and amount.incl is not None and amount.excl:
        return amount.incl / amount.excl
    rates = {component.rate for component in sums}
    if len(rates) == 1:
        return 1 + Fraction(rates.pop() or 0) / 100
    return Fraction(1)


def _measured_totals(measured: Sequence[Measured]) -> tuple[Decimal, Decimal, Decimal]:
    energy = time = parking = ZERO
    for period in measured:
        if period.energy:
            energy += period.energy
        if period.time_hours:
            time += period.time_hours
            if period.energy is not None and not period.energy:
                parking += period.time_hours  # willing to charge, but nothing flowed
        if period.parking_hours:
            time += period.parking_hours
            parking += period.parking_hours
    return energy, time, parking


def compile(  # noqa: A001 - what it does; always called through the module or `pricing.compile`
    tariffs: Sequence[Tariff], zone: str | ZoneInfo, policy: Policy | None = None
) -> Plan:
    """Check tariffs and lay them out; PricingProblem names the place of a fault."""
    return Plan(tariffs, zone, policy or Policy())


def price(
    tariffs: Sequence[Tariff],
    periods: Sequence[ChargingPeriod],
    *,
    start: datetime | None,
    end: datetime | None,
    zone: str | ZoneInfo,
    policy: Policy | None = None,
    reservation_outcome: str | None = None,
    currency: str | None = None,
) -> Bill:
    """What a session costs, with a reason per line (OCPI 2.3.0 §mod_tariffs, §mod_cdrs)."""
    plan = compile(tariffs, zone, policy)
    return plan.price(
        periods,
        start=start,
        end=end,
        reservation_outcome=reservation_outcome,
        currency=currency,
    )


__all__ = ["Bounded", "Plan", "compile", "price", "zone_of"]
