"""Which CDRs an invoice covers; invoice and payment travel elsewhere
(OCPI 2.3.0 §mod_invoice_reconciliation).

CDR ids may have 39 characters (§mod_cdrs), although the list of a record names 36: a credit CDR's
id would not fit.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from voltroam.standard.types import CountryCode, DateTime, Id36, Id39, PartyCode

InvoiceId = Annotated[str, Meta(min_length=1, max_length=255, extra={"ocpi": "CiString"})]


class InvoiceReconciliationRecord(msgspec.Struct, kw_only=True, omit_defaults=True, frozen=True):
    """The CDRs of one invoice, by their ids alone: neither dates nor amounts count."""

    country_code: CountryCode
    party_id: PartyCode
    id: Id36
    invoice_id: InvoiceId
    cdrs: Annotated[list[Id39], Meta(min_length=1)]
    last_updated: DateTime
