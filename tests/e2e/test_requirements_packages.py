"""What bookings, payments and invoice reconciliation demand, asked by a platform of 2.3.0."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e.documents import Json
from tests.e2e.nodes import wait_until
from tests.e2e.versions_stage import NEW, NODE, NWM, Versions, call

LATER = "2026-03-01T00:00:00Z"
DAY = {"start_date_time": "2099-06-01T00:00:00Z", "end_date_time": "2099-06-01T23:00:00Z"}


def calendar(identifier: str = "C1", *, hour: int = 10, **changes: Any) -> Json:
    slot = {
        "start_date_time": f"2099-06-01T{hour}:00:00Z",
        "end_date_time": f"2099-06-01T{hour + 1}:00:00Z",
    }
    return {
        "id": identifier, "begin_from": "2099-06-01T00:00:00Z",
        "end_before": "2099-06-02T00:00:00Z", "available_timeslots": [slot],
        "last_updated": doc.LONG_AGO,
    } | changes  # fmt: skip


def offer(party: tuple[str, str], identifier: str, location: str, **changes: Any) -> Json:
    return {
        "country_code": party[0], "party_id": party[1], "id": identifier, "location_id": location,
        "booking_option": {"evse_uid": "E1"}, "calendars": [calendar()],
        "last_updated": doc.LONG_AGO,
    } | changes  # fmt: skip


def request(place: str, location: str, **changes: Any) -> Json:
    return {
        "country_code": NWM[0], "party_id": NWM[1], "request_id": doc.fresh("R"),
        "location_id": location, "booking_location_id": place,
        "period": {"start_date_time": "2099-06-01T10:00:00Z",
                   "end_date_time": "2099-06-01T11:00:00Z"},
        "authorization_reference": doc.fresh("A"),
    } | changes  # fmt: skip


@pytest.fixture
def ours(versions: Versions) -> tuple[str, str]:
    """A place of ours that can be booked, and its location."""
    return offered(versions)


def offered(versions: Versions, *calendars: Json) -> tuple[str, str]:
    location, place = doc.fresh("L"), doc.fresh("BL")
    versions.load("locations", doc.location(NODE, location))
    whole = offer(NODE, place, location, calendars=list(calendars) or [calendar()])
    ran = versions.node.run("booking", "offer", "-", "--json", stdin=json.dumps(whole))
    assert ran.code == 0, ran.out + ran.err
    return place, location


@pytest.fixture
def theirs(versions: Versions) -> str:
    """A place of the partner's, as it told us."""
    location, place = doc.fresh("L"), doc.fresh("BL")
    path = f"RECEIVER/locations/BE/NEW/{location}"
    assert call(versions.new, "PUT", path, doc.location(NEW, location)).code == 1000
    answer = receive(versions, "PUT", f"booking_locations/{place}", offer(NEW, place, location))
    assert answer.code == 1000, answer.json
    return place


def receive(versions: Versions, method: str, path: str, body: Any = None) -> Any:
    """Below the partner's own party."""
    return call(versions.new, method, f"RECEIVER/Booking/BE/NEW/{path}", body)


# --- invoice reconciliation ---


def record(identifier: str, **changes: Any) -> Json:
    return {
        "country_code": NEW[0], "party_id": NEW[1], "id": identifier, "invoice_id": "2026-03",
        "cdrs": ["C1"], "last_updated": doc.LONG_AGO,
    } | changes  # fmt: skip


def test_our_records_are_listed_by_date_and_page(versions: Versions) -> None:
    """RINV-002: from is included, to is not."""
    names = []
    for _ in range(3):
        cdr = doc.cdr(NODE, doc.fresh("C"), NWM)
        versions.load("cdrs", cdr)
        names.append(versions.node.json("invoice", "issue", doc.fresh("I"), cdr["id"])["id"])
    whole = call(versions.new, "GET", "SENDER/invoicereconciliation").data
    moments = {one["id"]: one["last_updated"] for one in whole}
    window = {"date_from": moments[names[0]], "date_to": moments[names[2]]}
    answer = call(versions.new, "GET", "SENDER/invoicereconciliation", **window)
    assert [one["id"] for one in answer.data] == names[:2]
    page = call(versions.new, "GET", "SENDER/invoicereconciliation", limit=1, **window)
    assert (page.headers["x-total-count"], len(page.data)) == ("2", 1)
    assert page.next is not None


def test_a_record_is_kept_once_and_never_patched(versions: Versions) -> None:
    """RINV-003, RINV-004, RINV-005, RINV-006, RINV-007, RINV-008, RINV-018"""
    one = record(doc.fresh("I"))
    at = f"RECEIVER/invoicereconciliation/BE/NEW/{one['id']}"
    base = "RECEIVER/invoicereconciliation"
    for _ in range(2):
        assert call(versions.new, "POST", base, one).code == 1000
    assert call(versions.new, "GET", at).data == one
    change = {"invoice_id": "other", "last_updated": LATER}
    assert call(versions.new, "PATCH", at, change).status == 405
    assert call(versions.new, "GET", at).data == one
    corrected = one | {"cdrs": ["C2", "C3"], "last_updated": LATER}
    assert call(versions.new, "PUT", at, corrected).code == 1000
    assert call(versions.new, "GET", at).data == corrected
    other = corrected | {"party_id": "XXX"}
    mismatch = call(versions.new, "PUT", at, other)
    assert (mismatch.status, mismatch.code) == (200, 2001)
    assert call(versions.new, "DELETE", at).code == 1000
    assert call(versions.new, "GET", at).status == 404


# --- bookings: the operator ---


def test_places_are_found_by_their_free_slots(versions: Versions) -> None:
    """RBK-008: from is included, to is not."""
    early, _ = offered(versions, calendar(hour=10))
    late, _ = offered(versions, calendar(hour=12))

    def found(**query: str) -> set[str]:
        answer = call(versions.new, "GET", "SENDER/Booking/booking_locations", **query)
        assert answer.code == 1000, answer.json
        return {one["id"] for one in answer.data} & {early, late}

    assert found() == {early, late}
    assert found(timeslot_to="2099-06-01T12:00:00Z") == {early}
    assert found(timeslot_from="2099-06-01T12:00:00Z") == {late}


def test_a_place_and_a_calendar_are_read_by_path(versions: Versions, ours: tuple[str, str]) -> None:
    """RBK-009"""
    at = f"SENDER/Booking/booking_locations/{ours[0]}"
    whole = call(versions.new, "GET", at).data
    assert whole["id"] == ours[0]
    assert call(versions.new, "GET", f"{at}/C1").data == whole["calendars"][0]
    assert call(versions.new, "GET", f"{at}/C9").status == 404
    assert call(versions.new, "GET", "SENDER/Booking/booking_locations/NONE").status == 404


@pytest.mark.parametrize(
    "name",
    [
        "country_code", "party_id", "request_id", "location_id", "booking_location_id", "period",
        "authorization_reference",
    ],
)  # fmt: skip
def test_a_request_that_lacks_something_is_2001(
    versions: Versions, whole_offer: tuple[str, str], name: str
) -> None:
    """RBK-014"""
    asked = request(*whole_offer)
    del asked[name]
    answer = call(versions.new, "POST", "SENDER/Booking", asked)
    assert (answer.status, answer.code) == (200, 2001)


@pytest.fixture(scope="module")
def whole_offer(whole_versions: Versions) -> tuple[str, str]:
    return offered(whole_versions)


def test_tokens_of_a_request_are_the_bookings_booking_tokens(
    versions: Versions, ours: tuple[str, str]
) -> None:
    """RBK-018"""
    token = {"country_code": "BE", "party_id": "NWM", "uid": "012345678", "type": "RFID",
             "contract_id": "BE-NWM-C1"}  # fmt: skip
    answer = call(versions.new, "POST", "SENDER/Booking", request(*ours, tokens=[token]))
    assert answer.code == 1000, answer.json
    assert answer.data["booking_tokens"] == [token]
    assert answer.data["booking_requests"][0]["booking_request"]["tokens"] == [token]


def test_a_request_for_another_location_than_that_of_the_place_is_refused(
    versions: Versions, ours: tuple[str, str]
) -> None:
    """RBK-004"""
    answer = call(versions.new, "POST", "SENDER/Booking", request(ours[0], "NOWHERE"))
    assert answer.code in (2001, 2003) or answer.data["reservation_status"] == "REJECTED"


def test_an_offer_names_a_location_of_the_operator(versions: Versions) -> None:
    """RBK-004"""
    whole = offer(NODE, doc.fresh("BL"), "NOWHERE")
    ran = versions.node.run("booking", "offer", "-", "--json", stdin=json.dumps(whole))
    assert ran.code != 0
    assert "no such location" in ran.out


# --- bookings: the eMSP ---


def test_a_patch_needs_last_updated_and_moves_the_place(versions: Versions, theirs: str) -> None:
    """RBK-036, RBK-037"""
    at = f"booking_locations/{theirs}"
    change: Json = {"end_before": "2099-06-03T00:00:00Z"}
    for path in (at, f"{at}/C1"):
        answer = receive(versions, "PATCH", path, change)
        assert (answer.status, answer.code) == (200, 2001)
    answer = receive(versions, "PATCH", f"{at}/C1", change | {"last_updated": LATER})
    assert answer.code == 1000, answer.json
    place = receive(versions, "GET", at).data
    assert place["last_updated"] == place["calendars"][0]["last_updated"] == LATER
    assert place["calendars"][0]["end_before"] == change["end_before"]


def booking(identifier: str, location: str = "L1", **changes: Any) -> Json:
    asked = request("BL1", location)
    status = {"booking_request": asked, "request_status": "ACCEPTED",
              "request_received": doc.LONG_AGO}  # fmt: skip
    return {
        "country_code": NEW[0], "party_id": NEW[1], "id": identifier,
        "request_id": asked["request_id"], "location_id": location, "period": asked["period"],
        "reservation_status": "RESERVED",
        "authorization_reference": asked["authorization_reference"],
        "booking_terms": {"supported_access_methods": ["OPEN"], "change_until_minutes": 0,
                          "cancel_until_minutes": 0},
        "booking_requests": [status], "last_updated": doc.LONG_AGO,
    } | changes  # fmt: skip


def test_nothing_of_bookings_is_deleted(versions: Versions, theirs: str) -> None:
    """RBK-035, RBK-038"""
    one = booking(doc.fresh("B"))
    answer = receive(versions, "PUT", one["id"], one)
    assert answer.code == 1000, answer.json
    place = f"booking_locations/{theirs}"
    for path in (place, f"{place}/C1", one["id"]):
        assert receive(versions, "DELETE", path).status == 405
        assert receive(versions, "GET", path).code == 1000


def test_no_booking_is_called_as_the_path_of_places(strict: Versions) -> None:
    """RBK-040: it would hide them."""
    for method in ("PUT", "PATCH"):
        answer = receive(strict, method, "booking_locations", booking("booking_locations"))
        assert answer.code >= 2000
    held = strict.node.json("booking", "list")
    assert "booking_locations" not in {one["id"] for one in held}


@pytest.mark.parametrize(("method", "code"), [("LICENSE_PLATE", 1000), ("FOO", 2001)])
def test_access_is_one_of_six_ways(versions: Versions, method: str, code: int) -> None:
    """RBK-042: with a value or without."""
    ways: list[Json] = [{"method": method}, {"method": "OPEN", "value": "x"}]
    one = booking(doc.fresh("B"), access_information=ways)
    assert receive(versions, "PUT", one["id"], one).code == code


# --- payments: the operator ---


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, 1000),
        ({"invoice_creator": "PTP"}, 1000),
        ({"invoice_creator": "FOO"}, 2001),
        ({"address": "a" * 45, "city": "c" * 45, "postal_code": "1" * 10, "state": "s" * 20}, 1000),
        ({"address": "a" * 46}, 2001),
        ({"city": "c" * 46}, 2001),
        ({"postal_code": "1" * 11}, 2001),
        ({"state": "s" * 21}, 2001),
        ({"country": "AUTX"}, 2001),
        ({"customer_reference": "r" * 37}, 2001),
    ],
)
def test_a_terminal_keeps_to_its_words_and_lengths(
    strict: Versions, change: Json, code: int
) -> None:
    """RPAY-010, RPAY-013, RPAY-014, RPAY-016"""
    one = {"terminal_id": doc.fresh("T"), "last_updated": doc.LONG_AGO} | change
    answer = call(strict.new, "POST", "RECEIVER/payments/terminals", one)
    assert answer.code == code, answer.json
    got = call(strict.new, "GET", f"RECEIVER/payments/terminals/{one['terminal_id']}")
    assert got.status == (200 if code == 1000 else 404)


@pytest.fixture(scope="module")
def strict(whole_versions: Versions) -> Iterator[Versions]:
    """What is against a rule is refused, not only what is unusable; known within a second."""

    def is_strict(strict: bool) -> bool:
        faulty = {"terminal_id": doc.fresh("T"), "address": "a" * 46}
        path = "RECEIVER/payments/terminals"
        return (call(whole_versions.new, "POST", path, faulty).code == 2001) is strict

    for wanted in (True, False):
        whole_versions.node.json("partner", "profile", "new", f"strict={wanted}".lower())
        wait_until(partial(is_strict, wanted), what="the profile")
        if wanted:
            yield whole_versions


def confirmation(**changes: Any) -> Json:
    return {
        "id": doc.fresh("F"), "authorization_reference": doc.fresh("A"),
        "total_costs": {"before_taxes": 4.0}, "currency": "EUR", "eft_data": ["Card ***1234"],
        "capture_status_code": "SUCCESS", "last_updated": doc.LONG_AGO,
    } | changes  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "id", "authorization_reference", "total_costs", "currency", "eft_data",
        "capture_status_code", "last_updated",
    ],
)  # fmt: skip
def test_a_confirmation_that_lacks_something_is_2001(strict: Versions, name: str) -> None:
    """RPAY-026"""
    one = confirmation()
    del one[name]
    path = "RECEIVER/payments/financial-advice-confirmations"
    answer = call(strict.new, "POST", path, one)
    assert (answer.status, answer.code) == (200, 2001)


@pytest.mark.parametrize(
    ("lines", "code"),
    [(["x"], 1000), (["x" * 255], 1000), ([""], 2001), (["x" * 256], 2001), ([], 2001)],
)
def test_a_line_of_a_receipt_has_1_to_255_characters(
    strict: Versions, lines: list[str], code: int
) -> None:
    """RPAY-026, RPAY-030"""
    path = "RECEIVER/payments/financial-advice-confirmations"
    assert call(strict.new, "POST", path, confirmation(eft_data=lines)).code == code
