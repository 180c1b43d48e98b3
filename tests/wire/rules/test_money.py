"""Rules of sessions, CDRs and tariffs."""

from typing import Any

import pytest
from tests.wire.rules.objects import CDR, PERIOD, SESSION, TARIFF, breaches, errors, warnings

from voltroam.standard import v2_2_1 as v


def dimension(kind: str, volume: float = 1) -> dict[str, Any]:
    return {**PERIOD, "dimensions": [{"type": kind, "volume": volume}]}


@pytest.mark.parametrize("member", ["evse_uid", "connector_id"])
def test_an_active_session_has_its_evse_and_connector(member: str) -> None:
    unassigned = {**SESSION, member: "#NA"}
    assert errors(v.Session, unassigned) == [f"$.{member}"]
    assert errors(v.Session, {**unassigned, "status": "RESERVATION"}) == []


def test_a_completed_session_without_end_is_warned_of() -> None:
    assert warnings(v.Session, {**SESSION, "status": "COMPLETED"}) == ["$.end_date_time"]


def test_an_end_before_the_start_is_warned_of() -> None:
    early = "2024-05-01T09:59:59Z"
    assert warnings(v.Session, {**SESSION, "end_date_time": early}) == ["$.end_date_time"]
    assert warnings(v.CDR, {**CDR, "end_date_time": early}) == ["$.end_date_time"]
    assert breaches(v.Session, {**SESSION, "end_date_time": SESSION["start_date_time"]}) == {}


@pytest.mark.parametrize(("volume", "fine"), [(0, True), (100, True), (100.5, False), (-1, False)])
def test_a_state_of_charge_is_0_to_100(volume: float, fine: bool) -> None:
    session = {**SESSION, "charging_periods": [dimension("STATE_OF_CHARGE", volume)]}
    path = "$.charging_periods[0].dimensions[0].volume"
    assert errors(v.Session, session) == ([] if fine else [path])


@pytest.mark.parametrize(
    "kind", ["CURRENT", "ENERGY_EXPORT", "ENERGY_IMPORT", "POWER", "STATE_OF_CHARGE"]
)
def test_some_dimensions_are_for_sessions_only(kind: str) -> None:
    """SES-DT-04, CDR-DT-06"""
    periods = {"charging_periods": [PERIOD, dimension(kind)]}
    assert errors(v.Session, {**SESSION, **periods}) == []
    assert errors(v.CDR, {**CDR, **periods}) == ["$.charging_periods[1].dimensions[0].type"]


def test_periods_out_of_order_are_warned_of() -> None:
    earlier = {**PERIOD, "start_date_time": "2024-05-01T09:00:00Z"}
    session = {**SESSION, "charging_periods": [PERIOD, earlier]}
    assert warnings(v.Session, session) == ["$.charging_periods[1]"]


def test_a_credit_cdr_names_the_cdr_that_it_undoes() -> None:
    assert errors(v.CDR, {**CDR, "credit": True}) == ["$.credit_reference_id"]
    credit = {**CDR, "id": "C1-credit", "credit": True, "credit_reference_id": "C1"}
    assert breaches(v.CDR, {**credit, "total_cost": {"excl_vat": -5.00}}) == {}
    assert errors(v.CDR, {**credit, "id": "c1"}) == ["$.id"]
    assert warnings(v.CDR, {**CDR, "credit_reference_id": "C0"}) == ["$.credit"]


@pytest.mark.parametrize(
    ("length", "credit", "fine"), [(36, False, True), (37, False, False), (39, True, True)]
)
def test_only_a_credit_cdr_has_an_id_of_more_than_36(length: int, credit: bool, fine: bool) -> None:
    """CDR-CRED-05"""
    document = {**CDR, "id": "C" * length}
    if credit:
        document |= {"credit": True, "credit_reference_id": "C1"}
    assert errors(v.CDR, document) == ([] if fine else ["$.id"])


def test_a_cdr_without_session_or_evse_stems_from_a_reservation() -> None:
    unused = {key: value for key, value in CDR.items() if key != "session_id"}
    unused["cdr_location"] = {**CDR["cdr_location"], "evse_uid": "#NA"}
    assert warnings(v.CDR, unused) == ["$.session_id", "$.cdr_location.evse_uid"]
    reserved = {**unused, "total_reservation_cost": {"excl_vat": 5.00}}
    assert breaches(v.CDR, reserved) == {}


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"total_energy": 12.6}, "$.total_energy"),
        ({"total_parking_time": 1.5}, "$.total_parking_time"),
        ({"total_energy_cost": {"excl_vat": 4.00}}, "$.total_cost"),
    ],
)
def test_totals_that_do_not_add_up_are_warned_of(members: dict[str, Any], path: str) -> None:
    assert warnings(v.CDR, {**CDR, **members}) == [path]


def test_a_total_bounded_by_the_tariff_need_not_be_the_sum_of_its_parts() -> None:
    bounded = {**TARIFF, "max_price": {"excl_vat": 5.00}}
    parts = {"total_energy_cost": {"excl_vat": 9.00}, "tariffs": [bounded]}
    assert breaches(v.CDR, {**CDR, **parts}) == {}
    assert breaches(v.CDR, {**CDR, "total_energy_cost": {"excl_vat": 5.00}}) == {}


def element(kind: str, **restrictions: Any) -> dict[str, Any]:
    components = [{"type": kind, "price": 1, "step_size": 1}]
    return {"price_components": components, "restrictions": restrictions}


@pytest.mark.parametrize(
    ("kind", "fine"), [("FLAT", True), ("TIME", True), ("ENERGY", False), ("PARKING_TIME", False)]
)
def test_a_reservation_is_priced_once_and_by_time_only(kind: str, fine: bool) -> None:
    reservation = element(kind, reservation="RESERVATION")
    path = "$.price_components[0].type"
    assert errors(v.TariffElement, reservation) == ([] if fine else [path])
    assert errors(v.TariffElement, element(kind)) == []


def test_a_step_size_is_not_negative_and_zero_only_for_a_flat_fee() -> None:
    component = {"type": "ENERGY", "price": 1, "step_size": -1}
    assert errors(v.PriceComponent, component) == ["$.step_size"]
    assert warnings(v.PriceComponent, {**component, "step_size": 0}) == ["$.step_size"]
    assert breaches(v.PriceComponent, {**component, "type": "FLAT", "step_size": 0}) == {}


@pytest.mark.parametrize(
    ("restrictions", "path"),
    [
        ({"min_kwh": 20, "max_kwh": 20}, "$.max_kwh"),
        ({"min_current": 32, "max_current": 16}, "$.max_current"),
        ({"min_power": 16, "max_power": 1}, "$.max_power"),
        ({"min_duration": 1800, "max_duration": 60}, "$.max_duration"),
        ({"start_date": "2024-05-01", "end_date": "2024-05-01"}, "$.end_date"),
    ],
)
def test_restrictions_that_can_never_hold_are_warned_of(
    restrictions: dict[str, Any], path: str
) -> None:
    assert breaches(v.TariffRestrictions, restrictions) == {path: True}


def test_restrictions_that_wrap_past_midnight_are_fine() -> None:
    assert breaches(v.TariffRestrictions, {"start_time": "22:00", "end_time": "06:00"}) == {}


@pytest.mark.parametrize(
    ("members", "path"),
    [
        (
            {"start_date_time": "2024-05-02T00:00:00Z", "end_date_time": "2024-05-01T00:00:00Z"},
            "$.end_date_time",
        ),
        ({"min_price": {"excl_vat": 2}, "max_price": {"excl_vat": 1}}, "$.min_price"),
        ({"elements": [{"price_components": [
            {"type": "TIME", "price": 1, "step_size": 1},
            {"type": "TIME", "price": 2, "step_size": 1},
        ]}]}, "$.elements[0].price_components"),
    ],
)  # fmt: skip
def test_a_tariff_that_contradicts_itself_is_warned_of(members: dict[str, Any], path: str) -> None:
    assert breaches(v.Tariff, {**TARIFF, **members}) == {path: True}
