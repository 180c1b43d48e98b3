"""Invoices, bookings and payments: an operator's desk and that of an eMSP and provider."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from tests.e2e import documents
from tests.operator.conftest import Desk, Open, Street
from tests.roaming.company import meet, role

from voltroam.standard.v2_2_1 import Role

CPO, EMSP, PTP = ("NL", "AAA"), ("DE", "MSP"), ("DE", "PAY")
FREE = {"start_date_time": "2026-11-22T12:00:00Z", "end_date_time": "2026-11-22T20:00:00Z"}
PLACE = {
    "country_code": "NL", "party_id": "AAA", "id": "BL1", "location_id": "L1",
    "calendars": [{"id": "C1", "begin_from": "2026-11-22T12:00:00Z",
                   "end_before": "2026-11-23T12:00:00Z", "available_timeslots": [FREE],
                   "last_updated": "2026-11-22T11:00:00Z"}],
    "last_updated": "2026-11-22T11:00:00Z",
}  # fmt: skip


class Two(NamedTuple):
    cpo: Desk
    emsp: Desk

    async def both(self, method: str, path: str, body: Any = None, *, at: str = "cpo") -> Any:
        """The answer of one of them, which must be a yes."""
        desk: Desk = getattr(self, at)
        heard = await desk.ask(method, path, body)
        assert heard.status in (200, 201, 204), heard.body
        return heard.json if heard.body else None


@pytest_asyncio.fixture
async def two(opened: Open) -> AsyncIterator[Two]:
    emsp = await opened(
        "emsp.example", role("DE/MSP", Role.EMSP), role("DE/PAY", Role.PTP), modern=True
    )
    cpo = await opened("cpo.example", role("NL/AAA", Role.CPO), behind=Street(), modern=True)
    await meet(emsp.company, cpo.company)
    running = [asyncio.create_task(desk.delivery.run()) for desk in (cpo, emsp)]
    yield Two(cpo, emsp)
    for desk in (cpo, emsp):
        await desk.delivery.stop()
    await asyncio.gather(*running)


async def walked(two: Two, path: str, *, at: str = "cpo") -> list[Any]:
    """A list one by one, from cursor to cursor: each page begins where the last one ended."""
    found: list[Any] = []
    query = "?limit=1"
    while True:
        page = await two.both("GET", f"{path}{query}", at=at)
        assert len(page["items"]) <= 1
        found += page["items"]
        if page.get("next") is None:
            return found
        query = f"?limit=1&cursor={page['next']}"


async def deliver(desk: Desk) -> None:
    """Until all that can be is delivered."""
    async with asyncio.timeout(60):
        while not await desk.delivery.at_rest():
            await asyncio.sleep(0.02)


async def until(met: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(60):
        while not (found := await met()):
            await asyncio.sleep(0.02)
    return found


@pytest.mark.operations(
    "issue_invoice", "list_invoices", "get_invoice", "tell_invoice_amount", "withdraw_invoice"
)
async def test_an_invoice_from_its_issue_to_its_withdrawal(two: Two) -> None:
    """RINV-003, RINV-005, RINV-007, RINV-014"""
    cdr = documents.cdr(CPO, "C1", contract=EMSP)
    await two.both("PUT", "/cdrs/NL/AAA/C1", cdr)
    issued = await two.both("POST", "/invoices", {"invoice_id": "I1", "cdrs": ["C1"]})
    path = f"/invoices/{issued['owner']}/{issued['id']}"
    await deliver(two.cpo)
    held = await two.both("GET", path, at="emsp")
    assert (held["issued"], held["match"], held["lines"][0]["match"]) == (
        False, "UNMATCHED", "MATCHED",
    )  # fmt: skip
    told = {"amount": held["total"]["before"], "currency": "EUR", "with_taxes": False}
    assert (await two.both("PUT", f"{path}/amount", told, at="emsp"))["match"] == "MATCHED"
    listed = await two.both("GET", "/invoices", at="emsp")
    assert [one["invoice_id"] for one in listed["items"]] == ["I1"]
    assert (await two.both("DELETE", path))["withdrawn"] is True


@pytest.mark.operations(
    "list_booking_locations", "put_booking_location", "list_bookings", "get_booking",
    "request_booking", "change_booking", "cancel_booking", "answer_booking",
)  # fmt: skip
async def test_a_booking_from_its_offer_to_its_end(two: Two) -> None:
    """RBK-004, RBK-011, RBK-015, RBK-016, RBK-023"""
    nowhere = await two.cpo.ask("PUT", "/booking-locations/NL/AAA/BL1", PLACE)
    assert nowhere.status == 422, "RBK-004: there is no such location"
    await two.both("PUT", "/locations/NL/AAA/L1", documents.location(CPO, "L1"))
    await two.both("PUT", "/booking-locations/NL/AAA/BL1", PLACE)
    await deliver(two.cpo)
    offered = await two.both("GET", "/booking-locations", at="emsp")
    assert [one["id"] for one in offered["items"]] == ["BL1"]
    wanted = {
        "operator": "NL/AAA", "booking_location_id": "BL1",
        "start": "2026-11-22T14:00:00Z", "end": "2026-11-22T15:00:00Z",
    }  # fmt: skip
    asked = await two.both("POST", "/bookings", wanted, at="emsp")
    assert asked["reservation_status"] == "PENDING"
    path = f"/bookings/NL/AAA/{asked['id']}"
    granted = await two.both("POST", f"{path}/answer", {"accepted": True})
    assert granted["reservation_status"] == "RESERVED"
    await deliver(two.cpo)
    assert (await two.both("GET", path, at="emsp"))["reservation_status"] == "RESERVED"
    later = {"start": "2026-11-22T16:00:00Z", "end": "2026-11-22T17:00:00Z"}
    changed = await two.both("PUT", f"{path}/period", later, at="emsp")
    assert changed["booking_requests"][-1]["request_status"] == "PENDING"
    given_up = await two.both("POST", f"{path}/cancel", {"reason": "TRAFFIC"}, at="emsp")
    assert given_up["reservation_status"] == "CANCELED"
    listed = await two.both("GET", "/bookings")
    assert [one["reservation_status"] for one in listed["items"]] == ["CANCELED"]
    await two.both("PUT", "/booking-locations/NL/AAA/BL0", {**PLACE, "id": "BL0"})
    assert [one["id"] for one in await walked(two, "/booking-locations")] == ["BL1", "BL0"]
    assert await walked(two, "/bookings") == listed["items"]
    bad = await two.cpo.ask("GET", "/bookings?cursor=nonsense")
    assert bad.status == 422


@pytest.mark.operations(
    "list_terminals", "add_terminal", "assign_terminal", "change_terminal", "activate_terminal",
    "deactivate_terminal", "start_payment", "list_payments", "get_payment", "tell_capture",
    "release_payment", "list_financial_advice",
)  # fmt: skip
async def test_a_terminal_and_what_is_paid_at_it(two: Two) -> None:
    """RPAY-004, RPAY-006, RPAY-007, RPAY-009, RPAY-022, RPAY-023"""
    terminal = {"to": "NL/AAA", "terminal": {"terminal_id": "T1"}}
    await two.both("POST", "/terminals", terminal, at="emsp")
    await deliver(two.emsp)
    assigned = await two.both("PUT", "/terminals/T1/places", {"location_ids": ["L1"]})
    assert assigned["location_ids"] == ["L1"]
    named = await two.both("PUT", "/terminals/T1", {"changes": {"customer_reference": "AAA"}})
    assert (named["customer_reference"], named["location_ids"]) == ("AAA", ["L1"])
    listed = await two.both("GET", "/terminals", at="emsp")
    assert [one["state"] for one in listed["items"]] == ["ASSIGNED"]

    wanted = {
        "partner": "cpo.example", "operator": "NL/AAA", "terminal_id": "T1", "location_id": "L1",
        "amount": 50, "currency": "EUR",
    }  # fmt: skip
    refused = await two.both("POST", "/payments", wanted, at="emsp")
    assert refused["state"] == "RELEASED", "the operator has no such location"
    await two.both("PUT", "/locations/NL/AAA/L1", documents.location(CPO, "L1"))
    await deliver(two.cpo)
    paid = await two.both("POST", "/payments", wanted, at="emsp")
    assert paid["state"] == "PREAUTHORISED"
    unused = await two.both("POST", "/payments", wanted, at="emsp")
    path = f"/payments/{unused['reference']}/release"
    assert (await two.both("POST", path, at="emsp"))["state"] == "RELEASED"
    bill = documents.cdr(
        CPO, "C9", contract=PTP, authorization_reference=paid["reference"],
        invoice_reference_id="I9",
    )  # fmt: skip
    await two.both("PUT", "/cdrs/NL/AAA/C9", bill)
    path = f"/payments/{paid['reference']}"

    async def billed() -> bool:
        await two.emsp.packages["paying"].look()
        payment = await two.both("GET", path, at="emsp")
        return bool(payment["state"] == "CDR_RECEIVED")

    await until(billed)
    capture = {"status": "PARTIAL_SUCCESS", "amount": 1, "eft_data": ["Card"]}
    done = await two.both("POST", f"{path}/capture", capture, at="emsp")
    assert done["state"] == "CONFIRMED"
    payments = await two.both("GET", "/payments", at="emsp")
    assert {one["state"] for one in payments["items"]} == {"CONFIRMED", "RELEASED"}

    async def advised() -> Any:
        await two.cpo.packages["paying"].look()
        return (await two.both("GET", "/financial-advice"))["items"]

    assert [one["captured"] for one in await until(advised)] == [1]

    await two.both("POST", "/terminals/T1/deactivate")
    states = await two.both("GET", "/terminals")
    assert [one["state"] for one in states["items"]] == ["DEACTIVATED"]
    wanted = {"partner": "emsp.example", "terminal": {"reference": "SN-2"}}
    await two.both("POST", "/terminal-activations", wanted)
    listed = await two.both("GET", "/terminals", at="emsp")
    assert len(listed["items"]) == 2
    assert await walked(two, "/terminals", at="emsp") == listed["items"]
    listed = await two.both("GET", "/payments", at="emsp")
    assert len(listed["items"]) == 3
    assert await walked(two, "/payments", at="emsp") == listed["items"]
    assert await walked(two, "/financial-advice") == await advised()


async def test_what_is_of_or_for_nobody_of_ours_is_not_there(two: Two) -> None:
    """As the document says; what is not the key's party's is nobody's to it."""
    wanted = {"provider": "XX/XXX", "to": "NL/AAA", "terminal": {}}
    assert (await two.emsp.ask("POST", "/terminals", wanted)).status == 404
    wanted = {"partner": "emsp.example", "terminal": {"reference": "SN-1"}}
    strange = await two.cpo.ask(
        "POST", "/terminal-activations", wanted, scope="operate", parties=("DE/XXX",)
    )
    assert strange.status == 404
    invoice = {"invoice_id": "I1", "cdrs": ["C1"], "owner": "NL/AAA"}
    strange = await two.cpo.ask("POST", "/invoices", invoice, scope="operate", parties=("DE/XXX",))
    assert strange.status == 404
