"""What an audit says: one finding per difference, with its amount and its cause."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """In rising order of worry."""

    OK = "OK"
    ROUNDING = "ROUNDING"
    """The difference is that of rounding: within one unit of the currency's last decimal."""
    CANNOT_TELL = "CANNOT TELL"
    """Something is missing that the amount depends on."""
    DIFFERS = "DIFFERS"


ORDER = list(Verdict)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    return max(verdicts, key=ORDER.index, default=Verdict.OK)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. An OK finding is a remark that moves no amount."""

    code: str
    verdict: Verdict
    path: str
    """JSON path into the CDR."""
    claimed: Decimal | None = None
    computed: Decimal | None = None
    difference: Decimal | None = None
    """Claimed minus computed: positive is too much."""
    unit: str = ""
    """The currency, kWh or h."""
    cause: str = ""
    """Code of what explains the difference (`STEP_NOT_APPLIED`), empty if nothing does."""
    text: str = ""


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one CDR."""

    id: str
    owner: str
    """Country and party of the CPO: `NL/AAA`."""
    partner: str = ""
    start: datetime
    month: str
    """Of the session's start, in UTC: `2026-06`."""
    currency: str
    verdict: Verdict
    claimed: Decimal
    """total_cost without VAT, as the CDR says."""
    computed: Decimal | None
    """The same, recomputed; None if it cannot be told."""
    difference: Decimal | None
    credit: bool = False
    findings: tuple[Finding, ...] = ()

    def with_findings(self, more: Iterable[Finding]) -> "Audit":
        found = (*self.findings, *more)
        return msgspec.structs.replace(
            self, findings=found, verdict=worst(one.verdict for one in found)
        )
