"""From a finished session to its complete CDR (OCPI 2.2.1 §mod_cdrs)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

import msgspec

from voltroam.billing.cut import InForce, MeterReading, State, cut
from voltroam.billing.problem import BillingProblem
from voltroam.bridge.packages import BOOKING_DIMENSIONS
from voltroam.bridge.retype import all_retyped
from voltroam.bridge.tariffs import tariff_up
from voltroam.pricing import Amount, Bill, Policy, price
from voltroam.pricing.currency import exponent
from voltroam.pricing.decimals import rounded
from voltroam.standard import v2_2_1 as old
from voltroam.standard import v2_3_0 as new
from voltroam.standard.parties import fold
from voltroam.standard.types import NOT_AVAILABLE
from voltroam.standard.v2_3_0.cdrs import SESSION_ONLY, ChargingPeriod

DIGITS = 4


class Applied(msgspec.Struct, frozen=True):
    """A tariff as it stood when the session came under it; `since` None from the start."""

    tariff: old.Tariff
    since: datetime | None = None


class Built(msgspec.Struct, frozen=True):
    """The CDR, and the bill that explains its totals line by line."""

    cdr: old.CDR
    bill: Bill


def build(
    session: old.Session,
    readings: Sequence[MeterReading],
    tariffs: Sequence[Applied],
    location: old.Location,
    *,
    cdr_id: str,
    now: datetime,
    policy: Policy | None = None,
    reservation_outcome: str | None = None,
    signed_data: old.SignedData | None = None,
    digits: int | None = None,
) -> Built:
    """The CDR of a session, with every total, its tariffs and its location as snapshots.

    `tariffs` and `location` are those of the start, which the caller kept. Money is rounded half
    up to `digits`, by default those of the currency. BillingProblem for a session that is not
    over or INVALID, or whose EVSE or connector the location does not have.
    """
    _check_over(session)
    if not readings:
        raise BillingProblem("$.readings", "none: there is nothing to bill")
    start = min(session.start_date_time, readings[0].at)
    used = [InForce(tariff_up(one.tariff).value, one.since or start) for one in tariffs]
    periods = cut(readings, used, location.time_zone, policy=policy)
    return compose(
        session,
        periods,
        [one.tariff for one in tariffs],
        snapshot(location, session.evse_uid, session.connector_id),
        zone=location.time_zone,
        start=_began(session, readings[0]),
        end=readings[-1].at,
        cdr_id=cdr_id,
        now=now,
        policy=policy,
        reservation_outcome=reservation_outcome,
        signed_data=signed_data,
        digits=digits,
    )


def compose(
    session: old.Session,
    periods: Sequence[ChargingPeriod],
    tariffs: Sequence[old.Tariff],
    place: old.CdrLocation,
    *,
    zone: str,
    start: datetime,
    end: datetime,
    cdr_id: str,
    now: datetime,
    policy: Policy | None = None,
    reservation_outcome: str | None = None,
    signed_data: old.SignedData | None = None,
    digits: int | None = None,
    canonical: Sequence[new.Tariff] = (),
) -> Built:
    """The CDR of a session whose periods are cut already: from `start`, the last until `end`.

    Dimensions that only a Session or only 2.3.0 has are left out. `canonical`: the tariffs as they
    were given in 2.3.0, where that says more. BillingProblem as of `build`.
    """
    over = _check_over(session)
    periods = [for_cdr(one) for one in periods]
    bill = price(
        canonical or [tariff_up(one).value for one in tariffs],
        periods,
        start=min(start, periods[0].start_date_time) if periods else start,
        end=end,
        zone=zone,
        policy=policy,
        reservation_outcome=reservation_outcome,
        currency=session.currency,
    )
    money = exponent(session.currency) if digits is None else digits
    parking = _number(bill.total_parking_time)
    cdr = old.CDR(
        country_code=session.country_code,
        party_id=session.party_id,
        id=cdr_id,
        start_date_time=start,
        end_date_time=over,
        session_id=session.id,
        cdr_token=session.cdr_token,
        auth_method=session.auth_method,
        authorization_reference=session.authorization_reference,
        cdr_location=place,
        meter_id=session.meter_id,
        currency=session.currency,
        tariffs=list(tariffs) or None,
        charging_periods=all_retyped(map(for_home, periods), old.ChargingPeriod),
        signed_data=signed_data,
        total_cost=_price(bill.total_cost, money),
        total_fixed_cost=_part(bill.total_fixed_cost, money),
        total_energy=_number(bill.total_energy),
        total_energy_cost=_part(bill.total_energy_cost, money),
        total_time=_number(bill.total_time),
        total_time_cost=_part(bill.total_time_cost, money),
        total_parking_time=parking or None,
        total_parking_cost=_part(bill.total_parking_cost, money),
        total_reservation_cost=_part(bill.total_reservation_cost, money),
        last_updated=now,
    )
    return Built(cdr, bill)


def for_cdr(period: ChargingPeriod) -> ChargingPeriod:
    """The period without what is for Sessions only (CDR-DT-06)."""
    return _without(period, SESSION_ONLY)


def for_home(period: ChargingPeriod) -> ChargingPeriod:
    """Without what 2.2.1 has no word for: what a booking adds (OCPI 2.3.0 §mod_bookings)."""
    return _without(period, BOOKING_DIMENSIONS)


def _without(period: ChargingPeriod, kinds: Collection[str]) -> ChargingPeriod:
    kept = [one for one in period.dimensions if one.type not in kinds]
    if len(kept) == len(period.dimensions):
        return period
    return msgspec.structs.replace(period, dimensions=kept)


def _check_over(session: old.Session) -> datetime:
    if session.status is old.SessionStatus.INVALID:
        raise BillingProblem("$.session.status", "INVALID: no CDR is made of such a session")
    if session.end_date_time is None:
        raise BillingProblem("$.session.end_date_time", "missing: the session is not over")
    return session.end_date_time


def credit(cdr: old.CDR, *, cdr_id: str, now: datetime) -> old.CDR:
    """The credit CDR that takes a CDR back: only total_cost is negated (§mod_cdrs)."""
    if cdr.credit:
        raise BillingProblem("$.credit", "a credit CDR is not taken back itself")
    if fold(cdr_id) == fold(cdr.id):
        raise BillingProblem("$.id", "a credit CDR has an id of its own")
    incl = cdr.total_cost.incl_vat
    return msgspec.structs.replace(
        cdr,
        id=cdr_id,
        credit=True,
        credit_reference_id=cdr.id,
        total_cost=old.Price(
            excl_vat=-cdr.total_cost.excl_vat, incl_vat=None if incl is None else -incl
        ),
        last_updated=now,
    )


def _began(session: old.Session, first: MeterReading) -> datetime:
    """With a reservation the CDR begins where that does (CDR, start_date_time)."""
    if first.state is State.RESERVED:
        return min(session.start_date_time, first.at)
    return session.start_date_time


def snapshot(location: old.Location, evse_uid: str, connector_id: str) -> old.CdrLocation:
    """The place of a session as its CDR keeps it (OCPI 2.2.1 §mod_cdrs, CdrLocation).

    For a reservation that no EVSE was assigned to (`#NA`) the kind of connector is that of the
    location's first, for the standard has no word for unknown there.
    """
    evse, connector = _place(location, evse_uid, connector_id)
    unknown = evse_uid == NOT_AVAILABLE
    return old.CdrLocation(
        id=location.id,
        name=location.name,
        address=location.address[:45],
        city=location.city,
        postal_code=location.postal_code,
        state=location.state[:20] if location.state else None,
        country=location.country,
        coordinates=location.coordinates,
        evse_uid=evse_uid,
        evse_id=NOT_AVAILABLE if unknown else evse.evse_id or NOT_AVAILABLE,
        connector_id=connector_id,
        connector_standard=connector.standard,
        connector_format=connector.format,
        connector_power_type=connector.power_type,
    )


def _place(
    location: old.Location, evse_uid: str, connector_id: str
) -> tuple[old.EVSE, old.Connector]:
    for evse in location.evses or ():
        if evse_uid != NOT_AVAILABLE and fold(evse.uid) != fold(evse_uid):
            continue
        for connector in evse.connectors:
            if NOT_AVAILABLE in (evse_uid, connector_id) or fold(connector.id) == fold(
                connector_id
            ):
                return evse, connector
    where = f"EVSE {evse_uid} with connector {connector_id}"
    raise BillingProblem("$.location.evses", f"no {where}")


def _price(amount: Amount, digits: int) -> old.Price:
    excl, incl = amount.rounded(digits)
    return old.Price(excl_vat=excl, incl_vat=incl)


def _part(amount: Amount | None, digits: int) -> old.Price | None:
    return None if amount is None else _price(amount, digits)


def _number(amount: Decimal) -> Decimal:
    return rounded(Fraction(amount), DIGITS)
