"""What people write on the command line, as the standard has it."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from voltroam.cli.ordering import moment, slot


def test_a_slot_in_minutes_is_as_long_as_it_was_meant_to_be() -> None:
    """A calendar has steps, and a millisecond more is in none of them."""
    for _ in range(1_000):
        begin, end = slot("60", "120")
        assert end - begin == timedelta(hours=1)
    assert timedelta(minutes=59) < begin - datetime.now(UTC) <= timedelta(hours=1)


def test_moments_may_be_written_out() -> None:
    assert slot("2026-01-01T10:00:00Z", "2026-01-01T11:00:00+00:00") == (
        datetime(2026, 1, 1, 10, tzinfo=UTC), datetime(2026, 1, 1, 11, tzinfo=UTC),
    )  # fmt: skip
    with pytest.raises(typer.BadParameter):
        moment("soon")
