"""What the chapters of the packages write in two ways is read in both, and kept in one.

Their samples, drawings and earlier releases differ from their tables; docs/reference/deviations.md
lists where.
Kinds that are not named here are kept as they come.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec

from voltroam.standard.packages import (
    BOOKING,
    BOOKING_LOCATION,
    CONFIRMATION,
    INVOICE_RECORD,
)

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
Members = dict[str, Any]


def respelled(kind: str, document: bytes) -> bytes:
    """The document as the tables have it; what cannot be read is left for the reader to refuse."""
    change = _CHANGES.get(kind)
    if change is None:
        return document
    try:
        members = _DECODER.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return document
    if not isinstance(members, dict) or not change(members):
        return document
    return _ENCODER.encode(members)


def _record(members: Members) -> bool:
    """`cdrs` as it is drawn: objects with an id (OCPI 2.3.0 §mod_invoice_reconciliation)."""
    cdrs = members.get("cdrs")
    if not isinstance(cdrs, list) or not any(isinstance(one, dict) for one in cdrs):
        return False
    members["cdrs"] = [one.get("id", one) if isinstance(one, dict) else one for one in cdrs]
    return True


def _confirmation(members: Members) -> bool:
    """`total_costs` as in the samples: the Price of 2.2.1 (OCPI 2.3.0 §mod_payments).

    What lies between the two old amounts is one tax; the standard gives it no name, so it is VAT.
    """
    price = members.get("total_costs")
    if not isinstance(price, dict) or "excl_vat" not in price or "before_taxes" in price:
        return False
    before, after = price.pop("excl_vat"), price.pop("incl_vat", None)
    price["before_taxes"] = before
    if isinstance(before, int | Decimal) and isinstance(after, int | Decimal) and after != before:
        price["taxes"] = [{"name": "VAT", "amount": Decimal(after) - Decimal(before)}]
    return True


def _option(members: Members) -> bool:
    """Bookings 1.0 and the samples of 1.1."""
    changed = False
    for old in ("bookable_parking_option", "bookable_parking_options"):
        if old in members and "booking_option" not in members:
            members["booking_option"] = _first(members.pop(old))
            changed = True
    if isinstance(members.get("tariff_id"), str) and "tariff_ids" not in members:
        members["tariff_ids"] = [members.pop("tariff_id")]
        changed = True
    option = members.get("booking_option")
    if not isinstance(option, dict):
        return changed
    if "formats" in option and "connector_format" not in option:
        option["connector_format"] = option.pop("formats")
        changed = True
    if isinstance(option.get("evse_position"), str):
        option["evse_position"] = [option["evse_position"]]
        changed = True
    return changed


def _booking_location(members: Members) -> bool:
    changed = _option(members)
    for calendar in members.get("calendars") or ():
        if not isinstance(calendar, dict):
            continue
        for old, new in (("step_size", "timeslot_increment"), *_TIMES):
            if old in calendar and new not in calendar:
                calendar[new] = calendar.pop(old)
                changed = True
    return changed


def _booking(members: Members) -> bool:
    changed = _option(members)
    for line in members.get("booking_requests") or ():
        request = line.get("booking_request") if isinstance(line, dict) else None
        if isinstance(request, dict):
            changed = _option(request) or changed
    return changed


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


_TIMES = (("start_from", "begin_from"), ("end_from", "end_before"))
_CHANGES: Mapping[str, Callable[[Members], bool]] = MappingProxyType(
    {
        INVOICE_RECORD.kind: _record,
        CONFIRMATION.kind: _confirmation,
        BOOKING_LOCATION.kind: _booking_location,
        BOOKING.kind: _booking,
    }
)
