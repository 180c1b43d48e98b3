"""A CDR recomputed: the verdict, the amount, and the cause by its name. Amounts by hand."""

import sys
from decimal import Decimal
from time import process_time
from typing import Any

import pytest
from tests.billing.objects import (
    TOKEN,
    ZONE,
    cdr,
    component,
    element,
    encoded,
    money,
    period,
    read,
    tariff,
)  # fmt: skip

from voltroam.billing.any_version import read_session, read_tariff
from voltroam.billing.audit import Context, audit
from voltroam.billing.findings import Audit, Finding, Verdict

HERE = Context(zone=ZONE)
PARKED = tariff(
    element(component("ENERGY", "0.25", 1, "10"), component("PARKING_TIME", "2.00", 900, "20"))
)
"""20 kWh and 40 min of parking: 5.00 and, as 45 min, 1.50; 5.50 and 1.80 with VAT."""
CHARGED = [period(0, ENERGY="20", TIME="2"), period(120, PARKING_TIME="0.6667")]


def parked(total: dict[str, Decimal], **members: Any) -> Audit:
    return audit(read(cdr(160, [PARKED], CHARGED, total, **members)), HERE)


def money_of(found: Audit, path: str = "$.total_cost") -> Finding:
    return next(one for one in found.findings if one.code == "MONEY" and one.path == path)


def test_a_right_cdr_is_ok() -> None:
    """CDR-OBJ-08"""
    found = parked(
        money("6.50", "7.30"),
        total_energy_cost=money("5.00", "5.50"),
        total_parking_cost=money("1.50", "1.80"),
        total_parking_time=Decimal("0.6667"),
    )
    assert (found.verdict, found.findings) == (Verdict.OK, ())
    assert (found.claimed, found.computed) == (Decimal("6.50"), Decimal("6.50"))


@pytest.mark.parametrize(
    ("total", "parking", "cause", "difference"),
    [
        # 40 min as measured: 0.6667 h at 2.00
        (money("6.3333", "7.10"), money("1.3333", "1.60"), "STEP_NOT_APPLIED", "-0.1667"),
        # one step of 15 min more: 60 min
        (money("7.00", "7.90"), money("2.00", "2.40"), "STEP_TOO_MANY", "0.5"),
        # down to 30 min
        (money("6.00", "6.70"), money("1.00", "1.20"), "STEP_DOWN", "-0.5"),
    ],
)
def test_a_total_that_is_wrong_by_one_step_size_error_is_explained_as_that(
    total: dict[str, Decimal], parking: dict[str, Decimal], cause: str, difference: str
) -> None:
    """CDR-STEP-01/02/03/04"""
    found = parked(total, total_parking_cost=parking, total_energy_cost=money("5.00", "5.50"))
    assert found.verdict is Verdict.DIFFERS
    assert {one.path for one in found.findings} == {"$.total_cost", "$.total_parking_cost"}
    assert {one.cause for one in found.findings} == {cause}
    assert money_of(found).difference == Decimal(difference)
    assert "step_size 900 s of PARKING_TIME" in money_of(found).text


def test_a_step_that_was_applied_to_each_period_is_told_from_one_of_the_session() -> None:
    """Three times 7 min at 3.00/h, step 300: 21 -> 25 min, 1.25; each to 10 min: 30 min, 1.50."""
    timed = tariff(element(component("TIME", "3.00", 300)))
    periods = [period(7 * i, TIME="0.1167") for i in range(3)]
    right = audit(read(cdr(21, [timed], periods, money("1.25"))), HERE)
    assert right.verdict is Verdict.OK
    found = audit(read(cdr(21, [timed], periods, money("1.50"))), HERE)
    assert money_of(found).cause == "STEP_PER_PERIOD"


SWITCHING = tariff(
    element(component("TIME", "6.00", 600), end_time="11:00"),
    element(component("TIME", "12.00", 900)),
)
"""44 min until 11:00 and 7 min after it: 51 -> 60 min, 4.40 + 16 min at 12.00 = 7.60."""
SWITCHED = [period(16, TIME="0.7333"), period(60, TIME="0.1167")]


@pytest.mark.parametrize(
    ("total", "cause"),
    [
        ("7.60", ""),
        ("5.80", "STEP_NOT_APPLIED"),  # 4.40 + 7 min
        ("6.70", "STEP_FIRST_PRICE"),  # 53 min at 6.00 + 7 min at 12.00
        ("7.40", "STEP_LAST_ONLY"),  # 4.40 + 15 min
        ("8.00", "STEP_PER_PERIOD"),  # 50 min + 15 min
        ("10.60", "STEP_TOO_MANY"),  # 4.40 + 31 min
    ],
)
def test_a_step_error_over_two_prices_is_told(total: str, cause: str) -> None:
    """CDR-STEP-02"""
    plain = cdr(67, [SWITCHING], SWITCHED, money(total))
    found = audit(read(plain | {"start_date_time": "2026-06-03T08:16:00Z"}), HERE)
    told = [one.cause for one in found.findings if one.code == "MONEY"]
    assert told == ([cause] if cause else [])


def test_a_cent_of_rounding_is_no_difference() -> None:
    """20.45 kWh at step 100 are 20.5: 5.125; cut off that is 5.12."""
    stepped = tariff(element(component("ENERGY", "0.25", 100)))
    periods = [period(0, ENERGY="20.45", TIME="2")]
    found = audit(read(cdr(120, [stepped], periods, money("5.12"))), HERE)
    assert found.verdict is Verdict.ROUNDING
    assert money_of(found).cause == "CUT"
    assert audit(read(cdr(120, [stepped], periods, money("5.13"))), HERE).verdict is Verdict.OK


TIMED = tariff(element(component("TIME", "3.00", 300, "10"), component("FLAT", "1.00", 1, "10")))
ONE_HOUR = [period(0, TIME="0.5", ENERGY="5"), period(30, TIME="0.5", ENERGY="5")]
"""3.00 for the hour and 1.00: 4.00, with VAT 4.40."""


@pytest.mark.parametrize(
    ("total", "cause"),
    [
        (money("3.00", "3.30"), "PART_MISSING"),
        (money("5.00", "5.50"), "PART_TWICE"),
        (money("4.40", "4.40"), "VAT_IN_EXCL"),
        (money("4.00", "4.00"), "VAT_NOT_ADDED"),
        (money("4.25", "4.675"), "STEP_TOO_MANY"),
        (money("9.99", "10.99"), ""),
    ],
)
def test_other_mistakes_have_names_too_or_none_is_made_up(
    total: dict[str, Decimal], cause: str
) -> None:
    found = audit(read(cdr(60, [TIMED], ONE_HOUR, total)), HERE)
    assert found.verdict is Verdict.DIFFERS
    assert money_of(found).cause == cause
    assert money_of(found).difference is not None


def test_a_bound_that_was_forgotten_is_named() -> None:
    """40 kWh at 0.25 are 10.00, at most 8.00."""
    capped = tariff(element(component("ENERGY", "0.25")), max_price=money("8.00"))
    periods = [period(0, ENERGY="40", TIME="1")]
    found = audit(read(cdr(60, [capped], periods, money("10.00"))), HERE)
    assert money_of(found).cause == "BOUND_NOT_APPLIED"
    assert "max_price" in money_of(found).text
    assert money_of(found).difference == 2


def test_local_times_read_as_utc_are_named() -> None:
    """10:00 in Amsterdam is 8:00 UTC: dear from ten by the clock on the wall."""
    early = tariff(
        element(component("ENERGY", "0.10"), end_time="10:00"), element(component("ENERGY", "0.50"))
    )
    periods = [period(0, ENERGY="10", TIME="1")]
    found = audit(read(cdr(60, [early], periods, money("1.00"))), HERE)
    assert money_of(found).cause == "UTC_FOR_LOCAL"
    assert audit(read(cdr(60, [early], periods, money("5.00"))), HERE).verdict is Verdict.OK


def test_another_reading_of_the_standard_is_named_by_its_ambiguity() -> None:
    """CDR-PER-05: without tariff_id a period costs nothing; who charges it reads that otherwise."""
    periods = [period(0, None, TIME="1", ENERGY="10")]
    found = audit(read(cdr(60, [TIMED], periods, money("4.00", "4.40"))), HERE)
    assert (money_of(found).cause, money_of(found).difference) == ("A13", Decimal(4))


def test_a_cdr_without_zone_is_told_only_where_it_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    """The zone is not in a CDR: no verdict on local times, but on everything else."""
    no_map: Any = None
    monkeypatch.setitem(sys.modules, "tzfpy", no_map)
    nightly = tariff(element(component("ENERGY", "0.10"), start_time="22:00"))
    periods = [period(0, ENERGY="10", TIME="1")]
    found = audit(read(cdr(60, [nightly], periods, money("0.00"))))
    assert (found.verdict, found.computed) == (Verdict.CANNOT_TELL, None)
    assert found.findings[0].path == "$.time_zone"
    assert audit(read(cdr(60, [TIMED], ONE_HOUR, money("4.00", "4.40")))).verdict is Verdict.OK


def test_a_period_that_straddles_a_boundary_is_named_and_its_amount() -> None:
    """CDR-PER-01: dear from 10:30, in the middle of 10 kWh; 3.00 if it had been cut."""
    midway = tariff(
        element(component("ENERGY", "0.10"), end_time="10:30"), element(component("ENERGY", "0.50"))
    )
    periods = [period(0, ENERGY="10", TIME="1")]
    found = audit(read(cdr(60, [midway], periods, money("3.00"))), HERE)
    assert found.verdict is Verdict.CANNOT_TELL
    straddle = next(one for one in found.findings if one.code == "STRADDLE")
    assert (straddle.path, straddle.difference) == ("$.charging_periods[0]", Decimal(-2))
    assert money_of(found).cause == "PERIODS_NOT_CUT"


def test_unknown_power_is_no_reason_to_accuse() -> None:
    """A19: the tariff asks for a current that the period does not state."""
    weak = tariff(element(component("ENERGY", "0.50"), max_current=20))
    periods = [period(0, ENERGY="10", TIME="1")]
    found = audit(read(cdr(60, [weak], periods, money("5.00"))), HERE)
    assert (found.verdict, money_of(found).cause) == (Verdict.CANNOT_TELL, "A19")


@pytest.mark.parametrize("outcome", ["used", "expired"])
def test_how_a_reservation_ended_is_found_by_what_fits(outcome: str) -> None:
    """TAR-RSV-03: a CDR does not say whether its reservation was used."""
    reserved = tariff(
        element(component("TIME", "4.00"), reservation="RESERVATION"),
        element(component("TIME", "6.00"), reservation="RESERVATION_EXPIRES"),
    )
    periods = [period(0, RESERVATION_TIME="0.5")]
    total = money("2.00" if outcome == "used" else "3.00")
    found = audit(read(cdr(30, [reserved], periods, total, total_reservation_cost=total)), HERE)
    assert [one for one in found.findings if one.code == "MONEY"] == []


@pytest.mark.parametrize(
    ("members", "code", "path"),
    [
        ({"total_energy": Decimal(11)}, "QUANTITY", "$.total_energy"),
        ({"total_energy": Decimal(10000)}, "QUANTITY", "$.total_energy"),
        ({"total_time": Decimal(2)}, "QUANTITY", "$.total_time"),
        ({"total_parking_time": Decimal("0.5")}, "QUANTITY", "$.total_parking_time"),
        ({"end_date_time": "2026-06-03T08:40:00Z"}, "HOURS_OVER_CLOCK",
         "$.charging_periods[1].dimensions"),
        ({"end_date_time": "2026-06-03T07:00:00Z"}, "DATES", "$.end_date_time"),
    ],
)  # fmt: skip
def test_totals_and_dates_are_held_against_the_periods(
    members: dict[str, Any], code: str, path: str
) -> None:
    """CDR-OBJ-06"""
    plain = cdr(60, [TIMED], ONE_HOUR, money("4.00", "4.40")) | members
    found = audit(read(plain), HERE)
    assert found.verdict is Verdict.DIFFERS
    assert (code, path) in {(one.code, one.path) for one in found.findings}


def test_a_session_says_otherwise() -> None:
    plain: dict[str, Any] = {
        "country_code": "NL", "party_id": "AAA", "id": "S1", "kwh": Decimal(9),
        "start_date_time": "2026-06-03T08:00:00Z", "end_date_time": "2026-06-03T09:00:00Z",
        "cdr_token": TOKEN | {"uid": "OTHER"}, "auth_method": "WHITELIST", "location_id": "LOC1",
        "evse_uid": "E1", "connector_id": "1", "currency": "EUR", "status": "COMPLETED",
        "last_updated": "2026-06-03T09:00:00Z",
    }  # fmt: skip
    context = Context(zone=ZONE, session=read_session(encoded(plain)))
    found = audit(read(cdr(60, [TIMED], ONE_HOUR, money("4.00", "4.40"))), context)
    assert {one.path for one in found.findings} == {"$.total_energy", "$.cdr_token.uid"}
    assert "OTHER" not in repr(found)
    assert "04A1B2C3" not in repr(found)


def test_a_tariff_that_was_published_otherwise_is_told_with_what_it_makes() -> None:
    """CDR-FLOW-06: 4.00 by the CDR's own tariff, 3.00 by the one that drivers saw."""
    shown = tariff(
        element(component("TIME", "2.00", 300, "10"), component("FLAT", "1.00", 1, "10")),
        last_updated="2026-05-01T00:00:00Z",
    )
    context = Context(zone=ZONE, published=[read_tariff(encoded(shown))])
    found = audit(read(cdr(60, [TIMED], ONE_HOUR, money("4.00", "4.40"))), context)
    changed = next(one for one in found.findings if one.code == "TARIFF_CHANGED")
    assert (changed.path, changed.difference) == ("$.tariffs[0]", Decimal(1))
    assert found.verdict is Verdict.DIFFERS
    same = Context(zone=ZONE, published=[read_tariff(encoded(TIMED | {"last_updated":
                   "2026-05-01T00:00:00Z"}))])  # fmt: skip
    assert audit(read(cdr(60, [TIMED], ONE_HOUR, money("4.00", "4.40"))), same).findings == ()


def test_a_cdr_of_2_3_0_is_audited_as_one_of_2_2_1() -> None:
    plain = cdr(60, [TIMED | {"tax_included": "NO"}], ONE_HOUR, money("0"))
    plain["total_cost"] = {
        "before_taxes": Decimal("4.00"),
        "taxes": [{"name": "VAT", "amount": Decimal("0.40")}],
    }
    assert audit(read(plain), HERE).verdict is Verdict.OK
    plain["total_cost"]["taxes"][0]["amount"] = Decimal("0.80")
    assert money_of(audit(read(plain), HERE)).difference == Decimal("0.40")


def named_only(changed: str) -> Audit:
    """A CDR that names its tariff and does not hold it, beside the tariff that was published."""
    document = cdr(160, [], CHARGED, money("6.50", "7.30"))
    del document["tariffs"]
    published = (read_tariff(encoded({**PARKED, "last_updated": changed})),)
    return audit(read(document), Context(zone=ZONE, published=published))


def test_a_tariff_that_is_not_in_the_cdr_is_taken_from_what_was_published() -> None:
    """CDR-OBJ-08: only what stood at the start of the session counts."""
    found = named_only("2026-06-03T08:00:00Z")
    assert (found.verdict, found.computed) == (Verdict.OK, Decimal("6.50"))
    (remark,) = found.findings
    assert (remark.code, remark.path) == ("TARIFF_HELD", "$.charging_periods[0].tariff_id")


def test_a_tariff_changed_after_the_start_tells_nothing() -> None:
    found = named_only("2026-06-03T08:00:01Z")
    assert (found.verdict, found.computed) == (Verdict.CANNOT_TELL, None)
    (finding,) = found.findings
    assert finding.code == "NOT_PRICEABLE"
    assert "after the session began" in finding.text


def test_a_session_out_of_all_proportion_is_priced_and_no_cause_is_looked_for() -> None:
    """Soon: thousands of periods under hundreds of windows."""
    windows = [
        element(
            component("ENERGY", "0.25"), start_time=f"{n // 60:02d}:{n % 60:02d}", end_time="23:59"
        )
        for n in range(600)
    ]
    periods = [period(n, ENERGY="0.1", TIME="0.0167") for n in range(400)]
    document = cdr(400, [tariff(*windows)], periods, money("11.00"))
    before = process_time()
    found = audit(read(document), HERE)
    assert process_time() - before < 10
    assert {"LARGE", "MONEY"} == {one.code for one in found.findings if one.code != "QUANTITY"}
    assert found.computed == Decimal("10.0")
