"""A session from its start to its CDR."""

from decimal import Decimal

from tests.roaming.charging.chargers import PLAIN, START, Operator, energy, meter, minute

from voltroam.billing.findings import Verdict


async def test_a_session_ends_in_a_cdr_that_its_periods_add_up_to(operator: Operator) -> None:
    """CDR-FLOW-02, CDR-OBJ-01, CDR-OBJ-08: 10 kWh for 0.30 are 3.00 and 3.63 with VAT."""
    await operator.open(PLAIN)
    name = await operator.begin(reading=meter(0, "100"))
    await operator.charging.read(name, meter(20, "104", power=Decimal(12)))
    assert (await operator.session(name))["status"] == "ACTIVE"
    operator.clock.forward(minutes=60)
    cdr_id = await operator.charging.end(name, minute(50), meter(50, "110"))
    assert cdr_id is not None
    cdr, session = await operator.cdr(cdr_id), await operator.session(name)
    assert session["status"] == "COMPLETED"
    assert cdr["session_id"] == name
    assert cdr["total_cost"] == {"excl_vat": Decimal("3.00"), "incl_vat": Decimal("3.63")}
    assert session["total_cost"] == cdr["total_cost"]
    assert energy(cdr["charging_periods"]) == cdr["total_energy"] == session["kwh"] == 10
    assert energy(session["charging_periods"]) == 10
    assert (await operator.audited(cdr_id, name)).verdict is Verdict.OK
    assert START.year == 2026
