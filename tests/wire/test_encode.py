"""Writing our own objects (OCPI 2.2.1 §types)."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import msgspec
import pytest

from voltroam.standard import v2_2_1 as v
from voltroam.wire.encode import encode


def ended(moment: datetime) -> bytes:
    return encode(v.ExceptionalPeriod(period_begin=moment, period_end=moment))


def test_numbers_are_json_numbers_as_they_were() -> None:
    """CORE-TYPE-11"""
    assert encode(v.Price(excl_vat=Decimal("4.50"))) == b'{"excl_vat":4.50}'
    assert encode([Decimal("0.12345678901234567890"), 3]) == b"[0.12345678901234567890,3]"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_have_are_refused(number: str) -> None:
    with pytest.raises(ValueError):
        encode(v.Price(excl_vat=Decimal(number)))


def test_the_words_of_such_numbers_may_stand_in_texts() -> None:
    assert encode(["NaN Infinity"]) == b'["NaN Infinity"]'


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2020, 1, 1, tzinfo=UTC), "2020-01-01T00:00:00Z"),
        (datetime(2020, 1, 1, 0, 0, 0, 123456, tzinfo=UTC), "2020-01-01T00:00:00.123Z"),
        (datetime(2020, 1, 1, 0, 0, 0, 500000, tzinfo=UTC), "2020-01-01T00:00:00.500Z"),
        (datetime(2020, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), "2020-01-01T00:00:00Z"),
        (datetime(2020, 1, 1), "2020-01-01T00:00:00Z"),
    ],
)
def test_times_have_the_form_of_the_standard(moment: datetime, text: str) -> None:
    """CORE-TYPE-05, CORE-TYPE-08"""
    assert ended(moment) == f'{{"period_begin":"{text}","period_end":"{text}"}}'.encode()


def test_texts_that_look_like_times_stay_as_they_are() -> None:
    text = "at 2020-01-01T00:00:00.123456+02:00"
    period = v.ExceptionalPeriod(
        period_begin=datetime(2020, 1, 1, 0, 0, 0, 5000, tzinfo=UTC),
        period_end=datetime(2020, 1, 1, tzinfo=UTC),
    )
    assert json.loads(encode([text, period, Decimal("1.10")])) == [
        text,
        {"period_begin": "2020-01-01T00:00:00.005Z", "period_end": "2020-01-01T00:00:00Z"},
        1.1,
    ]


def test_absent_members_are_left_out_and_raw_json_is_kept() -> None:
    assert encode({"a": msgspec.Raw(b"[1, 2.50]")}) == b'{"a":[1, 2.50]}'
    assert encode(v.DisplayText(language="en", text="ü")) == '{"language":"en","text":"ü"}'.encode()
