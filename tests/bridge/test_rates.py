"""The rate of VAT of an amount is told where the tariffs tell it, and never made up."""

from copy import deepcopy
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.bridge.crossing import cross
from tests.bridge.samples import CDR_221, SESSION_221

from voltroam.bridge.terms import Terms

D = Decimal


def component(kind: str, price: str, vat: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"type": kind, "price": D(price), "step_size": 1}
    return found if vat is None else found | {"vat": D(vat)}


def tariff(*components: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "country_code": "NL", "party_id": "AAA", "id": "T1", "currency": "EUR",
        "elements": [{"price_components": list(components)}],
        "last_updated": "2026-01-01T00:00:00Z", **members,
    }  # fmt: skip


def cdr(*tariffs: dict[str, Any], **amounts: tuple[str, str]) -> dict[str, Any]:
    found = {name: value for name, value in CDR_221.items() if not name.endswith("_cost")}
    costs = {name: {"excl_vat": D(net), "incl_vat": D(gross)}
             for name, (net, gross) in amounts.items()}  # fmt: skip
    return deepcopy(found) | {"tariffs": list(tariffs)} | costs


def rates(document: dict[str, Any]) -> dict[str, Any]:
    """By amount; None where the tax has none."""
    return {
        name: [tax.get("percentage") for tax in value["taxes"]]
        for name, value in document.items()
        if name.endswith("_cost")
    }


def up(document: dict[str, Any]) -> dict[str, Any]:
    found = cross("CDR", document, "2.2.1", "2.3.0")
    assert found.value is not None
    return rates(found.value)


TWO = (component("ENERGY", "0.50", "21"), component("PARKING_TIME", "6.00", "9"))


def test_a_rate_that_all_prices_have_is_that_of_each_amount() -> None:
    """R230-019, R230-021: 5.00 and 21 % are 6.05."""
    plain = tariff(component("ENERGY", "0.50", "21"), component("FLAT", "1.00", "21"))
    given = cdr(plain, total_cost=("5.00", "6.05"), total_energy_cost=("5.00", "6.05"))
    found = cross("CDR", given, "2.2.1", "2.3.0")
    assert found.value["total_cost"] == {
        "before_taxes": D("5.00"),
        "taxes": [{"name": "VAT", "percentage": D(21), "amount": D("1.05")}],
    }
    assert found.notes["vat-rate"] == "lossless"
    assert rates(found.value) == {"total_cost": [21], "total_energy_cost": [21]}
    assert cross("CDR", found.value, "2.3.0", "2.2.1").value == given


def test_of_several_rates_each_amount_has_its_own_and_their_sum_has_none() -> None:
    given = cdr(
        tariff(*TWO), total_cost=("8.00", "9.32"), total_energy_cost=("5.00", "6.05"),
        total_parking_cost=("3.00", "3.27"), total_time_cost=("0.00", "0.00"),
    )  # fmt: skip
    assert up(given) == {
        "total_cost": [None], "total_energy_cost": [21], "total_parking_cost": [9],
        "total_time_cost": [None],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tariffs", "gross"),
    [
        ([], "6.05"),
        ([tariff(component("ENERGY", "0.50", None))], "6.05"),
        ([tariff(component("ENERGY", "0.50", "21"), component("FLAT", "1", None))], "6.05"),
        ([tariff(component("ENERGY", "0.50", "21")),
          tariff(component("ENERGY", "0.50", "9"), id="T2")], "6.05"),
        ([tariff(component("ENERGY", "0.50", "21"))], "5.45"),
        ([tariff(component("ENERGY", "0.50", "21"))], "5.00"),
        ([tariff(component("ENERGY", "0.50", "21"), elements=["?"])], "6.05"),
        (["?"], "6.05"),
    ],
    ids=["no tariff", "no rate", "one without", "two tariffs", "another rate paid", "none paid",
         "no element", "no object"],
)  # fmt: skip
def test_what_nobody_said_or_what_does_not_agree_is_no_rate(tariffs: Any, gross: str) -> None:
    """R230-022, R230-023"""
    assert up(cdr(*tariffs, total_cost=("5.00", gross))) == {"total_cost": [None]}


def test_what_costs_nothing_has_no_word_in_it_and_rounding_is_no_difference() -> None:
    free = tariff(component("ENERGY", "0.50", "21"), component("FLAT", "0.00", None))
    assert up(cdr(free, total_cost=("1.03", "1.25"))) == {"total_cost": [21]}
    zero = tariff(component("ENERGY", "0.50", "0"))
    assert up(cdr(zero, total_cost=("5.00", "5.00"))) == {"total_cost": [0]}


def test_reservations_have_prices_of_their_own() -> None:
    kept = tariff(component("ENERGY", "0.50", "21"))
    kept["elements"].append({"price_components": [component("TIME", "2.00", "9")],
                             "restrictions": {"reservation": "RESERVATION"}})  # fmt: skip
    given = cdr(kept, total_reservation_cost=("2.00", "2.18"), total_energy_cost=("5.00", "6.05"))
    assert up(given) == {"total_reservation_cost": [9], "total_energy_cost": [21]}


def session(**members: Any) -> dict[str, Any]:
    period = {**SESSION_221["charging_periods"][0], "tariff_id": "T1"}
    cost = {"excl_vat": D("5.00"), "incl_vat": D("6.05")}
    return SESSION_221 | {"charging_periods": [period], "total_cost": cost} | members


@pytest.mark.parametrize(
    ("known", "members", "rate"),
    [
        (tariff(component("ENERGY", "0.50", "21")), {}, 21),
        (tariff(*TWO), {}, None),
        (None, {}, None),
        (tariff(component("ENERGY", "0.50", "21"), last_updated="2099-01-01T00:00:00Z"), {}, None),
        (tariff(component("ENERGY", "0.50", "21"), last_updated="soon"), {}, None),
        (tariff(component("ENERGY", "0.50", "21")), {"charging_periods": []}, None),
    ],
    ids=["one rate", "two rates", "unknown", "changed since", "undated", "no tariff named"],
)
def test_a_session_has_the_rate_of_the_tariff_that_it_began_under(
    known: dict[str, Any] | None, members: dict[str, Any], rate: int | None
) -> None:
    terms = replace(Terms(), tariff_of=lambda name: known if name == "T1" else None)
    found = cross("Session", session(**members), "2.2.1", "2.3.0", terms)
    assert rates(found.value) == {"total_cost": [rate]}
    lone = {**SESSION_221["charging_periods"][0], "tariff_id": "T2"}
    both = [*session()["charging_periods"], lone]
    found = cross("Session", session(charging_periods=both), "2.2.1", "2.3.0", terms)
    assert rates(found.value) == {"total_cost": [None]}
