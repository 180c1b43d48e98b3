"""The invoice of a driver who paid at a terminal: what the CDR says, and the lines of the payment.

It is found by the `authorization_reference`, which is the end of its address and nobody can guess
(OCPI 2.3.0 §mod_payments, InvoiceCreator). There is one where our CDR says that we make it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from voltroam.billing.any_version import is_230
from voltroam.roaming.keys import object_key
from voltroam.roaming.paying.paying import AdviceLine, advice_of, cdr_of
from voltroam.roaming.platforms import Identity
from voltroam.roaming.received import received_in
from voltroam.standard.endpoints import CDR
from voltroam.standard.parties import fold
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.v2_3_0.payments import CaptureStatusCode
from voltroam.store.interface import HELD, ObjectRow, Store

LONGEST = 36
"""Characters of an authorization_reference."""
PARTS = {
    "total_energy_cost": "Cost of energy",
    "total_time_cost": "Cost of charging time",
    "total_parking_cost": "Cost of parking time",
    "total_reservation_cost": "Cost of reservation",
    "total_fixed_cost": "Fixed cost",
}


class Tax(msgspec.Struct, frozen=True, omit_defaults=True):
    """As the CDR has it; `percentage` None: it does not say."""

    name: str
    amount: Decimal
    percentage: Decimal | None = None


class Cost(msgspec.Struct, frozen=True, omit_defaults=True):
    """An amount, and what it is for; `after_taxes` None: the taxes are not known."""

    what: str
    before_taxes: Decimal
    taxes: tuple[Tax, ...] = ()
    after_taxes: Decimal | None = None


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    address: str = ""
    city: str = ""
    country: str = ""
    name: str | None = None
    postal_code: str | None = None
    evse_id: str | None = None


class Invoice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Nothing of the card or token that charged is in it but what the payment's lines say."""

    reference: str
    number: str
    """`invoice_reference_id` of the CDR."""
    operator: str
    cdr_id: str
    start: datetime
    end: datetime
    kwh: Decimal
    currency: str
    place: Place
    parts: tuple[Cost, ...]
    total: Cost
    paid: tuple[Decimal, ...] = ()
    """What was captured, by each confirmation that is no failure."""
    lines: tuple[str, ...] = ()
    """Of the payment, as the law wants them on the invoice."""
    taken_back: bool = False
    """A Credit CDR took the CDR back."""


class _Cdr(msgspec.Struct):
    id: str
    country_code: str
    party_id: str
    start_date_time: datetime
    end_date_time: datetime
    currency: str
    cdr_location: Place
    total_energy: Decimal
    total_cost: dict[str, msgspec.Raw]
    authorization_reference: str | None = None
    invoice_reference_id: str | None = None
    total_energy_cost: dict[str, msgspec.Raw] | None = None
    total_time_cost: dict[str, msgspec.Raw] | None = None
    total_parking_cost: dict[str, msgspec.Raw] | None = None
    total_reservation_cost: dict[str, msgspec.Raw] | None = None
    total_fixed_cost: dict[str, msgspec.Raw] | None = None


_CDR = msgspec.json.Decoder(_Cdr)
_AMOUNT = msgspec.json.Decoder(Decimal)
_TAXES = msgspec.json.Decoder(tuple[Tax, ...])


async def invoice_of(store: Store, identity: Identity, reference: str) -> Invoice | None:
    """None where there is no CDR of ours with that reference whose invoice is ours to make."""
    if not 0 < len(reference) <= LONGEST:
        return None
    cdr_id = await cdr_of(store, reference)
    if cdr_id is None:
        return None
    for owner in identity.parties(Role.CPO):
        row = await store.get(object_key(CDR, owner, {"id": cdr_id}))
        if row is None or row.deleted or row.audience == HELD:
            continue
        given = received_in(row.sidecar)
        modern = given is not None and is_230(given.document)
        cdr = _CDR.decode(given.document if given is not None and modern else row.document)
        said = cdr.authorization_reference
        if cdr.invoice_reference_id is None or said is None or fold(said) != fold(reference):
            continue
        credit = await store.get(object_key(CDR, owner, {"id": f"{cdr.id}-CR"}))
        return _made(cdr, await advice_of(store, reference), credit)
    return None


def _made(cdr: _Cdr, advice: Sequence[AdviceLine], credit: ObjectRow | None) -> Invoice:
    captured = [one for one in advice if one.status is not CaptureStatusCode.FAILED]
    parts = [
        _cost(what, found)
        for name, what in PARTS.items()
        if (found := getattr(cdr, name)) is not None
    ]
    return Invoice(
        reference=cdr.authorization_reference or "", number=cdr.invoice_reference_id or "",
        operator=f"{cdr.country_code}/{cdr.party_id}", cdr_id=cdr.id, start=cdr.start_date_time,
        end=cdr.end_date_time, kwh=cdr.total_energy, currency=cdr.currency,
        place=cdr.cdr_location, parts=tuple(parts), total=_cost("Total", cdr.total_cost),
        paid=tuple(one.captured for one in captured),
        lines=tuple(line for one in captured for line in one.eft_data),
        taken_back=credit is not None and not credit.deleted,
    )  # fmt: skip


def _cost(what: str, price: dict[str, msgspec.Raw]) -> Cost:
    """A price of 2.3.0 or of 2.2.1, whose one tax has no rate there."""
    if "excl_vat" in price:
        before = _AMOUNT.decode(price["excl_vat"])
        after = _AMOUNT.decode(price["incl_vat"]) if "incl_vat" in price else None
        if after is None:
            return Cost(what, before)
        return Cost(what, before, (Tax("VAT", after - before),), after)
    before = _AMOUNT.decode(price["before_taxes"])
    if "taxes" not in price:
        return Cost(what, before)
    taxes = _TAXES.decode(price["taxes"])
    return Cost(what, before, taxes, before + sum((one.amount for one in taxes), Decimal(0)))


def written(invoice: Invoice, issuer: str) -> Iterator[tuple[str, str]]:
    """The invoice as lines of a label and a text, for people."""
    place, money = invoice.place, invoice.currency
    yield "Operator", f"{issuer} ({invoice.operator})"
    yield "Invoice", invoice.number
    yield "Reference", invoice.reference
    yield "Charged", f"{_moment(invoice.start)} to {_moment(invoice.end)}"
    where = (place.name, place.address, place.postal_code, place.city, place.country)
    yield "Place", ", ".join(one for one in where if one)
    if place.evse_id:
        yield "Charger", place.evse_id
    yield "Energy", f"{invoice.kwh:f} kWh"
    for cost in invoice.parts:
        yield cost.what, f"{cost.before_taxes:f} {money} before taxes"
    yield "Total before taxes", f"{invoice.total.before_taxes:f} {money}"
    for tax in invoice.total.taxes:
        rate = "" if tax.percentage is None else f" {tax.percentage:f} %"
        yield f"{tax.name}{rate}", f"{tax.amount:f} {money}"
    if invoice.total.after_taxes is not None:
        yield "Total", f"{invoice.total.after_taxes:f} {money}"
    for amount in invoice.paid:
        yield "Paid", f"{amount:f} {money}"
    for line in invoice.lines:
        yield "Payment", line
    if invoice.taken_back:
        yield "Note", "This invoice was taken back."


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
