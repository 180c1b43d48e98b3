"""What cannot be priced ends in a named problem with its place, never in a crash or a hang."""

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.counts import times
from tests.pricing.build import MORNING, ZONE, at, component, element, period, tariff

from voltroam.pricing import PricingProblem, boundaries, lint, price
from voltroam.standard.v2_3_0 import ChargingPeriod, PriceComponent, Tariff, TariffRestrictions

GOOD = tariff(element(component("T", "2")))


def told(tariffs: list[Tariff], periods: list[ChargingPeriod], **more: Any) -> str:
    given = {"start": MORNING, "end": at("2026-06-03 09:00"), "zone": ZONE, **more}
    with pytest.raises(PricingProblem) as caught:
        price(tariffs, periods, **given)
    assert caught.value.reason in str(caught.value)
    return caught.value.path


@pytest.mark.parametrize(
    ("limits", "place"),
    [
        ({"start_time": "24:00"}, "start_time"),
        ({"end_time": "7:00"}, "end_time"),
        ({"start_date": "2026-02-30"}, "start_date"),
        ({"end_date": "tomorrow"}, "end_date"),
        ({"min_kwh": Decimal("NaN")}, "min_kwh"),
        ({"max_power": Decimal("1E+999999")}, "max_power"),
        ({"min_duration": "an hour"}, "min_duration"),
        ({"day_of_week": ["FUNDAY"]}, "day_of_week"),
    ],
)
def test_a_restriction_that_is_none_is_named(limits: dict[str, Any], place: str) -> None:
    bad = msgspec.structs.replace(
        GOOD,
        elements=[
            msgspec.structs.replace(
                GOOD.elements[0],
                restrictions=TariffRestrictions(**limits),
            )
        ],
    )
    assert told([bad], []) == f"$.tariffs[0].elements[0].restrictions.{place}"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"price": Decimal("Infinity")}, "price"),
        ({"price": Decimal("1E-99999")}, "price"),
        ({"price": "2"}, "price"),
        ({"price": Decimal("1." + "1" * 60)}, "price"),
        ({"step_size": -1}, "step_size"),
        ({"step_size": 2.5}, "step_size"),
        ({"vat": Decimal(-100)}, "vat"),
        ({"type": "SPEED"}, "type"),
    ],
)
def test_a_component_that_is_none_is_named(change: dict[str, Any], place: str) -> None:
    one: PriceComponent = msgspec.structs.replace(GOOD.elements[0].price_components[0], **change)
    bad_element = msgspec.structs.replace(GOOD.elements[0], price_components=[one])
    bad = msgspec.structs.replace(GOOD, elements=[bad_element])
    assert told([bad], []) == f"$.tariffs[0].elements[0].price_components[0].{place}"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"elements": []}, "elements"),
        ({"currency": "€"}, "currency"),
        ({"tax_included": "MAYBE"}, "tax_included"),
        ({"end_date_time": "soon"}, "end_date_time"),
    ],
)
def test_a_tariff_that_is_none_is_named(change: dict[str, Any], place: str) -> None:
    assert told([msgspec.structs.replace(GOOD, **change)], []) == f"$.tariffs[0].{place}"


def test_an_element_without_components_is_named() -> None:
    empty = msgspec.structs.replace(GOOD.elements[0], price_components=[])
    path = told([msgspec.structs.replace(GOOD, elements=[empty])], [])
    assert path == "$.tariffs[0].elements[0].price_components"


@pytest.mark.parametrize("zone", ["CET+1", "Amsterdam", "", "../etc/passwd", "Europe/\0"])
def test_a_zone_that_is_none_is_named(zone: str) -> None:
    """LOC-TXT-03"""
    assert told([GOOD], [], zone=zone) == "$.time_zone"


def test_faults_of_a_session_are_named() -> None:
    good = period(MORNING, T=1)
    assert told([GOOD], [period(MORNING, T=1, of="X")]) == "$.charging_periods[0].tariff_id"
    later = period(at("2026-06-03 08:30"), T=1)
    assert told([GOOD], [later, good]) == "$.charging_periods[1].start_date_time"
    assert told([GOOD], [good], end=at("2026-06-03 07:00")) == "$.end_date_time"
    assert told([GOOD], [good], start=None, end=at("2026-06-03 07:00")) == "$.end_date_time"
    assert told([GOOD], [period(MORNING, T=-1)]) == "$.charging_periods[0].dimensions"
    huge = period(MORNING, E="1E+400")
    assert told([GOOD], [huge]) == "$.charging_periods[0].dimensions[0].volume"
    assert told([GOOD], [good], reservation_outcome="LOST") == "$.reservation_outcome"
    assert told([GOOD], [good], currency="USD") == "$.tariffs[0].currency"
    assert told([], []) == "$.currency"
    far = period(datetime(9999, 12, 31, 23, tzinfo=UTC), T=1)
    assert told([GOOD], [far]) == "$.charging_periods[0].start_date_time"
    odd: Any = {"tariff_id": ["T"]}
    assert told([GOOD], [msgspec.structs.replace(good, **odd)]) == "$.charging_periods[0].tariff_id"
    odd = {"dimensions": None}
    assert (
        told([GOOD], [msgspec.structs.replace(good, **odd)]) == "$.charging_periods[0].dimensions"
    )
    odd = {"id": 7}
    assert told([msgspec.structs.replace(GOOD, **odd)], [good]) == "$.tariffs[0].id"
    other = msgspec.structs.replace(GOOD, currency="USD")
    assert told([GOOD, other], []) == "$.tariffs[1].id"


def test_too_many_periods_are_refused_at_once() -> None:
    began = time.monotonic()
    assert told([GOOD], [period(MORNING, T=1)] * 3_001) == "$.charging_periods"
    assert time.monotonic() - began < 10


def many(count: int) -> Tariff:
    """Elements with windows of their own, each minute of the day."""
    return tariff(
        *[
            element(
                component("T", "2"), start_time=f"{n // 60 % 24:02d}:{n % 60:02d}", max_kwh=n + 1
            )
            for n in range(count)
        ]
    )


def test_what_would_take_long_is_refused_at_once_or_done_soon() -> None:
    began = time.process_time()
    assert told([many(1001)], []) == "$.tariffs[0].elements"
    assert told([many(1000)], [period(MORNING, T=1)] * 2_001) == "$.charging_periods"
    with pytest.raises(PricingProblem, match="changes of price"):
        boundaries([many(1000)], MORNING, at("2026-12-01 00:00"), ZONE)
    assert any(one.code == "NO_FALLBACK" for one in lint(many(1000)))
    assert time.process_time() - began < 5


ANYTHING = st.one_of(
    st.none(),
    st.integers(),
    st.decimals(allow_nan=True, allow_infinity=True),
    st.text(max_size=12),
    st.sampled_from(["00:00", "08:00", "2026-06-03", "YES", Decimal("0E-9999"), Decimal("1E+300")]),
)


@pytest.mark.soak("20,000 tariffs and volumes of any kind")
@settings(max_examples=times(300, full=20_000), derandomize=True, deadline=1000)
@given(
    limits=st.dictionaries(
        st.sampled_from([one.name for one in msgspec.structs.fields(TariffRestrictions)]), ANYTHING
    ),
    prices=st.dictionaries(st.sampled_from(["price", "vat", "step_size", "type"]), ANYTHING),
    volume=ANYTHING,
)
def test_nothing_but_a_problem_is_ever_raised(
    limits: dict[str, Any], prices: dict[str, Any], volume: Any
) -> None:
    one = msgspec.structs.replace(GOOD.elements[0].price_components[0], **prices)
    bad_element = msgspec.structs.replace(
        GOOD.elements[0], price_components=[one], restrictions=TariffRestrictions(**limits)
    )
    bad = msgspec.structs.replace(GOOD, elements=[bad_element])
    dimension = msgspec.structs.replace(period(MORNING, T=1).dimensions[0], volume=volume)
    odd = msgspec.structs.replace(period(MORNING, T=1), dimensions=[dimension])
    try:
        found = price([bad], [odd], start=MORNING, end=at("2026-06-03 09:00"), zone=ZONE)
        told_path = "$." if found.plain()["currency"] == "EUR" else ""
    except PricingProblem as problem:
        told_path = problem.path
    assert told_path.startswith("$.")
