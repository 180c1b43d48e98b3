"""Own objects are written, all that are held are read, each key sees what is its own."""

from typing import Any

import pytest
from tests.counts import BOTH
from tests.e2e.documents import location, tariff, token
from tests.operator.conftest import Desk
from tests.roaming.company import Clock

pytestmark = pytest.mark.parametrize("database", BOTH, indirect=True)
"""They are about what the store finds."""

AAA, BBB = ("NL", "AAA"), ("NL", "BBB")
AT = "/locations/NL/AAA/L1"


async def fill(desk: Desk, *names: str, party: tuple[str, str] = AAA) -> None:
    told = await desk.ask("PUT", "/locations", {"items": [location(party, it) for it in names]})
    assert (told.status, told.json["refused"]) == (200, 0)


async def test_a_location_is_put_read_and_replaced(cpo: Desk) -> None:
    document = location(AAA, "L1", x_extra={"a": 1.10})
    told = await cpo.ask("PUT", AT, document, scope="operate")
    assert (told.status, told.json) == (201, document)
    assert (await cpo.ask("GET", "/locations/nl/aaa/l1", scope="read")).json == document
    newer = document | {"name": "Other", "last_updated": "2026-02-01T00:00:00Z"}
    assert (await cpo.ask("PUT", AT, newer)).status == 200
    assert (await cpo.ask("PUT", AT, document)).status == 409
    assert (await cpo.ask("GET", AT)).json == newer


async def test_an_object_against_the_standard_is_refused_with_every_place(cpo: Desk) -> None:
    wrong = location(AAA, "L1", country="NL", coordinates={"latitude": "x", "longitude": "5.1"})
    told = await cpo.ask("PUT", AT, wrong)
    assert told.status == 422
    places = {one["path"] for one in told.json["problems"]}
    assert {"$.country", "$.coordinates.latitude"} <= places
    assert (await cpo.ask("GET", AT)).status == 404


async def test_what_path_and_body_name_must_be_the_same(cpo: Desk) -> None:
    assert (await cpo.ask("PUT", AT, location(AAA, "L2"))).status == 422
    assert (await cpo.ask("PUT", AT, location(BBB, "L1"))).status == 422
    assert (await cpo.ask("PUT", "/locations/DE/XXX/L1", location(AAA, "L1"))).status == 404


async def test_lists_go_on_by_cursor(cpo: Desk) -> None:
    await fill(cpo, *(f"L{n}" for n in range(7)))
    seen: list[Any] = []
    cursor = ""
    while True:
        told = (await cpo.ask("GET", f"/locations?limit=3{cursor}")).json
        seen += [one["id"] for one in told["items"]]
        if told["next"] is None:
            break
        cursor = f"&cursor={told['next']}"
    assert seen == [f"L{n}" for n in range(7)]
    assert (await cpo.ask("GET", "/locations?whose=received")).json["items"] == []
    assert (await cpo.ask("GET", "/locations?updated_from=2027-01-01T00:00:00Z")).json[
        "items"
    ] == []


async def test_of_many_the_good_ones_are_kept(cpo: Desk) -> None:
    wrong = location(AAA, "L2", country="NL")
    items = [location(AAA, "L1"), wrong, location(("DE", "XXX"), "L3")]
    told = await cpo.ask("PUT", "/locations", {"items": items})
    assert (told.status, told.json["accepted"], told.json["refused"]) == (200, 1, 2)
    assert [one["outcome"] for one in told.json["items"]] == ["created", "refused", "refused"]
    assert told.json["items"][1]["problems"][0]["path"] == "$.country"


async def test_a_full_set_shows_its_difference_before_it_is_applied(cpo: Desk) -> None:
    await fill(cpo, "L1", "L2", "L3")
    await fill(cpo, "B1", party=BBB)
    changed = location(AAA, "L2", name="Other", last_updated="2026-02-01T00:00:00Z")
    items = [location(AAA, "L1"), changed, location(AAA, "L4")]
    dry = await cpo.ask("PUT", "/locations/NL/AAA?dry_run=true", {"items": items})
    assert dry.json == {
        "applied": False,
        "added": ["L4"],
        "changed": [{"id": "L2", "members": ["last_updated", "name"]}],
        "removed": ["L3"],
        "unchanged": 1,
    }
    assert (await cpo.ask("GET", "/locations/NL/AAA/L4")).status == 404
    done = await cpo.ask("PUT", "/locations/NL/AAA", {"items": items})
    assert done.json == dry.json | {"applied": True}
    gone = (await cpo.ask("GET", "/locations/NL/AAA/L3")).json
    assert [one["status"] for one in gone["evses"]] == ["REMOVED"]
    assert (await cpo.ask("GET", "/locations/NL/BBB/B1")).json["evses"][0]["status"] == "AVAILABLE"
    again = (await cpo.ask("PUT", "/locations/NL/AAA?dry_run=true", {"items": items})).json
    assert (again["added"], again["changed"], again["removed"]) == ([], [], [])


async def test_one_bad_object_leaves_the_whole_set_undone(cpo: Desk) -> None:
    await fill(cpo, "L1")
    items = [location(AAA, "L2"), location(AAA, "L3", country="NL"), location(AAA, "L2")]
    told = await cpo.ask("PUT", "/locations/NL/AAA", {"items": items})
    assert told.status == 422
    assert {one["path"] for one in told.json["problems"]} == {
        "$.items[1].country", "$.items[2]",
    }  # fmt: skip
    assert len((await cpo.ask("GET", "/locations")).json["items"]) == 1


@pytest.mark.operations("set_evse_status", "set_evse_statuses")
async def test_the_status_of_an_evse_is_set_alone_and_in_bulk(cpo: Desk) -> None:
    await fill(cpo, "L1")
    told = await cpo.ask("PUT", f"{AT}/evses/E1/status", {"status": "CHARGING"}, scope="operate")
    assert told.status == 204
    held = (await cpo.ask("GET", AT)).json
    assert (held["evses"][0]["status"], held["last_updated"]) == (
        "CHARGING",
        "2026-11-22T12:00:00Z",
    )
    lines = [
        {"location_id": "L1", "evse_uid": "E1", "status": "BLOCKED", "owner": "NL/AAA"},
        {"location_id": "L1", "evse_uid": "E9", "status": "BLOCKED", "owner": "NL/AAA"},
        {"location_id": "L1", "evse_uid": "E1", "status": "BLOCKED"},
    ]
    told = await cpo.ask("PUT", "/evse-status", {"items": lines})
    assert [one["outcome"] for one in told.json["items"]] == ["changed", "refused", "refused"]
    assert (await cpo.ask("GET", AT)).json["evses"][0]["status"] == "BLOCKED"


@pytest.mark.operations("withdraw_tariff")
async def test_a_tariff_is_withdrawn(cpo: Desk) -> None:
    assert (await cpo.ask("PUT", "/tariffs/NL/AAA/T1", tariff(AAA, "T1"))).status == 201
    assert (await cpo.ask("DELETE", "/tariffs/NL/AAA/T1")).status == 204
    assert (await cpo.ask("DELETE", "/tariffs/NL/AAA/T1")).status == 404


async def test_a_driver_is_shown_to_those_who_operate_only(emsp: Desk) -> None:
    msp = ("DE", "MSP")
    await emsp.ask("PUT", "/tokens/DE/MSP/04A1B2C3", token(msp, "04A1B2C3"))
    shown = (await emsp.ask("GET", "/tokens", scope="operate")).json["items"][0]
    hidden = (await emsp.ask("GET", "/tokens", scope="read")).json["items"][0]
    assert shown["uid"] == "04A1B2C3"
    assert hidden["uid"].startswith("#")
    assert hidden["contract_id"] != shown["contract_id"]
    by_print = hidden["uid"].replace("#", "%23")
    found = (await emsp.ask("GET", f"/search?q={by_print}", scope="read")).json["items"]
    assert [(one["id"], one["value"]) for one in found] == [(hidden["uid"], hidden["uid"])]
    assert (await emsp.ask("GET", "/search?q=04A1B2", scope="read")).json["items"] == []
    found = (await emsp.ask("GET", "/search?q=04a1b2", scope="operate")).json["items"]
    assert [one["member"] for one in found] == ["uid"]


@pytest.mark.operations("block_token", "unblock_token")
async def test_a_token_is_blocked_and_unblocked(emsp: Desk, clock: Clock) -> None:
    msp = ("DE", "MSP")
    await emsp.ask("PUT", "/tokens/DE/MSP/04A1B2C3", token(msp, "04A1B2C3"))
    assert (await emsp.ask("POST", "/tokens/DE/MSP/04A1B2C3/block")).status == 204
    assert (await emsp.ask("GET", "/tokens/DE/MSP/04A1B2C3")).json["valid"] is False
    clock.forward(1)
    assert (await emsp.ask("POST", "/tokens/DE/MSP/04A1B2C3/unblock")).status == 204
    assert (await emsp.ask("GET", "/tokens/DE/MSP/04A1B2C3")).json["valid"] is True
    assert (await emsp.ask("POST", "/tokens/DE/MSP/04A1B2C3/block?type=OTHER")).status == 404


@pytest.mark.operations("get_token_limits", "set_token_limits")
async def test_the_limits_of_a_token_are_set_and_shown(emsp: Desk) -> None:
    msp = ("DE", "MSP")
    await emsp.ask("PUT", "/tokens/DE/MSP/04A1B2C3", token(msp, "04A1B2C3"))
    limits = {"mark": "NO_CREDIT", "places": [{"location_id": "L1"}]}
    assert (await emsp.ask("PUT", "/tokens/DE/MSP/04A1B2C3/limits", limits)).status == 200
    held = (await emsp.ask("GET", "/tokens/DE/MSP/04A1B2C3/limits")).json
    assert (held["mark"], held["places"][0]["location_id"]) == ("NO_CREDIT", "L1")
    assert (await emsp.ask("GET", "/tokens/DE/MSP/0000/limits")).status == 404


@pytest.mark.operations("list_keys", "search")
async def test_a_key_limited_to_parties_sees_and_writes_theirs_only(cpo: Desk) -> None:
    await fill(cpo, "L1")
    await fill(cpo, "B1", party=BBB)
    mine = ("NL/AAA",)
    listed = (await cpo.ask("GET", "/locations", parties=mine)).json["items"]
    assert [one["id"] for one in listed] == ["L1"]
    assert (await cpo.ask("GET", "/locations/NL/BBB/B1", parties=mine)).status == 404
    assert (await cpo.ask("GET", "/locations/NL/BBB/B1/facts", parties=mine)).status == 404
    assert (
        await cpo.ask("PUT", "/locations/NL/BBB/B1", location(BBB, "B1"), parties=mine)
    ).status == 404
    assert (await cpo.ask("PUT", "/locations/NL/BBB", {"items": []}, parties=mine)).status == 404
    told = await cpo.ask("PUT", "/locations", {"items": [location(BBB, "B2")]}, parties=mine)
    assert told.json["refused"] == 1
    found = (await cpo.ask("GET", "/search?q=Dom", parties=mine)).json["items"]
    assert [one["id"] for one in found] == ["L1"]
    keys = (await cpo.ask("GET", "/keys", parties=mine)).json["items"]
    assert [one["name"] for one in keys] == ["admin-NLAAA"]
    assert (await cpo.ask("POST", "/keys", {"name": "wide"}, parties=mine)).status == 422
    assert (await cpo.ask("DELETE", "/keys/admin", parties=mine)).status == 404


async def test_search_finds_by_name_id_and_evse(cpo: Desk) -> None:
    await fill(cpo, "L1", "L2")
    for text, member in (("dom", "name"), ("L2", "id"), ("nl*nod*e1", "evses.evse_id")):
        found = (await cpo.ask("GET", f"/search?q={text}")).json["items"]
        assert found[0]["member"] == member
        assert found[0]["kind"] == "locations"


async def test_search_finds_an_exact_id_first_and_goes_on_by_cursor(
    cpo: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voltroam.operator.answers.search.LOOKED_AT", 3)
    await fill(cpo, *(f"L1{n}" for n in range(7)), "L1")
    seen: list[str] = []
    cursor, asked = "", 0
    while True:
        told = (await cpo.ask("GET", f"/search?q=l1{cursor}")).json
        asked += 1
        seen += [one["id"] for one in told["items"]]
        if told["next"] is None:
            break
        cursor = f"&cursor={told['next']}"
    assert seen == ["L1", *(f"L1{n}" for n in range(7))], "the exact one first, and once"
    assert asked == 3


async def test_search_by_exact_uid_shows_no_driver_to_who_only_reads(emsp: Desk) -> None:
    await emsp.ask("PUT", "/tokens/DE/MSP/04A1B2C3", token(("DE", "MSP"), "04A1B2C3"))
    found = (await emsp.ask("GET", "/search?q=04a1b2c3", scope="operate")).json["items"]
    assert [one["member"] for one in found] == ["uid"]
    assert (await emsp.ask("GET", "/search?q=04a1b2c3", scope="read")).json["items"] == []


@pytest.mark.operations("list_events")
async def test_events_are_told_in_order(cpo: Desk) -> None:
    await fill(cpo, "L1", "L2")
    told = (await cpo.ask("GET", "/events")).json["items"]
    assert [one["event"]["data"]["id"] for one in told] == ["L1", "L2"]
    rest = (await cpo.ask("GET", f"/events?after={told[0]['sequence']}")).json["items"]
    assert [one["sequence"] for one in rest] == [told[1]["sequence"]]
