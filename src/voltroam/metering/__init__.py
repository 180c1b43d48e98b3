"""Signed meter values (German Mess- und Eichrecht): read, verified, judged.

voltroam is not a certified verification software: `write` gives the file for the official one.
"""

from voltroam.metering.match import match_cdr
from voltroam.metering.problem import MeteringProblem
from voltroam.metering.public_key import KeyRegister
from voltroam.metering.record import Format, Phase, Reading, Rule
from voltroam.metering.safe_xml import write
from voltroam.metering.verdict import (
    NOT_CERTIFIED,
    Outcome,
    Signature,
    Transaction,
    Trust,
    Value,
    Verdict,
)
from voltroam.metering.verify import (
    Register,
    find,
    verify,
    verify_pieces,
    verify_signed_data,
)

__all__ = [
    "NOT_CERTIFIED",
    "Format",
    "KeyRegister",
    "MeteringProblem",
    "Outcome",
    "Phase",
    "Reading",
    "Register",
    "Rule",
    "Signature",
    "Transaction",
    "Trust",
    "Value",
    "Verdict",
    "find",
    "match_cdr",
    "verify",
    "verify_pieces",
    "verify_signed_data",
    "write",
]
