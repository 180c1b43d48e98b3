"""Bookings of a charger world: its calendars are published, and what is granted is kept."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

import msgspec

from voltroam.roaming.booking import Bookings, Desk
from voltroam.roaming.booking.terms import early, evse_of, late, no_show_at
from voltroam.roaming.keys import object_key
from voltroam.roaming.paying import Terminals
from voltroam.simulator.world.booked import Slot
from voltroam.simulator.world.clock import Clock
from voltroam.simulator.world.spots import Spot
from voltroam.simulator.world.world import World
from voltroam.standard.endpoints import TOKEN
from voltroam.standard.packages import BOOKING, BOOKING_LOCATION
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Capability, Token, TokenType, WhitelistType
from voltroam.standard.v2_3_0.bookings import (
    AccessMethod,
    Booking,
    BookingLocation,
    BookingOption,
    BookingTerms,
    BookingToken,
    Calendar,
    Period,
    Policy,
    ReservationStatus,
    Timeslot,
)
from voltroam.store.interface import Store
from voltroam.wire.decode import read
from voltroam.wire.encode import encode

PLACES = 20
"""Chargers that can be booked, one of a location."""
DAY = timedelta(days=1)
PROMISED = timedelta(seconds=10)
"""How long a slot is kept for a booking that was granted and is not written down yet."""
TERMS = BookingTerms(
    supported_access_methods=[AccessMethod.OPEN, AccessMethod.TOKEN],
    change_until_minutes=Decimal(5),
    cancel_until_minutes=Decimal(5),
    remote_auth_supported=True,
    token_groups_supported=True,
    early_start_allowed=True,
    early_start_time=Decimal(10),
    noshow_timeout=Decimal(15),
    late_stop_allowed=True,
    late_stop_time=Decimal(5),
    min_booking_duration=Decimal(15),
    max_booking_duration=Decimal(240),
)


class Packages(Protocol):
    """The parts of a node that speaks 2.3.0; None: it does not."""

    @property
    def desk(self) -> Desk | None: ...
    @property
    def bookings(self) -> Bookings | None: ...
    @property
    def terminals(self) -> Terminals | None: ...


class Diary:
    """`look` again and again; times of bookings are real, chargers live by their own clock."""

    def __init__(
        self, store: Store, desk: Desk, bookings: Bookings, world: World, clock: Clock
    ) -> None:
        self._store = store
        self._desk = desk
        self._bookings = bookings
        self._world = world
        self._clock = clock
        self._offered: set[tuple[str, str]] = set()
        self._until: datetime | None = None
        self._promised: dict[str, datetime] = {}

    async def look(self, now: datetime) -> None:
        await self._offer(now)
        await self._keep_up(now)

    async def _keep_up(self, now: datetime) -> None:
        """The world keeps what is granted, and nothing that was given up."""
        living = {booking.id: (owner, booking) for owner, booking in await self._desk.living()}
        for owner, booking in living.values():
            self._promised.pop(booking.id, None)
            self._world.book(await self.slot(owner, booking, booking.period))
        for gone in self._world.booked.keys() - living.keys():
            if self._promised.get(gone, now) <= now or await self._is_over(gone):
                self._promised.pop(gone, None)
                self._world.unbook(gone)

    async def take(self, owner: PartyId, booking: Booking, period: Period, now: datetime) -> bool:
        """Whether a charger can be kept then; if so it is, from now on."""
        slot = await self.slot(owner, booking, period)
        if not self._world.can_book(slot):
            await self._keep_up(now)  # what stands in the way may have been given up just now
        if not self._world.can_book(slot):
            return False
        self._promised[booking.id] = now + PROMISED
        self._world.book(slot)
        return True

    async def _is_over(self, booking_id: str) -> bool:
        """Written down, and neither granted nor still to be decided."""
        operator = self._world.booked[booking_id].operator
        row = await self._store.get(object_key(BOOKING, operator, {"id": booking_id}))
        if row is None:
            return False
        status = msgspec.json.decode(row.document, type=Booking).reservation_status
        return row.deleted or status not in (ReservationStatus.PENDING, ReservationStatus.RESERVED)

    async def slot(self, owner: PartyId, booking: Booking, period: Period | Timeslot) -> Slot:
        terms = booking.booking_terms
        at = msgspec.structs.replace(
            booking.period, start_date_time=period.start_date_time,
            end_date_time=period.end_date_time,
        )  # fmt: skip
        start, end = at.start_date_time, at.end_date_time
        waits = no_show_at(msgspec.structs.replace(booking, period=at)) or end
        world = self._clock.world
        tokens = [await self._token(one, start) for one in booking.booking_tokens or ()]
        cards = (one for one in tokens if one.valid and one.type is TokenType.RFID)
        return Slot(
            id=booking.id, operator=owner, location_id=booking.location_id,
            evse_uid=evse_of(booking), opens=world(start - early(terms)), start=world(start),
            end=world(end), waits=world(min(waits, end)), leaves=world(end + late(terms)),
            reference=booking.authorization_reference, tokens=tuple(tokens),
            by_group=bool(terms.token_groups_supported), driver=next(cards, None),
        )  # fmt: skip

    async def _token(self, booked: BookingToken, at: datetime) -> Token:
        """As its eMSP told us of it; else what the booking says."""
        owner = PartyId(booked.country_code, booked.party_id)
        key = object_key(TOKEN, owner, {"uid": booked.uid, "type": str(booked.type)})
        row = await self._store.get(key)
        held = None if row is None or row.deleted else read(Token, row.document).value
        if held is not None:
            return held
        words = {one.value: one for one in TokenType}
        return Token(
            country_code=booked.country_code, party_id=booked.party_id, uid=booked.uid,
            type=words.get(str(booked.type), TokenType.OTHER), contract_id=booked.contract_id,
            issuer=booked.party_id, valid=True, whitelist=WhitelistType.NEVER,
            last_updated=at,
        )  # fmt: skip

    async def _offer(self, now: datetime) -> None:
        """Today's and tomorrow's calendars; a new one when a day begins."""
        last = _midnight(now) + 2 * DAY
        if self._until != last:
            self._until = last
            self._offered.clear()
        for spot in _bookable(self._world.spots):
            name = (spot.operator.folded, spot.uid)
            if name in self._offered:
                continue
            if len(self._offered) >= PLACES:
                return
            self._offered.add(name)
            await self._bookings.offer(encode(await self._place(spot, now)))

    async def _place(self, spot: Spot, now: datetime) -> BookingLocation:
        row = await self._store.get(object_key(BOOKING_LOCATION, spot.operator, {"id": spot.uid}))
        held: list[Calendar] = []
        if row is not None and not row.deleted:
            kept = msgspec.json.decode(row.document, type=BookingLocation).calendars or ()
            held = [one for one in kept if one.end_before > now]
        known = {one.id for one in held}
        begins = [now.replace(second=0, microsecond=0), _midnight(now) + DAY]
        if row is not None and not row.deleted:  # what is left of today is booked
            begins = begins[1:]
        new = [_calendar(one, now) for one in begins if f"{one:%Y-%m-%d}" not in known]
        return BookingLocation(
            country_code=spot.operator.country_code, party_id=spot.operator.party_id, id=spot.uid,
            location_id=spot.location_id, booking_option=BookingOption(evse_uid=spot.uid),
            policy=Policy(reservation_required=False), booking_terms=TERMS,
            calendars=[*held, *new], last_updated=_whole(now),
        )  # fmt: skip


def _bookable(spots: Iterable[Spot]) -> list[Spot]:
    """The first of each location that can be reserved."""
    found: dict[tuple[str, str], Spot] = {}
    for spot in spots:
        if Capability.RESERVABLE in spot.capabilities and not spot.broken:
            found.setdefault((spot.operator.folded, spot.location_id), spot)
    return list(found.values())


def _calendar(begin: datetime, now: datetime) -> Calendar:
    end = _midnight(begin) + DAY
    free = Timeslot(start_date_time=begin, end_date_time=end)
    return Calendar(
        id=f"{begin:%Y-%m-%d}", begin_from=begin, end_before=end, available_timeslots=[free],
        timeslot_increment=15, last_updated=_whole(now),
    )  # fmt: skip


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
