"""What comes in by PUT, PATCH, POST and DELETE: who may, what is kept, what is refused."""

import json
from typing import Any

import pytest
from tests.roaming import objects
from tests.roaming.company import Company, Network, Pair, meet, role
from tests.roaming.conftest import Found

from voltroam.roaming.platforms import Profile
from voltroam.standard.v2_2_1 import Role

LOC = "receiver/locations/NL/AAA/LOC1"
SES = "receiver/sessions/NL/AAA/S1"


async def put_location(pair: Pair, **changes: Any) -> None:
    answer = await pair.ask("PUT", LOC, objects.location(**changes))
    assert (answer.code, answer.http) in {(1000, 200), (1000, 201)}, answer.message


async def test_a_new_object_is_201_a_known_one_200_and_both_can_be_read_back(
    to_emsp: Pair,
) -> None:
    """LOC-RCV-01"""
    first = await to_emsp.ask("PUT", LOC, objects.location())
    again = await to_emsp.ask("PUT", LOC, objects.location(last_updated=objects.T2))
    assert (first.http, again.http) == (201, 200)
    assert first.data is None
    got = await to_emsp.ask("GET", LOC)
    assert got.data == objects.location(last_updated=objects.T2)


async def test_the_three_levels_of_a_location_can_be_read_each(to_emsp: Pair) -> None:
    """LOC-RCV-01, LOC-OBJ-02"""
    await put_location(to_emsp)
    assert (await to_emsp.ask("GET", f"{LOC}/e1")).data == objects.evse()
    assert (await to_emsp.ask("GET", f"{LOC}/E1/1")).data == objects.connector()
    for absent in (f"{LOC}/E9", f"{LOC}/E1/9", "receiver/locations/NL/AAA/LOC9"):
        assert (await to_emsp.ask("GET", absent)).http == 404


async def test_put_replaces_as_a_whole_and_left_out_members_are_gone(to_emsp: Pair) -> None:
    """LOC-PUT-01, GEN-PUT-01, CORE-MUT-02"""
    two = [objects.evse(), objects.evse(uid="E2")]
    await put_location(to_emsp, evses=two, parking_type="ON_STREET")
    second = objects.location(last_updated=objects.T2)
    del second["name"]
    assert (await to_emsp.ask("PUT", LOC, second)).code == 1000
    assert (await to_emsp.ask("GET", LOC)).data == second


async def test_what_was_received_comes_back_with_unknown_members_and_numbers_as_written(
    to_emsp: Pair,
) -> None:
    """CORE-COO-08, CORE-MUT-13"""
    body = json.dumps(objects.session(**{"x-extra": {"n": 1}})).replace('"kwh": 1.5', '"kwh":1.500')
    assert (await to_emsp.ask("PUT", SES, body.encode())).http == 201
    got = await to_emsp.ask("GET", SES)
    assert body.encode() in got.text


async def test_identifiers_compare_without_case_and_keep_their_spelling(to_emsp: Pair) -> None:
    """GEN-OWN-05, CORE-COO-07, CORE-COO-08"""
    await put_location(to_emsp)
    path = "receiver/locations/nl/aaa/loc1"
    later = objects.location(id="Loc1", last_updated=objects.T2)
    answer = await to_emsp.ask("PUT", path, later)
    assert (answer.http, answer.code) == (200, 1000)
    assert (await to_emsp.ask("GET", "receiver/locations/NL/AAA/LOC1")).data["id"] == "Loc1"


@pytest.mark.parametrize(
    "changes", [{"id": "LOC2"}, {"country_code": "DE"}, {"party_id": "BBB"}], ids=str
)
async def test_a_body_that_differs_from_its_url_is_refused(
    to_emsp: Pair, changes: dict[str, str]
) -> None:
    """CORE-COO-05, CORE-COO-06, GEN-OWN-04"""
    answer = await to_emsp.ask("PUT", LOC, objects.location(**changes))
    assert (answer.http, answer.code) == (200, 2001)
    assert f"$.{next(iter(changes))}" in answer.message
    assert (await to_emsp.ask("GET", LOC)).http == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
async def test_an_owner_that_is_not_the_callers_is_404_like_what_is_absent(
    to_emsp: Pair, method: str
) -> None:
    """CORE-COO-04, GEN-OWN-03, CORE-AUTH-08"""
    path = "receiver/locations/NL/ZZZ/LOC1"
    body = None if method == "GET" else objects.location(party_id="ZZZ")
    answer = await to_emsp.ask(method, path, body)
    assert (answer.http, answer.message) == (404, "No such object")


async def test_a_role_that_owns_no_such_objects_may_not_push_them(to_emsp: Pair) -> None:
    tokens = await to_emsp.receiver.ask(
        to_emsp.token, "PUT", "receiver/tokens/NL/AAA/X", objects.token()
    )
    assert tokens.http == 404


async def test_partners_cannot_read_or_overwrite_each_others_objects(
    emsp: Company, cpo: Company, found: Found
) -> None:
    """CORE-AUTH-08, CORE-COO-09"""
    other = await found("other.example", role("NL/BBB", Role.CPO))
    mine, theirs = await meet(emsp, cpo), await meet(emsp, other)
    assert (await mine.ask("PUT", LOC, objects.location(name="A"))).http == 201
    bbb = "receiver/locations/NL/BBB/LOC1"
    assert (await theirs.ask("PUT", bbb, objects.location(party_id="BBB", name="B"))).http == 201
    assert (await mine.ask("GET", LOC)).data["name"] == "A"
    assert (await theirs.ask("GET", bbb)).data["name"] == "B"
    assert (await theirs.ask("GET", LOC)).http == 404
    assert (await theirs.ask("PUT", LOC, objects.location(name="C"))).http == 404


async def test_a_missing_required_member_is_2001_with_its_path_and_http_200(
    to_emsp: Pair,
) -> None:
    """LOC-PUT-08, GEN-HTTP-03"""
    broken = objects.location()
    del broken["city"]
    answer = await to_emsp.ask("PUT", LOC, broken)
    assert (answer.http, answer.code) == (200, 2001)
    assert "$.city" in answer.message


@pytest.mark.parametrize("body", [b"{", b"", b"\xff"])
async def test_a_body_that_is_no_json_is_http_400(to_emsp: Pair, body: bytes) -> None:
    for method in ("PUT", "PATCH"):
        assert (await to_emsp.ask(method, LOC, body)).http == 400


async def test_lenient_partners_keep_an_odd_object_and_strict_ones_get_it_refused(
    to_emsp: Pair,
) -> None:
    """GEN-HTTP-03"""
    odd = objects.location(coordinates={"latitude": "52.37", "longitude": "4.892200"})
    assert (await to_emsp.ask("PUT", LOC, odd)).http == 201
    assert (await to_emsp.ask("GET", LOC)).data == odd
    await to_emsp.receiver.set_profile("cpo.example", Profile(strict=True))
    to_emsp.receiver.clock.forward(2)
    answer = await to_emsp.ask("PUT", LOC, {**odd, "last_updated": objects.T2})
    assert (answer.http, answer.code) == (200, 2001)
    assert "latitude" in answer.message


async def test_an_older_push_is_acknowledged_and_changes_nothing(to_emsp: Pair) -> None:
    """CORE-MUT-12, LOC-PATCH-08"""
    await put_location(to_emsp, name="new", last_updated=objects.T2)
    head = await to_emsp.receiver.store.head()
    old = await to_emsp.ask("PUT", LOC, objects.location(name="old"))
    patched = await to_emsp.ask("PATCH", LOC, {"name": "old", "last_updated": objects.T1})
    assert (old.http, old.code, patched.code) == (200, 1000, 1000)
    assert (await to_emsp.ask("GET", LOC)).data["name"] == "new"
    assert await to_emsp.receiver.store.head() == head
    events = await to_emsp.receiver.store.events(0, 100)
    assert [event.type for event in events].count("locations.older") == 2


async def test_equal_time_and_other_content_is_applied(to_emsp: Pair) -> None:
    await put_location(to_emsp, name="one")
    await put_location(to_emsp, name="two")
    assert (await to_emsp.ask("GET", LOC)).data["name"] == "two"


async def test_a_push_that_changes_nothing_moves_nothing(to_emsp: Pair) -> None:
    await put_location(to_emsp)
    store = to_emsp.receiver.store
    head, events = await store.head(), len(await store.events(0, 100))
    spaced = json.dumps(objects.location(), indent=2).encode()
    assert (await to_emsp.ask("PUT", LOC, spaced)).code == 1000
    same = {"name": "Dam", "last_updated": objects.T1}
    assert (await to_emsp.ask("PATCH", LOC, same)).code == 1000
    assert await store.head() == head
    assert len(await store.events(0, 100)) == events


async def test_a_time_far_ahead_is_kept_with_a_note_and_then_arrival_counts(
    to_emsp: Pair,
) -> None:
    """CORE-MUT-12"""
    await put_location(to_emsp, name="ahead", last_updated="2027-01-01T00:00:00Z")
    key = next(iter([row async for row in to_emsp.receiver.store.scan("locations")]))
    assert key.notes is not None
    assert b"ahead of ours" in key.notes
    await put_location(to_emsp, name="right")
    assert (await to_emsp.ask("GET", LOC)).data["name"] == "right"


async def test_patch_changes_the_members_it_names_and_leaves_all_others(to_emsp: Pair) -> None:
    """GEN-PATCH-01, CORE-MUT-03, CORE-MUT-05, LOC-PATCH-01, LOC-PATCH-06"""
    await put_location(to_emsp, facilities=["HOTEL", "CAFE"], **{"x-extra": 1})
    patch = {"name": "New", "facilities": ["MALL"], "last_updated": objects.T2}
    assert (await to_emsp.ask("PATCH", LOC, patch)).code == 1000
    expected = objects.location(**patch, **{"x-extra": 1})
    assert (await to_emsp.ask("GET", LOC)).data == expected


async def test_patch_without_last_updated_is_refused(to_emsp: Pair) -> None:
    """GEN-PATCH-02, CORE-MUT-06"""
    await put_location(to_emsp)
    await to_emsp.ask("PUT", SES, objects.session())
    patches = {
        LOC: {"name": "x"},
        f"{LOC}/E1": {"status": "BLOCKED"},
        f"{LOC}/E1/1": {"tariff_ids": ["T1"]},
        SES: {"kwh": 9},
    }
    for path, patch in patches.items():
        answer = await to_emsp.ask("PATCH", path, patch)
        assert (answer.http, answer.code) == (200, 2001)
        assert "last_updated" in answer.message
    assert (await to_emsp.ask("GET", LOC)).data == objects.location()
    assert (await to_emsp.ask("GET", SES)).data == objects.session()


async def test_a_token_patch_without_last_updated_is_refused_too(to_cpo: Pair) -> None:
    """GEN-PATCH-02, CORE-MUT-06"""
    path = "receiver/tokens/DE/MSP/012345678"
    await to_cpo.ask("PUT", path, objects.token())
    answer = await to_cpo.ask("PATCH", path, {"valid": False})
    assert (answer.http, answer.code) == (200, 2001)
    assert (await to_cpo.ask("GET", path)).data == objects.token()


async def test_only_the_path_with_the_owner_reaches_an_object(to_emsp: Pair) -> None:
    """GEN-OWN-01"""
    for kind, body in (
        ("locations", objects.location(id="X")),
        ("tariffs", objects.tariff(id="X")),
        ("sessions", objects.session(id="X")),
    ):
        assert (await to_emsp.ask("PUT", f"receiver/{kind}/X", body)).http == 404
        assert (await to_emsp.ask("PUT", f"receiver/{kind}/NL/AAA/X", body)).http == 201


async def test_an_evse_has_a_connector_whose_id_is_its_own_affair(to_emsp: Pair) -> None:
    """LOC-EVSE-03"""
    two = [objects.evse(), objects.evse(uid="E2")]
    await put_location(to_emsp, evses=two)
    bare = objects.location(evses=[objects.evse(connectors=[])], last_updated=objects.T2)
    assert (await to_emsp.ask("PUT", LOC, bare)).code == 2001
    assert (await to_emsp.ask("GET", LOC)).data["evses"] == two


async def test_a_json_patch_document_is_refused(to_emsp: Pair) -> None:
    """CORE-MUT-05"""
    await put_location(to_emsp)
    answer = await to_emsp.ask("PATCH", LOC, [{"op": "replace", "path": "/name", "value": "x"}])
    assert (answer.http, answer.code) == (200, 2001)


async def test_patch_of_an_unknown_object_creates_nothing(to_emsp: Pair) -> None:
    """CORE-MUT-09"""
    answer = await to_emsp.ask("PATCH", LOC, {"name": "x", "last_updated": objects.T2})
    assert answer.http == 404
    assert (await to_emsp.ask("GET", LOC)).http == 404


async def test_null_unsets_an_optional_member_and_is_refused_for_a_required_one(
    to_emsp: Pair,
) -> None:
    """CORE-MUT-10, CORE-MUT-11"""
    await put_location(to_emsp)
    gone = await to_emsp.ask("PATCH", LOC, {"name": None, "last_updated": objects.T2})
    kept = await to_emsp.ask("PATCH", LOC, {"city": None, "last_updated": objects.T3})
    assert (gone.code, kept.http, kept.code) == (1000, 200, 2001)
    held = (await to_emsp.ask("GET", LOC)).data
    assert "name" not in held
    assert (held["city"], held["last_updated"]) == ("Amsterdam", objects.T2)


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        (LOC, {"id": "LOC2"}),
        (LOC, {"party_id": "BBB"}),
        (f"{LOC}/E1", {"uid": "E2"}),
        (f"{LOC}/E1/1", {"id": "2"}),
    ],
)
async def test_patch_cannot_change_an_identifier(
    to_emsp: Pair, path: str, changes: dict[str, str]
) -> None:
    """LOC-PATCH-07"""
    await put_location(to_emsp)
    answer = await to_emsp.ask("PATCH", path, {**changes, "last_updated": objects.T2})
    assert (answer.http, answer.code) == (200, 2001)
    assert (await to_emsp.ask("GET", LOC)).data == objects.location()


async def test_patch_may_repeat_an_identifier_in_another_spelling(to_emsp: Pair) -> None:
    await put_location(to_emsp)
    patch = {"id": "loc1", "name": "New", "last_updated": objects.T2}
    assert (await to_emsp.ask("PATCH", LOC, patch)).code == 1000


async def test_a_new_evse_or_connector_raises_the_times_above_it(to_emsp: Pair) -> None:
    """LOC-PUT-02, LOC-PUT-03, LOC-PUT-04, LOC-PUT-05"""
    await put_location(to_emsp)
    new = objects.evse(uid="E2", last_updated=objects.T2)
    assert (await to_emsp.ask("PUT", f"{LOC}/E2", new)).http == 201
    held = (await to_emsp.ask("GET", LOC)).data
    assert held == objects.location(evses=[objects.evse(), new], last_updated=objects.T2)
    plug = objects.connector(id="2", last_updated=objects.T3)
    assert (await to_emsp.ask("PUT", f"{LOC}/E1/2", plug)).http == 201
    first = objects.evse(connectors=[objects.connector(), plug], last_updated=objects.T3)
    held = (await to_emsp.ask("GET", LOC)).data
    assert held == objects.location(evses=[first, new], last_updated=objects.T3)


async def test_patch_of_a_part_raises_the_times_above_and_leaves_its_siblings(
    to_emsp: Pair,
) -> None:
    """LOC-PATCH-01, LOC-PATCH-03, LOC-PATCH-04, LOC-LIST-03, LOC-LIST-04"""
    await put_location(to_emsp)
    charging = {"status": "CHARGING", "last_updated": objects.T2}
    assert (await to_emsp.ask("PATCH", f"{LOC}/E1", charging)).code == 1000
    held = (await to_emsp.ask("GET", LOC)).data
    assert held == objects.location(evses=[objects.evse(**charging)], last_updated=objects.T2)
    tariffs = {"tariff_ids": ["T1"], "last_updated": objects.T3}
    assert (await to_emsp.ask("PATCH", f"{LOC}/E1/1", tariffs)).code == 1000
    held = (await to_emsp.ask("GET", LOC)).data
    assert held["last_updated"] == held["evses"][0]["last_updated"] == objects.T3
    assert held["evses"][0]["connectors"] == [objects.connector(**tariffs)]
    assert held["evses"][0]["status"] == "CHARGING"


async def test_times_are_compared_at_the_level_that_is_addressed(to_emsp: Pair) -> None:
    """LOC-PATCH-08"""
    await put_location(to_emsp, last_updated=objects.T3)
    newer = {"status": "CHARGING", "last_updated": objects.T2}
    assert (await to_emsp.ask("PATCH", f"{LOC}/E1", newer)).code == 1000
    older = {"status": "BLOCKED", "last_updated": objects.T0}
    assert (await to_emsp.ask("PATCH", f"{LOC}/E1", older)).code == 1000
    held = (await to_emsp.ask("GET", LOC)).data
    assert held["evses"][0]["status"] == "CHARGING"
    assert held["last_updated"] == objects.T3


async def test_a_part_of_a_parent_that_is_not_held_is_refused(to_emsp: Pair) -> None:
    """LOC-PUT-09"""
    assert (await to_emsp.ask("PUT", f"{LOC}/E1", objects.evse())).http == 404
    await put_location(to_emsp)
    assert (await to_emsp.ask("PUT", f"{LOC}/E9/1", objects.connector())).http == 404
    assert (await to_emsp.ask("PATCH", f"{LOC}/E9", {"last_updated": objects.T2})).http == 404


async def test_the_ids_in_the_url_name_the_part_that_is_pushed(to_emsp: Pair) -> None:
    """LOC-PUT-06"""
    await put_location(to_emsp)
    wrong_level = await to_emsp.ask("PUT", f"{LOC}/E1", objects.connector())
    wrong_uid = await to_emsp.ask("PUT", f"{LOC}/E1", objects.evse(uid="E2"))
    no_plug = await to_emsp.ask("PUT", f"{LOC}/E1", objects.evse(connectors=[]))
    assert [one.code for one in (wrong_level, wrong_uid, no_plug)] == [2001, 2001, 2001]
    assert (await to_emsp.ask("GET", LOC)).data == objects.location()


async def test_a_removed_evse_stays_and_nothing_is_erased(to_emsp: Pair) -> None:
    """LOC-FLOW-04"""
    await put_location(to_emsp)
    removed = {"status": "REMOVED", "last_updated": objects.T2}
    assert (await to_emsp.ask("PATCH", f"{LOC}/E1", removed)).code == 1000
    assert (await to_emsp.ask("GET", f"{LOC}/E1")).data["status"] == "REMOVED"
    for path in (LOC, f"{LOC}/E1", f"{LOC}/E1/1"):
        assert (await to_emsp.ask("DELETE", path)).http == 405
    assert (await to_emsp.ask("GET", LOC)).http == 200


async def test_an_evse_id_of_another_operator_is_fine(to_emsp: Pair) -> None:
    """CORE-CRED-12"""
    await put_location(to_emsp, evses=[objects.evse(evse_id="DE*XYZ*E1")])


async def test_a_planned_status_changes_nothing_by_itself(to_emsp: Pair) -> None:
    """LOC-EVSE-05"""
    plan = [{"period_begin": objects.T1, "status": "OUTOFORDER"}]
    await put_location(to_emsp, evses=[objects.evse(status_schedule=plan)])
    to_emsp.receiver.clock.forward(7 * 86400)
    assert (await to_emsp.ask("GET", f"{LOC}/E1")).data["status"] == "AVAILABLE"


async def test_post_does_not_create_client_owned_objects(to_emsp: Pair) -> None:
    """CORE-COO-03"""
    for path in ("receiver/locations", LOC, SES):
        assert (await to_emsp.ask("POST", path, objects.location())).http in {404, 405}
    assert (await to_emsp.ask("GET", LOC)).http == 404


# -- events -----------------------------------------------------------------------------------


async def test_every_accepted_change_writes_an_event_that_names_the_object(
    to_emsp: Pair, network: Network
) -> None:
    await put_location(to_emsp)
    await to_emsp.ask("PATCH", f"{LOC}/E1", {"status": "BLOCKED", "last_updated": objects.T2})
    events = await to_emsp.receiver.store.events(0, 100)
    changes = [event for event in events if event.type == "locations.changed"]
    assert [event.key for event in changes] == ["locations/NL/AAA/LOC1"] * 2
    assert [event.document for event in changes] == [b"", b""]
