"""What partners of 2.3.0 read of a CDR of ours: the taxes and the tariff as they were given.

Amounts by hand: 10 kWh for 0.605 with 21 % in it are 5.00 and 1.05; a start for 1.09 with 9 % in it
is 1.00 and 0.09.
"""

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.roaming.charging.chargers import (
    CPO,
    DRIVER,
    PLAIN,
    Json,
    Operator,
    location,
    meter,
    minute,
    resource,
)

from voltroam.bridge.passage import Inward
from voltroam.bridge.terms import Terms
from voltroam.pricing import Amount
from voltroam.roaming.accept import accept
from voltroam.roaming.charging import Correction
from voltroam.roaming.charging.modern import taxed
from voltroam.roaming.charging.ports import BookedFor, Coming
from voltroam.roaming.keys import object_key
from voltroam.roaming.received import received_in
from voltroam.standard.versions import V2_3_0


def gross(**changes: Any) -> Json:
    """A tariff of 2.3.0 with two rates."""
    energy = {"type": "ENERGY", "price": 0.605, "vat": 21, "step_size": 1}
    start = {"type": "FLAT", "price": 1.09, "vat": 9, "step_size": 1}
    return {
        "country_code": "NL", "party_id": "AAA", "id": "GROSS", "currency": "EUR",
        "tax_included": "YES", "preauthorize_amount": 40,
        "elements": [{"price_components": [energy, start]}],
        "last_updated": "2026-01-01T00:00:00Z", **changes,
    }  # fmt: skip


async def open_under(operator: Operator, tariff: Json) -> None:
    """One location under a tariff that was given in 2.3.0."""
    change = accept(
        resource("tariffs"), json.dumps(tariff).encode(), version=V2_3_0, source=None,
        identity=operator.identity, strict=True, inward=Inward("Tariff", V2_3_0, Terms(owner=CPO)),
    )  # fmt: skip
    await operator.store.apply(change)
    await operator.hold("locations", location(tariff["id"]))


async def billed(operator: Operator, **begun: Any) -> str:
    name = await operator.begin(reading=meter(0, "0"), **begun)
    operator.clock.forward(hours=2)
    cdr_id = await operator.charging.end(name, minute(60), meter(60, "10"))
    assert cdr_id is not None
    return cdr_id


async def modern(operator: Operator, name: str, kind: str = "cdrs") -> Json:
    row = await operator.store.get(object_key(resource(kind), CPO, {"id": name}))
    assert row is not None
    given = received_in(row.sidecar)
    assert given is not None
    assert given.version is V2_3_0
    found: Json = json.loads(given.document, parse_float=Decimal)
    return found


def vat(rate: int, amount: str) -> Json:
    return {"name": "VAT", "percentage": rate, "amount": Decimal(amount)}


async def test_taxes_are_told_by_the_rates_of_the_tariff(operator: Operator) -> None:
    """R230-020: and 2.2.1 gets the two amounts."""
    await open_under(operator, gross())
    cdr_id = await billed(operator)
    new, old = await modern(operator, cdr_id), await operator.cdr(cdr_id)
    assert new["total_cost"] == {
        "before_taxes": Decimal("6.00"), "taxes": [vat(9, "0.09"), vat(21, "1.05")],
    }  # fmt: skip
    assert (await modern(operator, cdr_id, "sessions"))["total_cost"] == new["total_cost"]
    assert (await operator.session(cdr_id))["total_cost"] == old["total_cost"]
    assert new["total_energy_cost"]["taxes"] == [vat(21, "1.05")]
    assert new["total_fixed_cost"]["taxes"] == [vat(9, "0.09")]
    (tariff,) = new["tariffs"]
    assert (tariff["tax_included"], tariff["preauthorize_amount"]) == ("YES", 40)
    assert tariff["elements"][0]["price_components"][0]["price"] == Decimal("0.605")
    assert old["total_cost"] == {"excl_vat": Decimal("6.00"), "incl_vat": Decimal("7.14")}
    assert old["tariffs"][0]["elements"][0]["price_components"][0]["price"] == Decimal("0.5")


async def test_no_tax_is_made_up_where_none_applies(operator: Operator) -> None:
    component = {"type": "ENERGY", "price": 0.5, "step_size": 1}
    await open_under(
        operator, gross(tax_included="N/A", elements=[{"price_components": [component]}])
    )
    new = await modern(operator, await billed(operator))
    assert new["total_cost"]["before_taxes"] == Decimal("5.00")
    assert sum(tax["amount"] for tax in new["total_cost"].get("taxes", ())) == 0
    assert new["tariffs"][0]["tax_included"] == "N/A"


async def test_a_bound_that_moved_the_total_has_no_rates_of_its_own(operator: Operator) -> None:
    await open_under(operator, gross(max_price={"before_taxes": 3, "after_taxes": 3.5}))
    cdr_id = await billed(operator)
    new, old = await modern(operator, cdr_id), await operator.cdr(cdr_id)
    cost = new["total_cost"]
    assert cost["before_taxes"] == old["total_cost"]["excl_vat"] <= 3
    (tax,) = cost["taxes"]
    assert "percentage" not in tax
    assert cost["before_taxes"] + tax["amount"] == old["total_cost"]["incl_vat"] <= Decimal("3.5")


async def test_what_is_taken_back_is_taken_back_with_every_tax(operator: Operator) -> None:
    """CDR-CRED-01"""
    await open_under(operator, gross())
    cdr_id = await billed(operator)
    done = await operator.charging.correct(cdr_id, Correction(remark="the other card"))
    taken, right = await modern(operator, done.credit_id), await modern(operator, done.cdr_id or "")
    assert (taken["credit"], taken["credit_reference_id"]) == (True, cdr_id)
    assert taken["total_cost"] == {
        "before_taxes": Decimal("-6.00"), "taxes": [vat(9, "-0.09"), vat(21, "-1.05")],
    }  # fmt: skip
    assert right["remark"] == "the other card"
    assert right["total_cost"]["taxes"] == [vat(9, "0.09"), vat(21, "1.05")]


async def test_a_tariff_of_2_2_1_gives_the_same_cdr_as_ever(operator: Operator) -> None:
    await operator.open(PLAIN)
    cdr_id = await billed(operator)
    row = await operator.store.get(object_key(resource("cdrs"), CPO, {"id": cdr_id}))
    assert row is not None
    assert received_in(row.sidecar) is None


async def test_a_booking_and_our_invoice_are_named_in_the_cdr(operator: Operator) -> None:
    """RBK-046, RPAY-020, RPAY-022: `booking_id` is of 2.3.0 only."""

    async def booked(_coming: Coming) -> BookedFor:
        return BookedFor("B1", "A1")

    async def invoiced(coming: Coming) -> str | None:
        return coming.reference

    operator = Operator(operator.store, operator.clock, booked=booked, invoiced=invoiced)
    await operator.open(PLAIN)
    cdr_id = await billed(operator, token=DRIVER)
    new, old = await modern(operator, cdr_id), await operator.cdr(cdr_id)
    assert (new["booking_id"], new["authorization_reference"]) == ("B1", "A1")
    assert new["invoice_reference_id"] == old["invoice_reference_id"] == "A1"
    assert "booking_id" not in old
    assert (await operator.session(cdr_id))["authorization_reference"] == "A1"
    (tax,) = new["total_cost"]["taxes"]
    assert tax["percentage"] == 21
    assert new["total_cost"]["before_taxes"] + tax["amount"] == old["total_cost"]["incl_vat"]


@pytest.mark.parametrize("known", [True, False])
def test_an_amount_without_lines_has_no_rates(known: bool) -> None:
    from fractions import Fraction

    amount = Amount.of(Fraction(10), Fraction(12) if known else None)
    price = taxed(amount, (), 2)
    assert price.before_taxes == 10
    assert [tax.percentage for tax in price.taxes or ()] == ([None] if known else [])
