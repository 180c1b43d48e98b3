"""Sessions that the node builds from a host's reports, as partners see them."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.e2e import documents as doc
from tests.e2e.mock_http import Recorded
from tests.e2e.mock_partner import MockPartner
from tests.e2e.nodes import wait_until
from tests.e2e.stage import EMSP, NODE, OTHER, Stage, pushed, wait_for_push

from voltroam.holdings import Holdings, micros
from voltroam.roaming.charging import Charging, Correction
from voltroam.roaming.host import Reading
from voltroam.settings import read_settings
from voltroam.standard.v2_2_1 import AuthMethod, CdrToken, TokenType

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)
Report = Callable[[Charging], Coroutine[Any, Any, Any]]


def minute(number: float) -> datetime:
    return NOW + timedelta(minutes=number)


def meter(number: float, kwh: str, **members: Any) -> Reading:
    return Reading(at=minute(number), kwh=Decimal(kwh), **members)


def token(party: tuple[str, str] = EMSP) -> CdrToken:
    country, code = party
    return CdrToken(
        country_code=country, party_id=code, uid="04AA", type=TokenType.RFID, contract_id="C1"
    )


def report(stage: Stage, told: Report) -> Any:
    """What a host reports, as another process on the node's database."""

    async def run() -> Any:
        holdings = await Holdings.open(read_settings(stage.node.config), stage.node.folder)
        try:
            return await told(Charging(holdings.store, holdings.identity, micros))
        finally:
            await holdings.close()

    return asyncio.run(run())


@pytest.fixture(scope="module")
def place(stage: Stage) -> str:
    """A location with one EVSE, where a reservation has a price."""
    name = doc.fresh("L")
    parts = [
        {"price_components": [{"type": "TIME", "price": 2, "step_size": 1}],
         "restrictions": {"reservation": "RESERVATION"}},
        {"price_components": [{"type": "ENERGY", "price": 0.5, "step_size": 1}]},
    ]  # fmt: skip
    stage.load("tariffs", doc.tariff(NODE, f"T{name}", elements=parts))
    connector = doc.connector(tariff_ids=[f"T{name}"])
    evse = doc.evse(uid=f"E{name}", connectors=[connector])
    stage.load("locations", doc.location(NODE, name, evses=[evse]))
    return name


def begin(stage: Stage, place: str, name: str, **changes: Any) -> str:
    asked: dict[str, Any] = {
        "location_id": place, "evse_uid": f"E{place}", "token": token(), "at": NOW,
        "auth_method": AuthMethod.WHITELIST, "session_id": name,
    }  # fmt: skip
    found: str = report(stage, lambda charging: charging.begin(**asked | changes))
    return found


def reserve(stage: Stage, place: str, name: str, **changes: Any) -> None:
    asked: dict[str, Any] = {
        "location_id": place, "token": token(), "at": NOW, "until": minute(240),
        "session_id": name, "authorization_reference": "REF-A",
    }  # fmt: skip
    report(stage, lambda charging: charging.reserved(**asked | changes))


def held(partner: MockPartner, name: str) -> Any:
    return partner.held.get(("sessions", *NODE, name))


def wait_for_status(partner: MockPartner, name: str, status: str) -> Any:
    wait_until(lambda: (held(partner, name) or {}).get("status") == status, what=status)
    return held(partner, name)


def cdr_of(partner: MockPartner, session_id: str) -> Any:
    """Of the CDRs that came, the first of a session."""

    def come() -> list[Any]:
        return [one for one in posted(partner) if one.get("session_id") == session_id]

    return wait_until(come, what=f"the CDR of {session_id}")[0]


def posted(partner: MockPartner) -> list[Any]:
    return [it.json for it in pushed(partner, "POST", "cdrs")]


def traffic(partner: MockPartner, name: str) -> list[Recorded]:
    return [it for it in partner.http.recorded if name in it.target and it.method != "GET"]


def test_a_session_is_put_then_patched_and_ends_in_a_cdr(stage: Stage, place: str) -> None:
    """SES-FLOW-01, SES-FLOW-02, SES-FLOW-04, SES-PATCH-03, SES-PATCH-05, SES-OBJ-03, SES-OBJ-06,
    CDR-FLOW-02, CDR-FLOW-05, CDR-OBJ-01"""
    name = doc.fresh("S")
    begin(stage, place, name, reading=meter(0, "100"))
    assert wait_for_push(stage.partner, "PUT", name).json["status"] == "ACTIVE"
    report(stage, lambda charging: charging.read(name, meter(20, "104")))
    patch = wait_for_push(stage.partner, "PATCH", name).json
    assert "last_updated" in patch
    assert len(patch["charging_periods"]) == 1
    assert "cdr_token" not in patch
    report(stage, lambda charging: charging.read(name, meter(40, "106")))
    report(stage, lambda charging: charging.end(name, minute(60), meter(60, "108")))
    session = wait_for_status(stage.partner, name, "COMPLETED")
    assert (session["kwh"], session["total_cost"]) == (8, {"excl_vat": 4})
    starts = [one["start_date_time"] for one in session["charging_periods"]]
    assert starts == sorted(set(starts))
    assert {one["tariff_id"] for one in session["charging_periods"]} == {f"T{place}"}
    cdr = cdr_of(stage.partner, name)
    assert cdr["total_cost"]["excl_vat"] == 4
    count = len(traffic(stage.partner, name))
    report(stage, lambda charging: charging.end(name, minute(90), meter(90, "200")))
    stage.load("locations", doc.location(NODE, doc.fresh("L")))
    assert len(traffic(stage.partner, name)) == count
    assert not [it for it in stage.other.http.recorded if name in it.target]


def test_a_pending_session_moves_its_start(stage: Stage, place: str) -> None:
    """SES-FLOW-11"""
    name = doc.fresh("S")
    begin(stage, place, name, pending=True)
    assert wait_for_push(stage.partner, "PUT", name).json["status"] == "PENDING"
    report(stage, lambda charging: charging.activate(name, minute(4)))
    session = wait_for_status(stage.partner, name, "ACTIVE")
    assert session["start_date_time"] == minute(4).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_an_invalid_session_is_never_billed(stage: Stage, place: str) -> None:
    """SES-FLOW-12, CDR-FLOW-07"""
    name = doc.fresh("S")
    begin(stage, place, name, reading=meter(0, "0"))
    report(stage, lambda charging: charging.invalidate(name, "broken"))
    wait_for_status(stage.partner, name, "INVALID")
    assert report(stage, lambda charging: charging.end(name, minute(5))) is None
    assert not [it for it in posted(stage.partner) if it.get("session_id") == name]


def test_a_reservation_becomes_the_session_and_the_latest_authorization_counts(
    stage: Stage, place: str
) -> None:
    """SES-FLOW-06, SES-FLOW-07, SES-FLOW-08, SES-OBJ-01, SES-OBJ-02, SES-OBJ-05, CDR-OBJ-02,
    CDR-OBJ-03, CDR-OBJ-04"""
    name = doc.fresh("S")
    reserve(stage, place, name, token=token(OTHER))
    first = wait_for_push(stage.other, "PUT", name).json
    assert (first["status"], first["evse_uid"]) == ("RESERVATION", "#NA")
    assert (first["auth_method"], first["authorization_reference"]) == ("COMMAND", "REF-A")
    asked = {"token": token(OTHER), "at": minute(10), "reading": meter(10, "5")}
    assert begin(stage, place, doc.fresh("S"), session_id=None, **asked) == name
    session = wait_for_status(stage.other, name, "ACTIVE")
    assert session["evse_uid"] == f"E{place}"
    assert (session["auth_method"], session["authorization_reference"]) == ("WHITELIST", "REF-A")
    report(stage, lambda it: it.authorized(name, AuthMethod.AUTH_REQUEST, "REF-B"))
    report(stage, lambda charging: charging.end(name, minute(40), meter(40, "9")))
    cdr = cdr_of(stage.other, name)
    assert (cdr["auth_method"], cdr["authorization_reference"]) == ("AUTH_REQUEST", "REF-B")
    assert cdr["start_date_time"] == NOW.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_an_unused_reservation_is_completed_and_may_cost(stage: Stage, place: str) -> None:
    """SES-FLOW-09, SES-FLOW-10, CDR-OBJ-12: half an hour at 2.00."""
    name = doc.fresh("S")
    reserve(stage, place, name)
    report(stage, lambda it: it.reservation_over(name, "EXPIRED", minute(30)))
    assert wait_for_status(stage.partner, name, "COMPLETED")["kwh"] == 0
    cdr = cdr_of(stage.partner, name)
    assert cdr["total_reservation_cost"]["excl_vat"] == 1
    assert cdr["cdr_location"]["evse_uid"] == "#NA"


def test_a_correction_is_a_credit_and_a_new_cdr(stage: Stage, place: str) -> None:
    """CDR-CRED-01, CDR-CRED-02, CDR-CRED-03, CDR-CRED-04, CDR-OBJ-10"""
    name = doc.fresh("S")
    begin(stage, place, name, reading=meter(0, "0"))
    report(stage, lambda charging: charging.end(name, minute(30), meter(30, "6")))
    wrong = cdr_of(stage.partner, name)
    facts = Correction(home_charging_compensation=True)
    done = report(stage, lambda charging: charging.correct(wrong["id"], facts))
    wait_until(
        lambda: {done.credit_id, done.cdr_id} <= {it["id"] for it in posted(stage.partner)},
        what="both CDRs",
    )
    by_id = {it["id"]: it for it in posted(stage.partner)}
    back, right = by_id[done.credit_id], by_id[done.cdr_id]
    assert (back["credit"], back["credit_reference_id"]) == (True, wrong["id"])
    assert back["total_cost"]["excl_vat"] == -3
    assert right["home_charging_compensation"] is True
    assert "credit" not in right


def test_na_stands_only_where_nothing_is_assigned(stage: Stage) -> None:
    """CORE-TYPE-17, SES-OBJ-02, CDR-OBJ-12: in all that partners got from the tests above."""
    for partner in (stage.partner, stage.other):
        for request in partner.http.recorded:
            if b"#NA" not in request.body:
                continue
            sent = request.json
            reserved = sent.get("status") == "RESERVATION" or "total_reservation_cost" in sent
            unused = sent.get("status") == "COMPLETED" and not sent["kwh"]
            assert reserved or unused, (request.method, request.target)
