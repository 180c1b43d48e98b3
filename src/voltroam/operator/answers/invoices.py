"""Invoices and the CDRs that they cover."""

from voltroam.operator.acting import party_named, viewed
from voltroam.operator.asked import Answers, Asked, Told
from voltroam.operator.faults import not_found
from voltroam.operator.lists import named_page
from voltroam.operator.operation import Page
from voltroam.operator.rows.invoices import (
    GET_INVOICE,
    ISSUE_INVOICE,
    LIST_INVOICES,
    TELL_INVOICE_AMOUNT,
    WITHDRAW_INVOICE,
    InvoiceFacts,
    IssueWanted,
)
from voltroam.roaming.reconciling import Reconciliation, Reconciling, total_told


class Invoices:
    def __init__(self, reconciling: Reconciling) -> None:
        self._reconciling = reconciling

    def answers(self) -> Answers:
        return {
            ISSUE_INVOICE.name: self._issue,
            LIST_INVOICES.name: self._list,
            GET_INVOICE.name: self._get,
            TELL_INVOICE_AMOUNT.name: self._tell,
            WITHDRAW_INVOICE.name: self._withdraw,
        }

    async def _issue(self, asked: Asked) -> Told[InvoiceFacts]:
        wanted: IssueWanted = asked.body
        owner = party_named(wanted.owner)
        if asked.who.is_limited and not asked.who.may(owner):
            raise not_found("party of ours that issues it")
        issued = await self._reconciling.issue(
            wanted.invoice_id, wanted.cdrs, owner=owner, to=party_named(wanted.to),
            record_id=wanted.record_id,
        )  # fmt: skip
        return Told(_shown(issued), target=f"/invoices/{issued.name}")

    async def _list(self, asked: Asked) -> Page[InvoiceFacts]:
        return await named_page(
            asked, self._reconciling.all,
            lambda one: _shown(one) if asked.who.may(one.owner) else None,
        )  # fmt: skip

    async def _get(self, asked: Asked) -> InvoiceFacts:
        self._check(asked)
        return _shown(await self._reconciling.check(asked.owner, asked.ids["record_id"]))

    async def _tell(self, asked: Asked) -> InvoiceFacts:
        self._check(asked)
        told = total_told(asked.body.amount, asked.body.currency, with_taxes=asked.body.with_taxes)
        return _shown(await self._reconciling.tell(asked.owner, asked.ids["record_id"], told))

    async def _withdraw(self, asked: Asked) -> InvoiceFacts:
        self._check(asked)
        return _shown(await self._reconciling.withdraw(asked.owner, asked.ids["record_id"]))

    def _check(self, asked: Asked) -> None:
        if not asked.who.may(asked.owner):
            raise not_found("invoice record of that owner and id")


def _shown(one: Reconciliation) -> InvoiceFacts:
    return viewed(InvoiceFacts, one)
