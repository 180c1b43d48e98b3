"""Which readings decided something in a session: each with the policy that was used."""

from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal

from voltroam.pricing.bill import Ambiguity, Line
from voltroam.pricing.bounds import Bounded
from voltroam.pricing.components import Component, Dimension, Prepared
from voltroam.pricing.decimals import HOUR
from voltroam.pricing.measure import Measured
from voltroam.pricing.policy import FIELDS, Policy
from voltroam.pricing.reservation import FLAT, TIME, Outcome
from voltroam.pricing.walk import Walk
from voltroam.standard.v2_3_0 import TaxIncluded

TEXTS = {
    "A01": "another FLAT component became active after the first",
    "A02": "charging went on after priced parking: either could be the one that is rounded",
    "A03": "the session ends in parking that is free or has no price: it may or may not keep"
    " the charging time from being rounded",
    "A06": "an element's start_time is its end_time",
    "A07": "an element has days of the week and a window over midnight",
    "A08": "the tariff counts durations, and there was a reservation before charging",
    "A09": "reservation time and charging time are both rounded",
    "A09b": "the reservation was cancelled, which no element describes",
    "A09c": "the reservation expired, and the tariff has a fee for booking and one for expiry",
    "A10": "the reservation meets a tariff without elements for reservations",
    "A11": "step_size meets several tariffs in one session",
    "A12": "the hours as printed would tip a step that the clock does not reach",
    "A13": "a period has no tariff_id",
    "A14": "some prices name a VAT and some do not",
    "A15": "a bound without amount after taxes was reached",
    "A16": "energy was fed back",
    "A17": "min_price or max_price meets a reservation",
    "A18": "a session under several tariffs meets min_price or max_price",
    "A19": "a current or power is restricted that the period does not state",
    "A22": "FLAT stands beside PARKING_TIME in its element",
    "A24": "the last volume of a dimension is 0",
    "A25": "a period has charging and parking time",
    "POWER_DERIVED": "power is not stated: energy divided by time was taken",
    "RESERVATION_OUTCOME": "how the reservation ended is not stated: taken as used if charging"
    " followed, as expired if not",
    "TAX_UNKNOWN": "prices include taxes of an unknown rate: the net amount is not known, both"
    " amounts are the gross one",
    "TIME_MISSING": "a period states neither charging nor parking time: its time costs nothing",
}


def warn(
    *,
    policy: Policy,
    measured: Sequence[Measured],
    used: Sequence[Prepared],
    untariffed: bool,
    walk: Walk,
    bounded: Bounded,
    priced: Collection[Component],
    outcome: str | None,
) -> tuple[Ambiguity, ...]:
    """In the order of their codes; empty for a session that can be read in one way only."""
    codes = set(walk.seen)
    if untariffed:
        codes.add("A13")
    for tariff in used:
        codes |= tariff.odd_windows
    codes.update(_tax_codes(priced))
    if walk.steps:
        codes.update(_step_codes(measured, walk, used))
    if bounded.scaled or walk.reserving_at is not None or len(used) > 1:
        codes.update(_bound_codes(bounded, walk, used))
    if walk.reserving_at is not None:
        codes.update(_reservation_codes(walk, used, outcome))
    return tuple(_ambiguity(code, policy) for code in sorted(codes)) if codes else ()


def _ambiguity(code: str, policy: Policy) -> Ambiguity:
    return Ambiguity(code, TEXTS[code], policy.of(code) if code in FIELDS else None)


def _tax_codes(priced: Collection[Component]) -> Iterator[str]:
    known = unknown = False
    for component in priced:
        if component.rate is None:
            unknown = True
        else:
            known = True
            if component.vat is None and component.tariff.taxes is TaxIncluded.YES:
                yield "TAX_UNKNOWN"
        if component.type is FLAT and component.beside_parking:
            yield "A22"
    if known and unknown:
        yield "A14"


def _step_codes(
    measured: Sequence[Measured], walk: Walk, used: Sequence[Prepared]
) -> Iterator[str]:
    energy, times = walk.energy, walk.times
    if energy and energy[-1].component.step > 1:
        if _last_is_zero(measured, "energy"):
            yield "A24"
        if len(used) > 1:
            yield "A11"
    if not times:
        return
    last = times[-1].component
    other = [line for line in times if line.component.dimension is not last.dimension]
    stepped = last.step > 1 or any(line.component.step > 1 for line in other)
    if not stepped:
        return
    if last.dimension is Dimension.TIME and other:
        yield "A02"
    if (not last.price and other) or (last.dimension is Dimension.TIME and _ends_parked(measured)):
        yield "A03"
    if len(used) > 1:
        yield "A11"
    if last.step > 1 and _tips(measured, times, last):
        yield "A12"


def _last_is_zero(measured: Sequence[Measured], name: str) -> bool:
    for period in reversed(measured):
        value = getattr(period, name)
        if value is not None:
            return not value
    return False


def _ends_parked(measured: Sequence[Measured]) -> bool:
    for period in reversed(measured):
        if period.time or period.parking:
            return bool(period.parking)
    return False


def _tips(measured: Sequence[Measured], times: Sequence[Line], last: Component) -> bool:
    """Whether the hours as printed need another number of steps than the seconds taken."""
    parking = last.dimension is Dimension.PARKING
    printed = Decimal(0)
    taken: Decimal | int = 0
    for line in times:
        if line.component.dimension is last.dimension:
            period = measured[line.period]
            hours = period.parking_hours if parking else period.time_hours
            printed += (hours or 0) * HOUR
            taken += line.measured
    return _steps(printed, last.step) != _steps(taken, last.step)


def _steps(amount: Decimal | int, step: int) -> Decimal | int:
    """Begun steps: counted up by hand, for Decimals divide towards zero."""
    whole, over = divmod(amount, step)
    return whole + (over > 0)


def _bound_codes(bounded: Bounded, walk: Walk, used: Sequence[Prepared]) -> Iterator[str]:
    if bounded.scaled:
        yield "A15"
    if walk.reserving_at is not None:
        spared = walk.last is not None and walk.last.min_price is not None and not walk.charged
        if spared or (bounded.moved and walk.reserved):
            yield "A17"
    if len(used) > 1 and any(one.min_price or one.max_price for one in used):
        yield "A18"


def _reservation_codes(walk: Walk, used: Sequence[Prepared], outcome: str | None) -> Iterator[str]:
    if outcome is None:
        yield "RESERVATION_OUTCOME"
    if walk.charged and any(one.by_duration for one in used):
        yield "A08"
    if walk.reserved and walk.times and walk.reserved[-1].component.step > 1:
        yield "A09"
    if walk.outcome is Outcome.CANCELLED:
        yield "A09b"
    for tariff in used:
        if walk.outcome is Outcome.EXPIRED and FLAT in tariff.expired and FLAT in tariff.reserved:
            yield "A09c"
        described = TIME in tariff.reserved or FLAT in tariff.reserved or tariff.expired
        if not described and (tariff.time or tariff.flat):
            yield "A10"
