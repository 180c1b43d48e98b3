"""The states of a payment and of a terminal."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from voltroam.roaming.paying import Advice, Capture, Payment, PaymentState, TerminalState
from voltroam.roaming.paying.payment import NEXT, captured, judged, moved, state_of
from voltroam.standard.errors import CallerError
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_3_0.payments import CaptureStatusCode, Terminal

S = PaymentState


def payment(state: PaymentState = S.PREAUTHORISED) -> Payment:
    return Payment(
        reference="A1", terminal_id="T1", provider=PartyId("DE", "PAY"),
        operator=PartyId("NL", "NOD"), partner="noda", location_id="LOC1", evse_uid=None,
        state=state, at=datetime(2026, 11, 22, tzinfo=UTC), currency="EUR",
        preauthorised=Decimal(50),
    )  # fmt: skip


@pytest.mark.parametrize(
    "course",
    [
        (S.SESSION_ACTIVE, S.CDR_RECEIVED, S.CAPTURED, S.CONFIRMED),
        (S.CDR_RECEIVED, S.CAPTURE_FAILED, S.CONFIRMED),
        (S.RELEASED,),
    ],
)
def test_the_ways_that_a_payment_goes(course: tuple[PaymentState, ...]) -> None:
    one = payment()
    for state in course:
        one = moved(one, state)
    assert one.state is course[-1]


@pytest.mark.parametrize("state", [S.CONFIRMED, S.RELEASED])
def test_what_is_over_stays_over(state: PaymentState) -> None:
    assert state not in NEXT
    for other in S:
        with pytest.raises(CallerError):
            moved(payment(state), other)


def test_nothing_is_captured_before_the_cdr() -> None:
    """RPAY-023"""
    capture = Capture(status=CaptureStatusCode.SUCCESS, amount=Decimal(12))
    with pytest.raises(CallerError):
        captured(payment(S.SESSION_ACTIVE), capture)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (CaptureStatusCode.SUCCESS, S.CAPTURED),
        (CaptureStatusCode.PARTIAL_SUCCESS, S.CAPTURED),
        (CaptureStatusCode.FAILED, S.CAPTURE_FAILED),
    ],
)
def test_what_the_payment_service_says(status: CaptureStatusCode, state: PaymentState) -> None:
    """RPAY-029"""
    done = captured(payment(S.CDR_RECEIVED), Capture(status=status, amount=Decimal(12)))
    assert (done.state, done.capture, done.captured) == (state, status, Decimal(12))


def test_either_list_assigns_a_terminal() -> None:
    """RPAY-004"""
    assert state_of(Terminal(terminal_id="T"), deactivated=False) is TerminalState.CREATED
    one = Terminal(terminal_id="T", location_ids=["L"])
    other = Terminal(terminal_id="T", evse_uids=["E"])
    assert state_of(one, deactivated=False) is TerminalState.ASSIGNED
    assert state_of(other, deactivated=False) is TerminalState.ASSIGNED
    assert state_of(other, deactivated=True) is TerminalState.DEACTIVATED


@pytest.mark.parametrize(
    ("status", "paid", "total", "known", "advice"),
    [
        (CaptureStatusCode.SUCCESS, "12", "12", True, Advice.MATCHED),
        (CaptureStatusCode.PARTIAL_SUCCESS, "10", "12", True, Advice.SHORT),
        (CaptureStatusCode.FAILED, "0", "12", True, Advice.FAILED),
        (CaptureStatusCode.SUCCESS, "12", None, True, Advice.MATCHED),
        (CaptureStatusCode.SUCCESS, "12", "12", False, Advice.UNMATCHED),
    ],
)
def test_a_confirmation_against_the_cdr(
    status: CaptureStatusCode, paid: str, total: str | None, known: bool, advice: Advice
) -> None:
    """RPAY-032, RPAY-033"""
    bill = None if total is None else Decimal(total)
    assert judged(status, Decimal(paid), bill, known=known) is advice
