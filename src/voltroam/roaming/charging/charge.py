"""What we keep of one session that a host reports, from its start to its CDR.

Record kinds: `charge` (one per session, as large as its periods), `charge_terms` (location and
tariffs as at the start: written once, and when the tariff changes), `charge_readings` and
`charge_signed` (what the meter said, by moment). `parent` of an open charge is its location.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from voltroam.billing.running import Running
from voltroam.roaming.host import Reading, SignedReading
from voltroam.standard.parties import PartyId, fold
from voltroam.standard.v2_2_1 import AuthMethod, CdrLocation, CdrToken, SessionStatus
from voltroam.store.interface import Record, RecordDraft, RecordKey
from voltroam.wire.times import to_micros

CHARGE = "charge"
TERMS = "charge_terms"
READINGS = "charge_readings"
SIGNED = "charge_signed"
CLOSED = "closed"
"""`parent` of charges that are over."""
SEPARATOR = "|"
FINAL = frozenset({SessionStatus.COMPLETED, SessionStatus.INVALID})
_ENCODER = msgspec.json.Encoder(decimal_format="string")


class Reservation(msgspec.Struct, frozen=True, omit_defaults=True):
    """Since when and until when an EVSE is kept; `outcome` is how that ended."""

    since: datetime
    until: datetime
    outcome: str | None = None


class Charge(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One session and where it stands; `status` is that of the Session (§mod_sessions)."""

    id: str
    country_code: str
    party_id: str
    status: SessionStatus
    token: CdrToken
    auth_method: AuthMethod
    location_id: str
    evse_uid: str
    connector_id: str
    currency: str
    started: datetime
    """`start_date_time` of the Session."""
    updated: datetime
    heard: datetime
    """When the host last reported, by our clock."""
    terms: int = 0
    """Generation of the terms that hold."""
    authorization_reference: str | None = None
    booking_id: str | None = None
    """The booking that it fulfils (OCPI 2.3.0 §mod_bookings)."""
    invoice_reference: str | None = None
    """Set where we make the driver's invoice (OCPI 2.3.0 §mod_payments)."""
    order_id: str | None = None
    meter_id: str | None = None
    reservation: Reservation | None = None
    course: Running | None = None
    """None while PENDING."""
    base: Decimal | None = None
    """Register minus what was counted; None until the meter was read."""
    meters: tuple[tuple[datetime, Decimal], ...] = ()
    """Where another meter took over: the moment and register of its first reading."""
    priced: bool = True
    """False: a connector with tariffs of which none fits; no CDR without a person."""
    signed: int = 0
    """How many signed values are kept."""
    signed_at: datetime | None = None
    encoding: tuple[str, int | None] | None = None
    """Method and version of the signed values."""
    ended: datetime | None = None
    cdr_id: str | None = None
    fault: str | None = None
    """Why there is no CDR although there should be one."""
    why: str | None = None
    """Why it is INVALID."""
    told: bool = False
    """The operator was told that it is overdue."""
    home_charging_compensation: bool | None = None

    @property
    def owner(self) -> PartyId:
        return PartyId(self.country_code, self.party_id)

    @property
    def is_over(self) -> bool:
        return self.status in FINAL

    @property
    def was_reserved(self) -> bool:
        return self.reservation is not None


class InForceSince(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tariff document of 2.2.1, and since when the session is under it.

    `modern`: the same as it was given in 2.3.0, where it was.
    """

    document: msgspec.Raw
    since: datetime
    modern: str | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The place and the prices of a session, as they stood at its start (CDR-FLOW-06)."""

    generation: int
    owner: PartyId
    zone: str
    place: CdrLocation
    tariffs: tuple[InForceSince, ...] = ()
    booked_until: datetime | None = None
    """The end of the slot that the driver booked (OCPI 2.3.0 §mod_bookings)."""


def charge_key(session_id: str) -> RecordKey:
    return RecordKey(CHARGE, fold(session_id))


def terms_key(session_id: str) -> RecordKey:
    return RecordKey(TERMS, fold(session_id))


def readings_key(session_id: str, at: datetime) -> RecordKey:
    return RecordKey(READINGS, f"{fold(session_id)}{SEPARATOR}{to_micros(at):016d}")


def signed_key(session_id: str, at: datetime) -> RecordKey:
    return RecordKey(SIGNED, f"{fold(session_id)}{SEPARATOR}{to_micros(at):016d}")


def parent_of(owner: PartyId, location_id: str) -> str:
    return f"{owner.folded}{SEPARATOR}{fold(location_id)}"


def read_charge(record: Record) -> Charge:
    return msgspec.json.decode(record.document, type=Charge)


def read_terms(record: Record) -> Terms:
    return msgspec.json.decode(record.document, type=Terms)


def read_readings(record: Record | None) -> list[Reading]:
    return [] if record is None else msgspec.json.decode(record.document, type=list[Reading])


def read_signed(record: Record | None) -> list[SignedReading]:
    return [] if record is None else msgspec.json.decode(record.document, type=list[SignedReading])


def charge_draft(charge: Charge, due: datetime | None) -> RecordDraft:
    parent = CLOSED if charge.is_over else parent_of(charge.owner, charge.location_id)
    return RecordDraft(
        charge_key(charge.id),
        _ENCODER.encode(charge),
        parent,
        None if due is None else to_micros(due),
    )


def terms_draft(session_id: str, terms: Terms) -> RecordDraft:
    return RecordDraft(terms_key(session_id), _ENCODER.encode(terms))


def list_draft(key: RecordKey, session_id: str, listed: Sequence[msgspec.Struct]) -> RecordDraft:
    return RecordDraft(key, _ENCODER.encode(listed), fold(session_id))
