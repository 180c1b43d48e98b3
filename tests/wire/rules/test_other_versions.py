"""Rules of 2.1.1 and 2.3.0, and how their documents are read."""

import copy
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.wire.other_versions import (
    CDR_2_1_1,
    LOCATION_2_1_1,
    PLACE,
    SESSION_2_1_1,
    TARIFF_2_1_1,
    TOKEN_2_1_1,
    location_2_3_0,
    session_2_3_0,
    tariff_2_3_0,
)
from tests.wire.rules.objects import CDR, CREDENTIALS, START, breaches, errors, warnings

from voltroam.standard import v2_1_1, v2_2_1, v2_3_0
from voltroam.wire.decode import Reading, Severity, read, read_patch

RIGHT: list[tuple[type, dict[str, Any]]] = [
    (v2_1_1.Location, LOCATION_2_1_1),
    (v2_1_1.Session, SESSION_2_1_1),
    (v2_1_1.CDR, CDR_2_1_1),
    (v2_1_1.Tariff, TARIFF_2_1_1),
    (v2_1_1.Token, TOKEN_2_1_1),
    (v2_3_0.Location, location_2_3_0()),
    (v2_3_0.Session, session_2_3_0()),
    (v2_3_0.Tariff, tariff_2_3_0()),
]


def reading(shape: type, document: object) -> Reading[Any]:
    return read(shape, msgspec.json.encode(document))


def value(shape: type, document: object) -> Any:
    return reading(shape, document).value


def found(shape: type, document: object) -> dict[str, str]:
    return {one.path: one.severity.value for one in reading(shape, document).problems}


@pytest.mark.parametrize(("shape", "document"), RIGHT, ids=lambda one: getattr(one, "__name__", ""))
def test_a_right_document_breaks_no_rule(shape: type, document: dict[str, Any]) -> None:
    assert found(shape, document) == {}


# 2.1.1


@pytest.mark.parametrize("text", ["52.12345", "52.1234567", "52"])
def test_coordinates_of_2_1_1_have_six_decimals(text: str) -> None:
    """R211-053"""
    bad = {**LOCATION_2_1_1, "coordinates": {"latitude": text, "longitude": "4.123456"}}
    assert found(v2_1_1.Location, bad) == {"$.coordinates.latitude": "error"}


@pytest.mark.parametrize(
    ("hours", "wrong"),
    [
        ({"twentyfourseven": True}, []),
        ({"regular_hours": [{"weekday": 7, "period_begin": "00:00", "period_end": "23:59"}]}, []),
        ({}, ["$"]),
        ({"twentyfourseven": False}, ["$"]),
        (
            {
                "twentyfourseven": True,
                "regular_hours": [{"weekday": 7, "period_begin": "00:00", "period_end": "23:59"}],
            },
            ["$.regular_hours"],
        ),
    ],
)
def test_hours_of_2_1_1_are_a_choice_of_two(hours: dict[str, Any], wrong: list[str]) -> None:
    assert errors(v2_1_1.Hours, hours) == wrong


def test_text_of_2_1_1_is_ascii() -> None:
    """An identifier is unusable otherwise, any other text is against the rules."""
    assert found(v2_1_1.Location, {**LOCATION_2_1_1, "city": "Köln"}) == {"$.city": "error"}
    assert found(v2_1_1.Location, {**LOCATION_2_1_1, "id": "Ö1"}) == {"$.id": "fatal"}
    assert found(v2_1_1.Token, {**TOKEN_2_1_1, "auth_id": "Ö1"}) == {"$.auth_id": "fatal"}


def test_ids_of_2_1_1_are_39_long_and_keep_their_case() -> None:
    """R211-049, R211-050: two ids that differ in case are two EVSEs."""
    for length, usable in ((39, True), (40, False)):
        document = {**LOCATION_2_1_1, "id": "x" * length}
        assert reading(v2_1_1.Location, document).usable(strict=False) is usable
    document = copy.deepcopy(LOCATION_2_1_1)
    document["evses"] = [{**document["evses"][0], "uid": uid} for uid in ("E1", "e1")]
    assert errors(v2_1_1.Location, document) == []
    document["evses"][1]["uid"] = "E1"
    assert errors(v2_1_1.Location, document) == ["$.evses[1]"]


@pytest.mark.parametrize("member", ["type", "postal_code", "address"])
def test_a_location_of_2_1_1_needs_its_type_and_postal_code(member: str) -> None:
    """R211-047, R211-048; time_zone is optional."""
    without = {name: value for name, value in LOCATION_2_1_1.items() if name != member}
    assert found(v2_1_1.Location, without) == {f"$.{member}": "fatal"}
    unknown = {**LOCATION_2_1_1, "type": "UNKNOWN"}
    del unknown["time_zone"]
    assert found(v2_1_1.Location, unknown) == {}


def test_a_price_in_quotes_is_read_in_2_1_1_only() -> None:
    """R211-071: as the CDR of the text writes it; and a country of two letters."""
    tariff = copy.deepcopy(TARIFF_2_1_1)
    tariff["elements"][0]["price_components"][0]["price"] = "2.00"
    cdr = {**CDR_2_1_1, "tariffs": [tariff]}
    cdr["location"] = {**LOCATION_2_1_1, "country": "DE"}
    read_cdr = reading(v2_1_1.CDR, cdr)
    assert read_cdr.usable(strict=False)
    assert value(v2_1_1.CDR, cdr).tariffs[0].elements[0].price_components[0].price == Decimal(
        "2.00"
    )
    assert {one.severity for one in read_cdr.problems} == {Severity.ERROR}
    plain = {"type": "TIME", "price": "2.00", "step_size": 1}
    assert found(v2_2_1.PriceComponent, plain) == {"$.price": "fatal"}
    for text in ("", "two", "1e5", "٢"):
        assert found(v2_1_1.PriceComponent, {**plain, "price": text}) == {"$.price": "fatal"}


def test_a_total_of_2_1_1_is_a_number() -> None:
    """R211-059, R211-066, R211-070"""
    assert found(v2_1_1.Session, {**SESSION_2_1_1, "total_cost": {"excl_vat": 1}}) == {
        "$.total_cost": "fatal"
    }
    assert found(v2_1_1.CDR, {**CDR_2_1_1, "charging_periods": []}) == {
        "$.charging_periods": "fatal"
    }


def test_a_session_of_2_1_1_shows_the_one_connector_it_used() -> None:
    """R211-058"""
    two = copy.deepcopy(LOCATION_2_1_1)
    two["evses"].append({**two["evses"][0], "uid": "E2"})
    assert warnings(v2_1_1.Session, {**SESSION_2_1_1, "location": two}) == ["$.location.evses"]
    both = copy.deepcopy(LOCATION_2_1_1)
    both["evses"][0]["connectors"].append({**both["evses"][0]["connectors"][0], "id": "2"})
    assert warnings(v2_1_1.CDR, {**CDR_2_1_1, "location": both}) == [
        "$.location.evses[0].connectors"
    ]


def test_a_flat_dimension_is_of_2_1_1_and_power_is_not() -> None:
    """R211-067, R211-068"""
    flat = {"type": "FLAT", "volume": 1}
    assert found(v2_1_1.CdrDimension, flat) == {}
    assert found(v2_2_1.CdrDimension, flat) == {"$.type": "fatal"}
    assert found(v2_1_1.CdrDimension, {"type": "POWER", "volume": 1}) == {"$.type": "fatal"}


def test_a_patch_of_2_1_1_needs_no_last_updated() -> None:
    """R211-014"""
    body = b'{"status":"CHARGING"}'
    assert read_patch(v2_1_1.EVSE, body, needs_last_updated=False).usable(strict=True)


def test_an_authorization_may_name_connectors_in_2_1_1() -> None:
    """R211-087"""
    named = {"location_id": "L1", "evse_uids": ["E1"], "connector_ids": ["1"]}
    assert found(v2_1_1.LocationReferences, named) == {}


def test_a_reservation_of_2_1_1_has_an_integer() -> None:
    """R211-094"""
    command = {
        "response_url": "https://emsp.example/1", "token": TOKEN_2_1_1, "location_id": "L1",
        "expiry_date": "2020-01-01T10:00:00Z", "reservation_id": 7,
    }  # fmt: skip
    assert found(v2_1_1.ReserveNow, command) == {}
    assert found(v2_1_1.ReserveNow, {**command, "reservation_id": "7"}) == {
        "$.reservation_id": "fatal"
    }


# 2.3.0


def test_an_open_enum_takes_any_word_and_a_closed_one_does_not() -> None:
    """R230-005, R230-006"""
    document = location_2_3_0()
    connector = document["evses"][0]["connectors"][0]
    connector["standard"] = "FOO_PLUG"
    read_location = reading(v2_3_0.Location, document)
    assert read_location.problems == ()
    assert value(v2_3_0.Location, document).evses[0].connectors[0].standard == "FOO_PLUG"
    assert b'"standard":"FOO_PLUG"' in msgspec.json.encode(value(v2_3_0.Location, document))
    connector["power_type"] = "AC_9_PHASE"
    assert found(v2_3_0.Location, document) == {"$.evses[0].connectors[0].power_type": "fatal"}


def test_parking_places_have_ids_of_their_own() -> None:
    """R230-038"""
    twice = {**location_2_3_0(), "parking_places": [PLACE, {**PLACE, "id": "p1"}]}
    assert errors(v2_3_0.Location, twice) == ["$.parking_places[1]"]


def test_an_evse_names_parking_places_of_its_location() -> None:
    """R230-039"""
    dangling = {**location_2_3_0(), "parking_places": [{**PLACE, "id": "P2"}]}
    assert warnings(v2_3_0.Location, dangling) == ["$.evses[0].parking[0].parking_id"]


@pytest.mark.parametrize(
    "member", ["id", "vehicle_types", "restricted_to_type", "reservation_required"]
)
def test_a_parking_place_needs_four_members(member: str) -> None:
    """R230-037"""
    without = {name: value for name, value in PLACE.items() if name != member}
    assert found(v2_3_0.Parking, without) == {f"$.{member}": "fatal"}
    assert found(v2_3_0.Parking, {**PLACE, "vehicle_types": []}) == {"$.vehicle_types": "fatal"}


def test_what_a_parking_place_should_tell() -> None:
    """R230-040, R230-041, R230-042"""
    assert "$.max_vehicle_length" in warnings(v2_3_0.Parking, {**PLACE, "vehicle_types": ["BUS"]})
    disabled = {**PLACE, "vehicle_types": ["DISABLED", "PERSONAL_VEHICLE"], "drive_through": True}
    told = warnings(v2_3_0.Parking, disabled)
    assert {"$.images", "$.drive_through"} <= set(told)
    assert errors(v2_3_0.Parking, disabled) == []


@pytest.mark.parametrize(
    ("member", "length"), [("address", 255), ("state", 45), ("help_phone", 25)]
)
def test_lengths_of_edition_2(member: str, length: int) -> None:
    """R230-033, R230-036: a text too long is told and refused when strict; identifiers always."""
    for text, right in (("1" * length, True), ("1" * (length + 1), False)):
        document = {**location_2_3_0(), member: text}
        assert reading(v2_3_0.Location, document).usable(strict=True) is right


def test_a_cdr_location_keeps_the_short_lengths() -> None:
    """R230-034"""
    place = {**CDR["cdr_location"], "address": "x" * 46}
    assert found(v2_3_0.CdrLocation, place) == {"$.address": "error"}


def test_signed_data_is_5000_long() -> None:
    """R230-035"""
    for length, right in ((5000, True), (5001, False)):
        signed = {"nature": "Start", "plain_data": "x" * length, "signed_data": "x"}
        assert reading(v2_3_0.SignedValue, signed).usable(strict=True) is right


def test_a_provider_s_name_has_50_characters() -> None:
    """R230-044"""
    document = location_2_3_0()
    document["evses"][0]["accepted_service_providers"] = ["x" * 51]
    assert found(v2_3_0.Location, document) == {"$.evses[0].accepted_service_providers[0]": "error"}


@pytest.mark.parametrize("word", ["YES", "NO", "N/A"])
def test_a_tariff_says_whether_taxes_are_included(word: str) -> None:
    """R230-024"""
    assert found(v2_3_0.Tariff, {**tariff_2_3_0(), "tax_included": word}) == {}
    without = tariff_2_3_0()
    del without["tax_included"]
    assert found(v2_3_0.Tariff, without) == {"$.tax_included": "fatal"}


def test_a_tariff_inside_a_cdr_may_lack_it_and_is_read_as_no() -> None:
    """R230-025, R230-019"""
    tariff = tariff_2_3_0()
    del tariff["tax_included"]
    cdr = {**CDR, "total_cost": {"before_taxes": 5.0}, "tariffs": [tariff]}
    read_cdr = reading(v2_3_0.CDR, cdr)
    assert value(v2_3_0.CDR, cdr).tariffs[0].tax_included is v2_3_0.TaxIncluded.NO
    assert [one.path for one in read_cdr.problems] == ["$.tariffs[0].tax_included"]
    old = {**cdr, "total_cost": {"excl_vat": 5.0}, "tariffs": []}
    assert found(v2_3_0.CDR, old) == {"$.total_cost.excl_vat": "error"}


def test_a_tax_needs_its_amount_which_need_not_follow_from_its_percentage() -> None:
    """R230-021, R230-022"""
    tax = {"name": "QST", "percentage": 9.975, "amount": 0.41}
    assert found(v2_3_0.Price, {"before_taxes": 4.0, "taxes": [tax]}) == {}
    del tax["amount"]
    assert found(v2_3_0.Price, {"before_taxes": 4.0, "taxes": [tax]}) == {
        "$.taxes[0].amount": "fatal"
    }


def test_unknown_taxes_and_no_taxes_stay_apart() -> None:
    """R230-023"""
    assert value(v2_3_0.Price, {"before_taxes": 4}).taxes is None
    assert value(v2_3_0.Price, {"before_taxes": 4, "taxes": []}).taxes == []


def test_a_booking_is_priced_by_time_and_once() -> None:
    """RBK-043"""
    parts = [{"type": "FLAT", "price": 1, "step_size": 1}]
    element = {"price_components": parts, "restrictions": {"booking": "BOOKING"}}
    assert errors(v2_3_0.TariffElement, element) == []
    element["price_components"] = [{**parts[0], "type": "ENERGY"}]
    assert errors(v2_3_0.TariffElement, element) == ["$.price_components[0].type"]


def test_roles_of_2_3_0_have_no_hub_but_a_hub_s_party_of_five_characters() -> None:
    """R230-013, R230-015, R230-016, RPAY-002"""
    hub = {**CREDENTIALS, "hub_party_id": "NLHUB"}
    assert found(v2_3_0.Credentials, hub) == {}
    assert errors(v2_3_0.Credentials, {**hub, "hub_party_id": "NLH"}) == ["$.hub_party_id"]
    role = CREDENTIALS["roles"][0]
    assert found(v2_3_0.Credentials, {**hub, "roles": [{**role, "role": "PTP"}]}) == {}
    assert found(v2_3_0.Credentials, {**hub, "roles": [{**role, "role": "HUB"}]}) == {
        "$.roles[0].role": "fatal"
    }
    assert errors(v2_3_0.Credentials, {**hub, "roles": [role, role]}) == ["$.roles[1]"]


def test_rules_of_2_2_1_hold_for_the_same_objects_of_2_3_0() -> None:
    document = {**location_2_3_0(), "time_zone": "Europe/Nowhere"}
    assert errors(v2_3_0.Location, document) == ["$.time_zone"]
    assert breaches(v2_3_0.StartSession, {**START, "connector_id": "1"}) == {"$.evse_uid": False}
    credit = {**CDR, "total_cost": {"before_taxes": 5.0}, "credit": True}
    assert errors(v2_3_0.CDR, credit) == ["$.credit_reference_id"]
