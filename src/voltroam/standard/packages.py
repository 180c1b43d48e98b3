"""Rows of the modules that 2.3.0 brings: bookings, payments, invoice reconciliation.

They join the table of `endpoints.py`. Bookings and payments are packages beside the core of 2.3.0;
their documents are kept in 2.3.0 and never shown in another version.
"""

from voltroam.standard.endpoints import (
    CORE,
    CPO,
    EMSP,
    OWNED,
    PAGING,
    Audience,
    Behaviour,
    Endpoint,
    Interface,
    Module,
    Part,
    Removal,
    Resource,
)
from voltroam.standard.v2_2_1.types import Role
from voltroam.standard.v2_3_0.bookings import Booking, BookingLocation, BookingRequest, Calendar
from voltroam.standard.v2_3_0.invoicereconciliation import InvoiceReconciliationRecord
from voltroam.standard.v2_3_0.payments import FinancialAdviceConfirmation, Terminal
from voltroam.standard.versions import V2_3_0

BILLED = CPO | EMSP
PTP = frozenset({Role.PTP, Role.HUB})
SLOTS = ("timeslot_from", "timeslot_to")

CALENDAR_PART = Part("calendars", "id", Calendar, "{calendar_id}")

INVOICE_RECORD = Resource(
    "invoicereconciliation", InvoiceReconciliationRecord, ("id",),
    frozenset({Role.CPO, Role.EMSP}), Audience.ADDRESSED, removal=Removal.DELETE, readers=BILLED,
    first_fill=7, posted=True,
)  # fmt: skip
BOOKING_LOCATION = Resource(
    "booking_locations", BookingLocation, ("id",), frozenset({Role.CPO}), Audience.PARTNERS,
    parts=(CALENDAR_PART,), readers=EMSP, first_fill=5, lies_at="location_id",
)  # fmt: skip
BOOKING = Resource(
    "bookings", Booking, ("id",), frozenset({Role.CPO}), Audience.CONTRACT, readers=EMSP,
    contract=("booking_requests", "booking_request"), first_fill=6,
    finals={
        "reservation_status": frozenset({"CANCELED", "NO_SHOW", "REJECTED", "FAILED", "FULFILLED"})
    },
    secrets=(
        "booking_tokens.uid", "booking_tokens.contract_id", "access_information.value",
        "booking_requests.booking_request.tokens.uid",
        "booking_requests.booking_request.tokens.contract_id",
        "booking_requests.booking_request.access_information.value",
        # of the request itself, which goes where bookings are
        "tokens.uid", "tokens.contract_id",
    ),
)  # fmt: skip
TERMINAL = Resource(
    "terminals", Terminal, ("terminal_id",), frozenset({Role.PTP}), Audience.ADDRESSED,
    owner_in_body=False, readers=CPO, first_fill=8, posted=True,
)  # fmt: skip
CONFIRMATION = Resource(
    "financial_advice_confirmations", FinancialAdviceConfirmation, ("id",),
    frozenset({Role.PTP}), Audience.ADDRESSED, owner_in_body=False, immutable=True, readers=CPO,
    secrets=("eft_data", "capture_status_message"),
)  # fmt: skip

INVOICE_RECONCILIATION = Module(
    "invoicereconciliation", "mod_invoice_reconciliation", BILLED, BILLED
)
BOOKINGS = Module(
    # Printed so at the head of its chapter; its URLs, and the one open peer, say `bookings`.
    "bookings", "mod_bookings", CPO, EMSP, identifier="Booking",
    also=frozenset({"booking", "bookings"}),
)  # fmt: skip
PAYMENTS = Module("payments", "mod_payments", PTP, CPO)

_S, _R = Interface.SENDER, Interface.RECEIVER
_PLACE, _CALENDAR = "{booking_location_id}", "{booking_location_id}/{calendar_id}"
_TERMINAL, _ADVICE = "terminals/{terminal_id}", "financial-advice-confirmations/{confirmation_id}"


def _list(
    module: Module, resource: Resource, path: str = "", *, handler: str | None = None,
    sifts: tuple[str, ...] = (),
) -> Endpoint:  # fmt: skip
    return Endpoint(
        module, _S, "GET", path, Behaviour.LIST, resource, handler=handler, gives=resource.object,
        gives_list=True, query=(*PAGING, *sifts), sifts=sifts, since=V2_3_0,
    )  # fmt: skip


def _get(
    module: Module, side: Interface, resource: Resource, path: str, part: Part | None = None
) -> Endpoint:
    return Endpoint(
        module, side, "GET", path, Behaviour.GET, resource, part,
        gives=part.object if part else resource.object, since=V2_3_0,
    )  # fmt: skip


def _owned(
    module: Module, resource: Resource, path: str, *methods: str, part: Part | None = None,
    alias: bool = False,
) -> list[Endpoint]:  # fmt: skip
    shape = part.object if part else resource.object
    return [
        Endpoint(
            module, _R, method, path, Behaviour(method.lower()), resource, part,
            takes=shape if method in ("PUT", "PATCH") else None,
            gives=shape if method == "GET" else None, owner_in_path=True,
            safe_to_repeat=method != "PATCH", alias=alias,
            broadcast=method != "GET" and resource.audience is Audience.PARTNERS, since=V2_3_0,
        )
        for method in methods
    ]  # fmt: skip


def _created(module: Module, resource: Resource, path: str = "") -> Endpoint:
    return Endpoint(
        module, _R, "POST", path, Behaviour.CREATE, resource, takes=resource.object,
        safe_to_repeat=False, since=V2_3_0,
    )  # fmt: skip


def _handled(
    module: Module, method: str, path: str, handler: str, resource: Resource, *,
    takes: type | None = None, gives: type | None = None,
) -> Endpoint:  # fmt: skip
    return Endpoint(
        module, _S, method, path, Behaviour.HANDLED, resource, handler=handler, takes=takes,
        gives=gives, safe_to_repeat=method == "PUT", since=V2_3_0,
    )  # fmt: skip


PACKAGES: tuple[Endpoint, ...] = (
    # mod_invoice_reconciliation: either side may issue invoices
    _list(INVOICE_RECONCILIATION, INVOICE_RECORD),
    _created(INVOICE_RECONCILIATION, INVOICE_RECORD),
    *_owned(INVOICE_RECONCILIATION, INVOICE_RECORD, f"{OWNED}{{record_id}}",
            "GET", "PUT", "DELETE"),
    # mod_bookings
    _list(BOOKINGS, BOOKING_LOCATION, "booking_locations", handler="booking_locations",
          sifts=SLOTS),
    _get(BOOKINGS, _S, BOOKING_LOCATION, f"booking_locations/{_PLACE}"),
    _get(BOOKINGS, _S, BOOKING_LOCATION, f"booking_locations/{_CALENDAR}", CALENDAR_PART),
    _list(BOOKINGS, BOOKING),
    _handled(BOOKINGS, "POST", "", "booking_request", BOOKING, takes=BookingRequest, gives=Booking),
    *_owned(BOOKINGS, BOOKING_LOCATION, f"{OWNED}booking_locations/{_PLACE}",
            "GET", "PUT", "PATCH"),
    *_owned(BOOKINGS, BOOKING_LOCATION, f"{OWNED}booking_locations/{_CALENDAR}",
            "GET", "PUT", "PATCH", part=CALENDAR_PART),
    *_owned(BOOKINGS, BOOKING, f"{OWNED}{{booking_id}}", "GET", "PUT", "PATCH"),
    # the same places, as the samples of the chapter write them
    *_owned(BOOKINGS, BOOKING_LOCATION, f"bookinglocations/{OWNED}{_PLACE}",
            "GET", "PUT", "PATCH", alias=True),
    *_owned(BOOKINGS, BOOKING_LOCATION, f"bookinglocations/{OWNED}{_CALENDAR}",
            "GET", "PUT", "PATCH", part=CALENDAR_PART, alias=True),
    # mod_payments: the provider owns; the operator assigns places in the provider's copy
    _list(PAYMENTS, TERMINAL, "terminals"),
    _get(PAYMENTS, _S, TERMINAL, _TERMINAL),
    _handled(PAYMENTS, "PUT", _TERMINAL, "terminal_put", TERMINAL, takes=Terminal),
    _handled(PAYMENTS, "PATCH", _TERMINAL, "terminal_patch", TERMINAL, takes=Terminal),
    _handled(PAYMENTS, "POST", "terminals/activate", "terminal_activate", TERMINAL,
             takes=Terminal),
    _handled(PAYMENTS, "POST", f"{_TERMINAL}/deactivate", "terminal_deactivate", TERMINAL),
    _list(PAYMENTS, CONFIRMATION, "financial-advice-confirmations"),
    _get(PAYMENTS, _S, CONFIRMATION, _ADVICE),
    _created(PAYMENTS, TERMINAL, "terminals"),
    _get(PAYMENTS, _R, TERMINAL, _TERMINAL),
    _created(PAYMENTS, CONFIRMATION, "financial-advice-confirmations"),
    _get(PAYMENTS, _R, CONFIRMATION, _ADVICE),
)  # fmt: skip

STANDARD: tuple[Endpoint, ...] = (*CORE, *PACKAGES)
"""Every row of the standard, whatever version it is of."""
