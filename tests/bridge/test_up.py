"""Steps from 2.2.1 up to 2.3.0: what they make of money, and what they tell.

R230-019, R230-023, R230-024, R230-026
"""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.bridge.crossing import PLAIN
from tests.bridge.samples import SAMPLES

from voltroam.bridge.cdrs import cdr_up
from voltroam.bridge.convert import convert, is_same
from voltroam.bridge.notes import Severity
from voltroam.bridge.prices import limit_up, price_up
from voltroam.bridge.sessions import session_up
from voltroam.bridge.tariffs import tariff_up
from voltroam.bridge.v2_3_0.money import AMOUNTS
from voltroam.standard import v2_2_1 as old
from voltroam.standard import v2_3_0 as new
from voltroam.standard.versions import VERSIONS

EXAMPLES = Path(__file__).parents[2].parent / "shared" / "data" / "spec-examples"


def example(version: str, name: str) -> bytes:
    file = EXAMPLES / version / name
    if not file.exists():
        pytest.skip(f"{file} is not here")
    return file.read_bytes()


def plain(value: object) -> object:
    return msgspec.to_builtins(value, builtin_types=(Decimal,))


def test_vat_becomes_the_difference_of_both_amounts() -> None:
    step = price_up(old.Price(excl_vat=Decimal("4.00"), incl_vat=Decimal("4.40")), "/total_cost")
    assert step.value.before_taxes == 4
    assert step.value.taxes == [new.TaxAmount(name="VAT", amount=Decimal("0.40"))]
    (note,) = step.notes
    assert (note.code, note.pointer) == ("vat-amount", "/total_cost/incl_vat")
    assert note.severity is Severity.LOSSLESS


def test_a_vat_of_nothing_is_a_tax_and_an_unknown_one_is_unset() -> None:
    zero = price_up(old.Price(excl_vat=Decimal(4), incl_vat=Decimal(4))).value
    assert zero.taxes == [new.TaxAmount(name="VAT", amount=Decimal(0))]
    unknown = price_up(old.Price(excl_vat=Decimal(4)))
    assert unknown.value.taxes is None
    assert msgspec.json.encode(unknown.value) == b'{"before_taxes":"4"}'
    assert unknown.notes[0].code == "taxes-unknown"


def test_a_bound_is_renamed() -> None:
    step = limit_up(old.Price(excl_vat=Decimal(1), incl_vat=Decimal(2)), "/max_price")
    assert step.value == new.PriceLimit(before_taxes=Decimal(1), after_taxes=Decimal(2))
    assert step.notes[0].severity is Severity.LOSSLESS


@pytest.mark.parametrize(
    "name",
    [
        "tariff_1_simple_2hour.json",
        "tariff_2_alt_text.json",
        "tariff_4_complex.json",
        "tariff_5_free_of_charge.json",
        "tariff_6_025kwh_start_max_price.json",
        "tariff_12_025kwh_min_price.json",
        "tariff_17_reservation_with_expire_fee.json",
    ],
)
def test_the_standards_tariffs_of_2_2_1_become_its_tariffs_of_2_3_0(name: str) -> None:
    before = msgspec.json.decode(example("2.2.1", name), type=old.Tariff)
    assert tariff_up(before).value == msgspec.json.decode(example("2.3.0", name), type=new.Tariff)


def test_prices_are_net_and_a_missing_vat_makes_that_inferred() -> None:
    with_vat = msgspec.json.decode(example("2.2.1", "tariff_4_complex.json"), type=old.Tariff)
    step = tariff_up(with_vat)
    assert step.value.tax_included is new.TaxIncluded.NO
    assert {note.severity for note in step.notes} == {Severity.LOSSLESS}
    free = msgspec.json.decode(example("2.2.1", "tariff_5_free_of_charge.json"), type=old.Tariff)
    (note,) = tariff_up(free).notes
    assert (note.code, note.severity) == ("tax-included-inferred", Severity.INFERRED)


def said(value: object) -> object:
    """What a value says, whichever version's class it has."""
    return msgspec.to_builtins(value)


def test_a_cdr_keeps_all_but_its_amounts_and_tariffs() -> None:
    before = msgspec.json.decode(example("2.2.1", "cdr_example.json"), type=old.CDR)
    step = cdr_up(before)
    changed = {*AMOUNTS, "tariffs"}
    for field in msgspec.structs.fields(old.CDR):
        if field.name not in changed:
            assert said(getattr(step.value, field.name)) == said(getattr(before, field.name))
    assert step.value.total_cost.before_taxes == before.total_cost.excl_vat
    assert step.value.tariffs is not None
    assert step.value.tariffs[0].tax_included is new.TaxIncluded.NO
    pointers = {note.pointer for note in step.notes}
    assert {"/total_cost/incl_vat", "/tariffs/0"} <= pointers


def test_a_session_keeps_all_but_its_amount() -> None:
    name = "session_example_2_short_finished.json"
    before = msgspec.json.decode(example("2.2.1", name), type=old.Session)
    step = session_up(before)
    assert before.total_cost is not None
    assert step.value.total_cost == price_up(before.total_cost).value
    assert said(step.value.charging_periods) == said(before.charging_periods)
    plain = msgspec.structs.replace(before, total_cost=None)
    assert session_up(plain).notes == ()


KINDS: dict[str, Any] = {
    "cdr_example.json": new.CDR,
    "session_example_1_simple_start.json": new.Session,
    "tariff_19_simple_north_american_exclusive.json": new.Tariff,
    "tariff_20_simple_north_american_inclusive.json": new.Tariff,
}


@pytest.mark.parametrize("name", KINDS)
def test_examples_of_2_3_0_are_read_and_written_back(name: str) -> None:
    """The CDR's own tariffs lack tax_included, which 2.3.0 requires (R230-025): given here."""
    document = json.loads(example("2.3.0", name), parse_float=Decimal)
    for tariff in document.get("tariffs", ()):
        assert "tax_included" not in tariff
        tariff["tax_included"] = "NO"
    found = msgspec.convert(document, KINDS[name])
    again = msgspec.json.Encoder(decimal_format="number").encode(found)
    assert msgspec.convert(json.loads(again, parse_float=Decimal), KINDS[name]) == found
    assert set(json.loads(again)) == {key for key, value in document.items() if value != []}


@pytest.mark.parametrize("kind", list(SAMPLES))
def test_what_is_said_to_be_the_same_is_the_same(kind: str) -> None:
    """Then it is not even read: for a location most of the way to 2.3.0."""
    met = {}
    for source, document in SAMPLES[kind].items():
        for target in VERSIONS.values():
            ends = {"source": VERSIONS[source], "target": target}
            met[source, target.number] = is_same(kind, terms=PLAIN, **ends)
            if met[source, target.number]:
                found = convert(kind, document, terms=PLAIN, **ends)
                assert (found.value, found.notes) == (document, ())
    assert met["2.2.1", "2.2.1"]
    if kind == "Location":
        assert met["2.2.1", "2.3.0"]
        assert not met["2.1.1", "2.2.1"]
        assert not met["2.3.0", "2.2.1"]
        first = replace(PLAIN, max_edition=1)
        assert not is_same(kind, source=VERSIONS["2.2.1"], target=VERSIONS["2.3.0"], terms=first)
