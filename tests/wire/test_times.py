"""OCPI DateTime in and out (OCPI 2.2.1 §types)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.counts import times

from voltroam.wire.times import (
    format_datetime,
    from_micros,
    parse_datetime,
    parse_thoroughly,
    to_micros,
)

NOON = datetime(2015, 6, 29, 20, 39, 9, tzinfo=UTC)
FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")


@pytest.mark.parametrize(
    ("text", "micro"),
    [
        ("2015-06-29T20:39:09Z", 0),
        ("2015-06-29T20:39:09", 0),
        ("2015-06-29T20:39:09.123Z", 123000),
        ("2015-06-29T20:39:09.123", 123000),
        ("2015-06-29T20:39:09.1Z", 100000),
        ("2015-06-29T20:39:09.1", 100000),
    ],
)
def test_the_six_documented_forms_are_read_as_utc(text: str, micro: int) -> None:
    """CORE-TYPE-05, CORE-TYPE-06, CORE-TYPE-07, GEN-TIME-01"""
    assert parse_datetime(text) == NOON.replace(microsecond=micro)


@pytest.mark.parametrize(
    "text",
    [
        "2015-06-29T20:39:09+00:00",
        "2015-06-29T20:39:09+02:00",
        "2015-06-29T20:39:09-00:00",
        "2015-06-29 20:39:09Z",
        "2015-06-29t20:39:09z",
        "2015-06-29",
        "2015-W27-1T00:00:00Z",
        "2015-06-29T20:39Z",
        "2015-06-29T20:39:09.Z",
        "2015-06-29T24:00:00Z",
        "2015-02-30T00:00:00Z",
        "2015-06-29T20:39:60Z",
        "0000-01-01T00:00:00Z",
        "1435610349",
        "٢٠١٥-06-29T20:39:09Z",
        "2015-06-29T20:39:09Z\n",
        "",
    ],
)
def test_offsets_and_other_patterns_are_refused(text: str) -> None:
    """CORE-TYPE-08, CORE-TYPE-10"""
    with pytest.raises(ValueError):
        parse_datetime(text)


def test_what_we_write_has_no_offset_and_at_most_milliseconds() -> None:
    """CORE-TYPE-05, CORE-TYPE-08, CORE-TYPE-09"""
    assert format_datetime(NOON) == "2015-06-29T20:39:09Z"
    assert format_datetime(NOON.replace(microsecond=123999)) == "2015-06-29T20:39:09.123Z"
    there = NOON.astimezone(timezone(timedelta(hours=2)))
    assert format_datetime(there) == "2015-06-29T20:39:09Z"
    assert format_datetime(NOON.replace(tzinfo=None)) == "2015-06-29T20:39:09Z"


@settings(derandomize=True, max_examples=300)
@given(st.datetimes(timezones=st.just(UTC)))
def test_times_survive_writing_to_the_millisecond_and_storage_whole(moment: datetime) -> None:
    """CORE-TYPE-05, CORE-TYPE-09"""
    text = format_datetime(moment)
    assert FORM.fullmatch(text)
    assert len(text) <= 25
    assert parse_datetime(text) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert from_micros(to_micros(moment)) == moment


def test_microseconds_count_from_1970_utc() -> None:
    assert to_micros(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC)) == 1_000_005
    assert to_micros(datetime(1970, 1, 1, 0, 0, 1)) == 1_000_000
    assert to_micros(datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)) == -1_000_000


def _read(text: str, by: Callable[[str], datetime]) -> datetime | None:
    try:
        return by(text)
    except ValueError:
        return None


TIMES = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31))
FRACTIONS = st.sampled_from(["", ".1", ".12", ".123", ".1234", ".000", ".999999", ".", ",123"])
ENDS = st.sampled_from(["Z", "", "z", "+00:00", " ", "ZZ"])


@given(
    moment=TIMES,
    fraction=FRACTIONS,
    end=ENDS,
    at=st.integers(0, 30),
    letter=st.sampled_from([*"0123456789TZ:-. +,t", "\u0661", "\x00", "", "00"]),
)
@settings(max_examples=times(600, full=200_000), derandomize=True, deadline=None)
def test_the_usual_forms_are_read_as_by_the_thorough_reading(
    moment: datetime, fraction: str, end: str, at: int, letter: str
) -> None:
    """Each legal form, and each with one letter changed, left out or too many."""
    text = moment.replace(microsecond=0).isoformat() + fraction + end
    for one in (text, text[:at] + letter + text[at + 1 :]):
        found = _read(one, parse_datetime)
        assert found == _read(one, parse_thoroughly.__wrapped__)
        assert found is None or found.tzinfo is UTC
