"""Bookings, payments and invoice reconciliation between two served nodes that speak 2.3.0.

One pair for all: an operator, and a company that is eMSP and payment terminal provider.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import documents
from tests.e2e.conftest import Pair
from tests.e2e.nodes import introduce, make_node, wait_until

CPO, EMSP = ("NL", "NOD"), ("DE", "MOV")
SECONDS = 60.0


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder: Path = tmp_path_factory.mktemp("packages")
    cpo = make_node(folder / "cpo", "NL/NOD/CPO", name="cpo")
    emsp = make_node(folder / "emsp", "DE/MOV/EMSP", "DE/PAY/PTP", name="emsp")
    for node in (cpo, emsp):
        settings = node.config.read_text("utf-8")
        node.config.write_text(f'versions = ["2.2.1", "2.3.0"]\n{settings}', "utf-8")
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
