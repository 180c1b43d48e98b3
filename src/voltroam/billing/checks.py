"""What can be checked in a CDR without its price: quantities, dates, and its session."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from voltroam.billing.findings import Finding, Verdict
from voltroam.billing.recut import volume
from voltroam.standard.parties import fold
from voltroam.standard.v2_3_0 import CDR, CdrDimensionType, ChargingPeriod, Session, Tariff

HOUR = timedelta(hours=1)
PRINTED = Decimal("0.0001")
"""The last decimal of a number in a CDR."""
COARSE = Decimal("0.001")
"""Energy and hours are often printed with three decimals."""
SLACK = timedelta(seconds=5)
"""Session and CDR may be closed by different clocks."""
TEXTS_ONLY = frozenset({"last_updated", "tariff_alt_text", "tariff_alt_url", "energy_mix"})
"""Members of a tariff that no price depends on."""
_ZERO = Decimal(0)


def quantities(cdr: CDR) -> Iterator[Finding]:
    """The totals against the periods they stand for (CDR-OBJ-04..06)."""
    periods = cdr.charging_periods
    energy = _sum(periods, CdrDimensionType.ENERGY)
    time = _sum(periods, CdrDimensionType.TIME) + _sum(periods, CdrDimensionType.PARKING_TIME)
    slack = COARSE + PRINTED * len(periods)
    yield from _quantity("total_energy", cdr.total_energy, energy, "kWh", slack)
    yield from _quantity("total_time", cdr.total_time, time, "h", slack)
    if cdr.total_parking_time is not None:
        parked = sum((_parked(one) for one in periods), _ZERO)
        stated = _sum(periods, CdrDimensionType.PARKING_TIME)
        claimed = cdr.total_parking_time
        if abs(claimed - stated) > slack:  # a pause counts for some, not for others
            yield from _quantity("total_parking_time", claimed, parked, "h", slack)


def _sum(periods: Sequence[ChargingPeriod], kind: CdrDimensionType) -> Decimal:
    return sum((volume(one, kind) or _ZERO for one in periods), _ZERO)


def _parked(period: ChargingPeriod) -> Decimal:
    """Hours without energy: parking, and charging that was told to wait."""
    parked = volume(period, CdrDimensionType.PARKING_TIME) or _ZERO
    if volume(period, CdrDimensionType.ENERGY) == 0:
        parked += volume(period, CdrDimensionType.TIME) or _ZERO
    return parked


def _quantity(
    name: str, claimed: Decimal, computed: Decimal, unit: str, slack: Decimal
) -> Iterator[Finding]:
    if claimed == computed:
        return
    near = abs(claimed - computed) <= slack
    cause = "WH_FOR_KWH" if unit == "kWh" and claimed == computed * 1000 else ""
    yield Finding(
        code="QUANTITY",
        verdict=Verdict.OK if near else Verdict.DIFFERS,
        path=f"$.{name}",
        claimed=claimed,
        computed=computed,
        difference=claimed - computed,
        unit=unit,
        cause=cause,
        text=f"{claimed:f} {unit}, but the periods add up to {computed:f} {unit}"
        + (": Wh were written for kWh" if cause else ", as far as they are printed" * near),
    )


def dates(cdr: CDR) -> Iterator[Finding]:
    """Order of the dates, and the clock against the hours of each period."""
    start, end, periods = cdr.start_date_time, cdr.end_date_time, cdr.charging_periods
    if end < start:
        yield _date("DATES", "$.end_date_time", "earlier than start_date_time", Verdict.DIFFERS)
    if cdr.last_updated < end:
        text = "earlier than end_date_time: a CDR is made after the session"
        yield _date("DATES", "$.last_updated", text, Verdict.OK)
    first = periods[0].start_date_time
    if abs(first - start) > SLACK:
        where = "$.charging_periods[0].start_date_time"
        yield _date("DATES", where, "not the start of the session", Verdict.OK)
    for index, (one, after) in enumerate(pairwise(periods)):
        if after.start_date_time < one.start_date_time:
            where = f"$.charging_periods[{index + 1}].start_date_time"
            yield _date("DATES", where, "earlier than the period before it", Verdict.DIFFERS)
    if periods[-1].start_date_time > end:
        where = f"$.charging_periods[{len(periods) - 1}].start_date_time"
        yield _date("DATES", where, "later than end_date_time", Verdict.DIFFERS)
    ends = [*(one.start_date_time for one in periods[1:]), end]
    for index, (period, until) in enumerate(zip(periods, ends, strict=True)):
        yield from _clock(index, period, until)


def _clock(index: int, period: ChargingPeriod, until: datetime) -> Iterator[Finding]:
    """More hours than passed cost more than they may; fewer are for the driver's good."""
    kinds = (
        CdrDimensionType.TIME,
        CdrDimensionType.PARKING_TIME,
        CdrDimensionType.RESERVATION_TIME,
    )
    # time beyond a booked slot is charging or parking too
    beyond = volume(period, CdrDimensionType.RESERVATION_OVERTIME) or _ZERO
    hours = max(sum((volume(period, kind) or _ZERO for kind in kinds), _ZERO), beyond)
    passed = Decimal((until - period.start_date_time) // timedelta(seconds=1)) / 3600
    passed = passed.quantize(PRINTED)
    if passed < 0 or hours <= passed + COARSE:
        return
    yield Finding(
        code="HOURS_OVER_CLOCK",
        verdict=Verdict.DIFFERS,
        path=f"$.charging_periods[{index}].dimensions",
        claimed=hours,
        computed=passed,
        difference=hours - passed,
        unit="h",
        text=f"{hours:f} h are billed, but only {passed:f} h passed",
    )


def _date(code: str, path: str, text: str, verdict: Verdict) -> Finding:
    return Finding(code=code, verdict=verdict, path=path, text=text)


def against_session(cdr: CDR, session: Session) -> Iterator[Finding]:
    """The last state of the session against what is billed for it."""
    if session.kwh != cdr.total_energy:
        near = abs(session.kwh - cdr.total_energy) <= COARSE
        yield Finding(
            code="SESSION_ENERGY",
            verdict=Verdict.OK if near else Verdict.DIFFERS,
            path="$.total_energy",
            claimed=cdr.total_energy,
            computed=session.kwh,
            difference=cdr.total_energy - session.kwh,
            unit="kWh",
            text=f"the session had {session.kwh:f} kWh",
        )
    for name in ("start_date_time", "end_date_time"):
        ours, theirs = getattr(cdr, name), getattr(session, name)
        if name == "start_date_time" and theirs is not None and ours < theirs:
            ours = max(ours, _after_reservation(cdr))
        if theirs is not None and abs(ours - theirs) > SLACK:
            text = f"the session has {theirs.isoformat()}"
            yield _date("SESSION_DATES", f"$.{name}", text, Verdict.DIFFERS)
    where = cdr.cdr_location
    for path, ours, theirs in (
        ("$.session_id", cdr.session_id or session.id, session.id),
        ("$.currency", cdr.currency, session.currency),
        ("$.cdr_token.uid", cdr.cdr_token.uid, session.cdr_token.uid),
        ("$.cdr_token.contract_id", cdr.cdr_token.contract_id, session.cdr_token.contract_id),
        ("$.cdr_location.id", where.id, session.location_id),
        ("$.cdr_location.evse_uid", where.evse_uid, session.evse_uid),
        ("$.cdr_location.connector_id", where.connector_id, session.connector_id),
    ):
        if fold(ours) != fold(theirs):
            text = "not that of the session"  # never quoted: it may be a driver's token
            yield _date("SESSION_MEMBER", path, text, Verdict.DIFFERS)


def _after_reservation(cdr: CDR) -> datetime:
    """When charging began: a CDR starts with the reservation, a Session when it became ACTIVE."""
    for period in cdr.charging_periods:
        if volume(period, CdrDimensionType.RESERVATION_TIME) is None:
            return period.start_date_time
    return cdr.end_date_time


def tariff_changes(embedded: Tariff, published: Tariff) -> list[str]:
    """The members in which two tariffs of one id charge differently."""
    return [
        name
        for name in embedded.__struct_fields__
        if name not in TEXTS_ONLY and getattr(embedded, name) != getattr(published, name)
    ]


def validity(cdr: CDR) -> Iterator[Finding]:
    """A tariff is chosen when the session starts, and has to be valid then."""
    start = cdr.start_date_time
    for index, tariff in enumerate(cdr.tariffs or ()):
        early = tariff.start_date_time is not None and start < tariff.start_date_time
        late = tariff.end_date_time is not None and start > tariff.end_date_time
        if early or late:
            text = f"tariff {tariff.id} was not valid {'yet' if early else 'any more'} at the start"
            path = f"$.tariffs[{index}]"
            yield _date("TARIFF_NOT_VALID", path, text, Verdict.DIFFERS)
