"""Rules of §mod_locations."""

from typing import Any

import pytest
from tests.wire.rules.objects import CONNECTOR, EVSE, LOCATION, breaches, errors, warnings

from voltroam.standard import v2_2_1 as v


def test_publish_allowed_to_needs_publish_false() -> None:
    """LOC-PUB-05"""
    listed = {**LOCATION, "publish_allowed_to": [{"group_id": "G1"}]}
    assert errors(v.Location, listed) == ["$.publish_allowed_to"]
    assert breaches(v.Location, {**listed, "publish": False}) == {}
    assert breaches(v.Location, {**LOCATION, "publish_allowed_to": []}) == {}


@pytest.mark.parametrize(
    ("token", "path"),
    [
        ({"uid": "04A1", "type": "RFID"}, None),
        ({"visual_number": "1-2", "issuer": "MSP"}, None),
        ({"group_id": "G1"}, None),
        ({"type": "RFID"}, "$"),
        ({"issuer": "MSP"}, "$"),
        ({}, "$"),
        ({"uid": "04A1"}, "$.type"),
        ({"visual_number": "1-2"}, "$.issuer"),
        ({"uid": "04A1", "issuer": "MSP"}, "$.type"),
    ],
)
def test_a_publish_token_identifies_a_token(token: dict[str, Any], path: str | None) -> None:
    """LOC-PUB-03/04, LOC-DT-08"""
    assert errors(v.PublishTokenType, token) == ([path] if path else [])


@pytest.mark.parametrize("zone", ["CET+1", "europe/oslo", "Europe/Atlantis", "", "/etc/localtime"])
def test_a_time_zone_is_a_name_of_the_iana_database(zone: str) -> None:
    """LOC-TXT-03"""
    assert errors(v.Location, {**LOCATION, "time_zone": zone}) == ["$.time_zone"]
    assert errors(v.Location, {**LOCATION, "time_zone": "Europe/Oslo"}) == []


def test_parts_of_one_parent_have_ids_of_their_own_without_regard_to_case() -> None:
    """LOC-EVSE-03: the same connector id under two EVSEs is fine."""
    other = {**EVSE, "uid": "e1"}
    assert errors(v.Location, {**LOCATION, "evses": [EVSE, other]}) == ["$.evses[1]"]
    twice = {**EVSE, "connectors": [{**CONNECTOR, "id": "a"}, {**CONNECTOR, "id": "A"}]}
    assert errors(v.EVSE, twice) == ["$.connectors[1]"]
    assert breaches(v.Location, {**LOCATION, "evses": [EVSE, {**EVSE, "uid": "E2"}]}) == {}


REGULAR = [{"weekday": 1, "period_begin": "08:00", "period_end": "20:00"}]


@pytest.mark.parametrize(
    ("hours", "fine"),
    [
        ({"twentyfourseven": True}, True),
        ({"twentyfourseven": True, "regular_hours": []}, True),
        ({"twentyfourseven": False, "regular_hours": REGULAR}, True),
        ({"twentyfourseven": False}, False),
        ({"twentyfourseven": False, "regular_hours": []}, False),
        ({"twentyfourseven": True, "regular_hours": REGULAR}, False),
    ],
)
def test_regular_hours_go_with_twentyfourseven_false_and_only_with_it(
    hours: dict[str, Any], fine: bool
) -> None:
    """LOC-HRS-01"""
    assert errors(v.Hours, hours) == ([] if fine else ["$.regular_hours"])


@pytest.mark.parametrize(
    ("begin", "end", "fine"),
    [("08:00", "20:00", True), ("22:00", "06:00", False), ("08:00", "08:00", False)],
)
def test_regular_hours_end_on_the_day_they_begin(begin: str, end: str, fine: bool) -> None:
    """LOC-HRS-04"""
    hours = {"weekday": 1, "period_begin": begin, "period_end": end}
    assert errors(v.RegularHours, hours) == ([] if fine else ["$.period_end"])


def test_a_closing_that_overlaps_an_opening_is_only_warned_of() -> None:
    opening = {"period_begin": "2024-05-01T10:00:00Z", "period_end": "2024-05-01T12:00:00Z"}
    beside = {"period_begin": "2024-05-01T12:00:00Z", "period_end": "2024-05-01T13:00:00Z"}
    inside = {"period_begin": "2024-05-01T11:00:00Z", "period_end": "2024-05-01T13:00:00Z"}
    hours = {
        "twentyfourseven": False,
        "regular_hours": REGULAR,
        "exceptional_openings": [opening],
        "exceptional_closings": [beside, inside],
    }
    assert breaches(v.Hours, hours) == {"$.exceptional_closings[1]": True}


@pytest.mark.parametrize(
    ("percentage", "fine"), [(0, True), (100, True), (101, False), (-1, False)]
)
def test_a_percentage_is_0_to_100(percentage: int, fine: bool) -> None:
    """LOC-DT-06"""
    source = {"source": "WIND", "percentage": percentage}
    assert errors(v.EnergySource, source) == ([] if fine else ["$.percentage"])


def test_a_mix_that_misses_100_by_rounding_passes_and_one_of_90_is_warned_of() -> None:
    """LOC-DT-09"""

    def mix(*shares: float) -> dict[str, Any]:
        sources = [{"source": "WIND", "percentage": share} for share in shares]
        return {"is_green_energy": True, "energy_sources": sources}

    assert breaches(v.EnergyMix, mix(33.3, 33.3, 33.3)) == {}
    assert breaches(v.EnergyMix, mix(50, 40)) == {"$.energy_sources": True}


@pytest.mark.parametrize(
    "members",
    [
        {"energy_sources": [{"source": "COAL", "percentage": 100}]},
        {"environ_impact": [{"category": "CARBON_DIOXIDE", "amount": 12}]},
    ],
)
def test_green_energy_with_fossil_sources_or_waste_is_warned_of(members: dict[str, Any]) -> None:
    assert warnings(v.EnergyMix, {"is_green_energy": True, **members}) == ["$.is_green_energy"]
    assert breaches(v.EnergyMix, {"is_green_energy": False, **members}) == {}


@pytest.mark.parametrize(
    ("latitude", "longitude", "paths"),
    [
        ("52.37310", "4.89260", []),
        ("90.00000", "-180.00000", []),
        ("91.00000", "4.89260", ["$.latitude"]),
        ("-9.00000", "180.00001", ["$.longitude"]),
        ("#NA", "#NA", ["$"]),
    ],
)
def test_coordinates_off_the_globe_are_warned_of(
    latitude: str, longitude: str, paths: list[str]
) -> None:
    point = {"latitude": latitude, "longitude": longitude}
    assert warnings(v.GeoLocation, point) == paths
    assert errors(v.GeoLocation, point) == []
