"""Rows about invoices and the CDRs that they cover (OCPI 2.3.0 §mod_invoice_reconciliation)."""

from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from voltroam.operator.operation import Listed, Moment, Operation, Page, Scope
from voltroam.operator.rows.objects import OWNED, Id, Party
from voltroam.roaming.reconciling import Amount, Line, Match, Told

CdrId = Annotated[str, Meta(min_length=1, max_length=39)]
InvoiceId = Annotated[str, Meta(min_length=1, max_length=255)]


class IssueWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`owner`: which of our parties issues it; `to`: who gets it, where the CDRs do not name
    exactly one party. With the `record_id` of an earlier one that is put right."""

    invoice_id: InvoiceId
    cdrs: Annotated[list[CdrId], Meta(min_length=1, max_length=10_000)]
    owner: Party | None = None
    to: Party | None = None
    record_id: Id | None = None


class AmountTold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the invoice says that all its CDRs cost; `with_taxes` false: before taxes."""

    amount: Decimal
    currency: Annotated[str, Meta(min_length=3, max_length=3)]
    with_taxes: bool = True


class InvoiceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One invoice record. `issued` by us, or by a partner; `match` is where it stands, and that of
    each line where its CDR does."""

    owner: str
    id: str
    invoice_id: str
    issued: bool
    withdrawn: bool
    match: Match
    at: Moment
    total: Amount | None
    told: Told | None
    lines: tuple[Line, ...]


ISSUE_INVOICE: Operation[InvoiceFacts] = Operation(
    name="issue_invoice", method="POST", path="/invoices", tag="invoices", scope=Scope.OPERATE,
    summary="Tell a partner which CDRs an invoice of ours covers.", takes=IssueWanted,
    gives=InvoiceFacts, status=201, absent=True,
    fails="CDRs that do not name exactly one receiver",
)  # fmt: skip
LIST_INVOICES: Operation[Page[InvoiceFacts]] = Operation(
    name="list_invoices", method="GET", path="/invoices", tag="invoices", scope=Scope.READ,
    summary="Invoice records, ours and those of partners, by owner and id.", query=Listed,
    gives=Page[InvoiceFacts],
)  # fmt: skip
_ONE = f"/invoices{OWNED}/{{record_id}}"
GET_INVOICE: Operation[InvoiceFacts] = Operation(
    name="get_invoice", method="GET", path=_ONE, tag="invoices", scope=Scope.READ,
    summary="One invoice record, compared with the CDRs that are held.", gives=InvoiceFacts,
)  # fmt: skip
TELL_INVOICE_AMOUNT: Operation[InvoiceFacts] = Operation(
    name="tell_invoice_amount", method="PUT", path=f"{_ONE}/amount", tag="invoices",
    scope=Scope.OPERATE, summary="What the invoice itself says: compared with its CDRs.",
    takes=AmountTold, gives=InvoiceFacts, fails="what is no currency",
)  # fmt: skip
WITHDRAW_INVOICE: Operation[InvoiceFacts] = Operation(
    name="withdraw_invoice", method="DELETE", path=_ONE, tag="invoices", scope=Scope.OPERATE,
    summary="Take an invoice record of ours back that was a mistake; its CDRs stay.",
    gives=InvoiceFacts,
)  # fmt: skip

OPERATIONS: tuple[Operation[Any], ...] = (
    ISSUE_INVOICE, LIST_INVOICES, GET_INVOICE, TELL_INVOICE_AMOUNT, WITHDRAW_INVOICE,
)  # fmt: skip
