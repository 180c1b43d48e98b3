"""One entry per object, the newest state wins, and the cursor never passes what is open."""

from hypothesis import given, settings
from hypothesis import strategies as st

from voltroam.delivery.sight import FOREVER
from voltroam.delivery.wanted import Entry, Wanted
from voltroam.store.interface import ObjectKey, ObjectRow


def entry(name: str, changed: int, *, fill: bool = False, since: int = 0) -> Entry:
    row = ObjectRow(ObjectKey("k", "o", name), "2.2.1", b"", 0, "a", changed=changed)
    return Entry(row, since, FOREVER if fill else changed, 0.0)


async def test_a_burst_is_one_entry_with_the_newest_state() -> None:
    """CORE-OFF-01"""
    wanted = Wanted()
    for changed in (5, 6, 7):
        wanted.add(entry("A", changed, since=changed - 1))
    assert len(wanted) == 1
    assert wanted.settled(7) == 4
    taken = wanted.take()
    assert taken is not None
    assert (taken.row.changed, taken.since) == (7, 4)


async def test_an_object_in_flight_is_not_taken_again() -> None:
    wanted = Wanted()
    wanted.add(entry("A", 5))
    first = wanted.take()
    assert first is not None
    wanted.add(entry("A", 6))
    assert wanted.take() is None
    wanted.land(first)
    assert wanted.settled(6) == 5
    second = wanted.take()
    assert second is not None
    assert second.row.changed == 6


async def test_what_failed_goes_to_the_end_with_the_state_that_came_meanwhile() -> None:
    wanted = Wanted()
    wanted.add(entry("A", 5))
    wanted.add(entry("B", 6))
    first = wanted.take()
    assert first is not None
    wanted.add(entry("A", 7))
    wanted.land(first, again=True)
    order = [wanted.take(), wanted.take()]
    assert [one.row.changed for one in order if one] == [6, 7]
    assert wanted.settled(7) == 4


async def test_live_changes_go_before_a_fill() -> None:
    wanted = Wanted()
    wanted.add(entry("A", 1, fill=True))
    wanted.add(entry("B", 2, fill=True))
    wanted.add(entry("C", 9))
    wanted.add(entry("B", 8))
    order = [wanted.take(), wanted.take(), wanted.take()]
    assert [one.row.key.id for one in order if one] == ["C", "B", "A"]


@settings(derandomize=True, max_examples=200)
@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(["add", "take", "land", "again"])))
)
def test_the_cursor_never_passes_an_open_change(steps: list[tuple[str, str]]) -> None:
    """After a crash at most something is repeated, nothing is lost."""
    import asyncio

    asyncio.run(_walk(steps))


async def _walk(steps: list[tuple[str, str]]) -> None:
    wanted, flying = Wanted(), []
    undelivered: dict[str, int] = {}
    number = 0
    for name, what in steps:
        if what == "add":
            number += 1
            undelivered[name] = number
            wanted.add(entry(name, number))
        elif what == "take" and (taken := wanted.take()) is not None:
            flying.append((taken, taken.row.changed))
        elif what in ("land", "again") and flying:
            landed, sent = flying.pop(0)
            key = landed.row.key.id
            if what == "land" and undelivered.get(key) == sent:
                del undelivered[key]
            wanted.land(landed, again=what == "again")
        assert all(wanted.settled(number) < open_ for open_ in undelivered.values())
