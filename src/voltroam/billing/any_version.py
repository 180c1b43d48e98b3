"""Price a CDR, a Session or a plain session of any version: read, brought up, priced.

Only the members that a price depends on are read, so that a CDR with a faulty address can still
be priced. An object is of 2.3.0 where a member says so that 2.2.1 has not: `tax_included` of a
tariff, `before_taxes` of an amount.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from voltroam.billing.problem import BillingProblem
from voltroam.billing.zones import EXTRA, Place, zone_at
from voltroam.bridge.cdrs import cdr_up
from voltroam.bridge.retype import all_retyped
from voltroam.bridge.sessions import session_up
from voltroam.bridge.tariffs import tariff_up
from voltroam.pricing import Ambiguity, Bill, Outcome, Policy, price
from voltroam.standard import v2_2_1 as old
from voltroam.standard import v2_3_0 as new
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import fold
from voltroam.standard.types import Currency, DateTime
from voltroam.wire.decode import Severity, read

T = TypeVar("T", bound=msgspec.Struct)
S = TypeVar("S")
_RAWS = list[msgspec.Raw]
_MEMBERS = dict[str, msgspec.Raw]

LARGEST = 5_000_000
"""Bytes of one document: what is read and priced within a second."""
MOST_DIGITS = 40
"""Before and behind the point."""
LOCAL = ("start_time", "end_time", "start_date", "end_date", "day_of_week")
"""Restrictions that need the clock on the wall."""
UTC_ZONE = "UTC"


class _Mark(msgspec.Struct):
    """What tells a version apart, and nothing else."""

    tax_included: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    total_cost: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    tariff: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    tariffs: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Coordinates(msgspec.Struct, frozen=True):
    latitude: str
    longitude: str


class _Place(msgspec.Struct):
    coordinates: _Coordinates


class _Placed(msgspec.Struct):
    cdr_location: _Place


class _Plain(msgspec.Struct, kw_only=True):
    """What a price depends on: a CDR, a Session and the plain form all have these names."""

    charging_periods: Annotated[list[old.ChargingPeriod], Meta(min_length=1)] | None = None
    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None
    currency: Currency | None = None
    time_zone: str | None = None
    reservation_outcome: Outcome | None = None


class _Plain221(_Plain, kw_only=True):
    tariff: old.Tariff | None = None
    tariffs: list[old.Tariff] | None = None


class _Plain230(_Plain, kw_only=True):
    tariff: new.Tariff | None = None
    tariffs: list[new.Tariff] | None = None


@dataclass(frozen=True, slots=True)
class Priceable:
    """What is priced, in the shape of 2.3.0; `end` None while a session runs."""

    tariffs: tuple[new.Tariff, ...]
    periods: tuple[new.ChargingPeriod, ...]
    start: datetime | None
    end: datetime | None
    currency: str | None = None
    zone: str | None = None
    reservation_outcome: str | None = None
    place: Place | None = None
    """The coordinates of a CDR: its zone, where nobody says it."""

    def with_tariffs(self, tariffs: Iterable[new.Tariff]) -> "Priceable":
        """These instead of those of the same id, and beside the others.

        Of a whole catalogue only those that a period names; all, where none names any.
        """
        named = {fold(one.tariff_id) for one in self.periods if one.tariff_id is not None}
        given = {fold(one.id): one for one in tariffs if not named or fold(one.id) in named}
        kept = [tariff for tariff in self.tariffs if fold(tariff.id) not in given]
        return replace(self, tariffs=(*given.values(), *kept))


def priceable(data: bytes) -> Priceable:
    """Read what is to be priced; BillingProblem names the place of a fault.

    `tariff` or `tariffs`, `charging_periods`, `start_date_time`, `end_date_time`, `currency`,
    `time_zone`, `reservation_outcome` (USED, EXPIRED, CANCELLED).
    """
    found: _Plain221 | _Plain230
    if is_230(data):
        found = read_as(_Plain230, data)
        tariffs = [*([found.tariff] if found.tariff else []), *(found.tariffs or [])]
    else:
        found = read_as(_Plain221, data)
        given = [*([found.tariff] if found.tariff else []), *(found.tariffs or [])]
        tariffs = [tariff_up(tariff).value for tariff in given]
    if found.charging_periods is None:
        raise BillingProblem("$.charging_periods", "missing: there is nothing to price")
    return Priceable(
        tariffs=tuple(tariffs),
        periods=tuple(all_retyped(found.charging_periods, new.ChargingPeriod)),
        start=found.start_date_time,
        end=found.end_date_time,
        currency=found.currency,
        zone=found.time_zone,
        reservation_outcome=found.reservation_outcome,
        place=_place(data),
    )


def _place(data: bytes) -> Place | None:
    """None where a CDR's location is faulty: most prices do not need it."""
    found = _decoded(data, _Placed)
    return None if found is None else found.cdr_location.coordinates


def of_cdr(cdr: new.CDR, *, outcome: str | None = None, zone: str | None = None) -> Priceable:
    """The part of a CDR that its price depends on."""
    return Priceable(
        tariffs=tuple(cdr.tariffs or ()),
        periods=tuple(cdr.charging_periods),
        start=cdr.start_date_time,
        end=cdr.end_date_time,
        currency=cdr.currency,
        zone=zone,
        reservation_outcome=outcome,
        place=cdr.cdr_location.coordinates,
    )


def price_any(
    case: Priceable | bytes,
    *,
    zone: str | None = None,
    policy: Policy | None = None,
) -> Bill:
    """The bill of a document or of what was read from one.

    `zone` counts before the document's own. Raises BillingProblem, or PricingProblem, both with
    `path` and `reason`.
    """
    if isinstance(case, bytes):
        case = priceable(case)
    given = zone or case.zone
    taken = zone_for(case.tariffs, given, case.place)
    bill = price(
        case.tariffs,
        case.periods,
        start=case.start,
        end=case.end,
        zone=taken,
        policy=policy,
        reservation_outcome=case.reservation_outcome,
        currency=case.currency,
    )
    if given is not None or taken == UTC_ZONE:
        return bill
    text = f"nobody tells the time zone: {taken} was taken, where the coordinates lie"
    warning = Ambiguity("ZONE", text, f"zone={taken}")
    return msgspec.structs.replace(bill, warnings=(*bill.warnings, warning))


def zone_for(tariffs: Iterable[new.Tariff], zone: str | None, place: Place | None = None) -> str:
    """The zone; UTC where no restriction asks for local time, for then it changes nothing.

    A CDR does not carry its zone: where nobody tells it, the coordinates do. BillingProblem if it
    is needed and they cannot.
    """
    if zone is not None:
        return zone
    for index, tariff in enumerate(tariffs):
        for number, element in enumerate(tariff.elements):
            limits = element.restrictions
            if limits is not None and any(getattr(limits, name) for name in LOCAL):
                if place is not None and (found := zone_at(place)) is not None:
                    return found
                where = f"$.tariffs[{index}].elements[{number}]"
                reason = f"missing: {where} depends on the local time of the location; --zone"
                if place is not None:
                    reason += f" tells it, or with {EXTRA} the coordinates do (zone=coordinates)"
                else:
                    reason += " tells it"
                raise BillingProblem("$.time_zone", reason)
    return UTC_ZONE


def read_tariffs(documents: Iterable[bytes]) -> list[new.Tariff]:
    """Tariffs of either version, in the shape of 2.3.0."""
    return [read_tariff(document) for document in documents]


def read_tariff(data: bytes) -> new.Tariff:
    if is_230(data):
        return read_as(new.Tariff, data)
    return tariff_up(read_as(old.Tariff, data)).value


def read_cdr(data: bytes) -> new.CDR:
    """A CDR of either version, in the shape of 2.3.0."""
    return read_as(new.CDR, data) if is_230(data) else cdr_up(read_as(old.CDR, data)).value


def read_session(data: bytes) -> new.Session:
    """A Session of either version, in the shape of 2.3.0."""
    if is_230(data):
        return read_as(new.Session, data)
    return session_up(read_as(old.Session, data)).value


def is_230(data: bytes) -> bool:
    """Whether a tariff, CDR, Session or plain form is of 2.3.0; False where nothing tells."""
    mark = _decoded(data, _Mark)
    if mark is None:
        return False
    if not isinstance(mark.tax_included, msgspec.UnsetType):
        return True
    if "before_taxes" in _names(mark.total_cost) or "tax_included" in _names(mark.tariff):
        return True
    return any("tax_included" in _names(one) for one in _decoded(mark.tariffs, _RAWS) or ())


def _names(raw: msgspec.Raw | msgspec.UnsetType) -> set[str]:
    return set(_decoded(raw, _MEMBERS) or ())


def _decoded(data: bytes | msgspec.Raw | msgspec.UnsetType, shape: type[S]) -> S | None:
    """None for what has another shape: the thorough reader tells what is wrong with it."""
    if isinstance(data, msgspec.UnsetType):
        return None
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def read_as(shape: type[T], data: bytes) -> T:
    """A document as a shape; BillingProblem for the first fault that makes it unusable."""
    if len(data) > LARGEST:
        raise BillingProblem("$", f"more than {LARGEST} bytes")
    try:
        reading = read(shape, data)
    except CallerError as error:
        raise BillingProblem("$", error.message.replace("the body", "the text")) from None
    fatal = [one for one in reading.problems if one.severity is Severity.FATAL]
    if fatal:
        more = f" (and {len(fatal) - 1} more faults)" if len(fatal) > 1 else ""
        raise BillingProblem(fatal[0].path, f"{fatal[0].message}{more}")
    if reading.value is None:
        raise BillingProblem("$", "unusable")
    _check_numbers(msgspec.to_builtins(reading.value, builtin_types=(Decimal, datetime)), "$")
    return reading.value


def _check_numbers(value: object, path: str) -> None:
    """No amount needs so many digits; written out they would fill the memory."""
    if isinstance(value, Decimal):
        if value and not -MOST_DIGITS <= value.adjusted() <= MOST_DIGITS:
            raise BillingProblem(path, "not a number that can be an amount")
    elif isinstance(value, dict):
        for name, member in value.items():
            _check_numbers(member, f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_numbers(item, f"{path}[{index}]")
