"""A session from its start to its CDR."""

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.roaming.charging.chargers import (
    BOOKED,
    DRIVER,
    OTHER_DRIVER,
    PLAIN,
    START,
    Operator,
    dimensions,
    energy,
    location,
    meter,
    minute,
    tariff,
)

from voltroam.billing.findings import Verdict
from voltroam.roaming.charging import Charge, Charging, ChargingProblem, UnknownSession
from voltroam.standard.errors import NodeError
from voltroam.standard.v2_2_1 import AuthMethod, Token, TokenType, WhitelistType
from voltroam.store.interface import Change, Decision, Held


async def test_a_session_ends_in_a_cdr_that_its_periods_add_up_to(operator: Operator) -> None:
    """CDR-FLOW-02, CDR-OBJ-01, CDR-OBJ-08: 10 kWh for 0.30 are 3.00 and 3.63 with VAT."""
    await operator.open(PLAIN)
    name = await operator.begin(reading=meter(0, "100"), meter_id="M1")
    await operator.charging.read(name, meter(20, "104", power=Decimal(12)))
    assert (await operator.session(name))["status"] == "ACTIVE"
    operator.clock.forward(minutes=60)
    cdr_id = await operator.charging.end(name, minute(50), meter(50, "110"))
    assert cdr_id is not None
    cdr, session = await operator.cdr(cdr_id), await operator.session(name)
    assert session["status"] == "COMPLETED"
    assert session["end_date_time"] == cdr["end_date_time"] == "2026-11-23T09:50:00Z"
    assert (cdr["session_id"], cdr["meter_id"]) == (name, "M1")
    assert cdr["total_cost"] == {"excl_vat": Decimal("3.00"), "incl_vat": Decimal("3.63")}
    assert session["total_cost"] == cdr["total_cost"]
    assert energy(cdr["charging_periods"]) == cdr["total_energy"] == session["kwh"] == 10
    assert energy(session["charging_periods"]) == 10
    assert (await operator.audited(cdr_id, name)).verdict is Verdict.OK


async def test_the_cdr_shows_place_and_tariff_of_the_start(operator: Operator) -> None:
    """CDR-FLOW-06, CDR-OBJ-05, CDR-OBJ-11"""
    await operator.open(PLAIN)
    name = await operator.begin(reading=meter(0, "0"))
    dearer = PLAIN | {"last_updated": "2026-11-23T09:10:00Z"}
    dearer["elements"] = [{"price_components": [{"type": "ENERGY", "price": 9, "step_size": 1}]}]
    await operator.hold("tariffs", dearer)
    await operator.hold(
        "locations", location("PLAIN", address="Elsewhere 9", last_updated="2026-11-23T09:10:00Z")
    )
    cdr = await operator.cdr(await operator.charging.end(name, minute(30), meter(30, "5")) or "")
    assert cdr["cdr_location"]["address"] == "Kade 1"
    assert cdr["tariffs"][0]["elements"][0]["price_components"][0]["price"] == Decimal("0.3")
    assert cdr["total_cost"]["excl_vat"] == Decimal("1.50")
    assert cdr["cdr_token"] == {
        "country_code": "DE", "party_id": "MSP", "uid": "04A1B2C3", "type": "RFID",
        "contract_id": "DE-MSP-C00000001",
    }  # fmt: skip


async def test_a_pending_session_moves_its_start_when_it_becomes_active(
    operator: Operator,
) -> None:
    """SES-FLOW-11"""
    await operator.open(PLAIN)
    name = await operator.begin(pending=True)
    assert (await operator.session(name))["status"] == "PENDING"
    assert (await operator.session(name))["start_date_time"] == "2026-11-23T09:00:00Z"
    await operator.charging.activate(name, minute(3), reading=meter(3, "7"))
    session = await operator.session(name)
    assert (session["status"], session["start_date_time"]) == ("ACTIVE", "2026-11-23T09:03:00Z")
    cdr = await operator.cdr(await operator.charging.end(name, minute(33), meter(33, "8")) or "")
    assert cdr["start_date_time"] == "2026-11-23T09:03:00Z"
    assert cdr["total_energy"] == 1


async def test_a_pending_session_that_never_begins_is_invalid(operator: Operator) -> None:
    """SES-FLOW-12"""
    await operator.open(PLAIN)
    name = await operator.begin(pending=True)
    assert await operator.charging.end(name, minute(5)) is None
    assert (await operator.session(name))["status"] == "INVALID"
    assert await operator.document("cdrs", name) is None


async def test_a_pending_session_begins_when_it_is_begun_again(operator: Operator) -> None:
    """SES-FLOW-11: by the id or by the order."""
    await operator.open(PLAIN)
    name = await operator.begin(pending=True, order_id="O1")
    assert await operator.begin(order_id="O1", at=minute(2)) == name
    assert (await operator.session(name))["start_date_time"] == "2026-11-23T09:02:00Z"


async def test_an_order_never_starts_two_sessions(operator: Operator) -> None:
    """Told again after a restart, it is the same session, even when that is over."""
    await operator.open(PLAIN)
    name = await operator.begin(order_id="O1", reading=meter(0, "0"))
    assert await operator.restarted().begin(order_id="O1") == name
    await operator.charging.end(name, minute(10), meter(10, "1"))
    assert await operator.begin(order_id="O1", at=minute(20)) == name
    assert (await operator.session(name))["status"] == "COMPLETED"
    with pytest.raises(ChargingProblem) as problem:
        await operator.begin(order_id="O1", token=OTHER_DRIVER)
    assert problem.value.code == "TAKEN"


async def test_an_invalid_session_has_no_cdr(operator: Operator) -> None:
    """SES-FLOW-12, CDR-FLOW-07"""
    await operator.open(PLAIN)
    name = await operator.begin(reading=meter(0, "0"))
    await operator.charging.read(name, meter(5, "2"))
    await operator.charging.invalidate(name, "meter broken")
    assert (await operator.session(name))["status"] == "INVALID"
    assert await operator.charging.end(name, minute(9)) is None
    assert await operator.document("cdrs", name) is None
    with pytest.raises(ChargingProblem, match="INVALID"):
        await operator.charging.read(name, meter(10, "3"))


async def test_a_completed_session_is_never_touched_again(operator: Operator) -> None:
    """SES-FLOW-04, SES-FLOW-03"""
    await operator.open(PLAIN)
    name = await operator.begin(reading=meter(0, "0"))
    cdr_id = await operator.charging.end(name, minute(10), meter(10, "1"))
    before = await operator.document("sessions", name)
    assert await operator.charging.end(name, minute(20), meter(20, "2")) == cdr_id
    for late in (
        operator.charging.read(name, meter(11, "9")),
        operator.charging.authorized(name, AuthMethod.COMMAND, "LATER"),
        operator.charging.invalidate(name, "too late"),
    ):
        with pytest.raises(ChargingProblem) as problem:
            await late
        assert problem.value.code == "OVER"
    assert await operator.document("sessions", name) == before


async def test_the_latest_authorization_counts(operator: Operator) -> None:
    """SES-OBJ-01, SES-OBJ-05, CDR-OBJ-02, CDR-OBJ-03: a reference stays until another is given."""
    await operator.open(PLAIN)
    name = await operator.begin(
        auth_method=AuthMethod.COMMAND, authorization_reference="A", reading=meter(0, "0")
    )
    await operator.charging.authorized(name, AuthMethod.AUTH_REQUEST, "B")
    await operator.charging.authorized(name, AuthMethod.WHITELIST)
    session = await operator.session(name)
    assert (session["auth_method"], session["authorization_reference"]) == ("WHITELIST", "B")
    cdr = await operator.cdr(await operator.charging.end(name, minute(5), meter(5, "1")) or "")
    assert (cdr["auth_method"], cdr["authorization_reference"]) == ("WHITELIST", "B")


async def test_the_token_of_a_command_reaches_session_and_cdr(operator: Operator) -> None:
    """CDR-OBJ-11: though it was never pushed to us."""
    await operator.open(PLAIN)
    token = Token(
        country_code="DE", party_id="MSP", uid="APP-1", type=TokenType.APP_USER,
        contract_id="DE-MSP-C9", issuer="Movia", valid=True, whitelist=WhitelistType.NEVER,
        last_updated=START,
    )  # fmt: skip
    name = await operator.begin(token=token, reading=meter(0, "0"))
    cdr = await operator.cdr(await operator.charging.end(name, minute(5), meter(5, "1")) or "")
    expected = {
        "country_code": "DE", "party_id": "MSP", "uid": "APP-1", "type": "APP_USER",
        "contract_id": "DE-MSP-C9",
    }  # fmt: skip
    assert (await operator.session(name))["cdr_token"] == expected == cdr["cdr_token"]


async def test_home_charging_is_marked(operator: Operator) -> None:
    """CDR-OBJ-10"""
    await operator.open(PLAIN)
    name = await operator.begin(home_charging_compensation=True, reading=meter(0, "0"))
    cdr = await operator.cdr(await operator.charging.end(name, minute(5), meter(5, "1")) or "")
    assert cdr["home_charging_compensation"] is True


async def test_a_missing_cost_is_unknown_and_zero_is_free(operator: Operator) -> None:
    """SES-OBJ-03, CDR-OBJ-05: without tariff nothing is said, a free tariff says 0.00."""
    free = tariff("FREE", {"price_components": [{"type": "FLAT", "price": 0, "step_size": 1}]})
    await operator.open(free)
    name = await operator.begin(reading=meter(0, "0"))
    await operator.charging.read(name, meter(30, "5"))
    assert (await operator.session(name))["total_cost"]["excl_vat"] == 0
    cdr = await operator.cdr(await operator.charging.end(name, minute(40)) or "")
    assert [one["id"] for one in cdr["tariffs"]] == ["FREE"]
    await operator.hold("locations", location(id="LOC2"))
    name = await operator.begin(location_id="LOC2", reading=meter(0, "0"))
    await operator.charging.read(name, meter(30, "5"))
    assert "total_cost" not in await operator.session(name)


async def test_the_id_is_folded_and_kept_as_given(operator: Operator) -> None:
    await operator.open(PLAIN)
    assert await operator.begin(session_id="Abc") == "Abc"
    progress = await operator.charging.read("aBC", meter(1, "5"))
    assert (progress.session_id, progress.kwh) == ("Abc", "0.0000")


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ({"location_id": "NOWHERE"}, "UNKNOWN_LOCATION"),
        ({"evse_uid": "E9"}, "UNKNOWN_EVSE"),
        ({"connector_id": "9"}, "UNKNOWN_CONNECTOR"),
    ],
)
async def test_a_place_that_is_not_ours_is_refused(
    operator: Operator, where: dict[str, str], code: str
) -> None:
    await operator.open(PLAIN)
    with pytest.raises(ChargingProblem) as problem:
        await operator.begin(**where)
    assert problem.value.code == code
    with pytest.raises(UnknownSession):
        await operator.charging.read("S?", meter(1, "5"))


async def test_a_reservation_becomes_the_charging_session(operator: Operator) -> None:
    """SES-FLOW-06, SES-FLOW-08, SES-OBJ-01, SES-OBJ-02, SES-OBJ-05, CDR-OBJ-02, CDR-OBJ-04,
    RPAY-020

    Reserved 09:00 for the location, plugged in 09:15 at E2: 15 minutes at 3.00 are 0.75, 4 kWh
    are 1.20.
    """
    await operator.open(BOOKED)
    name = await operator.reserve()
    session = await operator.session(name)
    assert (session["status"], session["evse_uid"], session["connector_id"]) == (
        "RESERVATION", "#NA", "#NA",
    )  # fmt: skip
    assert (session["auth_method"], session["authorization_reference"]) == ("COMMAND", "REF-A")
    assert "total_cost" not in session
    begun = await operator.begin(
        evse_uid="E2", at=minute(15), reading=meter(15, "50"),
        auth_method=AuthMethod.WHITELIST, authorization_reference="REF-B",
    )  # fmt: skip
    assert begun == name
    session = await operator.session(name)
    assert (session["status"], session["evse_uid"], session["connector_id"]) == (
        "ACTIVE", "E2", "1",
    )  # fmt: skip
    assert (session["auth_method"], session["authorization_reference"]) == ("WHITELIST", "REF-B")
    operator.clock.forward(hours=2)
    cdr_id = await operator.charging.end(name, minute(75), meter(75, "54"))
    cdr = await operator.cdr(cdr_id or "")
    assert cdr["start_date_time"] == "2026-11-23T09:00:00Z"
    assert (cdr["auth_method"], cdr["authorization_reference"]) == ("WHITELIST", "REF-B")
    assert cdr["cdr_location"]["evse_id"] == "NL*AAA*E2"
    assert dimensions(cdr["charging_periods"][0]) == {"RESERVATION_TIME": Decimal("0.25")}
    assert cdr["total_reservation_cost"]["excl_vat"] == Decimal("0.75")
    assert cdr["total_cost"]["excl_vat"] == Decimal("1.95")
    assert (await operator.audited(cdr_id or "", name)).verdict is Verdict.OK


async def test_a_host_whose_clock_is_behind_the_reservation_begins_at_its_moment(
    operator: Operator,
) -> None:
    """SES-FLOW-08: the meter's first reading counts from the reservation's start."""
    await operator.open(BOOKED)
    name = await operator.reserve(at=minute(5))
    assert await operator.begin(evse_uid="E1", at=minute(4), reading=meter(4, "50")) == name
    session = await operator.session(name)
    assert (session["status"], session["start_date_time"]) == ("ACTIVE", "2026-11-23T09:05:00Z")


async def test_another_token_does_not_take_over_a_reservation(operator: Operator) -> None:
    """SES-FLOW-08"""
    await operator.open(BOOKED)
    name = await operator.reserve(evse_uid="E1")
    assert await operator.begin(evse_uid="E2") != name
    assert await operator.begin(evse_uid="E1", token=OTHER_DRIVER) != name
    assert (await operator.session(name))["status"] == "RESERVATION"
    assert await operator.begin(evse_uid="E1") == name


async def test_a_reservation_that_nobody_uses_is_completed_and_billed(operator: Operator) -> None:
    """SES-FLOW-09, SES-FLOW-10, CDR-OBJ-12: 30 minutes at 3.00 and 2.00 for not coming."""
    await operator.open(BOOKED)
    name = await operator.reserve()
    await operator.charging.look()
    assert (await operator.session(name))["status"] == "RESERVATION"
    operator.clock.forward(minutes=31)
    await operator.charging.look()
    session = await operator.session(name)
    assert (session["status"], session["end_date_time"]) == ("COMPLETED", "2026-11-23T09:30:00Z")
    cdr = await operator.cdr(name)
    assert cdr["total_reservation_cost"]["excl_vat"] == Decimal("3.50")
    assert cdr["total_energy"] == 0
    assert cdr["cdr_location"]["evse_uid"] == "#NA"
    assert (await operator.audited(name, name)).verdict is Verdict.OK


async def test_a_reservation_that_costs_nothing_has_no_cdr(operator: Operator) -> None:
    """SES-FLOW-09: and nobody waits for one."""
    await operator.open(PLAIN)
    name = await operator.reserve(evse_uid="E1")
    assert await operator.charging.reservation_over(name, "CANCELLED", minute(10)) is None
    assert (await operator.session(name))["status"] == "COMPLETED"
    operator.clock.forward(days=3)
    await operator.charging.look()
    assert await operator.charging.overdue() == []


async def test_a_reservation_can_be_moved(operator: Operator) -> None:
    """The same reservation again has another end and another EVSE."""
    await operator.open(BOOKED)
    name = await operator.reserve(order_id="R1")
    assert await operator.reserve(order_id="R1", evse_uid="E2", until=minute(60)) == name
    assert (await operator.session(name))["evse_uid"] == "E2"
    operator.clock.forward(minutes=45)
    await operator.charging.look()
    assert (await operator.session(name))["status"] == "RESERVATION"
    with pytest.raises(ChargingProblem):
        await operator.reserve(order_id="R1", token=OTHER_DRIVER)
    assert DRIVER.uid not in repr(await operator.charging.charge(name))


async def test_session_and_cdr_are_written_together_or_not_at_all(operator: Operator) -> None:
    """CDR-FLOW-02: a write that fails leaves the session as it was; the end can be told again."""
    await operator.open(PLAIN)
    name = await operator.begin(reading=meter(0, "0"))
    apply = operator.store.apply

    async def fails(change: Any) -> Any:
        def decide(held: Held) -> Decision[Any]:
            change.decide(held)
            raise NodeError("the disk is full")

        return await apply(Change(decide, change.objects, change.records))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operator.store, "apply", fails)
        with pytest.raises(NodeError):
            await operator.charging.end(name, minute(5), meter(5, "1"))
    assert (await operator.session(name))["status"] == "ACTIVE"
    assert await operator.document("cdrs", name) is None
    assert await operator.charging.end(name, minute(5), meter(5, "1")) == name
    assert (await operator.cdr(name))["total_energy"] == 1


async def test_a_cdr_id_that_is_taken_is_a_fault_of_the_cdr_only(operator: Operator) -> None:
    """The session is over all the same, and the CDR that was there stays."""
    await operator.open(PLAIN)
    other = await operator.begin(reading=meter(0, "0"))
    await operator.charging.end(other, minute(5), meter(5, "1"))
    taken = json.loads(await operator.document("cdrs", other) or b"") | {"id": "S1"}
    await operator.hold("cdrs", taken)
    name = await operator.begin(session_id="S1", reading=meter(0, "0"))
    assert await operator.charging.end(name, minute(9), meter(9, "2")) is None
    assert (await operator.session(name))["status"] == "COMPLETED"
    assert "another CDR" in ((await operator.charging.progress(name)).fault or "")
    assert (await operator.cdr("S1"))["total_energy"] == 1


async def test_who_keeps_reservations_is_told_when_the_driver_charges(operator: Operator) -> None:
    """SES-FLOW-08, CMD-RES-01: at least once, never for a session that was not reserved."""
    arrived: list[str | None] = []

    async def on_arrival(charge: Charge) -> None:
        arrived.append(charge.order_id)

    operator.charging = Charging(
        operator.store, operator.identity, operator.clock, on_arrival=on_arrival
    )
    await operator.open(BOOKED)
    name = await operator.reserve(order_id="reservation 7")
    assert await operator.begin(pending=True) == name
    assert arrived == []
    assert await operator.begin() == name
    assert await operator.begin() != name
    assert arrived == ["reservation 7"]
    await operator.begin(session_id=name)  # the host says it again
    assert arrived == ["reservation 7"] * 2
    await operator.charging.end(name, minute(20))
    await operator.begin(session_id=name)
    assert len(arrived) == 2
