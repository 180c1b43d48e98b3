"""What the charger world keeps for bookings."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec

from voltroam.simulator.world.booked import Slot
from voltroam.simulator.world.diary import TERMS, Diary
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_3_0.bookings import Booking, Period
from voltroam.wire.encode import encode

NOD = PartyId("NL", "NOD")
NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)
START = NOW + timedelta(hours=1)


class OnePlace:
    """A world with one charger: nothing else can be booked while something is."""

    def __init__(self) -> None:
        self.booked: dict[str, Slot] = {}
        self.spots: tuple[()] = ()

    def can_book(self, slot: Slot) -> bool:
        return not self.booked.keys() - {slot.id}

    def book(self, slot: Slot) -> None:
        self.booked[slot.id] = slot

    def unbook(self, booking: str) -> None:
        self.booked.pop(booking, None)


class Books:
    """Bookings as the node has written them down; store and desk in one."""

    def __init__(self) -> None:
        self.written: dict[str, Booking] = {}

    async def get(self, key: Any) -> Any:
        found = self.written.get(key.id)
        return found and SimpleNamespace(document=encode(found), deleted=False)

    async def living(self) -> list[tuple[PartyId, Booking]]:
        return [(NOD, it) for it in self.written.values() if it.reservation_status == "RESERVED"]


def booking(name: str, status: str) -> Booking:
    period = {
        "start_date_time": START.isoformat(),
        "end_date_time": (START + timedelta(hours=1)).isoformat(),
    }
    asked = {
        "country_code": "DE", "party_id": "MOV", "request_id": name, "location_id": "L1",
        "booking_location_id": "E1", "period": period, "authorization_reference": name,
    }  # fmt: skip
    requests = [
        {"request_status": "PENDING", "booking_request": asked, "request_received": NOW.isoformat()}
    ]
    members = {
        "country_code": "NL", "party_id": "NOD", "id": name, "request_id": name,
        "location_id": "L1", "period": period, "reservation_status": status,
        "authorization_reference": name, "booking_terms": msgspec.to_builtins(TERMS),
        "booking_requests": requests, "booking_option": {"evse_uid": "E1"},
        "last_updated": NOW.isoformat(),
    }  # fmt: skip
    return msgspec.convert(members, Booking, strict=False)


def made() -> tuple[Callable[[str], Any], Books]:
    books, world = Books(), OnePlace()
    untouched: Any = None
    clock: Any = SimpleNamespace(world=lambda at: at)
    both: Any = books
    diary = Diary(both, both, untouched, world, clock)  # type: ignore[arg-type]  # a world of one

    async def take(name: str) -> bool:
        period = Period(start_date_time=START, end_date_time=START + timedelta(hours=1))
        return await diary.take(NOD, booking(name, "PENDING"), period, NOW)

    return take, books


async def test_a_slot_that_was_given_up_a_moment_ago_is_free() -> None:
    """The world looks at bookings once in a while, and is asked in between."""
    take, books = made()
    assert await take("A")
    books.written["A"] = booking("A", "RESERVED")
    assert not await take("B")
    books.written["A"] = booking("A", "CANCELED")
    assert await take("B")


async def test_what_is_granted_and_not_written_down_yet_is_kept() -> None:
    take, books = made()
    assert await take("A")
    assert not await take("B")
    books.written["A"] = booking("A", "PENDING")
    assert not await take("B")
    books.written["A"] = booking("A", "REJECTED")
    assert await take("B")
