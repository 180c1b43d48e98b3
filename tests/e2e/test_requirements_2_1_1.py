"""What 2.1.1 demands, of a node that speaks every version, asked by platforms of 2.1.1."""

import itertools
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.e2e import documents as doc
from tests.e2e.hub.city import answers
from tests.e2e.mock_http import Answer, Fault, Recorded, Reply
from tests.e2e.mock_partner import Answered, timestamp
from tests.e2e.nodes import wait_until
from tests.e2e.speaker import old_cdr, old_location, old_session, old_tariff, old_token
from tests.e2e.stage import pushed, wait_for_push
from tests.e2e.versions_stage import NODE, ODD, OLM, Versions, call

LATER, LATEST = "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"
CONTRACT = "DE8ACC12E46L89"
YEAR = itertools.count(1971)
AT = ("-01-01T12:00:00Z", "-06-01T00:00:00Z", "-12-01T00:00:00Z")
KEYS = {"status_code", "status_message", "timestamp", "data"}


def receiver(versions: Versions, method: str, path: str, body: Any = None) -> Answered:
    """Of the CPO of 2.1.1, below its own party."""
    module, _, rest = path.partition("/")
    return call(versions.old, method, f"RECEIVER/{module}/FR/OLC/{rest}", body)


def stored(versions: Versions, path: str) -> Any:
    answer = receiver(versions, "GET", path)
    assert answer.code == 1000, answer
    return answer.data


def refuses_bare(code: int, status: int) -> Fault:
    """An envelope of two members, the least that there may be."""

    async def fault(_request: Recorded, _answer: Answer) -> Reply:
        envelope = {"status_code": code, "timestamp": timestamp()}
        return Reply(status, json.dumps(envelope).encode())

    return fault


# --- transport ---


@pytest.mark.parametrize("tree", ["cpo", "emsp"])
def test_without_a_known_token_nothing_is_told(versions: Versions, tree: str) -> None:
    """R211-002"""
    url = f"{versions.node.url}/ocpi/{tree}/versions"
    for token in (None, "nobody's-token-4711"):
        answer = versions.older.send("GET", url, token=token)
        assert answer.status == 401
        assert answer.data is None


@pytest.mark.parametrize("module", ["locations", "sessions", "cdrs", "tariffs"])
def test_every_list_can_be_pulled_by_who_takes_no_push(versions: Versions, module: str) -> None:
    """R211-005, R211-019: the envelope of a list."""
    versions.load("locations", doc.location(NODE, doc.fresh("L"), postal_code="1000"))
    answer = call(versions.older, "GET", f"SENDER/{module}", date_from="2020-01-01T00:00:00Z")
    assert (answer.status, answer.code) == (200, 1000)
    assert isinstance(answer.data, list)
    assert isinstance(answer.json["status_code"], int)
    assert answer.json["timestamp"].endswith("Z")
    assert set(answer.json) <= KEYS


def test_pages_have_offset_limit_link_and_totals(versions: Versions) -> None:
    """R211-006, R211-007, R211-009, R211-041: of 25 tariffs of a year, and by date."""
    year = str(next(YEAR))
    names = [doc.fresh("T") for _ in range(25)]
    tariffs = [
        doc.tariff(NODE, name, last_updated=year + AT[number // 12])
        for number, name in enumerate(names)
    ]
    versions.load("tariffs", *tariffs)
    start, end = f"{year}-01-01T00:00:00Z", f"{year}-12-31T00:00:00Z"

    def lists(**query: object) -> Answered:
        window = {"date_from": start, "date_to": end} | query
        return call(versions.older, "GET", "SENDER/tariffs", **window)

    whole = lists()
    assert [one["id"] for one in whole.data] == names
    assert lists(offset=0).data == whole.data
    page = lists(offset=10, limit=10)
    assert page.data == whole.data[10:20]
    assert page.headers["x-total-count"] == "25"
    assert page.next is not None
    query = parse_qs(urlsplit(page.next).query)
    assert (query["date_from"], query["date_to"]) == ([start], [end])
    last = versions.older.send("GET", page.next)
    assert last.data == whole.data[20:]
    assert "link" not in last.headers
    most = lists(limit=2000)
    assert most.headers["x-limit"] == "1000"
    assert len(most.data) == 25
    assert [one["id"] for one in lists(date_from=year + AT[1], date_to=year + AT[2]).data] == names[
        12:24
    ]


def test_the_total_is_of_what_this_client_may_see(versions: Versions) -> None:
    """R211-008: the CDRs of its drivers, not those of others."""
    year = str(next(YEAR))
    window = {"date_from": f"{year}-01-01T00:00:00Z", "date_to": f"{year}-12-31T00:00:00Z"}
    theirs = [doc.fresh("C") for _ in range(2)]
    made = [doc.cdr(NODE, name, OLM, last_updated=year + AT[0]) for name in theirs]
    made.append(doc.cdr(NODE, doc.fresh("C"), ("SE", "XXX"), last_updated=year + AT[0]))
    for cdr in made:
        cdr["cdr_location"]["postal_code"] = "1000"
    versions.load("cdrs", *made)
    answer = call(versions.older, "GET", "SENDER/cdrs", limit=1, **window)
    assert answer.headers["x-total-count"] == "2"
    assert answer.data[0]["id"] in theirs


def test_a_put_replaces_and_a_patch_changes_what_it_names(versions: Versions) -> None:
    """R211-012, R211-013, R211-016, R211-017, R211-018, R211-024, R211-025"""
    name = doc.fresh("L")
    whole = old_location(name)
    assert receiver(versions, "PUT", f"locations/{name}", whole).status == 201
    assert versions.held("locations", id=name, country_code="FR", party_id="OLC")
    change = {"name": "Renamed", "last_updated": LATER}
    assert receiver(versions, "PATCH", f"locations/{name}", change).code == 1000
    assert stored(versions, f"locations/{name}") == whole | change
    unnamed = whole | {"last_updated": LATEST}
    del unnamed["name"]
    assert receiver(versions, "PUT", f"locations/{name}", unnamed).status == 200
    assert stored(versions, f"locations/{name}") == unnamed
    stranger = call(versions.old, "PUT", f"RECEIVER/locations/XX/YYY/{name}", whole)
    assert stranger.status == 404
    assert not versions.held("locations", country_code="XX")
    other = receiver(versions, "PUT", f"locations/{doc.fresh('L')}", whole)
    assert (other.status, other.code) == (200, 2001)
    assert receiver(versions, "GET", "locations/NOWHERE").status == 404


def test_an_envelope_is_an_object_or_a_list_by_what_was_asked(versions: Versions) -> None:
    """R211-019"""
    name = doc.fresh("L")
    answered = [
        receiver(versions, "PUT", f"locations/{name}", old_location(name)),
        receiver(versions, "GET", f"locations/{name}"),
        receiver(versions, "GET", "locations/NOWHERE"),
        versions.old.send("GET", f"{versions.node.url}/ocpi/emsp/versions"),
        versions.old.send("GET", f"{versions.node.url}/ocpi/emsp/2.1.1"),
    ]
    for answer in answered:
        assert isinstance(answer.json["status_code"], int)
        assert answer.json["timestamp"].endswith("Z")
        assert set(answer.json) <= KEYS
    put, one, none, many, details = (answer.data for answer in answered)
    assert (put, none) == (None, None)
    assert isinstance(one, dict)
    assert isinstance(many, list)
    assert isinstance(details, dict)


def test_what_is_no_json_is_400_and_what_lacks_something_2001(versions: Versions) -> None:
    """R211-022, R211-023"""
    where = versions.old.url("credentials", "SENDER")
    assert versions.old.send("PUT", where, body=b"{").status == 400
    invited = versions.node.json("partner", "invite", doc.fresh("new"))["token"]
    assert versions.old.send("POST", where, body=b"{", token=invited).status == 400
    name = doc.fresh("L")
    for method, path in (("PUT", f"locations/{name}"), ("PUT", f"sessions/{name}")):
        assert receiver(versions, method, path, b"{").status == 400
        assert receiver(versions, "PATCH", path, b"{").status in (400, 404)
    assert call(versions.old, "POST", "RECEIVER/cdrs", b"{").status == 400
    assert call(versions.old, "POST", f"SENDER/tokens/{name}/authorize", b"{").status in (400, 404)
    assert call(versions.older, "POST", "RECEIVER/commands/START_SESSION", b"{").status == 400
    without = old_location(name)
    del without["address"]
    answer = receiver(versions, "PUT", f"locations/{name}", without)
    assert (answer.status, answer.code) == (200, 2001)


def test_a_refusal_without_data_is_understood(versions: Versions) -> None:
    """R211-020, R211-023: whether it comes with an HTTP error or not; the next object is sent."""
    for status in (200, 400):
        refused, taken = doc.fresh("L"), doc.fresh("L")
        versions.older.http.on("PUT", refused, refuses_bare(2001, status))
        versions.load("locations", doc.location(NODE, refused, postal_code="1000"))
        wait_for_push(versions.older, "PUT", refused)
        versions.load("locations", doc.location(NODE, taken, postal_code="1000"))
        wait_for_push(versions.older, "PUT", taken)

        def told(refused: str = refused) -> Any:
            return [
                line
                for line in versions.node.json("partner", "parked", "older")
                if refused in str(line)
            ]

        (line,) = wait_until(told, what="the refusal")
        assert "2001" in str(line)


def test_urls_come_from_the_details(versions: Versions) -> None:
    """R211-029: what stands elsewhere than anybody would guess was pulled there."""
    pulled = [one.path for one in versions.old.http.recorded if one.method == "GET"]
    assert f"{ODD}/2.1.1" in pulled
    assert f"{ODD}/2.2.1/s/locations" in pulled
    assert all(path.startswith(ODD) for path in pulled)


# --- locations ---


def test_a_part_moves_its_parents(versions: Versions) -> None:
    """R211-044"""
    name = doc.fresh("L")
    assert receiver(versions, "PUT", f"locations/{name}", old_location(name)).code == 1000
    change = {"amperage": 32, "last_updated": LATER}
    assert receiver(versions, "PATCH", f"locations/{name}/E1/1", change).code == 1000
    place = stored(versions, f"locations/{name}")
    evse = place["evses"][0]
    assert evse["connectors"][0]["amperage"] == 32
    assert (place["last_updated"], evse["last_updated"]) == (LATER, LATER)
    change = {"status": "CHARGING", "last_updated": LATEST}
    assert receiver(versions, "PATCH", f"locations/{name}/E1", change).code == 1000
    place = stored(versions, f"locations/{name}")
    assert (place["last_updated"], place["evses"][0]["last_updated"]) == (LATEST, LATEST)
    assert place["evses"][0]["connectors"][0]["last_updated"] == LATER


def test_what_is_published_no_more_loses_its_evses(versions: Versions) -> None:
    """R211-055: 2.1.1 has no word for it, and no DELETE."""
    name = doc.fresh("L")
    place = doc.location(NODE, name, postal_code="1000", evses=[doc.evse("E1"), doc.evse("E2")])
    versions.load("locations", place)
    wait_for_push(versions.older, "PUT", name)
    versions.load("locations", place | {"publish": False, "last_updated": doc.moment()})

    def removed() -> bool:
        found: dict[str, str] = {}
        for request in versions.older.http.recorded:
            if name not in request.target or request.method not in ("PUT", "PATCH"):
                continue
            if "evses" in request.json:
                found |= {evse["uid"]: evse["status"] for evse in request.json["evses"]}
            elif "status" in request.json:
                found[request.segments[-1]] = request.json["status"]
        return found == {"E1": "REMOVED", "E2": "REMOVED"}

    wait_until(removed, what="REMOVED")
    listed = call(versions.older, "GET", "SENDER/locations").data
    assert name not in [one["id"] for one in listed]


# --- sessions, CDRs ---


def test_periods_in_a_patch_replace_and_a_completed_session_is_final(versions: Versions) -> None:
    """R211-060, R211-062"""
    name = doc.fresh("S")
    periods = [doc.period(f"2026-01-01T1{hour}:00:00Z") for hour in range(3)]
    whole = old_session(name, CONTRACT, charging_periods=periods)
    assert receiver(versions, "PUT", f"sessions/{name}", whole).code == 1000
    change = {"charging_periods": [doc.period("2026-01-01T13:00:00Z", 9)], "last_updated": LATER}
    assert receiver(versions, "PATCH", f"sessions/{name}", change).code == 1000
    assert stored(versions, f"sessions/{name}")["charging_periods"] == change["charging_periods"]
    done = {
        "status": "COMPLETED", "end_datetime": "2026-01-01T14:00:00Z", "last_updated": LATER,
    }  # fmt: skip
    assert receiver(versions, "PATCH", f"sessions/{name}", done).code == 1000
    again = {"status": "ACTIVE", "kwh": 99, "last_updated": LATEST}
    assert receiver(versions, "PATCH", f"sessions/{name}", again).code == 2001
    held = stored(versions, f"sessions/{name}")
    assert (held["status"], held["kwh"]) == ("COMPLETED", 1.5)
    assert receiver(versions, "DELETE", f"sessions/{name}").status == 405


def test_a_cdr_is_read_where_its_answer_says(versions: Versions) -> None:
    """R211-063, R211-065"""
    cdr = old_cdr(doc.fresh("C"), CONTRACT)
    answer = call(versions.old, "POST", "RECEIVER/cdrs", cdr)
    assert answer.code == 1000, answer.json
    place = answer.headers["location"]
    assert versions.old.send("GET", place).data == cdr
    again = call(versions.old, "POST", "RECEIVER/cdrs", cdr)
    assert again.headers["location"] == place
    assert len(versions.held("cdrs", id=cdr["id"])) == 1


# --- tariffs, tokens ---


def test_a_tariff_is_put_patched_and_deleted(versions: Versions) -> None:
    """R211-072"""
    name = doc.fresh("T")
    assert receiver(versions, "PUT", f"tariffs/{name}", old_tariff(name)).status == 201
    change = {"currency": "SEK", "last_updated": LATER}
    assert receiver(versions, "PATCH", f"tariffs/{name}", change).code == 1000
    assert stored(versions, f"tariffs/{name}") == old_tariff(name) | change
    assert receiver(versions, "DELETE", f"tariffs/{name}").code == 1000
    assert receiver(versions, "GET", f"tariffs/{name}").status == 404


def test_tokens_are_listed_by_date_and_page(versions: Versions) -> None:
    """R211-080, R211-082: two types of one uid are two tokens."""
    year, uid = str(next(YEAR)), doc.fresh("U")
    made = [
        doc.token(NODE, uid, type=kind, last_updated=year + at)
        for kind, at in zip(("RFID", "OTHER"), AT, strict=False)
    ]
    versions.load("tokens", *made)
    window = {"date_from": f"{year}-01-01T00:00:00Z", "date_to": f"{year}-12-31T00:00:00Z"}
    both = call(versions.old, "GET", "SENDER/tokens", **window)
    assert [(one["uid"], one["type"]) for one in both.data] == [(uid, "RFID"), (uid, "OTHER")]
    page = call(versions.old, "GET", "SENDER/tokens", limit=1, **window)
    assert (len(page.data), page.headers["x-total-count"]) == (1, "2")
    assert page.next is not None
    assert [one["type"] for one in versions.old.send("GET", page.next).data] == ["OTHER"]
    first = call(
        versions.old, "GET", "SENDER/tokens", **window | {"date_to": f"{year}-03-01T00:00:00Z"}
    )
    assert [one["type"] for one in first.data] == ["RFID"]


def test_two_types_of_one_uid_are_two_tokens_to_a_receiver_too(versions: Versions) -> None:
    """R211-082"""
    uid = doc.fresh("U")
    for kind in ("RFID", "OTHER"):
        path = f"RECEIVER/tokens/FR/OLM/{uid}"
        assert call(versions.older, "PUT", path, old_token(uid, type=kind)).code == 1000
    assert {one["type"] for one in versions.held("tokens", uid=uid)} == {"RFID", "OTHER"}


def test_a_known_token_is_allowed(versions: Versions) -> None:
    """R211-084, R211-088"""
    uid = doc.fresh("U")
    versions.load("tokens", doc.token(NODE, uid))
    answer = call(versions.old, "POST", f"SENDER/tokens/{uid}/authorize")
    assert answer.code == 1000, answer.json
    assert answer.data["allowed"] == "ALLOWED"
    assert set(answer.data) <= {"allowed", "location", "info"}


def test_a_token_that_is_never_whitelisted_is_asked_about_each_time(versions: Versions) -> None:
    """R211-089"""
    uid = doc.fresh("U")
    token = old_token(uid, whitelist="NEVER")
    assert call(versions.older, "PUT", f"RECEIVER/tokens/FR/OLM/{uid}", token).code == 1000
    versions.older.http.on("POST", f"/tokens/{uid}/authorize", answers(allowed="ALLOWED"))
    for _ in range(2):
        assert versions.node.json("authorize", uid)["allowed"] == "ALLOWED"
    assert len(pushed(versions.older, "POST", f"/tokens/{uid}/authorize")) == 2
