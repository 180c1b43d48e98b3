"""Rules of OCPI 2.2.1 §mod_sessions and §mod_cdrs."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from voltroam.standard import v2_1_1, v2_3_0
from voltroam.standard import v2_2_1 as v
from voltroam.standard.parties import fold
from voltroam.standard.types import NOT_AVAILABLE
from voltroam.standard.v2_2_1.cdrs import SESSION_ONLY
from voltroam.wire.rules.breach import Breach, Rule, before


def session_rule(session: v.Session | v2_3_0.Session) -> Iterator[Breach]:
    if session.status is v.SessionStatus.ACTIVE:
        for name in ("evse_uid", "connector_id"):
            if getattr(session, name) == NOT_AVAILABLE:
                yield Breach(f".{name}", "SES-OBJ-02", "#NA only before an EVSE is assigned")
    if session.status is v.SessionStatus.COMPLETED and session.end_date_time is None:
        yield Breach(".end_date_time", "mod_sessions", "missing though COMPLETED", True)
    if before(session.end_date_time, session.start_date_time):
        yield Breach(".end_date_time", "mod_sessions", "before start_date_time", True)
    yield from in_order(session.charging_periods or ())


def dimension_rule(dimension: v.CdrDimension | v2_3_0.CdrDimension) -> Iterator[Breach]:
    if dimension.type == "STATE_OF_CHARGE" and not 0 <= dimension.volume <= 100:
        yield Breach(".volume", "mod_cdrs", "state of charge is between 0 and 100")


def in_order(
    periods: Iterable[v.ChargingPeriod | v2_1_1.ChargingPeriod | v2_3_0.ChargingPeriod],
) -> Iterator[Breach]:
    last: datetime | None = None
    for index, period in enumerate(periods):
        if before(period.start_date_time, last):
            yield Breach(
                f".charging_periods[{index}]", "mod_cdrs", "starts before the period above it", True
            )
        last = period.start_date_time


def cdr_rule(cdr: v.CDR | v2_3_0.CDR) -> Iterator[Breach]:
    yield from _cdr_credit(cdr)
    periods: Iterable[v.ChargingPeriod | v2_3_0.ChargingPeriod] = cdr.charging_periods
    for index, period in enumerate(periods):
        dimensions: Iterable[v.CdrDimension | v2_3_0.CdrDimension] = period.dimensions
        for at, dimension in enumerate(dimensions):
            if dimension.type in SESSION_ONLY:
                yield Breach(
                    f".charging_periods[{index}].dimensions[{at}].type", "CDR-DT-06",
                    f"{dimension.type} is for sessions only",
                )  # fmt: skip
    yield from in_order(cdr.charging_periods)
    if before(cdr.end_date_time, cdr.start_date_time):
        yield Breach(".end_date_time", "mod_cdrs", "before start_date_time", True)
    reserved = volume_of(cdr, "RESERVATION_TIME") is not None
    reserved = reserved or cdr.total_reservation_cost is not None
    if cdr.session_id is None and not reserved:
        yield Breach(".session_id", "CDR-OBJ-01", "missing without a reservation", True)
    where = cdr.cdr_location
    for name in ("evse_uid", "evse_id", "connector_id"):
        if getattr(where, name) == NOT_AVAILABLE and not reserved:
            yield Breach(f".cdr_location.{name}", "CDR-OBJ-12", "#NA without a reservation", True)
    yield from _cdr_totals(cdr)


def _cdr_credit(cdr: v.CDR | v2_3_0.CDR) -> Iterator[Breach]:
    if cdr.credit and not cdr.credit_reference_id:
        yield Breach(".credit_reference_id", "CDR-CRED-02", "a credit CDR needs it")
    if cdr.credit_reference_id and not cdr.credit:
        yield Breach(".credit", "CDR-CRED-04", "not set beside credit_reference_id", True)
    if not cdr.credit and len(cdr.id) > 36:
        yield Breach(".id", "CDR-CRED-05", "longer than 36 and no credit CDR")
    if cdr.credit and fold(cdr.id) == fold(cdr.credit_reference_id or ""):
        yield Breach(".id", "CDR-CRED-01", "a credit CDR has an id of its own")


def _cdr_totals(cdr: v.CDR | v2_3_0.CDR) -> Iterator[Breach]:
    energy = volume_of(cdr, "ENERGY")
    if energy is not None and abs(energy - cdr.total_energy) > Decimal("0.01"):
        yield Breach(".total_energy", "mod_cdrs", f"periods add up to {energy:f} kWh", True)
    if cdr.total_parking_time is not None and cdr.total_parking_time > cdr.total_time:
        yield Breach(".total_parking_time", "CDR-OBJ-06", "more than total_time", True)
    bounded = any(tariff.min_price or tariff.max_price for tariff in cdr.tariffs or ())
    parts = [
        _net(part)
        for part in (
            cdr.total_fixed_cost, cdr.total_energy_cost, cdr.total_time_cost,
            cdr.total_parking_cost, cdr.total_reservation_cost,
        )
        if part is not None
    ]  # fmt: skip
    # a credit CDR negates the total only; rounding of up to a cent per part is nobody's fault
    slack = Decimal("0.01") * len(parts)
    if parts and not bounded and not cdr.credit and abs(sum(parts) - _net(cdr.total_cost)) > slack:
        yield Breach(".total_cost", "CDR-OBJ-08", f"the parts add up to {sum(parts):f}", True)


def _net(price: v.Price | v2_3_0.Price) -> Decimal:
    return price.excl_vat if isinstance(price, v.Price) else price.before_taxes


def volume_of(cdr: v.CDR | v2_1_1.CDR | v2_3_0.CDR, kind: str) -> Decimal | None:
    volumes = [
        dimension.volume
        for period in cdr.charging_periods
        for dimension in period.dimensions
        if dimension.type == kind
    ]
    return sum(volumes, Decimal(0)) if volumes else None


RULES: dict[type, Rule] = {
    v.Session: session_rule,
    v.CdrDimension: dimension_rule,
    v.CDR: cdr_rule,
}
