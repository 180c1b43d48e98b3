"""Whom an eMSP may show a location."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from tests.roaming import objects

from voltroam.roaming.visibility import may_show
from voltroam.standard.v2_2_1 import Location, Token


def a_location(**changes: Any) -> Location:
    return msgspec.convert(objects.location(**changes), Location, strict=False)


def a_token(**changes: Any) -> Token:
    return msgspec.convert(objects.token(**changes), Token, strict=False)


def test_a_published_location_is_for_everybody() -> None:
    """LOC-PUB-01"""
    assert may_show(a_location(publish=True))


def test_an_unpublished_location_is_for_holders_of_a_matching_token_only() -> None:
    """LOC-PUB-01"""
    hidden = a_location(publish=False, publish_allowed_to=[{"uid": "AbC1", "type": "RFID"}])
    assert not may_show(hidden)
    assert may_show(hidden, [a_token(uid="aBc1")])
    assert not may_show(hidden, [a_token(uid="OTHER")])
    assert not may_show(a_location(publish=False), [a_token()])


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        ({"visual_number": "DF000-1", "issuer": "MSP"}, True),
        ({"visual_number": "DF000-1", "issuer": "Other"}, False),
        ({"visual_number": "DF000-2", "issuer": "MSP"}, False),
        ({"uid": "012345678", "type": "APP_USER"}, False),
        ({"group_id": "fleet"}, True),
        ({"group_id": "fleet", "issuer": "Other"}, False),
        ({}, False),
    ],
)
def test_all_fields_set_in_one_entry_must_match(entry: dict[str, str], shown: bool) -> None:
    """LOC-PUB-02"""
    hidden = a_location(publish=False, publish_allowed_to=[entry])
    holder = a_token(visual_number="DF000-1", group_id="FLEET")
    assert may_show(hidden, [holder]) is shown


def test_two_entries_do_not_add_up() -> None:
    """LOC-PUB-02"""
    entries = [{"group_id": "FLEET", "issuer": "Other"}, {"group_id": "NONE", "issuer": "MSP"}]
    hidden = a_location(publish=False, publish_allowed_to=entries)
    assert not may_show(hidden, [a_token(group_id="FLEET")])


def test_a_location_without_an_evse_left_is_over() -> None:
    """LOC-FLOW-05"""
    removed = objects.evse(status="REMOVED")
    assert not may_show(a_location(evses=[removed]))
    assert may_show(a_location(evses=[removed, objects.evse(uid="E2")]))
    assert may_show(a_location(evses=[]))


def test_a_planned_status_does_not_hide_anything() -> None:
    """LOC-EVSE-05"""
    begin = datetime(2020, 1, 1, tzinfo=UTC).isoformat()
    planned = objects.evse(status_schedule=[{"period_begin": begin, "status": "REMOVED"}])
    assert may_show(a_location(evses=[planned]))
