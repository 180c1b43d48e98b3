"""What the invoice of a driver says who paid at a terminal."""

import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from tests.e2e import documents
from tests.roaming.company import role

from voltroam.bridge.passage import Inward
from voltroam.bridge.terms import Terms
from voltroam.roaming.accept import accept
from voltroam.roaming.commanding import Commands
from voltroam.roaming.paying import Paying
from voltroam.roaming.paying.invoice import Invoice, invoice_of, written
from voltroam.roaming.platforms import Identity, Phase, Platform
from voltroam.standard.endpoints import CDR
from voltroam.standard.packages import CONFIRMATION
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Role
from voltroam.standard.versions import V2_2_1, V2_3_0
from voltroam.store.interface import Store
from voltroam.store.open import open_store

OWNER = PartyId("NL", "NOD")
OURSELVES = Identity(name="noda", url="https://noda.example", roles=(role("NL/NOD", Role.CPO),))
PROVIDER = Platform(
    id="p1", name="payco", phase=Phase.REGISTERED, roles=(role("DE/PAY", Role.PTP),)
)
REF = "b5dbd0a9-1f6c-4f6b-8f6a-5c1f8a1c4b11"


@dataclass
class Till:
    """An operator, what it is told, and what it can say of it."""

    store: Store
    paying: Paying

    async def cdr(self, name: str = "C1", **members: Any) -> None:
        said = {"authorization_reference": REF, "invoice_reference_id": "INV-1"} | members
        given = documents.cdr(("NL", "NOD"), name, contract=("DE", "PAY"), **said)
        await self._take(CDR, given, source=None)

    async def modern(self, **members: Any) -> None:
        said = {"authorization_reference": REF, "invoice_reference_id": "INV-1"}
        given = documents.cdr(("NL", "NOD"), "C1", contract=("DE", "PAY"), **said)
        given = {name: value for name, value in given.items() if not name.endswith("_cost")}
        for tariff in given.get("tariffs", ()):
            tariff["tax_included"] = "NO"
        inward = Inward("CDR", V2_3_0, Terms(owner=OWNER))
        await self._take(CDR, given | members, source=None, version=V2_3_0, inward=inward)

    async def confirm(self, name: str, status: str = "SUCCESS", *lines: str) -> None:
        given = {
            "id": name, "authorization_reference": REF, "currency": "EUR",
            "total_costs": {"before_taxes": 4}, "capture_status_code": status,
            "eft_data": list(lines) or ["none"], "last_updated": "2026-11-22T12:00:00Z",
        }  # fmt: skip
        await self._take(CONFIRMATION, given, source=PROVIDER, version=V2_3_0)

    async def _take(self, kind: Any, given: Any, **said: Any) -> None:
        """As its owner gives it."""
        said = {"version": V2_2_1, "identity": OURSELVES, "strict": False, **said}
        await self.store.apply(accept(kind, json.dumps(given).encode(), **said))
        await self.paying.look()

    async def invoice(self, reference: str = REF) -> Invoice | None:
        return await invoice_of(self.store, OURSELVES, reference)


@pytest.fixture
async def till(empty_database: Path, tmp_path: Path) -> AsyncIterator[Till]:
    shutil.copy(empty_database, tmp_path / "node.db")
    store = await open_store(f"sqlite:///{tmp_path}/node.db")
    paying = Paying(store, OURSELVES, cast("Commands", None), now=lambda: 0)
    await paying.look()
    yield Till(store, paying)
    await store.close()


async def test_it_has_the_lines_of_the_payment(till: Till) -> None:
    """RPAY-035: whatever case the address has; of a failed capture nothing was paid."""
    await till.cdr()
    await till.confirm("F0", "FAILED", "Declined")
    before = await till.invoice()
    assert before is not None
    assert (before.number, before.operator, before.lines, before.paid) == (
        "INV-1", "NL/NOD", (), (),
    )  # fmt: skip
    await till.confirm("F1", "SUCCESS", "Card ***1234", "AID A000")
    found = await till.invoice(REF.upper())
    assert found is not None
    assert found.lines == ("Card ***1234", "AID A000")
    assert found.paid == (Decimal(4),)
    text = list(written(found, "Noda"))
    assert ("Payment", "Card ***1234") in text
    assert ("Operator", "Noda (NL/NOD)") in text


async def test_amounts_are_those_of_the_cdr_with_every_tax(till: Till) -> None:
    taxes = [{"name": "GST", "amount": 0.25, "percentage": 5}, {"name": "QST", "amount": 0.5}]
    await till.modern(
        total_cost={"before_taxes": 5, "taxes": taxes}, total_energy_cost={"before_taxes": 5}
    )
    found = await till.invoice()
    assert found is not None
    text = dict(written(found, "Noda"))
    assert text["Total before taxes"] == "5 EUR"
    assert (text["GST 5 %"], text["QST"], text["Total"]) == ("0.25 EUR", "0.5 EUR", "5.75 EUR")
    assert text["Cost of energy"] == "5 EUR before taxes"
    assert text["Energy"].endswith(" kWh")


async def test_there_is_none_where_the_provider_makes_it_or_nobody_knows_the_reference(
    till: Till,
) -> None:
    """RPAY-022"""
    await till.cdr(invoice_reference_id=None)
    for reference in (REF, "", "C1", "x" * 37, "INV-1"):
        assert await till.invoice(reference) is None


async def test_what_was_taken_back_says_so_and_a_credit_is_no_invoice(till: Till) -> None:
    """CDR-CRED-01: what was captured is still held against what was billed."""
    await till.cdr(total_cost={"excl_vat": 4, "incl_vat": 4})
    await till.confirm("F1", "SUCCESS", "Card")
    await till.cdr("C1-CR", credit=True, credit_reference_id="C1",
                   total_cost={"excl_vat": -4, "incl_vat": -4})  # fmt: skip
    found = await till.invoice()
    assert found is not None
    assert (found.cdr_id, found.taken_back) == ("C1", True)
    assert ("Note", "This invoice was taken back.") in list(written(found, "Noda"))
    assert [line.match for _, line in await till.paying.advice()] == ["MATCHED"]


async def test_nothing_of_the_drivers_token_is_in_it(till: Till) -> None:
    await till.cdr()
    found = await till.invoice()
    assert found is not None
    token = documents.cdr(("NL", "NOD"), "C1", contract=("DE", "PAY"))["cdr_token"]
    text = str(found)
    assert token["uid"] not in text
    assert token["contract_id"] not in text
