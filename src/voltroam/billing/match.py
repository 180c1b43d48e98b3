"""The signed meter values of a CDR: verified, and held against what the CDR says (CDR-SIG)."""

from collections.abc import Sequence

import msgspec

from voltroam.metering import Outcome, Register, Rule, Verdict, match_cdr, verify_signed_data
from voltroam.standard import v2_2_1 as old
from voltroam.standard import v2_3_0 as new


class Match(msgspec.Struct, frozen=True):
    """What the meter signed, and whether the CDR says the same."""

    verdict: Verdict
    rules: tuple[Rule, ...]
    """`cdr-energy`, `cdr-times`, `cdr-meter`, `cdr-evse`: those that both sides tell."""

    @property
    def ok(self) -> bool:
        """The signatures hold, and the CDR bills what was signed."""
        return self.verdict.verdict is Outcome.VALID and all(rule.ok for rule in self.rules)


def match(
    cdr: old.CDR | new.CDR,
    *,
    public_key: str | bytes | None = None,
    register: Register | None = None,
) -> Match | None:
    """None for a CDR without signed data; MeteringProblem for data that nothing can be read of."""
    if cdr.signed_data is None:
        return None
    return match_verdict(cdr, verify_signed_data(cdr.signed_data, public_key, register))


def match_verdict(cdr: old.CDR | new.CDR, verdict: Verdict) -> Match:
    """The same, of values that were verified before."""
    rules: Sequence[Rule] = match_cdr(
        verdict,
        cdr.total_energy,
        cdr.start_date_time,
        cdr.end_date_time,
        cdr.meter_id,
        evse_id=cdr.cdr_location.evse_id,
    )
    return Match(verdict, tuple(rules))
