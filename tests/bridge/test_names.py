"""Ids that do not fit the other version: nothing is cut, and the way back gives the same."""

from dataclasses import replace
from typing import Any

from tests.bridge.crossing import PLAIN, cross
from tests.bridge.samples import (
    CDR_211,
    EVSE_211,
    LOCATION_211,
    REFERENCES_211,
    SESSION_211,
    START_211,
)

from voltroam.bridge.crossing import Crossing
from voltroam.bridge.named import id_within
from voltroam.bridge.terms import NamesInMemory, Terms

LONG, OTHER_LONG = "X" * 39, "X" * 38 + "Y"


def terms(**more: Any) -> Terms:
    return replace(PLAIN, names=NamesInMemory(), **more)


def test_an_id_of_39_gets_a_name_of_36_and_comes_back() -> None:
    """R211-049"""
    given = {**LOCATION_211, "id": LONG, "evses": [{**EVSE_211, "uid": OTHER_LONG}]}
    shared = terms()
    up = cross("Location", given, "2.1.1", "2.2.1", shared)
    short, uid = up.value["id"], up.value["evses"][0]["uid"]
    assert (len(short), len(uid)) == (36, 36)
    assert short != uid
    assert up.notes["id-too-long"] == "unsafe"
    down = cross("Location", up.value, "2.2.1", "2.1.1", shared)
    assert down.value == given
    assert down.places["id-restored"] == ["/id", "/evses/0/uid"]
    again = cross("Location", given, "2.1.1", "2.2.1", shared)
    assert again.value == up.value
    assert "id-by-table" in again.notes


def test_the_name_is_the_same_in_every_object_and_every_process() -> None:
    """R211-049"""
    place = {**LOCATION_211, "id": LONG, "evses": [{**EVSE_211, "uid": OTHER_LONG}]}
    up = cross("Location", place, "2.1.1", "2.2.1", terms()).value
    short, uid = up["id"], up["evses"][0]["uid"]
    session = cross("Session", {**SESSION_211, "location": place}, "2.1.1", "2.2.1", terms()).value
    assert (session["location_id"], session["evse_uid"]) == (short, uid)
    cdr = cross("CDR", {**CDR_211, "location": place}, "2.1.1", "2.2.1", terms()).value
    assert (cdr["cdr_location"]["id"], cdr["cdr_location"]["evse_uid"]) == (short, uid)
    asked = {**REFERENCES_211, "location_id": LONG, "evse_uids": [OTHER_LONG]}
    references = cross("LocationReferences", asked, "2.1.1", "2.2.1", terms()).value
    assert references == {"location_id": short, "evse_uids": [uid]}
    start = {**START_211, "location_id": LONG, "evse_uid": OTHER_LONG}
    command = cross("StartSession", start, "2.1.1", "2.2.1", terms()).value
    assert (command["location_id"], command["evse_uid"]) == (short, uid)


def test_ids_that_begin_alike_get_different_names() -> None:
    shared = terms()
    one = cross("EVSE", {**EVSE_211, "uid": LONG}, "2.1.1", "2.2.1", shared).value["uid"]
    other = cross("EVSE", {**EVSE_211, "uid": OTHER_LONG}, "2.1.1", "2.2.1", shared).value["uid"]
    assert one != other


def test_evses_of_one_location_that_differ_by_case_are_two_in_the_house() -> None:
    """R211-050; the way back gives what was said first, whatever order they come in."""
    shared = terms()
    evses = [{**EVSE_211, "uid": name} for name in ("E1", "e1")]
    place = {**LOCATION_211, "evses": evses}
    up = cross("Location", place, "2.1.1", "2.2.1", shared)
    assert len({one["uid"].upper() for one in up.value["evses"]}) == 2
    assert up.notes["id-twin"] == "unsafe"
    back = cross("Location", up.value, "2.2.1", "2.1.1", shared)
    assert [one["uid"] for one in back.value["evses"]] == ["E1", "e1"]
    again = cross("Location", {**place, "evses": evses[::-1]}, "2.1.1", "2.2.1", shared)
    assert again.value["evses"] == up.value["evses"][::-1]


def test_twins_by_case_are_both_kept_and_told() -> None:
    """R211-050"""
    held = {"LOC1": "LOC1"}
    shared = terms(spelling_of=lambda table, name: held.get(name.upper()))
    first = cross("Location", {**LOCATION_211, "id": "LOC1"}, "2.1.1", "2.2.1", shared)
    assert first.value["id"] == "LOC1"
    twin = cross("Location", {**LOCATION_211, "id": "loc1"}, "2.1.1", "2.2.1", shared)
    assert twin.value["id"].upper() != "LOC1"
    assert twin.notes["id-twin"] == "unsafe"
    back = cross("Location", twin.value, "2.2.1", "2.1.1", shared)
    assert back.value["id"] == "loc1"
    assert cross("Location", first.value, "2.2.1", "2.1.1", shared).value["id"] == "LOC1"


def test_a_name_of_ours_that_fits_stays_what_it_is() -> None:
    crossing = Crossing(terms())
    assert id_within("CDR", "C" * 36, "", crossing) == "C" * 36
    assert crossing.notes == []
