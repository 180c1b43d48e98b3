"""The Session and the CDR that a charge stands for: pure."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import cast

from msgspec.structs import replace

from voltroam.billing.build import Built, compose
from voltroam.pricing import Bill, Policy, PricingProblem
from voltroam.pricing.currency import exponent
from voltroam.roaming.charging.charge import Charge
from voltroam.roaming.charging.problem import ChargingProblem
from voltroam.roaming.charging.terms import Footing
from voltroam.roaming.host import SignedReading
from voltroam.standard import v2_2_1 as old
from voltroam.standard.v2_2_1 import SessionStatus
from voltroam.standard.v2_3_0 import ChargingPeriod
from voltroam.wire.encode import encode
from voltroam.wire.times import format_datetime

USED = "USED"
ZERO = Decimal(0)
KEY, DATA, NATURE, METHOD = 512, 5000, 32, 36
"""Characters that SignedData has room for (CDR-DT-05)."""


def session_of(charge: Charge, footing: Footing, bill: Bill | None) -> old.Session:
    """The Session as partners see it: closed periods, and kWh and cost up to the last reading.

    `bill` is that of `bill_of`; None leaves the cost open.
    """
    course = charge.course
    return old.Session(
        country_code=charge.country_code,
        party_id=charge.party_id,
        id=charge.id,
        start_date_time=charge.started,
        end_date_time=charge.ended,
        kwh=ZERO if course is None else course.kwh,
        cdr_token=charge.token,
        auth_method=charge.auth_method,
        authorization_reference=charge.authorization_reference,
        location_id=charge.location_id,
        evse_uid=charge.evse_uid,
        connector_id=charge.connector_id,
        meter_id=charge.meter_id,
        currency=charge.currency,
        charging_periods=_periods(course.periods) if course is not None else None,
        total_cost=None if bill is None else _cost(bill, charge.currency),
        status=charge.status,
        last_updated=charge.updated,
    )


def _periods(cut: Sequence[ChargingPeriod]) -> list[old.ChargingPeriod] | None:
    """They are priced in 2.3.0 and written in 2.2.1: our own say the same there, word for word,
    but for what a booking adds (`modern_session`).

    Not built anew: a session is written with each of its readings.
    """
    return cast("list[old.ChargingPeriod]", list(cut)) or None


def document_of(session: old.Session) -> bytes:
    """The Session as JSON. Its own time alone has milliseconds as a rule: put in afterwards, for
    the encoder is four times as fast on whole seconds.
    """
    moment = session.last_updated
    whole = moment.replace(microsecond=0)
    if moment == whole:
        return encode(session)
    data = encode(replace(session, last_updated=whole))
    return data.replace(_stamp(whole), _stamp(moment), 1)


def _stamp(moment: datetime) -> bytes:
    return f'"last_updated":"{format_datetime(moment)}"'.encode()


def bill_of(charge: Charge, footing: Footing) -> Bill | None:
    """What is owed up to the last reading; None where that is not known (SES-OBJ-03).

    Unknown: before charging, for no one can tell how a reservation ends, and without a tariff.
    """
    course, plan = charge.course, footing.rates.plan
    if course is None or plan is None:
        return None
    if charge.status not in (SessionStatus.ACTIVE, SessionStatus.COMPLETED):
        return None
    try:
        return plan.price(
            course.closed(footing.marks).periods,
            start=course.start,
            end=course.last.at,
            reservation_outcome=_outcome(charge),
            currency=charge.currency,
        )
    except PricingProblem:
        return None


def _cost(bill: Bill, currency: str) -> old.Price:
    excl, incl = bill.total_cost.rounded(exponent(currency))
    return old.Price(excl_vat=excl, incl_vat=incl)


def cdr_of(
    charge: Charge,
    footing: Footing,
    signed: Sequence[SignedReading],
    *,
    cdr_id: str,
    now: datetime,
    policy: Policy,
) -> Built | None:
    """The CDR of a charge that is COMPLETED, with its bill; None for a reservation that is free.

    Its periods are those of the Session. BillingProblem or PricingProblem where it cannot be
    billed; ChargingProblem where no tariff fitted.
    """
    course = charge.course
    if course is None:
        raise ChargingProblem("NOTHING", "the session was never active")
    if not charge.priced:
        raise ChargingProblem("NO_TARIFF", "none of the connector's tariffs fitted at the start")
    if footing.rates.fault is not None:
        raise ChargingProblem("TARIFF", f"the tariff cannot be priced: {footing.rates.fault}")
    built = compose(
        session_of(charge, footing, None),
        course.periods,
        footing.rates.tariffs,
        footing.terms.place,
        zone=footing.terms.zone,
        start=course.start,
        end=course.last.at,
        cdr_id=cdr_id,
        now=now,
        policy=policy,
        reservation_outcome=_outcome(charge),
        signed_data=signed_data(charge.encoding, signed),
        canonical=footing.rates.canonical,
    )
    if _outcome(charge) not in (None, USED) and not built.cdr.total_cost.excl_vat:
        return None
    cdr = with_compensation(built.cdr, charge.home_charging_compensation)
    if charge.invoice_reference is not None:
        cdr = replace(cdr, invoice_reference_id=charge.invoice_reference)
    return replace(built, cdr=cdr)


def _outcome(charge: Charge) -> str | None:
    return None if charge.reservation is None else charge.reservation.outcome


def with_compensation(cdr: old.CDR, given: bool | None) -> old.CDR:
    """`home_charging_compensation` as the host gave it at the start (CDR-OBJ-10)."""
    return cdr if given is None else replace(cdr, home_charging_compensation=given)


def signed_data(
    encoding: tuple[str, int | None] | None, signed: Sequence[SignedReading]
) -> old.SignedData | None:
    """The signed values byte for byte (CDR-SIG-01).

    The public key is left out where a change of meter gave several.
    """
    if encoding is None or not signed:
        return None
    method, version = encoding
    keys = {one.public_key for one in signed}
    return old.SignedData(
        encoding_method=method,
        encoding_method_version=version,
        public_key=keys.pop() if len(keys) == 1 else None,
        signed_values=[
            old.SignedValue(
                nature=one.nature, plain_data=one.plain_data, signed_data=one.signed_data
            )
            for one in signed
        ],
    )


def check_signed(
    encoding: tuple[str, int | None] | None, one: SignedReading
) -> tuple[str, int | None]:
    """Method and version of a session's signed values; ChargingProblem if no CDR can hold one."""
    limits = (
        ("nature", one.nature, NATURE),
        ("plain_data", one.plain_data, DATA),
        ("signed_data", one.signed_data, DATA),
        ("encoding_method", one.encoding_method, METHOD),
        ("public_key", one.public_key or "", KEY),
    )
    for name, text, most in limits:
        if len(text) > most:
            raise ChargingProblem(
                "SIGNED", f"{name} of the signed value has over {most} characters"
            )
    mine = (one.encoding_method, one.encoding_method_version)
    if encoding is not None and encoding != mine:
        raise ChargingProblem(
            "SIGNED", f"signed in {mine[0]}, but the session began in {encoding[0]}"
        )
    return mine
