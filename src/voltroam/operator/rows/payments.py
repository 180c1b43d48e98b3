"""Rows about payment terminals and what is paid at them (OCPI 2.3.0 §mod_payments)."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from voltroam.operator.operation import Document, Listed, Operation, Page, Scope
from voltroam.operator.rows.objects import Id, Party
from voltroam.roaming.paying import AdviceLine, PaymentState, TerminalState
from voltroam.standard.v2_3_0.payments import CaptureStatusCode, Terminal

Line = Annotated[str, Meta(min_length=1, max_length=255)]
Ids = Annotated[list[Id], Meta(max_length=1000)]


class TerminalWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A terminal of ours, for the operator `to`; `terminal` as the standard writes it, without an
    id it gets one."""

    to: Party
    terminal: dict[str, Any]
    provider: Party | None = None


class TerminalAssigned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is null stays as it is; both together count."""

    location_ids: Ids | None = None
    evse_uids: Ids | None = None


class TerminalActivated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`partner`: the provider; `terminal` with its `reference` (a serial number) and what is known
    of it."""

    partner: Annotated[str, Meta(min_length=1, max_length=100)]
    terminal: dict[str, Any]


class TerminalChanged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Members of the terminal that are the operator's to say, such as `invoice_base_url`."""

    changes: dict[str, Any]


class TerminalFacts(msgspec.Struct, frozen=True, kw_only=True):
    """`own`: we are its provider."""

    provider: str
    own: bool
    state: TerminalState
    terminal: Document


class PaymentWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`amount` was reserved at the payment service; without one it is what the tariff's
    `preauthorize_amount` says. `partner` and `operator` say whose charger it is."""

    partner: Annotated[str, Meta(min_length=1, max_length=100)]
    operator: Party
    terminal_id: Id
    location_id: Id
    amount: Decimal | None = None
    currency: Annotated[str, Meta(min_length=3, max_length=3)] | None = None
    evse_uid: Id | None = None
    connector_id: Id | None = None


class CaptureTold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the payment service captured, with taxes. `eft_data` are lines for the invoice."""

    status: CaptureStatusCode
    amount: Decimal
    eft_data: Annotated[list[Line], Meta(max_length=100)] = []
    message: Line | None = None


class PaymentFacts(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    terminal_id: str
    provider: str
    operator: str
    partner: str
    location_id: str
    evse_uid: str | None
    state: PaymentState
    at: datetime
    currency: str
    preauthorised: Decimal
    session_id: str | None
    stopped: bool
    cdr_id: str | None
    cost: Decimal | None
    cost_with_taxes: Decimal | None
    invoice_reference: str | None
    captured: Decimal | None
    capture: CaptureStatusCode | None
    confirmation_id: str | None


def _row(name: str, method: str, path: str, summary: str, gives: Any, **more: Any) -> Any:
    more.setdefault("scope", Scope.READ if method == "GET" else Scope.OPERATE)
    return Operation(
        name=name, method=method, path=path, tag="payments", summary=summary, gives=gives, **more
    )


_ONE = "/terminals/{terminal_id}"
LIST_TERMINALS: Operation[Page[TerminalFacts]] = _row(
    "list_terminals", "GET", "/terminals", "Payment terminals, ours and those of providers.",
    Page[TerminalFacts], query=Listed,
)  # fmt: skip
ADD_TERMINAL: Operation[Document] = _row(
    "add_terminal", "POST", "/terminals",
    "Add or replace a terminal of ours; its operator is told.",
    Document, takes=TerminalWanted, shown=Terminal, status=201, absent=True,
    fails="what is no Terminal",
)  # fmt: skip
ASSIGN_TERMINAL: Operation[Document] = _row(
    "assign_terminal", "PUT", f"{_ONE}/places", "Say for which chargers a terminal works.",
    Document, takes=TerminalAssigned, shown=Terminal, calls_partner=True,
)  # fmt: skip
CHANGE_TERMINAL: Operation[Document] = _row(
    "change_terminal", "PUT", _ONE, "Tell the provider our own data of a terminal.", Document,
    takes=TerminalChanged, shown=Terminal, calls_partner=True, fails="what is no Terminal",
)  # fmt: skip
ACTIVATE_TERMINAL: Operation[None] = _row(
    "activate_terminal", "POST", "/terminal-activations",
    "Have a provider set a built-in terminal up; it comes by itself.", None,
    takes=TerminalActivated, calls_partner=True, absent=True, fails="a partner that is no provider",
)  # fmt: skip
DEACTIVATE_TERMINAL: Operation[Document] = _row(
    "deactivate_terminal", "POST", f"{_ONE}/deactivate", "Take a terminal out of use.", Document,
    shown=Terminal, calls_partner=True,
)  # fmt: skip
START_PAYMENT: Operation[PaymentFacts] = _row(
    "start_payment", "POST", "/payments", "Money is reserved at a terminal: start the charge.",
    PaymentFacts, takes=PaymentWanted, status=201, fails="what no command could be",
)  # fmt: skip
LIST_PAYMENTS: Operation[Page[PaymentFacts]] = _row(
    "list_payments", "GET", "/payments", "Payments at our terminals, by reference.",
    Page[PaymentFacts], query=Listed,
)  # fmt: skip
GET_PAYMENT: Operation[PaymentFacts] = _row(
    "get_payment", "GET", "/payments/{reference}", "One payment and how far it got.", PaymentFacts,
)  # fmt: skip
TELL_CAPTURE: Operation[PaymentFacts] = _row(
    "tell_capture", "POST", "/payments/{reference}/capture",
    "What the payment service captured; who makes the invoice is told.", PaymentFacts,
    takes=CaptureTold, fails="a payment whose CDR has not come",
)  # fmt: skip
RELEASE_PAYMENT: Operation[PaymentFacts] = _row(
    "release_payment", "POST", "/payments/{reference}/release",
    "Nothing was charged: the reserved money is given back.", PaymentFacts,
    fails="a payment whose charge began",
)  # fmt: skip
LIST_ADVICE: Operation[Page[AdviceLine]] = _row(
    "list_financial_advice", "GET", "/financial-advice",
    "What providers captured for our charges, against our CDRs.", Page[AdviceLine], query=Listed,
    scope=Scope.OPERATE,
)  # fmt: skip

OPERATIONS: tuple[Operation[Any], ...] = (
    LIST_TERMINALS, ADD_TERMINAL, ASSIGN_TERMINAL, CHANGE_TERMINAL, ACTIVATE_TERMINAL,
    DEACTIVATE_TERMINAL, START_PAYMENT, LIST_PAYMENTS, GET_PAYMENT, TELL_CAPTURE, RELEASE_PAYMENT,
    LIST_ADVICE,
)  # fmt: skip
