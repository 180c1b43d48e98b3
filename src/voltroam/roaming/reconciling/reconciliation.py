"""One invoice and its CDRs, and where it stands: pure (OCPI 2.3.0 §mod_invoice_reconciliation).

UNMATCHED until all is known -> MATCHED | MISSING_CDR | AMBIGUOUS_CDR | ALREADY_INVOICED |
AMOUNT_DIFF; any of these may become any other when a CDR, a record or the invoice's amount comes.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec
from msgspec import structs

from voltroam.standard.parties import PartyId


class Match(StrEnum):
    """Where an invoice, or one of its CDRs, stands."""

    UNMATCHED = "UNMATCHED"
    """All CDRs are here; what the invoice says that they cost was not told yet."""
    MATCHED = "MATCHED"
    MISSING_CDR = "MISSING_CDR"
    """We hold no CDR of that id."""
    AMBIGUOUS_CDR = "AMBIGUOUS_CDR"
    """Several of the operators that it may be of have a CDR of that id."""
    ALREADY_INVOICED = "ALREADY_INVOICED"
    """The CDR stands on another open record too."""
    AMOUNT_DIFF = "AMOUNT_DIFF"
    """The CDRs do not add up to what the invoice says."""


GRAVITY = (Match.MISSING_CDR, Match.AMBIGUOUS_CDR, Match.ALREADY_INVOICED)
"""What is told of an invoice where its CDRs differ: the first of these."""


class Amount(msgspec.Struct, frozen=True):
    """Money before and after taxes; `after` None: nobody said."""

    before: Decimal
    after: Decimal | None
    currency: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One CDR of an invoice. `also`: other open records that list it, as `NL/AAA/ID`."""

    cdr_id: str
    match: Match
    operator: str | None = None
    amount: Amount | None = None
    also: tuple[str, ...] = ()


class Told(msgspec.Struct, frozen=True):
    """What the invoice itself says, told by a person or the bookkeeping."""

    amount: Decimal
    currency: str
    with_taxes: bool = True


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An invoice record as we see it. `issued`: by us; else a partner sent it."""

    owner: PartyId
    id: str
    invoice_id: str
    issued: bool
    at: datetime
    match: Match = Match.UNMATCHED
    lines: tuple[Line, ...] = ()
    total: Amount | None = None
    told: Told | None = None
    withdrawn: bool = False

    @property
    def name(self) -> str:
        return f"{self.owner.folded}/{self.id}"


def total_of(lines: Sequence[Line]) -> Amount | None:
    """The sum of the lines; None where one has no amount, or there are several currencies."""
    amounts = [line.amount for line in lines if line.amount is not None]
    if not amounts or len(amounts) != len(lines) or len({one.currency for one in amounts}) > 1:
        return None
    after = [one.after for one in amounts if one.after is not None]
    return Amount(
        sum((one.before for one in amounts), Decimal(0)),
        sum(after, Decimal(0)) if len(after) == len(amounts) else None,
        amounts[0].currency,
    )


def judged(held: Reconciliation, lines: Sequence[Line]) -> Reconciliation:
    """The record with its lines as they are now."""
    total = total_of(lines)
    found = {line.match for line in lines}
    worst = next((one for one in GRAVITY if one in found), None)
    match = worst or compared(total, held.told)
    return structs.replace(held, lines=tuple(lines), total=total, match=match)


def compared(total: Amount | None, told: Told | None) -> Match:
    """The CDRs' sum against the invoice. To the last digit: rounding is for people to judge."""
    if told is None:
        return Match.UNMATCHED
    if total is None or total.currency.upper() != told.currency.upper():
        return Match.AMOUNT_DIFF
    ours = total.after if told.with_taxes else total.before
    return Match.MATCHED if ours == told.amount else Match.AMOUNT_DIFF
