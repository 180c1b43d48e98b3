"""Pure decisions: what a partner may see, and what it may have seen."""

import pytest

from voltroam.delivery.sight import Action, Sight, action, shrink
from voltroam.store.interface import PRIVATE, Former, ObjectKey, ObjectRow

SEEN = "NL/OUR"


def row(
    audience: str = SEEN,
    *,
    created: int = 10,
    changed: int = 20,
    former: tuple[Former, ...] = (),
    sources: frozenset[str] = frozenset(),
    deleted: bool = False,
) -> ObjectRow:
    return ObjectRow(
        ObjectKey("locations", "NL/OUR", "L1"),
        "2.2.1",
        b"{}",
        0,
        audience,
        sources=sources,
        former=former,
        deleted=deleted,
        created=created,
        changed=changed,
    )


def sight(*, born: int = 0, classes: tuple[str, ...] = (SEEN,)) -> Sight:
    return Sight("p1", {"locations": frozenset(classes)}, born=born)


HIDDEN = row(PRIVATE, former=(Former(SEEN, 20),))


@pytest.mark.parametrize(
    ("one", "since", "expected"),
    [
        (row(), -1, Action.SHOW),
        (row(sources=frozenset({"p1"})), -1, Action.NOTHING),
        (row(PRIVATE), 15, Action.NOTHING),
        (row("NL/OTHER"), 15, Action.NOTHING),
        (row(deleted=True), 15, Action.REMOVE),
        (HIDDEN, 15, Action.REMOVE),
        (HIDDEN, 9, Action.ASK),
        (HIDDEN, -1, Action.ASK),
        (HIDDEN, 20, Action.NOTHING),
    ],
)
def test_what_a_lane_does_about_a_row(one: ObjectRow, since: int, expected: Action) -> None:
    """LOC-FLOW-06: what was never visible leaves no trace; what was is taken back once."""
    assert action(one, sight(), since) is expected


def test_what_lost_sight_before_the_lane_began_was_never_there() -> None:
    """LOC-FLOW-06"""
    assert action(HIDDEN, sight(born=20), 15) is Action.NOTHING


def test_a_visit_to_another_audience_in_between_does_not_hide_an_older_one() -> None:
    """LOC-FLOW-06"""
    moved = row(PRIVATE, former=(Former(SEEN, 12), Former("NL/OTHER", 20)))
    assert action(moved, sight(), 11) is Action.REMOVE
    assert action(moved, sight(), 13) is Action.NOTHING


def test_classes_that_were_lost_are_remembered_until_they_come_back() -> None:
    before = {"locations": frozenset({"A", "B"}), "tariffs": frozenset({"A"})}
    lost, gained = shrink(before, {}, {"locations": frozenset({"B"})})
    assert (lost, gained) == (
        {"locations": frozenset({"A"}), "tariffs": frozenset({"A"})},
        False,
    )
    lost, gained = shrink({"locations": frozenset({"B"})}, lost, before)
    assert (lost, gained) == ({}, True)
