"""Bookings, payments and invoice reconciliation between two served nodes that speak 2.3.0.

One pair for all: an operator, and a company that is eMSP and payment terminal provider.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from tests.e2e import documents
from tests.e2e.conftest import Pair
from tests.e2e.nodes import Served, introduce, make_node, wait_until

CPO, EMSP = ("NL", "NOD"), ("DE", "MOV")
SECONDS = 60.0
WILLING = '''"""Chargers that take every order, and tell later what became of it."""

from voltroam.roaming.host import Unattended


class Willing(Unattended):
    async def consider(self, order):
        return None

    async def carry_out(self, order):
        return None
'''


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder: Path = tmp_path_factory.mktemp("packages")
    cpo = make_node(folder / "cpo", "NL/NOD/CPO", name="cpo")
    emsp = make_node(folder / "emsp", "DE/MOV/EMSP", "DE/PAY/PTP", name="emsp")
    for node in (cpo, emsp):
        settings = node.config.read_text("utf-8")
        node.config.write_text(f'versions = ["2.2.1", "2.3.0"]\n{settings}', "utf-8")
    cpo.config.with_name("willing.py").write_text(WILLING, "utf-8")
    settings = cpo.config.read_text("utf-8")
    own = 'host = "willing:Willing"\ninvoices = true\n'
    cpo.config.write_text(f"{own}{settings}", "utf-8")
    try:
        cpo.serve()
        emsp.serve()
        registered = introduce(cpo, emsp)
        assert registered["version"] == "2.3.0"
        yield Pair(cpo, emsp)
    finally:
        cpo.kill()
        emsp.kill()


def test_an_invoice_is_told_compared_put_right_and_withdrawn(pair: Pair) -> None:
    """RINV-001, RINV-003, RINV-005, RINV-006, RINV-007, RINV-013, RINV-015, RINV-016"""
    cpo, emsp = pair.cpo, pair.emsp
    cpo.load("cdrs", [documents.cdr(CPO, f"CDR-{n}", contract=EMSP) for n in (1, 2)])
    wait_until(lambda: len(emsp.export("cdrs")) == 2, seconds=SECONDS, what="the CDRs")
    issued = cpo.json("invoice", "issue", "2026-03", "CDR-1", "CDR-2")
    name = f"{issued['owner']}/{issued['id']}"
    assert [line["match"] for line in issued["lines"]] == ["MATCHED", "MATCHED"]

    def received() -> Any:
        return next((one for one in emsp.json("invoice", "list") if one["id"] == issued["id"]), 0)

    held = wait_until(received, seconds=SECONDS, what="the record")
    assert (held["issued"], held["match"], held["invoice_id"]) == (False, "UNMATCHED", "2026-03")
    before = held["total"]["before"]
    told = emsp.json("invoice", "amount", name, str(before), "EUR", "--before-taxes")
    assert told["match"] == "MATCHED"
    assert emsp.json("invoice", "amount", name, "1", "EUR")["match"] == "AMOUNT_DIFF"

    cpo.json("invoice", "issue", "2026-03", "CDR-1", "CDR-9", "--to", "DE/MOV", "--record",
             issued["id"])  # fmt: skip
    wait_until(lambda: received()["match"] == "MISSING_CDR", seconds=SECONDS, what="the PUT")
    again = cpo.json("invoice", "issue", "2026-04", "CDR-1")
    assert [line["match"] for line in again["lines"]] == ["ALREADY_INVOICED"]
    cpo.json("invoice", "withdraw", f"{again['owner']}/{again['id']}")
    cpo.json("invoice", "withdraw", name)
    wait_until(lambda: received()["withdrawn"], seconds=SECONDS, what="the DELETE")
    assert len(emsp.export("cdrs")) == 2


def test_a_slot_is_booked_changed_given_up_and_fulfilled(pair: Pair) -> None:
    """RBK-002, RBK-007, RBK-010, RBK-011, RBK-013, RBK-015, RBK-016, RBK-021, RBK-022, RBK-025,
    RBK-035, RBK-041, RBK-046"""
    cpo, emsp = pair.cpo, pair.emsp
    cpo.load("locations", [documents.location(CPO, "LOC1")])
    emsp.load("tokens", [documents.token(EMSP, "012345678")])
    day = {"begin_from": documents.moment(), "end_before": documents.moment(86_400)}
    free = {"start_date_time": documents.moment(), "end_date_time": documents.moment(80_000)}
    terms = {
        "supported_access_methods": ["OPEN"],
        "change_until_minutes": 0,
        "cancel_until_minutes": 0,
    }
    calendar = {"id": "C1", **day, "available_timeslots": [free],
                "last_updated": documents.moment()}  # fmt: skip
    place = {"country_code": "NL", "party_id": "NOD", "id": "BL1", "location_id": "LOC1",
             "booking_option": {"evse_uid": "E1"}, "booking_terms": terms, "calendars": [calendar],
             "last_updated": documents.moment()}  # fmt: skip
    offered = cpo.run("booking", "offer", "-", "--json", stdin=json.dumps(place))
    assert offered.code == 0, offered.out
    wait_until(lambda: emsp.json("booking", "places"), seconds=SECONDS, what="the place")

    at = ("booking", "request", "NL/NOD/BL1", "--start")
    booked = emsp.json(*at, "60", "--end", "120", "--token", "012345678")
    name = f"NL/NOD/{booked['id']}"
    assert booked["reservation_status"] == "PENDING"

    def state(node: Served) -> Any:
        one = node.json("booking", "show", name)
        return one["reservation_status"], one["booking_requests"][-1]["request_status"]

    cpo.json("booking", "accept", name)
    wait_until(lambda: state(emsp) == ("RESERVED", "ACCEPTED"), seconds=SECONDS, what="the word")
    slots = cpo.json("booking", "places")[0]["calendars"][0]["available_timeslots"]
    assert len(slots) == 2
    other = emsp.json(*at, "90", "--end", "100")
    assert other["reservation_status"] == "REJECTED"

    changed = emsp.json("booking", "change", name, "--start", "90", "--end", "150")
    assert changed["reservation_status"] == "RESERVED"
    assert changed["booking_requests"][-1]["request_status"] == "PENDING"
    cpo.json("booking", "decline", name)
    wait_until(lambda: state(emsp) == ("RESERVED", "DECLINED"), seconds=SECONDS, what="the no")
    started = booked["period"]["start_date_time"]
    assert emsp.json("booking", "show", name)["period"]["start_date_time"] == started

    second = emsp.json(*at, "200", "--end", "260")
    given_up = emsp.json("booking", "cancel", f"NL/NOD/{second['id']}", "--reason", "TRAFFIC")
    assert given_up["reservation_status"] == "CANCELED"
    third = emsp.json(*at, "300", "--end", "360")
    broken = f"NL/NOD/{third['id']}"
    cpo.json("booking", "cancel", broken, "--reason", "BROKEN_CHARGER")
    wait_until(
        lambda: emsp.json("booking", "show", broken)["reservation_status"] == "CANCELED",
        seconds=SECONDS, what="the operator's cancellation",
    )  # fmt: skip

    reference = booked["authorization_reference"]
    session = documents.session(CPO, "S-BOOKED", EMSP, authorization_reference=reference)
    assert cpo.load("sessions", [session])["accepted"] == 1
    wait_until(lambda: state(emsp)[0] == "FULFILLED", seconds=SECONDS, what="FULFILLED")


def test_a_terminal_is_assigned_paid_at_and_confirmed(pair: Pair) -> None:
    """RPAY-001, RPAY-002, RPAY-003, RPAY-004, RPAY-008, RPAY-009, RPAY-010, RPAY-019, RPAY-023,
    RPAY-024, RPAY-025, RPAY-032, RPAY-035"""
    cpo, ptp = pair.cpo, pair.emsp
    made = ptp.json("terminal", "add", "NL/NOD", '{"reference":"SN-1","city":"Wien"}')
    name = made["terminal_id"]

    def held(node: Served) -> Any:
        lines = node.json("terminal", "list")
        return next((one for one in lines if one["terminal"]["terminal_id"] == name), None)

    terminal = wait_until(lambda: held(cpo), seconds=SECONDS, what="the terminal")
    assert (terminal["state"], terminal["own"], terminal["provider"]) == (
        "CREATED", False, "DE/PAY",
    )  # fmt: skip
    wait_until(lambda: ptp.export("locations"), seconds=SECONDS, what="the location")
    refused = cpo.run("terminal", "assign", name, "--location", "NOWHERE", "--json")
    assert refused.code == 1
    assigned = cpo.json("terminal", "assign", name, "--location", "LOC1")
    assert assigned["location_ids"] == ["LOC1"]
    assert held(cpo)["state"] == held(ptp)["state"] == "ASSIGNED"

    paid = ptp.json(
        "terminal", "pay", name, "--partner", "them", "--operator", "NL/NOD",
        "--location", "LOC1", "--evse", "E1", "--amount", "50",
    )  # fmt: skip
    reference = paid["reference"]
    assert paid["state"] == "PREAUTHORISED"

    def payment() -> Any:
        lines = ptp.json("terminal", "payments")
        return next(one for one in lines if one["reference"] == reference)

    bill = documents.cdr(
        CPO, "CDR-PAID", contract=("DE", "PAY"), authorization_reference=reference,
        invoice_reference_id="INV-77",
    )  # fmt: skip
    assert cpo.load("cdrs", [bill])["accepted"] == 1
    wait_until(lambda: payment()["state"] == "CDR_RECEIVED", seconds=SECONDS, what="the CDR")
    total = payment()["cost_with_taxes"] or payment()["cost"]
    done = ptp.json("terminal", "capture", reference, str(total), "--line", "Card ***1234")
    assert (done["state"], done["capture"]) == ("CONFIRMED", "SUCCESS")
    advice = wait_until(
        lambda: cpo.json("terminal", "advice"), seconds=SECONDS, what="the confirmation"
    )
    assert [(one["reference"], one["match"]) for one in advice] == [(reference, "MATCHED")]
    assert advice[0]["eft_data"] == ["Card ***1234"]
    address = f"{cpo.url}/invoices/{reference}"
    with urlopen(address, timeout=SECONDS) as page:
        told = page.read().decode()
    assert "INV-77" in told
    assert "Card ***1234" in told
    with pytest.raises(HTTPError, match="404"):
        urlopen(f"{address}0", timeout=SECONDS)

    off = cpo.json("terminal", "deactivate", name)
    assert off.get("location_ids", []) == []
    assert held(ptp)["state"] == held(cpo)["state"] == "DEACTIVATED"
    cpo.json("terminal", "activate", "them", '{"reference":"SN-2"}')
    wait_until(
        lambda: [one for one in cpo.json("terminal", "list")
                 if one["terminal"].get("reference") == "SN-2"],
        seconds=SECONDS, what="the terminal that was activated",
    )  # fmt: skip
