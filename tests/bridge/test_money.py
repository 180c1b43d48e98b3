"""Sessions and CDRs between versions (2.1.1, 2.2.1, 2.3.0 §mod_sessions, §mod_cdrs)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.bridge.crossing import PLAIN, cross
from tests.bridge.samples import (
    CDR_211,
    CDR_221,
    CDR_230,
    CDR_TOKEN,
    LOCATION_211,
    LOCATION_221,
    PERIOD,
    RESERVING,
    SESSION_211,
    SESSION_221,
    SESSION_230,
    TARIFF_221,
    TOKEN_221,
)

from voltroam.bridge.convert import at_home
from voltroam.bridge.terms import Relaxation, Terms
from voltroam.standard.parties import PartyId
from voltroam.standard.versions import V2_3_0

HOLDING = replace(PLAIN, tokens_of=lambda _: [TOKEN_221], location_of=lambda _: LOCATION_221)


def test_a_session_of_2_1_1_gets_ids_a_token_and_new_names() -> None:
    """R211-057, R211-059"""
    found = cross("Session", SESSION_211, "2.1.1", "2.2.1", HOLDING)
    assert found.value == SESSION_221
    assert found.notes["cdr-token-found"] == "inferred"
    assert found.notes["location-as-ids"] == "kept"


def test_a_session_for_2_1_1_holds_the_location_of_one_evse_and_connector() -> None:
    """R211-057, R211-058"""
    more = {**LOCATION_221["evses"][0], "uid": "E2"}
    many = {**LOCATION_221, "evses": [more, *LOCATION_221["evses"]]}
    terms = replace(HOLDING, location_of=lambda _: many)
    found = cross("Session", SESSION_221, "2.2.1", "2.1.1", terms)
    assert found.value == SESSION_211


def test_a_session_whose_location_nobody_knows_does_not_go_to_2_1_1() -> None:
    """R211-058"""
    found = cross("Session", SESSION_221, "2.2.1", "2.1.1")
    assert found.value is None
    assert found.notes["location-unknown"] == "refused"
    remembered = cross("Session", SESSION_221, "2.2.1", "2.1.1", replace(PLAIN, memory=SESSION_211))
    assert remembered.value == SESSION_211


def test_the_location_of_a_session_stays_even_if_it_is_not_published() -> None:
    hidden = {**LOCATION_221, "publish": False}
    terms = replace(HOLDING, location_of=lambda _: hidden)
    assert cross("Session", SESSION_221, "2.2.1", "2.1.1", terms).value == SESSION_211


def test_a_location_of_other_than_one_connector_gives_no_ids() -> None:
    evse = {**LOCATION_211["evses"][0], "connectors": []}
    given = {**SESSION_211, "location": {**LOCATION_211, "evses": [evse]}}
    found = cross("Session", given, "2.1.1", "2.2.1")
    assert (found.value["evse_uid"], found.value["connector_id"]) == ("#NA", "#NA")
    assert found.notes["connector-unknown"] == "unsafe"
    down = cross("Session", found.value, "2.2.1", "2.1.1", HOLDING)
    assert "evses" not in down.value["location"]


@pytest.mark.parametrize(
    ("tokens", "provider", "token", "codes"),
    [
        ([TOKEN_221, {**TOKEN_221, "uid": "2"}], None,
         {"country_code": "DE", "party_id": "MOV"}, {"cdr-token-made"}),
        ([], PartyId("FR", "XYZ"), {"country_code": "FR", "party_id": "XYZ"}, {"cdr-token-made"}),
    ],
)  # fmt: skip
def test_a_contract_with_no_or_many_tokens_is_its_own_token(
    tokens: list[Any], provider: PartyId | None, token: dict[str, str], codes: set[str]
) -> None:
    terms = replace(PLAIN, tokens_of=lambda _: tokens, provider=provider)
    found = cross("Session", SESSION_211, "2.1.1", "2.2.1", terms)
    contract = SESSION_211["auth_id"]
    assert found.value["cdr_token"] == {
        **token, "uid": contract, "type": "OTHER", "contract_id": contract,
    }  # fmt: skip
    assert codes <= set(found.notes)
    assert found.notes["cdr-token-made"] == "unsafe"


def test_a_contract_of_no_known_form_names_no_provider() -> None:
    found = cross("Session", {**SESSION_211, "auth_id": "4711"}, "2.1.1", "2.2.1")
    assert "country_code" not in found.value["cdr_token"]
    assert found.notes["provider-unknown"] == "unsafe"


def test_words_that_2_1_1_lacks_have_stand_ins_in_a_session() -> None:
    """R211-061"""
    given = {**SESSION_221, "status": "RESERVATION", "auth_method": "COMMAND",
             "authorization_reference": "A1"}  # fmt: skip
    found = cross("Session", given, "2.2.1", "2.1.1", HOLDING)
    assert found.value == {**SESSION_211, "status": "PENDING", "auth_method": "AUTH_REQUEST"}
    assert found.notes["status-pending"] == "inferred"
    assert found.notes["reference-dropped"] == "kept"


def test_the_cost_of_a_session_is_an_amount_without_taxes_in_every_version() -> None:
    """R211-059, R230-019, R230-023"""
    up = cross("Session", SESSION_221, "2.2.1", "2.3.0")
    assert up.value == SESSION_230
    assert cross("Session", up.value, "2.3.0", "2.2.1").value == SESSION_221


def test_dimensions_that_2_1_1_lacks_go_and_flat_comes_back() -> None:
    """R211-067, R211-068"""
    power = {"type": "POWER", "volume": 11}
    only_power = {"start_date_time": "2026-06-01T17:00:00Z", "dimensions": [power]}
    rich = {**PERIOD, "dimensions": [*PERIOD["dimensions"], power], "tariff_id": "T1"}
    down = cross("CDR", {**CDR_221, "charging_periods": [rich, only_power]}, "2.2.1", "2.1.1")
    assert down.value["charging_periods"] == [PERIOD]
    assert {"dimension-dropped", "period-dropped", "period-tariff-dropped"} <= set(down.notes)
    none = cross("CDR", {**CDR_221, "charging_periods": [only_power]}, "2.2.1", "2.1.1")
    assert none.value is None
    flat = {"type": "FLAT", "volume": 1}
    given = {
        **CDR_211,
        "charging_periods": [{**PERIOD, "dimensions": [*PERIOD["dimensions"], flat]}],
    }
    up = cross("CDR", given, "2.1.1", "2.2.1")
    assert up.value["charging_periods"] == [{**PERIOD, "tariff_id": "T1"}]
    assert up.notes["tariff-of-periods"] == "inferred"
    assert up.places["dimension-dropped"] == ["/charging_periods/0/dimensions/1"]
    back = cross("CDR", up.value, "2.2.1", "2.1.1", replace(PLAIN, memory=given))
    assert back.value == given


def test_a_cdr_of_2_1_1_is_spelled_out_flat() -> None:
    """R211-066"""
    found = cross("CDR", CDR_211, "2.1.1", "2.2.1", HOLDING)
    assert found.value == {
        **CDR_221,
        "total_cost": {"excl_vat": Decimal("3.15")},
        "charging_periods": [{**PERIOD, "tariff_id": "T1"}],
    }


def test_a_cdr_for_2_1_1_tells_the_location_as_it_is_held_or_remembered() -> None:
    """R211-066"""
    down = cross("CDR", CDR_221, "2.2.1", "2.1.1", HOLDING)
    assert down.value == CDR_211
    assert down.notes["location-rebuilt"] == "inferred"
    bare = cross("CDR", CDR_221, "2.2.1", "2.1.1")
    (evse,) = bare.value["location"]["evses"]
    assert (evse["uid"], evse["evse_id"], evse["status"]) == ("E1", "NL*AAA*E1", "UNKNOWN")
    assert "voltage" not in evse["connectors"][0]
    assert bare.notes["limits-of-connector-unknown"] == "unsafe"
    known = cross("CDR", CDR_221, "2.2.1", "2.1.1", replace(PLAIN, memory=CDR_211))
    assert known.value == CDR_211


def test_a_public_id_that_is_not_told_is_not_made_up() -> None:
    evse = {name: value for name, value in LOCATION_211["evses"][0].items() if name != "evse_id"}
    given = {**CDR_211, "location": {**LOCATION_211, "evses": [evse]}}
    found = cross("CDR", given, "2.1.1", "2.2.1")
    assert found.value["cdr_location"]["evse_id"] == "#NA"
    assert found.notes["evse-id-unknown"] == "inferred"


def test_a_cdr_must_name_its_plug() -> None:
    nowhere = {**CDR_211, "location": {**LOCATION_211, "evses": []}}
    found = cross("CDR", nowhere, "2.1.1", "2.2.1")
    assert found.value is None
    assert found.notes["cdr-plug-unknown"] == "refused"
    twice = {**LOCATION_211, "evses": [*LOCATION_211["evses"], *LOCATION_211["evses"]]}
    same = cross("CDR", {**CDR_211, "location": twice}, "2.1.1", "2.2.1")
    assert same.value["cdr_location"]["evse_uid"] == "#NA"
    assert same.value["cdr_location"]["connector_standard"] == "IEC_62196_T2"
    place = {**CDR_230["cdr_location"], "connector_standard": "MCS"}
    new = {**CDR_230, "cdr_location": place}
    assert cross("CDR", new, "2.3.0", "2.2.1").value is None
    kept = at_home("CDR", new, source=V2_3_0, terms=PLAIN).value
    assert kept == new
    assert cross("CDR", kept, "2.2.1", "2.1.1").value is None


def test_a_credit_never_reaches_2_1_1() -> None:
    """R211-069"""
    terms = replace(HOLDING, relaxations=frozenset(Relaxation))
    found = cross("CDR", {**CDR_221, "credit": True}, "2.2.1", "2.1.1", terms)
    assert found.value is None
    assert found.notes == {"credit-refused": "refused"}


def test_what_2_1_1_has_no_member_for_is_told() -> None:
    """R211-066"""
    more: dict[str, Any] = {
        "session_id": "S1", "authorization_reference": "A1", "invoice_reference_id": "I1",
        "total_energy_cost": {"excl_vat": 3}, "credit": False, "credit_reference_id": "C0",
        "home_charging_compensation": False,
        "signed_data": {"encoding_method": "OCMF", "signed_values": []},
    }  # fmt: skip
    found = cross("CDR", {**CDR_221, **more}, "2.2.1", "2.1.1", HOLDING)
    assert found.value == CDR_211
    assert found.notes["signed-data-dropped"] == "unsafe"
    assert {"reference-dropped", "cost-split-dropped", "compensation-dropped"} <= set(found.notes)


def test_taxes_are_added_up_and_their_names_are_lost() -> None:
    """R230-019, R230-022"""
    taxes = [
        {"name": "GST", "percentage": 5, "amount": Decimal("0.16")},
        {"name": "QST", "percentage": Decimal("9.975"), "amount": Decimal("0.31")},
    ]
    cost = {"before_taxes": Decimal("3.15"), "taxes": taxes}
    found = cross("CDR", {**CDR_230, "total_cost": cost}, "2.3.0", "2.2.1")
    assert found.value["total_cost"] == {"excl_vat": Decimal("3.15"), "incl_vat": Decimal("3.62")}
    assert found.notes["taxes-summed"] == "kept"
    assert cross("CDR", CDR_230, "2.3.0", "2.2.1").value == CDR_221
    assert cross("CDR", CDR_221, "2.2.1", "2.3.0").value == CDR_230


@pytest.mark.parametrize(
    ("cost", "written", "code"),
    [
        ({"before_taxes": 3}, {"excl_vat": 3}, "taxes-unset"),
        ({"before_taxes": 3, "taxes": []}, {"excl_vat": 3}, "taxes-empty"),
        ({"before_taxes": 3, "taxes": [{"name": "VAT"}]}, {"excl_vat": 3}, "taxes-unreadable"),
        ({"before_taxes": "?"}, {"before_taxes": "?"}, "amount-unreadable"),
        ({"excl_vat": 3, "incl_vat": 4}, {"excl_vat": 3, "incl_vat": 4}, "price-of-2.2.1"),
    ],
)
def test_unknown_taxes_are_not_zero(
    cost: dict[str, Any], written: dict[str, Any], code: str
) -> None:
    """R230-020, R230-023"""
    found = cross("CDR", {**CDR_230, "total_cost": cost}, "2.3.0", "2.2.1")
    assert found.value["total_cost"] == written
    assert code in found.notes


def test_where_no_tax_applies_the_amounts_are_the_same() -> None:
    tariff = {**TARIFF_221, "tax_included": "N/A"}
    cost = {"before_taxes": Decimal("3.15")}
    found = cross("CDR", {**CDR_230, "tariffs": [tariff], "total_cost": cost}, "2.3.0", "2.2.1")
    assert found.value["total_cost"] == {"excl_vat": Decimal("3.15"), "incl_vat": Decimal("3.15")}
    assert found.notes["no-tax-applies"] == "kept"


def test_a_tariff_that_cannot_pass_leaves_the_cdr_in() -> None:
    """R211-074, R211-076"""
    refused = {**CDR_230["tariffs"][0], "tax_included": "YES"}
    found = cross("CDR", {**CDR_230, "tariffs": [refused]}, "2.3.0", "2.2.1")
    assert found.value == {**CDR_221, "tariffs": []}
    assert found.places["cdr-tariff-left-out"] == ["/tariffs/0"]
    reserving = {**TARIFF_221, "elements": [RESERVING]}
    low = cross("CDR", {**CDR_221, "tariffs": [reserving]}, "2.2.1", "2.1.1", HOLDING)
    assert low.value == {**CDR_211, "tariffs": []}


def test_only_a_partner_known_for_it_gets_the_amount_with_taxes() -> None:
    """R211-066"""
    assert cross("CDR", CDR_221, "2.2.1", "2.1.1", HOLDING).value["total_cost"] == Decimal("3.15")
    terms = replace(HOLDING, relaxations=frozenset({Relaxation.GROSS_TOTAL_COST}))
    found = cross("CDR", CDR_221, "2.2.1", "2.1.1", terms)
    assert found.value["total_cost"] == Decimal("3.81")
    assert found.notes["cost-with-vat"] == "unsafe"


def test_amounts_as_texts_are_numbers_and_keep_their_digits() -> None:
    """R211-071, R211-098"""
    found = cross("CDR", {**CDR_211, "total_cost": "4.00"}, "2.1.1", "2.3.0")
    assert str(found.value["total_cost"]["before_taxes"]) == "4.00"
    assert found.notes["amount-as-text"] == "inferred"


def test_what_bookings_bring_stays_in_their_package() -> None:
    """RBK-047"""
    overtime = {"type": "RESERVATION_OVERTIME", "volume": 1}
    period = {**PERIOD, "dimensions": [*PERIOD["dimensions"], overtime]}
    given = {**CDR_230, "booking_id": "B1", "charging_periods": [period]}
    found = cross("CDR", given, "2.3.0", "2.2.1")
    assert found.value == CDR_221
    assert {"booking-id-dropped", "dimension-dropped"} <= set(found.notes)


def test_a_token_of_a_new_type_is_charged_as_other() -> None:
    given = {**CDR_230, "cdr_token": {**CDR_TOKEN, "type": "EMAID"}}
    found = cross("CDR", given, "2.3.0", "2.2.1")
    assert found.value == {**CDR_221, "cdr_token": {**CDR_TOKEN, "type": "OTHER"}}


def test_a_long_id_of_a_cdr_gets_a_name_of_36_from_the_table() -> None:
    long = "C" * 39
    terms = Terms(owner=PartyId("NL", "AAA"))
    first = cross("CDR", {**CDR_221, "id": long}, "2.2.1", "2.1.1", terms).value["id"]
    again = cross("CDR", {**CDR_221, "id": long}, "2.2.1", "2.1.1", terms).value["id"]
    assert first == again
    assert len(first) == 36
    assert first != long[:36]
