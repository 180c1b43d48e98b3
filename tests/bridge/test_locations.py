"""Locations between versions, by the field tables (2.1.1, 2.2.1, 2.3.0 §mod_locations)."""

from dataclasses import replace
from typing import Any

import pytest
from tests.bridge.crossing import PLAIN, cross
from tests.bridge.samples import (
    CONNECTOR_221,
    EVSE_211,
    EVSE_221,
    LOCATION_211,
    LOCATION_221,
    LOCATION_230,
    MOMENT,
)

from voltroam.bridge.notes import Severity
from voltroam.bridge.terms import Relaxation, Terms
from voltroam.bridge.v2_1_1.zones import COUNTRIES, three_letters, zone_of_country


def relaxed(*names: Relaxation, **terms: Any) -> Terms:
    return replace(PLAIN, relaxations=frozenset(names), **terms)


def test_a_location_of_2_1_1_gets_owner_publish_and_the_new_names() -> None:
    """R211-051, R211-052"""
    found = cross("Location", LOCATION_211, "2.1.1", "2.2.1")
    assert found.value == LOCATION_221
    assert found.notes["publish-put-in"] == "inferred"
    assert found.notes["type-renamed"] == "lossless"


def test_a_location_goes_down_to_2_1_1_as_it_came() -> None:
    """R211-051, R211-052"""
    found = cross("Location", LOCATION_221, "2.2.1", "2.1.1")
    assert found.value == LOCATION_211
    assert found.severities == {Severity.LOSSLESS}


def test_parking_and_help_phone_stay_behind_or_are_sent_as_unknown_members() -> None:
    found = cross("Location", LOCATION_230, "2.3.0", "2.2.1")
    assert found.value == LOCATION_221
    assert found.places["member-dropped"] == [
        "/help_phone",
        "/parking_places",
        "/evses/0/parking",
    ]
    assert found.severities == {Severity.KEPT}
    kept = cross("Location", LOCATION_230, "2.3.0", "2.2.1", relaxed(Relaxation.UNKNOWN_FIELDS))
    assert kept.value == LOCATION_230


def test_an_unpublished_location_never_reaches_2_1_1() -> None:
    """R211-054"""
    hidden = {**LOCATION_221, "publish": False}
    found = cross("Location", hidden, "2.2.1", "2.1.1", relaxed(*Relaxation))
    assert found.value is None
    assert found.notes == {"not-published": "refused"}


@pytest.mark.parametrize(("word", "code"), [("OTHER", "location-type-other"),
                                            ("UNKNOWN", "location-type-unknown")])  # fmt: skip
def test_the_types_that_say_nothing_are_left_out_and_come_back(word: str, code: str) -> None:
    """R211-047"""
    given = {**LOCATION_211, "type": word}
    up = cross("Location", given, "2.1.1", "2.2.1")
    assert "type" not in up.value
    assert "parking_type" not in up.value
    assert code in up.notes
    down = cross("Location", up.value, "2.2.1", "2.1.1", replace(PLAIN, memory=given))
    assert down.value == given
    assert cross("Location", up.value, "2.2.1", "2.1.1").value["type"] == "UNKNOWN"


def test_a_kind_of_place_without_a_word_is_other_in_2_1_1_and_unset_in_2_2_1() -> None:
    motorway = cross("Location", {**LOCATION_221, "parking_type": "ALONG_MOTORWAY"},
                     "2.2.1", "2.1.1")  # fmt: skip
    assert motorway.value["type"] == "OTHER"
    rooftop = cross("Location", {**LOCATION_221, "parking_type": "ROOFTOP"}, "2.3.0", "2.2.1")
    assert "parking_type" not in rooftop.value
    assert rooftop.places["parking-type-unset"] == ["/parking_type"]


def test_a_time_zone_is_found_by_coordinates_then_the_profile_then_the_country() -> None:
    """R211-048"""
    given = {name: value for name, value in LOCATION_211.items() if name != "time_zone"}
    mapped = replace(PLAIN, zone_at=lambda _lat, _lon: "Europe/Paris", time_zone="Europe/Rome")
    assert cross("Location", given, "2.1.1", "2.2.1", mapped).value["time_zone"] == "Europe/Paris"
    default = cross("Location", given, "2.1.1", "2.2.1", replace(PLAIN, time_zone="Europe/Rome"))
    assert default.value["time_zone"] == "Europe/Rome"
    country = cross("Location", given, "2.1.1", "2.2.1")
    assert country.value["time_zone"] == "Europe/Brussels"
    assert country.notes["zone-by-country"] == "inferred"
    wide = cross("Location", {**given, "country": "USA"}, "2.1.1", "2.2.1")
    assert wide.value["time_zone"] == "UTC"
    assert wide.notes["zone-unknown"] == "unsafe"


def test_countries_that_a_partner_makes_up_are_not_remembered_for_ever() -> None:
    for number in range(COUNTRIES + 50):
        assert zone_of_country(f"made up {number}") is None
        assert three_letters(f"{chr(0x4E00 + number)}?") is None
    assert zone_of_country.cache_info().currsize <= COUNTRIES
    assert three_letters.cache_info().currsize <= COUNTRIES
    assert (zone_of_country("BEL"), three_letters("be")) == ("Europe/Brussels", "BEL")


def test_a_postal_code_is_never_made_up() -> None:
    """R211-048"""
    given = {name: value for name, value in LOCATION_221.items() if name != "postal_code"}
    refused = cross("Location", given, "2.2.1", "2.1.1")
    assert refused.value is None
    assert refused.notes == {"postal-code-missing": "refused"}
    filled = cross("Location", given, "2.2.1", "2.1.1", replace(PLAIN, postal_code="-"))
    assert filled.value["postal_code"] == "-"
    assert filled.notes["postal-code-put-in"] == "inferred"


def test_a_long_address_is_cut_and_the_state_lost_unless_the_city_takes_it() -> None:
    given = {**LOCATION_221, "address": "A" * 46, "state": "Flanders"}
    found = cross("Location", given, "2.2.1", "2.1.1")
    assert found.value["address"] == "A" * 45
    assert "state" not in found.value
    assert {"address-cut", "state-dropped"} <= set(found.notes)
    taken = cross("Location", given, "2.2.1", "2.1.1", relaxed(Relaxation.STATE_IN_CITY))
    assert taken.value["city"] == "Gent, Flanders"


@pytest.mark.parametrize(
    ("given", "written", "code"),
    [
        ("51.0475991", "51.047599", "decimals-cut"),
        ("51.04759", "51.047590", "decimals-added"),
        ("51.047599", "51.047599", None),
        ("somewhere", "somewhere", None),
    ],
)
def test_coordinates_have_six_decimals_in_2_1_1(given: str, written: str, code: str | None) -> None:
    """R211-053"""
    place = {"latitude": given, "longitude": "3.729944"}
    found = cross("Location", {**LOCATION_221, "coordinates": place}, "2.2.1", "2.1.1")
    assert found.value["coordinates"]["latitude"] == written
    assert found.places.get(code or "", []) == (["/coordinates/latitude"] if code else [])


def test_hours_without_the_flag_are_always_or_regular() -> None:
    regular = {"regular_hours": [{"weekday": 1, "period_begin": "08:00", "period_end": "20:00"}]}
    up = cross("Location", {**LOCATION_211, "opening_times": regular}, "2.1.1", "2.2.1")
    assert up.value["opening_times"]["twentyfourseven"] is False
    down = cross("Location", up.value, "2.2.1", "2.1.1")
    assert down.value["opening_times"] == regular
    always = cross("Location", {**LOCATION_211, "opening_times": {}}, "2.1.1", "2.2.1")
    assert always.value["opening_times"] == {"twentyfourseven": True}


def test_two_letters_of_a_country_become_three() -> None:
    """R211-071"""
    found = cross("Location", {**LOCATION_211, "country": "BE"}, "2.1.1", "2.2.1")
    assert found.value["country"] == "BEL"
    odd = cross("Location", {**LOCATION_211, "country": "QQ"}, "2.1.1", "2.2.1")
    assert odd.value["country"] == "QQ"
    assert odd.notes["country-unknown"] == "unsafe"


def evse_with(**connector: Any) -> dict[str, Any]:
    return {**EVSE_221, "connectors": [{**CONNECTOR_221, **connector}]}


def test_a_plug_without_a_word_takes_its_connector_and_an_empty_evse_with_it() -> None:
    """R230-048, R230-047"""
    mcs = {**CONNECTOR_221, "id": "2", "standard": "MCS"}
    both = {**EVSE_221, "connectors": [CONNECTOR_221, mcs]}
    alone = {**EVSE_221, "uid": "E2", "connectors": [mcs]}
    found = cross("Location", {**LOCATION_221, "evses": [both, alone]}, "2.3.0", "2.2.1")
    assert found.value["evses"] == [EVSE_221]
    assert found.places["connector-type-unknown"] == [
        "/evses/0/connectors/1/standard",
        "/evses/1/connectors/0/standard",
    ]
    assert found.places["evse-without-connector"] == ["/evses/1"]
    assert cross("EVSE", alone, "2.3.0", "2.2.1").value is None
    assert cross("Connector", mcs, "2.3.0", "2.2.1").value is None
    assert cross("Connector", mcs, "2.2.1", "2.3.0").value == mcs


def test_j3400_is_no_tesla_s_unless_the_profile_says_so() -> None:
    """R230-049"""
    plug = {**CONNECTOR_221, "standard": "SAE_J3400"}
    assert cross("Connector", plug, "2.3.0", "2.2.1").value is None
    terms = relaxed(Relaxation.J3400_AS_TESLA_S)
    allowed = cross("Connector", plug, "2.3.0", "2.2.1", terms)
    assert allowed.value["standard"] == "TESLA_S"
    assert allowed.notes == {"j3400-as-tesla-s": "unsafe"}


def test_an_evse_for_some_people_only_is_hidden_where_there_is_no_word_for_them() -> None:
    """R230-045"""
    given = {**EVSE_221, "parking_restrictions": ["EV_ONLY", "EMPLOYEES"]}
    hidden = cross("EVSE", given, "2.3.0", "2.2.1")
    assert hidden.value is None
    assert hidden.notes == {"evse-restricted": "refused"}
    terms = relaxed(Relaxation.PARKING_RESTRICTIONS_DROPPED)
    shown = cross("EVSE", given, "2.3.0", "2.2.1", terms)
    assert shown.value["parking_restrictions"] == ["EV_ONLY"]
    assert shown.notes == {"parking-restriction-dropped": "unsafe"}


def test_two_phases_have_no_word_in_2_1_1() -> None:
    given = evse_with(power_type="AC_2_PHASE")
    assert cross("EVSE", given, "2.2.1", "2.1.1").value is None
    shown = cross("EVSE", given, "2.2.1", "2.1.1", relaxed(Relaxation.TWO_PHASES_AS_ONE))
    assert shown.value["connectors"][0]["power_type"] == "AC_1_PHASE"
    assert shown.notes["two-phases-as-one"] == "unsafe"


@pytest.mark.parametrize(("watts", "severity"), [(11_040, "kept"), (7_400, "unsafe")])
def test_less_power_than_volts_and_amperes_make_is_told(watts: int, severity: str) -> None:
    found = cross("Connector", {**CONNECTOR_221, "max_electric_power": watts}, "2.2.1", "2.1.1")
    assert "max_electric_power" not in found.value
    code = "power-dropped" if severity == "kept" else "power-limit-lost"
    assert found.notes[code] == severity


def test_a_connector_of_2_1_1_tells_one_tariff_or_none() -> None:
    """R211-051"""
    several = {**CONNECTOR_221, "tariff_ids": ["AD-HOC", "DAY"]}
    blind = cross("Connector", several, "2.2.1", "2.1.1")
    assert "tariff_id" not in blind.value
    assert "tariff_ids" not in blind.value
    assert blind.notes["tariffs-left-out"] == "unsafe"
    tariffs = {"AD-HOC": {"type": "AD_HOC_PAYMENT"}, "DAY": {"type": "REGULAR"}}
    seeing = cross("Connector", several, "2.2.1", "2.1.1", replace(PLAIN, tariff_of=tariffs.get))
    assert seeing.value["tariff_id"] == "DAY"
    only = {**CONNECTOR_221, "tariff_ids": ["AD-HOC"]}
    none = cross("Connector", only, "2.2.1", "2.1.1", replace(PLAIN, tariff_of=tariffs.get))
    assert "tariff_id" not in none.value


def test_a_start_that_needs_a_connector_is_not_offered_to_2_1_1() -> None:
    words = ["REMOTE_START_STOP_CAPABLE", "START_SESSION_CONNECTOR_REQUIRED", "RFID_READER"]
    found = cross("EVSE", {**EVSE_221, "capabilities": words}, "2.2.1", "2.1.1")
    assert found.value["capabilities"] == ["RFID_READER"]
    assert {"remote-start-dropped", "capability-dropped"} <= set(found.notes)


def test_inoperative_stays_although_it_may_mean_deleted() -> None:
    assert (
        cross("EVSE", {**EVSE_211, "status": "INOPERATIVE"}, "2.1.1", "2.2.1").value["status"]
        == "INOPERATIVE"
    )


def test_new_words_in_lists_go_and_known_ones_stay() -> None:
    given = {
        **LOCATION_221,
        "facilities": ["HOTEL", "SAUNA"],
        "images": [{"url": "https://a.example/1", "category": "MAP", "type": "png"}],
        "operator": {
            "name": "Noda",
            "logo": {"url": "https://a.example/2", "category": "MAP", "type": "png"},
        },
        "energy_mix": {
            "is_green_energy": True,
            "environ_impact": [{"category": "METHANE", "amount": 1}],
        },
        "publish_allowed_to": [{"type": "EMAID", "group_id": "G"}, {"group_id": "H"}],
    }
    found = cross("Location", given, "2.3.0", "2.2.1")
    assert found.value["facilities"] == ["HOTEL"]
    assert found.value["images"][0]["category"] == "OTHER"
    assert found.value["operator"]["logo"]["category"] == "OTHER"
    assert found.value["energy_mix"]["environ_impact"] == []
    assert found.value["publish_allowed_to"] == [{"group_id": "H"}]
    assert found.severities == {Severity.KEPT}
    passed = cross("Location", given, "2.3.0", "2.2.1", relaxed(Relaxation.UNKNOWN_WORDS))
    assert passed.value == given
    lower = cross("Location", {**LOCATION_221, "facilities": ["TRAM_STOP"]}, "2.2.1", "2.1.1")
    assert lower.value["facilities"] == []


def test_times_without_zone_are_utc_and_fractions_are_cut_but_not_of_last_updated() -> None:
    """R211-097"""
    schedule = [{"period_begin": "2026-06-01T18:00:00", "status": "RESERVED"}]
    given = {**EVSE_211, "status_schedule": schedule, "last_updated": "2026-06-01T18:00:00+00:00"}
    up = cross("EVSE", given, "2.1.1", "2.2.1")
    assert up.value["status_schedule"][0]["period_begin"] == MOMENT
    assert up.value["last_updated"] == MOMENT
    assert up.notes["time-without-zone"] == "inferred"
    odd = {**EVSE_211, "last_updated": "2026-06-01T20:00:00+02:00"}
    assert cross("EVSE", odd, "2.1.1", "2.2.1").notes["time-with-offset"] == "unsafe"
    fine = {
        **EVSE_221,
        "status_schedule": [{"period_begin": "2026-06-01T18:00:00.250Z", "status": "RESERVED"}],
        "last_updated": "2026-06-01T18:00:00.250Z",
    }
    down = cross("EVSE", fine, "2.2.1", "2.1.1")
    assert down.value["status_schedule"][0]["period_begin"] == MOMENT
    assert down.value["last_updated"] == "2026-06-01T18:00:00.250Z"


def test_pointers_lead_into_what_was_given_even_after_two_steps() -> None:
    mcs = {**CONNECTOR_221, "id": "2", "standard": "MCS"}
    two = {**CONNECTOR_221, "id": "3", "power_type": "AC_2_PHASE"}
    last = {**EVSE_221, "uid": "E2", "connectors": [mcs, mcs, two, CONNECTOR_221]}
    gone = {**EVSE_221, "uid": "E1", "connectors": [mcs]}
    found = cross("Location", {**LOCATION_221, "evses": [gone, last]}, "2.3.0", "2.1.1")
    assert found.places["power-type-unknown"] == ["/evses/1/connectors/2/power_type"]
    assert found.places["tariff-id-out-of-list"] == ["/evses/1/connectors/3/tariff_ids"]


def test_a_pointer_escapes_odd_names() -> None:
    given = {**EVSE_221, "a/b~c": {"at": "2026-06-01T18:00:00.250Z"}}
    found = cross("EVSE", given, "2.2.1", "2.1.1")
    assert found.places["fraction-cut"] == ["/a~1b~0c/at"]


def test_texts_are_ascii_where_the_partner_asks() -> None:
    given = {**LOCATION_221, "city": "Zürich", "name": "東京"}
    assert cross("Location", given, "2.2.1", "2.1.1").value["city"] == "Zürich"
    found = cross("Location", given, "2.2.1", "2.1.1", relaxed(Relaxation.ASCII_STRINGS))
    assert (found.value["city"], found.value["name"]) == ("Zurich", "??")


@pytest.mark.parametrize("kind", ["Location", "EVSE", "Connector", "Tariff", "CDR", "Session"])
def test_dirty_documents_pass_as_they_are(kind: str) -> None:
    """What cannot be read stays; nothing is thrown."""
    dirty: dict[str, Any] = {
        "id": 7, "evses": "none", "connectors": [1, None], "elements": [{}, "x"],
        "coordinates": [], "opening_times": "always", "energy_mix": 3, "total_cost": "much",
        "charging_periods": [{"dimensions": 4}], "tariff_ids": {}, "cdr_token": "t",
        "location": 5, "cdr_location": None, "tariffs": {"a": 1}, "parking_restrictions": 2,
        "postal_code": "1", "max_voltage": "x", "max_electric_power": "y", "images": [[]],
    }  # fmt: skip
    for source in ("2.1.1", "2.2.1", "2.3.0"):
        for target in ("2.1.1", "2.2.1", "2.3.0"):
            cross(kind, dirty, source, target)


def test_the_owner_is_told_by_who_sent_it_or_by_an_evse_id() -> None:
    told = cross("Location", LOCATION_211, "2.1.1", "2.2.1", Terms())
    assert (told.value["country_code"], told.value["party_id"]) == ("NL", "AAA")
    assert told.notes["owner-by-evse-id"] == "inferred"
    bare = {**LOCATION_211, "evses": []}
    nobody = cross("Location", bare, "2.1.1", "2.2.1", Terms())
    assert "country_code" not in nobody.value
    assert nobody.notes["owner-unknown"] == "unsafe"
