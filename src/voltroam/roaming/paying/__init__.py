"""Card payments at terminals: the provider's side and the operator's (OCPI 2.3.0 §mod_payments)."""

from voltroam.roaming.paying.paying import AdviceLine, Paying
from voltroam.roaming.paying.payment import Advice, Capture, Payment, PaymentState, TerminalState
from voltroam.roaming.paying.terminals import Terminals

__all__ = [
    "Advice",
    "AdviceLine",
    "Capture",
    "Paying",
    "Payment",
    "PaymentState",
    "TerminalState",
    "Terminals",
]
