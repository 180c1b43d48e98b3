"""Chargers that are booked ahead: kept for their driver, who comes in time, late, or never.

An EVSE is kept from the earliest start that the terms allow. A car that stands there must leave;
one that came by booking leaves at the latest when its time and that of a late stop are over. Some
drivers overstay: until the next booking begins, or for a while.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from voltroam.simulator.world.charge import Charge
from voltroam.simulator.world.faults import Fault
from voltroam.simulator.world.happenings import Came
from voltroam.simulator.world.ordered import Ordered
from voltroam.simulator.world.spots import Reservation, Spot
from voltroam.standard.parties import PartyId
from voltroam.standard.v2_2_1 import Status, Token

AFTER = timedelta(minutes=3)
"""How long after the start a driver who is in time comes at most."""
OVERSTAY = timedelta(minutes=20)
"""How long some drivers stay when their time and that of a late stop are over."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A booking as chargers must know it; times are the world's.

    Kept from `opens`; without a driver until `waits`, with one until `leaves`. `driver`: who comes
    by himself; None: one who starts from afar.
    """

    id: str
    operator: PartyId
    location_id: str
    evse_uid: str | None
    opens: datetime
    start: datetime
    end: datetime
    waits: datetime
    leaves: datetime
    reference: str
    tokens: tuple[Token, ...] = ()
    by_group: bool = False
    driver: Token | None = None


class Booked(Ordered):
    """`booked` are the slots that were granted and are not over; `settled` those that are."""

    booked: dict[str, Slot]
    settled: set[str]

    def can_book(self, slot: Slot) -> bool:
        """Whether there is a charger left that could be kept then."""
        found = self.find(slot.operator, slot.location_id, slot.evse_uid)
        working = [spot for spot in found if spot.status not in (Status.OUTOFORDER, Status.REMOVED)]
        same = [one for one in self.booked.values() if one.id != slot.id and _meet(one, slot)]
        named = {one.evse_uid.upper() for one in same if one.evse_uid is not None}
        anywhere = sum(one.evse_uid is None for one in same)
        left = [spot for spot in working if spot.uid.upper() not in named]
        return len(left) > (anywhere if slot.evse_uid is None else 0)

    def book(self, slot: Slot) -> None:
        """Keep a charger; the same booking again moves it. One that is kept already stays."""
        if slot.id in self.settled or self.booked.get(slot.id) == slot:
            return
        self.unbook(slot.id)
        self.booked[slot.id] = slot
        self._plan(max(slot.opens, self.now), lambda at: self._keep_for(slot, at))

    def unbook(self, booking: str) -> None:
        """It was given up, or is over: whoever charges goes on."""
        self.booked.pop(booking, None)
        spot = self._reserved.get(booking)
        if spot is not None:
            self._release(spot, "cancelled", self.now)

    def _keep_for(self, slot: Slot, at: datetime) -> None:
        if self.booked.get(slot.id) is not slot:
            return
        found = [
            spot
            for spot in self.find(slot.operator, slot.location_id, slot.evse_uid)
            if spot.reservation is None and not spot.broken
        ]
        spot = min(found, key=lambda one: one.charge is not None, default=None)
        if spot is None:  # kept for another driver still, or broken: perhaps in a minute
            if at < slot.waits:
                self._plan(at + timedelta(minutes=1), lambda later: self._keep_for(slot, later))
            return
        self._make_room(spot, slot, at)
        spot.reservation = Reservation(
            slot.id, slot.tokens[0] if slot.tokens else None, slot.waits, slot.tokens,
            slot.by_group, slot.reference, slot.leaves,
        )  # fmt: skip
        self._reserved[slot.id] = spot
        if spot.charge is None:
            self._set_status(spot, Status.RESERVED, at)
        reservation = spot.reservation
        self._plan(max(slot.waits, at), lambda later: self._give_up(spot, reservation, later))
        if slot.driver is not None:
            self._expect(slot, spot, at)

    def _make_room(self, spot: Spot, slot: Slot, at: datetime) -> None:
        charge = self.charges.get(spot.charge or "")
        if charge is None:
            return
        charge.leaves = min(charge.leaves, max(slot.start, at))
        if charge.runs:
            charge.advance(max(at, charge.seen))
            self._plan_turn(charge)
        else:
            self._plan(charge.leaves, lambda later: self._drive_off(charge, later))

    def _expect(self, slot: Slot, spot: Spot, at: datetime) -> None:
        """A fault is a driver who never comes, or one who comes when nobody waits any more."""
        fault = self._luck.draw(self._orders, spot.uid)
        if fault not in (Fault.NONE, Fault.SLOW, Fault.OVERSTAYED):
            return
        first = max(slot.opens, at)
        comes = first + (slot.start + AFTER - first) * self._orders.random()
        if fault is Fault.SLOW:
            comes = slot.waits + AFTER
        self._plan(comes, lambda later: self._comes(slot, spot, later))

    def _comes(self, slot: Slot, spot: Spot, at: datetime) -> None:
        """With a card; the charger asks for it as it does for every card."""
        kept = spot.reservation
        if slot.driver is None or kept is None or kept.id != slot.id:
            return
        if spot.charge is not None:  # somebody is leaving still
            self._plan(at + timedelta(minutes=1), lambda later: self._comes(slot, spot, later))
            return
        charge = self._car_comes(spot, slot.driver, at, dice=self._orders)
        charge.reference = slot.reference
        self._out.append(Came(at, charge.id, spot.place(charge.plug), slot.driver))

    def _give_up(self, spot: Spot, kept: Reservation, at: datetime) -> None:
        if spot.reservation is kept:
            self._settle_booking(kept.id)
            self._release(spot, "expired", at)

    def _settle_booking(self, booking: str) -> None:
        """Used, or nobody came: nothing is kept for it any more."""
        self.booked.pop(booking, None)
        self.settled.add(booking)

    def _release(self, spot: Spot, how: str, at: datetime) -> None:
        self._end_reservation(spot, how, at)
        if spot.status is Status.RESERVED:
            self._set_status(spot, Status.AVAILABLE, at)

    def _begin(self, charge: Charge, at: datetime) -> None:
        kept = charge.spot.reservation
        super()._begin(charge, at)
        if kept is None or kept.leaves is None:
            return
        self._settle_booking(kept.id)
        charge.overstays = self._luck.overstays(charge.spot.uid, kept.id)
        if charge.overstays:
            charge.leaves = max(kept.leaves, at) + OVERSTAY
        else:
            charge.leaves = max(min(charge.leaves, kept.leaves), at)
        self._plan_turn(charge)


def _meet(one: Slot, other: Slot) -> bool:
    there = one.operator.same(other.operator) and (
        one.location_id.upper() == other.location_id.upper()
    )
    return there and one.start < other.leaves and other.start < one.leaves
