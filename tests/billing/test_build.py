"""A finished session becomes a complete CDR of 2.2.1, which an audit finds right."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.billing.objects import MORNING, TOKEN, ZONE, component, element, encoded, tariff

from voltroam.billing.any_version import read_as, read_cdr
from voltroam.billing.audit import Context, audit
from voltroam.billing.build import Applied, Built, build, credit
from voltroam.billing.cut import MeterReading, State
from voltroam.billing.findings import Verdict
from voltroam.billing.problem import BillingProblem
from voltroam.billing.together import Item, audit_all
from voltroam.standard import v2_2_1 as v
from voltroam.wire.decode import read
from voltroam.wire.encode import encode

NOW = datetime(2026, 6, 4, tzinfo=UTC)
TARIFF = tariff(
    element(component("FLAT", "0.50", 1, "20")),
    element(component("ENERGY", "0.25", 1, "10"), component("PARKING_TIME", "2.00", 900, "20")),
)
LOCATION = {
    "country_code": "NL", "party_id": "AAA", "id": "LOC1", "publish": True,
    "address": "Kade 1", "city": "Utrecht", "country": "NLD", "time_zone": ZONE,
    "coordinates": {"latitude": "52.10000", "longitude": "5.10000"},
    "last_updated": "2026-01-01T00:00:00Z",
    "evses": [
        {"uid": "E1", "evse_id": "NL*AAA*E1", "status": "CHARGING",
         "last_updated": "2026-01-01T00:00:00Z",
         "connectors": [
             {"id": "1", "standard": "IEC_62196_T2", "format": "SOCKET",
              "power_type": "AC_3_PHASE", "max_voltage": 230, "max_amperage": 16,
              "last_updated": "2026-01-01T00:00:00Z"}]}],
}  # fmt: skip
SESSION = {
    "country_code": "NL", "party_id": "AAA", "id": "S1", "kwh": Decimal(20),
    "start_date_time": "2026-06-03T08:00:00Z", "end_date_time": "2026-06-03T10:40:00Z",
    "cdr_token": TOKEN, "auth_method": "WHITELIST", "location_id": "LOC1", "evse_uid": "e1",
    "connector_id": "1", "currency": "EUR", "status": "COMPLETED", "meter_id": "M1",
    "authorization_reference": "REF", "last_updated": "2026-06-03T10:40:00Z",
}  # fmt: skip
READINGS = [
    MeterReading(at=MORNING, kwh=Decimal("100")),
    MeterReading(at=MORNING + timedelta(hours=2), kwh=Decimal("120"), state=State.PARKING),
    MeterReading(at=MORNING + timedelta(minutes=160), kwh=Decimal("120"), state=State.PARKING),
]


def built(session: dict[str, Any] | None = None, **options: Any) -> Built:
    return build(
        read_as(v.Session, encoded({**SESSION, **(session or {})})),
        READINGS,
        [Applied(read_as(v.Tariff, encoded(TARIFF)))],
        read_as(v.Location, encoded(LOCATION)),
        cdr_id="CDR1",
        now=NOW,
        **options,
    )


def test_a_cdr_has_every_total_and_the_snapshots() -> None:
    """CDR-OBJ-01/03/05/06/11, CDR-FLOW-06

    0.50 + 20 x 0.25 + 45 min at 2.00, with VAT 0.60 + 5.50 + 1.80.
    """
    cdr = built().cdr
    assert cdr.total_cost == v.Price(excl_vat=Decimal("7.00"), incl_vat=Decimal("7.90"))
    assert cdr.total_fixed_cost == v.Price(excl_vat=Decimal("0.50"), incl_vat=Decimal("0.60"))
    assert cdr.total_energy_cost == v.Price(excl_vat=Decimal("5.00"), incl_vat=Decimal("5.50"))
    assert cdr.total_parking_cost == v.Price(excl_vat=Decimal("1.50"), incl_vat=Decimal("1.80"))
    assert (cdr.total_time_cost, cdr.total_reservation_cost) == (None, None)
    assert (cdr.total_energy, cdr.total_time) == (Decimal(20), Decimal("2.6667"))
    assert cdr.total_parking_time == Decimal("0.6667")
    assert cdr.tariffs == [read_as(v.Tariff, encoded(TARIFF))]
    assert encoded(cdr.cdr_token) == encoded(TOKEN)
    assert (cdr.session_id, cdr.meter_id, cdr.authorization_reference) == ("S1", "M1", "REF")
    place = cdr.cdr_location
    assert (place.id, place.evse_id, place.connector_format) == ("LOC1", "NL*AAA*E1", "SOCKET")


def test_what_was_built_is_by_the_standard_and_audited_ok() -> None:
    """CDR-FLOW-05: tariffs and periods are enough to recompute the cost."""
    document = encode(built().cdr)
    reading = read(v.CDR, document)
    assert [str(one) for one in reading.problems] == []
    found = audit(read_cdr(document), Context(zone=ZONE))
    assert (found.verdict, found.findings) == (Verdict.OK, ())


def test_money_is_rounded_as_the_currency_is() -> None:
    """ISO 4217: no decimals in yen, three in dinars."""
    yen = tariff(element(component("ENERGY", "30.33")), currency="JPY")
    session = read_as(v.Session, encoded(SESSION | {"currency": "JPY"}))
    location = read_as(v.Location, encoded(LOCATION))
    applied = [Applied(read_as(v.Tariff, encoded(yen)))]
    cdr = build(session, READINGS, applied, location, cdr_id="C", now=NOW).cdr
    assert cdr.total_cost.excl_vat == 607  # 606.6
    exact = build(session, READINGS, applied, location, cdr_id="C", now=NOW, digits=4).cdr
    assert exact.total_cost.excl_vat == Decimal("606.6")


def test_a_session_that_is_not_over_or_has_no_such_place_is_refused() -> None:
    running = read_as(v.Session, encoded(SESSION | {"end_date_time": None}))
    location = read_as(v.Location, encoded(LOCATION))
    with pytest.raises(BillingProblem, match=r"^\$\.session\.end_date_time"):
        build(running, READINGS, [], location, cdr_id="C", now=NOW)
    with pytest.raises(BillingProblem, match=r"^\$\.readings"):
        build(read_as(v.Session, encoded(SESSION)), [], [], location, cdr_id="C", now=NOW)
    with pytest.raises(BillingProblem, match=r"^\$\.session\.status"):
        built({"status": "INVALID"})  # CDR-FLOW-07
    for change in ({"evse_uid": "E9"}, {"connector_id": "9"}):
        with pytest.raises(BillingProblem, match=r"^\$\.location\.evses"):
            built(change)


def test_a_reservation_that_expired_has_no_evse() -> None:
    """CDR-OBJ-12: `#NA` where none was assigned; the reservation is all that is paid."""
    priced = tariff(element(component("TIME", "6.00"), reservation="RESERVATION_EXPIRES"))
    session = SESSION | {
        "evse_uid": "#NA", "connector_id": "#NA", "kwh": Decimal(0),
        "end_date_time": "2026-06-03T08:30:00Z",
    }  # fmt: skip
    readings = [
        MeterReading(at=MORNING, kwh=Decimal(0), state=State.RESERVED),
        MeterReading(at=MORNING + timedelta(minutes=30), kwh=Decimal(0), state=State.RESERVED),
    ]
    cdr = build(
        read_as(v.Session, encoded(session)),
        readings,
        [Applied(read_as(v.Tariff, encoded(priced)))],
        read_as(v.Location, encoded(LOCATION)),
        cdr_id="C",
        now=NOW,
        reservation_outcome="EXPIRED",
    ).cdr
    assert cdr.total_reservation_cost == cdr.total_cost == v.Price(excl_vat=Decimal("3.00"))
    assert (cdr.cdr_location.evse_uid, cdr.cdr_location.evse_id) == ("#NA", "#NA")
    assert (cdr.total_time, cdr.total_parking_time) == (Decimal(0), None)
    assert msgspec.json.encode(cdr)


def test_a_reservation_is_where_the_cdr_begins_and_its_fees_are_its_own() -> None:
    """CDR-OBJ-04/07, TAR-RSV-02: 15 min at 4.00 and a fee of 2.00, then 0.50 to start."""
    priced = tariff(
        element(component("FLAT", "2.00"), component("TIME", "4.00"), reservation="RESERVATION"),
        element(component("FLAT", "0.50"), component("ENERGY", "0.25")),
    )
    session = SESSION | {"start_date_time": "2026-06-03T08:15:00Z"}
    readings = [
        MeterReading(at=MORNING, kwh=Decimal(100), state=State.RESERVED),
        MeterReading(at=MORNING + timedelta(minutes=15), kwh=Decimal(100)),
        MeterReading(at=MORNING + timedelta(minutes=160), kwh=Decimal(120)),
    ]
    found = build(
        read_as(v.Session, encoded(session)),
        readings,
        [Applied(read_as(v.Tariff, encoded(priced)))],
        read_as(v.Location, encoded(LOCATION)),
        cdr_id="C",
        now=NOW,
        reservation_outcome="USED",
    ).cdr
    assert found.start_date_time == MORNING
    assert found.total_fixed_cost == v.Price(excl_vat=Decimal("0.50"))
    assert found.total_reservation_cost == v.Price(excl_vat=Decimal("3.00"))
    assert found.total_cost == v.Price(excl_vat=Decimal("8.50"))
    assert found.total_time == Decimal("2.4167")


def test_a_credit_cdr_negates_the_total_alone() -> None:
    """CDR-CRED-01/02/03"""
    cdr = built().cdr
    back = credit(cdr, cdr_id="CDR1-C", now=NOW + timedelta(days=1))
    ours, theirs = (msgspec.to_builtins(one) for one in (cdr, back))
    changed = {name for name in theirs if ours.get(name) != theirs[name]}
    assert changed == {"id", "credit", "credit_reference_id", "total_cost", "last_updated"}
    assert back.total_cost == v.Price(excl_vat=Decimal("-7.00"), incl_vat=Decimal("-7.90"))
    assert (back.credit, back.credit_reference_id) == (True, "CDR1")
    here = Context(zone=ZONE)
    report = audit_all([Item(read_cdr(encode(one)), here) for one in (cdr, back)])
    assert (report.verdict, report.balances[0].claimed) == (Verdict.OK, Decimal(0))
    for wrong in ("cdr1", "CDR1"):
        with pytest.raises(BillingProblem, match=r"^\$\.id"):
            credit(cdr, cdr_id=wrong, now=NOW)
    with pytest.raises(BillingProblem, match=r"^\$\.credit"):
        credit(back, cdr_id="X", now=NOW)
