"""What verification says: per value, per transaction, and of the whole."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from voltroam.metering.record import Format, Reading, Rule

NOT_CERTIFIED = (
    "voltroam is not a certified or conformity-assessed verification software; "
    "the S.A.F.E. Transparenzsoftware is, and reads the XML that voltroam writes."
)


class Signature(StrEnum):
    """What became of one signature."""

    VALID = "VALID"
    INVALID = "INVALID"
    NO_KEY = "NO_KEY"
    MALFORMED = "MALFORMED"


class Trust(StrEnum):
    """Whose word the key is: a register's, the caller's, only the sender's, or there is none."""

    REGISTER = "REGISTER"
    CALLER = "CALLER"
    SENDER = "SENDER"
    NONE = "NONE"


class Outcome(StrEnum):
    """The whole, worst first: MALFORMED, INVALID, NO_KEY, RULES_FAIL, VALID."""

    VALID = "VALID"
    RULES_FAIL = "RULES_FAIL"
    NO_KEY = "NO_KEY"
    INVALID = "INVALID"
    MALFORMED = "MALFORMED"


@dataclass(frozen=True, slots=True)
class Value:
    """One signed value. `problem` tells, with its place, why a signature is MALFORMED.

    `rules` are its own and those of its transaction.
    """

    place: str
    format: Format | None
    signature: Signature
    key_trust: Trust
    problem: str = ""
    curve: str = ""
    meter_id: str = ""
    session: str = ""
    evse: str = ""
    pagination: int | None = None
    readings: tuple[Reading, ...] = ()
    rules: tuple[Rule, ...] = ()
    deviations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transaction:
    """One charge: which values it is made of, its two readings, and its rules."""

    id: str
    values: tuple[int, ...]
    meter_id: str
    other_ids: tuple[str, ...]
    evse: str
    begin: Reading | None
    end: Reading | None
    energy_kwh: Decimal | None
    rules: tuple[Rule, ...]

    @property
    def ok(self) -> bool:
        return all(rule.ok for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything that was found out; `format` is None when the values are of several or none."""

    format: Format | None
    verdict: Outcome
    key_trust: Trust
    values: tuple[Value, ...]
    transactions: tuple[Transaction, ...]
    notice: str = NOT_CERTIFIED
