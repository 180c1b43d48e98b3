"""Payment terminals and what was captured at them: Payments 1, a package of OCPI 2.3.0
(§mod_payments).

Texts for people (an address, a line of a receipt) are read as `string`, although the chapter prints
CiString, which knows no letter beyond ASCII.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from voltroam.standard.types import (
    URL,
    CiString36,
    Country,
    CountryCode,
    Currency,
    DateTime,
    Id36,
    PartyCode,
    String10,
    String20,
    String45,
)
from voltroam.standard.v2_2_1.locations import GeoLocation
from voltroam.standard.v2_3_0.types import Price

Line = Annotated[str, Meta(min_length=1, max_length=255, extra={"ocpi": "string"})]


class InvoiceCreator(StrEnum):
    """Who makes the invoice for the driver."""

    CPO = "CPO"
    PTP = "PTP"


class CaptureStatusCode(StrEnum):
    """What became of the money that was reserved."""

    SUCCESS = "SUCCESS"
    PARTIAL_SUCCESS = "PARTIAL_SUCCESS"
    FAILED = "FAILED"


class Terminal(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """One physical payment terminal; works for all EVSEs of `location_ids` and `evse_uids`.

    It belongs to the provider; `party_id` and `country_code` are the operator's whom it serves.
    """

    terminal_id: Id36
    last_updated: DateTime | None = None
    """Always written; the smallest sample has the id alone, and then the time of arrival counts."""
    customer_reference: CiString36 | None = None
    party_id: PartyCode | None = None
    country_code: CountryCode | None = None
    address: String45 | None = None
    city: String45 | None = None
    postal_code: String10 | None = None
    state: String20 | None = None
    country: Country | None = None
    coordinates: GeoLocation | None = None
    invoice_base_url: URL | None = None
    invoice_creator: InvoiceCreator | None = None
    reference: CiString36 | None = None
    location_ids: list[Id36] | None = None
    evse_uids: list[Id36] | None = None


class FinancialAdviceConfirmation(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """What was captured for one charge. `eft_data` may lack only where nothing was captured."""

    id: Id36
    authorization_reference: Id36
    total_costs: Price
    currency: Currency
    capture_status_code: CaptureStatusCode
    last_updated: DateTime
    eft_data: list[Line] | None = None
    capture_status_message: Line | None = None
