"""The course of one payment at a terminal: pure transitions (OCPI 2.3.0 §mod_payments).

PREAUTHORISED -> SESSION_ACTIVE -> CDR_RECEIVED -> CAPTURED | CAPTURE_FAILED -> CONFIRMED. A payment
whose charge never began is RELEASED. The state names are ours: the standard has none.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec
from msgspec import structs

from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_3_0.payments import CaptureStatusCode, Terminal


class PaymentState(StrEnum):
    """Where a payment stands."""

    PREAUTHORISED = "PREAUTHORISED"
    SESSION_ACTIVE = "SESSION_ACTIVE"
    CDR_RECEIVED = "CDR_RECEIVED"
    CAPTURED = "CAPTURED"
    CAPTURE_FAILED = "CAPTURE_FAILED"
    CONFIRMED = "CONFIRMED"
    RELEASED = "RELEASED"


S = PaymentState
NEXT: Mapping[PaymentState, frozenset[PaymentState]] = {
    S.PREAUTHORISED: frozenset({S.SESSION_ACTIVE, S.CDR_RECEIVED, S.RELEASED}),
    S.SESSION_ACTIVE: frozenset({S.CDR_RECEIVED}),
    S.CDR_RECEIVED: frozenset({S.CAPTURED, S.CAPTURE_FAILED}),
    S.CAPTURED: frozenset({S.CONFIRMED}),
    S.CAPTURE_FAILED: frozenset({S.CONFIRMED}),
}
"""What may follow what; a session may be so short that its CDR is the first that is heard."""


class TerminalState(StrEnum):
    """Where a terminal stands; ours too. REQUESTED: the provider has not set it up yet."""

    REQUESTED = "REQUESTED"
    CREATED = "CREATED"
    ASSIGNED = "ASSIGNED"
    DEACTIVATED = "DEACTIVATED"


class Payment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One payment by its `authorization_reference`. `preauthorised` is what was reserved."""

    reference: str
    terminal_id: str
    provider: PartyId
    operator: PartyId
    partner: str
    location_id: str
    evse_uid: str | None
    state: PaymentState
    at: datetime
    currency: str
    preauthorised: Decimal
    command_id: str | None = None
    """The command that starts the charge."""
    session_id: str | None = None
    stopped: bool = False
    """It reached what was reserved, and was stopped for that."""
    cdr_id: str | None = None
    cost: Decimal | None = None
    cost_with_taxes: Decimal | None = None
    invoice_reference: str | None = None
    """Set: the operator makes the invoice, and wants a confirmation."""
    captured: Decimal | None = None
    capture: CaptureStatusCode | None = None
    confirmation_id: str | None = None


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """What the payment service said. `amount` with taxes; `eft_data` are lines for the invoice."""

    status: CaptureStatusCode
    amount: Decimal
    eft_data: tuple[str, ...] = ()
    message: str | None = None


def moved(payment: Payment, state: PaymentState) -> Payment:
    """Another state, if that may follow. CallerError else."""
    if state not in NEXT.get(payment.state, frozenset()):
        raise CallerError(f"A payment that is {payment.state.value} cannot become {state.value}")
    return structs.replace(payment, state=state)


def captured(payment: Payment, capture: Capture) -> Payment:
    """The money came, in part or whole, or did not come."""
    failed = capture.status is CaptureStatusCode.FAILED
    after = moved(payment, S.CAPTURE_FAILED if failed else S.CAPTURED)
    return structs.replace(after, captured=capture.amount, capture=capture.status)


def is_settled(payment: Payment) -> bool:
    """Nothing more is to come: no charge, no money, no word to the operator."""
    if payment.state in (S.CAPTURED, S.CAPTURE_FAILED):
        return payment.invoice_reference is None or payment.confirmation_id is not None
    return payment.state not in NEXT


def state_of(terminal: Terminal, *, deactivated: bool) -> TerminalState:
    if deactivated:
        return TerminalState.DEACTIVATED
    placed = terminal.location_ids or terminal.evse_uids
    return TerminalState.ASSIGNED if placed else TerminalState.CREATED


class Advice(StrEnum):
    """A confirmation that an operator got, against its own CDR."""

    UNMATCHED = "UNMATCHED"
    """We have no CDR of that authorization_reference."""
    MATCHED = "MATCHED"
    SHORT = "SHORT"
    """Less was captured than the CDR's total."""
    FAILED = "FAILED"


def judged(
    status: CaptureStatusCode, captured: Decimal | None, total: Decimal | None, *, known: bool
) -> Advice:
    """`total`: what the CDR costs with taxes, if it says so (RPAY-032, RPAY-033)."""
    if not known:
        return Advice.UNMATCHED
    if status is CaptureStatusCode.FAILED:
        return Advice.FAILED
    if total is not None and captured is not None and captured < total:
        return Advice.SHORT
    return Advice.MATCHED
