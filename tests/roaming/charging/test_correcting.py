"""A CDR that was wrong is taken back and billed anew; neither ever changes."""

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.roaming.charging.chargers import (
    BOOKED,
    PLAIN,
    ZONE,
    Operator,
    meter,
    minute,
)

from voltroam.billing.any_version import read_cdr
from voltroam.billing.audit import Context
from voltroam.billing.findings import Verdict
from voltroam.billing.together import Item, audit_all
from voltroam.roaming.charging import ChargingProblem, Correction
from voltroam.standard.errors import NotFound
from voltroam.wire.encode import encode

RIGHT = (meter(0, "100"), meter(30, "103"))


async def charged(operator: Operator, **options: Any) -> str:
    """5 kWh for 1.50."""
    await operator.open(PLAIN)
    name = await operator.begin(reading=meter(0, "100"), **options)
    operator.clock.forward(hours=1)
    cdr_id = await operator.charging.end(name, minute(30), meter(30, "105"))
    assert cdr_id == name
    return name


async def verdicts(operator: Operator, *ids: str) -> list[Verdict]:
    items = []
    for one in ids:
        document = await operator.document("cdrs", one)
        assert document is not None
        items.append(Item(read_cdr(document), Context(zone=ZONE)))
    report = audit_all(items)
    assert len(report.balances) == 1
    return [one.verdict for one in report.audits]


async def test_a_credit_and_a_right_cdr_take_its_place(operator: Operator) -> None:
    """CDR-CRED-01, CDR-CRED-02, CDR-CRED-03, CDR-CRED-04, CDR-CRED-05, CDR-FLOW-01"""
    name = await charged(operator)
    before = await operator.document("cdrs", name)
    operator.clock.forward(days=1)
    done = await operator.charging.correct(name, Correction(readings=RIGHT))
    assert done.cdr_id is not None
    assert len(done.credit_id) <= 39
    assert len(done.cdr_id) <= 36
    wrong, back = await operator.cdr(name), await operator.cdr(done.credit_id)
    assert (back["credit"], back["credit_reference_id"]) == (True, name)
    own = {"id", "credit", "credit_reference_id", "last_updated", "total_cost"}
    assert {key: back[key] for key in back.keys() - own} == {
        key: wrong[key] for key in wrong.keys() - own
    }
    assert back["total_cost"] == {side: -amount for side, amount in wrong["total_cost"].items()}
    right = await operator.cdr(done.cdr_id)
    assert right["total_cost"]["excl_vat"] == Decimal("0.90")
    assert right["session_id"] == name
    assert not {"credit", "credit_reference_id"} & right.keys()
    assert await operator.document("cdrs", name) == before
    ids = (name, done.credit_id, done.cdr_id)
    assert await verdicts(operator, *ids) == [Verdict.OK] * 3


async def test_the_same_correction_twice_is_one(operator: Operator) -> None:
    """Exactly once: told again after a crash it gives the same ids, others are refused."""
    name = await charged(operator)
    facts = Correction(readings=RIGHT)
    done = await operator.charging.correct(name, facts)
    head = await operator.store.head()
    assert await operator.restarted().charging.correct(name, facts) == done
    assert await operator.store.head() == head
    with pytest.raises(ChargingProblem) as problem:
        await operator.charging.correct(name, Correction(void=True))
    assert problem.value.code == "CORRECTED"
    with pytest.raises(ChargingProblem) as problem:
        await operator.charging.correct(done.credit_id, Correction(void=True))
    assert problem.value.code == "CREDIT"


async def test_a_corrected_cdr_can_be_corrected(operator: Operator) -> None:
    name = await charged(operator)
    first = await operator.charging.correct(name, Correction(remark="checked"))
    second = await operator.charging.correct(first.cdr_id or "", Correction(readings=RIGHT))
    cdr = await operator.cdr(second.cdr_id or "")
    assert (cdr["remark"], cdr["total_energy"]) == ("checked", 3)


async def test_what_is_only_taken_back_has_no_new_cdr(operator: Operator) -> None:
    """CDR-CRED-04"""
    name = await charged(operator)
    done = await operator.charging.correct(name, Correction())
    assert done.cdr_id is None
    assert (await operator.cdr(done.credit_id))["credit"] is True


async def test_end_tariff_and_members_can_be_corrected(operator: Operator) -> None:
    name = await charged(operator)
    dear = json.dumps(PLAIN | {"id": "DEAR", "elements": [
        {"price_components": [{"type": "TIME", "price": 4, "step_size": 1}]}
    ]}).encode()  # fmt: skip
    done = await operator.charging.correct(
        name, Correction(tariff=dear, end=minute(45), home_charging_compensation=True)
    )
    cdr = await operator.cdr(done.cdr_id or "")
    assert cdr["total_cost"]["excl_vat"] == Decimal("3.00")
    assert cdr["end_date_time"] == "2026-11-23T09:45:00Z"
    assert cdr["home_charging_compensation"] is True
    assert [one["id"] for one in cdr["tariffs"]] == ["DEAR"]


async def test_a_cdr_from_elsewhere_is_replaced_by_a_whole_one(operator: Operator) -> None:
    """One that was imported: we hold no readings of it."""
    name = await charged(operator)
    imported = await operator.cdr(name) | {"id": "IMPORTED", "session_id": "ELSEWHERE"}
    await operator.hold("cdrs", json.loads(encode(imported)))
    with pytest.raises(ChargingProblem) as problem:
        await operator.charging.correct("IMPORTED", Correction(readings=RIGHT))
    assert problem.value.code == "OTHER"
    right = encode(imported | {"remark": "right"})
    done = await operator.charging.correct("IMPORTED", Correction(cdr=right))
    assert (await operator.cdr(done.cdr_id or ""))["remark"] == "right"
    with pytest.raises(ChargingProblem):
        await operator.charging.correct(name, Correction(cdr=right))
    with pytest.raises(NotFound):
        await operator.charging.correct("NONE", Correction())


async def test_another_meter_and_a_reservation_are_billed_anew_alike(operator: Operator) -> None:
    """Replayed from the readings that were kept, the CDR is what it was."""
    await operator.open(BOOKED)
    await operator.reserve(evse_uid="E1")
    name = await operator.begin(at=minute(10), reading=meter(10, "100"))
    await operator.charging.replace_meter(name, meter(20, "102"), meter(20, "7"))
    await operator.charging.end(name, minute(40), meter(40, "10"))
    done = await operator.charging.correct(name, Correction(end=minute(40)))
    before, after = await operator.cdr(name), await operator.cdr(done.cdr_id or "")
    own = {"id", "last_updated"}
    assert {key: after[key] for key in after.keys() - own} == {
        key: before[key] for key in before.keys() - own
    }
