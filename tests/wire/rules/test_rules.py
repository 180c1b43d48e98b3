"""The walk itself: right objects pass, every breach has its path, secrets stay out of messages."""

from typing import Any

import msgspec
import pytest
from tests.wire.rules.objects import CREDENTIALS, EVSE, LOCATION, RIGHT, ROLE, breaches

from voltroam.standard import v2_2_1 as v
from voltroam.wire import rules


@pytest.mark.parametrize("shape", RIGHT, ids=lambda shape: shape.__name__)
def test_a_right_object_breaks_no_rule(shape: type) -> None:
    assert breaches(shape, RIGHT[shape]) == {}


def test_a_breach_deep_inside_has_its_whole_path() -> None:
    schedule = {"period_begin": "2024-05-02T00:00:00Z", "period_end": "2024-05-01T00:00:00Z"}
    second = {**EVSE, "uid": "E2", "status_schedule": [{**schedule, "status": "PLANNED"}]}
    assert breaches(v.Location, {**LOCATION, "evses": [EVSE, second]}) == {
        "$.evses[1].status_schedule[0].period_end": True
    }


def test_a_list_of_objects_is_walked_by_index() -> None:
    hours = v.RegularHours(weekday=1, period_begin="20:00", period_end="08:00")
    assert [b.path for b in rules.check([hours, hours], "$.hours")] == [
        "$.hours[0].period_end", "$.hours[1].period_end",
    ]  # fmt: skip


def test_an_object_that_the_rules_do_not_know_is_walked_for_those_they_do() -> None:
    class Booth(msgspec.Struct):
        opening: v.Hours | None = None
        spares: list[v.PublishTokenType] | None = None

    booth = Booth(opening=v.Hours(twentyfourseven=False), spares=[v.PublishTokenType()])
    assert [b.path for b in rules.check(booth)] == ["$.opening.regular_hours", "$.spares[0]"]


def test_what_is_no_object_has_no_breach() -> None:
    values: list[Any] = [None, 1, "text", [], {"plain": "JSON"}]
    assert [list(rules.check(value)) for value in values] == [[], [], [], [], []]


def test_naive_and_aware_times_compare_as_utc() -> None:
    period = msgspec.json.decode(
        b'{"period_begin":"2024-05-01T10:00:00","period_end":"2024-05-01T10:00:01Z"}',
        type=v.ExceptionalPeriod,
    )
    assert list(rules.check(period)) == []


def test_messages_do_not_repeat_the_token() -> None:
    document = {**CREDENTIALS, "token": "two words", "roles": [ROLE, ROLE]}
    value = msgspec.json.decode(msgspec.json.encode(document), type=v.Credentials)
    found = list(rules.check(value))
    assert len(found) == 2
    assert "two words" not in repr(found)
