"""Texts that have a form: coordinates, times of day, dates, weekdays, sizes, numbers."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from voltroam.standard import v2_2_1 as v


def accepted(shape: type, **members: Any) -> bool:
    try:
        msgspec.json.decode(msgspec.json.encode(members), type=shape)
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("latitude", "fine"),
    [
        ("50.77077", True),
        ("50.7707747", True),
        ("-9.12345", True),
        ("50.7707", False),
        ("50.77077471", False),
        ("50,770774", False),
        ("150.77077", False),
        ("+50.77077", False),
        ("50.77077\n", False),
        (" 50.77077", False),
        ("٥٠.77077", False),
        (50.770774, False),
        ("", False),
    ],
)
def test_latitude_has_one_or_two_digits_and_five_to_seven_decimals(
    latitude: object, fine: bool
) -> None:
    """LOC-DT-04"""
    assert accepted(v.GeoLocation, latitude=latitude, longitude="4.12345") is fine


@pytest.mark.parametrize(
    ("longitude", "fine"),
    [
        ("-126.104965", True),
        ("126.1049650", True),
        ("4.12345", True),
        ("4.1234", False),
        ("1260.10496", False),
        ("4.", False),
        (4.12345, False),
    ],
)
def test_longitude_has_up_to_three_digits_and_five_to_seven_decimals(
    longitude: object, fine: bool
) -> None:
    """LOC-DT-04"""
    assert accepted(v.GeoLocation, latitude="50.77077", longitude=longitude) is fine


def test_coordinates_that_cannot_be_known_are_na() -> None:
    """CORE-TYPE-16"""
    assert accepted(v.GeoLocation, latitude="#NA", longitude="#NA")


def test_an_evse_that_is_not_assigned_yet_is_na() -> None:
    """CORE-TYPE-16"""
    assert accepted(
        v.UnlockConnector,
        response_url="https://emsp.example/1",
        location_id="LOC1",
        evse_uid="#NA",
        connector_id="#NA",
    )


@pytest.mark.parametrize("text", ["00:00", "09:59", "13:30", "19:45", "23:59"])
def test_a_time_of_day_has_leading_zeros(text: str) -> None:
    """LOC-DT-07, TAR-DT-03"""
    assert accepted(v.TariffRestrictions, start_time=text, end_time=text)
    assert accepted(v.RegularHours, weekday=1, period_begin="00:00", period_end=text)


@pytest.mark.parametrize("text", ["24:00", "9:00", "12:60", "1230", "12:30:00", "12:3", "12:30\n"])
def test_another_time_of_day_is_refused(text: str) -> None:
    """LOC-DT-07, TAR-DT-03"""
    assert not accepted(v.TariffRestrictions, start_time=text)
    assert not accepted(v.TariffRestrictions, end_time=text)
    assert not accepted(v.RegularHours, weekday=1, period_begin=text, period_end="23:59")
    assert not accepted(v.RegularHours, weekday=1, period_begin="00:00", period_end=text)


@pytest.mark.parametrize(
    ("date", "fine"),
    [
        ("2015-12-24", True),
        ("1000-01-31", True),
        ("2015-13-01", False),
        ("2015-00-01", False),
        ("2015-12-32", False),
        ("2015-1-1", False),
        ("24-12-2015", False),
        ("3015-12-24", False),
        ("2015-12-24T00:00:00Z", False),
    ],
)
def test_a_date_is_year_month_day(date: str, fine: bool) -> None:
    """TAR-DT-03"""
    assert accepted(v.TariffRestrictions, start_date=date) is fine
    assert accepted(v.TariffRestrictions, end_date=date) is fine


@pytest.mark.parametrize(("weekday", "fine"), [(0, False), (1, True), (7, True), (8, False)])
def test_a_weekday_is_1_to_7(weekday: int, fine: bool) -> None:
    """LOC-DT-07"""
    assert (
        accepted(v.RegularHours, weekday=weekday, period_begin="08:00", period_end="20:00") is fine
    )


@pytest.mark.parametrize(("size", "fine"), [(-1, False), (0, True), (99999, True), (100000, False)])
def test_an_image_is_at_most_five_digits_wide_and_high(size: int, fine: bool) -> None:
    """LOC-DT-05"""
    image = {"url": "https://cpo.example/1.png", "category": "CHARGER", "type": "png"}
    assert accepted(v.Image, **image, width=size) is fine
    assert accepted(v.Image, **image, height=size) is fine


@pytest.mark.parametrize("text", ["0.1234", "0.10", "12", "0.123456789012345678901", "-3.5000"])
def test_a_number_keeps_every_digit_that_was_written(text: str) -> None:
    """CORE-TYPE-11, CDR-DT-07"""
    price = msgspec.json.decode(f'{{"excl_vat":{text}}}', type=v.Price)
    assert price.excl_vat == Decimal(text)
    again = msgspec.json.Encoder(decimal_format="number").encode(price)
    assert again == f'{{"excl_vat":{text}}}'.encode()


@pytest.mark.parametrize("number", [2, 3])
def test_a_country_code_has_two_letters(number: int) -> None:
    """CORE-CRED-06"""
    role = {"role": "CPO", "business_details": {"name": "A"}, "party_id": "AAA"}
    assert accepted(v.CredentialsRole, **role, country_code="NLD"[:number]) is (number == 2)


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0", "3.0-1"])
def test_a_versions_list_may_name_versions_that_we_do_not_know(version: str) -> None:
    assert accepted(v.VersionInfo, version=version, url="https://cpo.example/versions")


def test_version_details_may_name_custom_modules() -> None:
    assert accepted(
        v.Endpoint, identifier="nltnm-tokens", role="SENDER", url="https://cpo.example/x"
    )
