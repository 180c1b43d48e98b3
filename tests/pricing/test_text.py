"""A tariff in words, and the prices of a week."""

from datetime import date
from decimal import Decimal

import pytest
from tests.pricing.build import ZONE, at, component, element, limit, of, tariff

from voltroam.pricing import PricingProblem, grid, text
from voltroam.pricing.grid import cheapest
from voltroam.pricing.phrases import LANGUAGES

C = component
NIGHT = tariff(
    element(C("F", "0.5", vat="20"), C("E", "0.255", 100, "20"), start_time="22:00",
            end_time="06:00"),
    element(C("E", "0.4", vat="20"), C("P", "6", 900), max_power=Decimal("22.5")),
    min_price=limit("1", "1.2"),
)  # fmt: skip


def test_english() -> None:
    assert text(NIGHT).splitlines() == [
        "Start fee: 0.50 EUR (plus 20 % VAT); from 22:00 to 06:00",
        "Energy: 0.255 EUR per kWh (plus 20 % VAT, billed per 100 Wh); from 22:00 to 06:00",
        "Energy: 0.40 EUR per kWh (plus 20 % VAT); below 22.5 kW power",
        "Parking after charging: 6.00 EUR per hour (billed per 15 min); below 22.5 kW power",
        "Of several prices for the same thing, the first that applies counts.",
        "A session costs at least 1.00 EUR before taxes (1.20 EUR with taxes).",
        "Taxes are added to prices.",
    ]


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("de", "Energie: 0,40 EUR je kWh (zuzüglich 20 % MwSt.); unter 22,5 kW Leistung"),
        ("FR", "Énergie: 0,40 EUR par kWh (plus 20 % de TVA); moins de 22,5 kW de puissance"),
        ("nl", "Energie: 0,40 EUR per kWh (plus 20 % btw); onder 22,5 kW vermogen"),
    ],
)
def test_other_languages_write_numbers_their_way(language: str, line: str) -> None:
    assert text(NIGHT, language).splitlines()[2] == line


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_says_every_condition(language: str) -> None:
    everything = tariff(
        element(
            C("T", "3", 90), start_time="07:00", start_date="2026-01-01", end_date="2027-01-01",
            min_kwh=1, max_kwh=2, min_current=3, max_current=4, min_power=5, max_power=6,
            min_duration=420, max_duration=481, day_of_week=["MONDAY"],
        ),
        element(C("T", "3"), end_time="07:00"),
        element(C("T", "3"), start_time="07:00", end_time="07:00"),
        element(C("F", "3"), C("T", "2"), reservation="RESERVATION"),
        element(C("F", "3"), reservation="RESERVATION_EXPIRES"),
        max_price=limit("9"), tax_included="YES", start_date_time="2026-01-01T00:00:00Z",
        end_date_time="2027-01-01T00:00:00Z",
    )  # fmt: skip
    words = LANGUAGES[language]
    said = text(everything, language)
    for number in ("07:00", "2026-01-01", "2027-01-01", "1 kWh", "4 A", "6 kW", "7 ", "481 ", "9"):
        assert number in said
    for phrase in (words.days[0], words.whole_day, words.reserved, words.expired):
        assert phrase in said


def test_free_is_said_plainly() -> None:
    assert text(tariff(element(C("F", "0", 0)))) == "Charging is free of charge."
    assert "Energy: free" in text(tariff(element(C("E", "0"), C("F", "1"))))


def test_the_end_of_the_day_is_no_odd_hour() -> None:
    assert "from 18:00 to 24:00" in text(
        tariff(element(C("E", "1"), start_time="18:00", end_time="00:00"))
    )
    assert ";" not in text(tariff(element(C("E", "1"), start_time="00:00", end_time="00:00")))


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(PricingProblem, match="language"):
        text(NIGHT, "xx")


def test_a_week_has_168_hours_one_fewer_in_spring_and_one_more_in_autumn() -> None:
    assert len(grid(NIGHT, ZONE, date(2026, 6, 3))) == 168
    assert len(grid(NIGHT, ZONE, date(2026, 3, 29))) == 167
    assert len(grid(NIGHT, ZONE, date(2026, 10, 25))) == 169


def test_each_hour_has_the_price_of_its_local_time() -> None:
    cells = grid(NIGHT, ZONE, date(2026, 6, 3), power=Decimal(11))
    assert cells[0].start == at("2026-05-31 22:00")
    night, day = cells[0], cells[12]
    assert (night.weekday, night.hour, day.hour) == (0, 0, 12)
    assert night.energy is not None
    assert night.energy.rounded(4) == of("0.255", "0.306")
    assert day.energy is not None
    assert day.energy.rounded(4) == of("0.4", "0.48")
    assert day.parking is not None
    assert day.parking.rounded(4) == of("6")
    assert (night.flat is not None, day.flat, day.time) == (True, None, None)
    assert cheapest(cells) == night


def test_an_unknown_power_leaves_restricted_prices_out() -> None:
    assert grid(NIGHT, ZONE, date(2026, 6, 3))[12].energy is None


def test_a_change_within_the_hour_is_told() -> None:
    half = tariff(element(C("E", "1"), end_time="10:30"))
    cells = grid(half, ZONE, date(2026, 6, 1))
    assert cells[10].until == at("2026-06-01 08:30")
    assert cells[9].until is None
    assert cheapest(grid(tariff(element(C("T", "1"))), ZONE, date(2026, 6, 1))) is None
