"""Places in the object that was given, when an earlier step left items of its lists out."""

from collections.abc import Iterable

from voltroam.bridge.notes import Note

_ITEM = frozenset(
    {
        "booking-element-dropped",
        "capability-dropped",
        "cdr-tariff-left-out",
        "dimension-dropped",
        "evse-restricted",
        "evse-without-connector",
        "facility-dropped",
        "impact-dropped",
        "parking-restriction-dropped",
        "period-dropped",
        "publish-token-dropped",
    }
)
"""Notes at the item that was left out."""
_IN_ITEM = frozenset({"connector-type-unknown"})
"""Notes at the member for which its item was left out."""


def left_out(notes: Iterable[Note]) -> frozenset[str]:
    """The pointers of all items that a step left out."""
    return frozenset(
        note.pointer.rpartition("/")[0] if note.code in _IN_ITEM else note.pointer
        for note in notes
        if note.code in _ITEM or note.code in _IN_ITEM
    )


def given(pointer: str, gone: frozenset[str]) -> str:
    """A place in the object before the items were left out."""
    lists = {one.rpartition("/")[0] for one in gone}
    at = ""
    for name in pointer.split("/")[1:]:
        at = f"{at}/{_before(at, int(name), gone) if at in lists and name.isdecimal() else name}"
    return at


def _before(at: str, index: int, gone: frozenset[str]) -> int:
    """The index that an item of a list had."""
    place = 0
    while True:
        if f"{at}/{place}" not in gone:
            if index == 0:
                return place
            index -= 1
        place += 1
