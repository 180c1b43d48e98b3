"""What chargers report beside the common course: reservations, late starts, other meters."""

import pytest
from tests.operator.conftest import Desk
from tests.operator.test_live import CARD, place


@pytest.mark.operations("keep_reservation", "end_reservation", "get_session_progress")
async def test_a_reservation_that_nobody_uses_is_over(cpo: Desk) -> None:
    await place(cpo)
    body = {
        "location_id": "L1", "evse_uid": "E1", "connector_id": "1", "token": CARD,
        "operator": "NL/AAA", "at": "2026-11-22T11:00:00Z", "until": "2026-11-22T11:30:00Z",
    }  # fmt: skip
    told = await cpo.ask("POST", "/sessions/reserve", body, scope="operate")
    assert told.status == 201, told.body
    at = f"/sessions/NL/AAA/{told.json['session_id']}"
    assert (await cpo.ask("GET", at)).json["status"] == "RESERVATION"
    strange = {"outcome": "FORGOTTEN", "at": "2026-11-22T11:30:00Z"}
    assert (await cpo.ask("POST", f"{at}/reservation-over", strange)).status == 422
    over = await cpo.ask("POST", f"{at}/reservation-over", strange | {"outcome": "EXPIRED"})
    assert (over.status, over.json["status"]) == (200, "COMPLETED")
    progress = (await cpo.ask("GET", f"{at}/progress", scope="read")).json
    assert (progress["status"], progress["kwh"]) == ("COMPLETED", "0.0000")


@pytest.mark.operations("activate_session", "list_readings", "replace_meter")
async def test_a_pending_session_begins_and_goes_on_with_another_meter(cpo: Desk) -> None:
    await place(cpo)
    body = {
        "location_id": "L1", "evse_uid": "E1", "connector_id": "1", "token": CARD,
        "auth_method": "WHITELIST", "at": "2026-11-22T11:00:00Z", "operator": "NL/AAA",
        "pending": True,
    }  # fmt: skip
    told = await cpo.ask("POST", "/sessions", body)
    at = f"/sessions/NL/AAA/{told.json['session_id']}"
    first = {"at": "2026-11-22T11:05:00Z", "reading": {"at": "2026-11-22T11:05:00Z", "kwh": 10}}
    begun = await cpo.ask("POST", f"{at}/activate", first)
    assert (begun.status, begun.json["status"]) == (200, "ACTIVE"), begun.body
    meters = {
        "last": {"at": "2026-11-22T11:20:00Z", "kwh": 12},
        "first": {"at": "2026-11-22T11:21:00Z", "kwh": 500},
    }
    changed = await cpo.ask("POST", f"{at}/meter", meters)
    assert changed.status == 200, changed.body
    last = {"readings": [{"at": "2026-11-22T11:40:00Z", "kwh": 503}]}
    told = await cpo.ask("POST", f"{at}/readings", last)
    assert told.json["kwh"] == "5.0000", "2 kWh of the old meter, 3 of the new one"
    known = (await cpo.ask("GET", f"{at}/readings", scope="read")).json
    assert [one["kwh"] for one in known] == [10, 12, 500, 503]
