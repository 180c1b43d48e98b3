"""The example files of 2.3.0 and its packages: read, written back, or wrong for a listed reason.

R230-020, R230-025, R230-026, RBK-020, RBK-029, RPAY-005, RPAY-006, RPAY-011, RPAY-027, RPAY-028
"""

import json
from decimal import Decimal
from pathlib import Path
from types import GenericAlias
from typing import Any

import msgspec
import pytest
from tests.spec import examples
from tests.spec.test_examples import encode, partial, plain

from voltroam.standard import v2_3_0 as v
from voltroam.standard.shapes import shape
from voltroam.standard.versions import V2_3_0
from voltroam.wire.decode import Reading, Severity, read, read_patch

FOLDERS = [
    examples.FOLDER.with_name(name) for name in ("2.3.0", "2.3.0-bookings", "2.3.0-payments")
]
FILES = [file for folder in FOLDERS for file in sorted(folder.glob("*.json"))]
pytestmark = pytest.mark.skipif(
    not FILES, reason="the spec's examples are not beside the repository"
)

KINDS: dict[str, type] = {
    **{start: shape(kind, V2_3_0) for start, kind in examples.KINDS.items()},
    "booking_example": v.Booking,
    "booking_location_example": v.BookingLocation,
    "payment_terminal_": v.Terminal,
    "payment_financial_advice_confirmation": v.FinancialAdviceConfirmation,
}
PATCHES: dict[str, type] = {
    **{start: shape(kind, V2_3_0) for start, kind in examples.PATCHES.items()},
    "booking_location_patch": v.BookingLocation,
    "booking_location_patch_example_calendar": v.Calendar,
    "booking_patch": v.Booking,
    "booking_request_patch": v.BookingRequest,
    "payment_terminal_location_assignment": v.Terminal,
    "payment_terminal_put_update": v.Terminal,
}
"""`payment_terminal_put_update` shows a PUT, but holds two members only: a PATCH by its content."""

OLD_PRICE = "its amount is the Price of 2.2.1"
OLD_PARKING = "EVSE.parking holds ids, as in edition 1, instead of objects"
STRANGE: dict[str, str] = {
    "2.3.0-bookings/booking_patch_example_evse_uid": "evse_uid stands in the booking_option",
    "2.3.0-bookings/booking_request_patch_example_timeslot": "the member is called period",
    "2.3.0-bookings/booking_request_patch_example_tokens": "a request has no last_updated",
}
"""Members that their object does not have: passed over, as all that are unknown."""
READ_ALL_THE_SAME: dict[str, str] = {
    "2.3.0/cdr_example": "its tariff lacks tax_included",
    "2.3.0-payments/payment_financial_advice_confirmation_create": OLD_PRICE,
    "2.3.0-payments/payment_financial_advice_confirmation_example_failure": OLD_PRICE,
    "2.3.0-payments/payment_financial_advice_confirmation_example_success": OLD_PRICE,
}
"""Wrong, but it is plain what is meant: read and told as an error."""
WRONG: dict[str, str] = {
    "2.3.0/location_put_example_add_evse": (
        "its connector lacks power_type, max_voltage, max_amperage and last_updated, and "
        "physical_reference is a number"
    ),
    "2.3.0/tariff_put_example": "it lacks last_updated",
    "2.3.0-bookings/booking_example": (
        "a party_id of five characters; its requests lack booking_location_id"
    ),
    "2.3.0-bookings/booking_location_example": "the time 23:59:99, evse_position as a string",
    "2.3.0-bookings/booking_location_patch_example_calendar": (
        "the keys of its time slot end in a space, so the slot lacks both times"
    ),
    "2.3.0-bookings/booking_location_patch_example_terms": (
        "a PATCH replaces booking_terms whole, and the new ones lack what is required in them"
    ),
    "2.3.0-bookings/location_example": OLD_PARKING,
    "2.3.0-bookings/location_example_parking_garage_opening_hours": OLD_PARKING,
}
"""Refused, and why."""


def name_of(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


def content(file: Path) -> tuple[Any, Any, bool]:
    """What the file holds, the type that it must read as, and whether it is part of one."""
    name, document = file.stem, plain(file.read_bytes())
    for start, (member, kind) in examples.MEMBERS.items():
        if name.startswith(start):
            return document[member], shape(kind, V2_3_0), False
    if name in examples.REPLIES:
        kind, many = examples.REPLIES[name]
        kind = shape(kind, V2_3_0)
        return document["data"], GenericAlias(list, (kind,)) if many else kind, False
    patched = examples.kind_of(name, PATCHES)
    if patched is not None:
        return document, patched, True
    if name in examples.LISTS:
        return document, GenericAlias(list, (shape(examples.LISTS[name], V2_3_0),)), False
    return document, examples.kind_of(name, KINDS), False


def reading(file: Path) -> Reading[Any]:
    document, kind, is_patch = content(file)
    assert kind is not None, "an example that this test does not know"
    if is_patch:
        return read_patch(kind, encode(document), needs_last_updated=False)
    return read(kind, encode(document))


@pytest.mark.parametrize("file", FILES or [Path("none/none")], ids=name_of)
def test_an_example_is_read_and_written_back_or_wrong_for_a_listed_reason(file: Path) -> None:
    found = reading(file)
    if name_of(file) in WRONG:
        assert any(problem.severity is Severity.FATAL for problem in found.problems)
        return
    assert found.usable(strict=False)
    assert found.usable(strict=True) is (name_of(file) not in READ_ALL_THE_SAME)
    if name_of(file) not in {*READ_ALL_THE_SAME, *STRANGE}:
        document, kind, is_patch = content(file)
        kind = partial(kind) if is_patch else kind
        assert plain(encode(msgspec.json.decode(encode(document), type=kind))) == document


def test_every_listed_example_is_among_the_files() -> None:
    assert {*WRONG, *READ_ALL_THE_SAME, *STRANGE} <= {name_of(file) for file in FILES}


def test_an_amount_in_the_old_shape_is_read_with_its_tax() -> None:
    """R230-020, RPAY-028: what lies between the two amounts is VAT."""
    found = read(v.Price, json.dumps({"excl_vat": 4, "incl_vat": 4.4}).encode())
    tax = v.TaxAmount(name="VAT", amount=Decimal("0.4"))
    assert found.value == v.Price(before_taxes=Decimal(4), taxes=[tax])
    assert read(v.Price, b'{"excl_vat":4}').value == v.Price(before_taxes=Decimal(4))
    assert not read(v.Price, b'{"excl_vat":"4"}').usable(strict=False)
    assert not read(v.Price, b'{"excl_vat":1e99}').usable(strict=False)
