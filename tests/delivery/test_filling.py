"""What a fill reads: of a new owner the objects of that owner, and of nobody else."""

from tests.store.changes import put

from voltroam.delivery.filling import SEVERAL, Filling, stops
from voltroam.delivery.records import Fill
from voltroam.standard.endpoints import LOCATION, TARIFF
from voltroam.store.interface import ObjectDraft, ObjectKey, Store

OWNERS = [f"NL/O{n:02}" for n in range(SEVERAL + 2)]
ALL = {"locations": frozenset(OWNERS), "tariffs": frozenset(OWNERS[:2])}


def test_kinds_come_in_their_order_and_many_owners_at_once() -> None:
    route = stops((LOCATION, TARIFF), ALL, {})
    assert list(route) == [
        ("tariffs", OWNERS[0]),
        ("tariffs", OWNERS[1]),
        ("locations", ""),
    ]
    assert route["locations", ""] == ALL["locations"]


def test_owners_whose_objects_the_partner_has_are_passed_over() -> None:
    """Also when it is one more party of the partner that gets them, or one that lost them."""
    new, more, lost = "NL/NEW", OWNERS[0], OWNERS[1]
    classes = {"locations": ALL["locations"] | {new, f"{more}>DE/MSP"}}
    kept = {"locations": ALL["locations"] - {more}}
    route = stops((LOCATION, TARIFF), classes, {"locations": frozenset({f"{lost}>DE/MSP"})}, kept)
    assert list(route) == [("locations", owner) for owner in sorted((new, more, lost))]


async def test_of_many_owners_each_object_comes_once_and_others_do_not(any_store: Store) -> None:
    """And a fill that was cut off goes on where it stood."""
    keys = [ObjectKey("locations", owner, f"L{n}") for n in range(2) for owner in OWNERS]
    for key in (*keys, ObjectKey("locations", "NL/FOREIGN", "L1")):
        await any_store.apply(put(ObjectDraft(key, "2.2.1", b"{}", 0, key.owner)))
    route = stops((LOCATION,), {"locations": ALL["locations"]}, {})
    filling = Filling(any_store, route, Fill(kind="", owner=""), {})
    rows = [row async for row in filling.rows()]
    assert [row.key for row in rows] == keys
    for row in rows[:5]:
        filling.settled(row.key)
    note = filling.note()
    assert note is not None
    again = Filling(any_store, route, note, {})
    assert again.passed(rows[4])
    assert not again.passed(rows[5])
    assert [row.key async for row in again.rows()] == keys[5:]
    filling.next_stop()
    assert filling.passed(rows[5])
