"""Profiles: what laws, access points and editions ask for beyond the standard."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.bridge.crossing import PLAIN, cross
from tests.bridge.samples import CDR_230, EVSE_221, LOCATION_221, LOCATION_230

from voltroam.bridge.demands import profile_names, read_profile, shortfalls

FEED = Path(__file__).parents[2].parent / "shared" / "data" / "real-feed-60.json"


def missing(profile: str, document: dict[str, Any], version: str, kind: str = "Location") -> Any:
    found = shortfalls(read_profile(profile), kind, document, version)
    return {(one.rule, one.pointer, one.severity) for one in found}


def test_the_profiles_of_the_package_are_read() -> None:
    assert profile_names() == ["2.3.0-ed1", "afir", "ndw"]
    for name in profile_names():
        for rule in read_profile(name).rule:
            assert rule.hint.endswith(".")
            assert rule.section


def test_ndw_asks_for_five_members_and_2_2_1() -> None:
    assert missing("ndw", LOCATION_221, "2.2.1") == {
        ("NDW-3", "/evses/0/parking_restrictions", "error"),
        ("NDW-4", "/evses/0/connectors/0/max_electric_power", "error"),
    }
    bare = {**LOCATION_221, "energy_mix": None, "evses": [{**EVSE_221, "status": "REMOVED"}]}
    del bare["opening_times"]
    assert {one[0] for one in missing("ndw", bare, "2.2.1")} == {"NDW-1", "NDW-2"}
    assert missing("ndw", LOCATION_221, "2.3.0") == {("VERSION", "", "error")}


def test_afir_asks_by_version_for_what_the_version_can_say() -> None:
    rules = {one[0] for one in missing("afir", LOCATION_221, "2.2.1")}
    assert rules == {"AFIR-A3", "AFIR-A4", "AFIR-A4-OWNER", "AFIR-B5"}
    newer = {one[0] for one in missing("afir", LOCATION_230, "2.3.0")}
    assert newer == {"AFIR-A4", "AFIR-A4-OWNER", "AFIR-B5"}
    assert {one[0] for one in missing("afir", LOCATION_221, "2.3.0")} >= {
        "AFIR-A3", "AFIR-A4-PHONE", "AFIR-B6",
    }  # fmt: skip
    unknown = {**LOCATION_221, "evses": [{**EVSE_221, "status": "UNKNOWN"}]}
    assert ("AFIR-C2", "/evses/0/status", "warning") in missing("afir", unknown, "2.2.1")


def test_the_first_edition_has_shorter_texts() -> None:
    """R230-055"""
    long = {**LOCATION_230, "address": "A" * 46, "state": "S" * 21}
    assert {one[0] for one in missing("2.3.0-ed1", long, "2.3.0")} == {"ED1-1", "ED1-2"}
    values = {"signed_data": {"signed_values": [{"plain_data": "x" * 513}]}}
    assert missing("2.3.0-ed1", values, "2.3.0", "CDR") == {
        ("ED1-3", "/signed_data/signed_values/0/plain_data", "error")
    }
    assert missing("2.3.0-ed1", {}, "2.3.0", "InvoiceReconciliationRecord") == {
        ("ED1-4", "", "error")
    }


def test_what_goes_to_a_partner_of_the_first_edition_fits_it() -> None:
    """R230-033, R230-035, R230-055"""
    first = replace(PLAIN, max_edition=1)
    long = {**LOCATION_230, "address": "A" * 46, "state": "S" * 21}
    found = cross("Location", long, "2.3.0", "2.3.0", first)
    assert (found.value["address"], found.value["state"]) == ("A" * 45, "S" * 20)
    assert found.places == {"edition-cut": ["/address", "/state"]}
    signed = {"signed_values": [{"plain_data": "x" * 513}]}
    cdr = cross("CDR", {**CDR_230, "signed_data": signed}, "2.3.0", "2.3.0", first)
    assert "signed_data" not in cdr.value
    assert cdr.notes == {"signed-data-dropped": "unsafe"}
    short = {"signed_values": [{"plain_data": "x" * 512}]}
    kept = cross("CDR", {**CDR_230, "signed_data": short}, "2.3.0", "2.3.0", first)
    assert kept.value["signed_data"] == short
    assert cross("Location", long, "2.3.0", "2.3.0").value == long


def test_a_profile_of_ones_own_is_a_file(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        'title = "Own"\nversions = ["2.2.1"]\n[[rule]]\nid = "OWN-1"\nkind = "Location"\n'
        'at = "name"\nneeds = "present"\nsection = "own"\ntext = "a name"\nhint = "Give one."\n'
    )
    profile = read_profile(str(own))
    assert [one.rule for one in shortfalls(profile, "Location", {}, "2.2.1")] == ["OWN-1"]
    own.write_text('title = "Own"\n')
    with pytest.raises(ValueError, match="versions"):
        read_profile(str(own))
    own.write_text("title = ")
    with pytest.raises(ValueError, match="profile"):
        read_profile(str(own))
    with pytest.raises(ValueError, match=r"there are 2\.3\.0-ed1, afir, ndw"):
        read_profile("mars")


@pytest.mark.skipif(not FEED.exists(), reason=f"{FEED} is not here")
def test_a_real_feed_is_read_by_every_profile() -> None:
    content = json.loads(FEED.read_text("utf-8"))
    locations = content["items"]
    assert len(locations) >= 60
    for location in locations:
        for one in shortfalls(read_profile("ndw"), "Location", location, "2.2.1"):
            assert one.rule.startswith("NDW-")
