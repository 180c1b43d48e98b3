"""Which change of an object one PATCH can express (OCPI 2.2.1 §mod_locations, §mod_sessions)."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wire.documents import dump, location, session, token

from voltroam.standard.endpoints import LOCATION, SESSION, TOKEN, Resource
from voltroam.standard.versions import V2_1_1, V2_2_1, V2_3_0, Version
from voltroam.wire.diff import PatchPlan, patch_between
from voltroam.wire.parts import last_updated_of, patch_part
from voltroam.wire.patch import merge

LATER = "2021-01-01T00:00:00Z"
Document = dict[str, Any]
Edit = Callable[[Document], object]


def plan(resource: Resource, old: Document, *edits: Edit) -> PatchPlan | None:
    new = copy.deepcopy(old)
    for edit in edits:
        edit(new)
    found = patch_between(dump(old), dump(new), resource, V2_2_1)
    if found is not None:
        assert json.loads(applied(resource, dump(old), found)) == new
    return found


def applied(resource: Resource, old: bytes, found: PatchPlan) -> bytes:
    if not found.parts:
        return merge(old, found.body, appends=resource.appends)
    time = last_updated_of(found.body)
    return patch_part(old, found.parts, found.ids, found.body, time)


def at(*path: Any, **members: object) -> Edit:
    def edit(document: Any) -> None:
        for step in path:
            document = document[step]
        document.update(members)

    return edit


def evse_changed(**members: object) -> tuple[Edit, Edit]:
    return at("evses", 1, last_updated=LATER, **members), at(last_updated=LATER)


def test_a_status_becomes_a_patch_of_its_evse() -> None:
    """CORE-MUT-04, LOC-FLOW-02, LOC-PATCH-02"""
    found = plan(LOCATION, location(), *evse_changed(status="CHARGING"))
    assert found is not None
    assert found.keys == {"evse_uid": "EVSE-0001"}
    assert found.part is LOCATION.parts[0]
    assert json.loads(found.body) == {"status": "CHARGING", "last_updated": LATER}


def test_a_connector_becomes_a_patch_of_its_own() -> None:
    """CORE-MUT-04, LOC-PATCH-01"""
    change = at("evses", 1, "connectors", 0, tariff_ids=["15"], last_updated=LATER)
    found = plan(LOCATION, location(), change, *evse_changed())
    assert found is not None
    assert found.keys == {"evse_uid": "EVSE-0001", "connector_id": "1"}
    assert json.loads(found.body) == {"tariff_ids": ["15"], "last_updated": LATER}


def test_top_level_members_become_a_patch_of_the_whole() -> None:
    """CORE-MUT-04, SES-FLOW-02"""
    found = plan(SESSION, session(), at(kwh=2.5, status="COMPLETED", last_updated=LATER))
    assert found is not None
    assert found.parts == ()
    assert found.part is None
    assert json.loads(found.body) == {"kwh": 2.5, "status": "COMPLETED", "last_updated": LATER}
    found = plan(TOKEN, token(), at(valid=False, last_updated=LATER))
    assert found is not None
    assert json.loads(found.body) == {"valid": False, "last_updated": LATER}


def test_only_the_new_charging_periods_are_sent() -> None:
    """CORE-MUT-04, SES-PATCH-01"""
    new = {"start_date_time": LATER, "dimensions": [{"type": "TIME", "volume": 1}]}

    def append(document: Document) -> None:
        document["charging_periods"].append(new)

    found = plan(SESSION, session(), append, at(kwh=2, last_updated=LATER))
    assert found is not None
    assert json.loads(found.body) == {"charging_periods": [new], "kwh": 2, "last_updated": LATER}


@pytest.mark.parametrize(
    "edit",
    [
        lambda session: session["charging_periods"].clear(),
        lambda session: session["charging_periods"][0]["dimensions"].clear(),
        lambda session: session["charging_periods"].insert(0, {"start_date_time": LATER}),
        lambda session: session["charging_periods"].append(session["charging_periods"][0]),
        lambda session: session.pop("total_cost"),
        lambda session: session.update(total_cost=None),
        lambda session: session.update(id="S2"),
        lambda session: session.update(party_id="BBB"),
        lambda session: session.pop("last_updated"),
    ],
)
def test_what_a_session_patch_cannot_say_needs_a_put(edit: Edit) -> None:
    """LOC-PATCH-05, SES-PATCH-03"""
    assert plan(SESSION, session(), at(last_updated=LATER), edit) is None


@pytest.mark.parametrize(
    "edits",
    [
        (*evse_changed(status="CHARGING"), at("evses", 0, status="BLOCKED", last_updated=LATER)),
        (*evse_changed(status="CHARGING"), at(name="other")),
        (*evse_changed(uid="other"),),
        (*evse_changed(), lambda location: location["evses"].pop(0)),
        (*evse_changed(), lambda location: location["evses"].append({"uid": "new"})),
        (*evse_changed(), lambda location: location["evses"].reverse()),
        (*evse_changed(), lambda location: location["evses"][1].pop("floor_level")),
        (*evse_changed(), lambda location: location["evses"][1].pop("last_updated")),
        (*evse_changed(), lambda location: location.pop("evses")),
        (*evse_changed(status="CHARGING"), at(last_updated="2022-01-01T00:00:00Z")),
    ],
)
def test_what_one_part_cannot_say_needs_a_put(edits: tuple[Edit, ...]) -> None:
    """LOC-PATCH-05"""
    assert plan(LOCATION, location(), *edits) is None


def test_nothing_to_say_is_no_patch() -> None:
    assert plan(LOCATION, location()) is None
    spaced = json.dumps(location(), indent=1).encode()
    assert patch_between(dump(location()), spaced, LOCATION, V2_2_1) is None


@pytest.mark.parametrize("junk", [b"", b"[]", b"{", b'{"evses":1}', b'{"evses":[1]}', b"{}"])
def test_documents_that_cannot_be_taken_apart_are_sent_whole(junk: bytes) -> None:
    assert patch_between(junk, dump(location()), LOCATION, V2_2_1) is None
    assert patch_between(dump(location()), junk, LOCATION, V2_2_1) is None


@pytest.mark.parametrize(("version", "sent"), [(V2_1_1, 2), (V2_2_1, 1), (V2_3_0, 1)])
def test_periods_are_sent_as_the_version_takes_them(version: Version, sent: int) -> None:
    """R211-060: before 2.2.1 a list replaces the one that is there; since then periods append."""
    old, new = session(), session()
    new["charging_periods"] = [
        *old["charging_periods"][:1], {**old["charging_periods"][0], "start_date_time": LATER},
    ]  # fmt: skip
    old["charging_periods"] = old["charging_periods"][:1]
    new["last_updated"] = LATER
    found = patch_between(dump(old), dump(new), SESSION, version)
    assert found is not None
    assert len(json.loads(found.body)["charging_periods"]) == sent
    merged = merge(dump(old), found.body, appends=SESSION.appended(version))
    assert json.loads(merged) == new


edits = st.lists(
    st.tuples(
        st.sampled_from([(), ("evses", 0), ("evses", 1), ("evses", 1, "connectors", 0)]),
        st.sampled_from(["status", "last_updated", "floor_level", "tariff_ids", "x"]),
        st.sampled_from([LATER, "2020-06-01T00:00:00Z", None, [], ["1"], "2020-01-01T10:00:00Z"]),
    ),
    max_size=4,
)


@settings(derandomize=True, max_examples=500)
@given(edits)
def test_a_plan_always_leads_to_the_new_state(changes: list[tuple[Any, str, Any]]) -> None:
    """CORE-MUT-04"""
    old, new = location(), location()
    for path, name, value in changes:
        at(*path, **{name: value})(new)
    found = patch_between(dump(old), dump(new), LOCATION, V2_2_1)
    if found is None:
        return
    result = json.loads(applied(LOCATION, dump(old), found))
    assert without_nulls(result) == without_nulls(new)


def without_nulls(value: Any) -> Any:
    """null says the same as absent (CORE-RESP-11)."""
    if isinstance(value, dict):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value
