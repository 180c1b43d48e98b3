"""EVSEs and connectors inside their location (OCPI 2.2.1 §mod_locations)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wire.documents import AT, connector, dump, evse, location

from voltroam.standard.endpoints import CONNECTOR_PART, EVSE_PART
from voltroam.standard.errors import CallerError, NotFound, OcpiError
from voltroam.wire.parts import get_part, last_updated_of, patch_part, put_part
from voltroam.wire.times import format_datetime

PARTS = (EVSE_PART, CONNECTOR_PART)
T0 = datetime(2020, 1, 1, 10, tzinfo=UTC)
LATER = datetime(2021, 1, 1, tzinfo=UTC)
LATER_TEXT = "2021-01-01T00:00:00Z"
EARLIER = datetime(2019, 1, 1, tzinfo=UTC)
LOCATION = dump(location())


def patch(ids: list[str], **members: object) -> dict[str, Any]:
    body = {"last_updated": LATER_TEXT, **members}
    changed: dict[str, Any] = json.loads(patch_part(LOCATION, PARTS, ids, dump(body), LATER))
    return changed


def test_a_part_is_found_without_regard_to_case_and_keeps_its_bytes() -> None:
    """GEN-OWN-05"""
    assert get_part(LOCATION, PARTS, ["evse-0001"]) == dump(evse(1))
    assert get_part(LOCATION, PARTS, ["EVSE-0001", "2"]) == dump(connector(2))
    assert get_part(LOCATION, PARTS, []) == LOCATION
    spaced = b'{"evses": [ { "uid" : "E\\u0031", "x": 1.50 } ]}'
    assert get_part(spaced, PARTS, ["e1"]) == b'{ "uid" : "E\\u0031", "x": 1.50 }'


def test_the_exact_spelling_wins_where_two_differ_by_case() -> None:
    document = b'{"evses":[{"uid":"a","n":1},{"uid":"A","n":2}]}'
    assert get_part(document, PARTS, ["A"]) == b'{"uid":"A","n":2}'
    assert get_part(document, PARTS, ["a"]) == b'{"uid":"a","n":1}'


@pytest.mark.parametrize("ids", [["X"], ["EVSE-0001", "9"], ["X", "1"]])
def test_an_absent_part_is_none_and_cannot_be_patched(ids: list[str]) -> None:
    """CORE-MUT-09, GEN-PATCH-04"""
    assert get_part(LOCATION, PARTS, ids) is None
    with pytest.raises(NotFound):
        patch(ids)


@pytest.mark.parametrize("document", [b"{}", b'{"evses":null}', b'{"evses":[]}', b'{"evses":[1]}'])
def test_a_location_without_evses_has_no_part(document: bytes) -> None:
    assert get_part(document, PARTS, ["E"]) is None


def test_patching_an_evse_raises_the_location_and_leaves_its_connectors_alone() -> None:
    """LOC-PATCH-01, LOC-PATCH-04"""
    changed = patch(["EVSE-0001"], status="CHARGING")
    expected = location()
    expected["evses"][1] |= {"status": "CHARGING", "last_updated": LATER_TEXT}
    expected["last_updated"] = LATER_TEXT
    assert changed == expected
    assert changed["evses"][1]["connectors"][0]["last_updated"] == AT


def test_patching_a_connector_raises_evse_and_location() -> None:
    """LOC-PATCH-01, LOC-PATCH-03, LOC-PATCH-06"""
    changed = patch(["EVSE-0000", "2"], tariff_ids=["15"])
    expected = location()
    expected["evses"][0]["connectors"][1] |= {"tariff_ids": ["15"], "last_updated": LATER_TEXT}
    expected["evses"][0]["last_updated"] = expected["last_updated"] = LATER_TEXT
    assert changed == expected


def test_a_later_time_above_is_never_lowered() -> None:
    """LOC-PATCH-08"""
    body = dump({"status": "BLOCKED", "last_updated": "2019-01-01T00:00:00Z"})
    changed = json.loads(patch_part(LOCATION, PARTS, ["EVSE-0000"], body, EARLIER))
    assert changed["last_updated"] == AT
    assert changed["evses"][0]["last_updated"] == "2019-01-01T00:00:00Z"


def test_a_new_part_is_appended_and_a_held_one_replaced_in_place() -> None:
    added = json.loads(put_part(LOCATION, PARTS, ["NEW"], dump({"uid": "NEW"}), LATER))
    assert [one["uid"] for one in added["evses"]] == ["EVSE-0000", "EVSE-0001", "NEW"]
    assert added["last_updated"] == LATER_TEXT
    replaced = json.loads(put_part(LOCATION, PARTS, ["evse-0000"], dump({"uid": "N"}), LATER))
    assert [one["uid"] for one in replaced["evses"]] == ["N", "EVSE-0001"]
    deep = json.loads(put_part(LOCATION, PARTS, ["EVSE-0000", "3"], dump({"id": "3"}), LATER))
    assert [one["id"] for one in deep["evses"][0]["connectors"]] == ["1", "2", "3"]


@pytest.mark.parametrize("held", [b"{}", b'{"evses":null}', b'{"evses":[]}'])
def test_a_location_without_evses_gains_one(held: bytes) -> None:
    changed = json.loads(put_part(held, PARTS, ["E"], b'{"uid":"E"}', T0))
    assert changed == {"evses": [{"uid": "E"}], "last_updated": AT}


def test_a_connector_of_an_unknown_evse_cannot_be_put() -> None:
    with pytest.raises(NotFound):
        put_part(LOCATION, PARTS, ["X", "1"], b"{}", LATER)


def test_untouched_members_keep_their_bytes() -> None:
    """CORE-TYPE-11"""
    document = (
        b'{"x": { "a":1.50 },"evses":[{"uid":"A","n": 1e2},{"uid":"B","s":"\\/"}],'
        b'"last_updated":"2020-01-01T10:00:00"}'
    )
    assert patch_part(document, PARTS, ["b"], b'{"t": 2.0}', T0) == (
        b'{"x":{ "a":1.50 },"evses":[{"uid":"A","n": 1e2},{"uid":"B","s":"\\/","t":2.0}],'
        b'"last_updated":"2020-01-01T10:00:00"}'
    )


def test_a_document_has_one_time_or_none_usable() -> None:
    assert last_updated_of(LOCATION) == T0
    for document in (b"{}", b'{"last_updated":1}', b'{"last_updated":"x"}', b"[]", b"", b"{"):
        with pytest.raises(CallerError):
            last_updated_of(document)


def naive(document: Any, ids: list[str], new: dict[str, Any], time: datetime, *, put: bool) -> Any:
    """Decode, change, encode: what the splicing must equal as JSON."""
    member, key = (("evses", "uid"), ("connectors", "id"))[0 if "evses" in document else 1]
    items = document.setdefault(member, [])
    place = next((n for n, item in enumerate(items) if item[key].upper() == ids[0].upper()), None)
    if len(ids) > 1:
        assert place is not None
        naive(items[place], ids[1:], new, time, put=put)
    elif place is None:
        items.append(new)
    else:
        items[place] = new if put else {**items[place], **new}
    if datetime.fromisoformat(document["last_updated"]) < time:
        document["last_updated"] = format_datetime(time)
    return document


@settings(derandomize=True, max_examples=200)
@given(
    st.lists(st.sampled_from(["EVSE-0000", "evse-0002"]), min_size=1, max_size=1),
    st.sampled_from([[], ["1"], ["2"]]),
    st.booleans(),
    st.dictionaries(st.sampled_from(["status", "x", "ü"]), st.integers() | st.text(), max_size=3),
    st.integers(-5, 5),
)
def test_splicing_gives_what_decode_modify_encode_gives(
    one: list[str], two: list[str], put: bool, members: dict[str, Any], minutes: int
) -> None:
    """LOC-PATCH-01, LOC-PATCH-03, LOC-PATCH-04"""
    ids, time = [*one, *two], T0 + timedelta(minutes=minutes)
    new = {("id" if two else "uid"): ids[-1], "last_updated": format_datetime(time), **members}
    document = dump(location(3))
    change = put_part if put else patch_part
    changed = change(document, PARTS, ids, dump(new), time)
    assert json.loads(changed) == naive(location(3), ids, new, time, put=put)
    part = get_part(changed, PARTS, ids)
    assert part is not None
    assert json.loads(part).items() >= new.items()
    assert change(changed, PARTS, ids, dump(new), time) == changed


@settings(derandomize=True, max_examples=200)
@given(st.binary(max_size=20))
def test_only_faults_come_of_any_document(junk: bytes) -> None:
    for document in (junk, b'{"evses":' + junk + b"}", b'{"evses":[{"uid":"E"},' + junk + b"]}"):
        try:
            assert get_part(document, PARTS, ["E", "1"]) is None
        except OcpiError as fault:
            assert fault.status_code == 2001  # noqa: PT017 - either outcome is right
