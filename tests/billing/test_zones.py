"""The time zone of a CDR that does not say it: from its coordinates, or not at all."""

import sys
from dataclasses import dataclass
from typing import Any

import pytest
from tests.billing.objects import cdr, component, element, encoded, money, period, read, tariff

from voltroam.billing.any_version import price_any
from voltroam.billing.audit import audit
from voltroam.billing.findings import Verdict
from voltroam.billing.problem import BillingProblem
from voltroam.billing.zones import zone_at

MORNING = tariff(
    element(component("ENERGY", "0.50"), start_time="09:30", end_time="11:00"),
    element(component("ENERGY", "0.20")),
)
"""At 08:00 UTC it is 10:00 in Utrecht: dear there, cheap in UTC."""
DOCUMENT = cdr(60, [MORNING], [period(0, ENERGY="10", TIME="1")], money("5.00"))


@dataclass(frozen=True)
class At:
    latitude: str
    longitude: str


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        (At("52.10000", "5.10000"), "Europe/Amsterdam"),
        (At("28.1", "-15.4"), "Atlantic/Canary"),
        (At("40.7", "-74.0"), "America/New_York"),
    ],
)
def test_a_place_has_a_zone(place: At, zone: str) -> None:
    assert zone_at(place) == zone


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (At("5.10000", "52.10000"), "swapped"),
        (At("91", "5"), "earth"),
        (At("nan", "5"), "earth"),
        (At("north", "5"), "degrees"),
    ],
)
def test_a_place_where_no_station_is_has_none(place: At, reason: str) -> None:
    with pytest.raises(BillingProblem, match=reason) as caught:
        zone_at(place)
    assert caught.value.path == "$.cdr_location.coordinates"


def test_a_cdr_is_priced_by_the_zone_of_its_coordinates_with_a_warning() -> None:
    bill = price_any(encoded(DOCUMENT))
    assert bill.total_cost.excl == 5
    assert [(one.code, one.policy) for one in bill.warnings if one.code == "ZONE"] == [
        ("ZONE", "zone=Europe/Amsterdam")
    ]


def test_a_zone_that_is_told_goes_before_the_coordinates() -> None:
    bill = price_any(encoded(DOCUMENT), zone="UTC")
    assert bill.total_cost.excl == 2
    assert "ZONE" not in {one.code for one in bill.warnings}


def test_an_audit_says_where_the_zone_is_from() -> None:
    found = audit(read(DOCUMENT))
    assert found.verdict is Verdict.OK
    assert [one.code for one in found.findings] == ["ZONE"]


def test_without_the_extra_nobody_guesses(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden: Any = None
    monkeypatch.setitem(sys.modules, "tzfpy", hidden)
    assert zone_at(At("52.1", "5.1")) is None
    with pytest.raises(BillingProblem) as caught:
        price_any(encoded(DOCUMENT))
    assert caught.value.path == "$.time_zone"
    assert "voltroam[zones]" in caught.value.reason
    assert audit(read(DOCUMENT)).verdict is Verdict.CANNOT_TELL


def test_a_tariff_without_local_times_needs_no_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden: Any = None
    monkeypatch.setitem(sys.modules, "tzfpy", hidden)
    plain = cdr(60, [tariff(element(component("ENERGY", "0.20")))], [period(0, ENERGY="10")],
                money("2.00"))  # fmt: skip
    assert price_any(encoded(plain)).warnings == ()
