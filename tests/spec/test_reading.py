"""The reader against the hand-copied tables: what is missing, too long or of another type.

CDR-POST-06, LOC-DT-01/02/03, SES-DT-01, TAR-DT-01, TOK-DT-01, CORE-CRED-05, CORE-TYPE-01/02,
CORE-TYPE-08, CORE-TYPE-11
"""

from typing import Any

import msgspec
import pytest
from tests.standard.chapters import Member
from tests.standard.samples import FORMS, MEMBERS, TEXTS, VALID, full, struct

from voltroam.wire.decode import Reading, Severity, read

FREE = [m for m in TEXTS if m.name not in (*FORMS, "time_zone") and (m.owner, m.name) not in VALID]
"""Texts without a form of their own."""


def reading(member: Member, value: Any) -> Reading[Any]:
    document = full(member.owner)
    document[member.name] = [value] if member.many else value
    return read(struct(member.owner), msgspec.json.encode(document))


def severities(member: Member, value: Any) -> set[Severity]:
    """Of the problems at the member or below it."""
    path = f"$.{member.name}"
    found = reading(member, value).problems
    return {problem.severity for problem in found if problem.path.startswith(path)}


@pytest.mark.parametrize("member", [m for m in MEMBERS if m.required], ids=str)
def test_a_missing_required_member_is_fatal_and_named(member: Member) -> None:
    document = full(member.owner)
    del document[member.name]
    found: Reading[Any] = read(struct(member.owner), msgspec.json.encode(document))
    assert not found.usable(strict=False)
    assert (f"$.{member.name}", Severity.FATAL) in {(p.path, p.severity) for p in found.problems}


@pytest.mark.parametrize("member", FREE, ids=str)
def test_a_text_that_is_too_long_is_fatal_in_an_identifier_only(member: Member) -> None:
    assert member.length is not None
    worst = Severity.FATAL if member.type.startswith("CiString") else Severity.ERROR
    assert worst not in severities(member, "a" * member.length)
    assert worst in severities(member, "a" * (member.length + 1))


@pytest.mark.parametrize("member", FREE, ids=str)
def test_a_control_character_is_refused_where_it_stands(member: Member) -> None:
    """CORE-TYPE-03: any printable character is fine in a string, ASCII only in an identifier."""
    identifier = member.type.startswith("CiString")
    assert severities(member, "a\tb") & {Severity.FATAL, Severity.ERROR}
    assert (Severity.FATAL in severities(member, "ä")) is identifier


@pytest.mark.parametrize("member", [m for m in MEMBERS if m.type == "number"], ids=str)
def test_a_number_in_quotes_is_fatal(member: Member) -> None:
    assert Severity.FATAL in severities(member, "1.5")


@pytest.mark.parametrize("member", [m for m in MEMBERS if m.type == "DateTime"], ids=str)
def test_a_time_without_zone_is_utc_and_one_with_offset_is_fatal(member: Member) -> None:
    naive = reading(member, "2015-06-29T20:39:09").value
    moment = getattr(naive, member.name)
    assert moment.isoformat() == "2015-06-29T20:39:09+00:00"
    for text in ("2015-06-29T20:39:09+00:00", "2015-06-29T22:39:09+02:00", "2015-06-29"):
        assert Severity.FATAL in severities(member, text)
